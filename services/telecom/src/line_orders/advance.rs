//! Orders are brought forward step by step, for as long as it takes.
//!
//! A step's effect and its state are written by one transaction, under the order's lock. What is
//! asked of others is asked before, in a way that may be asked again. An order that waits for its
//! line or its parcel rests until either wakes it; one that waits for an answer tries again.

use std::time::Duration;

use brazil::LineId;
use chassis::jobs::{Job, retry_pause};
use chassis::{Service, crash, timestamp};
use proto::events::v1::LineOrderFinished;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use tonic::{Code, Status};
use uuid::Uuid;

use super::{LineOrder, LineOrderId, State, StepName, store};
use crate::error::Error;
use crate::lines::{Cause, Line, Lines, NewLine, Refusal, Standing};
use crate::neighbours::{Person, invite_person};
use crate::shipments::{self, Arrival};

const RETRY_MIN: Duration = Duration::from_millis(250);
const LINE_CANCELLED: &str = "line-cancelled";

/// What bringing orders forward needs.
#[derive(Clone)]
pub(crate) struct LineOrders {
    pub(crate) service: Service,
    pub(crate) lines: Lines,
    /// Longest pause between two attempts to get an answer.
    pub(crate) retry_max: Duration,
}

/// Brings an order as far forward as it goes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AdvanceLineOrder {
    line_order_id: LineOrderId,
    failures: u32,
}

impl AdvanceLineOrder {
    /// Has it done once the transaction is committed.
    pub(crate) async fn enqueue(
        tx: &mut PgConnection,
        service: &Service,
        line_order_id: LineOrderId,
    ) -> sqlx::Result<()> {
        let job = Self { line_order_id, failures: 0 };
        service.jobs.enqueue(tx, &job, &line_order_id.to_string()).await
    }

    /// Has it done for the orders under way that these lines are of.
    pub(crate) async fn enqueue_for_lines(
        tx: &mut PgConnection,
        service: &Service,
        line_ids: impl Iterator<Item = LineId>,
    ) -> sqlx::Result<()> {
        let line_ids: Vec<Uuid> = line_ids.map(Uuid::from).collect();
        for line_order_id in store::open_of_lines(tx, &line_ids).await? {
            Self::enqueue(tx, service, line_order_id).await?;
        }
        Ok(())
    }
}

impl Job for AdvanceLineOrder {
    const NAME: &'static str = "advance_line_order";
    type Context = LineOrders;

    async fn run(self, orders: LineOrders) -> anyhow::Result<()> {
        loop {
            match orders.advance(self.line_order_id).await? {
                Next::GoOn => {}
                Next::Rest => return Ok(()),
                Next::TryAgain => return Ok(orders.later(self).await?),
            }
        }
    }
}

/// What is to be done after a step was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// Look at the next step.
    GoOn,
    /// Nothing, until somebody wakes the order.
    Rest,
    /// The same step again, after a while.
    TryAgain,
}

