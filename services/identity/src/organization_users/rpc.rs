//! OrganizationUserService.

use brazil::{CompanyId, Email};
use chassis::auth::{Caller, Role, Scope};
use chassis::organizations::{self, Organization};
use chassis::refusal::{Fields, Rule};
use chassis::timestamp;
use proto::common::v1::Permission;
use proto::identity::v1 as pb;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    Invitation, OrganizationInvitationId, OrganizationRole, OrganizationUser, WAITING_MAX,
};
use super::{accepting, store};
use crate::error::Error;
use crate::identity::Identity;
use crate::users::State;
use crate::{access_tokens, letters, links, users};

const BATCH_MAX: usize = 200;
const PATH: &str = "/organization-user-invitations";

/// Answers OrganizationUserService.
pub(crate) struct OrganizationUsers {
    pub(crate) identity: Identity,
}

#[tonic::async_trait]
impl pb::organization_user_service_server::OrganizationUserService for OrganizationUsers {
    async fn list_organization_people(
        &self,
        request: Request<pb::ListOrganizationPeopleRequest>,
    ) -> Result<Response<pb::ListOrganizationPeopleResponse>, Status> {
        let caller = Caller::of(&request)?;
        let given = &request.get_ref().company_ids;
        let mut fields = Fields::new();
        if given.len() > BATCH_MAX {
            let message = format!("has more than {BATCH_MAX} ids");
            fields.refuse_as("company_ids", Rule::TooLong, message);
        }
        let asked: Vec<CompanyId> = given
            .iter()
            .take(BATCH_MAX)
            .filter_map(|id| fields.required("company_ids", id))
            .collect();
        fields.check()?;
        let within = |scope: Scope| -> Vec<Uuid> {
            asked.iter().filter(|id| scope.reaches(**id)).map(|id| id.0).collect()
        };
        let readable = within(caller.scope());
        let managed = within(caller.scope_of(Permission::OrganizationsManage));
        let db = &self.identity.service.reader(&request).await?;
        let (users, invitations) =
            tokio::try_join!(store::people(db, &readable), store::invitations(db, &managed))
                .map_err(Error::from)?;
        Ok(Response::new(pb::ListOrganizationPeopleResponse {
            users: users.into_iter().map(Into::into).collect(),
            invitations: invitations.into_iter().map(Into::into).collect(),
        }))
    }

