//! Extensions.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use proto::telecom::v1::extension_service_client::ExtensionServiceClient;
use proto::telecom::v1::{
    CreateExtensionRequest, DeleteExtensionRequest, GetExtensionRequest, ListExtensionsRequest,
    NextExtensionNumberRequest,
};

use super::auth::Account;
use super::body::{Given, Taken};
use super::documents::{Always, Bodied, Filtered, Guarded, IdempotencyKey, Named};
use super::error::Error;
use super::filter::{Extensions, Filter};
use super::rules::Rules;
use super::wire::extensions::{
    EXTENSION, Extension, ExtensionChange, FreeNumber, NewExtension, NextExtension, Removed,
};
use super::{Session, Voice};
use crate::body::At;

/// List extensions
///
/// A USER sees the one that bears their e-mail. Ordered by id unless said.
#[utoipa::path(
    get, path = "/extensions", tag = "extensions", operation_id = "listExtensions",
    params(("filter" = Option<String>, Query, example = json!("{\"where\":{\"ramal\":\"1001\"}}"),
            description = "Which of them: where, order, limit, skip, fields")),
    responses(
        (status = 200, description = "The extensions", body = Vec<Extension>),
        Guarded, Filtered, Always
    ),
    security(("token" = []))
)]
pub(super) async fn list(
    State(voice): State<Voice>,
    session: Session,
    filter: Filter<Extensions>,
) -> Result<Response, Error> {
    let account = session.account(&voice).await?;
    let request = ListExtensionsRequest { company_id: account.id, query: filter.query() };
    let answer = voice
        .clients()
        .telecom
        .ask(&account.caller, request, |to, request| async move {
            ExtensionServiceClient::new(to).list_extensions(request).await
        })
        .await
        .map_err(|status| Error::of(status, &EXTENSION))?;
    let extensions = filter.select_all::<_, Extension>(answer.message.extensions);
    Ok(Json(extensions).into_response())
}

/// Make an extension
#[utoipa::path(
    post, path = "/extensions", tag = "extensions", operation_id = "createExtension",
    params(IdempotencyKey),
    request_body(content = NewExtension, example = json!({
        "ramal": "1001", "senha": "uma senha boa", "first_name": "Silvio",
        "last_name": "Fernandes", "email_address": "suporte@example.com", "gravar_audio": 0
    })),
    responses(
        (status = 200, description = "The extension, with its secret", body = Extension),
        Guarded, Bodied, Always
    ),
    security(("token" = []))
)]
pub(super) async fn create(
    State(voice): State<Voice>,
    session: Session,
    given: Taken<Given<NewExtension>>,
) -> Result<Response, Error> {
    voice.make(&session, given, NewExtension::into_request).await
}

/// Make an extension with the lowest free number
///
/// From 1000 on. Two at once get two numbers.
#[utoipa::path(
    post, path = "/extensions/next-available", tag = "extensions",
    operation_id = "createNextExtension",
    params(IdempotencyKey),
    request_body(content = NextExtension, example = json!({"first_name": "Silvio"})),
    responses(
        (status = 200, description = "The extension, with its secret", body = Extension),
        Guarded, Bodied, Always
    ),
    security(("token" = []))
)]
pub(super) async fn create_next(
    State(voice): State<Voice>,
    session: Session,
    given: Taken<Given<NextExtension>>,
) -> Result<Response, Error> {
    voice.make(&session, given, NextExtension::into_request).await
}

/// Ask for the lowest free number
///
/// From 1000 on. It is not reserved.
#[utoipa::path(
    get, path = "/extensions/next-available", tag = "extensions",
    operation_id = "getNextExtension",
    responses((status = 200, description = "A number", body = FreeNumber), Guarded, Always),
    security(("token" = []))
)]
pub(super) async fn next_available(
    State(voice): State<Voice>,
    session: Session,
) -> Result<Json<FreeNumber>, Error> {
    let account = session.account(&voice).await?;
    Ok(Json(FreeNumber { ramal: voice.next_number(&account).await? }))
}

/// Read an extension
#[utoipa::path(
    get, path = "/extensions/{id}", tag = "extensions", operation_id = "getExtension",
    params(("id" = i64, Path, description = "The extension", example = 123)),
    responses(
        (status = 200, description = "The extension", body = Extension),
        Guarded, Named, Always
    ),
    security(("token" = []))
)]
pub(super) async fn get(
    State(voice): State<Voice>,
    session: Session,
    At(id): At<i64>,
) -> Result<Json<Extension>, Error> {
    let account = session.account(&voice).await?;
    voice.extension(&account, id).await.map(Json)
}

