//! The few pages that people reach by mailed links. They load nothing from anywhere, tell nobody
//! where the reader came from, and are kept out of search engines and caches.

use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("pages/page.css");
const SCRIPT: &str = include_str!("pages/form.js");
const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");

/// What a form on a page asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    /// Where it is sent, seen from the page.
    pub(crate) action: &'static str,
    /// Name of the password's member.
    pub(crate) password: &'static str,
    /// What the button says.
    pub(crate) button: &'static str,
    /// What is said when it worked.
    pub(crate) done: &'static str,
}

/// A page that says something.
pub(crate) fn notice(status: StatusCode, title: &str, text: &str) -> Response {
    page(status, title, &format!("<p>{text}</p>"), "")
}

/// A page that asks for a password and sends it as JSON.
pub(crate) fn password_form(title: &str, form: Form) -> Response {
    let Form { action, password, button, done } = form;
    let body = format!(
        r#"<form data-action="{action}" data-password="{password}" data-done="{done}">
<label>New password <input type="password" autocomplete="new-password" minlength="8" maxlength="128" required></label>
<label>Once more <input type="password" autocomplete="new-password" required></label>
<button>{button}</button>
</form>
<p role="status"></p>
<noscript><p>This page needs JavaScript.</p></noscript>"#
    );
    page(StatusCode::OK, title, &body, SCRIPT)
}

/// Whether whoever asks would rather read a page than JSON.
pub(crate) fn wants_page(headers: &HeaderMap) -> bool {
    let accepted = headers.get(axum::http::header::ACCEPT).and_then(|value| value.to_str().ok());
    let accepted = accepted.unwrap_or("*/*");
    let place = |kind: &str| accepted.find(kind).unwrap_or(usize::MAX);
    place("text/html") <= place("application/json")
}

/// `title`, `body` and `script` are ours, never a caller's.
fn page(status: StatusCode, title: &str, body: &str, script: &str) -> Response {
    let script_tag =
        if script.is_empty() { String::new() } else { format!("<script>{script}</script>") };
    let html = format!(
        r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>{STYLE}</style>
<main>
<h1>{title}</h1>
{body}
</main>
{script_tag}
</html>
"#
    );
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        digest(STYLE),
        digest(SCRIPT),
    );
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(ROBOTS, HeaderValue::from_static("noindex, nofollow"));
    if let Ok(policy) = policy.parse() {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn digest(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text))
}

#[cfg(test)]
mod tests {
    use axum::http::header::ACCEPT;

    use super::*;

    #[test]
    fn people_get_pages_and_programs_get_json() {
        let wants = |accept: &'static str| {
            wants_page(&HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]))
        };
        assert!(wants("text/html,application/xhtml+xml,*/*;q=0.8"));
        assert!(wants("*/*"));
        assert!(!wants("application/json"));
        assert!(!wants("application/json, text/html"));
        assert!(wants_page(&HeaderMap::new()));
    }

    #[test]
    fn a_page_runs_nothing_but_its_own_script() {
        let form = Form { action: "complete", password: "p", button: "Go", done: "Done." };
        let response = password_form("A title", form);
        let policy = response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains(&format!("script-src 'sha256-{}'", digest(SCRIPT))));
        assert!(policy.contains("default-src 'none'"));
        assert!(!policy.contains("unsafe"));
        assert_eq!(response.headers()[ROBOTS], "noindex, nofollow");
    }
}
