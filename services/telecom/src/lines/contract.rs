//! Whose the contract of a line is, and how far a line has come for whoever ordered it.

use brazil::{CompanyId, UserId};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::story::Cause;
use super::{Line, LineEvent, Lines, Refusal, Status};
use crate::error::Error;
use crate::portability;

/// Who the contract of a line belongs to. Who pays is another question: the company wherever
/// there is one, which [`Line::company_id`] tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A company.
    Company(CompanyId),
    /// The person who uses the line.
    Person(UserId),
}

/// How far a line has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing<'a> {
    /// Its area has no free number.
    WaitsForNumber,
    /// The carrier has not answered.
    WaitsForCarrier,
    /// The carrier will not have it, and says why.
    RefusedByCarrier(&'a str),
    /// It works, or did.
    InService,
    /// It has ended.
    Cancelled,
}

impl Line {
    /// Who the contract belongs to: whose document counts when a number is ported in.
    pub(crate) fn owner(&self) -> Option<Owner> {
        match (self.company_id, self.user_id) {
            (Some(company_id), _) if !self.owned_by_user => Some(Owner::Company(company_id)),
            (_, Some(user_id)) => Some(Owner::Person(user_id)),
            (_, None) => None,
        }
    }

    /// The person that the contract belongs to, though a company pays.
    pub(super) fn personal_owner(&self) -> Option<UserId> {
        match self.owner() {
            Some(Owner::Person(user_id)) if self.company_id.is_some() => Some(user_id),
            _ => None,
        }
    }

    /// How far it has come.
    pub(crate) fn standing(&self) -> Standing<'_> {
        match (self.status, &self.activation_refused) {
            (Status::Ordered, _) => Standing::WaitsForNumber,
            (Status::Pending, Some(reason)) => Standing::RefusedByCarrier(reason),
            (Status::Pending, None) => Standing::WaitsForCarrier,
            (Status::Active | Status::Blocked, _) => Standing::InService,
            (Status::Cancelled, _) => Standing::Cancelled,
        }
    }

    /// Makes the contract of a line that a company pays for the person's who uses it, or the
    /// company's; none when it is already.
    pub(super) fn change_owner(
        &mut self,
        owned_by_user: bool,
        now: OffsetDateTime,
    ) -> Result<Option<LineEvent>, Refusal> {
        self.is_live()?;
        let can_differ = self.company_id.is_some() && self.user_id.is_some();
        if !can_differ || self.owned_by_user == owned_by_user {
            return Ok(None);
        }
        self.owned_by_user = owned_by_user;
        self.updated_at = now;
        Ok(Some(LineEvent::OwnerChanged))
    }
}

impl Lines {
    /// Makes the contract of a line that the transaction has locked, and that a company pays for,
    /// the person's who uses it, or the company's.
    ///
    /// # Errors
    /// [`Refusal::Cancelled`]; [`Refusal::PortInInProgress`], since the holder of the number that
    /// is on its way is the owner.
    pub(crate) async fn change_owner(
        &self,
        tx: &mut PgConnection,
        mut line: Line,
        owned_by_user: bool,
        cause: &Cause,
    ) -> Result<Line, Error> {
        let before = line.clone();
        let changed = line.change_owner(owned_by_user, self.service.clock.now());
        let changes = matches!(changed, Ok(Some(_)));
        if changes && portability::has_open_port_in(tx, line.line_id).await? {
            return Err(line.refused(Refusal::PortInInProgress));
        }
        self.keep_if_changed(tx, &before, &line, changed, cause).await?;
        Ok(line)
    }
}

#[cfg(test)]
mod tests;
