//! Telling other contexts that an address is proven. Which companies it belongs to is company's
//! knowledge, so this waits until company answers.

use std::collections::BTreeSet;
use std::time::Duration;

use brazil::{CompanyId, Email, UserId};
use chassis::auth::Scope;
use chassis::jobs::Job;
use chassis::refusal::upstream;
use chassis::timestamp;
use proto::company::v1::email_domain_service_client::EmailDomainServiceClient;
use proto::company::v1::{FindAffiliationsRequest, FindAffiliationsResponse};
use proto::events::v1::EmailProven;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::identity::Identity;
use crate::users;

const PAUSE: Duration = Duration::from_secs(5);

/// Publishes `EmailProven` of a user.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AnnounceProof {
    pub(crate) user_id: UserId,
}

impl AnnounceProof {
    pub(crate) fn key(&self) -> String {
        self.user_id.to_string()
    }

    async fn announce(&self, identity: &Identity) -> Result<(), Error> {
        let service = &identity.service;
        let all = Scope::everywhere();
        let users =
            users::store::find_all(&service.db, &service.keyring, &[self.user_id.0], &all).await?;
        let Some(user) = users.into_iter().next() else { return Ok(()) };
        let affiliations = find_affiliations(identity, &user.email).await?;
        let (email, company_ids) = (&user.email, &company_ids(&affiliations));
        service
            .transaction(|mut tx| {
                Box::pin(async move {
                    let user = users::store::lock(&mut tx, &service.keyring, self.user_id).await?;
                    let Some(mut user) = user else { return Ok(()) };
                    // An address that changed meanwhile has an announcement of its own.
                    let due = user.email == *email && user.announced_at != user.email_proven_at;
                    let Some(proven_at) = user.email_proven_at.filter(|_| due) else {
                        return Ok(());
                    };
                    let event = EmailProven {
                        user_id: user.user_id.to_string(),
                        company_ids: company_ids.iter().map(ToString::to_string).collect(),
                        proven_at: Some(timestamp::to_proto(proven_at)),
                    };
                    service.outbox.publish(&mut tx, user.user_id, &event).await?;
                    user.announced_at = Some(proven_at);
                    users::store::save(&mut tx, &service.keyring, &user).await
                })
            })
            .await
    }
}

impl Job for AnnounceProof {
    const NAME: &'static str = "announce_proof";
    type Context = Identity;

    /// Tries until company answers, and not less often the longer that takes: people wait for it.
    async fn run(self, identity: Identity) -> anyhow::Result<()> {
        if let Err(error) = self.announce(&identity).await {
            tracing::warn!(error = error.to_string(), "proof not announced, trying again");
            identity.service.try_again(&self, &self.key(), PAUSE).await?;
        }
        Ok(())
    }
}

/// What companies know of an address.
pub(crate) async fn find_affiliations(
    identity: &Identity,
    email: &Email,
) -> Result<FindAffiliationsResponse, Error> {
    let request = FindAffiliationsRequest { email: email.to_string() };
    let answer = EmailDomainServiceClient::new(identity.service.company.clone())
        .find_affiliations(request)
        .await
        .map_err(upstream)?;
    Ok(answer.into_inner())
}

/// The companies that an address belongs to.
pub(crate) fn company_ids(affiliations: &FindAffiliationsResponse) -> BTreeSet<CompanyId> {
    let employers = affiliations.employees.iter().map(|employee| &employee.company_id);
    employers.chain(&affiliations.domain_company_id).filter_map(|id| id.parse().ok()).collect()
}
