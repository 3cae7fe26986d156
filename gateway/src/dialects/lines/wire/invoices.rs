//! What companies owe.

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use proto::billing::v1 as billing;
use proto::common::v1::Money;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::utc;
use crate::body::{FromPath, Id};

/// An invoice as paths name it: its id, alone or after the name of its payment provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InvoiceName {
    provider: Option<String>,
    id: String,
}

impl InvoiceName {
    /// The id alone.
    pub(crate) fn id(&self) -> String {
        self.id.clone()
    }

    /// Whether the invoice is one that this provider collects, as far as the name says.
    pub(crate) fn is_of(&self, provider: &str) -> bool {
        self.provider.as_ref().is_none_or(|named| named == provider)
    }

    fn read(text: &str) -> Option<Self> {
        let (provider, id) = match text.rsplit_once(':') {
            Some((provider, id)) => (Some(provider.to_owned()), id),
            None => (None, text),
        };
        Some(Self { provider, id: id.parse::<Id>().ok()?.into() })
    }
}

/// What a path wants of an invoice: the router knows no suffixes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The invoice.
    Details(InvoiceName),
    /// The invoice as PDF: its name ends in ".pdf".
    Document(InvoiceName),
}

impl FromPath for Wanted {
    fn take<'a>(values: &mut impl Iterator<Item = &'a str>) -> Option<Self> {
        let text = values.next()?;
        match text.strip_suffix(".pdf") {
            Some(name) => InvoiceName::read(name).map(Self::Document),
            None => InvoiceName::read(text).map(Self::Details),
        }
    }
}

/// Where an invoice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = InvoiceStatus)]
enum Status {
    /// To be paid.
    Pending,
    /// To be paid, and late.
    Overdue,
    /// Paid, or nothing was to be paid.
    Paid,
    /// Paid, and paid back.
    Refunded,
}

impl From<billing::InvoiceStatus> for Status {
    fn from(status: billing::InvoiceStatus) -> Self {
        use billing::InvoiceStatus as Known;
        match status {
            Known::Unspecified | Known::Pending => Self::Pending,
            Known::Overdue => Self::Overdue,
            Known::Paid => Self::Paid,
            Known::Refunded => Self::Refunded,
        }
    }
}

fn cents(money: Option<Money>) -> i64 {
    money.unwrap_or_default().cents
}

/// A part of an invoice.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InvoiceItem)]
struct Item {
    /// In words, with the price that was used.
    description: String,
    /// What it costs; less than nothing when something is given back.
    amount_cents: i64,
}

impl From<billing::InvoiceItem> for Item {
    fn from(item: billing::InvoiceItem) -> Self {
        Self { description: item.description, amount_cents: cents(item.amount) }
    }
}

/// What a company owes for a month.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "simulator:53af5437-dd2b-4efb-84c2-d16c6fffd376",
    "items": [{
        "description": "Invoice for 1 month of service, 2023-01: 10GB at R$ 10,00 a month",
        "amountCents": 1000
    }],
    "amountCents": 1000,
    "status": "pending",
    "companyId": "4489fccb-4c3e-4cd6-90c0-6aae84e71edc",
    "createdAt": "2023-02-01T00:00:00Z",
    "dueAt": "2023-02-06T00:00:00Z"
}))]
pub(crate) struct Invoice {
    /// Payment provider and id, with a colon between them.
    id: String,
    /// What it is made of; they sum to the amount.
    items: Vec<Item>,
    /// In all.
    amount_cents: i64,
    /// Where it is.
    status: Status,
    /// The company.
    #[schema(format = Uuid)]
    company_id: String,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Option<OffsetDateTime>,
    /// The day until which it is to be paid.
    #[schema(format = DateTime)]
    due_at: String,
}

impl From<billing::Invoice> for Invoice {
    fn from(invoice: billing::Invoice) -> Self {
        Self {
            status: invoice.status().into(),
            id: format!("{}:{}", invoice.provider, invoice.id),
            items: invoice.items.into_iter().map(Into::into).collect(),
            amount_cents: cents(invoice.amount),
            company_id: invoice.company_id,
            created_at: utc(invoice.created_at),
            due_at: format!("{}T00:00:00Z", invoice.due_date),
        }
    }
}

