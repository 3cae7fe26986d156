//! The life of a line: its states, the steps between them, and why a step is refused.

use std::fmt;
use std::str::FromStr;

/// Where a line is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Status {
    /// Waits for a free number of its area.
    Ordered,
    /// Waits for the company's approval, or has a number and waits for the carrier.
    Pending,
    /// Works.
    Active,
    /// Barred for one or more reasons.
    Blocked,
    /// Ended for good.
    Cancelled,
}

impl Status {
    /// Its name in the timeline.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ordered => "ordered",
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Blocked => "blocked",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Why a line is barred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum BlockReason {
    /// Stolen.
    Theft,
    /// Lost.
    Loss,
    /// Misused.
    Misuse,
    /// Not paid for.
    NoPay,
}

/// The text names no reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is none of theft, loss, misuse and no-pay")]
pub(crate) struct InvalidBlockReason;

impl BlockReason {
    const ALL: [Self; 4] = [Self::Theft, Self::Loss, Self::Misuse, Self::NoPay];

    /// Its name.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Theft => "theft",
            Self::Loss => "loss",
            Self::Misuse => "misuse",
            Self::NoPay => "no-pay",
        }
    }
}

impl FromStr for BlockReason {
    type Err = InvalidBlockReason;

    fn from_str(text: &str) -> Result<Self, InvalidBlockReason> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text).ok_or(InvalidBlockReason)
    }
}

/// What leads from one state to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The company says that it pays.
    Approve,
    /// A number of its area is there for it.
    TakeNumber,
    /// The carrier has brought it to life.
    Activate,
    /// It is barred for a reason.
    Block,
    /// A reason to bar it is gone.
    Unblock {
        /// It was the only one.
        last: bool,
    },
    /// It ends.
    Cancel,
}

/// What happened to a line, and is not done with before it was told.
#[must_use = "tell it"]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineEvent {
    /// Somebody wants it, and its company has yet to say that it pays.
    Requested,
    /// Somebody pays for it: it may have a number.
    Ordered,
    /// Its company says that it pays: it may have a number.
    Approved,
    /// It has its first number: the carrier is to activate it.
    NumberTaken,
    /// It works.
    Activated,
    /// The carrier will not bring it to life.
    ActivationRefused,
    /// It is on another plan.
    PlanChanged,
    /// Another company owns the contract.
    CompanyChanged,
    /// The contract is the company's that pays, or that of the person who uses it.
    OwnerChanged,
    /// Somebody else uses it.
    UserChanged,
    /// The person who uses it may know of it.
    Shown,
    /// It has another number.
    NumberChanged,
    /// It has a card, or another one.
    SimCardChanged,
    /// Its company calls it otherwise.
    TagChanged,
    /// It is barred, for this reason too.
    Blocked(BlockReason),
    /// It is not barred for this reason any more.
    Unblocked(BlockReason),
    /// It has ended.
    Cancelled,
}

/// Why a line's state does not allow something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Nobody is to approve it.
    NotAwaitingApproval,
    /// Somebody has to approve it first.
    AwaitingApproval,
    /// It does not wait for a number.
    NotWaitingForNumber,
    /// It does not wait for the carrier.
    NotAwaitingCarrier,
    /// It does not work yet.
    NotInService,
    /// There is a card in it.
    HasSimCard,
    /// A number is on its way to it.
    PortInInProgress,
    /// It has ended.
    Cancelled,
}

impl Refusal {
    /// The refusal's name for programs.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::NotAwaitingApproval => "LINE_NOT_AWAITING_APPROVAL",
            Self::AwaitingApproval => "LINE_AWAITING_APPROVAL",
            Self::NotWaitingForNumber => "LINE_NOT_WAITING_FOR_NUMBER",
            Self::NotAwaitingCarrier => "LINE_NOT_AWAITING_CARRIER",
            Self::NotInService => "LINE_NOT_IN_SERVICE",
            Self::HasSimCard => "LINE_HAS_SIM_CARD",
            Self::PortInInProgress => "PORT_IN_IN_PROGRESS",
            Self::Cancelled => "LINE_CANCELLED",
        }
    }
}

impl fmt::Display for Refusal {
    /// Completes the sentence that starts with the line's id.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAwaitingApproval => "does not wait for approval",
            Self::AwaitingApproval => "waits for approval",
            Self::NotWaitingForNumber => "does not wait for a number",
            Self::NotAwaitingCarrier => "does not wait for the carrier",
            Self::NotInService => "is not in service yet",
            Self::HasSimCard => "has a SIM card already",
            Self::PortInInProgress => "has an open port-in",
            Self::Cancelled => "is cancelled",
        })
    }
}

/// Where a step leads. No step leads into waiting for approval: a line begins there or never does.
pub(super) fn after(
    status: Status,
    awaiting_approval: bool,
    step: Step,
) -> Result<Status, Refusal> {
    use Status::{Active, Blocked, Cancelled, Ordered, Pending};
    match (status, awaiting_approval, step) {
        (Pending, true, Step::Approve) => Ok(Ordered),
        (Ordered, _, Step::TakeNumber) => Ok(Pending),
        (Pending, false, Step::Activate) => Ok(Active),
        (Active | Blocked, _, Step::Block) => Ok(Blocked),
        (Blocked, _, Step::Unblock { last: false }) => Ok(Blocked),
        (Blocked, _, Step::Unblock { last: true }) => Ok(Active),
        (Ordered | Pending | Active | Blocked, _, Step::Cancel) => Ok(Cancelled),
        (_, _, Step::Approve) => Err(Refusal::NotAwaitingApproval),
        (_, _, Step::TakeNumber) => Err(Refusal::NotWaitingForNumber),
        (_, _, Step::Activate) => Err(Refusal::NotAwaitingCarrier),
        (Cancelled, _, Step::Block | Step::Unblock { .. } | Step::Cancel) => {
            Err(Refusal::Cancelled)
        }
        (_, _, Step::Block | Step::Unblock { .. }) => Err(Refusal::NotInService),
    }
}
