//! What companies owe, and the closing of months.

use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_DISPOSITION;
use axum::response::{IntoResponse, Response};
use proto::billing::v1::billing_run_service_client::BillingRunServiceClient;
use proto::billing::v1::invoice_service_client::InvoiceServiceClient;
use proto::billing::v1::{
    GetBillingRunRequest, GetInvoiceDocumentRequest, GetInvoiceRequest, ListInvoicesRequest,
};

use super::Lines;
use super::documents::{Always, Checked, Guarded, Named};
use super::error::Error;
use super::wire::billing_runs::{BillingRun, Month};
use super::wire::companies::SEARCH_NAMES;
use super::wire::invoices::{InvoiceDetails, InvoiceName, Invoices, Pdf, Wanted};
use super::wire::{Names, Part};
use crate::body::{At, Id, Params};
use crate::caller::Caller;
use crate::fault::Fault;

/// Invoices have an item for each line, and some companies have many lines.
const ANSWER_BYTES_MAX: usize = 256 * 1024 * 1024;

/// List a company's invoices
#[utoipa::path(
    get, path = "/companies/{id}/invoices", tag = "invoices", operation_id = "listInvoices",
    params(
        ("id" = String, Path, format = Uuid, description = "The company"),
        (
            "limit" = Option<i32>, Query, minimum = 1,
            description = "Invoices wanted; 50 by default, at most 200 are given"
        ),
        ("offset" = Option<i32>, Query, minimum = 0, description = "Invoices to leave out")
    ),
    responses(
        (status = 200, description = "The newest month first", body = Invoices),
        Guarded, Named, Checked, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn list(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
    params: Params,
) -> Result<Json<Invoices>, Error> {
    let request = ListInvoicesRequest { company_id: id.into(), page: Part::of(&params)?.page() };
    let answer = lines
        .clients()
        .billing
        .ask(&caller, request, |to, request| async move {
            InvoiceServiceClient::new(to)
                .max_decoding_message_size(ANSWER_BYTES_MAX)
                .list_invoices(request)
                .await
        })
        .await
        .map_err(|status| Error::of(status, &SEARCH_NAMES))?;
    Ok(Json(answer.message.invoices.into()))
}

/// Read an invoice, with the ways to pay it today
#[utoipa::path(
    get, path = "/companies/{id}/invoices/{invoiceId}", tag = "invoices",
    operation_id = "getInvoice",
    params(
        ("id" = String, Path, format = Uuid, description = "The company"),
        (
            "invoiceId" = String, Path,
            description = "The invoice: its UUID, alone or after its payment provider and a colon"
        )
    ),
    responses(
        (status = 200, description = "The invoice", body = InvoiceDetails),
        Guarded, Named, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn get(
    State(lines): State<Lines>,
    caller: Caller,
    At((id, wanted)): At<(Id, Wanted)>,
) -> Result<Response, Error> {
    match wanted {
        Wanted::Details(name) => Ok(details(&lines, &caller, id, name).await?.into_response()),
        Wanted::Document(name) => document(&lines, &caller, id, name).await,
    }
}

async fn details(
    lines: &Lines,
    caller: &Caller,
    id: Id,
    name: InvoiceName,
) -> Result<Json<InvoiceDetails>, Error> {
    let request = GetInvoiceRequest { company_id: id.into(), invoice_id: name.id() };
    let answer = lines
        .clients()
        .billing
        .ask(caller, request, |to, request| async move {
            InvoiceServiceClient::new(to)
                .max_decoding_message_size(ANSWER_BYTES_MAX)
                .get_invoice(request)
                .await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    let invoice = answer.message.invoice.unwrap_or_default();
    if !name.is_of(&invoice.provider) {
        return Err(Fault::NotFound.into());
    }
    Ok(Json(invoice.into()))
}

/// Read an invoice as a PDF, with the ways to pay it today
#[utoipa::path(
    get, path = "/companies/{id}/invoices/{invoiceId}.pdf", tag = "invoices",
    operation_id = "getInvoiceDocument",
    params(
        ("id" = String, Path, format = Uuid, description = "The company"),
        (
            "invoiceId" = String, Path,
            description = "The invoice: its UUID, alone or after its payment provider and a colon"
        )
    ),
    responses(
        (
            status = 200, description = "The invoice, Pix code and boleto included",
            content_type = "application/pdf", body = Pdf
        ),
        Guarded, Named, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn document(
    lines: &Lines,
    caller: &Caller,
    id: Id,
    name: InvoiceName,
) -> Result<Response, Error> {
    let request = GetInvoiceDocumentRequest { company_id: id.into(), invoice_id: name.id() };
    let answer = lines
        .clients()
        .billing
        .ask(caller, request, |to, request| async move {
            InvoiceServiceClient::new(to).get_invoice_document(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    if !name.is_of(&answer.message.provider) {
        return Err(Fault::NotFound.into());
    }
    let disposition = format!("inline; filename=\"invoice-{}.pdf\"", name.id());
    Ok(([(CONTENT_DISPOSITION, disposition)], Pdf(answer.message.pdf)).into_response())
}

/// See how far the closing of a month is
#[utoipa::path(
    get, path = "/billing/runs/{period}", tag = "invoices", operation_id = "getBillingRun",
    params(("period" = String, Path, description = "The month", example = "2026-10")),
    responses((status = 200, description = "The run", body = BillingRun), Guarded, Named, Always),
    security(("bearer" = []))
)]
pub(super) async fn get_run(
    State(lines): State<Lines>,
    caller: Caller,
    At(month): At<Month>,
) -> Result<Json<BillingRun>, Error> {
    let request = GetBillingRunRequest { period: month.into() };
    let answer = lines
        .clients()
        .billing
        .ask(&caller, request, |to, request| async move {
            BillingRunServiceClient::new(to).get_billing_run(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok(Json(answer.message.run.unwrap_or_default().into()))
}
