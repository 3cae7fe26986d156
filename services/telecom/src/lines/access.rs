//! What somebody may do with a line that they see.

use brazil::UserId;

use super::Line;

/// Something that may be done with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LinePermission {
    /// Read it.
    Read,
    /// Ask for a number to be ported into it.
    RequestPortability,
    /// Block it for theft or loss, and lift that.
    Block,
    /// Change its plan, number, SIM card, user and fields.
    Manage,
    /// Manage how it is paid for.
    ManageBilling,
}

impl Line {
    /// Whether it is somebody's own: they use it, and may know of it.
    pub(super) fn is_own(&self, user_id: Option<UserId>) -> bool {
        self.visible_to_user && user_id.is_some() && self.user_id == user_id
    }

    /// What may be done with it by somebody who sees it. `manages` says that they manage lines
    /// where it belongs.
    pub(super) fn permissions(
        &self,
        manages: bool,
        user_id: Option<UserId>,
    ) -> &'static [LinePermission] {
        use LinePermission::{Block, Manage, ManageBilling, Read, RequestPortability};
        match (manages, self.is_own(user_id), self.company_id) {
            (true, _, _) => &[Read, RequestPortability, Block, Manage, ManageBilling],
            (false, true, None) => &[Read, RequestPortability, Block, ManageBilling],
            (false, true, Some(_)) => &[Read, RequestPortability, Block],
            (false, false, _) => &[Read],
        }
    }
}
