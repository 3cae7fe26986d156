//! What lines offer to the porting of numbers.

use brazil::{CompanyId, LineId, MobileNumber, UserId};
use sqlx::PgConnection;

use super::{Line, Lines, Status, store};
use crate::error::Error;

impl Line {
    /// The company that pays, and that the line is managed by; none for a person's own line. The
    /// contract may be its user's all the same: [`Line::owner`].
    pub(crate) fn company_id(&self) -> Option<CompanyId> {
        self.company_id
    }

    /// The person who uses it.
    pub(crate) fn user_id(&self) -> Option<UserId> {
        self.user_id
    }

    /// The number it has.
    pub(crate) fn phone_number(&self) -> Option<&MobileNumber> {
        self.phone_number.as_ref()
    }

    /// Whether it works.
    pub(crate) fn is_active(&self) -> bool {
        self.status == Status::Active
    }
}

impl Lines {
    /// Reads a line and locks it until the transaction ends.
    ///
    /// # Errors
    /// [`Error::LineNotFound`].
    pub(crate) async fn lock(&self, tx: &mut PgConnection, line_id: LineId) -> Result<Line, Error> {
        store::lock(tx, line_id).await?.ok_or(Error::LineNotFound(line_id))
    }
}
