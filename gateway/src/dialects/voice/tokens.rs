//! Access tokens: how somebody gets one, sees what there are, and ends them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use proto::identity::v1::access_token_service_client::AccessTokenServiceClient;
use proto::identity::v1::{
    CreateAccessTokenRequest, EndSessionRequest, ListAccessTokensRequest,
    LoginForAccessTokenRequest, RevokeAccessTokenRequest,
};

use super::auth::Stranger;
use super::body::{About, Given, Taken};
use super::documents::{Always, Bodied, Filtered, Guarded, IdempotencyKey, Named};
use super::error::{Envelope, Error, USERNAME_EMAIL_REQUIRED};
use super::filter::{self, Filter, Selected};
use super::rules::Model;
use super::wire::tokens::{Login, MODEL, NewToken, Session as Opened, Token};
use super::{Session, Voice};
use crate::address::ClientAddress;
use crate::body::At;
use crate::clients::Replayed;

const PREFIX_LENGTH: usize = 8;

/// Log in
///
/// The token is one of the account that the person has belonged to the longest.
#[utoipa::path(
    post, path = "/users/login", tag = "users", operation_id = "loginUser",
    params(IdempotencyKey),
    request_body = Login,
    responses(
        (status = 200, description = "Logged in", body = Opened),
        (status = 401, description = "Wrong e-mail or password, or an e-mail to be confirmed",
         body = Envelope),
        (status = 403, description = "The person belongs to no account", body = Envelope),
        Bodied, Always
    )
)]
pub(super) async fn login(
    State(voice): State<Voice>,
    Stranger(caller): Stranger,
    ClientAddress(address): ClientAddress,
    Given(login, _): Given<Login>,
) -> Result<(Replayed, Json<Opened>), Error> {
    if login.email.trim().is_empty() {
        return Err(USERNAME_EMAIL_REQUIRED.into());
    }
    let request = LoginForAccessTokenRequest {
        email: login.email,
        password: login.password,
        ttl: login.ttl,
        remote_address: address.to_string(),
    };
    let answer = voice
        .clients()
        .identity
        .ask(&caller, request, |to, request| async move {
            AccessTokenServiceClient::new(to).login_for_access_token(request).await
        })
        .await
        .map_err(|status| Error::of(status, Login::MODEL))?;
    Ok((answer.replayed, Json(answer.message.into())))
}

/// Make a token
///
/// Its id is shown here and never again.
#[utoipa::path(
    post, path = "/users/accessTokens", tag = "users", operation_id = "createAccessToken",
    params(IdempotencyKey),
    request_body = NewToken,
    responses((status = 200, description = "The token", body = Token), Bodied, Guarded, Always),
    security(("token" = []))
)]
pub(super) async fn create(
    State(voice): State<Voice>,
    session: Session,
    given: Taken<Given<NewToken>>,
) -> Result<(Replayed, Json<Token>), Error> {
    let account = session.account(&voice).await?;
    let Given(new, _) = given.value()?;
    let request = CreateAccessTokenRequest { company_id: account.id, ttl: new.ttl };
    let answer = voice
        .clients()
        .identity
        .ask(&account.caller, request, |to, request| async move {
            AccessTokenServiceClient::new(to).create_access_token(request).await
        })
        .await
        .map_err(|status| Error::of(status, &MODEL))?;
    let made = answer.message;
    Ok((answer.replayed, Json(Token::told(made.secret, made.token))))
}

/// List the own tokens
///
/// Those that are good, oldest first; of each id the first 8 characters.
#[utoipa::path(
    get, path = "/users/accessTokens", tag = "users", operation_id = "findAllAccessToken",
    params(("filter" = Option<String>, Query, description = "LoopBack's filter, as JSON")),
    responses(
        (status = 200, description = "Tokens", body = Vec<Token>),
        Filtered, Guarded, Always
    ),
    security(("token" = []))
)]
pub(super) async fn list(
    State(voice): State<Voice>,
    session: Session,
    filter: Filter<filter::Tokens>,
) -> Result<Json<Vec<Selected<Token>>>, Error> {
    let account = session.account(&voice).await?;
    let request = ListAccessTokensRequest { company_id: account.id, query: filter.query() };
    let answer = voice
        .clients()
        .identity
        .ask(&account.caller, request, |to, request| async move {
            AccessTokenServiceClient::new(to).list_access_tokens(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Model::NONE))?;
    Ok(Json(filter.select_all(answer.message.tokens)))
}

/// End a token
#[utoipa::path(
    delete, path = "/users/accessTokens/{prefix}", tag = "users",
    operation_id = "deleteAccessToken",
    params(("prefix" = String, Path, min_length = 8, max_length = 8,
            description = "Its first 8 characters", example = "YggyHfrL")),
    responses((status = 204, description = "Ended"), Named, Guarded, Always),
    security(("token" = []))
)]
pub(super) async fn delete(
    State(voice): State<Voice>,
    session: Session,
    At(prefix): At<String>,
) -> Result<StatusCode, Error> {
    if prefix.len() != PREFIX_LENGTH || !prefix.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Error::unreadable("What a token begins with is 8 letters or digits."));
    }
    end(&voice, &session, prefix).await
}

/// Log out
///
/// Ends the access token that asks; of a signed token all that the person has.
#[utoipa::path(
    post, path = "/users/logout", tag = "users", operation_id = "logoutUser",
    responses((status = 204, description = "Logged out"), Guarded, Always),
    security(("token" = []))
)]
pub(super) async fn logout(
    State(voice): State<Voice>,
    session: Session,
) -> Result<StatusCode, Error> {
    if let Some(prefix) = session.token_prefix() {
        return end(&voice, &session, prefix.to_owned()).await;
    }
    voice
        .clients()
        .identity
        .ask(session.caller(), EndSessionRequest {}, |to, request| async move {
            AccessTokenServiceClient::new(to).end_session(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Model::NONE))?;
    session.bury(&voice).await;
    Ok(StatusCode::NO_CONTENT)
}

async fn end(voice: &Voice, session: &Session, prefix: String) -> Result<StatusCode, Error> {
    let account = session.account(voice).await?;
    let request = RevokeAccessTokenRequest { company_id: account.id, prefix: prefix.clone() };
    voice
        .clients()
        .identity
        .ask(&account.caller, request, |to, request| async move {
            AccessTokenServiceClient::new(to).revoke_access_token(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Model::NONE))?;
    voice.sessions.forget(session.user_id(), &prefix).await;
    Ok(StatusCode::NO_CONTENT)
}
