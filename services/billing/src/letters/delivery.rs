//! Letters leave, in batches: one question for all addresses of a batch, then one transaction.

use std::collections::HashMap;
use std::time::Duration;

use brazil::{CompanyId, Email};
use chassis::mail::Post;
use chassis::sweeps::Sweep;
use chassis::{Service, crash};
use time::OffsetDateTime;
use uuid::Uuid;

use super::store::{self, Waiting};
use crate::companies::{self, Recipient};
use crate::error::Error;

const EVERY: Duration = Duration::from_secs(5);
const BATCH: i64 = 200;
/// How long a letter waits for a company that is not known, or has no address.
const POSTPONED_BY: time::Duration = time::Duration::hours(1);

/// Lets letters leave.
pub(crate) fn sweep(service: &Service, post: &Post) -> Sweep {
    let (service, post) = (service.clone(), post.clone());
    Sweep::new("letters", EVERY, move || {
        let (service, post) = (service.clone(), post.clone());
        async move { deliver(&service, &post).await }
    })
}

/// Tells whether there were any to do something about.
async fn deliver(service: &Service, post: &Post) -> anyhow::Result<bool> {
    let mut any = false;
    loop {
        let now = service.clock.now();
        let waiting = store::companies_waiting(&service.db, now, BATCH).await?;
        if waiting.is_empty() {
            return Ok(any);
        }
        let recipients = companies::recipients(service, &waiting).await?;
        let (known, unknown): (Vec<Uuid>, Vec<Uuid>) =
            waiting.into_iter().partition(|id| recipients.contains_key(&CompanyId(*id)));
        if !unknown.is_empty() {
            tracing::error!(companies = unknown.len(), "companies without an address have mail");
            store::postpone(&service.db, &unknown, now + POSTPONED_BY).await?;
        }
        if send(service, post, &known, &recipients, now).await? == 0 && unknown.is_empty() {
            // Another replica has them.
            return Ok(any);
        }
        any = true;
    }
}

/// Sends letters to these companies; returns how many.
async fn send(
    service: &Service,
    post: &Post,
    companies: &[Uuid],
    recipients: &HashMap<CompanyId, Recipient>,
    now: OffsetDateTime,
) -> Result<usize, Error> {
    service
        .transaction(|mut tx| {
            Box::pin(async move {
                let letters = store::take(&mut tx, companies, now, BATCH).await?;
                let sent = letters.len();
                for Waiting { company_id, content } in letters {
                    let Some(recipient) = recipients.get(&company_id) else { continue };
                    let to: &Email = &recipient.billing_email;
                    post.send(&mut tx, to, content.into_mail(&recipient.name)).await?;
                }
                crash::point("billing.letters.before_commit").await;
                Ok(sent)
            })
        })
        .await
}
