//! From when to when a line is charged for which plan, and to whom.

pub(crate) mod rpc;
mod store;

use brazil::{CompanyId, LineChargeId, LineId, PlanId, UserId};
use time::OffsetDateTime;

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
    use super::*;

    #[test]
    fn a_company_pays_for_its_people() {
        let (company_id, user_id) = (CompanyId::generate(), UserId::generate());
        let payer = Payer::of(Some(company_id), Some(user_id)).unwrap();
        assert_eq!((payer.company_id(), payer.user_id()), (Some(company_id), None));
        assert_eq!(Payer::of(None, Some(user_id)), Some(Payer::Person(user_id)));
        assert_eq!(Payer::of(None, None), None);
    }
}
