//! Enterprises.

use std::str::FromStr;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use brazil::PublicId;
use proto::company::v1::enterprise_service_client::EnterpriseServiceClient;
use proto::company::v1::{
    CreateEnterpriseRequest, DeleteEnterpriseRequest, GetEnterpriseRequest,
    SetEnterpriseStatusRequest, UpdateEnterpriseRequest,
};

use super::Enterprises;
use super::auth::{Session, Writer};
use super::body::{Change, New};
use super::documents::{
    Always, Bodied, Bracketed, Checked, EnterpriseChange, Guarded, InTheNameOf, Listed, Named,
    NamedForDeletion, NewEnterprise, Shown,
};
use super::error::{Deed, Error};
use super::question::{Question, Selection};
use super::wire::{Collection, Deleted, Enterprise, Json, Meta, One};
use crate::body::{At, FromPath};
use crate::docs::IdempotencyKey;

/// The id of an enterprise in a path.
#[derive(Debug)]
pub(super) struct Id(String);

impl FromPath for Id {
    fn take<'a>(values: &mut impl Iterator<Item = &'a str>) -> Option<Self> {
        values.next()?.parse().ok().map(|id: PublicId| Self(id.into()))
    }
}

/// What is to become of an enterprise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Situation {
    /// It is served.
    Activation,
    /// It is not.
    Deactivation,
}

impl FromStr for Situation {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "activation" => Ok(Self::Activation),
            "deactivation" => Ok(Self::Deactivation),
            _ => Err(()),
        }
    }
}

impl FromPath for Situation {
    fn take<'a>(values: &mut impl Iterator<Item = &'a str>) -> Option<Self> {
        values.next()?.parse().ok()
    }
}

