//! The portability administrator, the donors and the holders' phones, at the tester's command.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use brazil::MobileNumber;
use serde::Deserialize;
use telecom::{DenialReason, HolderKind, PlannedEvent, Saying, SimulatedEvent};
use time::Duration;
use utoipa::ToSchema;

use super::{Body, PATIENCE, Refused, Sandbox, documents, parse_duration};

const TIMES_MAX: u32 = 1_000;
const STEPS_MAX: usize = 100;

/// `{"phone_number", "event", "reason"}` has something said about a number now;
/// `{"phone_number", "script": […]}` says what will be said about its open or its next request.
/// With either, or alone, `"holder"` says what its present holder is.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = PortabilityCommand)]
pub(super) struct Command {
    /// The number that is to be ported in.
    phone_number: String,
    /// What is said about it now. Not `submit`.
    event: Option<EventName>,
    /// Of a denial, one of the reasons of the rules ("holder-mismatch"); of a failure any text.
    reason: Option<String>,
    /// What will be said about its open or its next request; then there is silence.
    #[schema(max_items = 100)]
    script: Option<Vec<Step>>,
    /// What its present holder is: "person" or "company".
    #[schema(value_type = Option<String>)]
    holder: Option<HolderKind>,
}

/// A step of a script.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = PortabilityStep)]
struct Step {
    /// What is said; of `submit`, what becomes of our request.
    event: EventName,
    /// As of a command.
    reason: Option<String>,
    /// ISO 8601, on the clock: after the step before, or after the moment at which the event
    /// becomes possible, whichever is later.
    after: Option<String>,
    /// How often it is said.
    #[schema(minimum = 1, maximum = 1000, default = 1)]
    times: Option<u32>,
    /// Whether it never arrives.
    #[serde(default)]
    lose: bool,
}

/// `submit`: our request reaches the administrator. `confirm` and `refuse`: the holder's answer by
/// SMS. The others are the administrator's.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = PortabilityEvent)]
enum EventName {
    Submit,
    Confirm,
    Refuse,
    Acknowledge,
    Approve,
    Deny,
    Complete,
    Fail,
}

/// Script the portability administrator, or have something said
///
/// Unscripted, the administrator acknowledges, approves and completes by itself, on the clock.
#[utoipa::path(
    post, path = "/sandbox/portability", tag = "simulators",
    operation_id = "commandPortability",
    request_body(content = Command, examples(
        ("event" = (value = json!({
            "phone_number": "+5541987654321", "event": "deny", "reason": "holder-mismatch"
        }))),
        ("script" = (value = json!({
            "phone_number": "+5541987654321",
            "script": [
                {"event": "acknowledge", "lose": true},
                {"event": "approve", "after": "PT2H", "times": 2}
            ]
        })))
    )),
    responses(
        (status = 204, description = "It will, or it was said"),
        (status = 400, description = "The body cannot be read", body = documents::Refusal),
        (status = 404, description = "Nobody has asked for the number", body = documents::Refusal),
        (status = 422, description = "A value makes no sense", body = documents::Refusal)
    )
)]
pub(super) async fn command(
    State(sandbox): State<Sandbox>,
    body: Body<Command>,
) -> Result<StatusCode, Refused> {
    let Json(command) = body?;
    let number: MobileNumber = command
        .phone_number
        .parse()
        .map_err(|error| Refused::invalid(format!("phone_number {error}")))?;
    if command.event.is_some() && command.script.is_some() {
        return Err(Refused::invalid("either event or script is taken, not both"));
    }
    if command.event.is_none() && command.script.is_none() && command.holder.is_none() {
        return Err(Refused::invalid("event, script or holder is required"));
    }
    let saying = command.event.map(|event| saying(event, command.reason)).transpose()?;
    let script = command.script.map(parse_script).transpose()?;

    // What was asked of the administrator so far is to reach it first.
    sandbox.activity.settle(PATIENCE).await;
    let administrator = &sandbox.administrator;
    if let Some(kind) = command.holder {
        administrator.set_holder(&number, kind);
    }
    if let Some(plan) = script {
        administrator.script(&number, plan);
    }
    if let Some(saying) = saying
        && !administrator.inject(&number, saying)
    {
        return Err(Refused::not_found("nobody has asked for this number"));
    }
    sandbox.activity.settle(PATIENCE).await;
    Ok(StatusCode::NO_CONTENT)
}

