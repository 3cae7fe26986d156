//! What not paying leads to: notice, suspension, termination (Anatel's rules for consumers). The
//! machine is pure; the sweep asks it what is due now.
//!
//! Each step is taken when it is due and not before, and dated when it is taken: the next one
//! counts from there. So a sweep that comes late, or a clock that jumps over months, shortens no
//! period: whoever is noticed today has fifteen days from today.

pub(crate) mod rpc;
mod steps;
mod store;

use brazil::{CompanyId, NonPaymentTerms, local_date, start_of_day};
use clap::Args;
use time::OffsetDateTime;

pub(crate) use steps::{Dunning, sweep};

/// How long an operator waits before it acts on non-payment.
#[derive(Clone, Copy, Debug, Args)]
pub struct Terms {
    /// Days between the notice of non-payment and the suspension.
    #[arg(
        long,
        env = "LINHA_SUSPENSION_AFTER_DAYS",
        value_name = "LINHA_SUSPENSION_AFTER_DAYS",
        default_value_t = NonPaymentTerms::default().suspension_after_days
    )]
    pub suspension_after_days: u16,

    /// Days between the suspension and the termination.
    #[arg(
        long,
        env = "LINHA_TERMINATION_AFTER_DAYS",
        value_name = "LINHA_TERMINATION_AFTER_DAYS",
        default_value_t = NonPaymentTerms::default().termination_after_days
    )]
    pub termination_after_days: u16,
}

impl Default for Terms {
    /// The legal periods.
    fn default() -> Self {
        let NonPaymentTerms { suspension_after_days, termination_after_days } =
            NonPaymentTerms::default();
        Self { suspension_after_days, termination_after_days }
    }
}

impl From<Terms> for NonPaymentTerms {
    fn from(terms: Terms) -> Self {
        let Terms { suspension_after_days, termination_after_days } = terms;
        Self { suspension_after_days, termination_after_days }
    }
}

/// What not paying has led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Good,
    Noticed,
    Suspended,
    Terminated,
}

/// What happens to a company.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It is told that an invoice is overdue.
    Notice,
    /// Its lines are barred, and it is told that they will end.
    Suspend,
    /// Its lines end.
    Terminate,
    /// It has paid everything overdue: bars are lifted.
    Clear,
    /// It has paid when there was nothing left to lift: its lines are gone, its debt too.
    Acquit,
}

/// When a step may be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    AtOnce,
    /// When the period that runs in the state has passed.
    InTime,
}

/// From, whether something is overdue, when, what happens, to. There is nothing else.
const TRANSITIONS: &[(State, bool, When, Step, State)] = &[
    (State::Good, true, When::AtOnce, Step::Notice, State::Noticed),
    (State::Noticed, false, When::AtOnce, Step::Clear, State::Good),
    (State::Noticed, true, When::InTime, Step::Suspend, State::Suspended),
    (State::Suspended, false, When::AtOnce, Step::Clear, State::Good),
    (State::Suspended, true, When::InTime, Step::Terminate, State::Terminated),
    (State::Terminated, false, When::AtOnce, Step::Acquit, State::Good),
];

/// How a company stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) company_id: CompanyId,
    pub(crate) state: State,
    pub(crate) noticed_at: Option<OffsetDateTime>,
    pub(crate) suspended_at: Option<OffsetDateTime>,
    pub(crate) terminated_at: Option<OffsetDateTime>,
}

impl Standing {
    /// Of a company that owes nothing overdue.
    pub(crate) fn good(company_id: CompanyId) -> Self {
        Self {
            company_id,
            state: State::Good,
            noticed_at: None,
            suspended_at: None,
            terminated_at: None,
        }
    }

    /// When lines may be suspended at the earliest. None without a notice.
    pub(crate) fn suspension_from(&self, terms: Terms) -> Option<OffsetDateTime> {
        let dates = NonPaymentTerms::from(terms).dates(local_date(self.noticed_at?));
        Some(start_of_day(dates.suspend_from))
    }

    /// When lines may end at the earliest. None before suspension.
    pub(crate) fn termination_from(&self, terms: Terms) -> Option<OffsetDateTime> {
        let suspended = local_date(self.suspended_at?);
        Some(start_of_day(NonPaymentTerms::from(terms).terminate_from(suspended)))
    }

    /// When the period that runs has passed. None where none runs.
    pub(crate) fn next_from(&self, terms: Terms) -> Option<OffsetDateTime> {
        match self.state {
            State::Noticed => self.suspension_from(terms),
            State::Suspended => self.termination_from(terms),
            State::Good | State::Terminated => None,
        }
    }

    /// What is to happen now, `owes` saying whether any invoice is overdue; and how the company
    /// stands then. None when nothing is.
    pub(crate) fn next(
        &self,
        owes: bool,
        now: OffsetDateTime,
        terms: Terms,
    ) -> Option<(Step, Self)> {
        let in_time = self.next_from(terms).is_some_and(|from| now >= from);
        let (.., step, state) = TRANSITIONS.iter().find(|(from, needs_debt, when, ..)| {
            *from == self.state && *needs_debt == owes && (*when == When::AtOnce || in_time)
        })?;
        let moved = Self { state: *state, ..*self };
        let after = match step {
            Step::Notice => Self { noticed_at: Some(now), ..moved },
            Step::Suspend => Self { suspended_at: Some(now), ..moved },
            Step::Terminate => Self { terminated_at: Some(now), ..moved },
            Step::Clear | Step::Acquit => Self::good(self.company_id),
        };
        Some((*step, after))
    }
}

#[cfg(test)]
mod tests;
