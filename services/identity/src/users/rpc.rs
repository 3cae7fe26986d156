//! UserService.

use brazil::{Email, UserId};
use chassis::auth::Caller;
use chassis::refusal::{Fields, Rule};
use proto::identity::v1 as pb;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::wire::{Given, NAME_MAX};
use super::{User, store};
use crate::error::Error;
use crate::identity::Identity;
use crate::invitations;
use crate::mask::Mask;

const BATCH_MAX: usize = 200;

const CHANGEABLE: [&str; 7] =
    ["email", "full_name", "social_name", "phone_number", "cpf", "date_of_birth", "address"];

/// Answers UserService.
pub(crate) struct Users {
    pub(crate) identity: Identity,
}

#[tonic::async_trait]
impl pb::user_service_server::UserService for Users {
    async fn get_user(
        &self,
        request: Request<pb::GetUserRequest>,
    ) -> Result<Response<pb::GetUserResponse>, Status> {
        let caller = Caller::of(&request)?;
        let user_id: Uuid = request.get_ref().user_id.parse().map_err(|_| Error::UserNotFound)?;
        let service = &self.identity.service;
        let users =
            store::find_all(&service.db, &service.keyring, &[user_id], &caller.scope()).await?;
        log_reading(caller, &users);
        let user = users.into_iter().next().ok_or(Error::UserNotFound)?;
        Ok(Response::new(pb::GetUserResponse { user: Some(user.into()) }))
    }

    async fn batch_get_users(
        &self,
        request: Request<pb::BatchGetUsersRequest>,
    ) -> Result<Response<pb::BatchGetUsersResponse>, Status> {
        let caller = Caller::of(&request)?;
        let asked = &request.get_ref().user_ids;
        let mut fields = Fields::new();
        if asked.len() > BATCH_MAX {
            fields.refuse("user_ids", "has more than 200 ids");
        }
        fields.check()?;
        let user_ids: Vec<Uuid> = asked.iter().filter_map(|id| id.parse().ok()).collect();
        let service = &self.identity.service;
        let users =
            store::find_all(&service.db, &service.keyring, &user_ids, &caller.scope()).await?;
        log_reading(caller, &users);
        let users = users.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::BatchGetUsersResponse { users }))
    }

    async fn invite_user(
        &self,
        request: Request<pb::InviteUserRequest>,
    ) -> Result<Response<pb::InviteUserResponse>, Status> {
        let identity = &self.identity;
        let mut fields = Fields::new();
        let email: Option<Email> = fields.required("email", &request.get_ref().email);
        let name = fields.text("name", &request.get_ref().name, 1, NAME_MAX);
        let (Some(email), Some(name)) = (email, name) else { return Err(fields.into_status()) };
        let (email, name) = (&email, &name);
        identity
            .service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let user = super::find_or_add(identity, &mut tx, email, name).await?;
                    invitations::invite_once(identity, &mut tx, &user).await?;
                    Ok::<_, Error>(pb::InviteUserResponse { user: Some(user.into()) })
                })
            })
            .await
    }

    async fn update_user(
        &self,
        request: Request<pb::UpdateUserRequest>,
    ) -> Result<Response<pb::UpdateUserResponse>, Status> {
        let scope = Caller::of(&request)?.scope();
        let identity = &self.identity;
        let pb::UpdateUserRequest { user, update_mask } = request.get_ref();
        let given = user.clone().unwrap_or_default();
        let user_id: UserId = given.id.parse().map_err(|_| Error::UserNotFound)?;
        if !scope.everything && scope.user_id != Some(user_id.0) {
            return Err(Error::UserNotFound.into());
        }

        let now = identity.now();
        let mut fields = Fields::new();
        let mask = &Mask::parse(&mut fields, update_mask.as_ref(), &CHANGEABLE);
        let email: Option<Email> = match given.email.as_str() {
            email if mask.has("email") => fields.required("user.email", email),
            _ => None,
        };
        let phone_number = given.phone_number.as_deref().filter(|_| mask.has("phone_number"));
        let phone_number = fields.optional("user.phone_number", phone_number);
        let mut person = Given {
            full_name: given.full_name.as_deref(),
            social_name: given.social_name.as_deref(),
            cpf: given.cpf.as_deref(),
            date_of_birth: given.date_of_birth.as_deref(),
            address: given.address.as_ref(),
        }
        .parse(&mut fields, "user", |field| mask.has(field), now);
        person.phone_number = phone_number;
        // Nobody whose name and CPF are known becomes nameless again.
        for (field, text) in [("full_name", &given.full_name), ("cpf", &given.cpf)] {
            if mask.has(field) && text.as_ref().is_none_or(|text| text.trim().is_empty()) {
                fields.refuse_as(&format!("user.{field}"), Rule::Required, "is required");
            }
        }
        fields.check()?;

        let (email, person) = (&email, &person);
        identity
            .service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let keyring = &identity.service.keyring;
                    let user = store::lock(&mut tx, keyring, user_id).await?;
                    let mut user = user.ok_or(Error::UserNotFound)?;
                    user.person.take(person, |field| mask.has(field));
                    user.updated_at = now;
                    super::save(identity, &mut tx, &user).await?;
                    if let Some(email) = email {
                        invitations::ask_for_proof(identity, &mut tx, &user, email).await?;
                    }
                    Ok::<_, Error>(pb::UpdateUserResponse { user: Some(user.into()) })
                })
            })
            .await
    }
}

/// Full CPFs are not read unseen.
fn log_reading(caller: &Caller, users: &[User]) {
    for User { user_id, .. } in users.iter().filter(|user| user.person.cpf.is_some()) {
        tracing::info!(caller = caller.key(), %user_id, "CPF read");
    }
}

#[cfg(test)]
mod tests;
