//! The carrier is told what lines are to be, for as long as it takes the carrier to listen.

use std::sync::Arc;
use std::time::Duration;

use brazil::LineId;
use chassis::jobs::{Job, retry_pause};
use chassis::{Service, crash};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use super::at_carrier::Matter;
use super::story::Cause;
use super::{Line, Lines, store};
use crate::carrier::{Carrier, CarrierError, Demand, DemandId};
use crate::error::Error;
use crate::timeline::{self, Actor, Entry, Facts};

const RETRY_MIN: Duration = Duration::from_millis(250);
const REASON_LENGTH_MAX: usize = 200;

/// What it takes to tell the carrier something.
#[derive(Clone)]
pub(crate) struct Telling {
    pub(crate) lines: Lines,
    pub(crate) carrier: Arc<dyn Carrier>,
    /// Longest that the carrier may take.
    pub(crate) timeout: Duration,
    /// Longest pause between two attempts.
    pub(crate) retry_max: Duration,
}

/// Brings the carrier to what a line is to be, demand by demand. Runs of one line may overlap.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TellCarrier {
    line_id: LineId,
    failures: u32,
}

/// A demand that was noted, and is to be made.
#[derive(Clone, Debug)]
struct Asked {
    id: DemandId,
    demand: Demand,
}

impl TellCarrier {
    /// Has it done once the transaction is committed.
    pub(super) async fn enqueue_all(
        tx: &mut PgConnection,
        service: &Service,
        line_ids: impl Iterator<Item = LineId>,
    ) -> sqlx::Result<()> {
        let jobs: Vec<_> =
            line_ids.map(|line_id| (Self { line_id, failures: 0 }, line_id.to_string())).collect();
        service.jobs.enqueue_all(tx, &jobs).await
    }
}

impl Job for TellCarrier {
    const NAME: &'static str = "tell_carrier";
    type Context = Telling;

    async fn run(self, telling: Telling) -> anyhow::Result<()> {
        while let Some(asked) = telling.next(self.line_id).await? {
            let matter = Matter::of(&asked.demand).name();
            crash::point(&format!("telecom.{matter}.before_carrier")).await;
            let answer = telling.ask(&asked).await;
            crash::point(&format!("telecom.{matter}.carrier_done")).await;
            match answer {
                Ok(()) => telling.met(&asked).await?,
                Err(CarrierError::Refused(reason)) => telling.refused(&asked, &reason).await?,
                Err(CarrierError::Unavailable) => return Ok(telling.later(self).await?),
            }
            crash::point(&format!("telecom.{matter}.committed")).await;
        }
        Ok(())
    }
}

impl Telling {
    /// Notes what is to be demanded next; nothing when the carrier has what it is to have.
    async fn next(&self, line_id: LineId) -> Result<Option<Asked>, Error> {
        self.lines
            .service
            .transaction(|mut tx| {
                Box::pin(async move {
                    let told = store::lock_at_carrier(&mut tx, line_id).await?;
                    let Some((line, mut known)) = told else { return Ok(None) };
                    known.forget_refusals(&line);
                    let Some(demand) = known.next(&line) else { return Ok(None) };
                    let number = known.ask(&demand);
                    store::save_at_carrier(&mut tx, line_id, &known).await?;
                    let id = DemandId { line_id, number };
                    Ok::<_, Error>(Some(Asked { id, demand }))
                })
            })
            .await
    }

    async fn ask(&self, asked: &Asked) -> Result<(), CarrierError> {
        tokio::time::timeout(self.timeout, self.carrier.demand(asked.id, asked.demand.clone()))
            .await
            .unwrap_or(Err(CarrierError::Unavailable))
    }

