//! People of the account.

use axum::Json;
use axum::extract::State;
use proto::common::v1::{
    Comparison, Condition, Operator, Query, QueryValue, condition, query_value,
};
use proto::identity::v1::account_user_service_client::AccountUserServiceClient;
use proto::identity::v1::{ListAccountUsersRequest, UpdateAccountUserRequest};
use uuid::Uuid;

use super::auth::Account;
use super::body::{Given, Taken};
use super::documents::{Always, Bodied, Filtered, Guarded, IdempotencyKey};
use super::error::{Envelope, Error, USER_NOT_FOUND};
use super::filter::{self, Filter, Selected};
use super::rules::{Model, Rules};
use super::wire::users::{MODEL, NewUser, User, UserChange};
use super::{Session, Voice, financial};
use crate::clients::Replayed;

/// Read oneself
#[utoipa::path(
    get, path = "/users/me", tag = "users", operation_id = "findMe",
    responses((status = 200, description = "The caller", body = User), Guarded, Always),
    security(("token" = []))
)]
pub(super) async fn me(State(voice): State<Voice>, session: Session) -> Result<Json<User>, Error> {
    let account = session.account(&voice).await?;
    let query = Some(only(session.user_id()));
    let request = ListAccountUsersRequest { company_id: account.id, query };
    let answer = voice
        .clients()
        .identity
        .ask(&account.caller, request, |to, request| async move {
            AccountUserServiceClient::new(to).list_account_users(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Model::NONE))?;
    let user = answer.message.users.into_iter().next().ok_or(Error::from(USER_NOT_FOUND))?;
    Ok(Json(user.into()))
}

/// A question about one person.
fn only(user_id: &str) -> Query {
    let value = QueryValue { kind: Some(query_value::Kind::Text(user_id.to_owned())) };
    let comparison = Comparison {
        field: "uuid".to_owned(),
        operator: Operator::Equal.into(),
        values: vec![value],
        flags: String::new(),
    };
    let comparison = Some(condition::Kind::Comparison(comparison));
    Query { r#where: Some(Condition { kind: comparison }), ..Query::default() }
}

/// List people
///
/// To a USER only themselves.
#[utoipa::path(
    get, path = "/users", tag = "users", operation_id = "findUsers",
    params(("filter" = Option<String>, Query, description = "LoopBack's filter, as JSON")),
    responses(
        (status = 200, description = "In the order in which they were added", body = Vec<User>),
        Filtered, Guarded, Always
    ),
    security(("token" = []))
)]
pub(super) async fn list(
    State(voice): State<Voice>,
    session: Session,
    filter: Filter<filter::Users>,
) -> Result<Json<Vec<Selected<User>>>, Error> {
    let account = session.account(&voice).await?;
    let request = ListAccountUsersRequest { company_id: account.id, query: filter.query() };
    let answer = voice
        .clients()
        .identity
        .ask(&account.caller, request, |to, request| async move {
            AccountUserServiceClient::new(to).list_account_users(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Model::NONE))?;
    Ok(Json(filter.select_all(answer.message.users)))
}

/// Add somebody
///
/// They log in once they have confirmed their e-mail by the mailed link.
#[utoipa::path(
    post, path = "/users", tag = "users", operation_id = "createUser",
    params(IdempotencyKey),
    request_body = NewUser,
    responses((status = 200, description = "Added", body = User), Bodied, Guarded, Always),
    security(("token" = []))
)]
pub(super) async fn create(
    State(voice): State<Voice>,
    session: Session,
    given: Taken<Given<NewUser>>,
) -> Result<(Replayed, Json<User>), Error> {
    let account = session.account(&voice).await?;
    // Only an ADMIN may do either.
    let Given(new, _) = given.unless_denied(|| financial::find(&voice, &account)).await?;
    let request = new.into_request(account.id);
    let answer = voice
        .clients()
        .identity
        .ask(&account.caller, request, |to, request| async move {
            AccountUserServiceClient::new(to).create_account_user(request).await
        })
        .await
        .map_err(|status| Error::of(status, &MODEL))?;
    Ok((answer.replayed, Json(answer.message.user.unwrap_or_default().into())))
}

/// Change somebody
///
/// The caller where no uuid is given; others, and roles, only an ADMIN. Somebody who belongs to
/// other companies too is changed by nobody but themself. A changed password ends all other
/// tokens of the person.
#[utoipa::path(
    patch, path = "/users", tag = "users", operation_id = "updateUser",
    request_body = UserChange,
    responses(
        (status = 200, description = "Changed", body = User),
        (status = 404, description = "Nobody in the account has this uuid", body = Envelope),
        Bodied, Guarded, Always
    ),
    security(("token" = []))
)]
pub(super) async fn update(
    State(voice): State<Voice>,
    session: Session,
    given: Taken<Given<UserChange>>,
) -> Result<Json<User>, Error> {
    let account = session.account(&voice).await?;
    let Given(change, members) = given.value()?;
    let user_id = match change.uuid.as_deref() {
        Some(text) => Uuid::try_parse(text)
            .map_err(|_| Error::unreadable("`uuid` is not a UUID."))?
            .to_string(),
        None => session.user_id().to_owned(),
    };
    let prefix = session.token_prefix().unwrap_or_default().to_owned();
    let is_about_tokens = change.is_about_tokens();
    let refusable = change.refusable(account.id.clone(), user_id.clone());
    let mut rules = Rules::of(&MODEL);
    let request =
        change.into_request(&mut rules, &members, account.id.clone(), user_id.clone(), prefix);
    let request = Taken::from(rules.pass().map(|()| request))
        .unless_absent(|| voice.update_user(&account, refusable))
        .await?;
    let user = voice.update_user(&account, request).await?;
    if is_about_tokens {
        voice.sessions.forget_person(&user_id).await;
    }
    Ok(Json(user))
}

impl Voice {
    async fn update_user(
        &self,
        account: &Account,
        request: UpdateAccountUserRequest,
    ) -> Result<User, Error> {
        let answer = self
            .clients()
            .identity
            .ask(&account.caller, request, |to, request| async move {
                AccountUserServiceClient::new(to).update_account_user(request).await
            })
            .await
            .map_err(|status| Error::of(status, &MODEL))?;
        Ok(answer.message.user.unwrap_or_default().into())
    }
}
