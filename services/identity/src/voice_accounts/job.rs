//! What brings an opening to its end when nobody waits for it any more.

use std::time::Duration;

use brazil::CompanyId;
use chassis::jobs::Job;
use serde::{Deserialize, Serialize};

use super::opening::finish;
use crate::error::Error;
use crate::identity::Identity;

/// How long whoever asked for the account has to finish it themself.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Finishes, or undoes, the opening of an account.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FinishOpening {
    pub(crate) company_id: CompanyId,
}

impl FinishOpening {
    pub(crate) fn key(&self) -> String {
        self.company_id.to_string()
    }
}

impl Job for FinishOpening {
    const NAME: &'static str = "finish_opening";
    type Context = Identity;

    /// Tries until company answers, and not less often the longer that takes: the e-mail and the
    /// domain are held until then.
    async fn run(self, identity: Identity) -> anyhow::Result<()> {
        match finish(&identity, self.company_id).await {
            Ok(()) | Err(Error::DomainTaken) => {}
            Err(error) => {
                tracing::warn!(error = error.to_string(), "account not opened, trying again");
                identity.service.try_again(&self, &self.key(), PATIENCE).await?;
            }
        }
        Ok(())
    }
}
