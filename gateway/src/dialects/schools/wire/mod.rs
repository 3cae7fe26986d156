//! What this dialect says. A value that is not known is left out, never null.

pub(super) mod companies;
pub(super) mod people;

use axum::Json;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::error::JSON;

/// An answer.
#[derive(Debug)]
pub(super) struct Told<T>(pub(super) T);

impl<T: Serialize> IntoResponse for Told<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.0).into_response();
        response.headers_mut().insert(CONTENT_TYPE, JSON);
        response
    }
}

/// What services say with an empty text.
fn known(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}
