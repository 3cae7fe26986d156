//! Who asks, and in whose name.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::Response;
use proto::company::v1::ListEnterprisesRequest;
use proto::company::v1::enterprise_service_client::EnterpriseServiceClient;
use sha2::{Digest, Sha256};
use tonic::metadata::{Ascii, MetadataValue};

use super::Enterprises;
use super::error::{Deed, Error};
use crate::address::{self, ClientAddress};
use crate::caller::{COMPANY_HEADER, Caller, Presented};
use crate::fault::Fault;

/// Finds out who asks, and counts them: by token, or by address where there is none that is good.
pub(super) async fn enter(
    State(enterprises): State<Enterprises>,
    mut request: Request,
    next: Next,
) -> Result<Response, Error> {
    let gateway = &enterprises.gateway;
    let address = address::locate(&mut request, &gateway.config.web.trusted_proxies);
    let presented = Presented::of(request.headers(), &gateway.trust);
    let caller = match &presented {
        // Only people belong to enterprises.
        Presented::Token { bearer, subject } if subject.starts_with("user:") => {
            count_token(&enterprises, bearer)?;
            Caller::reader(bearer.clone(), request.headers())
        }
        Presented::Unknown => return Err(Fault::Unavailable.into()),
        Presented::Token { .. } | Presented::Nothing | Presented::Bad => {
            count_address(&enterprises, address)?;
            return Err(Fault::Unauthorized.into());
        }
    };
    let own = named(request.headers());
    request.extensions_mut().insert(presented);
    let response = next.run(request).await;
    // Whatever is wrong with a request is told only to those in whose name it may be asked. Who is
    // served was looked at by the service, as is whoever names nobody.
    if response.status().is_client_error()
        && let Some(own) = own
    {
        check_own(&enterprises, &caller, own).await?;
    }
    Ok(response)
}

/// The enterprise that somebody says that they ask in the name of.
fn named(headers: &HeaderMap) -> Option<String> {
    let own = headers.get(&COMPANY_HEADER)?;
    // What is no text is no enterprise of anybody's.
    Some(own.to_str().unwrap_or("?").trim().to_owned())
}

/// Whether somebody may ask in the name of an enterprise, which is the first thing that the
/// service looks at.
async fn check_own(enterprises: &Enterprises, caller: &Caller, own: String) -> Result<(), Error> {
    let question = ListEnterprisesRequest { own_enterprise: own, limit: 1, ..Default::default() };
    enterprises
        .clients()
        .company
        .ask(caller, question, |to, request| async move {
            EnterpriseServiceClient::new(to).list_enterprises(request).await
        })
        .await
        .map_err(|status| Error::of(status, Deed::Other))?;
    Ok(())
}

/// The token is counted as it is passed on, however the header that it came in was written.
fn count_token(enterprises: &Enterprises, bearer: &MetadataValue<Ascii>) -> Result<(), Error> {
    let Some(rates) = &enterprises.gateway.rates else { return Ok(()) };
    let limit = enterprises.gateway.config.limits.enterprise_token_rate;
    rates
        .count_enterprise_token(Sha256::digest(bearer.as_encoded_bytes()).into())
        .map_err(|fault| Error::from(fault).limited_to(limit))
}

fn count_address(enterprises: &Enterprises, address: ClientAddress) -> Result<(), Error> {
    let Some(rates) = &enterprises.gateway.rates else { return Ok(()) };
    let limit = enterprises.gateway.config.limits.address_rate;
    rates.count_address(address).map_err(|fault| Error::from(fault).limited_to(limit))
}

/// Somebody with a good token.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) caller: Caller,
    /// The enterprise that they ask in the name of; empty for the usual one.
    pub(super) own: String,
}

impl FromRequestParts<Enterprises> for Session {
    type Rejection = Error;

    async fn from_request_parts(
        parts: &mut Parts,
        enterprises: &Enterprises,
    ) -> Result<Self, Error> {
        let own = named(&parts.headers).unwrap_or_default();
        let caller = Caller::from_request_parts(parts, enterprises).await?;
        Ok(Self { caller, own })
    }
}

/// Somebody with a good token who sends something to be read: it must say that it is JSON, which
/// comes before everything that is wrong with it in particular.
#[derive(Clone, Debug)]
pub(super) struct Writer(pub(super) Session);

impl FromRequestParts<Enterprises> for Writer {
    type Rejection = Error;

    async fn from_request_parts(
        parts: &mut Parts,
        enterprises: &Enterprises,
    ) -> Result<Self, Error> {
        debug_assert!([Method::POST, Method::PATCH].contains(&parts.method));
        if !says_json(&parts.headers) {
            return Err(Fault::UnsupportedMediaType.into());
        }
        Session::from_request_parts(parts, enterprises).await.map(Self)
    }
}

fn says_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_json_is_json() {
        for (kind, expected) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/merge-patch+json", false),
            ("text/plain", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]);
            assert_eq!(says_json(&headers), expected, "{kind}");
        }
        assert!(!says_json(&HeaderMap::new()));
    }
}
