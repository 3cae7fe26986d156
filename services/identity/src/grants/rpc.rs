//! GrantService.

use brazil::{CompanyId, Email};
use chassis::auth::{Caller, Role};
use chassis::neighbours::company_exists;
use chassis::refusal::{Fields, Rule};
use proto::identity::v1 as pb;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{CompanyRole, Seat, store};
use crate::client_apps::{ClientApp, Kind, Secret};
use crate::error::Error;
use crate::identity::Identity;
use crate::letters;
use crate::users;
use crate::users::wire::NAME_MAX;
use crate::{
    access_tokens, account_users, client_apps, invitations, organization_users, voice_accounts,
};

const PRODUCT_MAX: usize = 100;

/// Answers GrantService.
pub(crate) struct Grants {
    pub(crate) identity: Identity,
}

#[tonic::async_trait]
impl pb::grant_service_server::GrantService for Grants {
    async fn put_grant(
        &self,
        request: Request<pb::PutGrantRequest>,
    ) -> Result<Response<pb::PutGrantResponse>, Status> {
        let identity = &self.identity;
        let caller = Caller::of(&request)?;
        let company_id = enter(caller, &request.get_ref().company_id)?;
        let mut fields = Fields::new();
        let role = parse_role(&mut fields, request.get_ref().role());
        let email: Option<Email> = fields.required("user_email", &request.get_ref().user_email);
        let name = fields.text("user_name", &request.get_ref().user_name, 1, NAME_MAX);
        let (Some(role), Some(email), Some(name)) = (role, email, name) else {
            return Err(fields.into_status());
        };
        may_give(caller, role)?;
        if caller.is(Role::Operator) {
            self.must_exist(company_id).await?;
        }

        let (now, granted_by) = (identity.now(), &caller.key());
        let (email, name) = (&email, &name);
        let seat = Seat { company_id, role };
        identity
            .service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let user = users::find_or_add(identity, &mut tx, email, name).await?;
                    let is_new = store::put(&mut tx, user.user_id, seat, granted_by, now).await?;
                    if user.email_proven_at.is_none() {
                        invitations::invite(identity, &mut tx, &user).await?;
                    } else if is_new {
                        identity.post.send(&mut tx, email, letters::granted()).await?;
                    }
                    Ok::<_, Error>(pb::PutGrantResponse { user_id: user.user_id.to_string() })
                })
            })
            .await
    }

    async fn delete_grant(
        &self,
        request: Request<pb::DeleteGrantRequest>,
    ) -> Result<Response<pb::DeleteGrantResponse>, Status> {
        let identity = &self.identity;
        let caller = Caller::of(&request)?;
        let company_id = enter(caller, &request.get_ref().company_id)?;
        let mut fields = Fields::new();
        let role = parse_role(&mut fields, request.get_ref().role());
        let email: Option<Email> = fields.required("user_email", &request.get_ref().user_email);
        let (Some(role), Some(email)) = (role, email) else {
            return Err(fields.into_status());
        };
        may_give(caller, role)?;

        let (email, seat) = (&email, Seat { company_id, role });
        let answer = identity
            .service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let keyring = &identity.service.keyring;
                    let is_account = voice_accounts::store::lock(&mut tx, seat.company_id).await?;
                    let user = users::store::lock_by_email(&mut tx, keyring, email).await?;
                    let user = user.ok_or(Error::GrantNotFound)?;
                    let is_needed = is_account
                        && seat.role == CompanyRole::Manager
                        && !account_users::store::has_other_administrator(
                            &mut tx,
                            seat.company_id,
                            user.user_id,
                        )
                        .await?;
                    if is_needed {
                        return Err(Error::LastAdministrator);
                    }
                    let owners =
                        organization_users::store::lock_owners(&mut tx, seat.company_id).await?;
                    if seat.role == CompanyRole::Manager && owners == [user.user_id] {
                        return Err(Error::LastOwner);
                    }
                    if !store::delete(&mut tx, user.user_id, seat).await? {
                        return Err(Error::GrantNotFound);
                    }
                    let (user_id, company_id) = (user.user_id, seat.company_id);
                    // A role that is given again does not bring them back.
                    access_tokens::store::delete_in(&mut tx, user_id, company_id).await?;
                    identity.withdraw(&mut tx, user_id, company_id).await?;
                    Ok(pb::DeleteGrantResponse {})
                })
            })
            .await?;
        identity.heed().await;
        Ok(answer)
    }

    async fn create_partner(
        &self,
        request: Request<pb::CreatePartnerRequest>,
    ) -> Result<Response<pb::CreatePartnerResponse>, Status> {
        let identity = &self.identity;
        let created_by = Caller::of(&request)?.key();
        let mut fields = Fields::new();
        let name = fields.text("name", &request.get_ref().name, 1, NAME_MAX);
        let product = fields.text("product", &request.get_ref().product, 1, PRODUCT_MAX);
        let (Some(name), Some(product)) = (name, product) else {
            return Err(fields.into_status());
        };

        let client_secret = &Secret::new();
        let app = &ClientApp::new(Uuid::now_v7().to_string(), Kind::Lines, name, product);
        let (created_by, now) = (&created_by, identity.now());
        identity
            .service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    client_apps::store::insert(&mut tx, app, created_by, now).await?;
                    client_apps::store::insert_secret(&mut tx, &app.client_id, client_secret, now)
                        .await?;
                    Ok::<_, Error>(pb::CreatePartnerResponse {
                        client_id: app.client_id.clone(),
                        client_secret: client_secret.as_text().to_owned(),
                    })
                })
            })
            .await
    }
}

impl Grants {
    /// A manager's company exists; an operator may have mistyped it.
    async fn must_exist(&self, company_id: CompanyId) -> Result<(), Error> {
        let exists = company_exists(&self.identity.service, company_id).await?;
        if exists { Ok(()) } else { Err(Error::CompanyNotFound) }
    }
}

/// A company's managers take in and dismiss its members; who manages it is the operator's affair.
fn may_give(caller: &Caller, role: CompanyRole) -> Result<(), Status> {
    match role {
        CompanyRole::Manager if !caller.is(Role::Operator) => {
            Err(Status::permission_denied("only an operator appoints managers"))
        }
        _ => Ok(()),
    }
}

fn enter(caller: &Caller, company_id: &str) -> Result<CompanyId, Status> {
    let absent = || Status::from(Error::CompanyNotFound);
    let company_id = company_id.parse().map_err(|_| absent())?;
    caller.enter(company_id, absent())?;
    Ok(company_id)
}

fn parse_role(fields: &mut Fields, role: pb::CompanyRole) -> Option<CompanyRole> {
    match role {
        pb::CompanyRole::Manager => Some(CompanyRole::Manager),
        pb::CompanyRole::Member => Some(CompanyRole::Member),
        pb::CompanyRole::Unspecified => {
            fields.refuse_as("role", Rule::NotOneOf, "is not a role in a company");
            None
        }
    }
}

#[cfg(test)]
mod tests;
