//! Who asks: the token of a request, whose it is, and which account is meant.

use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, TRANSFER_ENCODING};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, Uri};
use axum::middleware::Next;
use axum::response::Response;
use chassis::auth::SubjectKind;
use proto::identity::v1::ExchangeAccessTokenResponse;
use tonic::Code;

use super::error::{ACCESS_DENIED, AUTHORIZATION_REQUIRED, Error, INVALID_TOKEN};
use super::rules::Model;
use super::sessions::{self, Hash};
use super::{PUBLIC, Voice};
use crate::address::{self, ClientAddress};
use crate::body;
use crate::caller::{COMPANY_HEADER, Caller, Presented, TOKEN_HEADER};
use crate::fault::Fault;

const TOKEN_PARAMETER: &str = "access_token";
const OPAQUE_LENGTH: usize = 64;

/// What a token turned out to be.
#[derive(Clone, Debug)]
enum Token {
    /// An access token of this dialect, and what it was exchanged for.
    Opaque(Arc<ExchangeAccessTokenResponse>),
    /// A signed token.
    Signed { user_id: String, hash: Hash },
}

/// Finds out who asks, and counts them. Nothing that follows sees the token itself.
pub(super) async fn enter(
    State(voice): State<Voice>,
    mut request: Request,
    next: Next,
) -> Result<Response, Error> {
    let address = address::locate(&mut request, &voice.gateway.config.web.trusted_proxies);
    let token = take_token(&mut request);
    let presented = match token {
        _ if is_public(&request) => {
            count_address(&voice, address)?;
            Presented::Nothing
        }
        None => {
            count_address(&voice, address)?;
            return Err(AUTHORIZATION_REQUIRED.into());
        }
        Some(text) => {
            let (token, presented) = identify(&voice, &text, address).await?;
            request.extensions_mut().insert(token);
            presented
        }
    };
    request.extensions_mut().insert(presented);
    Ok(next.run(request).await)
}

fn is_public(request: &Request) -> bool {
    let Some(route) = request.extensions().get::<MatchedPath>() else { return false };
    PUBLIC.iter().any(|(method, path)| {
        // What a public route does with another method is no secret either.
        *path == route.as_str() && (method == request.method() || !is_known(request.method(), path))
    })
}

fn is_known(method: &Method, path: &str) -> bool {
    PUBLIC.iter().any(|(known, public)| known == method && *public == path)
}

async fn identify(
    voice: &Voice,
    text: &str,
    address: ClientAddress,
) -> Result<(Token, Presented), Error> {
    let hash = sessions::hash(text);
    let (token, presented) = if is_opaque(text) {
        let exchanged = match voice.known(&hash).await {
            Some(known) => known,
            None => match voice.exchange(text, hash).await {
                Ok(exchanged) => exchanged,
                Err(status) => {
                    // Only whoever guesses is counted by address.
                    count_address(voice, address)?;
                    return Err(Error::of(status, &Model::NONE));
                }
            },
        };
        let subject = format!("user:{}", exchanged.user_id);
        (Token::Opaque(exchanged.clone()), Presented::good(&exchanged.token, subject))
    } else {
        match voice.gateway.trust.check(text) {
            Ok(claims) if claims.kind == SubjectKind::User && !voice.sessions.is_buried(&hash) => {
                let presented = Presented::good(text, format!("user:{}", claims.sub));
                (Token::Signed { user_id: claims.sub, hash }, presented)
            }
            Err(status) if status.code() == Code::Unavailable => {
                return Err(Fault::Unavailable.into());
            }
            _ => {
                count_address(voice, address)?;
                return Err(INVALID_TOKEN.into());
            }
        }
    };
    if let Some(rates) = &voice.gateway.rates {
        let limit = voice.gateway.config.limits.voice_token_rate;
        rates.count_token(hash).map_err(|fault| Error::from(fault).limited_to(limit))?;
    }
    Ok((token, presented))
}

fn count_address(voice: &Voice, address: ClientAddress) -> Result<(), Error> {
    let limit = voice.gateway.config.limits.address_rate;
    match &voice.gateway.rates {
        Some(rates) => {
            rates.count_address(address).map_err(|fault| Error::from(fault).limited_to(limit))
        }
        None => Ok(()),
    }
}

/// Whether a token has the form of this dialect's own.
fn is_opaque(token: &str) -> bool {
    token.len() == OPAQUE_LENGTH && token.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Takes every token from a request, and gives the one that counts.
fn take_token(request: &mut Request) -> Option<String> {
    let from_query = take_parameter(request.uri_mut());
    let headers = request.headers_mut();
    let from_own_header = take_header(headers, &TOKEN_HEADER);
    let from_authorization =
        take_header(headers, &AUTHORIZATION).map(|text| match text.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
                token.trim().to_owned()
            }
            None if text.eq_ignore_ascii_case("bearer") => String::new(),
            _ => text,
        });
    [from_query, from_own_header, from_authorization]
        .into_iter()
        .flatten()
        .find(|token| !token.is_empty())
}

fn take_header(headers: &mut HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.remove(name)?;
    // What is no text is no token of anybody's.
    Some(value.to_str().unwrap_or("?").trim().to_owned())
}

fn take_parameter(uri: &mut Uri) -> Option<String> {
    let query = uri.query()?;
    let is_token = |pair: &&str| {
        form_urlencoded::parse(pair.as_bytes()).any(|(name, _)| name == TOKEN_PARAMETER)
    };
    let token = query.split('&').filter(is_token).find_map(|pair| {
        let (_, token) = form_urlencoded::parse(pair.as_bytes()).next()?;
        (!token.is_empty()).then(|| token.into_owned())
    });
    let rest: Vec<_> = query.split('&').filter(|pair| !is_token(pair)).collect();
    if rest.len() < query.split('&').count() {
        let separator = if rest.is_empty() { "" } else { "?" };
        let clean = format!("{}{separator}{}", uri.path(), rest.join("&"));
        // A part of a URI is one too; were it none, nothing of it may stay.
        *uri = clean.parse().unwrap_or_default();
    }
    token
}

