//! What other features read of a line.

use super::{Line, Status};

impl Line {
    /// Whether it has ended.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.status == Status::Cancelled
    }
}
