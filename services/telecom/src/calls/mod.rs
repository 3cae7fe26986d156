//! Calls of voice accounts: what a call is, and the rules of its life. The switch makes them and
//! says what becomes of them; the wallet pays for them, a minute at a time.

mod course;
mod credit;
mod dialling;
mod lists;
mod minutes;
mod rpc;
mod store;
mod tasks;
mod watching;

use std::sync::Arc;

use brazil::{Cents, CompanyId, PhoneKind, PhoneNumber};
use chassis::Service;
use time::{Duration, OffsetDateTime};

use crate::extensions::ExtensionNumber;
use crate::switch::{CallId, CallOrder, Direction, Endpoint, Switch, SwitchConfig, SwitchError};
use course::{Course, State};

pub(crate) use store::is_in_call;
pub(crate) use tasks::{EndAtSwitch, FetchRecording, PlaceCall, SettleEnded};
pub(crate) use watching::{listen, look_after};

/// The largest answer: a recording, and what stands around it.
pub(crate) const MESSAGE_BYTES_MAX: usize = tasks::RECORDING_BYTES_MAX + 1_024;

/// Time after which it is asked what has become of a call.
const CHECK: Duration = Duration::minutes(1);
/// Time after which that is asked again of a call that the switch has lost.
const CHECK_LOST: Duration = Duration::minutes(5);
/// Longest that a request takes to be paid for.
const REQUEST_PATIENCE: Duration = Duration::seconds(30);
/// Longest that the switch is asked to begin a call.
const PLACE_PATIENCE: Duration = Duration::seconds(30);
/// Longest that a call goes on when it cannot be known whether its next minute is paid for.
const CREDIT_PATIENCE: Duration = Duration::seconds(30);

/// Calls, and the outside that they depend on.
#[derive(Clone)]
pub(crate) struct Calls {
    service: Service,
    switch: Arc<dyn Switch>,
    rules: Rules,
}

/// Periods and limits.
#[derive(Clone, Copy, Debug)]
struct Rules {
    /// Longest that the switch may take to answer.
    timeout: std::time::Duration,
    /// 0 means any number.
    dials_per_minute: u32,
    /// How long before a minute starts its credit is reserved.
    minute_lead: Duration,
    /// Time after which a call that the switch lost is settled.
    lost_after: Duration,
}

impl Calls {
    /// Calls on this switch.
    pub(crate) fn new(service: Service, switch: Arc<dyn Switch>, config: &SwitchConfig) -> Self {
        let rules = Rules {
            timeout: config.timeout(),
            dials_per_minute: config.dials_per_minute,
            minute_lead: Duration::milliseconds(config.call_minute_lead_ms.into()),
            lost_after: Duration::hours(config.call_lost_hours.into()),
        };
        Self { service, switch, rules }
    }

    /// What the switch answers, if it does so in time.
    async fn in_time<T>(
        &self,
        answer: impl Future<Output = Result<T, SwitchError>>,
    ) -> Result<T, SwitchError> {
        tokio::time::timeout(self.rules.timeout, answer)
            .await
            .unwrap_or(Err(SwitchError::Unavailable))
    }
}

/// A call.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Call {
    call_id: CallId,
    company_id: CompanyId,
    extension_id: i64,
    /// The account's host name.
    domain: String,
    direction: Direction,
    /// Number of the extension then.
    extension: ExtensionNumber,
    /// The other party.
    phone: PhoneNumber,
    /// National digits that the other party sees.
    caller_id: Option<String>,
    /// Of the extension then.
    email: Option<String>,
    /// Of the extension then.
    first_name: String,
    /// Of the extension then.
    last_name: Option<String>,
    /// JSON object of the caller's.
    metadata: String,
    record_audio: bool,
    course: Course,
    minutes_reserved: i32,
    minute_price: Cents,
    /// When the next minute's credit is to be reserved.
    minute_at: Option<OffsetDateTime>,
    /// Whether it was refused before.
    minute_refused: bool,
    /// When it is to be looked after.
    check_at: Option<OffsetDateTime>,
    /// When the switch had it last.
    seen_at: OffsetDateTime,
    /// Since when the switch has it no more.
    lost_at: Option<OffsetDateTime>,
}

impl Call {
    fn order(&self) -> CallOrder {
        let endpoint = Endpoint { domain: self.domain.clone(), number: self.extension.to_string() };
        CallOrder {
            call_id: self.call_id,
            direction: self.direction,
            endpoint,
            phone: self.phone.clone(),
            caller_id: self.caller_id.clone(),
            record: self.record_audio,
        }
    }

    /// Who calls, and who is called.
    fn parties(&self) -> (&str, &str) {
        match self.direction {
            Direction::Outbound => (self.extension.as_str(), self.phone.national()),
            Direction::Inbound => (self.phone.national(), self.extension.as_str()),
        }
    }

    /// Minutes that are charged: no more than are paid for.
    fn charged_minutes(&self) -> i32 {
        self.course.started_minutes().min(self.minutes_reserved)
    }

    /// Sets the timers anew, as of the moment at which it was seen at the switch.
    fn seen(&mut self, at: OffsetDateTime, rules: &Rules) {
        self.seen_at = self.seen_at.max(at);
        self.lost_at = None;
        let goes_on = self.course.state != State::Ended;
        self.check_at = goes_on.then_some(self.seen_at + CHECK);
        self.time_minute(rules);
    }

    /// Sets the moment at which the next minute's credit is to be reserved.
    fn time_minute(&mut self, rules: &Rules) {
        let paid = self.direction == Direction::Outbound
            && self.course.state == State::Answered
            && self.lost_at.is_none();
        let end = self.course.end_of_minute(self.minutes_reserved).filter(|_| paid);
        self.minute_at =
            end.map(|end| if self.minute_refused { end } else { end - rules.minute_lead });
    }
}

/// A number that can be dialled: `+55`, `55` or nothing before area code and number, with any
/// punctuation. None for other countries, short codes and void area codes.
fn dialable(text: &str) -> Option<PhoneNumber> {
    let text = text.trim();
    let (plus, rest) = match text.strip_prefix('+') {
        Some(rest) => ("+", rest),
        None => ("", text),
    };
    let digits: String =
        rest.chars().filter(|c| !(c.is_ascii_punctuation() || c.is_whitespace())).collect();
    let number: PhoneNumber = format!("{plus}{digits}").parse().ok()?;
    matches!(number.kind(), PhoneKind::Mobile | PhoneKind::Fixed).then_some(number)
}

#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_dialled_in_any_form() {
        for (text, national) in [
            ("+554833328530", "4833328530"),
            ("554833328530", "4833328530"),
            ("4833328530", "4833328530"),
            ("(48) 3332-8530", "4833328530"),
            ("+55 (41) 98765-4321", "41987654321"),
            ("41/98765.4321", "41987654321"),
            ("5533328530", "5533328530"),
        ] {
            let number = dialable(text);
            assert_eq!(number.as_ref().map(PhoneNumber::national), Some(national), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_dialled_is_not() {
        for text in [
            "",
            "190",
            "+14155552671",
            "+351912345678",
            "08001234567",
            "4004-1234",
            "4187654321",
            "20987654321",
            "2033328530",
            "+5500987654321",
            "48 3332-853O",
            "++554833328530x",
            "99999999",
        ] {
            assert_eq!(dialable(text), None, "{text}");
        }
    }
}
