//! Bodies of this dialect: a wrong type is a bad request; a member that is missing is for the
//! service to miss.

use std::fmt;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use prost_types::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use time::format_description::StaticFormatDescription;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use super::Workspaces;
use super::error::Error;
use super::negotiation::Form;
use crate::body::{self, Input, Members};
use crate::caller::{COMPANY_HEADER, Caller};

const BYTES_MAX: usize = 256 * 1024;
const DATE_LENGTH: usize = "2026-04-03".len();
const SECONDS: StaticFormatDescription =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]+00:00");

/// A JSON body: the value, and which members it had. A null counts as absent, except that it is
/// among the members.
pub(super) struct Given<T>(pub(super) T, pub(super) Members);

impl<T: Input> FromRequest<Workspaces> for Given<T> {
    type Rejection = Error;

    async fn from_request(request: Request, _: &Workspaces) -> Result<Self, Error> {
        let bytes = body::read(request, BYTES_MAX).await?;
        let body::Body(value, members) = body::parse(&bytes)?;
        Ok(Self(value, members))
    }
}

/// Somebody with a good token, and which of their organizations they mean.
pub(super) struct Session {
    pub(super) caller: Caller,
    /// Public id of the organization; empty for the oldest membership.
    pub(super) organization_id: String,
    pub(super) form: Form,
}

impl FromRequestParts<Workspaces> for Session {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, workspaces: &Workspaces) -> Result<Self, Error> {
        let caller = Caller::from_request_parts(parts, workspaces).await?;
        let form = Form::from_request_parts(parts, workspaces).await?;
        let named = parts.headers.get(&COMPANY_HEADER);
        // What is no text names nothing.
        let organization_id = named.map(|value| value.to_str().unwrap_or("?").trim().to_owned());
        Ok(Self { caller, organization_id: organization_id.unwrap_or_default(), form })
    }
}

/// A moment: given with any offset, shown in seconds of UTC.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment(OffsetDateTime);

impl Moment {
    /// Reads a moment.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let is_joined = text.as_bytes().get(DATE_LENGTH).is_some_and(|byte| b"Tt".contains(byte));
        let moment = OffsetDateTime::parse(text, &Rfc3339).ok().filter(|_| is_joined)?;
        // Some offsets lead out of the years that there are.
        let moment = moment.checked_to_offset(UtcOffset::UTC)?;
        (1..=9999).contains(&moment.year()).then_some(Self(moment))
    }

    /// A moment of a message.
    pub(super) fn shown(timestamp: Option<&Timestamp>) -> Option<String> {
        let moment = OffsetDateTime::from_unix_timestamp(timestamp?.seconds).ok()?;
        moment.format(SECONDS).ok()
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Moment> for Timestamp {
    fn from(Moment(moment): Moment) -> Self {
        chassis::timestamp::to_proto(moment)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("expected a date-time of RFC 3339"))
    }
}

impl PartialSchema for Moment {
    fn schema() -> RefOr<Schema> {
        let moment = SchemaFormat::KnownFormat(KnownFormat::DateTime);
        ObjectBuilder::new().schema_type(Type::String).format(Some(moment)).into()
    }
}

impl ToSchema for Moment {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_given_with_any_offset_and_shown_in_utc() {
        let shown = |text: &str| {
            let moment: Timestamp = Moment::parse(text)?.into();
            Moment::shown(Some(&moment))
        };
        let expected = Some("2026-04-03T18:31:00+00:00".to_owned());
        for text in [
            "2026-04-03T18:31:00Z",
            "2026-04-03T18:31:00+00:00",
            "2026-04-03T15:31:00-03:00",
            "2026-04-03T18:31:00.999Z",
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
        for text in [
            "",
            "2026-04-03",
            "2026-04-03T18:31:00",
            "2026-04-03 18:31:00Z",
            "2026-02-30T00:00:00Z",
            "now",
            "9999-12-31T23:59:59-23:59",
        ] {
            assert_eq!(shown(text), None, "{text}");
        }
        assert_eq!(Moment::shown(None), None);
    }
}