fn parse_script(steps: Vec<Step>) -> Result<Vec<PlannedEvent>, Refused> {
    if steps.len() > STEPS_MAX {
        return Err(Refused::invalid(format!("script has more than {STEPS_MAX} steps")));
    }
    steps.into_iter().map(parse_step).collect()
}

fn parse_step(step: Step) -> Result<PlannedEvent, Refused> {
    let times = step.times.unwrap_or(1);
    if !(1..=TIMES_MAX).contains(&times) {
        return Err(Refused::invalid(format!("times is not between 1 and {TIMES_MAX}")));
    }
    let event = match step.event {
        EventName::Submit => SimulatedEvent::Submission,
        event => SimulatedEvent::Said(saying(event, step.reason)?),
    };
    let after = step.after.map(|after| parse_duration("after", &after)).transpose()?;
    Ok(PlannedEvent { event, after: after.unwrap_or(Duration::ZERO), times, lose: step.lose })
}

fn saying(event: EventName, reason: Option<String>) -> Result<Saying, Refused> {
    Ok(match event {
        EventName::Submit => return Err(Refused::invalid("submit is an event of scripts only")),
        EventName::Confirm => Saying::Confirm,
        EventName::Refuse => Saying::Refuse,
        EventName::Acknowledge => Saying::Acknowledge,
        EventName::Approve => Saying::Approve,
        EventName::Deny => Saying::Deny(denial_reason(reason.as_deref())?),
        EventName::Complete => Saying::Complete,
        EventName::Fail => Saying::Fail(reason),
    })
}

fn denial_reason(reason: Option<&str>) -> Result<DenialReason, Refused> {
    reason.unwrap_or_default().parse().map_err(|_| {
        let known = DenialReason::ALL.map(DenialReason::as_str).join(", ");
        Refused::invalid(format!("reason of a denial is one of {known}"))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn parse(script: Value) -> Result<Vec<PlannedEvent>, String> {
        let steps = serde_json::from_value(script).map_err(|error| error.to_string())?;
        parse_script(steps).map_err(|refused| refused.message)
    }

    #[test]
    fn a_script_is_read() {
        let script = parse(json!([
            {"event": "submit", "lose": true, "times": 2},
            {"event": "acknowledge", "lose": true},
            {"event": "deny", "reason": "number-inactive", "after": "PT1H30M", "times": 3}
        ]));
        let denial = PlannedEvent::new(Saying::Deny(DenialReason::NumberInactive));
        assert_eq!(
            script,
            Ok(vec![
                PlannedEvent {
                    event: SimulatedEvent::Submission,
                    after: Duration::ZERO,
                    times: 2,
                    lose: true
                },
                PlannedEvent { lose: true, ..PlannedEvent::new(Saying::Acknowledge) },
                PlannedEvent { after: Duration::minutes(90), times: 3, ..denial },
            ])
        );
    }

    #[test]
    fn a_script_that_makes_no_sense_is_not_taken() {
        for bad in [
            json!([{"event": "fly"}]),
            json!([{"after": "PT1H"}]),
            json!([{"event": "approve", "after": "P1M"}]),
            json!([{"event": "approve", "after": "soon"}]),
            json!([{"event": "approve", "times": 0}]),
            json!([{"event": "deny"}]),
            json!([{"event": "deny", "reason": "because"}]),
        ] {
            assert!(parse(bad.clone()).is_err(), "{bad}");
        }
    }
}
