//! DomainSignupService.

use brazil::{AreaCode, Email, LineId, UserId};
use chassis::refusal::{Fields, invalid};
use proto::events::v1::SignupCompleted;
use proto::identity::v1 as pb;
use tonic::{Request, Response, Status};

use super::{DomainSignup, Offer, store};
use crate::error::Error;
use crate::identity::Identity;
use crate::invitations::claim;
use crate::links::{self, take_on};
use crate::passwords::Password;
use crate::throttle::links_asked_for;
use crate::users;

/// Answers DomainSignupService.
pub(crate) struct DomainSignups {
    pub(crate) identity: Identity,
}

#[tonic::async_trait]
impl pb::domain_signup_service_server::DomainSignupService for DomainSignups {
    async fn request_domain_signup(
        &self,
        request: Request<pb::RequestDomainSignupRequest>,
    ) -> Result<Response<pb::RequestDomainSignupResponse>, Status> {
        let identity = &self.identity;
        let pb::RequestDomainSignupRequest { email, remote_address } = request.get_ref();
        let mut fields = Fields::new();
        let email: Option<Email> = fields.required("email", email);
        let Some(email) = email else { return Err(fields.into_status()) };

        let counted = &links_asked_for(identity, "domain_signup", &email, remote_address);
        take_on::<DomainSignup, _, _>(identity, &request, counted, &email).await
    }

    async fn complete_domain_signup(
        &self,
        request: Request<pb::CompleteDomainSignupRequest>,
    ) -> Result<Response<pb::CompleteDomainSignupResponse>, Status> {
        let identity = &self.identity;
        let service = &identity.service;
        let pb::CompleteDomainSignupRequest { domain_signup_id, password, area_code } =
            request.get_ref();
        let mut fields = Fields::new();
        let password = Password::parse(&mut fields, "password", password);
        let area_code = area_code.and_then(|code| {
            let parsed = AreaCode::try_from(code);
            parsed.map_err(|error| fields.refuse("area_code", error.to_string())).ok()
        });
        let Some(password) = password else { return Err(fields.into_status()) };
        fields.check()?;

        let secret_hash = &links::hash(domain_signup_id);
        let email = store::find(&service.db, secret_hash).await.map_err(Error::from)?;
        let email = &email.ok_or(Error::DomainSignupNotFound)?;
        let offer = Offer::to(identity, email).await?;
        let offer = &offer.ok_or(Error::DomainSignupNotFound)?;
        let area_code = match area_code {
            Some(area_code) => Some(area_code),
            None => offer.area_code(identity).await?,
        };
        let Some(area_code) = area_code else {
            let text = "is required: the company does not say where it sits";
            return Err(invalid("area_code", text));
        };
        let (hash, now) = (&identity.passwords.hash(&password).await?, identity.now());

        let answer = service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    if !store::take(&mut tx, secret_hash, now).await? {
                        return Err(Error::DomainSignupNotFound);
                    }
                    let user = claim(identity, &mut tx, email, offer.person.clone()).await?;
                    users::store::set_password(&mut tx, user.user_id, hash, now).await?;
                    let line_id = LineId::generate();
                    let event = event(user.user_id, line_id, offer, area_code);
                    service.outbox.publish(&mut tx, user.user_id, &event).await?;
                    let session = identity.session(&mut tx, &user).await?;
                    Ok::<_, Error>(pb::CompleteDomainSignupResponse {
                        token: Some(session.into()),
                        user: Some(user.into()),
                        line_id: line_id.to_string(),
                    })
                })
            })
            .await?;
        identity.heed().await;
        let user_id = answer.get_ref().user.as_ref().map(|user| user.id.parse::<UserId>());
        if let Some(Ok(user_id)) = user_id {
            service.handed_over(user_id).await;
        }
        Ok(answer)
    }
}

/// The company's domain is its consent.
fn event(user_id: UserId, line_id: LineId, offer: &Offer, area_code: AreaCode) -> SignupCompleted {
    SignupCompleted {
        user_id: user_id.to_string(),
        line_id: line_id.to_string(),
        company_id: Some(offer.company_id.to_string()),
        plan_id: offer.plan_id.to_string(),
        area_code: u8::from(area_code).into(),
        approved: true,
    }
}
