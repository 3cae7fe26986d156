//! People.

mod changes;
mod person;
mod rpc;
pub(crate) mod store;
pub(crate) mod wire;

use brazil::{Email, UserId};
use time::OffsetDateTime;

pub(crate) use changes::{add, find_or_add, save};
pub(crate) use person::{Person, parse_date};
pub(crate) use rpc::Users;

/// Somebody with an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) user_id: UserId,
    pub(crate) email: Email,
    pub(crate) email_proven_at: Option<OffsetDateTime>,
    pub(crate) announced_at: Option<OffsetDateTime>,
    pub(crate) person: Person,
    pub(crate) state: State,
    pub(crate) epoch: i64,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) updated_at: OffsetDateTime,
}

/// Whether somebody may log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum State {
    /// Not yet: holds the address while a voice account is being opened.
    Opening,
    /// May.
    Active,
    /// May not.
    Disabled,
    /// Made way for the one who proved its address; may not.
    Replaced,
}

impl User {
    /// A new user, whose address is not proven.
    pub(crate) fn new(email: Email, person: Person, now: OffsetDateTime) -> Self {
        Self {
            user_id: UserId::generate(),
            email,
            email_proven_at: None,
            announced_at: None,
            person,
            state: State::Active,
            epoch: 0,
            created_at: now,
            updated_at: now,
        }
    }

    /// The address is theirs; when that was shown first is what stays.
    pub(crate) fn prove(&mut self, now: OffsetDateTime) {
        self.email_proven_at.get_or_insert(now);
    }
}
