//! Confirmation of e-mails.

use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use proto::identity::v1::account_user_service_client::AccountUserServiceClient;
use proto::identity::v1::{ConfirmEmailRequest, ResendConfirmationRequest};

use super::Voice;
use super::auth::Stranger;
use super::body::Given;
use super::documents::{Always, Bodied, IdempotencyKey};
use super::error::{Envelope, Error, INVALID_REDIRECT};
use super::rules::Model;
use super::wire::users::{MODEL, Resend};
use crate::address::ClientAddress;
use crate::body::{NotByHead, Params};

/// Confirm an e-mail
///
/// The link of the mail. It is good for 24 hours, and may be used again.
#[utoipa::path(
    get, path = "/users/confirm", tag = "users", operation_id = "confirmUser",
    params(
        ("uid" = String, Query, description = "Whose e-mail"),
        ("token" = String, Query, description = "What the mail says"),
        ("redirect" = Option<String>, Query,
         description = "Where to go then; its origin must be a known one")
    ),
    responses(
        (status = 204, description = "Confirmed"),
        (status = 302, description = "Confirmed; on to `redirect`"),
        (status = 400, description = "A wrong link, or a foreign origin", body = Envelope),
        Always
    )
)]
pub(super) async fn confirm(
    State(voice): State<Voice>,
    _: NotByHead,
    Stranger(caller): Stranger,
    params: Params,
) -> Result<Response, Error> {
    let given = |name: &str| {
        let text = params.text(name).filter(|text| !text.is_empty());
        text.map(str::to_owned).ok_or_else(|| Error::unreadable(format!("`{name}` is required.")))
    };
    let (user_id, token) = (given("uid")?, given("token")?);
    let origins = &voice.gateway.config.web.confirm_redirect_origins;
    let redirect = params.text("redirect").filter(|text| !text.is_empty());
    let redirect = redirect
        .map(|text| place(text, origins).ok_or(Error::from(INVALID_REDIRECT)))
        .transpose()?;
    voice
        .clients()
        .identity
        .ask(&caller, ConfirmEmailRequest { user_id, token }, |to, request| async move {
            AccountUserServiceClient::new(to).confirm_email(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Model::NONE))?;
    Ok(match redirect {
        Some(place) => (StatusCode::FOUND, [(LOCATION, place)]).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

/// The place to go to, if its origin is a known one.
fn place(text: &str, origins: &[String]) -> Option<HeaderValue> {
    let origin = origin(text)?;
    let is_known = origins.iter().any(|known| self::origin(known).as_ref() == Some(&origin));
    // What browsers read otherwise than others is no place.
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    (is_known && is_plain).then(|| HeaderValue::from_str(text).ok()).flatten()
}

/// Scheme, host and port of a web address without credentials.
fn origin(text: &str) -> Option<(String, String, u16)> {
    let uri: Uri = text.trim_end_matches('/').parse().ok()?;
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let usual = match scheme.as_str() {
        "https" => 443,
        "http" => 80,
        _ => return None,
    };
    let authority = uri.authority()?;
    if authority.as_str().contains('@') {
        return None;
    }
    let port = authority.port_u16().unwrap_or(usual);
    Some((scheme, authority.host().to_ascii_lowercase(), port))
}

/// Mail a confirmation again
///
/// Answers the same whether there is something to confirm or not.
#[utoipa::path(
    post, path = "/users/confirm/resend", tag = "users", operation_id = "resendConfirmation",
    params(IdempotencyKey),
    request_body = Resend,
    responses((status = 204, description = "Mailed, if there is anything to confirm"), Bodied, Always)
)]
pub(super) async fn resend(
    State(voice): State<Voice>,
    Stranger(caller): Stranger,
    ClientAddress(address): ClientAddress,
    Given(resend, _): Given<Resend>,
) -> Result<StatusCode, Error> {
    let request =
        ResendConfirmationRequest { email: resend.email, remote_address: address.to_string() };
    voice
        .clients()
        .identity
        .ask(&caller, request, |to, request| async move {
            AccountUserServiceClient::new(to).resend_confirmation(request).await
        })
        .await
        .map_err(|status| Error::of(status, &MODEL))?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_origins_are_places_to_go_to() {
        let origins = ["https://app.example.com".to_owned(), "http://localhost:3000/".to_owned()];
        for text in [
            "https://app.example.com",
            "https://APP.example.com:443/welcome?x=1#y",
            "http://localhost:3000/",
        ] {
            assert_eq!(place(text, &origins).unwrap(), text);
        }
        for text in [
            "https://app.example.com.evil.example/",
            "https://app.example.com@evil.example/",
            "https://evil.example/https://app.example.com",
            "http://app.example.com/",
            "https://app.example.com:8443/",
            "http://localhost/",
            "//app.example.com/",
            "/welcome",
            "javascript:alert(1)",
            "https:app.example.com",
            "https://app.example.com/\r\nset-cookie:x",
            "https://app.example.com/\\evil.example",
            "https://evil.example\\.app.example.com/",
            "",
        ] {
            assert_eq!(place(text, &origins), None, "{text}");
        }
        assert_eq!(place("https://app.example.com", &[]), None);
    }
}
