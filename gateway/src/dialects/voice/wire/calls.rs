//! Calls.

use proto::common::v1::Money;
use proto::telecom::v1 as pb;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::super::body::About;
use super::super::filter::{Meta, Selected};
use super::super::rules::{Model, Rule, Rules};
use super::{Reais, milliseconds};
use crate::body::{Input, Written};

/// An ended call.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct Call {
    /// Its id, the same in webhooks.
    #[schema(format = Uuid)]
    id: String,
    /// The account's host name.
    #[schema(example = "user.example.com")]
    domain: String,
    /// outbound or inbound.
    #[schema(example = "outbound")]
    call_type: String,
    /// When it began.
    #[schema(example = "2025-01-01T00:00:00.000Z")]
    started_at: String,
    /// When it ended.
    #[schema(example = "2025-01-01T00:01:00.000Z")]
    ended_at: String,
    /// National digits, or the number of an extension.
    #[schema(example = "1000")]
    from: String,
    /// National digits, or the number of an extension.
    #[schema(example = "4833328530")]
    to: String,
    /// Seconds from answer to end, rounded up; 0 when it was not answered.
    #[schema(example = 60)]
    duration: i64,
    /// Why it ended: a name of Q.850.
    #[schema(example = "NORMAL_CLEARING")]
    hangup_cause: String,
    /// Where its sound is.
    record_url: Option<String>,
    /// Of the extension then.
    #[schema(example = "user@example.com")]
    email: Option<String>,
    /// Of the extension then.
    #[schema(example = "User")]
    first_name: Option<String>,
    /// Of the extension then.
    #[schema(example = "Name")]
    last_name: Option<String>,
    /// What the called party saw.
    #[serde(rename = "BINA")]
    #[schema(example = "48987654321")]
    bina: Option<String>,
    /// Of a started minute.
    minute_price: Reais,
    /// Of the call.
    call_price: Reais,
    /// What came with the request for it.
    #[schema(value_type = Object)]
    metadata: Box<RawValue>,
}

impl Call {
    /// A call whose sound is to be had under `recordings`.
    pub(in super::super) fn new(call: pb::Call, recordings: &str) -> Self {
        let reais = |money: Option<Money>| Reais(money.unwrap_or_default().cents);
        let empty = || RawValue::from_string("{}".to_owned()).unwrap_or_default();
        Self {
            record_url: call.is_recorded.then(|| format!("{recordings}/{}.mp3", call.id)),
            started_at: milliseconds(call.started_at.as_ref()),
            ended_at: milliseconds(call.ended_at.as_ref()),
            id: call.id,
            domain: call.domain,
            call_type: call.call_type,
            from: call.from,
            to: call.to,
            duration: call.duration,
            hangup_cause: call.hangup_cause,
            email: call.email,
            first_name: call.first_name,
            last_name: call.last_name,
            bina: call.caller_id,
            minute_price: reais(call.minute_price),
            call_price: reais(call.call_price),
            metadata: RawValue::from_string(call.metadata_json).unwrap_or_else(|_| empty()),
        }
    }
}

/// A page of calls.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct CallPage {
    /// The calls.
    #[schema(value_type = Vec<Call>)]
    pub(in super::super) data: Vec<Selected<Call>>,
    /// Where the page lies.
    pub(in super::super) meta: Meta,
}

/// What the dialer's members are called in the contract of its service.
pub(in super::super) static DIALER: Model = Model::new("Dialer", &[("metadata", "metadata_json")]);
/// The same, by other names.
pub(in super::super) static CALL: Model =
    Model::new("Call", &[("called", "phone"), ("metadata", "metadata_json")]);

/// A call that is to be made.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(in super::super) struct Dialer {
    /// The extension that calls, by its number.
    #[schema(example = "1000")]
    extension: String,
    /// Whom to call: `+55`, `55` or nothing before area code and number.
    #[schema(example = "+554833328530")]
    phone: String,
    /// Kept with the call, and told with it: an object of at most 4 KiB.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Map<String, Value>>,
    #[serde(skip)]
    metadata_json: String,
}

impl Input for Dialer {
    const REQUIRED: &'static [&'static str] = &["extension", "phone"];

    fn exactly(self, written: Written<'_>) -> Self {
        Self { metadata_json: exactly(self.metadata.as_ref(), written), ..self }
    }
}

impl About for Dialer {
    const MODEL: &'static Model = &DIALER;
}

/// As it was written: numbers keep all their digits, members their order.
fn exactly(metadata: Option<&Map<String, Value>>, written: Written<'_>) -> String {
    metadata.and_then(|_| written.member("metadata")).unwrap_or_default()
}

impl Dialer {
    /// The service's request.
    pub(in super::super) fn into_request(self, company_id: String) -> pb::DialRequest {
        let Self { extension, phone, metadata_json, .. } = self;
        pb::DialRequest { company_id, extension, phone, metadata_json }
    }
}

/// A call that is to be made, by other names.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(in super::super) struct NewCall {
    /// The extension that calls; this or `caller`.
    #[schema(example = "1000")]
    extension: Option<String>,
    /// The extension that calls.
    caller: Option<String>,
    /// Whom to call.
    #[schema(example = "+554833328530")]
    called: String,
    /// As of the dialer.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Map<String, Value>>,
    #[serde(skip)]
    metadata_json: String,
}

impl Input for NewCall {
    const REQUIRED: &'static [&'static str] = &["called"];

    fn exactly(self, written: Written<'_>) -> Self {
        Self { metadata_json: exactly(self.metadata.as_ref(), written), ..self }
    }
}

impl About for NewCall {
    const MODEL: &'static Model = &CALL;
}

