//! Tokens for programs, as RFC 6749 has them: its form, its answers, its errors.

mod error;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, PRAGMA};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proto::identity::v1::token_service_client::TokenServiceClient;
use proto::identity::v1::{IssueClientTokenRequest, IssueClientTokenResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use self::error::Error;
use self::error::{
    INVALID_CLIENT, INVALID_REQUEST, Kind, Refusals, TokenError, UNSUPPORTED_GRANT_TYPE,
};
use super::Dialect;
use crate::Gateway;
use crate::caller::Caller;
use crate::fault::Fault;
use crate::stack;

const TOKEN: &str = "/oauth2/token";

/// The dialect, as the state of its route.
#[derive(Clone)]
pub struct OAuth {
    gateway: Arc<Gateway>,
}

impl OAuth {
    /// The dialect on a gateway.
    pub fn new(gateway: Arc<Gateway>) -> Self {
        Self { gateway }
    }
}

impl Dialect for OAuth {
    const NAME: &'static str = "oauth";

    const SENSITIVE: &'static [(Method, &'static str)] = &[(Method::POST, TOKEN)];

    type Error = Error;

    fn gateway(&self) -> &Gateway {
        &self.gateway
    }
}

/// The route, what guards it, and what describes it in the documents of the dialects whose
/// programs it serves.
pub(crate) fn routes(dialect: &OAuth) -> (Router, OpenApi) {
    let (operations, document) =
        OpenApiRouter::new().routes(routes!(issue_token)).split_for_parts();
    let operations: Router<OAuth> =
        operations.method_not_allowed_fallback(async || Error::from(Fault::MethodNotAllowed));
    (stack::guarded(operations.with_state(dialect.clone()), dialect), document)
}

/// Client credentials.
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "describes the form to the document; duplicates must be seen")]
struct TokenRequest {
    /// Always "client_credentials".
    #[schema(example = "client_credentials")]
    grant_type: String,
    /// The client, unless the Authorization header names it.
    client_id: Option<String>,
    /// Its secret, unless the Authorization header has it.
    client_secret: Option<String>,
}

/// A token for a program.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "access_token": "eyJ0eXAi…",
    "token_type": "Bearer",
    "expires_in": 3600
}))]
struct Token {
    /// To be sent as `Authorization: Bearer`.
    access_token: String,
    /// Always "Bearer".
    token_type: &'static str,
    /// Seconds until it ends.
    expires_in: i64,
}

impl From<IssueClientTokenResponse> for Token {
    fn from(issued: IssueClientTokenResponse) -> Self {
        Self {
            access_token: issued.access_token,
            token_type: "Bearer",
            expires_in: issued.expires_in.unwrap_or_default().seconds,
        }
    }
}

