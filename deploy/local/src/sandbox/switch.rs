//! The telephone switch, at the tester's command.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use brazil::PhoneNumber;
use chassis::simulator::ScriptStep;
use serde::Deserialize;
use telecom::{
    CallId, Endpoint, HangupCause, PlannedCallEvent, SimulatedCallEvent, SwitchOperation,
    SwitchTimes,
};
use time::Duration;
use utoipa::ToSchema;

use super::{Body, PATIENCE, Refused, Sandbox, documents, parse_duration};

const TIMES_MAX: u32 = 1_000;
const STEPS_MAX: usize = 100;
const NEXT_MAX: usize = 1_000;

/// What is to happen at the switch; each part alone, or several.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SwitchCommand)]
pub(super) struct Command {
    /// The number whose next call follows the script.
    phone: Option<String>,
    /// What will happen to that call; then it goes on until it is ended.
    #[schema(max_items = 100)]
    script: Option<Vec<Step>>,
    /// A call that goes on, to which something happens now.
    call_id: Option<String>,
    /// What happens to it.
    event: Option<EventName>,
    /// Of a hang-up: the name of its cause; NORMAL_CLEARING unless said.
    cause: Option<String>,
    /// A telephone.
    extension: Option<Telephone>,
    /// Whether it is registered from now on.
    online: Option<bool>,
    /// From the ringing to the answer, from now on: ISO 8601.
    answer_after: Option<String>,
    /// From the answer to the end, from now on: ISO 8601.
    talk: Option<String>,
    /// How it answers what it is asked next: `register`, `originate`, `hang-up`, `status`,
    /// `recording`.
    #[serde(default)]
    #[schema(value_type = Vec<documents::Step>)]
    next: Vec<ScriptStep<SwitchOperation>>,
}

/// Something that will happen to a call.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SwitchStep)]
struct Step {
    /// What.
    event: EventName,
    /// Of a hang-up, as of a command.
    cause: Option<String>,
    /// ISO 8601, on the clock: after the step before, or after the call's beginning.
    after: Option<String>,
    /// How often it is said.
    #[schema(minimum = 1, maximum = 1000, default = 1)]
    times: Option<u32>,
    /// Whether nothing is said of it.
    #[serde(default)]
    lose: bool,
}

/// A telephone at the switch.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SwitchTelephone)]
struct Telephone {
    /// The account's host name.
    domain: String,
    /// The extension's number.
    ramal: String,
}

/// `vanish`: the switch forgets the call, and says nothing.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = SwitchEventName)]
enum EventName {
    Ring,
    Answer,
    HangUp,
    Vanish,
}

/// Script the telephone switch, or let something happen to a call
///
/// Unscripted, it rings, answers after a second and hangs up after a minute, on the clock; some
/// endings of numbers are refused, and extensions that end in 99 are offline.
#[utoipa::path(
    post, path = "/sandbox/switch", tag = "simulators", operation_id = "commandSwitch",
    request_body(content = Command, examples(
        ("script" = (value = json!({
            "phone": "4833328530",
            "script": [
                {"event": "ring"},
                {"event": "answer", "after": "PT5S", "times": 2},
                {"event": "hang-up", "after": "PT3M", "cause": "NORMAL_CLEARING", "lose": true}
            ]
        }))),
        ("event" = (value = json!({
            "call_id": "0190a5f0-0000-7000-8000-000000000000",
            "event": "hang-up", "cause": "USER_BUSY"
        }))),
        ("telephone" = (value = json!({
            "extension": {"domain": "suporte.example.com", "ramal": "1001"}, "online": false
        }))),
        ("times" = (value = json!({"answer_after": "PT2S", "talk": "PT5M"}))),
        ("failures" = (value = json!({
            "next": [{"operation": "originate", "outcome": "lose-answer", "times": 2}]
        })))
    )),
    responses(
        (status = 204, description = "It will, or it happened"),
        (status = 400, description = "The body cannot be read", body = documents::Refusal),
        (status = 404, description = "No such call goes on", body = documents::Refusal),
        (status = 422, description = "A value makes no sense", body = documents::Refusal)
    )
)]
pub(super) async fn command(
    State(sandbox): State<Sandbox>,
    body: Body<Command>,
) -> Result<StatusCode, Refused> {
    let Json(command) = body?;
    let commands = Commands::read(command)?;
    // What was asked of the switch so far is to reach it first.
    sandbox.activity.settle(PATIENCE).await;
    let switch = &sandbox.switch;
    if let Some((endpoint, online)) = commands.online {
        switch.set_online(endpoint, online);
    }
    if let Some(times) = commands.times {
        switch.set_times(times(switch.times()));
    }
    if let Some((phone, plan)) = commands.plan {
        switch.plan(phone.national(), plan);
    }
    switch.script(commands.next);
    if let Some((call_id, event)) = commands.event
        && !switch.inject(call_id, event)
    {
        return Err(Refused::not_found("no such call goes on"));
    }
    sandbox.activity.settle(PATIENCE).await;
    Ok(StatusCode::NO_CONTENT)
}

type SetTimes = Box<dyn FnOnce(SwitchTimes) -> SwitchTimes + Send>;

/// What was commanded, once it makes sense.
struct Commands {
    plan: Option<(PhoneNumber, Vec<PlannedCallEvent>)>,
    event: Option<(CallId, SimulatedCallEvent)>,
    online: Option<(Endpoint, bool)>,
    times: Option<SetTimes>,
    next: Vec<ScriptStep<SwitchOperation>>,
}