    async fn met(&self, asked: &Asked) -> Result<(), Error> {
        self.lines
            .service
            .transaction(|mut tx| {
                Box::pin(async move {
                    let DemandId { line_id, number } = asked.id;
                    let told = store::lock_at_carrier(&mut tx, line_id).await?;
                    let Some((line, mut known)) = told else { return Ok(()) };
                    known.confirm(&asked.demand, number);
                    store::save_at_carrier(&mut tx, line_id, &known).await?;
                    if matches!(asked.demand, Demand::Activate(_)) {
                        self.activated(&mut tx, line).await?;
                    }
                    Ok::<_, Error>(())
                })
            })
            .await
    }

    /// The line works, unless another run found that out before, or it was cancelled meanwhile.
    async fn activated(&self, tx: &mut PgConnection, mut line: Line) -> Result<(), Error> {
        let before = line.clone();
        let Ok(activated) = line.activate(self.lines.service.clock.now()) else { return Ok(()) };
        let cause = Cause::from(Actor::carrier(&line.provider));
        self.lines.keep(tx, &before, &line, activated, &cause).await?;
        self.lines.bar_if_unpaid(tx, line).await?;
        Ok(())
    }

    /// Keeps what the carrier will not do, and why: asking again would not help.
    async fn refused(&self, asked: &Asked, reason: &str) -> Result<(), Error> {
        let matter = Matter::of(&asked.demand).name();
        let reason: String = reason.chars().take(REASON_LENGTH_MAX).collect();
        tracing::warn!(line_id = %asked.id.line_id, matter, reason, "the carrier refused");
        let reason = &reason;
        self.lines
            .service
            .transaction(|mut tx| {
                Box::pin(async move {
                    let DemandId { line_id, number } = asked.id;
                    let told = store::lock_at_carrier(&mut tx, line_id).await?;
                    let Some((line, mut known)) = told else { return Ok(()) };
                    let is_news = known.refuse(&asked.demand, number, reason);
                    store::save_at_carrier(&mut tx, line_id, &known).await?;
                    let activation = matches!(asked.demand, Demand::Activate(_));
                    if activation && known.next(&line).as_ref() == Some(&asked.demand) {
                        self.activation_refused(&mut tx, line, reason).await?;
                    } else if is_news {
                        timeline::record(&mut tx, &self.refusal(&line, asked, reason)).await?;
                    }
                    Ok::<_, Error>(())
                })
            })
            .await
    }

    /// The line stays pending, until it gets another number or card.
    async fn activation_refused(
        &self,
        tx: &mut PgConnection,
        mut line: Line,
        reason: &str,
    ) -> Result<(), Error> {
        let (before, now) = (line.clone(), self.lines.service.clock.now());
        let Ok(refused) = line.refuse_activation(reason.to_owned(), now) else { return Ok(()) };
        let cause = Cause::new(Actor::carrier(&line.provider), Some(reason.to_owned()));
        Ok(self.lines.keep(tx, &before, &line, refused, &cause).await?)
    }

    fn refusal(&self, line: &Line, asked: &Asked, reason: &str) -> Entry {
        let matter = Matter::of(&asked.demand).name().to_owned();
        Entry {
            line_id: line.line_id,
            company_id: line.company_id,
            at: self.lines.service.clock.now(),
            actor: Actor::carrier(&line.provider),
            action: "refused_by_carrier",
            before: Facts::new(),
            after: Facts::from([("refused", matter)]),
            reason: Some(reason.to_owned()),
        }
    }

    /// Tries again after a pause that doubles with each failure, up to a limit.
    async fn later(&self, job: TellCarrier) -> sqlx::Result<()> {
        let TellCarrier { line_id, failures } = job;
        let pause = retry_pause(failures, RETRY_MIN, self.retry_max);
        tracing::warn!(
            %line_id,
            failures = failures + 1,
            pause_ms = pause.as_millis(),
            "the carrier does not answer, trying again"
        );
        let job = TellCarrier { line_id, failures: failures.saturating_add(1) };
        self.lines.service.try_again(&job, &line_id.to_string(), pause).await
    }
}

#[cfg(test)]
mod tests;
