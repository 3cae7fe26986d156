//! Lines as messages.

use chassis::timestamp;
use proto::telecom::v1 as pb;

use crate::lines::access::LinePermission;
use crate::lines::{BlockReason, Line, Status};

impl From<Line> for pb::Line {
    fn from(line: Line) -> Self {
        Self {
            id: line.line_id.to_string(),
            user_id: line.user_id.map(|id| id.to_string()),
            company_id: line.company_id.map(|id| id.to_string()),
            provider: line.provider,
            phone_number: line.phone_number.map(String::from),
            is_portability: line.is_portability,
            iccid: line.iccid.map(|iccid| iccid.to_string()),
            status: pb::LineStatus::from(line.status).into(),
            plan_id: line.plan_id.to_string(),
            awaiting_approval: line.awaiting_approval,
            created_at: Some(timestamp::to_proto(line.created_at)),
            updated_at: Some(timestamp::to_proto(line.updated_at)),
            area_code: u8::from(line.area_code).into(),
            tag: line.tag,
            blocks: line
                .blocks
                .iter()
                .map(|reason| pb::BlockReason::from(*reason).into())
                .collect(),
            custom_fields: line.custom_fields.into_iter().collect(),
        }
    }
}

impl From<Status> for pb::LineStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Ordered => Self::Ordered,
            Status::Pending => Self::Pending,
            Status::Active => Self::Active,
            Status::Blocked => Self::Blocked,
            Status::Cancelled => Self::Cancelled,
        }
    }
}

impl From<LinePermission> for pb::LinePermission {
    fn from(permission: LinePermission) -> Self {
        match permission {
            LinePermission::Read => Self::Read,
            LinePermission::RequestPortability => Self::RequestPortability,
            LinePermission::Block => Self::Block,
            LinePermission::Manage => Self::Manage,
            LinePermission::ManageBilling => Self::ManageBilling,
        }
    }
}

impl From<BlockReason> for pb::BlockReason {
    fn from(reason: BlockReason) -> Self {
        match reason {
            BlockReason::Theft => Self::Theft,
            BlockReason::Loss => Self::Loss,
            BlockReason::Misuse => Self::Misuse,
            BlockReason::NoPay => Self::NoPay,
        }
    }
}

/// The reason that a message names, if it names one.
pub(super) fn block_reason(reason: pb::BlockReason) -> Option<BlockReason> {
    match reason {
        pb::BlockReason::Unspecified => None,
        pb::BlockReason::Theft => Some(BlockReason::Theft),
        pb::BlockReason::Loss => Some(BlockReason::Loss),
        pb::BlockReason::Misuse => Some(BlockReason::Misuse),
        pb::BlockReason::NoPay => Some(BlockReason::NoPay),
    }
}
