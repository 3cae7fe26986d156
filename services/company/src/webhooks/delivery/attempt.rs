//! What is done with a message: handed to the queue when it is due, sent, and written down.
//!
//! A message that is due is handed to the queue with a mark, so that one job has it in hand and no
//! other. Each endpoint has only a few in hand at a time: a slow one keeps no other waiting.

use std::time::Duration;

use chassis::Service;
use chassis::crash;
use chassis::jobs::Job;
use chassis::sweeps::Sweep;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use super::sender::{Answer, Post, Sender};
use super::signature::Secret;
use super::store::{self, Outgoing};
use super::{Message, Next, SECRET, next};
use crate::error::Error;

const SWEEP_DUE_EVERY: Duration = Duration::from_secs(1);
const SWEEP_OLD_EVERY: Duration = Duration::from_secs(3600);
const ENDPOINTS_BATCH: i64 = 200;
const FORGET_BATCH: i64 = 1_000;

/// Delivers messages. Clones share their connections.
#[derive(Clone)]
pub(crate) struct Deliveries {
    pub(crate) service: Service,
    pub(crate) sender: Sender,
    /// Messages of one endpoint that are sent at the same time.
    pub(crate) endpoint_concurrency: u32,
    /// How long messages are kept that were delivered or given up.
    pub(crate) keep: time::Duration,
}

impl Deliveries {
    /// Addresses a message to each of these endpoints, and hands it out; once, however often this
    /// is done.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn take_down(
        &self,
        tx: &mut PgConnection,
        message: &Message<'_>,
        endpoint_ids: &[Uuid],
    ) -> sqlx::Result<()> {
        if endpoint_ids.is_empty() {
            return Ok(());
        }
        let now = self.service.clock.now();
        let addressed = store::address(tx, message, endpoint_ids, now).await?;
        if !addressed.is_empty() {
            self.hand_out(tx, &addressed).await?;
        }
        Ok(())
    }

    /// Hands what is due at these endpoints to the queue, as far as they have room. Returns how
    /// much that is.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn hand_out(
        &self,
        tx: &mut PgConnection,
        endpoint_ids: &[Uuid],
    ) -> sqlx::Result<usize> {
        store::lock_endpoints(tx, endpoint_ids).await?;
        let now = self.service.clock.now();
        let window = self.endpoint_concurrency.into();
        let due = store::mark_due(tx, endpoint_ids, window, now).await?;
        for delivery_id in &due {
            let job = SendWebhook::of(*delivery_id);
            self.service.jobs.enqueue(tx, &job, &delivery_id.to_string()).await?;
        }
        Ok(due.len())
    }

    /// Hands out what has come due.
    pub(crate) fn sweep_due(&self) -> Sweep {
        let deliveries = self.clone();
        Sweep::new("webhooks_due", SWEEP_DUE_EVERY, move || {
            let deliveries = deliveries.clone();
            async move { deliveries.hand_out_due().await }
        })
    }

    /// Forgets what was delivered or given up long ago.
    pub(crate) fn sweep_old(&self) -> Sweep {
        let deliveries = self.clone();
        Sweep::new("webhooks_old", SWEEP_OLD_EVERY, move || {
            let deliveries = deliveries.clone();
            async move {
                deliveries.forget_old().await?;
                Ok(false)
            }
        })
    }

    /// Tells whether anything had.
    async fn hand_out_due(&self) -> anyhow::Result<bool> {
        let mut any = false;
        let mut after = Uuid::nil();
        loop {
            let now = self.service.clock.now();
            let endpoint_ids =
                &store::due_endpoints(&self.service.db, after, now, ENDPOINTS_BATCH).await?;
            let Some(last) = endpoint_ids.last() else { return Ok(any) };
            let handed_out = self
                .service
                .transaction(|mut tx| {
                    Box::pin(
                        async move { Ok::<_, Error>(self.hand_out(&mut tx, endpoint_ids).await?) },
                    )
                })
                .await?;
            any |= handed_out > 0;
            after = *last;
        }
    }

    async fn forget_old(&self) -> anyhow::Result<()> {
        let before = self.service.clock.now() - self.keep;
        while store::forget(&self.service.db, before, FORGET_BATCH).await? == FORGET_BATCH {}
        Ok(())
    }

    async fn attempt(&self, outgoing: &Outgoing) -> Answer {
        let secrets: Result<Vec<Secret>, _> = outgoing
            .secrets_sealed
            .iter()
            .map(|sealed| self.service.keyring.open(SECRET, sealed).map(Secret::from_bytes))
            .collect();
        let Ok(secrets) = secrets else {
            tracing::error!(endpoint_id = %outgoing.endpoint_id, "a webhook secret cannot be opened");
            return Answer::failed("the message cannot be signed");
        };
        let post = Post {
            message_id: &outgoing.delivery_id.to_string(),
            url: &outgoing.url,
            body: &outgoing.body,
            secrets: &secrets,
        };
        self.sender.send(&post).await
    }

    /// Writes an attempt down, and hands out what waited for it to end.
    async fn record(&self, outgoing: &Outgoing, answer: &Answer) -> Result<(), Error> {
        let next = &next(answer, outgoing.kind, outgoing.step + 1, rand::random());
        self.service
            .transaction(|mut tx| {
                Box::pin(async move {
                    let endpoint_ids = [outgoing.endpoint_id];
                    store::lock_endpoints(&mut tx, &endpoint_ids).await?;
                    let now = self.service.clock.now();
                    store::record(&mut tx, outgoing.delivery_id, answer, next, now).await?;
                    let failing = *next != Next::Delivered;
                    store::note_health(&mut tx, outgoing.endpoint_id, failing).await?;
                    if answer.is_gone() {
                        store::disable(&mut tx, outgoing, now).await?;
                    }
                    self.hand_out(&mut tx, &endpoint_ids).await?;
                    Ok(())
                })
            })
            .await
    }
}

/// Sends a message that was handed out.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SendWebhook {
    delivery_id: Uuid,
}

impl SendWebhook {
    pub(crate) fn of(delivery_id: Uuid) -> Self {
        Self { delivery_id }
    }
}

impl Job for SendWebhook {
    const NAME: &'static str = "send_webhook";
    type Context = Deliveries;

    /// A job that died between sending and writing down sends again, under the same id.
    async fn run(self, deliveries: Deliveries) -> anyhow::Result<()> {
        let Service { db, clock, .. } = &deliveries.service;
        let found = store::find_queued(db, self.delivery_id, clock.now()).await?;
        let Some(outgoing) = found else { return Ok(()) };
        crash::point("company.webhook.before_sending").await;
        let answer = deliveries.attempt(&outgoing).await;
        crash::point("company.webhook.before_recording").await;
        deliveries.record(&outgoing, &answer).await?;
        crash::point("company.webhook.recorded").await;
        if let Some(error) = &answer.error {
            tracing::info!(
                delivery_id = %outgoing.delivery_id,
                attempt = outgoing.step + 1,
                status = answer.status,
                error,
                "webhook not delivered"
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