/// List enterprises
///
/// One's own, and all below it, also those that are not served. By name unless said.
#[utoipa::path(
    get, path = "/enterprises/", tag = "enterprises", operation_id = "listEnterprises",
    params(Listed, Bracketed, Shown, InTheNameOf),
    responses(
        (status = 200, description = "A page of them", body = Collection),
        Guarded, Checked, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn list(
    State(enterprises): State<Enterprises>,
    session: Session,
    question: Question,
) -> Result<Json<Collection>, Error> {
    let Question { selection, mut request } = question;
    request.own_enterprise = session.own;
    let (page, limit) = (request.page, request.limit);
    let answer = enterprises
        .clients()
        .company
        .ask(&session.caller, request, |to, request| async move {
            EnterpriseServiceClient::new(to).list_enterprises(request).await
        })
        .await
        .map_err(|status| Error::of(status, Deed::Other))?
        .message;
    let data = answer.enterprises.into_iter();
    let data = data.map(|enterprise| Enterprise::of(enterprise, &selection)).collect();
    Ok(Json(Collection { data, meta: Meta { page, limit, total: answer.total } }))
}

/// Make an enterprise
///
/// It is affiliated to one's own. The body may also stand inside `{"body": …}`.
#[utoipa::path(
    post, path = "/enterprises/", tag = "enterprises", operation_id = "createEnterprise",
    params(IdempotencyKey, InTheNameOf),
    request_body(content = NewEnterprise),
    responses(
        (status = 200, description = "The enterprise", body = One<Enterprise>),
        Guarded, Bodied, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn create(
    State(enterprises): State<Enterprises>,
    Writer(session): Writer,
    New(new): New,
) -> Result<Response, Error> {
    let request = CreateEnterpriseRequest { own_enterprise: session.own, values: Some(new.values) };
    let answer = enterprises
        .clients()
        .company
        .ask(&session.caller, request, |to, request| async move {
            EnterpriseServiceClient::new(to).create_enterprise(request).await
        })
        .await
        .map_err(|status| Error::of(status, Deed::Creation))?;
    let enterprise = answer.message.enterprise.unwrap_or_default();
    let data = Enterprise::of(enterprise, &Selection::default());
    Ok((answer.replayed, Json(One { data })).into_response())
}

/// Read an enterprise
#[utoipa::path(
    get, path = "/enterprises/{id}", tag = "enterprises", operation_id = "getEnterprise",
    params(Named, Shown, InTheNameOf),
    responses(
        (status = 200, description = "The enterprise", body = One<Enterprise>),
        Guarded, Checked, Named, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn show(
    State(enterprises): State<Enterprises>,
    session: Session,
    At(Id(enterprise_id)): At<Id>,
    selection: Selection,
) -> Result<Json<One<Enterprise>>, Error> {
    let request = GetEnterpriseRequest {
        own_enterprise: session.own,
        enterprise_id,
        includes: selection.includes(),
    };
    let answer = enterprises
        .clients()
        .company
        .ask(&session.caller, request, |to, request| async move {
            EnterpriseServiceClient::new(to).get_enterprise(request).await
        })
        .await
        .map_err(|status| Error::of(status, Deed::Other))?;
    let enterprise = answer.message.enterprise.unwrap_or_default();
    Ok(Json(One { data: Enterprise::of(enterprise, &selection) }))
}

/// Change an enterprise
///
/// What is absent stays as it is. The body may also stand inside `{"body": …}`.
#[utoipa::path(
    patch, path = "/enterprises/{id}", tag = "enterprises", operation_id = "updateEnterprise",
    params(Named, InTheNameOf),
    request_body(content = EnterpriseChange),
    responses(
        (status = 200, description = "The enterprise", body = One<Enterprise>),
        Guarded, Named, Bodied, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn update(
    State(enterprises): State<Enterprises>,
    Writer(session): Writer,
    At(Id(enterprise_id)): At<Id>,
    Change(change): Change,
) -> Result<Json<One<Enterprise>>, Error> {
    let request = UpdateEnterpriseRequest {
        own_enterprise: session.own,
        enterprise_id,
        values: Some(change.values),
        update_mask: Some(change.mask),
    };
    let answer = enterprises
        .clients()
        .company
        .ask(&session.caller, request, |to, request| async move {
            EnterpriseServiceClient::new(to).update_enterprise(request).await
        })
        .await
        .map_err(|status| Error::of(status, Deed::Other))?;
    let enterprise = answer.message.enterprise.unwrap_or_default();
    Ok(Json(One { data: Enterprise::of(enterprise, &Selection::default()) }))
}

/// Delete an enterprise
///
/// Only one that is directly and actively affiliated to one's own and to no other, is no main
/// client, and has no devices, chips, vehicles and users.
#[utoipa::path(
    delete, path = "/enterprises/{id}", tag = "enterprises", operation_id = "deleteEnterprise",
    params(Named, InTheNameOf),
    responses(
        (status = 200, description = "It is gone", body = One<Deleted>),
        Guarded, NamedForDeletion, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn remove(
    State(enterprises): State<Enterprises>,
    session: Session,
    At(Id(enterprise_id)): At<Id>,
) -> Result<Json<One<Deleted>>, Error> {
    let request = DeleteEnterpriseRequest { own_enterprise: session.own, enterprise_id };
    let answer = enterprises
        .clients()
        .company
        .ask(&session.caller, request, |to, request| async move {
            EnterpriseServiceClient::new(to).delete_enterprise(request).await
        })
        .await
        .map_err(|status| Error::of(status, Deed::Deletion))?;
    let id = answer.message.enterprise_id;
    Ok(Json(One { data: Deleted { id, r#type: "enterprises" } }))
}

/// Serve an enterprise, or stop that
///
/// The people of one that is not served get no tokens, and their sessions end. A body is ignored.
#[utoipa::path(
    patch, path = "/enterprises/{id}/status/{situation}", tag = "enterprises",
    operation_id = "setEnterpriseStatus",
    params(
        Named, InTheNameOf,
        ("situation" = String, Path, description = "activation or deactivation",
         example = "activation", pattern = "^(activation|deactivation)$")
    ),
    responses(
        (status = 200, description = "The enterprise", body = One<Enterprise>),
        Guarded, Named, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn set_status(
    State(enterprises): State<Enterprises>,
    session: Session,
    At((id, situation)): At<(Id, Situation)>,
) -> Result<Json<One<Enterprise>>, Error> {
    let request = SetEnterpriseStatusRequest {
        own_enterprise: session.own,
        enterprise_id: id.0,
        is_active: situation == Situation::Activation,
    };
    let answer = enterprises
        .clients()
        .company
        .ask(&session.caller, request, |to, request| async move {
            EnterpriseServiceClient::new(to).set_enterprise_status(request).await
        })
        .await
        .map_err(|status| Error::of(status, Deed::Other))?;
    let enterprise = answer.message.enterprise.unwrap_or_default();
    Ok(Json(One { data: Enterprise::of(enterprise, &Selection::default()) }))
}
