//! Reads requests: JSON bodies, ids in paths, query parameters. Refuses what cannot be read, in
//! the dialect's words.

use std::collections::HashMap;
use std::str::FromStr;

use axum::extract::{FromRequest, FromRequestParts, Query, RawPathParams, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use axum::http::request::Parts;
use axum::http::{Method, Uri};
use http_body_util::LengthLimitError;
use prost_types::FieldMask;
use serde::de::{DeserializeOwned, IntoDeserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::dialects::Dialect;
use crate::fault::{Fault, Violation, invalid};

/// A body that an operation takes.
pub trait Input: DeserializeOwned {
    /// Members that must be there, and not null.
    const REQUIRED: &'static [&'static str];

    /// Longest that it may be, where that is not the usual length.
    const BYTES_MAX: Option<usize> = None;

    /// Whether no body at all is as good as one without members.
    const MAY_BE_ABSENT: bool = false;

    /// Takes from the text what its value does not keep.
    #[must_use]
    fn exactly(self, _: Written<'_>) -> Self {
        self
    }
}

/// A body as it was written.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a>(&'a [u8]);

impl Written<'_> {
    /// The text of a member: a number with all its digits. The last of several with one name
    /// counts.
    pub fn member(self, name: &str) -> Option<String> {
        let members: HashMap<String, &RawValue> = serde_json::from_slice(self.0).ok()?;
        members.get(name).map(|text| text.get().to_owned())
    }
}

/// A JSON body: the value, and which members it had.
///
/// Members that the operation does not know are ignored; a null counts as absent, except that it
/// is among [`Members`].
#[derive(Clone, Debug)]
pub struct Body<T>(pub T, pub Members);

/// Names of the members that a body had, null ones included.
#[derive(Clone, Debug, Default)]
pub struct Members(Vec<String>);

impl Members {
    /// Whether the body had the member, be it null.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|member| member == name)
    }

    /// The fields that a change names: `names` are (member, field).
    pub fn mask(&self, names: &[(&str, &str)]) -> FieldMask {
        let named = names.iter().filter(|(member, _)| self.0.iter().any(|name| name == member));
        FieldMask { paths: named.map(|(_, field)| (*field).to_owned()).collect() }
    }
}

impl<D: Dialect, T: Input> FromRequest<D> for Body<T> {
    type Rejection = D::Error;

    async fn from_request(request: Request, dialect: &D) -> Result<Self, D::Error> {
        let bytes_max = T::BYTES_MAX.unwrap_or(dialect.gateway().config.limits.body_bytes_max);
        let bytes = read(request, bytes_max).await?;
        Ok(parse(&bytes)?)
    }
}

/// The bytes of a body that is JSON, or none at all.
///
/// # Errors
/// [`Fault::PayloadTooLarge`], [`Fault::UnsupportedMediaType`], [`Fault::Malformed`].
pub(crate) async fn read(request: Request, bytes_max: usize) -> Result<Vec<u8>, Fault> {
    let (parts, body) = request.into_parts();
    if length(&parts.headers).is_some_and(|length| length > bytes_max) {
        return Err(Fault::PayloadTooLarge);
    }
    let bytes = axum::body::to_bytes(body, bytes_max).await.map_err(|error| {
        if error.into_inner().is::<LengthLimitError>() {
            Fault::PayloadTooLarge
        } else {
            Fault::Malformed("The body breaks off.".to_owned())
        }
    })?;
    if !bytes.is_empty() && !is_json(&parts.headers) {
        return Err(Fault::UnsupportedMediaType);
    }
    Ok(bytes.into())
}

fn length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Whether a body is said to be JSON.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind.split_once('/').is_some_and(|(class, format)| {
        class == "application" && (format == "json" || format.ends_with("+json"))
    })
}

/// Why a body is not what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It is no JSON object; the text says so.
    Unreadable(&'static str),
    /// A member has the wrong type.
    Mistyped(Violation),
    /// Required members are missing.
    Missing(Vec<Violation>),
}

impl From<Unfit> for Fault {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Unreadable(message) => Self::Malformed(message.to_owned()),
            Unfit::Mistyped(Violation { member, message }) => {
                Self::Malformed(format!("`{member}` {message}."))
            }
            Unfit::Missing(missing) => Self::Invalid(missing),
        }
    }
}

/// Reads a body of `T`.
///
/// # Errors
/// [`Fault::Malformed`] that names the member when one has the wrong type, [`Fault::Invalid`]
/// when required members are missing.
pub fn parse<T: Input>(bytes: &[u8]) -> Result<Body<T>, Fault> {
    Ok(understand(if T::MAY_BE_ABSENT && bytes.is_empty() { b"{}" } else { bytes })?)
}

/// Reads a body of `T`, and says what is wrong with it otherwise.
pub(crate) fn understand<T: Input>(bytes: &[u8]) -> Result<Body<T>, Unfit> {
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|_| Unfit::Unreadable("The body is not valid JSON."))?;
    let Value::Object(mut members) = value else {
        return Err(Unfit::Unreadable("The body must be a JSON object."));
    };
    let named = Members(members.keys().cloned().collect());
    members.retain(|_, value| !value.is_null());
    let missing: Vec<_> = T::REQUIRED
        .iter()
        .filter(|name| !members.contains_key(**name))
        .map(|name| Violation::new(*name, "is required"))
        .collect();
    let value = match typed::<T>(members) {
        Ok(value) => value.exactly(Written(bytes)),
        // Nothing is wrong with a member that is there.
        Err(Unfit::Mistyped(whole)) if whole.member == WHOLE && !missing.is_empty() => {
            return Err(Unfit::Missing(missing));
        }
        Err(unfit) => return Err(unfit),
    };
    if missing.is_empty() { Ok(Body(value, named)) } else { Err(Unfit::Missing(missing)) }
}