impl NewCall {
    /// The service's request.
    pub(in super::super) fn into_request(
        self,
        rules: &mut Rules,
        company_id: String,
    ) -> pb::DialRequest {
        let extension = self.extension.or(self.caller).unwrap_or_default();
        if extension.is_empty() {
            rules.refuse("extension", Rule::Presence, "is required");
        }
        pb::DialRequest {
            company_id,
            extension,
            phone: self.called,
            metadata_json: self.metadata_json,
        }
    }
}

/// The call is being made.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct Dialled {
    /// The call's.
    #[schema(format = Uuid)]
    id: String,
    /// As clients expect it.
    #[schema(example = "successfull")]
    message: &'static str,
}

impl Dialled {
    pub(in super::super) fn new(id: String) -> Self {
        Self { id, message: SUCCESSFULL }
    }
}

/// It was done with the call.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct Done {
    /// As clients expect it.
    #[schema(example = "200")]
    status: &'static str,
    /// As clients expect it.
    #[schema(example = "successfull")]
    message: &'static str,
    /// The call's.
    #[schema(format = Uuid)]
    id: String,
}

impl Done {
    pub(in super::super) fn new(id: String) -> Self {
        Self { status: "200", message: SUCCESSFULL, id }
    }
}

// As it is published.
const SUCCESSFULL: &str = "successfull";

/// Sound.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "describes an answer to the document")]
pub(in super::super) struct Sound(Vec<u8>);

#[cfg(test)]
mod tests {
    use prost_types::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::dialects::voice::body::{Given, parse};

    const RECORDINGS: &str = "https://listener.api4com.com/api/v1/recordings";

    /// As published, but for the address of the sound.
    #[test]
    fn the_published_call() {
        let id = "3b46c0c6-5acc-4dfb-9ceb-14e37f1d3040";
        let at = |seconds| Some(Timestamp { seconds, nanos: 0 });
        let call = pb::Call {
            id: id.to_owned(),
            domain: "user.api4com.com".to_owned(),
            call_type: "outbound".to_owned(),
            started_at: at(1_735_689_600),
            ended_at: at(1_735_689_660),
            from: "1000".to_owned(),
            to: "4833328530".to_owned(),
            duration: 60,
            hangup_cause: "NORMAL_CLEARING".to_owned(),
            is_recorded: true,
            email: Some("user@domain.com".to_owned()),
            first_name: Some("User".to_owned()),
            last_name: Some("Name".to_owned()),
            caller_id: Some("4833328530".to_owned()),
            minute_price: Some(Money { cents: 8 }),
            call_price: Some(Money { cents: 8 }),
            metadata_json: "{}".to_owned(),
        };
        let sample = json!({
            "id": id,
            "domain": "user.api4com.com",
            "call_type": "outbound",
            "started_at": "2025-01-01T00:00:00.000Z",
            "ended_at": "2025-01-01T00:01:00.000Z",
            "from": "1000",
            "to": "4833328530",
            "duration": 60,
            "hangup_cause": "NORMAL_CLEARING",
            "record_url": format!("{RECORDINGS}/{id}.mp3"),
            "email": "user@domain.com",
            "first_name": "User",
            "last_name": "Name",
            "BINA": "4833328530",
            "minute_price": 0.08,
            "call_price": 0.08,
            "metadata": {}
        });
        assert_eq!(json!(Call::new(call.clone(), RECORDINGS)), sample);
        let unheard = pb::Call { is_recorded: false, ..call };
        assert_eq!(json!(Call::new(unheard, RECORDINGS))["record_url"], Value::Null);
    }

    #[test]
    fn the_published_dialer() {
        let body = br#"{
            "extension": "1000",
            "phone": "+554833328530",
            "metadata": {"gateway": "integration-test", "userId": 123, "entityId": 456}
        }"#;
        let Given(dialer, _) = parse::<Dialer>(body).unwrap();
        let request = dialer.into_request("account".to_owned());
        assert_eq!((request.extension.as_str(), request.phone.as_str()), ("1000", "+554833328530"));
        let metadata = r#"{"gateway": "integration-test", "userId": 123, "entityId": 456}"#;
        assert_eq!(request.metadata_json, metadata);
        let id = "bdf199fa-f85b-4378-80cd-0ac28c1355e9";
        let answer = json!({"id": id, "message": "successfull"});
        assert_eq!(json!(Dialled::new(id.to_owned())), answer);
        let done = json!({"status": "200", "message": "successfull", "id": id});
        assert_eq!(json!(Done::new(id.to_owned())), done);
    }

    #[test]
    fn the_dialer_has_other_names() {
        for body in [
            r#"{"extension": "1000", "called": "4833328530"}"#,
            r#"{"caller": "1000", "called": "4833328530", "metadata": null}"#,
        ] {
            let Given(call, _) = parse::<NewCall>(body.as_bytes()).unwrap();
            let mut rules = Rules::of(&CALL);
            let request = call.into_request(&mut rules, String::new());
            rules.pass().unwrap();
            assert_eq!(
                (request.extension.as_str(), request.phone.as_str()),
                ("1000", "4833328530")
            );
            assert_eq!(request.metadata_json, "");
        }
        let Given(call, _) = parse::<NewCall>(br#"{"called": "1"}"#).unwrap();
        let mut rules = Rules::of(&CALL);
        let _ = call.into_request(&mut rules, String::new());
        assert!(rules.pass().is_err());
        assert!(parse::<NewCall>(br#"{"called": "1", "metadata": []}"#).is_err());
        let missing = parse::<Dialer>(br#"{"extension": "1000"}"#).unwrap_err();
        assert!(format!("{missing:?}").contains("phone"), "{missing:?}");
    }
}
