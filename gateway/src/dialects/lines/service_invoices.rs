//! Fiscal notes for services.

use axum::Json;
use axum::extract::State;
use proto::billing::v1::fiscal_note_service_client::FiscalNoteServiceClient;
use proto::billing::v1::issue_service_note_request::Recipient;

use super::Lines;
use super::documents::{Always, Bodied, Guarded, IdempotencyKey, Named};
use super::error::{Envelope, Error};
use super::wire::service_invoices::{NAMES, NewServiceInvoice, ServiceInvoice};
use crate::body::{At, Body, Id};
use crate::caller::Caller;
use crate::clients::Replayed;

/// Issue a fiscal note to a person
///
/// Answers when the tax office has authorized it. Where that takes too long the answer is 503:
/// the note is issued all the same, and a repeat with the same `Idempotency-Key` finds it.
#[utoipa::path(
    post, path = "/users/{id}/service-invoices", tag = "service-invoices",
    operation_id = "issueServiceInvoiceToUser",
    params(("id" = String, Path, format = Uuid, description = "The person"), IdempotencyKey),
    request_body = NewServiceInvoice,
    responses(
        (status = 200, description = "The authorized note", body = ServiceInvoice),
        (
            status = 409, body = Envelope,
            description = "The tax office refused it, or the person has no name or CPF"
        ),
        Guarded, Named, Bodied, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn issue_to_user(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
    Body(invoice, _): Body<NewServiceInvoice>,
) -> Result<(Replayed, Json<ServiceInvoice>), Error> {
    issue(&lines, &caller, Recipient::UserId(id.into()), &invoice).await
}

/// Issue a fiscal note to a company
///
/// As for a person.
#[utoipa::path(
    post, path = "/companies/{id}/service-invoices", tag = "service-invoices",
    operation_id = "issueServiceInvoiceToCompany",
    params(("id" = String, Path, format = Uuid, description = "The company"), IdempotencyKey),
    request_body = NewServiceInvoice,
    responses(
        (status = 200, description = "The authorized note", body = ServiceInvoice),
        (status = 409, description = "The tax office refused it", body = Envelope),
        Guarded, Named, Bodied, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn issue_to_company(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
    Body(invoice, _): Body<NewServiceInvoice>,
) -> Result<(Replayed, Json<ServiceInvoice>), Error> {
    issue(&lines, &caller, Recipient::CompanyId(id.into()), &invoice).await
}

async fn issue(
    lines: &Lines,
    caller: &Caller,
    recipient: Recipient,
    invoice: &NewServiceInvoice,
) -> Result<(Replayed, Json<ServiceInvoice>), Error> {
    let answer = lines
        .clients()
        .billing
        .ask(caller, invoice.request(recipient)?, |to, request| async move {
            FiscalNoteServiceClient::new(to).issue_service_note(request).await
        })
        .await
        .map_err(|status| Error::of(status, &NAMES))?;
    Ok((answer.replayed, Json(answer.message.note.unwrap_or_default().into())))
}