// How the path of a value itself is written.
const WHOLE: &str = ".";

fn typed<T: DeserializeOwned>(members: Map<String, Value>) -> Result<T, Unfit> {
    serde_path_to_error::deserialize(Value::Object(members).into_deserializer()).map_err(|error| {
        // The rest of the message repeats the value, which may be personal.
        let message = error.inner().to_string();
        let expected = message.rsplit_once("expected ").map_or("another type", |(_, what)| what);
        let message = format!("has the wrong type: expected {}", in_words(expected));
        Unfit::Mistyped(Violation::new(error.path().to_string(), message))
    })
}

/// What a type of ours is to those who know JSON.
fn in_words(expected: &str) -> &str {
    match expected {
        "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number",
        "f32" | "f64" => "a number",
        "a map" => "an object",
        "a sequence" => "an array",
        other => other,
    }
}

/// What the path of the request names: `At<Id>` or `At<(Id, Id)>`. What cannot be a name of
/// anything names nothing.
#[derive(Clone, Copy, Debug)]
pub struct At<T>(pub T);

impl<D: Dialect, T: FromPath> FromRequestParts<D> for At<T> {
    type Rejection = D::Error;

    async fn from_request_parts(parts: &mut Parts, dialect: &D) -> Result<Self, D::Error> {
        let params =
            RawPathParams::from_request_parts(parts, dialect).await.map_err(|_| Fault::NoId)?;
        let mut values = params.iter().map(|(_, value)| value);
        Ok(T::take(&mut values).map(Self).ok_or(Fault::NoId)?)
    }
}

/// Read from the parameters of a path, in their order.
pub trait FromPath: Sized {
    /// Takes what it needs; None when that cannot be.
    fn take<'a>(values: &mut impl Iterator<Item = &'a str>) -> Option<Self>;
}

/// An id of ours: a UUID, in canonical form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Id(String);

impl From<Id> for String {
    fn from(id: Id) -> Self {
        id.0
    }
}

impl FromStr for Id {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse::<Uuid>().map(|id| Self(id.to_string()))
    }
}

impl FromPath for Id {
    fn take<'a>(values: &mut impl Iterator<Item = &'a str>) -> Option<Self> {
        values.next()?.parse().ok()
    }
}

/// An id that is a whole number, from 0 on.
impl FromPath for i64 {
    fn take<'a>(values: &mut impl Iterator<Item = &'a str>) -> Option<Self> {
        let digits = values.next()?;
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| digits.parse().ok()).flatten()
    }
}

impl FromPath for String {
    fn take<'a>(values: &mut impl Iterator<Item = &'a str>) -> Option<Self> {
        values.next().map(str::to_owned)
    }
}

impl<A: FromPath, B: FromPath> FromPath for (A, B) {
    fn take<'a>(values: &mut impl Iterator<Item = &'a str>) -> Option<Self> {
        Some((A::take(values)?, B::take(values)?))
    }
}

/// Query parameters. The last of several with one name counts.
#[derive(Clone, Debug, Default)]
pub struct Params(Vec<(String, String)>);

impl<D: Dialect> FromRequestParts<D> for Params {
    type Rejection = D::Error;

    async fn from_request_parts(parts: &mut Parts, _: &D) -> Result<Self, D::Error> {
        Ok(Self::of(&parts.uri)?)
    }
}

impl Params {
    /// The parameters of a URI.
    ///
    /// # Errors
    /// [`Fault::Malformed`].
    pub(crate) fn of(uri: &Uri) -> Result<Self, Fault> {
        let params = Query::try_from_uri(uri)
            .map_err(|_| Fault::Malformed("The query string cannot be read.".to_owned()))?;
        Ok(Self(params.0))
    }

    /// All of them, in their order.
    pub(crate) fn all(&self) -> &[(String, String)] {
        &self.0
    }

    /// The text of a parameter.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A parameter that must be there and be read as `T`.
    ///
    /// # Errors
    /// [`Fault::Invalid`].
    pub fn required<T: FromStr>(&self, name: &str, otherwise: &str) -> Result<T, Fault> {
        let text = self.text(name).ok_or_else(|| invalid(name, "is required"))?;
        text.parse().map_err(|_| invalid(name, otherwise))
    }
}

/// The secret of a mailed link, which stands in for an id.
#[derive(Clone)]
pub struct Secret(String);

const SECRET_LENGTH_MAX: usize = 200;

impl Secret {
    /// As it stands in a URL.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl From<Secret> for String {
    fn from(secret: Secret) -> Self {
        secret.0
    }
}

impl FromPath for Secret {
    fn take<'a>(values: &mut impl Iterator<Item = &'a str>) -> Option<Self> {
        let text = values.next()?;
        let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        (plain && text.len() <= SECRET_LENGTH_MAX).then(|| Self(text.to_owned()))
    }
}

/// Refuses HEAD where reading is not without consequence, since axum serves it like GET: a mail
/// scanner's HEAD must not use up a link.
#[derive(Clone, Copy, Debug)]
pub struct NotByHead;

impl<D: Dialect> FromRequestParts<D> for NotByHead {
    type Rejection = D::Error;

    async fn from_request_parts(parts: &mut Parts, _: &D) -> Result<Self, D::Error> {
        if parts.method == Method::HEAD { Err(Fault::MethodNotAllowed.into()) } else { Ok(Self) }
    }
}

#[cfg(test)]
mod tests;
