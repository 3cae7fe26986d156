//! Problem details, in either form of an answer.

use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue, LINK, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::dialects::workspaces::negotiation::Form;
use crate::fault::whole_seconds;

pub(super) const TITLE: &str = "An error occurred";
pub(super) const PROBLEM: HeaderValue =
    HeaderValue::from_static("application/problem+json; charset=utf-8");
pub(super) const HYDRA_LINK: HeaderValue = HeaderValue::from_static(
    "<http://www.w3.org/ns/hydra/error>; rel=\"http://www.w3.org/ns/json-ld#error\"",
);

/// A member that is at fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::dialects::workspaces) struct Violation {
    /// Which; empty when it is none in particular.
    #[schema(example = "name")]
    pub(super) property_path: String,
    /// What is wrong with it, for people.
    pub(super) message: String,
    /// What is wrong with it, for programs.
    #[schema(example = "not-blank")]
    pub(super) code: &'static str,
}

/// What is wrong, before it has a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::dialects::workspaces) struct Problem {
    pub(super) status: StatusCode,
    pub(super) detail: String,
    pub(super) violations: Vec<Violation>,
    pub(super) retry_after: Option<Duration>,
}

impl Problem {
    fn kind(&self) -> String {
        match self.violations.first() {
            Some(first) => format!("/validation_errors/{}", first.code),
            None => format!("/errors/{}", self.status.as_u16()),
        }
    }

    pub(super) fn members(&self, form: Form) -> Map<String, Value> {
        let kind = self.kind();
        let mut members = Map::new();
        let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
        if form == Form::JsonLd {
            let is_violation = !self.violations.is_empty();
            let name = if is_violation { "ConstraintViolation" } else { "Error" };
            put("@context", format!("/contexts/{name}").into());
            put("@id", kind.clone().into());
            put("@type", if is_violation { name } else { "hydra:Error" }.into());
            put("hydra:title", TITLE.into());
            put("hydra:description", self.detail.clone().into());
        }
        put("type", kind.into());
        put("title", TITLE.into());
        put("detail", self.detail.clone().into());
        put("status", self.status.as_u16().into());
        if !self.violations.is_empty() {
            put("violations", json!(self.violations));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            put("code", self.status.as_u16().into());
            put("message", self.detail.clone().into());
        }
        members
    }

    /// The answer in a form.
    pub(in crate::dialects::workspaces) fn render(&self, form: Form) -> Response {
        let mut response = (self.status, Json(self.members(form))).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, PROBLEM);
        headers.insert(LINK, HYDRA_LINK);
        if let Some(after) = self.retry_after {
            headers.insert(RETRY_AFTER, whole_seconds(after).into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
