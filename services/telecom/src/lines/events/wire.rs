//! Lines' events as messages.

use brazil::{CompanyId, MobileNumber, UserId};
use chassis::timestamp;
use proto::events::v1::{
    LineActivated, LineBlocked, LineCancelled, LineCompanyChanged, LineNumberChanged, LineOrdered,
    LinePlanChanged, LineSimCardChanged, LineUnblocked, LineUserChanged,
};

use super::Change;
use crate::lines::{BlockReason, Line, Status};

/// Somebody pays for a line.
pub(super) fn ordered(change: &Change<'_>) -> LineOrdered {
    let line = change.line;
    LineOrdered {
        line_id: line.line_id.to_string(),
        company_id: company_of(line),
        user_id: user_of(line),
        plan_id: line.plan_id.to_string(),
    }
}

/// A line works.
pub(super) fn activated(change: &Change<'_>) -> LineActivated {
    let line = change.line;
    LineActivated {
        line_id: line.line_id.to_string(),
        company_id: company_of(line),
        user_id: user_of(line),
        plan_id: line.plan_id.to_string(),
        phone_number: number_of(line).unwrap_or_default(),
        activated_at: line.activated_at.map(timestamp::to_proto),
    }
}

/// A line is on another plan.
pub(super) fn plan(change: &Change<'_>) -> LinePlanChanged {
    let line = change.line;
    LinePlanChanged {
        line_id: line.line_id.to_string(),
        company_id: company_of(line),
        user_id: user_of(line),
        plan_id: line.plan_id.to_string(),
        previous_plan_id: change.before.unwrap_or(line).plan_id.to_string(),
        changed_at: Some(timestamp::to_proto(line.updated_at)),
    }
}

/// Another company owns the contract.
pub(super) fn company(change: &Change<'_>) -> LineCompanyChanged {
    let line = change.line;
    LineCompanyChanged {
        line_id: line.line_id.to_string(),
        company_id: company_of(line),
        user_id: user_of(line),
        previous_company_id: change.before.and_then(company_of),
        plan_id: line.plan_id.to_string(),
        changed_at: Some(timestamp::to_proto(line.updated_at)),
    }
}

/// Somebody else uses a line.
pub(super) fn user(change: &Change<'_>) -> LineUserChanged {
    let line = change.line;
    LineUserChanged {
        line_id: line.line_id.to_string(),
        company_id: company_of(line),
        user_id: user_of(line),
        previous_user_id: change.before.and_then(user_of),
        changed_at: Some(timestamp::to_proto(line.updated_at)),
    }
}

/// A line has another number.
pub(super) fn number(change: &Change<'_>) -> LineNumberChanged {
    let line = change.line;
    LineNumberChanged {
        line_id: line.line_id.to_string(),
        company_id: company_of(line),
        user_id: user_of(line),
        phone_number: number_of(line).unwrap_or_default(),
        previous_phone_number: change.before.and_then(number_of),
        is_portability: line.is_portability,
        changed_at: Some(timestamp::to_proto(line.updated_at)),
    }
}

/// A line has a card, or another one.
pub(super) fn sim_card(change: &Change<'_>) -> LineSimCardChanged {
    let line = change.line;
    LineSimCardChanged {
        line_id: line.line_id.to_string(),
        company_id: company_of(line),
        user_id: user_of(line),
        iccid: card_of(line).unwrap_or_default(),
        previous_iccid: change.before.and_then(card_of),
        changed_at: Some(timestamp::to_proto(line.updated_at)),
    }
}

/// A line is barred.
pub(super) fn blocked(change: &Change<'_>, reason: BlockReason) -> LineBlocked {
    let line = change.line;
    LineBlocked {
        line_id: line.line_id.to_string(),
        company_id: company_of(line),
        user_id: user_of(line),
        reason: reason.as_str().to_owned(),
        blocked_at: Some(timestamp::to_proto(line.updated_at)),
    }
}

/// A reason to bar a line is gone.
pub(super) fn unblocked(change: &Change<'_>, reason: BlockReason) -> LineUnblocked {
    let line = change.line;
    LineUnblocked {
        line_id: line.line_id.to_string(),
        company_id: company_of(line),
        user_id: user_of(line),
        reason: reason.as_str().to_owned(),
        active: line.status == Status::Active,
        unblocked_at: Some(timestamp::to_proto(line.updated_at)),
    }
}

/// A line has ended.
pub(super) fn cancelled(change: &Change<'_>, reason: Option<&str>) -> LineCancelled {
    let line = change.line;
    LineCancelled {
        line_id: line.line_id.to_string(),
        company_id: company_of(line),
        user_id: user_of(line),
        plan_id: line.plan_id.to_string(),
        reason: reason.map(str::to_owned),
        cancelled_at: Some(timestamp::to_proto(line.updated_at)),
    }
}

fn company_of(line: &Line) -> Option<String> {
    line.company_id.as_ref().map(CompanyId::to_string)
}

fn user_of(line: &Line) -> Option<String> {
    line.user_id.as_ref().map(UserId::to_string)
}

fn number_of(line: &Line) -> Option<String> {
    line.phone_number.as_ref().map(MobileNumber::to_string)
}

fn card_of(line: &Line) -> Option<String> {
    line.iccid.as_ref().map(ToString::to_string)
}
