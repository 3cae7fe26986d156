//! AccountUserService.

use brazil::CompanyId;
use chassis::auth::Caller;
use chassis::refusal::Fields;
use proto::identity::v1 as pb;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{parse_phone, parse_role, role_to_proto, store, update};
use crate::confirmations;
use crate::error::Error;
use crate::grants::{self, CompanyRole, Seat};
use crate::identity::Identity;
use crate::passwords::Password;
use crate::users::{self, Person, User};
use crate::voice_accounts::{self, NAME_MAX, administers, enter, parse_email};

/// Answers AccountUserService.
pub(crate) struct AccountUsers {
    pub(crate) identity: Identity,
}

#[tonic::async_trait]
impl pb::account_user_service_server::AccountUserService for AccountUsers {
    async fn open_voice_account(
        &self,
        request: Request<pb::OpenVoiceAccountRequest>,
    ) -> Result<Response<pb::OpenVoiceAccountResponse>, Status> {
        voice_accounts::open(&self.identity, request).await
    }

    async fn list_memberships(
        &self,
        request: Request<pb::ListMembershipsRequest>,
    ) -> Result<Response<pb::ListMembershipsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let Some(user_id) = caller.user_id() else {
            return Ok(Response::new(pb::ListMembershipsResponse::default()));
        };
        // A token may be good for fewer companies than its person.
        let company_ids: Vec<Uuid> = caller.company_ids().collect();
        let db = &self.identity.service.db;
        let found = voice_accounts::store::memberships(db, user_id, &company_ids).await;
        let memberships = found
            .map_err(Error::from)?
            .into_iter()
            .map(|(company_id, administers)| {
                let role = if administers { CompanyRole::Manager } else { CompanyRole::Member };
                let role = role_to_proto(role).into();
                pb::Membership { company_id: company_id.to_string(), role }
            })
            .collect();
        Ok(Response::new(pb::ListMembershipsResponse { memberships }))
    }

    async fn list_account_users(
        &self,
        request: Request<pb::ListAccountUsersRequest>,
    ) -> Result<Response<pb::ListAccountUsersResponse>, Status> {
        let caller = Caller::of(&request)?;
        let company_id = enter(caller, &request.get_ref().company_id)?;
        must_be_account(&self.identity, company_id).await?;
        let only = if administers(caller, company_id) { None } else { caller.user_id() };
        let db = &self.identity.service.reader(&request).await?;
        let query = request.get_ref().query.clone();
        let users = store::list(db, query, company_id, only).await?;
        let users = users.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListAccountUsersResponse { users }))
    }

    async fn create_account_user(
        &self,
        request: Request<pb::CreateAccountUserRequest>,
    ) -> Result<Response<pb::CreateAccountUserResponse>, Status> {
        let identity = &self.identity;
        let (caller, given) = (Caller::of(&request)?, request.get_ref());
        let company_id = enter(caller, &given.company_id)?;
        must_be_account(identity, company_id).await?;
        let mut fields = Fields::new();
        let name = fields.text("name", &given.name, 1, NAME_MAX);
        let email = parse_email(&mut fields, "email", &given.email);
        let password = Password::parse(&mut fields, "password", &given.password);
        let phone = parse_phone(&mut fields, given.phone.as_deref());
        let role = parse_role(&mut fields, given.role, Some(CompanyRole::Member));
        let (Some(name), Some(email), Some(password), Some(role)) = (name, email, password, role)
        else {
            return Err(fields.into_status());
        };
        fields.check()?;
        let hash = &identity.passwords.hash(&password).await?;

        let (now, granted_by) = (identity.now(), &caller.key());
        let person = Person { full_name: Some(name), ..Person::default() };
        let (user, phone) = (&User::new(email, person, now), phone.as_deref());
        identity
            .service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    users::add(identity, &mut tx, user).await?;
                    users::store::set_password(&mut tx, user.user_id, hash, now).await?;
                    store::insert(&mut tx, user.user_id, company_id, phone).await?;
                    let seat = Seat { company_id, role };
                    grants::store::put(&mut tx, user.user_id, seat, granted_by, now).await?;
                    confirmations::ask(identity, &mut tx, user, &user.email).await?;
                    let user = store::find(&mut *tx, company_id, user.user_id).await?;
                    Ok::<_, Error>(pb::CreateAccountUserResponse { user: user.map(Into::into) })
                })
            })
            .await
    }

    async fn update_account_user(
        &self,
        request: Request<pb::UpdateAccountUserRequest>,
    ) -> Result<Response<pb::UpdateAccountUserResponse>, Status> {
        update::update(&self.identity, request).await
    }

    async fn confirm_email(
        &self,
        request: Request<pb::ConfirmEmailRequest>,
    ) -> Result<Response<pb::ConfirmEmailResponse>, Status> {
        confirmations::confirm(&self.identity, request).await
    }

    async fn resend_confirmation(
        &self,
        request: Request<pb::ResendConfirmationRequest>,
    ) -> Result<Response<pb::ResendConfirmationResponse>, Status> {
        confirmations::resend(&self.identity, request).await
    }
}

/// A company that is no voice account has none of its people here.
pub(super) async fn must_be_account(
    identity: &Identity,
    company_id: CompanyId,
) -> Result<(), Error> {
    let is_open = voice_accounts::store::is_open(&identity.service.db, company_id).await?;
    if is_open { Ok(()) } else { Err(Error::VoiceAccountNotFound) }
}

#[cfg(test)]
mod tests;