impl Commands {
    fn read(command: Command) -> Result<Self, Refused> {
        let plan = match (command.phone, command.script) {
            (Some(phone), Some(script)) => {
                let phone =
                    phone.parse().map_err(|error| Refused::invalid(format!("phone {error}")))?;
                Some((phone, read_script(script)?))
            }
            (None, None) => None,
            _ => return Err(Refused::invalid("phone and script go together")),
        };
        let event = match (command.call_id, command.event) {
            (Some(call_id), Some(event)) => {
                let call_id = call_id
                    .parse()
                    .map_err(|error| Refused::invalid(format!("call_id {error}")))?;
                Some((call_id, read_event(event, command.cause.as_deref())?))
            }
            (None, None) => None,
            _ => return Err(Refused::invalid("call_id and event go together")),
        };
        let online = match (command.extension, command.online) {
            (Some(Telephone { domain, ramal }), Some(online)) => {
                Some((Endpoint { domain, number: ramal }, online))
            }
            (None, None) => None,
            _ => return Err(Refused::invalid("extension and online go together")),
        };
        let answer = command.answer_after.map(|text| parse_duration("answer_after", &text));
        let talk = command.talk.map(|text| parse_duration("talk", &text));
        let (answer, talk) = (answer.transpose()?, talk.transpose()?);
        let set_times = (answer.is_some() || talk.is_some()).then(|| -> SetTimes {
            Box::new(move |times| SwitchTimes {
                answer: answer.unwrap_or(times.answer),
                talk: talk.unwrap_or(times.talk),
            })
        });
        if command.next.len() > NEXT_MAX {
            return Err(Refused::invalid(format!("next has more than {NEXT_MAX} steps")));
        }
        let commands = Self { plan, event, online, times: set_times, next: command.next };
        if commands.is_empty() {
            return Err(Refused::invalid("a script, an event, a telephone or times are required"));
        }
        Ok(commands)
    }

    fn is_empty(&self) -> bool {
        self.plan.is_none()
            && self.event.is_none()
            && self.online.is_none()
            && self.times.is_none()
            && self.next.is_empty()
    }
}

fn read_script(steps: Vec<Step>) -> Result<Vec<PlannedCallEvent>, Refused> {
    if steps.len() > STEPS_MAX {
        return Err(Refused::invalid(format!("script has more than {STEPS_MAX} steps")));
    }
    steps.into_iter().map(read_step).collect()
}

fn read_step(step: Step) -> Result<PlannedCallEvent, Refused> {
    let times = step.times.unwrap_or(1);
    if !(1..=TIMES_MAX).contains(&times) {
        return Err(Refused::invalid(format!("times is not between 1 and {TIMES_MAX}")));
    }
    let after = step.after.map(|after| parse_duration("after", &after)).transpose()?;
    Ok(PlannedCallEvent {
        event: read_event(step.event, step.cause.as_deref())?,
        after: after.unwrap_or(Duration::ZERO),
        times,
        lose: step.lose,
    })
}

fn read_event(event: EventName, cause: Option<&str>) -> Result<SimulatedCallEvent, Refused> {
    Ok(match event {
        EventName::Ring => SimulatedCallEvent::Ring,
        EventName::Answer => SimulatedCallEvent::Answer,
        EventName::Vanish => SimulatedCallEvent::Vanish,
        EventName::HangUp => SimulatedCallEvent::HangUp(match cause {
            None => HangupCause::NormalClearing,
            Some(cause) => cause.parse().map_err(|_| {
                let known = HangupCause::ALL.map(HangupCause::as_str).join(", ");
                Refused::invalid(format!("cause is one of {known}"))
            })?,
        }),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(command: Value) -> Result<Commands, String> {
        let command = serde_json::from_value(command).map_err(|error| error.to_string())?;
        Commands::read(command).map_err(|refused| refused.message)
    }

    #[test]
    fn a_command_is_read() {
        let commands = read(json!({
            "phone": "(48) 3332-8530",
            "script": [
                {"event": "ring", "lose": true},
                {"event": "answer", "after": "PT1M30S", "times": 3},
                {"event": "hang-up", "cause": "USER_BUSY"}
            ],
            "talk": "PT2M",
            "extension": {"domain": "a.example.com", "ramal": "1001"}, "online": false
        }))
        .unwrap_or_else(|message| panic!("{message}"));
        let (phone, plan) = commands.plan.unwrap();
        assert_eq!(phone.national(), "4833328530");
        let ring = PlannedCallEvent::new(SimulatedCallEvent::Ring, Duration::ZERO);
        let answer = PlannedCallEvent::new(SimulatedCallEvent::Answer, Duration::seconds(90));
        let end = SimulatedCallEvent::HangUp(HangupCause::UserBusy);
        assert_eq!(
            plan,
            [
                PlannedCallEvent { lose: true, ..ring },
                PlannedCallEvent { times: 3, ..answer },
                PlannedCallEvent::new(end, Duration::ZERO),
            ]
        );
        let times = commands.times.unwrap()(SwitchTimes::default());
        assert_eq!((times.answer, times.talk), (Duration::SECOND, Duration::minutes(2)));
        assert_eq!(commands.online.map(|(_, online)| online), Some(false));
    }

    #[test]
    fn a_command_that_makes_no_sense_is_not_taken() {
        for bad in [
            json!({}),
            json!({"phone": "4833328530"}),
            json!({"phone": "x", "script": []}),
            json!({"phone": "4833328530", "script": [{"event": "fly"}]}),
            json!({"phone": "4833328530", "script": [{"event": "ring", "times": 0}]}),
            json!({"phone": "4833328530", "script": [{"event": "hang-up", "cause": "BORED"}]}),
            json!({"call_id": "x", "event": "ring"}),
            json!({"event": "ring"}),
            json!({"online": true}),
            json!({"talk": "P1M"}),
            json!({"next": [{"operation": "fly", "outcome": "ok"}]}),
        ] {
            assert!(read(bad.clone()).is_err(), "{bad}");
        }
    }
}
