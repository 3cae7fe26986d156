//! What is told of a call, version 1.4.

use chassis::timestamp;
use proto::events::v1::Call;
use serde::Serialize;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::macros::format_description;

pub(super) const CHANNEL_CREATE: &str = "channel-create";
pub(super) const CHANNEL_ANSWER: &str = "channel-answer";
pub(super) const CHANNEL_HANGUP: &str = "channel-hangup";

/// All types of messages.
pub(super) const TYPES: [&str; 3] = [CHANNEL_CREATE, CHANNEL_ANSWER, CHANNEL_HANGUP];

const VERSION: &str = "v1.4";

/// The body of a message. What has not happened yet is null.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'a> {
    version: &'static str,
    event_type: &'static str,
    /// The call.
    id: &'a str,
    domain: &'a str,
    direction: &'a str,
    caller: &'a str,
    called: &'a str,
    started_at: Option<String>,
    answered_at: Option<String>,
    ended_at: Option<String>,
    /// Seconds.
    duration: i64,
    hangup_cause: Option<&'a str>,
    hangup_cause_code: Option<String>,
    record_url: Option<String>,
    metadata: &'a Map<String, Value>,
}

/// The body that tells of a call. Recordings lie at the API's `public_url`.
pub(super) fn body(
    event_type: &'static str,
    call: &Call,
    metadata: &Map<String, Value>,
    public_url: &str,
) -> serde_json::Result<String> {
    let moment = |at: Option<&prost_types::Timestamp>| at.and_then(timestamp::from_proto).map(ms);
    let ended_at = moment(call.ended_at.as_ref());
    let answered_at = moment(call.answered_at.as_ref());
    let has_sound = call.is_recorded && answered_at.is_some() && ended_at.is_some();
    serde_json::to_string(&Payload {
        version: VERSION,
        event_type,
        id: &call.call_id,
        domain: &call.domain,
        direction: &call.direction,
        caller: &call.caller,
        called: &call.called,
        started_at: moment(call.started_at.as_ref()),
        duration: call.duration,
        hangup_cause: ended_at.is_some().then_some(&call.hangup_cause),
        hangup_cause_code: ended_at.is_some().then(|| call.hangup_cause_code.to_string()),
        record_url: has_sound
            .then(|| format!("{public_url}/api/v1/recordings/{}.mp3", call.call_id)),
        answered_at,
        ended_at,
        metadata,
    })
}

/// With milliseconds, whatever they are: `2025-01-01T00:00:00.000Z`.
fn ms(at: OffsetDateTime) -> String {
    let format =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    at.format(format).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    fn call() -> Call {
        let at = |at| Some(timestamp::to_proto(at));
        Call {
            call_id: "0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9d".to_owned(),
            company_id: "0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9e".to_owned(),
            domain: "suporte.api4com.com".to_owned(),
            direction: "outbound".to_owned(),
            caller: "1001".to_owned(),
            called: "48999999999".to_owned(),
            started_at: at(datetime!(2025-01-01 00:00 UTC)),
            answered_at: at(datetime!(2025-01-01 00:00:05.25 UTC)),
            ended_at: at(datetime!(2025-01-01 00:01:05.1239 UTC)),
            duration: 60,
            hangup_cause: "NORMAL_CLEARING".to_owned(),
            hangup_cause_code: 16,
            is_recorded: true,
            metadata_json: "{}".to_owned(),
        }
    }

    fn told(event_type: &'static str, call: &Call) -> Value {
        let metadata = Map::from_iter([("gateway".to_owned(), json!("x"))]);
        let body = body(event_type, call, &metadata, "https://linha.example").unwrap();
        serde_json::from_str(&body).unwrap()
    }

    #[test]
    fn a_call_that_ended_is_told_whole() {
        assert_eq!(
            told(CHANNEL_HANGUP, &call()),
            json!({
                "version": "v1.4",
                "eventType": "channel-hangup",
                "id": "0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9d",
                "domain": "suporte.api4com.com",
                "direction": "outbound",
                "caller": "1001",
                "called": "48999999999",
                "startedAt": "2025-01-01T00:00:00.000Z",
                "answeredAt": "2025-01-01T00:00:05.250Z",
                "endedAt": "2025-01-01T00:01:05.123Z",
                "duration": 60,
                "hangupCause": "NORMAL_CLEARING",
                "hangupCauseCode": "16",
                "recordUrl":
                    "https://linha.example/api/v1/recordings/0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9d.mp3",
                "metadata": {"gateway": "x"}
            })
        );
    }

    #[test]
    fn what_has_not_happened_is_null() {
        let rings = Call {
            answered_at: None,
            ended_at: None,
            duration: 0,
            hangup_cause: String::new(),
            hangup_cause_code: 0,
            ..call()
        };
        let told = told(CHANNEL_CREATE, &rings);
        for field in ["answeredAt", "endedAt", "hangupCause", "hangupCauseCode", "recordUrl"] {
            assert_eq!(told.get(field), Some(&Value::Null), "{field}");
        }
        assert_eq!((&told["eventType"], &told["duration"]), (&json!("channel-create"), &json!(0)));
    }

    #[test]
    fn only_what_was_heard_and_kept_can_be_heard_again() {
        let unanswered = Call { answered_at: None, ..call() };
        assert_eq!(told(CHANNEL_HANGUP, &unanswered)["recordUrl"], Value::Null);
        let unkept = Call { is_recorded: false, ..call() };
        assert_eq!(told(CHANNEL_HANGUP, &unkept)["recordUrl"], Value::Null);
    }
}
