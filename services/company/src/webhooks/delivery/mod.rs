//! Messages on their way to endpoints: signed, sent, tried again, and written down. What the
//! messages are about, and who asked for them, is no business of this module.

mod attempt;
mod guard;
mod schedule;
mod sender;
mod signature;
mod store;

use std::time::Duration;

use time::OffsetDateTime;
use uuid::Uuid;

pub(crate) use attempt::{Deliveries, SendWebhook};
pub(crate) use guard::Guard;
use sender::Answer;
pub(crate) use sender::Sender;
pub(crate) use signature::Secret;
#[cfg(test)]
pub(crate) use store::address;
pub(crate) use store::{Position, give_up, list, lock_endpoints, replay};

/// What an endpoint's secret is sealed for.
pub(crate) const SECRET: &str = "company.webhook_endpoint.secret";

/// Something that endpoints are told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a> {
    /// What happened.
    pub(crate) event_id: Uuid,
    /// Its name on the wire.
    pub(crate) event_type: &'a str,
    /// The JSON body.
    pub(crate) body: &'a str,
    /// When it happened.
    pub(crate) happened_at: OffsetDateTime,
}

/// Where a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum State {
    /// To be sent, or sent again.
    Pending,
    /// The endpoint took it.
    Delivered,
    /// Given up.
    Failed,
}

/// A message for an endpoint, as its company sees it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Delivery {
    pub(crate) delivery_id: Uuid,
    pub(crate) event_type: String,
    pub(crate) state: State,
    pub(crate) attempts: i32,
    pub(crate) last_status: Option<i32>,
    pub(crate) last_error: Option<String>,
    pub(crate) due_at: Option<OffsetDateTime>,
    pub(crate) happened_at: OffsetDateTime,
    pub(crate) delivered_at: Option<OffsetDateTime>,
}

/// Whose endpoint it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
enum Kind {
    /// A company's own.
    Company,
    /// A voice account's integration.
    Integration,
}

impl Kind {
    /// How often a message is tried in a round: over three days, or over the better part of one.
    fn attempts_max(self) -> u32 {
        match self {
            Self::Company => 10,
            Self::Integration => 7,
        }
    }
}

/// What follows an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Next {
    /// Nothing: the message was taken.
    Delivered,
    /// Another attempt after a pause.
    Again(Duration),
    /// Nothing: it never will be.
    GivenUp,
}

/// What follows the answer to attempt number `attempts` of a round; `chance` is between 0 and 1.
fn next(answer: &Answer, kind: Kind, attempts: u32, chance: f64) -> Next {
    if answer.error.is_none() {
        return Next::Delivered;
    }
    if answer.is_gone() {
        return Next::GivenUp;
    }
    schedule::pause(attempts, kind.attempts_max(), chance, answer.retry_after)
        .map_or(Next::GivenUp, Next::Again)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, error: Option<&str>) -> Answer {
        let error = error.map(str::to_owned);
        Answer { status: Some(status), error, ..Answer::default() }
    }

    #[test]
    fn a_message_is_tried_until_it_is_taken_or_the_schedule_ends() {
        assert_eq!(next(&answer(204, None), Kind::Company, 1, 0.5), Next::Delivered);
        let failed = answer(503, Some("no"));
        assert_eq!(next(&failed, Kind::Company, 1, 0.0), Next::Again(Duration::from_secs(5)));
        assert!(matches!(next(&failed, Kind::Company, 9, 0.5), Next::Again(_)));
        assert_eq!(next(&failed, Kind::Company, 10, 0.5), Next::GivenUp);
        assert!(matches!(next(&failed, Kind::Integration, 6, 0.5), Next::Again(_)));
        assert_eq!(next(&failed, Kind::Integration, 7, 0.5), Next::GivenUp);
        assert_eq!(next(&answer(410, Some("gone")), Kind::Company, 1, 0.5), Next::GivenUp);
        let asked = Answer { retry_after: Some(Duration::from_secs(60)), ..failed };
        assert_eq!(next(&asked, Kind::Company, 1, 0.5), Next::Again(Duration::from_secs(60)));
    }
}
