//! How lines come into being: ordered for a company, signed up for by a person, approved later.

use std::sync::Arc;

use brazil::{CompanyId, LineId, UserId};
use chassis::{Service, holds};
use sqlx::PgConnection;
use time::Duration;

use super::story::Cause;
use super::waiting::ServeWaitingLines;
use super::{Line, NewLine, Refusal, known_users, store};
use crate::error::Error;
use crate::numbers;
use crate::timeline::Actor;

const QUARANTINE: Duration = Duration::days(180);

/// What is done with lines, each within a transaction of the caller's.
#[derive(Clone)]
pub(crate) struct Lines {
    pub(super) service: Service,
    provider: Arc<str>,
    pub(super) quarantine: Duration,
}

impl Lines {
    /// `provider` is the carrier that new lines are on.
    pub(crate) fn new(service: Service, provider: Arc<str>) -> Self {
        Self { service, provider, quarantine: QUARANTINE }
    }

    /// Keeps numbers that leave a line back for so long.
    #[must_use]
    pub(crate) fn with_quarantine(self, quarantine: Duration) -> Self {
        Self { quarantine, ..self }
    }

    /// What lines share with the rest of the service.
    pub(crate) fn service(&self) -> &Service {
        &self.service
    }

    /// Makes a line that has its number at once.
    ///
    /// # Errors
    /// [`Error::AreaCodeOutOfStock`] when no number of its area is free; [`Error::CompanyHeld`].
    pub(crate) async fn order(
        &self,
        tx: &mut PgConnection,
        mut new: NewLine,
        cause: &Cause,
    ) -> Result<Line, Error> {
        if let Some(company_id) = new.company_id
            && !holds::admit(tx, company_id).await?
        {
            return Err(Error::CompanyHeld(company_id));
        }
        if let Some(user_id) = new.user_id {
            let (user_id, proven) = known_users::look_up(tx, user_id).await?;
            new.user_id = Some(user_id);
            new.visible_to_user |= proven;
        }
        let (mut line, ordered) = Line::order(new, &self.provider, self.service.clock.now());
        self.add(tx, &line, ordered, cause).await?;
        if !self.take_number(tx, &mut line, cause).await? {
            return Err(Error::AreaCodeOutOfStock(line.area_code));
        }
        Ok(line)
    }

    /// Makes a line that waits for a number while its area has none.
    pub(crate) async fn order_or_wait(
        &self,
        tx: &mut PgConnection,
        new: NewLine,
        cause: &Cause,
    ) -> Result<Line, Error> {
        let (mut line, ordered) = Line::order(new, &self.provider, self.service.clock.now());
        self.add(tx, &line, ordered, cause).await?;
        self.take_number_or_wait(tx, &mut line, cause).await?;
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
        let actor = new.user_id.map_or_else(|| Actor::service("identity"), Actor::holder);
        let cause = &Cause::from(actor);
        let (mut line, event) = if approved {
            Line::order(new, &self.provider, now)
        } else {
            Line::request(new, &self.provider, now)
        };
        self.add(tx, &line, event, cause).await?;
        if approved { self.take_number_or_wait(tx, &mut line, cause).await } else { Ok(()) }
    }

    /// Approves a line that the transaction has locked.
    ///
    /// # Errors
    /// [`Refusal::NotAwaitingApproval`].
    pub(super) async fn approve(
        &self,
        tx: &mut PgConnection,
        mut line: Line,
        cause: &Cause,
    ) -> Result<Line, Error> {
        let before = line.clone();
        let approved = line.approve(self.service.clock.now()).map_err(|why| before.refused(why))?;
        self.keep(tx, &before, &line, approved, cause).await?;
        self.take_number_or_wait(tx, &mut line, cause).await?;
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
        let cause = &Cause::from(Actor::service("identity"));
        known_users::note_proof(tx, user_id, self.service.clock.now()).await?;
        self.hand_over_hidden(tx, user_id, user_id, true).await?;
        for line_id in store::awaiting_approval(tx, user_id, company_ids).await? {
            let line = store::lock(tx, line_id).await?.ok_or(Error::LineNotFound(line_id))?;
            // Somebody may have approved it while the lock was waited for.
            match self.approve(tx, line, cause).await {
                Ok(_) | Err(Error::Line(_, Refusal::NotAwaitingApproval)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Gives the owner of an address what others tied to the account that made way.
    pub(super) async fn pass_on(
        &self,
        tx: &mut PgConnection,
        replaced: UserId,
        owner: UserId,
    ) -> Result<(), Error> {
        let proven = known_users::note_replacement(tx, replaced, owner).await?;
        self.hand_over_hidden(tx, replaced, owner, proven).await
    }

    async fn hand_over_hidden(
        &self,
        tx: &mut PgConnection,
        from: UserId,
        to: UserId,
        visible: bool,
    ) -> Result<(), Error> {
        let cause = &Cause::from(Actor::service("identity"));
        let now = self.service.clock.now();
        for before in store::lock_hidden_of_user(tx, from).await? {
            let mut line = before.clone();
            // Of a line that has ended nobody needs to learn any more.
            if let Ok(Some(event)) = line.attribute(to, visible, now) {
                self.keep(tx, &before, &line, event, cause).await?;
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
        self.take_number(tx, &mut line, &Cause::from(Actor::service("telecom"))).await
    }

    async fn take_number_or_wait(
        &self,
        tx: &mut PgConnection,
        line: &mut Line,
        cause: &Cause,
    ) -> Result<(), Error> {
        if !self.take_number(tx, line, cause).await? {
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
        cause: &Cause,
    ) -> Result<bool, Error> {
        let (before, now) = (line.clone(), self.service.clock.now());
        let taken = numbers::store::take(tx, line.area_code, line.line_id, now).await?;
        let Some(number) = taken else { return Ok(false) };
        let event = line.take_number(number, now).map_err(|why| before.refused(why))?;
        self.keep(tx, &before, line, event, cause).await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
