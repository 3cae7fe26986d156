//! `InvoiceService`.

use brazil::Cents;
use chassis::Service;
use chassis::auth::Caller;
use chassis::page::Page;
use chassis::refusal::Fields;
use chassis::timestamp;
use proto::billing::v1 as pb;
use proto::billing::v1::invoice_service_server::InvoiceService;
use proto::common::v1::Money;
use tonic::{Request, Response, Status};

use super::{Invoice, Item, store};
use crate::access::enter_company;
use crate::error::Error;
use crate::invoice_document;
use crate::payments::{self, Payee};

/// The rpcs.
pub(crate) struct Invoices {
    pub(crate) service: Service,
    /// The payment provider that collects invoices.
    pub(crate) provider: &'static str,
    /// To whom they are paid.
    pub(crate) payee: Payee,
}

#[tonic::async_trait]
impl InvoiceService for Invoices {
    async fn list_invoices(
        &self,
        request: Request<pb::ListInvoicesRequest>,
    ) -> Result<Response<pb::ListInvoicesResponse>, Status> {
        let mut fields = Fields::new();
        let company_id = fields.required("company_id", &request.get_ref().company_id);
        let Some(company_id) = company_id else { return Err(fields.into_status()) };
        let page = Page::parse(request.get_ref().page.clone())?;
        enter_company(&self.service, Caller::of(&request)?, company_id).await?;

        let db = &self.service.reader(&request).await?;
        let (invoices, total) =
            store::list(db, company_id, &page).await.map_err(Error::Database)?;
        let (invoices, page) = page.cut(invoices, total, |invoice| invoice.period.first_day());
        let invoices = invoices.into_iter().map(|invoice| self.told(invoice)).collect();
        Ok(Response::new(pb::ListInvoicesResponse { invoices, page: Some(page) }))
    }

    async fn get_invoice(
        &self,
        request: Request<pb::GetInvoiceRequest>,
    ) -> Result<Response<pb::GetInvoiceResponse>, Status> {
        let mut fields = Fields::new();
        let company_id = fields.required("company_id", &request.get_ref().company_id);
        let invoice_id = fields.required("invoice_id", &request.get_ref().invoice_id);
        let (Some(company_id), Some(invoice_id)) = (company_id, invoice_id) else {
            return Err(fields.into_status());
        };
        enter_company(&self.service, Caller::of(&request)?, company_id).await?;

        let invoice = store::find(&self.service.db, company_id, invoice_id)
            .await
            .map_err(Error::Database)?
            .ok_or(Error::InvoiceNotFound(invoice_id))?;
        let payment = payments::options_today(&self.service, &self.payee, invoice_id).await?;
        let payment = payment.map(Into::into);
        let invoice = pb::Invoice { payment, ..self.told(invoice) };
        Ok(Response::new(pb::GetInvoiceResponse { invoice: Some(invoice) }))
    }

    async fn get_invoice_document(
        &self,
        request: Request<pb::GetInvoiceDocumentRequest>,
    ) -> Result<Response<pb::GetInvoiceDocumentResponse>, Status> {
        let mut fields = Fields::new();
        let company_id = fields.required("company_id", &request.get_ref().company_id);
        let invoice_id = fields.required("invoice_id", &request.get_ref().invoice_id);
        let (Some(company_id), Some(invoice_id)) = (company_id, invoice_id) else {
            return Err(fields.into_status());
        };
        enter_company(&self.service, Caller::of(&request)?, company_id).await?;
        let Self { service, payee, provider } = self;
        let pdf = invoice_document::pdf(service, payee, provider, company_id, invoice_id).await?;
        let provider = (*provider).to_owned();
        Ok(Response::new(pb::GetInvoiceDocumentResponse { pdf, provider }))
    }
}

impl Invoices {
    fn told(&self, invoice: Invoice) -> pb::Invoice {
        let status = match invoice.status {
            super::Status::Pending => pb::InvoiceStatus::Pending,
            super::Status::Overdue => pb::InvoiceStatus::Overdue,
            super::Status::Paid => pb::InvoiceStatus::Paid,
            super::Status::Refunded => pb::InvoiceStatus::Refunded,
        };
        pb::Invoice {
            id: invoice.invoice_id.to_string(),
            provider: self.provider.to_string(),
            company_id: invoice.company_id.to_string(),
            period: invoice.period.to_string(),
            items: invoice.items.into_iter().map(Into::into).collect(),
            amount: money(invoice.amount),
            status: status.into(),
            due_date: invoice.due_date.to_string(),
            created_at: Some(timestamp::to_proto(invoice.created_at)),
            paid_at: invoice.paid_at.map(timestamp::to_proto),
            payment: None,
        }
    }
}

impl From<Item> for pb::InvoiceItem {
    fn from(item: Item) -> Self {
        Self {
            description: item.description,
            amount: money(item.amount),
            line_id: item.line_id.map(|line_id| line_id.to_string()),
        }
    }
}

fn money(amount: Cents) -> Option<Money> {
    Some(Money { cents: amount.get() })
}