    async fn invite_organization_user(
        &self,
        request: Request<pb::InviteOrganizationUserRequest>,
    ) -> Result<Response<pb::InviteOrganizationUserResponse>, Status> {
        let identity = &self.identity;
        let caller = Caller::of(&request)?;
        let given = request.get_ref();
        let organization =
            organizations::writable(&identity.service, caller, &given.organization_id).await?;
        let mut fields = Fields::new();
        let email: Option<Email> = fields.required("email", &given.email);
        let role: Option<OrganizationRole> =
            fields.required_by("role", &given.role, |_| Rule::NotOneOf);
        let (Some(email), Some(role)) = (email, role) else { return Err(fields.into_status()) };
        if role == OrganizationRole::Owner {
            self.decides_about_owners(caller, organization.company_id).await?;
        }

        let (now, secret) = (identity.now(), &links::new_secret());
        let invitation = &Invitation {
            invitation_id: OrganizationInvitationId::generate(),
            company_id: organization.company_id,
            email,
            role,
            created_at: now,
            expires_at: now + identity.policy.invitation_life(),
            accepted_at: None,
        };
        let (invited_by, organization) = (&caller.key(), &organization);
        identity
            .service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let Invitation { company_id, email, .. } = invitation;
                    if store::is_in(&mut tx, *company_id, email).await? {
                        return Err(Error::OrganizationUserExists);
                    }
                    let waiting = store::count_waiting(&mut tx, *company_id, email, now).await?;
                    if waiting >= WAITING_MAX {
                        return Err(Error::TooManyInvitations);
                    }
                    store::invite(&mut tx, invitation, &links::hash(secret), invited_by).await?;
                    let url = identity.post.url(&format!("{PATH}?token={secret}"));
                    let Organization { name, mail_footer, .. } = organization;
                    let letter =
                        letters::organization_invitation(name, url, mail_footer.as_deref());
                    identity.post.send(&mut tx, email, letter).await?;
                    let invitation = Some(invitation.clone().into());
                    Ok(pb::InviteOrganizationUserResponse { invitation })
                })
            })
            .await
    }

    async fn accept_organization_invitation(
        &self,
        request: Request<pb::AcceptOrganizationInvitationRequest>,
    ) -> Result<Response<pb::AcceptOrganizationInvitationResponse>, Status> {
        accepting::permit(&self.identity, &request.get_ref().token).await?;
        accepting::accept(&self.identity, request).await
    }

    async fn delete_organization_user(
        &self,
        request: Request<pb::DeleteOrganizationUserRequest>,
    ) -> Result<Response<pb::DeleteOrganizationUserResponse>, Status> {
        let identity = &self.identity;
        let caller = Caller::of(&request)?;
        let absent = || Error::OrganizationUserNotFound;
        let grant_id: Uuid =
            request.get_ref().organization_user_id.parse().map_err(|_| absent())?;
        let found = store::find(&identity.service.db, grant_id).await.map_err(Error::from)?;
        let (company_id, user_id) = found.ok_or_else(absent)?;
        caller.enter(company_id, absent().into())?;
        let organization = organizations::of_company(&identity.service, company_id).await?;
        organizations::permit(caller, &organization.ok_or_else(absent)?)?;
        if store::is_owner(&identity.service.db, company_id, user_id).await.map_err(Error::from)? {
            self.decides_about_owners(caller, company_id).await?;
        }

        let answer = identity
            .service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let owners = store::lock_owners(&mut tx, company_id).await?;
                    if owners == [user_id] {
                        return Err(Error::LastOwner);
                    }
                    if !store::leave(&mut tx, company_id, user_id).await? {
                        return Err(Error::OrganizationUserNotFound);
                    }
                    access_tokens::store::delete_in(&mut tx, user_id, company_id).await?;
                    identity.withdraw(&mut tx, user_id, company_id).await?;
                    Ok(pb::DeleteOrganizationUserResponse {})
                })
            })
            .await?;
        identity.heed().await;
        Ok(answer)
    }

    async fn renew_token(
        &self,
        request: Request<pb::RenewTokenRequest>,
    ) -> Result<Response<pb::RenewTokenResponse>, Status> {
        let identity = &self.identity;
        let caller = Caller::of(&request)?;
        let Some(user_id) = caller.user_id() else {
            return Err(Status::permission_denied("only people have roles that change"));
        };
        let service = &identity.service;
        let all = Scope::everywhere();
        let found =
            users::store::find_all(&service.db, &service.keyring, &[user_id.0], &all).await?;
        let user = found
            .into_iter()
            .next()
            .filter(|user| user.state == State::Active && !caller.is_from_before(user.epoch));
        let user = user.ok_or_else(|| Status::unauthenticated("the token was ended"))?;
        let mut connection = service.db.acquire().await.map_err(Error::from)?;
        let session = identity.session(&mut connection, &user).await?;
        Ok(Response::new(pb::RenewTokenResponse { token: Some(session.into()) }))
    }
}

impl OrganizationUsers {
    /// Only owners decide about owners.
    async fn decides_about_owners(
        &self,
        caller: &Caller,
        company_id: CompanyId,
    ) -> Result<(), Status> {
        if caller.is(Role::Operator) {
            return Ok(());
        }
        let owns = match caller.user_id() {
            Some(user_id) => store::is_owner(&self.identity.service.db, company_id, user_id)
                .await
                .map_err(Error::from)?,
            None => false,
        };
        if owns {
            Ok(())
        } else {
            Err(Status::permission_denied("only owners decide about owners"))
        }
    }
}

impl From<OrganizationRole> for pb::OrganizationRole {
    fn from(role: OrganizationRole) -> Self {
        match role {
            OrganizationRole::Owner => Self::Owner,
            OrganizationRole::Admin => Self::Admin,
            OrganizationRole::Member => Self::Member,
        }
    }
}

impl From<OrganizationUser> for pb::OrganizationUser {
    fn from(user: OrganizationUser) -> Self {
        Self {
            id: user.grant_id.to_string(),
            company_id: user.company_id.to_string(),
            user_id: user.user_id.to_string(),
            email: user.email.to_string(),
            name: user.name,
            role: pb::OrganizationRole::from(user.role).into(),
            active: user.is_active,
            created_at: Some(timestamp::to_proto(user.created_at)),
        }
    }
}

impl From<Invitation> for pb::OrganizationInvitation {
    fn from(invitation: Invitation) -> Self {
        Self {
            id: invitation.invitation_id.to_string(),
            company_id: invitation.company_id.to_string(),
            email: invitation.email.to_string(),
            role: pb::OrganizationRole::from(invitation.role).into(),
            created_at: Some(timestamp::to_proto(invitation.created_at)),
            expires_at: Some(timestamp::to_proto(invitation.expires_at)),
            accepted_at: invitation.accepted_at.map(timestamp::to_proto),
        }
    }
}

#[cfg(test)]
mod tests;
