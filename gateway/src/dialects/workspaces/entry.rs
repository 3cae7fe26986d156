//! What every request goes through, in the order of the contract: who asks, is there such a
//! route, does it know the method, in which form is it to answer, in which form does it come.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{
    ALLOW, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING,
    VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use proto::identity::v1::RenewTokenRequest;
use proto::identity::v1::organization_user_service_client::OrganizationUserServiceClient;
use tonic::Code;

use super::Workspaces;
use super::error::{Error, Problem};
use super::negotiation::Form;
use super::operations::{Operation, Takes};
use super::route::Route;
use crate::address;
use crate::caller::{self, Anyone, Presented};
use crate::fault::Fault;

const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");
const MERGE_PATCH: &str = "application/merge-patch+json";
const SENSITIVE: &[&str] = &["/api/login", "/organization-user-invitations/accept"];

/// Lets a request in, or says why not; in both cases in the form that is asked for.
pub(super) async fn enter(
    State(workspaces): State<Workspaces>,
    request: Request,
    next: Next,
) -> Response {
    let route = Route::of(request.uri().path());
    let form = Form::of(request.headers());
    let mut response = match admit(&workspaces, route, form, request).await {
        Ok(request) => next.run(request).await,
        Err(error) => error.into_response(),
    };
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let headers = std::mem::take(response.headers_mut());
        response = problem.render(form.unwrap_or(Form::Json));
        // What the problem says of itself counts.
        for (name, value) in headers {
            if let Some(name) = name
                && ![CONTENT_TYPE, CONTENT_LENGTH].contains(&name)
            {
                response.headers_mut().entry(name).or_insert(value);
            }
        }
    }
    let headers = response.headers_mut();
    headers.append(VARY, HeaderValue::from_static("Accept"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(route) = route {
        if let Ok(allow) = route.allow().parse() {
            headers.insert(ALLOW, allow);
        }
        if route.takes_patches() {
            headers.insert(ACCEPT_PATCH, HeaderValue::from_static(MERGE_PATCH));
        }
    }
    response
}

async fn admit(
    workspaces: &Workspaces,
    route: Option<Route>,
    form: Option<Form>,
    mut request: Request,
) -> Result<Request, Error> {
    let gateway = &workspaces.gateway;
    let address = address::locate(&mut request, &gateway.config.web.trusted_proxies);
    let presented = caller::identify(&mut request, &gateway.trust);
    let operation = route.and_then(|route| route.operation(request.method()));
    let is_public = match operation {
        Some(operation) => operation.is_public,
        None => route.is_some_and(Route::is_public),
    };
    if let Some(rates) = &gateway.rates {
        let path = request.uri().path();
        let sensitive = SENSITIVE.iter().find(|sensitive| **sensitive == path).copied();
        rates.count(&presented, address, sensitive)?;
    }
    if !is_public {
        match presented {
            Presented::Token { .. } => {}
            Presented::Unknown => return Err(Fault::Unavailable.into()),
            Presented::Nothing | Presented::Bad => return Err(Fault::Unauthorized.into()),
        }
    }
    if route.is_none() {
        return Err(Fault::NotFound.into());
    }
    let Some(operation) = operation else { return Err(Fault::MethodNotAllowed.into()) };
    match form {
        Some(form) => {
            request.extensions_mut().insert(form);
        }
        None if operation.has_one_form() => {}
        None => return Err(Error::not_acceptable()),
    }
    check_media_type(operation, request.headers())?;
    if is_public { Ok(request) } else { renew(workspaces, request).await }
}

/// Whether a body comes in a form that the operation takes.
fn check_media_type(operation: &Operation, headers: &HeaderMap) -> Result<(), Fault> {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let given = given.and_then(|text| text.split(';').next()).unwrap_or_default();
    let given = given.trim().to_ascii_lowercase();
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let has_body =
        length.is_some_and(|length| length != "0") || headers.contains_key(TRANSFER_ENCODING);
    let is_taken = match operation.takes {
        Takes::Nothing => true,
        Takes::Json(_) => is_json(&given),
        Takes::PerhapsJson(_) => !has_body && given.is_empty() || is_json(&given),
        Takes::Patch(_) => given == MERGE_PATCH,
        Takes::File => given == "multipart/form-data",
    };
    if is_taken { Ok(()) } else { Err(Fault::UnsupportedMediaType) }
}

fn is_json(given: &str) -> bool {
    ["application/ld+json", "application/json"].contains(&given)
}

/// Puts a token in the place of the one that came, with the roles that its owner has now: whoever
/// opens an organization goes on there at once.
async fn renew(workspaces: &Workspaces, request: Request) -> Result<Request, Error> {
    let (mut parts, body) = request.into_parts();
    let subject = match parts.extensions.get() {
        Some(Presented::Token { subject, .. }) if subject.starts_with("user:") => subject.clone(),
        _ => return Ok(Request::from_parts(parts, body)),
    };
    let Anyone(caller) = Anyone::from_request_parts(&mut parts, workspaces).await?;
    let renewed = workspaces
        .clients()
        .identity
        .ask(&caller, RenewTokenRequest {}, |to, request| async move {
            OrganizationUserServiceClient::new(to).renew_token(request).await
        })
        .await;
    match renewed {
        Ok(answer) => {
            let token = answer.message.token.unwrap_or_default().access_token;
            parts.extensions.insert(Presented::good(&token, subject));
        }
        Err(status) if status.code() == Code::Unauthenticated => {
            return Err(Fault::Unauthorized.into());
        }
        // The token that came is good for what it says.
        Err(status) => tracing::warn!(code = ?status.code(), "a token is not renewed"),
    }
    Ok(Request::from_parts(parts, body))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;

    use super::*;

    fn taken(method: &Method, path: &str, headers: &[(HeaderName, &'static str)]) -> bool {
        let operation = Route::of(path).unwrap().operation(method).unwrap();
        let headers =
            headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
        check_media_type(operation, &headers.collect()).is_ok()
    }

    #[test]
    fn a_body_comes_in_its_form() {
        let kind = |value| (CONTENT_TYPE, value);
        let post = |path, headers: &[_]| taken(&Method::POST, path, headers);
        assert!(post("/locations", &[kind("application/json")]));
        assert!(post("/locations", &[kind("application/ld+json; charset=utf-8")]));
        assert!(!post("/locations", &[kind("text/plain")]));
        assert!(!post("/locations", &[]));
        assert!(!post("/locations", &[kind("application/merge-patch+json")]));
        assert!(post("/organizations/clear", &[]));
        assert!(post("/organizations/clear", &[(CONTENT_LENGTH, "0")]));
        assert!(!post("/organizations/clear", &[(CONTENT_LENGTH, "2")]));
        assert!(post("/organizations/icon", &[kind("multipart/form-data; boundary=x")]));
        assert!(!post("/organizations/icon", &[kind("image/png")]));
        let patch = |headers: &[_]| taken(&Method::PATCH, "/locations/1", headers);
        assert!(patch(&[kind("application/merge-patch+json")]));
        assert!(!patch(&[kind("application/json")]) && !patch(&[]));
        assert!(taken(&Method::GET, "/locations", &[kind("text/plain")]));
    }
}
