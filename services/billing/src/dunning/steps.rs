//! The steps of dunning, taken: each with its event and its letter, in one transaction.

use std::time::Duration;

use brazil::{CompanyId, local_date};
use chassis::sweeps::Sweep;
use chassis::{Service, crash, timestamp};
use proto::events::v1::{
    InvoiceOverdue, NonPaymentCleared, NonPaymentSuspended, NonPaymentTerminated,
};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::store::{self, Overdue};
use super::{Standing, State, Step, Terms};
use crate::error::Error;
use crate::letters::{self, Letter};

const EVERY: Duration = Duration::from_secs(60);
const BATCH: i64 = 200;

/// Takes every step that is due.
#[derive(Clone)]
pub(crate) struct Dunning {
    pub(crate) service: Service,
    pub(crate) terms: Terms,
}

/// Notes what fell overdue, and takes every step that is due.
pub(crate) fn sweep(dunning: &Dunning) -> Sweep {
    let dunning = dunning.clone();
    Sweep::new("dunning", EVERY, move || {
        let dunning = dunning.clone();
        async move {
            let noted = dunning.note_overdue().await?;
            let reviewed = dunning.review_all().await?;
            Ok(noted || reviewed)
        }
    })
}

impl Dunning {
    /// Tells whether any were.
    async fn note_overdue(&self) -> Result<bool, Error> {
        let now = self.service.clock.now();
        let today = local_date(now);
        let mut any = false;
        loop {
            let noted = store::note_overdue(&self.service.db, now, today, BATCH).await?;
            any |= noted > 0;
            if noted < BATCH {
                return Ok(any);
            }
        }
    }

    /// Tells whether there was anybody to look at.
    async fn review_all(&self) -> Result<bool, Error> {
        let mut any = false;
        loop {
            let companies =
                store::to_review(&self.service.db, self.service.clock.now(), BATCH).await?;
            let mut looked_at = false;
            for company_id in companies {
                looked_at |= self.review(company_id).await?;
            }
            if !looked_at {
                return Ok(any);
            }
            any = true;
        }
    }

    /// Takes the step that is due for a company; false when somebody else does.
    async fn review(&self, company_id: Uuid) -> Result<bool, Error> {
        let now = self.service.clock.now();
        self.service
            .transaction(|mut tx| {
                Box::pin(async move {
                    let Some(standing) = store::take_to_review(&mut tx, company_id, now).await?
                    else {
                        return Ok(false);
                    };
                    self.step(&mut tx, standing, now).await?;
                    crash::point("billing.dunning.before_commit").await;
                    Ok(true)
                })
            })
            .await
    }

    /// Takes the step that is due for a company whose invoice was paid, in the transaction that
    /// notes so.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn paid(
        &self,
        tx: &mut PgConnection,
        company_id: CompanyId,
        now: OffsetDateTime,
    ) -> sqlx::Result<()> {
        let standing = store::lock(tx, company_id).await?;
        if standing.state == State::Good {
            return Ok(());
        }
        self.step(tx, standing, now).await
    }

    async fn step(
        &self,
        tx: &mut PgConnection,
        standing: Standing,
        now: OffsetDateTime,
    ) -> sqlx::Result<()> {
        let company_id = standing.company_id;
        let overdue = store::oldest_overdue(tx, company_id, now).await?;
        let Some((step, after)) = standing.next(overdue.is_some(), now, self.terms) else {
            return store::save(tx, &standing, standing.next_from(self.terms)).await;
        };
        store::save(tx, &after, after.next_from(self.terms)).await?;
        tracing::info!(%company_id, ?step, "dunning");
        match (step, overdue) {
            (Step::Notice, Some(overdue)) => self.notice(tx, &after, overdue, now).await,
            (Step::Suspend, Some(overdue)) => self.suspend(tx, &after, overdue, now).await,
            (Step::Terminate, Some(overdue)) => self.terminate(tx, company_id, overdue, now).await,
            (Step::Clear, _) => self.clear(tx, &standing, now).await,
            _ => Ok(()),
        }
    }

    async fn notice(
        &self,
        tx: &mut PgConnection,
        noticed: &Standing,
        overdue: Overdue,
        now: OffsetDateTime,
    ) -> sqlx::Result<()> {
        let suspension_from = noticed.suspension_from(self.terms).unwrap_or(now);
        let event = InvoiceOverdue {
            invoice_id: overdue.invoice_id.to_string(),
            company_id: noticed.company_id.to_string(),
            noticed_at: Some(timestamp::to_proto(now)),
            suspension_at: Some(timestamp::to_proto(suspension_from)),
        };
        self.service.outbox.publish(tx, noticed.company_id, &event).await?;
        let letter = letters::notice(overdue.amount, overdue.due_date, suspension_from);
        self.tell(tx, noticed.company_id, letter, now).await
    }

    async fn suspend(
        &self,
        tx: &mut PgConnection,
        suspended: &Standing,
        overdue: Overdue,
        now: OffsetDateTime,
    ) -> sqlx::Result<()> {
        let termination_from = suspended.termination_from(self.terms).unwrap_or(now);
        let event = NonPaymentSuspended {
            company_id: suspended.company_id.to_string(),
            invoice_id: overdue.invoice_id.to_string(),
            suspended_at: Some(timestamp::to_proto(now)),
            termination_at: Some(timestamp::to_proto(termination_from)),
        };
        self.service.outbox.publish(tx, suspended.company_id, &event).await?;
        self.tell(tx, suspended.company_id, letters::suspension(termination_from), now).await
    }

    async fn terminate(
        &self,
        tx: &mut PgConnection,
        company_id: CompanyId,
        overdue: Overdue,
        now: OffsetDateTime,
    ) -> sqlx::Result<()> {
        let event = NonPaymentTerminated {
            company_id: company_id.to_string(),
            invoice_id: overdue.invoice_id.to_string(),
            terminated_at: Some(timestamp::to_proto(now)),
        };
        self.service.outbox.publish(tx, company_id, &event).await?;
        self.tell(tx, company_id, letters::termination(), now).await
    }

    async fn clear(
        &self,
        tx: &mut PgConnection,
        before: &Standing,
        now: OffsetDateTime,
    ) -> sqlx::Result<()> {
        let event = NonPaymentCleared {
            company_id: before.company_id.to_string(),
            cleared_at: Some(timestamp::to_proto(now)),
        };
        self.service.outbox.publish(tx, before.company_id, &event).await?;
        let was_suspended = before.state == State::Suspended;
        self.tell(tx, before.company_id, letters::restoration(was_suspended), now).await
    }

    async fn tell(
        &self,
        tx: &mut PgConnection,
        company_id: CompanyId,
        letter: Letter,
        now: OffsetDateTime,
    ) -> sqlx::Result<()> {
        letters::keep(tx, company_id, letter, now).await
    }
}

#[cfg(test)]
mod tests;
