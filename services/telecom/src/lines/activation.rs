//! The activation of lines at the carrier.

use std::sync::Arc;
use std::time::Duration;

use brazil::LineId;
use chassis::jobs::Job;
use chassis::{Service, crash};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use super::{Lines, store};
use crate::carrier::{ActivationRequest, Carrier, CarrierError};
use crate::error::Error;
use crate::timeline::Actor;

const RETRY_MIN: Duration = Duration::from_millis(250);
const DOUBLINGS_MAX: u32 = 16;
const REASON_LENGTH_MAX: usize = 200;

/// What activations need.
#[derive(Clone)]
pub(crate) struct Activation {
    pub(crate) lines: Lines,
    pub(crate) carrier: Arc<dyn Carrier>,
    /// Longest that the carrier may take.
    pub(crate) timeout: Duration,
    /// Longest pause between two attempts.
    pub(crate) retry_max: Duration,
}

/// Asks the carrier to activate a line, for as long as it takes the carrier to answer.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ActivateLine {
    line_id: LineId,
    failures: u32,
}

impl ActivateLine {
    /// Has it done once the transaction is committed.
    pub(super) async fn enqueue(
        tx: &mut PgConnection,
        service: &Service,
        line_id: LineId,
    ) -> sqlx::Result<()> {
        let job = Self { line_id, failures: 0 };
        service.jobs.enqueue(tx, &job, &line_id.to_string()).await
    }
}

impl Job for ActivateLine {
    const NAME: &'static str = "activate_line";
    type Context = Activation;

    async fn run(self, activation: Activation) -> anyhow::Result<()> {
        let Some(request) = activation.request(self.line_id).await? else { return Ok(()) };
        crash::point("telecom.activation.before_carrier").await;
        let answer = activation.ask(request).await;
        crash::point("telecom.activation.carrier_done").await;
        match answer {
            Ok(()) => activation.succeeded(self.line_id).await?,
            Err(CarrierError::Refused(reason)) => {
                activation.refused(self.line_id, &reason).await?;
            }
            Err(CarrierError::Unavailable) => activation.later(self).await?,
        }
        crash::point("telecom.activation.committed").await;
        Ok(())
    }
}

impl Activation {
    /// What to ask for; nothing when the line does not wait for the carrier any more.
    async fn request(&self, line_id: LineId) -> Result<Option<ActivationRequest>, Error> {
        let Some(line) = store::find(&self.lines.service.db, line_id).await? else {
            return Ok(None);
        };
        let request = line.awaits_carrier().map(|number| ActivationRequest {
            line_id,
            number: number.clone(),
            iccid: line.iccid.clone(),
        });
        Ok(request)
    }

    async fn ask(&self, request: ActivationRequest) -> Result<(), CarrierError> {
        tokio::time::timeout(self.timeout, self.carrier.activate(request))
            .await
            .unwrap_or(Err(CarrierError::Unavailable))
    }

    async fn succeeded(&self, line_id: LineId) -> Result<(), Error> {
        self.lines
            .service
            .transaction(|mut tx| {
                Box::pin(async move {
                    let Some(mut line) = store::lock(&mut tx, line_id).await? else {
                        return Ok(());
                    };
                    let before = line.clone();
                    // It may have been activated by another run, or cancelled meanwhile.
                    let Ok(activated) = line.activate(self.lines.service.clock.now()) else {
                        return Ok(());
                    };
                    store::save(&mut tx, &line).await?;
                    let actor = Actor::carrier(&line.provider);
                    self.lines.tell(&mut tx, Some(&before), &line, activated, &actor, None).await?;
                    Ok::<_, Error>(())
                })
            })
            .await
    }

    /// Keeps the reason with the line, which stays pending: asking again would not help.
    async fn refused(&self, line_id: LineId, reason: &str) -> Result<(), Error> {
        let reason: String = reason.chars().take(REASON_LENGTH_MAX).collect();
        tracing::warn!(%line_id, reason, "the carrier refused to activate a line");
        let reason = &reason;
        self.lines
            .service
            .transaction(|mut tx| {
                Box::pin(async move {
                    let Some(mut line) = store::lock(&mut tx, line_id).await? else {
                        return Ok(());
                    };
                    let (before, now) = (line.clone(), self.lines.service.clock.now());
                    let Ok(refused) = line.refuse_activation(reason.clone(), now) else {
                        return Ok(());
                    };
                    store::save(&mut tx, &line).await?;
                    let (actor, reason) = (Actor::carrier(&line.provider), Some(reason.clone()));
                    self.lines.tell(&mut tx, Some(&before), &line, refused, &actor, reason).await?;
                    Ok::<_, Error>(())
                })
            })
            .await
    }

    /// Tries again after a pause that doubles with each failure, up to a limit.
    async fn later(&self, job: ActivateLine) -> sqlx::Result<()> {
        let ActivateLine { line_id, failures } = job;
        let pause = RETRY_MIN.saturating_mul(1 << failures.min(DOUBLINGS_MAX)).min(self.retry_max);
        // Lines that failed together do not come back together.
        let pause = pause.mul_f64(rand::random_range(0.5..=1.0));
        tracing::warn!(
            %line_id,
            failures = failures + 1,
            pause_ms = pause.as_millis(),
            "the carrier does not answer, trying again"
        );
        let mut connection = self.lines.service.db.acquire().await?;
        let job = ActivateLine { line_id, failures: failures.saturating_add(1) };
        self.lines
            .service
            .jobs
            .enqueue_after(&mut connection, &job, &line_id.to_string(), pause)
            .await
    }
}

#[cfg(test)]
mod tests;
