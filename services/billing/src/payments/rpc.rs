//! `PaymentService`: what the provider says.

use std::sync::Arc;

use brazil::{BusinessCalendar, Cents, CompanyId, InvoiceId, local_date};
use chassis::refusal::{Fields, Rule, invalid};
use chassis::{Service, crash, timestamp};
use proto::billing::v1 as pb;
use proto::billing::v1::PaymentOutcome;
use proto::billing::v1::payment_service_server::PaymentService;
use proto::common::v1::Money;
use proto::events::v1::InvoicePaid;
use sqlx::PgConnection;
use time::OffsetDateTime;
use tonic::{Request, Response, Status};

use super::store::{self, Notice};
use super::{
    Account, Effect, MessageError, Payable, PaymentNotice, PaymentOptions, PaymentProvider,
    PaymentResult,
};
use crate::credit_charges;
use crate::dunning::Dunning;
use crate::error::Error;
use crate::subscriptions;

const NOTICE_ID_MAX: usize = 100;
const AMOUNT_MAX: i64 = 1_000_000_000_000;

/// The rpcs.
pub(crate) struct Payments {
    pub(crate) service: Service,
    pub(crate) dunning: Dunning,
    pub(crate) provider: Arc<dyn PaymentProvider>,
}

/// A notice as it came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) notice_id: String,
    pub(crate) about: Payable,
    pub(crate) outcome: PaymentOutcome,
    pub(crate) amount: Option<Cents>,
    pub(crate) occurred_at: Option<OffsetDateTime>,
    /// Whether it is the provider's own charge that it tells of: nothing is left to cancel there.
    pub(crate) is_of_provider: bool,
}

#[tonic::async_trait]
impl PaymentService for Payments {
    async fn receive_payment_notice(
        &self,
        request: Request<pb::ReceivePaymentNoticeRequest>,
    ) -> Result<Response<pb::ReceivePaymentNoticeResponse>, Status> {
        self.receive(&parse(request.get_ref())?).await?;
        Ok(Response::new(pb::ReceivePaymentNoticeResponse {}))
    }

    async fn receive_provider_message(
        &self,
        request: Request<pb::ReceiveProviderMessageRequest>,
    ) -> Result<Response<pb::ReceiveProviderMessageResponse>, Status> {
        let pb::ReceiveProviderMessageRequest { body, signature } = request.get_ref();
        if let Some(notice) = self.provider.read(body, signature).await.map_err(unread)? {
            self.receive(&notice.into()).await?;
        }
        Ok(Response::new(pb::ReceiveProviderMessageResponse {}))
    }
}

/// Why a message is not taken in. What may work later is told as such, so that it is sent again.
fn unread(error: MessageError) -> Status {
    let message = error.to_string();
    match error {
        MessageError::Unexpected => Status::unimplemented(message),
        MessageError::Untrusted => invalid("signature", "is not the payment provider's"),
        MessageError::Unreadable => invalid("body", "cannot be read"),
        MessageError::Unavailable => Status::unavailable(message),
    }
}

impl From<PaymentNotice> for Received {
    fn from(notice: PaymentNotice) -> Self {
        let PaymentNotice { notice_id, about, result, amount, occurred_at } = notice;
        let outcome = match result {
            PaymentResult::Paid => PaymentOutcome::Paid,
            PaymentResult::Failed => PaymentOutcome::Failed,
            PaymentResult::Refunded => PaymentOutcome::Refunded,
        };
        let (amount, occurred_at) = (Some(amount), Some(occurred_at));
        Self { notice_id, about, outcome, amount, occurred_at, is_of_provider: true }
    }
}

impl Payments {
    /// Takes a notice in, and has everybody told whom it concerns.
    async fn receive(&self, notice: &Received) -> Result<(), Status> {
        let company_id = self
            .service
            .transaction(|mut tx| {
                Box::pin(async move {
                    let company_id = self.take_in(&mut tx, notice).await?;
                    crash::point("billing.payment.before_commit").await;
                    Ok::<_, Error>(company_id)
                })
            })
            .await?;
        crash::point("billing.payment.committed").await;
        self.service.handed_over(company_id).await;
        Ok(())
    }

    async fn take_in(
        &self,
        tx: &mut PgConnection,
        received: &Received,
    ) -> Result<CompanyId, Error> {
        match received.about {
            Payable::Invoice(invoice_id) => self.take_in_invoice(tx, received, invoice_id).await,
            Payable::Charge(charge_id) => {
                credit_charges::take_in(&self.service, tx, received, charge_id).await
            }
        }
    }