/// What came of a step.
enum Outcome {
    Done,
    /// It goes on when somebody wakes the order.
    Waits(&'static str),
    /// Somebody does not answer.
    Unanswered(&'static str),
    /// For good.
    Refused(String),
}

impl LineOrders {
    async fn advance(&self, line_order_id: LineOrderId) -> Result<Next, Error> {
        let Some(order) = store::find(&self.service.db, line_order_id).await? else {
            return Ok(Next::Rest);
        };
        let Some(step) = order.progress.current() else { return Ok(Next::Rest) };
        let invited = match (step, &order.wanted.user) {
            (StepName::User, Some(user)) => {
                Some(invite_person(&self.service, &user.email, &user.name).await)
            }
            _ => None,
        };
        crash::point(&format!("telecom.line_order.before_{}", step.as_str())).await;
        let next = self.take(line_order_id, step, invited.as_ref()).await?;
        crash::point(&format!("telecom.line_order.after_{}", step.as_str())).await;
        Ok(next)
    }

    /// Takes a step, and writes what came of it. Another run may have taken it meanwhile.
    async fn take(
        &self,
        line_order_id: LineOrderId,
        step: StepName,
        invited: Option<&Result<Person, Status>>,
    ) -> Result<Next, Error> {
        self.service
            .transaction(|mut tx| {
                Box::pin(async move {
                    let Some(mut order) = store::lock(&mut tx, line_order_id).await? else {
                        return Ok(Next::Rest);
                    };
                    if order.progress.current() != Some(step) {
                        return Ok(Next::GoOn);
                    }
                    let outcome = match step {
                        StepName::Line => self.line(&mut tx, &order).await?,
                        StepName::User => self.user(&mut tx, &mut order, invited).await?,
                        StepName::Ownership => self.ownership(&mut tx, &order).await?,
                        StepName::Shipment => self.shipment(&mut tx, &order).await?,
                    };
                    self.note(&mut tx, &mut order, step, outcome).await
                })
            })
            .await
    }

    /// A line, once: with a number when there is one, and alive when the carrier says so.
    async fn line(&self, tx: &mut PgConnection, order: &LineOrder) -> Result<Outcome, Error> {
        let line = match self.made_line(tx, order).await? {
            Some(line) => line,
            None => {
                let wanted = &order.wanted;
                let new = NewLine {
                    line_id: order.line_id,
                    company_id: Some(wanted.company_id),
                    user_id: None,
                    visible_to_user: false,
                    plan_id: wanted.plan_id,
                    area_code: wanted.area_code,
                };
                self.lines.order_or_wait(tx, new, &order.cause()).await?
            }
        };
        Ok(match line.standing() {
            Standing::WaitsForNumber => Outcome::Waits("area-code-out-of-stock"),
            Standing::WaitsForCarrier => Outcome::Waits("awaiting-activation"),
            Standing::RefusedByCarrier(reason) => Outcome::Refused(reason.to_owned()),
            Standing::InService => Outcome::Done,
            Standing::Cancelled => Outcome::Refused(LINE_CANCELLED.to_owned()),
        })
    }

    /// The line is the person's to use, and theirs by contract unless that is to be the company's.
    async fn user(
        &self,
        tx: &mut PgConnection,
        order: &mut LineOrder,
        invited: Option<&Result<Person, Status>>,
    ) -> Result<Outcome, Error> {
        let invited = match invited {
            Some(Ok(invited)) => *invited,
            Some(Err(status)) if status.code() == Code::InvalidArgument => {
                return Ok(Outcome::Refused("invalid-user".to_owned()));
            }
            Some(Err(_)) | None => return Ok(Outcome::Unanswered("identity-unavailable")),
        };
        let Some(line) = self.live_line(tx, order).await? else {
            return Ok(Outcome::Refused(LINE_CANCELLED.to_owned()));
        };
        let cause = &order.cause();
        let line = self.lines.attribute_user(tx, line, invited, cause).await?;
        order.user_id = Some(invited.user_id);
        match order.wanted.change_ownership {
            true => Ok(Outcome::Done),
            false => self.settle_owner(tx, line, true, cause).await,
        }
    }

    /// The line, locked, if it was made.
    async fn made_line(
        &self,
        tx: &mut PgConnection,
        order: &LineOrder,
    ) -> Result<Option<Line>, Error> {
        match self.lines.lock(tx, order.line_id).await {
            Ok(line) => Ok(Some(line)),
            Err(Error::LineNotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The line, locked, unless it has ended.
    async fn live_line(
        &self,
        tx: &mut PgConnection,
        order: &LineOrder,
    ) -> Result<Option<Line>, Error> {
        let line = self.made_line(tx, order).await?;
        Ok(line.filter(|line| line.standing() != Standing::Cancelled))
    }

    /// The contract is the company's.
    async fn ownership(&self, tx: &mut PgConnection, order: &LineOrder) -> Result<Outcome, Error> {
        let Some(line) = self.live_line(tx, order).await? else {
            return Ok(Outcome::Refused(LINE_CANCELLED.to_owned()));
        };
        self.settle_owner(tx, line, false, &order.cause()).await
    }

    async fn settle_owner(
        &self,
        tx: &mut PgConnection,
        line: Line,
        owned_by_user: bool,
        cause: &Cause,
    ) -> Result<Outcome, Error> {
        match self.lines.change_owner(tx, line, owned_by_user, cause).await {
            Ok(_) => Ok(Outcome::Done),
            Err(Error::Line(_, Refusal::PortInInProgress)) => {
                Ok(Outcome::Unanswered("port-in-in-progress"))
            }
            Err(error) => Err(error),
        }
    }

    /// The SIM card is on its way, as soon as the parcel carrier has it labeled.
    async fn shipment(&self, tx: &mut PgConnection, order: &LineOrder) -> Result<Outcome, Error> {
        if self.live_line(tx, order).await?.is_none() {
            return Ok(Outcome::Refused(LINE_CANCELLED.to_owned()));
        }
        let Some(address) = order.wanted.delivery_address.clone() else {
            return Ok(Outcome::Done);
        };
        let parcel = order.parcel(address, self.service.clock.now());
        let arrival = shipments::arrange(tx, &self.service, parcel).await?;
        Ok(match arrival {
            Arrival::Unbooked => Outcome::Waits("awaiting-parcel-carrier"),
            Arrival::Arranged => Outcome::Done,
            Arrival::Never(reason) => {
                Outcome::Refused(reason.unwrap_or_else(|| "shipment-failed".to_owned()))
            }
        })
    }

    /// Writes what came of a step; one refused for good undoes those before, and either end is
    /// told.
    async fn note(
        &self,
        tx: &mut PgConnection,
        order: &mut LineOrder,
        step: StepName,
        outcome: Outcome,
    ) -> Result<Next, Error> {
        let now = self.service.clock.now();
        let next = match outcome {
            Outcome::Done => {
                order.progress.complete(step, now);
                Next::GoOn
            }
            Outcome::Waits(reason) => {
                order.progress.wait(step, reason, now);
                Next::Rest
            }
            Outcome::Unanswered(reason) => {
                order.progress.wait(step, reason, now);
                Next::TryAgain
            }
            Outcome::Refused(reason) => {
                order.progress.refuse(step, &reason, now);
                self.undo(tx, order, &reason).await?;
                Next::GoOn
            }
        };
        order.updated_at = now;
        store::save(tx, order).await?;
        if order.progress.state() != State::Running {
            self.announce(tx, order).await?;
        }
        Ok(next)
    }

    /// Ends the line, whose number is quarantined thereby, and lets no parcel go.
    async fn undo(
        &self,
        tx: &mut PgConnection,
        order: &LineOrder,
        reason: &str,
    ) -> Result<(), Error> {
        if let Some(line) = self.live_line(tx, order).await? {
            let cause = Cause { reason: Some(reason.to_owned()), ..order.cause() };
            self.lines.cancel(tx, line, &cause).await?;
        }
        Ok(shipments::withdraw(tx, &self.service, order.shipment_id, "order-failed").await?)
    }

    async fn announce(&self, tx: &mut PgConnection, order: &LineOrder) -> sqlx::Result<()> {
        let finished = LineOrderFinished {
            line_order_id: order.line_order_id.to_string(),
            company_id: order.wanted.company_id.to_string(),
            line_id: order.made_line().map(|line_id| line_id.to_string()),
            done: order.progress.state() == State::Done,
            reason: order.progress.failure().map(str::to_owned),
            finished_at: Some(timestamp::to_proto(order.updated_at)),
        };
        self.service.outbox.publish(tx, order.line_order_id, &finished).await
    }

    /// Tries again after a pause that doubles with each failure, up to a limit.
    async fn later(&self, job: AdvanceLineOrder) -> sqlx::Result<()> {
        let AdvanceLineOrder { line_order_id, failures } = job;
        let pause = retry_pause(failures, RETRY_MIN, self.retry_max);
        let job = AdvanceLineOrder { line_order_id, failures: failures.saturating_add(1) };
        tracing::warn!(
            %line_order_id,
            failures = job.failures,
            pause_ms = pause.as_millis(),
            "an order gets no answer, trying again"
        );
        self.service.try_again(&job, &line_order_id.to_string(), pause).await
    }
}

#[cfg(test)]
mod tests;
