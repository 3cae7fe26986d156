//! What companies note about their lines.

use axum::extract::State;
use axum::http::StatusCode;
use proto::telecom::v1::custom_field_service_client::CustomFieldServiceClient;
use proto::telecom::v1::{
    RemoveCustomFieldRequest, RenameCustomFieldRequest, SetCustomFieldRequest,
};

use super::Lines;
use super::documents::{Always, Bodied, Checked, Guarded, Named};
use super::error::{Envelope, Error};
use super::wire::custom_fields::{CustomFieldRenaming, CustomFieldValue, NAMES, RENAMING_NAMES};
use crate::body::{At, Body, Id};
use crate::caller::Caller;

/// Set a custom field of a line
#[utoipa::path(
    put, path = "/phone-accounts/{id}/custom-fields/{fieldName}", tag = "phone-accounts",
    operation_id = "setCustomField",
    params(
        ("id" = String, Path, format = Uuid, description = "The line"),
        ("fieldName" = String, Path, description = "The field's name, 1 to 100 characters")
    ),
    request_body = CustomFieldValue,
    responses(
        (status = 204, description = "The field has the value"),
        (status = 409, description = "The line is cancelled", body = Envelope),
        Guarded, Named, Bodied, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn set(
    State(lines): State<Lines>,
    caller: Caller,
    At((id, name)): At<(Id, String)>,
    Body(value, _): Body<CustomFieldValue>,
) -> Result<StatusCode, Error> {
    let request = SetCustomFieldRequest { line_id: id.into(), name, value: value.field_value };
    lines
        .clients()
        .telecom
        .ask(&caller, request, |to, request| async move {
            CustomFieldServiceClient::new(to).set_custom_field(request).await
        })
        .await
        .map_err(|status| Error::of(status, &NAMES))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Remove a custom field from a line
#[utoipa::path(
    delete, path = "/phone-accounts/{id}/custom-fields/{fieldName}", tag = "phone-accounts",
    operation_id = "removeCustomField",
    params(
        ("id" = String, Path, format = Uuid, description = "The line"),
        ("fieldName" = String, Path, description = "The field's name")
    ),
    responses((status = 204, description = "Gone"), Guarded, Named, Checked, Always),
    security(("bearer" = []))
)]
pub(super) async fn remove(
    State(lines): State<Lines>,
    caller: Caller,
    At((id, name)): At<(Id, String)>,
) -> Result<StatusCode, Error> {
    let request = RemoveCustomFieldRequest { line_id: id.into(), name };
    lines
        .clients()
        .telecom
        .ask(&caller, request, |to, request| async move {
            CustomFieldServiceClient::new(to).remove_custom_field(request).await
        })
        .await
        .map_err(|status| Error::of(status, &NAMES))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Rename a custom field
///
/// On all lines of the company at once, or on none.
#[utoipa::path(
    patch, path = "/companies/{id}/custom-fields", tag = "companies",
    operation_id = "renameCustomField",
    params(("id" = String, Path, format = Uuid, description = "The company")),
    request_body = CustomFieldRenaming,
    responses(
        (status = 204, description = "Renamed"),
        (status = 409, description = "A line has a field of the new name", body = Envelope),
        Guarded, Named, Bodied, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn rename(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
    Body(renaming, _): Body<CustomFieldRenaming>,
) -> Result<StatusCode, Error> {
    let request = RenameCustomFieldRequest {
        company_id: id.into(),
        current_name: renaming.current_key,
        new_name: renaming.new_key,
    };
    lines
        .clients()
        .telecom
        .ask(&caller, request, |to, request| async move {
            CustomFieldServiceClient::new(to).rename_custom_field(request).await
        })
        .await
        .map_err(|status| Error::of(status, &RENAMING_NAMES))?;
    Ok(StatusCode::NO_CONTENT)
}
