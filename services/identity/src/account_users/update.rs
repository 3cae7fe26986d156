//! UpdateAccountUser.

use brazil::{CompanyId, Email, UserId};
use chassis::auth::{Caller, Role};
use chassis::crash;
use chassis::refusal::{Fields, invalid};
use proto::identity::v1 as pb;
use sqlx::PgConnection;
use tonic::{Request, Response, Status};

use super::rpc::must_be_account;
use super::{AccountUser, parse_phone, parse_role, store};
use crate::access_tokens;
use crate::confirmations;
use crate::error::Error;
use crate::grants::CompanyRole;
use crate::identity::Identity;
use crate::passwords::Password;
use crate::sessions::Counted;
use crate::throttle;
use crate::users::{self, State};
use crate::voice_accounts::{self, NAME_MAX, administers, enter, parse_email};

const CURRENT_PASSWORD: &str = "current_password";

/// New values; what is `None` stays.
#[derive(Debug)]
struct Changes {
    name: Option<String>,
    phone: Option<Option<String>>,
    email: Option<Email>,
    role: Option<CompanyRole>,
    password: Option<Password>,
}

impl Changes {
    fn parse(given: &pb::UpdateAccountUserRequest) -> Result<Self, Status> {
        let mut fields = Fields::new();
        let changes = Self {
            name: given.name.as_deref().and_then(|name| fields.text("name", name, 1, NAME_MAX)),
            phone: given.phone.as_deref().map(|phone| parse_phone(&mut fields, Some(phone))),
            email: given
                .email
                .as_deref()
                .and_then(|email| parse_email(&mut fields, "email", email)),
            role: given.role.and_then(|role| parse_role(&mut fields, role, None)),
            password: given
                .password
                .as_deref()
                .and_then(|password| Password::parse(&mut fields, "password", password)),
        };
        fields.check()?;
        Ok(changes)
    }

    /// Whether the person themself changes, and not only what they are in the account.
    fn touch_person(given: &pb::UpdateAccountUserRequest) -> bool {
        given.name.is_some()
            || given.phone.is_some()
            || given.email.is_some()
            || given.password.is_some()
    }
}

/// Answers UpdateAccountUser.
pub(super) async fn update(
    identity: &Identity,
    request: Request<pb::UpdateAccountUserRequest>,
) -> Result<Response<pb::UpdateAccountUserResponse>, Status> {
    let (caller, given) = (Caller::of(&request)?, request.get_ref());
    let company_id = enter(caller, &given.company_id)?;
    must_be_account(identity, company_id).await?;
    let user_id = whom(caller, &given.user_id).ok_or(Error::UserNotFound)?;
    let (db, is_own) = (&identity.service.db, caller.user_id() == Some(user_id));
    if store::find(db, company_id, user_id).await.map_err(Error::from)?.is_none() {
        return Err(Error::UserNotFound.into());
    }
    may_change(identity, caller, given, company_id, user_id).await?;
    let changes = &Changes::parse(given)?;
    let current = if is_own && changes.password.is_some() {
        let current = given.current_password.as_deref().unwrap_or_default();
        Some(check_current_password(identity, user_id, current).await?)
    } else {
        None
    };
    let hash = match &changes.password {
        Some(password) => Some(identity.passwords.hash(password).await?),
        None => None,
    };

    let by = Change {
        company_id,
        user_id,
        granted_by: caller.key(),
        is_own,
        current_hash: current,
        new_hash: hash,
        token_prefix: if is_own { given.token_prefix.clone() } else { String::new() },
    };
    let by = &by;
    let answer = identity
        .service
        .once(&request, |mut tx| {
            Box::pin(async move {
                let user = by.apply(identity, &mut tx, changes).await?;
                crash::point("identity.account_user.before_commit").await;
                Ok::<_, Error>(pb::UpdateAccountUserResponse { user: Some(user.into()) })
            })
        })
        .await?;
    identity.heed().await;
    Ok(answer)
}

/// Whom a request is about.
fn whom(caller: &Caller, user_id: &str) -> Option<UserId> {
    if user_id.is_empty() { caller.user_id() } else { user_id.parse().ok() }
}