/// Somebody with a good token. Refuses bodies that are not JSON, which comes before everything
/// that is wrong with a request in particular.
#[derive(Clone, Debug)]
pub(super) struct Session {
    caller: Caller,
    token: Token,
    wanted: Option<String>,
}

impl FromRequestParts<Voice> for Session {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, voice: &Voice) -> Result<Self, Error> {
        let token = parts.extensions.get().cloned().ok_or(Error::from(AUTHORIZATION_REQUIRED))?;
        check_media_type(parts)?;
        let caller = Caller::from_request_parts(parts, voice).await?;
        let wanted = parts.headers.get(&COMPANY_HEADER);
        let wanted = wanted.map(|value| value.to_str().unwrap_or_default().trim().to_lowercase());
        Ok(Self { caller, token, wanted })
    }
}

/// A body that says what it is says that it is JSON.
pub(super) fn check_media_type(parts: &Parts) -> Result<(), Fault> {
    let length = parts.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let has_body =
        length.is_some_and(|length| length != "0") || parts.headers.contains_key(TRANSFER_ENCODING);
    let takes_one = [Method::POST, Method::PUT, Method::PATCH].contains(&parts.method);
    if has_body && takes_one && !body::is_json(&parts.headers) {
        return Err(Fault::UnsupportedMediaType);
    }
    Ok(())
}

impl Session {
    /// Who asks, for calls that are about no account.
    pub(super) fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The person.
    pub(super) fn user_id(&self) -> &str {
        match &self.token {
            Token::Opaque(exchanged) => &exchanged.user_id,
            Token::Signed { user_id, .. } => user_id,
        }
    }

    /// What names the access token that asks; None for a signed one.
    pub(super) fn token_prefix(&self) -> Option<&str> {
        match &self.token {
            Token::Opaque(exchanged) => Some(&exchanged.prefix),
            Token::Signed { .. } => None,
        }
    }

    /// Ends what is known of a signed token.
    pub(super) async fn bury(&self, voice: &Voice) {
        if let Token::Signed { hash, .. } = &self.token {
            voice.sessions.bury(*hash).await;
        }
    }

    /// The account that is meant: that of an access token; of a signed one the one that the
    /// request names, or the oldest membership. Asked for once the request has been read, since
    /// whatever is wrong with that comes first.
    ///
    /// # Errors
    /// 403 for somebody without an account, or with another than the one named.
    pub(super) async fn account(&self, voice: &Voice) -> Result<Account, Error> {
        let id = match &self.token {
            Token::Opaque(exchanged) => exchanged.company_id.clone(),
            Token::Signed { hash, .. } => {
                let listed = voice
                    .memberships(&self.caller, *hash)
                    .await
                    .map_err(|status| Error::of(status, &Model::NONE))?;
                let mut ids = listed.memberships.iter().map(|membership| &membership.company_id);
                let id = match &self.wanted {
                    Some(wanted) => ids.find(|id| *id == wanted),
                    None => ids.next(),
                };
                id.cloned().ok_or(Error::from(ACCESS_DENIED))?
            }
        };
        Ok(Account { id, caller: self.caller.clone() })
    }
}

/// The account that a request is about, and who asks.
#[derive(Clone, Debug)]
pub(super) struct Account {
    /// The company that it is.
    pub(super) id: String,
    /// Whoever asks.
    pub(super) caller: Caller,
}

/// Somebody whose token does not matter: the gateway speaks for them.
#[derive(Clone, Debug)]
pub(super) struct Stranger(pub(super) Caller);

impl FromRequestParts<Voice> for Stranger {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, voice: &Voice) -> Result<Self, Error> {
        check_media_type(parts)?;
        let crate::caller::Stranger(caller) =
            crate::caller::Stranger::from_request_parts(parts, voice).await?;
        Ok(Self(caller))
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn taken(uri: &str, headers: &[(&'static str, &str)]) -> (Option<String>, Request) {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::empty()).unwrap();
        (take_token(&mut request), request)
    }

    #[test]
    fn the_first_token_counts_and_all_are_taken() {
        let headers = [("x-access-token", "own"), ("authorization", "Bearer scheme")];
        for (uri, headers, wanted) in [
            ("/a?access_token=query&limit=1", &headers[..], Some("query")),
            ("/a?access_token=&limit=1", &headers, Some("own")),
            ("/a?limit=1", &headers[1..], Some("scheme")),
            ("/a?limit=1", &[("authorization", "raw")], Some("raw")),
            ("/a?limit=1", &[("authorization", "bEaReR  odd ")], Some("odd")),
            ("/a?limit=1", &[("authorization", "")], None),
            ("/a?limit=1", &[("authorization", "Bearer ")], None),
            ("/a?limit=1", &[], None),
            ("/a?limit=1&access%5Ftoken=hid%64en", &[], Some("hidden")),
        ] {
            let (token, request) = taken(uri, headers);
            assert_eq!(token.as_deref(), wanted, "{uri} {headers:?}");
            assert_eq!(request.uri().to_string(), "/a?limit=1");
            assert!(request.headers().is_empty());
        }
        assert_eq!(taken("/a?access_token=x", &[]).1.uri().to_string(), "/a");
    }

    #[test]
    fn an_access_token_has_its_form() {
        assert!(is_opaque(&"aZ09".repeat(16)));
        assert!(!is_opaque(&"a".repeat(63)));
        assert!(!is_opaque(&format!("{}.", "a".repeat(63))));
    }
}
