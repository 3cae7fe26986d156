//! What is changed of a line: its plan, its company, its user, its tag, its SIM card.

use brazil::{CompanyId, PlanId};
use chassis::holds;
use sqlx::PgConnection;

use super::story::Cause;
use super::{Line, LineEvent, Lines, Refusal, known_users};
use crate::error::Error;
use crate::neighbours::Person;
use crate::portability;
use crate::sim_cards::{self, SimCardName};

impl Lines {
    /// Puts a line that the transaction has locked on another plan.
    ///
    /// # Errors
    /// [`Refusal::Cancelled`].
    pub(crate) async fn change_plan(
        &self,
        tx: &mut PgConnection,
        mut line: Line,
        plan_id: PlanId,
        cause: &Cause,
    ) -> Result<Line, Error> {
        let before = line.clone();
        let changed = line.change_plan(plan_id, self.service.clock.now());
        self.keep_if_changed(tx, &before, &line, changed, cause).await?;
        Ok(line)
    }

    /// Makes another company the owner of the contract of a line that the transaction has locked.
    /// Its card goes along; what one company did not pay does not bar another's line.
    ///
    /// # Errors
    /// [`Error::CompanyHeld`]; [`Refusal::Cancelled`], [`Refusal::AwaitingApproval`];
    /// [`Refusal::PortInInProgress`], since the holder of the number that is on its way is the owner.
    pub(crate) async fn change_company(
        &self,
        tx: &mut PgConnection,
        mut line: Line,
        company_id: CompanyId,
        cause: &Cause,
    ) -> Result<Line, Error> {
        if !holds::admit(tx, company_id).await? {
            return Err(Error::CompanyHeld(company_id));
        }
        let (before, now) = (line.clone(), self.service.clock.now());
        let changed = line.change_company(company_id, now);
        let moves = matches!(changed, Ok(Some(_)));
        if moves && portability::has_open_port_in(tx, line.line_id).await? {
            return Err(line.refused(Refusal::PortInInProgress));
        }
        if !self.keep_if_changed(tx, &before, &line, changed, cause).await? {
            return Ok(line);
        }
        sim_cards::store::move_with_line(tx, line.line_id, company_id, now).await?;
        self.bar_as_its_company_stands(tx, line).await
    }

    /// Gives a line that the transaction has locked to a person.
    ///
    /// # Errors
    /// [`Refusal::Cancelled`]; [`Refusal::PortInInProgress`] when the contract would become
    /// somebody else's, since the holder of the number that is on its way is its owner.
    pub(crate) async fn attribute_user(
        &self,
        tx: &mut PgConnection,
        mut line: Line,
        person: Person,
        cause: &Cause,
    ) -> Result<Line, Error> {
        let (user_id, proven) = known_users::look_up(tx, person.user_id).await?;
        let visible = person.email_is_proven || proven;
        let before = line.clone();
        let changed = line.attribute(user_id, visible, self.service.clock.now());
        let moves = before.owner() != line.owner();
        if moves && portability::has_open_port_in(tx, line.line_id).await? {
            return Err(before.refused(Refusal::PortInInProgress));
        }
        self.keep_if_changed(tx, &before, &line, changed, cause).await?;
        Ok(line)
    }

    /// Sets or removes the tag of a line that the transaction has locked.
    ///
    /// # Errors
    /// [`Refusal::Cancelled`].
    pub(super) async fn set_tag(
        &self,
        tx: &mut PgConnection,
        mut line: Line,
        tag: Option<String>,
        cause: &Cause,
    ) -> Result<Line, Error> {
        let before = line.clone();
        let changed = line.set_tag(tag, self.service.clock.now());
        self.keep_if_changed(tx, &before, &line, changed, cause).await?;
        Ok(line)
    }

    /// Puts a card of its company's stock into a line that the transaction has locked, and that
    /// has none.
    ///
    /// # Errors
    /// [`Refusal::HasSimCard`], [`Refusal::Cancelled`], and those of [`sim_cards::store::lock`]
    /// and [`sim_cards::store::put`].
    pub(super) async fn put_sim_card(
        &self,
        tx: &mut PgConnection,
        line: Line,
        card: &SimCardName,
        cause: &Cause,
    ) -> Result<Line, Error> {
        line.takes_first_sim_card().map_err(|why| line.refused(why))?;
        self.change_sim_card(tx, line, card, cause).await
    }

    /// Puts a card of its company's stock into a line that the transaction has locked, and retires
    /// the one that was in it. The card that is in it already may stay.
    ///
    /// # Errors
    /// [`Refusal::Cancelled`], and those of [`sim_cards::store::lock`] and
    /// [`sim_cards::store::put`].
    pub(super) async fn change_sim_card(
        &self,
        tx: &mut PgConnection,
        mut line: Line,
        card: &SimCardName,
        cause: &Cause,
    ) -> Result<Line, Error> {
        let (before, now, line_id) = (line.clone(), self.service.clock.now(), line.line_id);
        line.is_live().map_err(|why| before.refused(why))?;
        let company_id = line.company_id.ok_or(Error::SimCardNotFound)?;
        let card = sim_cards::store::lock(tx, company_id, card).await?;
        if card.is_in(line_id) {
            return Ok(line);
        }
        sim_cards::store::retire_of_lines(tx, &[line_id.into()], now).await?;
        let iccid = sim_cards::store::put(tx, card, line_id, now).await?;
        let changed = line.change_sim_card(iccid, now).map_err(|why| before.refused(why))?;
        self.keep(tx, &before, &line, changed, cause).await?;
        Ok(line)
    }

    /// Writes and tells what was changed; false when nothing was.
    pub(super) async fn keep_if_changed(
        &self,
        tx: &mut PgConnection,
        before: &Line,
        line: &Line,
        changed: Result<Option<LineEvent>, Refusal>,
        cause: &Cause,
    ) -> Result<bool, Error> {
        match changed.map_err(|why| before.refused(why))? {
            Some(event) => {
                self.keep(tx, before, line, event, cause).await?;
                Ok(true)
            }
            None => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests;
