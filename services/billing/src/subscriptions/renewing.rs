//! Invoices that follow the first one, and what comes of those that are not paid in time.

use std::time::Duration;

use brazil::{BusinessCalendar, InvoiceId, local_date, start_of_day};
use chassis::sweeps::Sweep;
use chassis::{Service, crash};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::store::invoices::{self, NewInvoice};
use super::{Invoice, InvoiceStatus, Product, Subscription, Turn, price, store};
use crate::coupons;
use crate::error::Error;
use crate::payments::BillingType;

const EVERY: Duration = Duration::from_secs(30);
const BATCH: i64 = 100;

/// Issues every invoice whose day has come.
pub(crate) fn renew(service: &Service, due_days: i64) -> Sweep {
    let service = service.clone();
    Sweep::new("subscription_invoices", EVERY, move || {
        let service = service.clone();
        async move {
            let mut any = false;
            while renew_batch(&service, due_days).await? {
                any = true;
            }
            Ok(any)
        }
    })
}

/// False when nothing was due.
pub(super) async fn renew_batch(service: &Service, due_days: i64) -> Result<bool, Error> {
    let now = service.clock.now();
    service
        .transaction(|mut tx| {
            Box::pin(async move {
                let due = store::lock_due(&mut tx, local_date(now), BATCH).await?;
                if due.is_empty() {
                    return Ok(false);
                }
                let catalogue = store::products(&mut *tx).await?;
                for mut subscription in due {
                    issue_next(&mut tx, &mut subscription, &catalogue, due_days, now).await?;
                    store::save(&mut tx, &subscription).await?;
                }
                crash::point("billing.subscription.before_invoices").await;
                Ok(true)
            })
        })
        .await
}

/// Issues the next invoice of a subscription, which is then to be saved.
pub(super) async fn issue_next(
    tx: &mut PgConnection,
    subscription: &mut Subscription,
    catalogue: &[Product],
    due_days: i64,
    now: OffsetDateTime,
) -> Result<Invoice, Error> {
    let subscribed: Vec<Product> = catalogue
        .iter()
        .filter(|product| {
            let codes = subscription.products.iter().chain(&subscription.modules);
            codes.into_iter().any(|code| *code == product.code)
        })
        .cloned()
        .collect();
    let discount = match &subscription.coupon {
        Some(code) => coupons::store::discount(tx, code).await?,
        None => None,
    };
    let issued_on = local_date(now);
    let due_on = issued_on.saturating_add(time::Duration::days(due_days));
    let payable = BusinessCalendar::national().business_day_from(due_on);
    let invoice = NewInvoice {
        invoice_id: InvoiceId::generate(),
        subscription_id: subscription.subscription_id,
        company_id: subscription.company_id,
        organization_id: subscription.organization_id.clone(),
        amount: price(&subscribed, subscription.seats, subscription.rhythm, discount),
        issued_on,
        sold_on: subscription.invoiced_on(subscription.invoices),
        due_on,
        overdue_at: start_of_day(payable.next_day().unwrap_or(payable)),
        created_at: now,
        billing_type: billing_type(tx, subscription).await?,
    };
    let invoice = invoices::issue(tx, &invoice).await?;
    subscription.invoices += 1;
    if invoice.status == InvoiceStatus::Paid {
        let others_overdue = invoices::has_overdue(tx, subscription.subscription_id, now).await?;
        subscription.status = subscription.status.after(Turn::Paid { others_overdue });
    }
    Ok(invoice)
}

async fn billing_type(
    tx: &mut PgConnection,
    subscription: &Subscription,
) -> sqlx::Result<Option<BillingType>> {
    let Some(method) = subscription.payment_method_id else { return Ok(None) };
    let kind: crate::payment_methods::Kind =
        sqlx::query_scalar("select type from payment_method where payment_method_id = $1")
            .bind(method.0)
            .fetch_one(tx)
            .await?;
    Ok(Some(kind.billing_type()))
}

/// Notes every subscription that has an overdue invoice.
pub(crate) fn note_overdue(service: &Service) -> Sweep {
    let service = service.clone();
    Sweep::new("subscription_overdue", EVERY, move || {
        let service = service.clone();
        async move {
            let noted = invoices::note_overdue(&service.db, service.clock.now()).await?;
            Ok(noted > 0)
        }
    })
}
