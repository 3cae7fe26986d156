//! What the payment provider says of a charge, applied: each notice once, with its movement in
//! the ledger.

use brazil::{Cents, CompanyId};
use chassis::Service;
use proto::billing::v1::PaymentOutcome;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::store;
use crate::error::Error;
use crate::payments::{CreditChargeId, Effect, Notice, Payable, Received, insert_notice, is_known};
use crate::wallets;

/// Takes a notice about a charge in; returns whose the charge is.
///
/// # Errors
/// [`Error::CreditChargeNotFound`]; [`Error::CreditChargeNotPaid`] for a refund while nothing was
/// paid.
pub(crate) async fn take_in(
    service: &Service,
    tx: &mut PgConnection,
    received: &Received,
    charge_id: CreditChargeId,
) -> Result<CompanyId, Error> {
    let now = service.clock.now();
    let absent = || Error::CreditChargeNotFound(charge_id);
    let company_id = store::lock(tx, charge_id).await?.ok_or_else(absent)?;
    if is_known(tx, &received.notice_id).await? {
        return Ok(company_id);
    }
    let account = store::account(tx, charge_id).await?;
    // Whatever the provider's clock says, nothing was paid in the future.
    let occurred_at = received.occurred_at.map_or(now, |at| at.min(now));
    let (amount, effect, taken) = match received.outcome {
        PaymentOutcome::Paid => {
            let (amount, effect) = account.pay(received.amount);
            (amount, effect, Cents::ZERO)
        }
        PaymentOutcome::Refunded => {
            account.pay_back(received.amount).ok_or(Error::CreditChargeNotPaid(charge_id))?
        }
        PaymentOutcome::Failed | PaymentOutcome::Unspecified => {
            (received.amount.unwrap_or_default(), Effect::Failed, Cents::ZERO)
        }
    };
    let notice = Notice {
        notice_id: &received.notice_id,
        about: Payable::Charge(charge_id),
        company_id,
        effect,
        amount,
        occurred_at,
        received_at: now,
    };
    if !insert_notice(tx, &notice).await? {
        return Ok(company_id);
    }
    tracing::info!(%charge_id, effect = effect.name(), "payment notice");
    match effect {
        Effect::Settles => {
            let charge = store::pay(tx, charge_id, occurred_at).await?;
            if !received.is_of_provider {
                charge.enqueue(service, tx).await?;
            }
            wallets::credit(tx, company_id, charge_id.0, account.value, now).await?;
        }
        Effect::Refunds | Effect::Returns => {
            let refund = (charge_id, received.notice_id.as_str());
            pay_back(tx, company_id, refund, effect, taken, now).await?;
        }
        Effect::Part | Effect::Surplus | Effect::Failed => {}
    }
    Ok(company_id)
}

async fn pay_back(
    tx: &mut PgConnection,
    company_id: CompanyId,
    (charge_id, notice_id): (CreditChargeId, &str),
    effect: Effect,
    taken: Cents,
    now: OffsetDateTime,
) -> Result<(), Error> {
    store::pay_back(tx, charge_id, taken, effect == Effect::Refunds).await?;
    if taken > Cents::ZERO {
        wallets::take_back(tx, company_id, (charge_id.0, notice_id), taken, now).await?;
    }
    Ok(())
}