/// Administrators change others, and roles. But whoever belongs elsewhere too is changed by nobody
/// here: with their password or e-mail one would have all that is theirs.
async fn may_change(
    identity: &Identity,
    caller: &Caller,
    given: &pb::UpdateAccountUserRequest,
    company_id: CompanyId,
    user_id: UserId,
) -> Result<(), Status> {
    let is_own = caller.user_id() == Some(user_id);
    let is_administrator = administers(caller, company_id);
    if !is_administrator && (!is_own || given.role.is_some()) {
        return Err(Status::permission_denied("only an administrator may change this"));
    }
    let is_free = is_own || caller.is(Role::Operator) || !Changes::touch_person(given);
    let db = &identity.service.db;
    if is_free || store::is_only_in(db, user_id, company_id).await.map_err(Error::from)? {
        Ok(())
    } else {
        Err(Status::permission_denied("the person does not belong to this account alone"))
    }
}

/// What is kept of the password that somebody says again. A wrong one is counted.
async fn check_current_password(
    identity: &Identity,
    user_id: UserId,
    text: &str,
) -> Result<String, Status> {
    if text.is_empty() {
        return Err(invalid(CURRENT_PASSWORD, "is required"));
    }
    let (db, counted) = (&identity.service.db, Counted::of_user(identity, user_id));
    let pause = throttle::store::pause(db, &counted.all(), identity.now()).await;
    if let Some(pause) = pause.map_err(Error::from)? {
        return Err(Error::TooManyAttempts(pause).into());
    }
    let kept = users::store::password_hash(db, user_id).await.map_err(Error::from)?;
    match kept {
        Some(kept) if identity.passwords.verify(text, Some(kept.clone())).await? => Ok(kept),
        _ => match counted.fail(identity).await {
            Error::InvalidCredentials => {
                Err(invalid(CURRENT_PASSWORD, "is not the current password"))
            }
            error => Err(error.into()),
        },
    }
}

/// A change that is allowed.
struct Change {
    company_id: CompanyId,
    user_id: UserId,
    granted_by: String,
    is_own: bool,
    /// What was kept of the password when the caller said it.
    current_hash: Option<String>,
    new_hash: Option<String>,
    /// Names the token that stays when the password changes.
    token_prefix: String,
}

impl Change {
    async fn apply(
        &self,
        identity: &Identity,
        tx: &mut PgConnection,
        changes: &Changes,
    ) -> Result<AccountUser, Error> {
        let (keyring, now) = (&identity.service.keyring, identity.now());
        // The account before the person, as whoever takes roles away does.
        if changes.role.is_some() {
            voice_accounts::store::lock(tx, self.company_id).await?;
        }
        let user = users::store::lock(tx, keyring, self.user_id).await?;
        let mut user =
            user.filter(|user| user.state == State::Active).ok_or(Error::UserNotFound)?;
        let before = store::find(&mut *tx, self.company_id, self.user_id).await?;
        let before = before.ok_or(Error::UserNotFound)?;

        if let Some(role) = changes.role.filter(|role| *role != before.role) {
            self.change_role(identity, tx, role).await?;
        }
        if let Some(name) = &changes.name {
            user.person.full_name = Some(name.clone());
        }
        if let Some(phone) = &changes.phone {
            store::set_phone(tx, self.user_id, phone.as_deref()).await?;
        }
        if let Some(hash) = &self.new_hash {
            let kept = users::store::password_hash(&mut *tx, self.user_id).await?;
            if self.is_own && kept != self.current_hash {
                return Err(invalid(CURRENT_PASSWORD, "is not the current password").into());
            }
            users::store::set_password(tx, self.user_id, hash, now).await?;
            identity.end_signed_tokens(tx, &mut user).await?;
            access_tokens::store::delete_all_but(tx, self.user_id, &self.token_prefix).await?;
        }
        user.updated_at = now;
        users::save(identity, tx, &user).await?;
        if let Some(email) = changes.email.as_ref().filter(|email| **email != user.email) {
            if users::store::login_of(&mut *tx, email).await?.is_some() {
                return Err(Error::EmailAlreadyRegistered);
            }
            confirmations::ask(identity, tx, &user, email).await?;
        }
        let after = store::find(tx, self.company_id, self.user_id).await?;
        after.ok_or(Error::UserNotFound)
    }

    /// The account, which is locked, keeps an administrator.
    async fn change_role(
        &self,
        identity: &Identity,
        tx: &mut PgConnection,
        role: CompanyRole,
    ) -> Result<(), Error> {
        let (company_id, user_id) = (self.company_id, self.user_id);
        if role == CompanyRole::Member {
            if !store::has_other_administrator(tx, company_id, user_id).await? {
                return Err(Error::LastAdministrator);
            }
            access_tokens::store::delete_permanent(tx, user_id, company_id).await?;
            identity.withdraw(tx, user_id, company_id).await?;
        }
        Ok(store::set_role(tx, company_id, user_id, role, &self.granted_by).await?)
    }
}
