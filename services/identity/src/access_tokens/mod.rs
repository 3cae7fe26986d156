//! Opaque tokens of people in voice accounts: shown once, kept as a hash, and exchanged for signed
//! ones that live half a minute.

mod login;
mod rpc;
pub(crate) mod store;

use std::fmt;

use brazil::{CompanyId, UserId};
use chassis::refusal::{Fields, Rule};
use chassis::timestamp;
use proto::identity::v1 as pb;
use rand::distr::{Alphanumeric, SampleString};
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};

pub(crate) use rpc::AccessTokens;

use crate::error::Error;
use crate::identity::Identity;
use crate::links;

const SECRET_LENGTH: usize = 64;
const PREFIX_LENGTH: usize = 8;
/// Secrets that are tried until one begins unlike the person's other ones.
const ATTEMPTS_MAX: usize = 16;

/// A token, which is told to its owner and to nobody else.
pub(crate) struct Secret(String);

impl Secret {
    fn generate() -> Self {
        Self(Alphanumeric.sample_string(&mut rand::rng(), SECRET_LENGTH))
    }

    /// A text that may be one.
    fn parse(text: &str) -> Option<Self> {
        let is_one =
            text.len() == SECRET_LENGTH && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_one.then(|| Self(text.to_owned()))
    }

    fn prefix(&self) -> &str {
        &self.0[..PREFIX_LENGTH]
    }

    fn hash(&self) -> Vec<u8> {
        links::hash(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// How long a token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ttl {
    /// For ever, until somebody ends it.
    Permanent,
    /// For some seconds.
    Seconds(i64),
}

impl Ttl {
    const DEFAULT: i64 = 1_209_600;
    const MAX: i64 = 31_556_926;
    const PERMANENT: i64 = -1;

    /// Reads the field "ttl".
    fn parse(fields: &mut Fields, given: Option<i64>) -> Option<Self> {
        match given.unwrap_or(Self::DEFAULT) {
            Self::PERMANENT => Some(Self::Permanent),
            seconds @ 1..=Self::MAX => Some(Self::Seconds(seconds)),
            _ => {
                fields.refuse_as(
                    "ttl",
                    Rule::NotOneOf,
                    "is none of 1 to 31556926 seconds and -1, for ever",
                );
                None
            }
        }
    }

    /// Only administrators have permanent tokens.
    fn allow(self, fields: &mut Fields, administers: bool) {
        if self == Self::Permanent && !administers {
            fields.refuse("ttl", "is -1, for ever, only for an administrator");
        }
    }

    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Permanent => Self::PERMANENT,
            Self::Seconds(seconds) => seconds,
        }
    }

    pub(crate) fn end(self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        match self {
            Self::Permanent => None,
            Self::Seconds(seconds) => Some(now + Duration::seconds(seconds)),
        }
    }
}

/// A token as its owner sees it later.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Shown {
    pub(crate) prefix: String,
    pub(crate) ttl: i64,
    pub(crate) created_at: OffsetDateTime,
}

impl From<Shown> for pb::PersonalToken {
    fn from(token: Shown) -> Self {
        Self {
            prefix: token.prefix,
            ttl: token.ttl,
            created_at: Some(timestamp::to_proto(token.created_at)),
        }
    }
}

/// Makes a token of a person in an account.
async fn issue(
    identity: &Identity,
    tx: &mut PgConnection,
    user_id: UserId,
    company_id: CompanyId,
    ttl: Ttl,
) -> Result<(Secret, Shown), Error> {
    let now = identity.now();
    for _ in 0..ATTEMPTS_MAX {
        let secret = Secret::generate();
        if store::insert(tx, &secret, user_id, company_id, ttl, now).await? {
            let prefix = secret.prefix().to_owned();
            return Ok((secret, Shown { prefix, ttl: ttl.number(), created_at: now }));
        }
    }
    Err(anyhow::anyhow!("no prefix is free").into())
}

#[cfg(test)]
mod tests;
