//! From when to when a line is charged for which plan, and to whom.
//!
//! A day of use is charged whole, and once: to the plan and the payer that the line has at the
//! end of that day. So the day of activation and the day of cancellation both count, and the day
//! of a change is charged as what the line changed to. A blocked line is charged like any other:
//! its number and its plan are kept for it.

mod lateness;
pub(crate) mod rpc;
mod store;

use brazil::{CompanyId, LineChargeId, LineId, PlanId, UserId};
use time::{Date, Duration, OffsetDateTime};

use lateness::{Closing, LateDays};
pub(crate) use store::{closing, lock_closing};

/// A stretch of time in which a line is charged for a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LineCharge {
    pub(crate) charge_id: LineChargeId,
    pub(crate) line_id: LineId,
    pub(crate) payer: Payer,
    pub(crate) plan_id: PlanId,
    pub(crate) started_at: OffsetDateTime,
    /// Absent while it runs.
    pub(crate) ended_at: Option<OffsetDateTime>,
}

/// Why a charge ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Another one follows, which takes the day.
    Changed,
    /// The line has ended: it was used that day.
    Cancelled,
}

impl LineCharge {
    /// A charge that begins and goes on.
    pub(crate) fn beginning(
        line_id: LineId,
        payer: Payer,
        plan_id: PlanId,
        started_at: OffsetDateTime,
    ) -> Self {
        let charge_id = LineChargeId::generate();
        Self { charge_id, line_id, payer, plan_id, started_at, ended_at: None }
    }

    /// The first day that is charged.
    pub(crate) fn first_day(&self) -> Date {
        brazil::local_date(self.started_at)
    }
}

impl End {
    /// The last day that is charged of a charge that ends then: the day before its first one when
    /// none is.
    pub(crate) fn last_day(self, ended_at: OffsetDateTime) -> Date {
        let day = brazil::local_date(ended_at);
        match self {
            Self::Changed => day.saturating_sub(Duration::DAY),
            Self::Cancelled => day,
        }
    }
}

/// Who pays for a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payer {
    /// The company that owns the contract.
    Company(CompanyId),
    /// The person whose own line it is.
    Person(UserId),
}

impl Payer {
    /// The payer of a line: its company, else the person who uses it, if anybody does.
    pub(crate) fn of(company_id: Option<CompanyId>, user_id: Option<UserId>) -> Option<Self> {
        company_id.map(Self::Company).or(user_id.map(Self::Person))
    }

    /// The company, if it is one.
    pub(crate) fn company_id(self) -> Option<CompanyId> {
        match self {
            Self::Company(company_id) => Some(company_id),
            Self::Person(_) => None,
        }
    }

    /// The person, if it is one.
    pub(crate) fn user_id(self) -> Option<UserId> {
        match self {
            Self::Company(_) => None,
            Self::Person(user_id) => Some(user_id),
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    #[test]
    fn the_day_of_a_change_is_charged_once() {
        let evening = datetime!(2026-11-11 02:30 UTC);
        assert_eq!(End::Cancelled.last_day(evening), date!(2026 - 11 - 10));
        assert_eq!(End::Changed.last_day(evening), date!(2026 - 11 - 09));
        let payer = Payer::Company(CompanyId::generate());
        let next = LineCharge::beginning(LineId::generate(), payer, PlanId::generate(), evening);
        assert_eq!(next.first_day(), date!(2026 - 11 - 10));
    }

    #[test]
    fn a_company_pays_for_its_people() {
        let (company_id, user_id) = (CompanyId::generate(), UserId::generate());
        let payer = Payer::of(Some(company_id), Some(user_id)).unwrap();
        assert_eq!((payer.company_id(), payer.user_id()), (Some(company_id), None));
        assert_eq!(Payer::of(None, Some(user_id)), Some(Payer::Person(user_id)));
        assert_eq!(Payer::of(None, None), None);
    }
}