    async fn take_in_invoice(
        &self,
        tx: &mut PgConnection,
        received: &Received,
        invoice_id: InvoiceId,
    ) -> Result<CompanyId, Error> {
        let now = self.service.clock.now();
        let absent = || Error::InvoiceNotFound(invoice_id);
        let Some(company_id) = store::lock_invoice(tx, invoice_id).await? else {
            let taken = subscriptions::take_in(&self.service, tx, received, invoice_id).await?;
            return taken.ok_or_else(absent);
        };
        if store::is_known(tx, &received.notice_id).await? {
            return Ok(company_id);
        }
        let account = store::account(&mut *tx, invoice_id).await?.ok_or_else(absent)?;
        // Whatever the provider's clock says, nothing was paid in the future.
        let occurred_at = received.occurred_at.map_or(now, |at| at.min(now));
        let (amount, effect) =
            effect_of(received, &account, occurred_at).ok_or(Error::InvoiceNotPaid(invoice_id))?;
        let notice = Notice {
            notice_id: &received.notice_id,
            about: received.about,
            company_id,
            effect,
            amount,
            occurred_at,
            received_at: now,
        };
        if !store::insert_notice(tx, &notice).await? {
            return Ok(company_id);
        }
        tracing::info!(%invoice_id, effect = effect.name(), "payment notice");
        match effect {
            Effect::Settles => {
                let collected = store::pay(tx, invoice_id, occurred_at).await?;
                if let Some(charge) = collected.filter(|_| !received.is_of_provider) {
                    charge.enqueue(&self.service, tx).await?;
                }
                let paid = account.received.get().saturating_add(amount.get());
                let event = InvoicePaid {
                    invoice_id: invoice_id.to_string(),
                    company_id: company_id.to_string(),
                    amount_cents: paid,
                    paid_at: Some(timestamp::to_proto(occurred_at)),
                };
                self.service.outbox.publish(tx, company_id, &event).await?;
                self.dunning.paid(tx, company_id, now).await?;
            }
            Effect::Refunds => store::refund(tx, invoice_id).await?,
            Effect::Part | Effect::Surplus | Effect::Failed | Effect::Returns => {}
        }
        Ok(company_id)
    }
}

/// None for a refund while nothing was paid.
fn effect_of(
    received: &Received,
    account: &Account,
    occurred_at: OffsetDateTime,
) -> Option<(Cents, Effect)> {
    let calendar = BusinessCalendar::national();
    match received.outcome {
        PaymentOutcome::Paid => {
            Some(account.pay(received.amount, local_date(occurred_at), &calendar))
        }
        PaymentOutcome::Refunded => account.pay_back(received.amount),
        PaymentOutcome::Failed | PaymentOutcome::Unspecified => {
            Some((received.amount.unwrap_or_default(), Effect::Failed))
        }
    }
}

fn parse(request: &pb::ReceivePaymentNoticeRequest) -> Result<Received, Status> {
    let mut fields = Fields::new();
    let notice_id = fields.text("notice_id", &request.notice_id, 1, NOTICE_ID_MAX);
    let about = about(&mut fields, request);
    let outcome = request.outcome();
    if outcome == PaymentOutcome::Unspecified {
        fields.refuse_as("outcome", Rule::Required, "is required");
    }
    let amount = request.amount.map(|money| Cents::new(money.cents));
    if amount.is_some_and(|amount| !(1..=AMOUNT_MAX).contains(&amount.get())) {
        fields.refuse_as(
            "amount",
            Rule::OutOfRange,
            format!("is not between 1 and {AMOUNT_MAX} cents"),
        );
    }
    let occurred_at = timestamp::parse(&mut fields, "occurred_at", request.occurred_at.as_ref());
    let (Some(notice_id), Some(about)) = (notice_id, about) else {
        return Err(fields.into_status());
    };
    fields.check()?;
    Ok(Received { notice_id, about, outcome, amount, occurred_at, is_of_provider: false })
}

/// The invoice or the charge that a notice is about: one of them.
fn about(fields: &mut Fields, request: &pb::ReceivePaymentNoticeRequest) -> Option<Payable> {
    if request.charge_id.is_empty() {
        return fields.required("invoice_id", &request.invoice_id).map(Payable::Invoice);
    }
    if !request.invoice_id.is_empty() {
        fields.refuse("invoice_id", "is given together with charge_id");
        return None;
    }
    fields.required("charge_id", &request.charge_id).map(Payable::Charge)
}

impl From<PaymentOptions> for pb::PaymentOptions {
    fn from(options: PaymentOptions) -> Self {
        let money = |amount: Cents| Some(Money { cents: amount.get() });
        Self {
            principal: money(options.due.principal),
            fine: money(options.due.late.fine),
            interest: money(options.due.late.interest),
            total: money(options.due.late.total),
            pix_code: options.pix.to_string(),
            boleto_line: options.boleto.line(),
            boleto_barcode: options.boleto.to_string(),
            pix_picture: options.pix_picture.svg(),
            boleto_picture: options.boleto_picture.svg(),
        }
    }
}

#[cfg(test)]
mod tests;
