//! Who reads.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::Schools;
use super::error::Error;
use crate::caller::{Caller, Presented};
use crate::fault::Fault;

/// Somebody with a good token.
#[derive(Clone, Debug)]
pub(super) struct Reader(pub(super) Caller);

impl FromRequestParts<Schools> for Reader {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, schools: &Schools) -> Result<Self, Error> {
        match parts.extensions.get() {
            Some(Presented::Token { .. }) => {
                Caller::from_request_parts(parts, schools).await.map(Self)
            }
            Some(Presented::Unknown) => Err(Fault::Unavailable.into()),
            Some(Presented::Bad) => Err(Error::invalid_token()),
            Some(Presented::Nothing) | None => Err(Fault::Unauthorized.into()),
        }
    }
}
