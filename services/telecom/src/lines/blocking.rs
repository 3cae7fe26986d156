//! How lines are barred, freed and ended: one, or many alike.

use brazil::{CompanyId, LineId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::story::{Cause, Change};
use super::{BlockReason, Line, LineEvent, Lines, Refusal, Status, store};
use crate::dunning;
use crate::error::Error;
use crate::timeline::Actor;
use crate::{numbers, portability, sim_cards};

impl Lines {
    /// Bars a line that the transaction has locked, for a reason that it may have already.
    ///
    /// # Errors
    /// [`Refusal::NotInService`], [`Refusal::Cancelled`].
    pub(crate) async fn block(
        &self,
        tx: &mut PgConnection,
        line: Line,
        reason: BlockReason,
        cause: &Cause,
    ) -> Result<Line, Error> {
        let now = self.service.clock.now();
        self.live_on(tx, line, cause, |line| line.block(reason, now)).await
    }

    /// Takes a reason to bar it away from a line that the transaction has locked, and that may be
    /// without it.
    ///
    /// # Errors
    /// [`Refusal::Cancelled`].
    pub(crate) async fn unblock(
        &self,
        tx: &mut PgConnection,
        line: Line,
        reason: BlockReason,
        cause: &Cause,
    ) -> Result<Line, Error> {
        let now = self.service.clock.now();
        self.live_on(tx, line, cause, |line| line.unblock(reason, now)).await
    }

    /// Ends a line that the transaction has locked, and that may have ended already: its number is
    /// kept back, its card retired, its open port-in cancelled.
    pub(crate) async fn cancel(
        &self,
        tx: &mut PgConnection,
        line: Line,
        cause: &Cause,
    ) -> Result<Line, Error> {
        let (unchanged, cancelled) = (line.clone(), self.cancel_each(tx, vec![line], cause).await?);
        Ok(cancelled.into_iter().next().unwrap_or(unchanged))
    }

    /// Locks the next lines of a company that work and are not barred for no-pay.
    pub(crate) async fn lock_unbarred(
        &self,
        tx: &mut PgConnection,
        company_id: CompanyId,
        after: Option<LineId>,
        limit: i64,
    ) -> sqlx::Result<Vec<Line>> {
        let statuses = &[Status::Active, Status::Blocked];
        store::lock_batch_of_company(tx, company_id, statuses, Some(false), after, limit).await
    }

    /// Locks the next lines of a company that are barred for no-pay.
    pub(crate) async fn lock_barred(
        &self,
        tx: &mut PgConnection,
        company_id: CompanyId,
        after: Option<LineId>,
        limit: i64,
    ) -> sqlx::Result<Vec<Line>> {
        let statuses = &[Status::Blocked];
        store::lock_batch_of_company(tx, company_id, statuses, Some(true), after, limit).await
    }

    /// Locks the next lines of a company that have not ended.
    pub(crate) async fn lock_live(
        &self,
        tx: &mut PgConnection,
        company_id: CompanyId,
        after: Option<LineId>,
        limit: i64,
    ) -> sqlx::Result<Vec<Line>> {
        let statuses = &[Status::Ordered, Status::Pending, Status::Active, Status::Blocked];
        store::lock_batch_of_company(tx, company_id, statuses, None, after, limit).await
    }

    /// Bars lines that the transaction has locked, all alike.
    ///
    /// # Errors
    /// [`Refusal::NotInService`], [`Refusal::Cancelled`].
    pub(crate) async fn block_all(
        &self,
        tx: &mut PgConnection,
        lines: Vec<Line>,
        reason: BlockReason,
        cause: &Cause,
    ) -> Result<(), Error> {
        let now = self.service.clock.now();
        self.all_live_on(tx, lines, cause, |line| line.block(reason, now)).await.map(drop)
    }

    /// Takes a reason away from lines that the transaction has locked, all alike.
    ///
    /// # Errors
    /// [`Refusal::Cancelled`].
    pub(crate) async fn unblock_all(
        &self,
        tx: &mut PgConnection,
        lines: Vec<Line>,
        reason: BlockReason,
        cause: &Cause,
    ) -> Result<(), Error> {
        let now = self.service.clock.now();
        self.all_live_on(tx, lines, cause, |line| line.unblock(reason, now)).await.map(drop)
    }

    /// Ends lines that the transaction has locked, all alike.
    pub(crate) async fn cancel_all(
        &self,
        tx: &mut PgConnection,
        lines: Vec<Line>,
        cause: &Cause,
    ) -> Result<(), Error> {
        self.cancel_each(tx, lines, cause).await.map(drop)
    }

    /// Bars a line that comes to a company that does not pay.
    pub(super) async fn bar_if_unpaid(
        &self,
        tx: &mut PgConnection,
        line: Line,
    ) -> Result<Line, Error> {
        let Some(company_id) = line.company_id else { return Ok(line) };
        if dunning::is_unpaid(tx, company_id).await? {
            self.block(tx, line, BlockReason::NoPay, &Cause::from(Actor::service("billing"))).await
        } else {
            Ok(line)
        }
    }

    /// Makes a line that came from another company no-pay or not, as the new one stands.
    pub(super) async fn bar_as_its_company_stands(
        &self,
        tx: &mut PgConnection,
        line: Line,
    ) -> Result<Line, Error> {
        if line.activated_at.is_none() {
            return Ok(line);
        }
        let cause = Cause::from(Actor::service("billing"));
        match line.company_id {
            Some(company_id) if dunning::is_unpaid(tx, company_id).await? => {
                self.block(tx, line, BlockReason::NoPay, &cause).await
            }
            _ => self.unblock(tx, line, BlockReason::NoPay, &cause).await,
        }
    }

    /// Ends lines, and frees what they had; gives back those that had not ended before.
    async fn cancel_each(
        &self,
        tx: &mut PgConnection,
        lines: Vec<Line>,
        cause: &Cause,
    ) -> Result<Vec<Line>, Error> {
        let now = self.service.clock.now();
        portability::cancel_for_lines(tx, &self.service, &lines, &cause.actor).await?;
        let lines = self.all_live_on(tx, lines, cause, |line| Ok(line.cancel(now))).await?;
        let line_ids: Vec<Uuid> = lines.iter().map(|line| line.line_id.into()).collect();
        numbers::store::release_of_lines(tx, &line_ids, now + self.quarantine, now).await?;
        sim_cards::store::retire_of_lines(tx, &line_ids, now).await?;
        Ok(lines)
    }

    async fn live_on(
        &self,
        tx: &mut PgConnection,
        line: Line,
        cause: &Cause,
        step: impl Fn(&mut Line) -> Result<Option<LineEvent>, Refusal>,
    ) -> Result<Line, Error> {
        let unchanged = line.clone();
        let changed = self.all_live_on(tx, vec![line], cause, step).await?;
        Ok(changed.into_iter().next().unwrap_or(unchanged))
    }

    /// Takes one step with lines that the transaction has locked; gives back those that it
    /// changed.
    async fn all_live_on(
        &self,
        tx: &mut PgConnection,
        lines: Vec<Line>,
        cause: &Cause,
        step: impl Fn(&mut Line) -> Result<Option<LineEvent>, Refusal>,
    ) -> Result<Vec<Line>, Error> {
        let mut event = None;
        let (mut before, mut after) = (vec![], vec![]);
        for line in lines {
            let mut changed = line.clone();
            if let Some(happened) = step(&mut changed).map_err(|why| line.refused(why))? {
                event = Some(happened);
                before.push(line);
                after.push(changed);
            }
        }
        let Some(event) = event else { return Ok(after) };
        store::save_lives(tx, &after.iter().collect::<Vec<_>>()).await?;
        let changes: Vec<Change<'_>> = before
            .iter()
            .zip(&after)
            .map(|(before, line)| Change { before: Some(before), line })
            .collect();
        self.tell(tx, &changes, event, cause).await?;
        Ok(after)
    }
}
