//! Managers and members of companies.

use axum::extract::State;
use axum::http::StatusCode;
use proto::identity::v1::grant_service_client::GrantServiceClient;
use proto::identity::v1::{CompanyRole, DeleteGrantRequest, PutGrantRequest};

use super::Lines;
use super::documents::{Always, Bodied, Checked, Guarded, IdempotencyKey, Named};
use super::error::Error;
use super::wire::Names;
use super::wire::people::NamedPerson;
use crate::body::{At, Body, Id, Params};
use crate::caller::Caller;
use crate::clients::Replayed;
use crate::fault::invalid;

/// Make somebody a manager of a company
///
/// An unknown e-mail is invited.
#[utoipa::path(
    put, path = "/companies/{id}/managers", tag = "companies", operation_id = "putManager",
    params(("id" = String, Path, format = Uuid, description = "The company"), IdempotencyKey),
    request_body = NamedPerson,
    responses((status = 204, description = "They are"), Guarded, Named, Bodied, Always),
    security(("bearer" = []))
)]
pub(super) async fn put_manager(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
    Body(person, _): Body<NamedPerson>,
) -> Result<(StatusCode, Replayed, ()), Error> {
    put(&lines, &caller, id, CompanyRole::Manager, person).await
}

/// End that somebody is a manager of a company
#[utoipa::path(
    delete, path = "/companies/{id}/managers", tag = "companies", operation_id = "deleteManager",
    params(
        ("id" = String, Path, format = Uuid, description = "The company"),
        ("user_email" = String, Query, description = "The manager's e-mail")
    ),
    responses((status = 204, description = "They are no longer"), Guarded, Named, Checked, Always),
    security(("bearer" = []))
)]
pub(super) async fn delete_manager(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
    params: Params,
) -> Result<StatusCode, Error> {
    delete(&lines, &caller, id, CompanyRole::Manager, &params).await
}

/// Make somebody a member of a company
///
/// An unknown e-mail is invited.
#[utoipa::path(
    put, path = "/companies/{id}/members", tag = "companies", operation_id = "putMember",
    params(("id" = String, Path, format = Uuid, description = "The company"), IdempotencyKey),
    request_body = NamedPerson,
    responses((status = 204, description = "They are"), Guarded, Named, Bodied, Always),
    security(("bearer" = []))
)]
pub(super) async fn put_member(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
    Body(person, _): Body<NamedPerson>,
) -> Result<(StatusCode, Replayed, ()), Error> {
    put(&lines, &caller, id, CompanyRole::Member, person).await
}

/// End that somebody is a member of a company
#[utoipa::path(
    delete, path = "/companies/{id}/members", tag = "companies", operation_id = "deleteMember",
    params(
        ("id" = String, Path, format = Uuid, description = "The company"),
        ("user_email" = String, Query, description = "The member's e-mail")
    ),
    responses((status = 204, description = "They are no longer"), Guarded, Named, Checked, Always),
    security(("bearer" = []))
)]
pub(super) async fn delete_member(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
    params: Params,
) -> Result<StatusCode, Error> {
    delete(&lines, &caller, id, CompanyRole::Member, &params).await
}

async fn put(
    lines: &Lines,
    caller: &Caller,
    id: Id,
    role: CompanyRole,
    person: NamedPerson,
) -> Result<(StatusCode, Replayed, ()), Error> {
    let NamedPerson { user_email, user_name } = person;
    let request =
        PutGrantRequest { company_id: id.into(), role: role.into(), user_email, user_name };
    let answer = lines
        .clients()
        .identity
        .ask(caller, request, |to, request| async move {
            GrantServiceClient::new(to).put_grant(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok((StatusCode::NO_CONTENT, answer.replayed, ()))
}

async fn delete(
    lines: &Lines,
    caller: &Caller,
    id: Id,
    role: CompanyRole,
    params: &Params,
) -> Result<StatusCode, Error> {
    let email = params.text("user_email").ok_or_else(|| invalid("user_email", "is required"))?;
    let request = DeleteGrantRequest {
        company_id: id.into(),
        role: role.into(),
        user_email: email.to_owned(),
    };
    lines
        .clients()
        .identity
        .ask(caller, request, |to, request| async move {
            GrantServiceClient::new(to).delete_grant(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok(StatusCode::NO_CONTENT)
}