/// Change an extension
///
/// Absent members stay. `"senha": null` makes a new secret.
#[utoipa::path(
    put, path = "/extensions/{id}", tag = "extensions", operation_id = "updateExtension",
    params(("id" = i64, Path, description = "The extension", example = 123), IdempotencyKey),
    request_body(content = ExtensionChange, example = json!({
        "first_name": "Silvia", "last_name": null, "gravar_audio": 1
    })),
    responses(
        (status = 200, description = "The extension, with its secret if that is new",
         body = Extension),
        Guarded, Named, Bodied, Always
    ),
    security(("token" = []))
)]
pub(super) async fn update(
    State(voice): State<Voice>,
    session: Session,
    At(id): At<i64>,
    given: Taken<Given<ExtensionChange>>,
) -> Result<Response, Error> {
    let account = session.account(&voice).await?;
    let request = given.and_then(|Given(change, members)| {
        let mut rules = Rules::of(&EXTENSION);
        let request = change.into_request(&mut rules, &members, account.id.clone(), id);
        rules.pass().map(|()| request)
    });
    let request = request
        .unless_absent(|| async {
            voice.extension(&account, id).await?;
            voice.next_number(&account).await
        })
        .await?;
    let answer = voice
        .clients()
        .telecom
        .ask(&account.caller, request, |to, request| async move {
            ExtensionServiceClient::new(to).update_extension(request).await
        })
        .await
        .map_err(|status| Error::of(status, &EXTENSION).without_kind_of_absence())?;
    let extension = Extension::from(answer.message.extension.unwrap_or_default());
    Ok((answer.replayed, Json(extension.with_secret(answer.message.secret))).into_response())
}

/// Remove an extension
#[utoipa::path(
    delete, path = "/extensions/{id}", tag = "extensions", operation_id = "deleteExtension",
    params(("id" = i64, Path, description = "The extension", example = 123)),
    responses(
        (status = 200, description = "It is gone", body = Removed),
        (status = 422, description = "It is in a call"),
        Guarded, Named, Always
    ),
    security(("token" = []))
)]
pub(super) async fn remove(
    State(voice): State<Voice>,
    session: Session,
    At(id): At<i64>,
) -> Result<Json<Removed>, Error> {
    let account = session.account(&voice).await?;
    let request = DeleteExtensionRequest { company_id: account.id, id };
    voice
        .clients()
        .telecom
        .ask(&account.caller, request, |to, request| async move {
            ExtensionServiceClient::new(to).delete_extension(request).await
        })
        .await
        .map_err(|status| Error::of(status, &EXTENSION).without_kind_of_absence())?;
    Ok(Json(Removed { count: 1 }))
}

impl Voice {
    /// Whoever may make no extensions is told that before they are told what is wrong with one.
    async fn make<T>(
        &self,
        session: &Session,
        given: Taken<Given<T>>,
        into_request: impl FnOnce(T, &mut Rules, String) -> CreateExtensionRequest,
    ) -> Result<Response, Error> {
        let account = session.account(self).await?;
        let request = given.and_then(|Given(new, _)| {
            let mut rules = Rules::of(&EXTENSION);
            let request = into_request(new, &mut rules, account.id.clone());
            rules.pass().map(|()| request)
        });
        let request = request.unless_denied(|| self.next_number(&account)).await?;
        let answer = self
            .clients()
            .telecom
            .ask(&account.caller, request, |to, request| async move {
                ExtensionServiceClient::new(to).create_extension(request).await
            })
            .await
            .map_err(|status| Error::of(status, &EXTENSION))?;
        let extension = Extension::from(answer.message.extension.unwrap_or_default());
        let extension = extension.with_secret(Some(answer.message.secret));
        Ok((answer.replayed, Json(extension)).into_response())
    }

    async fn next_number(&self, account: &Account) -> Result<String, Error> {
        let request = NextExtensionNumberRequest { company_id: account.id.clone() };
        let answer = self
            .clients()
            .telecom
            .ask(&account.caller, request, |to, request| async move {
                ExtensionServiceClient::new(to).next_extension_number(request).await
            })
            .await
            .map_err(|status| Error::of(status, &EXTENSION))?;
        Ok(answer.message.number)
    }

    async fn extension(&self, account: &Account, id: i64) -> Result<Extension, Error> {
        let request = GetExtensionRequest { company_id: account.id.clone(), id };
        let answer = self
            .clients()
            .telecom
            .ask(&account.caller, request, |to, request| async move {
                ExtensionServiceClient::new(to).get_extension(request).await
            })
            .await
            .map_err(|status| Error::of(status, &EXTENSION).without_kind_of_absence())?;
        Ok(answer.message.extension.unwrap_or_default().into())
    }
}
