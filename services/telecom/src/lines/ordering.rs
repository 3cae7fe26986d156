//! How lines come into being: ordered for a company, signed up for by a person, approved later.

use std::sync::Arc;

use brazil::{CompanyId, LineId, UserId};
use chassis::Service;
use sqlx::PgConnection;

use super::waiting::ServeWaitingLines;
use super::{Line, NewLine, Refusal, store};
use crate::error::Error;
use crate::numbers;
use crate::sim_cards::{self, SimCardName};
use crate::timeline::Actor;

/// What is done with lines, each within a transaction of the caller's.
#[derive(Clone)]
pub(crate) struct Lines {
    pub(super) service: Service,
    provider: Arc<str>,
}

impl Lines {
    /// `provider` is the carrier that new lines are on.
    pub(crate) fn new(service: Service, provider: Arc<str>) -> Self {
        Self { service, provider }
    }

    /// Makes a line that has its number at once.
    ///
    /// # Errors
    /// [`Error::AreaCodeOutOfStock`] when no number of its area is free.
    pub(crate) async fn order(
        &self,
        tx: &mut PgConnection,
        new: NewLine,
        actor: &Actor,
    ) -> Result<Line, Error> {
        let (mut line, ordered) = Line::order(new, &self.provider, self.service.clock.now());
        store::insert(tx, &line).await?;
        self.tell(tx, None, &line, ordered, actor, None).await?;
        if !self.take_number(tx, &mut line, actor).await? {
            return Err(Error::AreaCodeOutOfStock(line.area_code));
        }
        Ok(line)
    }

    /// Makes the line that a person signed up for, once. Without a free number it waits for one;
    /// not `approved`, it waits for its company's approval first.
    pub(super) async fn sign_up(
        &self,
        tx: &mut PgConnection,
        new: NewLine,
        approved: bool,
    ) -> Result<(), Error> {
        if store::exists(tx, new.line_id).await? {
            return Ok(());
        }
        let now = self.service.clock.now();
        let actor = &new.user_id.map_or_else(|| Actor::service("identity"), Actor::holder);
        let (mut line, event) = if approved {
            Line::order(new, &self.provider, now)
        } else {
            Line::request(new, &self.provider, now)
        };
        store::insert(tx, &line).await?;
        self.tell(tx, None, &line, event, actor, None).await?;
        if approved { self.take_number_or_wait(tx, &mut line, actor).await } else { Ok(()) }
    }

    /// Approves a line that the transaction has locked.
    ///
    /// # Errors
    /// [`Refusal::NotAwaitingApproval`].
    pub(super) async fn approve(
        &self,
        tx: &mut PgConnection,
        mut line: Line,
        actor: &Actor,
    ) -> Result<Line, Error> {
        let before = line.clone();
        let approved = line
            .approve(self.service.clock.now())
            .map_err(|refusal| Error::Line(before.line_id, refusal))?;
        store::save(tx, &line).await?;
        self.tell(tx, Some(&before), &line, approved, actor, None).await?;
        self.take_number_or_wait(tx, &mut line, actor).await?;
        Ok(line)
    }

    /// Puts a card of its company's stock into a line that the transaction has locked.
    ///
    /// # Errors
    /// [`Refusal::HasSimCard`], [`Refusal::Cancelled`], and those of [`sim_cards::store::take`].
    pub(super) async fn put_sim_card(
        &self,
        tx: &mut PgConnection,
        mut line: Line,
        card: &SimCardName,
        actor: &Actor,
    ) -> Result<Line, Error> {
        let (before, line_id) = (line.clone(), line.line_id);
        let refused = |refusal| Error::Line(line_id, refusal);
        line.takes_sim_card().map_err(refused)?;
        let company_id = line.company_id.ok_or(Error::SimCardNotFound)?;
        let now = self.service.clock.now();
        let iccid = sim_cards::store::take(tx, company_id, card, line_id, now).await?;
        let put = line.put_sim_card(iccid, now).map_err(refused)?;
        store::save(tx, &line).await?;
        self.tell(tx, Some(&before), &line, put, actor, None).await?;
        Ok(line)
    }

    /// Shows a person the lines that others tied to them, and approves those that wait for one
    /// of the companies that their e-mail belongs to.
    pub(super) async fn prove_email(
        &self,
        tx: &mut PgConnection,
        user_id: UserId,
        company_ids: &[CompanyId],
    ) -> Result<(), Error> {
        store::show_to_user(tx, user_id, self.service.clock.now()).await?;
        for line_id in store::awaiting_approval(tx, user_id, company_ids).await? {
            let line = store::lock(tx, line_id).await?.ok_or(Error::LineNotFound(line_id))?;
            // Somebody may have approved it while the lock was waited for.
            match self.approve(tx, line, &Actor::service("identity")).await {
                Ok(_) | Err(Error::Line(_, Refusal::NotAwaitingApproval)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Gives a line that waits for a number the one that is free; false when none is.
    pub(super) async fn serve_waiting(
        &self,
        tx: &mut PgConnection,
        line_id: LineId,
    ) -> Result<bool, Error> {
        let mut line = store::lock(tx, line_id).await?.ok_or(Error::LineNotFound(line_id))?;
        self.take_number(tx, &mut line, &Actor::service("telecom")).await
    }

    async fn take_number_or_wait(
        &self,
        tx: &mut PgConnection,
        line: &mut Line,
        actor: &Actor,
    ) -> Result<(), Error> {
        if !self.take_number(tx, line, actor).await? {
            // Numbers may be added while this transaction is not yet to be seen: whoever adds
            // them would not know of this line, so it looks for itself when it can be seen.
            ServeWaitingLines::enqueue(tx, &self.service, line.area_code).await?;
        }
        Ok(())
    }

    /// Takes a number of the line's area from the stock, and has the carrier asked; false when
    /// none is free.
    async fn take_number(
        &self,
        tx: &mut PgConnection,
        line: &mut Line,
        actor: &Actor,
    ) -> Result<bool, Error> {
        let (before, now) = (line.clone(), self.service.clock.now());
        let taken = numbers::store::take(tx, line.area_code, line.line_id, now).await?;
        let Some(number) = taken else { return Ok(false) };
        let event =
            line.take_number(number, now).map_err(|refusal| Error::Line(line.line_id, refusal))?;
        store::save(tx, line).await?;
        self.tell(tx, Some(&before), line, event, actor, None).await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
