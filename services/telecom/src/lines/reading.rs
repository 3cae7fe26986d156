//! What other features read of a line.

use brazil::PlanId;

use super::{Line, Refusal, Status};
use crate::custom_fields::CustomFields;

impl Line {
    /// Its plan.
    pub(crate) fn plan_id(&self) -> PlanId {
        self.plan_id
    }

    /// The carrier it runs on.
    pub(crate) fn provider(&self) -> &str {
        &self.provider
    }

    /// What its company notes about it.
    pub(crate) fn custom_fields(&self) -> &CustomFields {
        &self.custom_fields
    }

    /// Whether it has ended.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.status == Status::Cancelled
    }

    /// That it was brought to life, and has not ended. It may be barred.
    ///
    /// # Errors
    /// [`Refusal::NotInService`], [`Refusal::Cancelled`].
    pub(crate) fn is_in_service(&self) -> Result<(), Refusal> {
        match self.status {
            Status::Active | Status::Blocked => Ok(()),
            Status::Ordered | Status::Pending => Err(Refusal::NotInService),
            Status::Cancelled => Err(Refusal::Cancelled),
        }
    }
}
