//! How lines come to other numbers.

use brazil::{AreaCode, MobileNumber};
use sqlx::PgConnection;

use super::story::Cause;
use super::{Line, Lines, Refusal};
use crate::error::Error;
use crate::timeline::Actor;
use crate::{numbers, portability};

impl Lines {
    /// Draws a new number for a line that the transaction has locked; the old one is kept back.
    /// The line belongs to the number's area from now on.
    ///
    /// # Errors
    /// [`Refusal::Cancelled`], [`Refusal::AwaitingApproval`], [`Refusal::PortInInProgress`],
    /// [`Error::AreaCodeOutOfStock`].
    pub(super) async fn provision_number(
        &self,
        tx: &mut PgConnection,
        mut line: Line,
        area_code: Option<AreaCode>,
        cause: &Cause,
    ) -> Result<Line, Error> {
        line.takes_another_number().map_err(|why| line.refused(why))?;
        if portability::has_open_port_in(tx, line.line_id).await? {
            return Err(line.refused(Refusal::PortInInProgress));
        }
        let (before, now, line_id) = (line.clone(), self.service.clock.now(), line.line_id);
        let area_code = area_code.unwrap_or(line.area_code);
        self.release_number(tx, &line).await?;
        let number = numbers::store::draw(tx, area_code, line_id, now)
            .await?
            .ok_or(Error::AreaCodeOutOfStock(area_code))?;
        let changed = line.change_number(number, false, now).map_err(|why| before.refused(why))?;
        self.keep(tx, &before, &line, changed, cause).await?;
        Ok(line)
    }

    /// Gives a line that the transaction has locked the number that it brings along; the one that
    /// it had is kept back.
    ///
    /// # Errors
    /// [`Refusal::Cancelled`], [`Refusal::AwaitingApproval`].
    pub(crate) async fn number_ported_in(
        &self,
        tx: &mut PgConnection,
        line: &Line,
        number: &MobileNumber,
        actor: &Actor,
    ) -> Result<(), Error> {
        line.takes_another_number().map_err(|why| line.refused(why))?;
        let (mut ported, now) = (line.clone(), self.service.clock.now());
        self.release_number(tx, line).await?;
        numbers::store::port_in(tx, number, line.line_id, now).await?;
        let changed =
            ported.change_number(number.clone(), true, now).map_err(|why| line.refused(why))?;
        Ok(self.keep(tx, line, &ported, changed, &Cause::from(actor.clone())).await?)
    }

    async fn release_number(&self, tx: &mut PgConnection, line: &Line) -> sqlx::Result<()> {
        let now = self.service.clock.now();
        let line_ids = [line.line_id.into()];
        numbers::store::release_of_lines(tx, &line_ids, now + self.quarantine, now).await
    }
}
