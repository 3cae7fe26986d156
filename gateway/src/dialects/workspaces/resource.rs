//! Things, in the form that is asked for.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, LOCATION};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};

use super::negotiation::Form;
use super::page::Paging;
use crate::clients::Replayed;

const TOTAL: HeaderName = HeaderName::from_static("x-total-count");

/// Something that has a place of its own.
pub(super) trait Resource: Serialize {
    /// What kind of thing it is.
    const TYPE: &'static str;

    /// Where it is; None for what is nowhere by itself.
    fn iri(&self) -> Option<String>;
}

impl Form {
    /// Something.
    pub(super) fn item<T: Resource>(self, item: &T) -> Response {
        self.answer(StatusCode::OK, self.whole(item))
    }

    /// Something that was made.
    pub(super) fn made<T: Resource>(self, replayed: Replayed, item: &T) -> Response {
        let mut response = (replayed, self.answer(StatusCode::CREATED, self.whole(item)));
        if let Some(place) = item.iri().and_then(|iri| HeaderValue::from_str(&iri).ok()) {
            response.1.headers_mut().insert(LOCATION, place);
        }
        response.into_response()
    }

    /// A page of a collection.
    pub(super) fn collection<T: Resource>(
        self,
        paging: &Paging,
        items: &[T],
        total: i64,
    ) -> Response {
        let members: Vec<Value> = items.iter().map(|item| self.member(item).into()).collect();
        if self == Self::JsonLd {
            return self.answer(StatusCode::OK, paging.collection(T::TYPE, members, total));
        }
        let mut response = self.answer(StatusCode::OK, members.into());
        response.headers_mut().insert(TOTAL, total.into());
        response
    }

    /// An answer in this form.
    pub(super) fn answer(self, status: StatusCode, body: Value) -> Response {
        let mut response = (status, Json(body)).into_response();
        let media_type = HeaderValue::from_static(self.media_type());
        response.headers_mut().insert(CONTENT_TYPE, media_type);
        response
    }

    fn whole<T: Resource>(self, item: &T) -> Value {
        let mut members = self.member(item);
        if self == Self::JsonLd {
            members.insert("@context".to_owned(), format!("/contexts/{}", T::TYPE).into());
        }
        members.into()
    }

    fn member<T: Resource>(self, item: &T) -> Map<String, Value> {
        let mut members = Map::new();
        if self == Self::JsonLd {
            if let Some(iri) = item.iri() {
                members.insert("@id".to_owned(), iri.into());
            }
            members.insert("@type".to_owned(), T::TYPE.into());
        }
        if let Ok(Value::Object(own)) = serde_json::to_value(item) {
            members.extend(own);
        }
        members
    }
}
