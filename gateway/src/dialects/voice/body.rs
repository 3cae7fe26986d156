//! Bodies of this dialect. A member of a wrong type is a wrong value, and no body is as good as
//! one without members.

use axum::extract::{FromRequest, Request};

use super::Voice;
use super::error::Error;
use super::rules::{Broken, Model, Rule};
use crate::body::{self, Body, Input, Members, Unfit};
use crate::fault::Fault;

/// A body that is about a kind of thing.
pub(super) trait About: Input {
    /// The kind of thing.
    const MODEL: &'static Model;
}

/// A JSON body: the value, and which members it had. Unknown ones are ignored; a null counts as
/// absent, except that it is among [`Members`].
#[derive(Clone, Debug)]
pub(super) struct Given<T>(pub(super) T, pub(super) Members);

impl<T: About> FromRequest<Voice> for Given<T> {
    type Rejection = Error;

    async fn from_request(request: Request, voice: &Voice) -> Result<Self, Error> {
        let bytes_max = voice.gateway.config.limits.voice_body_bytes_max;
        let bytes = body::read(request, bytes_max).await?;
        parse(&bytes)
    }
}

/// Reads a body of `T`.
///
/// # Errors
/// 400 when it is no JSON object, 422 when members are missing or have the wrong type.
pub(super) fn parse<T: About>(bytes: &[u8]) -> Result<Given<T>, Error> {
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    let broken = match body::understand::<T>(bytes) {
        Ok(Body(value, members)) => return Ok(Given(value, members)),
        Err(unfit @ Unfit::Unreadable(_)) => return Err(Fault::from(unfit).into()),
        Err(Unfit::Mistyped(wrong)) => {
            vec![Broken::new(wrong.member, Rule::Format, wrong.message)]
        }
        Err(Unfit::Missing(missing)) => missing
            .into_iter()
            .map(|missing| Broken::new(missing.member, Rule::Presence, missing.message))
            .collect(),
    };
    Err(Error::invalid(T::MODEL, broken))
}

/// A body that may break rules. That counts only when nothing that comes before does: whether
/// what is asked for is there, and whether the caller may do it.
#[derive(Debug)]
pub(super) struct Taken<T>(Result<T, Error>);

impl<T: About> FromRequest<Voice> for Taken<Given<T>> {
    type Rejection = Error;

    async fn from_request(request: Request, voice: &Voice) -> Result<Self, Error> {
        match Given::from_request(request, voice).await {
            Err(error) if !error.is_invalid() => Err(error),
            given => Ok(Self(given)),
        }
    }
}

impl<T> From<Result<T, Error>> for Taken<T> {
    fn from(looked_at: Result<T, Error>) -> Self {
        Self(looked_at)
    }
}

impl<T> Taken<T> {
    /// Looks at what is in it, if it broke no rule so far.
    pub(super) fn and_then<U>(self, look: impl FnOnce(T) -> Result<U, Error>) -> Taken<U> {
        Taken(self.0.and_then(look))
    }

    /// What is in it, where whoever has the account may do what is asked.
    ///
    /// # Errors
    /// 422.
    pub(super) fn value(self) -> Result<T, Error> {
        self.0
    }

    /// What is in it. When it broke rules, something is tried first that the caller may do only
    /// if they may do this as well.
    ///
    /// # Errors
    /// 403, or else 422.
    pub(super) async fn unless_denied<A, F>(self, attempt: impl FnOnce() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<A, Error>>,
    {
        self.unless(Error::is_denied, attempt).await
    }

    /// As [`Taken::unless_denied`], where the attempt also tells whether there is anything to
    /// change.
    ///
    /// # Errors
    /// 403 or 404, or else 422.
    pub(super) async fn unless_absent<A, F>(self, attempt: impl FnOnce() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<A, Error>>,
    {
        self.unless(|error| error.is_denied() || error.is_absence(), attempt).await
    }

    async fn unless<A, F>(
        self,
        counts: impl Fn(&Error) -> bool,
        attempt: impl FnOnce() -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<A, Error>>,
    {
        match self.0 {
            Ok(value) => Ok(value),
            Err(broken) => Err(attempt().await.err().filter(counts).unwrap_or(broken)),
        }
    }
}
