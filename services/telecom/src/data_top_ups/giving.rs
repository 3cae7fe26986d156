//! The giving of data by the carrier.

use std::sync::Arc;
use std::time::Duration;

use chassis::jobs::{Job, retry_pause};
use chassis::{Service, crash, timestamp};
use proto::events::v1::DataToppedUp;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use super::{State, TopUp, TopUpId, store};
use crate::carrier::{AddedData, Carrier, CarrierError};
use crate::error::Error;
use crate::lines::Lines;
use crate::timeline::{self, Actor, Entry, Facts};

const RETRY_MIN: Duration = Duration::from_millis(250);
const REASON_LENGTH_MAX: usize = 200;

/// What the giving of data needs.
#[derive(Clone)]
pub(crate) struct Giving {
    pub(crate) lines: Lines,
    pub(crate) carrier: Arc<dyn Carrier>,
    /// Longest that the carrier may take.
    pub(crate) timeout: Duration,
    /// Longest pause between two attempts.
    pub(crate) retry_max: Duration,
}

/// Asks the carrier to give data to a line, for as long as it takes the carrier to answer.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct GiveData {
    top_up_id: TopUpId,
    failures: u32,
}

impl GiveData {
    /// Has it done once the transaction is committed.
    pub(super) async fn enqueue(
        tx: &mut PgConnection,
        service: &Service,
        top_up_id: TopUpId,
    ) -> sqlx::Result<()> {
        let job = Self { top_up_id, failures: 0 };
        service.jobs.enqueue(tx, &job, &top_up_id.to_string()).await
    }
}

impl Job for GiveData {
    const NAME: &'static str = "give_data";
    type Context = Giving;

    async fn run(self, giving: Giving) -> anyhow::Result<()> {
        let asked = store::find_asked(&giving.lines.service().db, self.top_up_id).await?;
        let Some(top_up) = asked else { return Ok(()) };
        crash::point("telecom.top_up.before_carrier").await;
        let answer = giving.ask(&top_up).await;
        crash::point("telecom.top_up.carrier_done").await;
        match answer {
            Ok(()) => giving.given(&top_up).await?,
            Err(CarrierError::Refused(reason)) => giving.refused(&top_up, &reason).await?,
            Err(CarrierError::Unavailable) => return Ok(giving.later(self).await?),
        }
        crash::point("telecom.top_up.committed").await;
        Ok(())
    }
}

impl Giving {
    async fn ask(&self, top_up: &TopUp) -> Result<(), CarrierError> {
        let data = AddedData {
            top_up_id: top_up.top_up_id.into(),
            line_id: top_up.line_id,
            quantity_mb: top_up.price.quantity_mb,
        };
        tokio::time::timeout(self.timeout, self.carrier.add_data(data))
            .await
            .unwrap_or(Err(CarrierError::Unavailable))
    }

    /// Notes that the line has the data, and has it charged.
    async fn given(&self, top_up: &TopUp) -> Result<(), Error> {
        self.lines
            .service()
            .transaction(|mut tx| {
                Box::pin(async move {
                    let now = self.lines.service().clock.now();
                    let first =
                        store::answer(&mut tx, top_up.top_up_id, State::Given, None, now).await?;
                    if !first {
                        return Ok(());
                    }
                    self.record(&mut tx, top_up, "data_added", None).await?;
                    let event = DataToppedUp {
                        line_id: top_up.line_id.to_string(),
                        company_id: top_up.company_id.map(|id| id.to_string()),
                        user_id: top_up.user_id.map(|id| id.to_string()),
                        top_up_id: top_up.top_up_id.to_string(),
                        quantity_mb: top_up.price.quantity_mb,
                        unit_price_cents: top_up.price.unit.get(),
                        total_cents: top_up.price.total.get(),
                        given_at: Some(timestamp::to_proto(now)),
                    };
                    Ok(self.lines.service().outbox.publish(&mut tx, top_up.line_id, &event).await?)
                })
            })
            .await
    }

    /// Keeps the reason: asking again would not help, and nothing is charged.
    async fn refused(&self, top_up: &TopUp, reason: &str) -> Result<(), Error> {
        let reason: String = reason.chars().take(REASON_LENGTH_MAX).collect();
        tracing::warn!(top_up_id = %top_up.top_up_id, reason, "the carrier refused to give data");
        let reason = &reason;
        self.lines
            .service()
            .transaction(|mut tx| {
                Box::pin(async move {
                    let now = self.lines.service().clock.now();
                    let (id, state) = (top_up.top_up_id, State::Refused);
                    if store::answer(&mut tx, id, state, Some(reason), now).await? {
                        self.record(&mut tx, top_up, "data_refused", Some(reason)).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    async fn record(
        &self,
        tx: &mut PgConnection,
        top_up: &TopUp,
        action: &'static str,
        reason: Option<&str>,
    ) -> Result<(), Error> {
        let line = self.lines.lock(tx, top_up.line_id).await?;
        let entry = Entry {
            line_id: top_up.line_id,
            company_id: line.company_id(),
            at: self.lines.service().clock.now(),
            actor: Actor::carrier(line.provider()),
            action,
            before: Facts::new(),
            after: top_up.facts(),
            reason: reason.map(str::to_owned),
        };
        Ok(timeline::record(tx, &entry).await?)
    }

    /// Tries again after a pause that doubles with each failure, up to a limit.
    async fn later(&self, job: GiveData) -> sqlx::Result<()> {
        let GiveData { top_up_id, failures } = job;
        let pause = retry_pause(failures, RETRY_MIN, self.retry_max);
        tracing::warn!(
            %top_up_id,
            failures = failures + 1,
            pause_ms = pause.as_millis(),
            "the carrier does not answer, trying again"
        );
        let job = GiveData { top_up_id, failures: failures.saturating_add(1) };
        self.lines.service().try_again(&job, &top_up_id.to_string(), pause).await
    }
}

#[cfg(test)]
mod tests;