/// Get a token for a program
///
/// The client credentials grant of RFC 6749: the credentials come in the form or by HTTP Basic.
#[utoipa::path(
    post, path = "/oauth2/token", tag = "platform", operation_id = "issueToken",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (
            status = 200, description = "The token", body = Token,
            headers(("Cache-Control" = String, description = "no-store"))
        ),
        (status = 400, body = TokenError),
        Refusals
    )
)]
async fn issue_token(
    State(oauth): State<OAuth>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<([(HeaderName, &'static str); 2], Json<Token>), Error> {
    let body = body.map_err(|_| INVALID_REQUEST)?;
    let credentials = read(&headers, &body)?;
    let answer = oauth
        .gateway
        .clients
        .identity
        .ask(&Caller::default(), credentials, |to, request| async move {
            TokenServiceClient::new(to).issue_client_token(request).await
        })
        .await
        .map_err(Error::of)?;
    let no_cache = [(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")];
    Ok((no_cache, Json(Token::from(answer.message))))
}

fn read(headers: &HeaderMap, body: &[u8]) -> Result<IssueClientTokenRequest, Kind> {
    let is_form = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|kind| kind.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"));
    if !is_form {
        return Err(INVALID_REQUEST);
    }
    let mut form = Form::of(body)?;
    let basic = headers.get(AUTHORIZATION).map(basic).transpose()?;
    match form.take("grant_type").as_deref() {
        Some("client_credentials") => {}
        Some(_) => return Err(UNSUPPORTED_GRANT_TYPE),
        None => return Err(INVALID_REQUEST),
    }
    let posted_secret = form.take("client_secret");
    match (basic, form.take("client_id"), posted_secret) {
        // One way of proving oneself, not two.
        (Some(_), _, Some(_)) => Err(INVALID_REQUEST),
        (Some((client_id, _)), Some(named), None) if named != client_id => Err(INVALID_REQUEST),
        (Some((client_id, client_secret)), _, None) => {
            Ok(IssueClientTokenRequest { client_id, client_secret })
        }
        (None, Some(client_id), Some(client_secret)) => {
            Ok(IssueClientTokenRequest { client_id, client_secret })
        }
        (None, _, _) => Err(INVALID_REQUEST),
    }
}

struct Form(Vec<(String, String)>);

impl Form {
    /// A member that comes twice makes the form ambiguous.
    fn of(body: &[u8]) -> Result<Self, Kind> {
        let members: Vec<(String, String)> = form_urlencoded::parse(body)
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        let repeats = |name: &str| members.iter().filter(|(other, _)| other == name).count() > 1;
        if ["grant_type", "client_id", "client_secret"].into_iter().any(repeats) {
            return Err(INVALID_REQUEST);
        }
        Ok(Self(members))
    }

    /// An empty member counts as absent.
    fn take(&mut self, name: &str) -> Option<String> {
        let place = self.0.iter().position(|(other, _)| other == name)?;
        Some(self.0.swap_remove(place).1).filter(|value| !value.is_empty())
    }
}

/// Client id and secret of HTTP Basic; each is form-encoded first.
fn basic(header: &HeaderValue) -> Result<(String, String), Kind> {
    let read = || {
        let (scheme, encoded) = header.to_str().ok()?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let plain = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
        let (client_id, secret) = plain.split_once(':')?;
        Some((decoded(client_id), decoded(secret)))
    };
    read().ok_or(INVALID_CLIENT)
}

fn decoded(text: &str) -> String {
    // As the value of a nameless member.
    let member = format!("={text}");
    form_urlencoded::parse(member.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(authorization: Option<&str>, body: &str) -> Result<(String, String), Kind> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, "application/x-www-form-urlencoded".parse().unwrap());
        if let Some(authorization) = authorization {
            headers.insert(AUTHORIZATION, authorization.parse().unwrap());
        }
        read(&headers, body.as_bytes()).map(|read| (read.client_id, read.client_secret))
    }

    fn pair(id: &str, secret: &str) -> Result<(String, String), Kind> {
        Ok((id.to_owned(), secret.to_owned()))
    }

    #[test]
    fn credentials_come_in_the_form_or_by_basic() {
        let form = "grant_type=client_credentials&client_id=a%20b&client_secret=s%2Bt";
        assert_eq!(ask(None, form), pair("a b", "s+t"));
        let basic = format!("Basic {}", STANDARD.encode("a%3Ab:s%26t"));
        assert_eq!(ask(Some(&basic), "grant_type=client_credentials"), pair("a:b", "s&t"));
        let basic = format!("basic {}", STANDARD.encode("a:b:c"));
        assert_eq!(
            ask(Some(&basic), "grant_type=client_credentials&client_id=a"),
            pair("a", "b:c")
        );
    }

    #[test]
    fn what_is_wrong_is_said_in_the_words_of_the_standard() {
        let basic = format!("Basic {}", STANDARD.encode("a:b"));
        let grant = "grant_type=client_credentials";
        for (authorization, body, error) in [
            (None, "", INVALID_REQUEST),
            (None, "client_id=a&client_secret=b", INVALID_REQUEST),
            (None, "grant_type=password", UNSUPPORTED_GRANT_TYPE),
            (None, grant, INVALID_REQUEST),
            (None, &format!("{grant}&client_id=a"), INVALID_REQUEST),
            (None, &format!("{grant}&client_secret=b"), INVALID_REQUEST),
            (None, &format!("{grant}&{grant}"), INVALID_REQUEST),
            (Some(basic.as_str()), &format!("{grant}&client_secret=b"), INVALID_REQUEST),
            (Some(basic.as_str()), &format!("{grant}&client_id=c"), INVALID_REQUEST),
            (Some("Basic !"), grant, INVALID_CLIENT),
            (Some("Bearer x"), grant, INVALID_CLIENT),
        ] {
            assert_eq!(ask(authorization, body), Err(error), "{authorization:?} {body}");
        }
        assert_eq!(read(&HeaderMap::new(), grant.as_bytes()).err(), Some(INVALID_REQUEST));
    }
}