/// A company's invoices.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Invoices {
    /// Newest first.
    invoices: Vec<Invoice>,
}

impl From<Vec<billing::Invoice>> for Invoices {
    fn from(invoices: Vec<billing::Invoice>) -> Self {
        Self { invoices: invoices.into_iter().map(Into::into).collect() }
    }
}

/// One invoice.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InvoiceDetails {
    #[serde(flatten)]
    invoice: Invoice,
    /// The month: "2026-10".
    period: String,
    /// When it was paid; null before.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    paid_at: Option<OffsetDateTime>,
    /// How to pay it today; null when there is nothing to pay.
    #[schema(required = true)]
    payment: Option<Payment>,
}

impl From<billing::Invoice> for InvoiceDetails {
    fn from(mut invoice: billing::Invoice) -> Self {
        Self {
            period: std::mem::take(&mut invoice.period),
            paid_at: utc(invoice.paid_at),
            payment: invoice.payment.take().map(Into::into),
            invoice: invoice.into(),
        }
    }
}

/// How to pay an invoice today.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InvoicePayment)]
struct Payment {
    /// The invoice's amount.
    principal_cents: i64,
    /// 2 % once, when late.
    fine_cents: i64,
    /// 1 % a month by the day, when late.
    interest_cents: i64,
    /// All three.
    total_cents: i64,
    /// Pix copia e cola.
    pix_code: String,
    /// Pix code as a picture: SVG.
    pix_picture: String,
    /// The boleto's 47 digits to type, in their groups.
    boleto_line: String,
    /// The boleto's 44 digits of the barcode.
    boleto_barcode: String,
    /// Barcode as a picture: SVG.
    boleto_picture: String,
}

impl From<billing::PaymentOptions> for Payment {
    fn from(options: billing::PaymentOptions) -> Self {
        Self {
            principal_cents: cents(options.principal),
            fine_cents: cents(options.fine),
            interest_cents: cents(options.interest),
            total_cents: cents(options.total),
            pix_code: options.pix_code,
            pix_picture: options.pix_picture,
            boleto_line: options.boleto_line,
            boleto_barcode: options.boleto_barcode,
            boleto_picture: options.boleto_picture,
        }
    }
}

/// A PDF document.
#[derive(Debug, ToSchema)]
#[schema(value_type = String, format = Binary)]
pub(crate) struct Pdf(pub(crate) Vec<u8>);

impl IntoResponse for Pdf {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, "application/pdf")], self.0).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "53af5437-dd2b-4efb-84c2-d16c6fffd376";

    fn wanted(text: &str) -> Option<Wanted> {
        Wanted::take(&mut [text].into_iter())
    }

    #[test]
    fn an_invoice_is_named_with_its_provider_or_without() {
        let alone = InvoiceName::read(ID).unwrap();
        assert_eq!(alone.id(), ID);
        assert!(alone.is_of("stripe") && alone.is_of("simulator"));
        let whole = InvoiceName::read(&format!("stripe:{ID}")).unwrap();
        assert_eq!(whole.id(), ID);
        assert!(whole.is_of("stripe") && !whole.is_of("simulator"));
        for text in ["", "stripe:", "stripe", &format!("{ID}:stripe")] {
            assert_eq!(InvoiceName::read(text), None, "{text}");
        }
    }

    #[test]
    fn a_document_is_told_by_its_suffix() {
        for name in [ID.to_owned(), format!("stripe:{ID}")] {
            let read = InvoiceName::read(&name).unwrap();
            assert_eq!(wanted(&name), Some(Wanted::Details(read.clone())));
            assert_eq!(wanted(&format!("{name}.pdf")), Some(Wanted::Document(read)));
        }
        for text in [".pdf", "x.pdf", &format!("{ID}.pdf.pdf"), &format!("{ID}.PDF")] {
            assert_eq!(wanted(text), None, "{text}");
        }
    }
}
