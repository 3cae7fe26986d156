//! Events of the switch that wait to be taken in, and what they mean.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use time::OffsetDateTime;
use tokio::sync::Notify;

use super::frames::{Frame, Headers};
use crate::switch::{CallId, HangupCause, Happening, SwitchEvent};

const EVENTS_MAX: usize = 10_000;
/// The leg of the extension, whose channel has the call's id, and that of the other party.
pub(super) const LEG: &str = "linha_leg";
pub(super) const CALL: &str = "linha_call_id";
pub(super) const EXTENSION_LEG: &str = "extension";
pub(super) const PHONE_LEG: &str = "phone";
/// What the extension's leg knows of the other party's answer.
pub(super) const ANSWERED_BY_PHONE: &str = "Caller-Channel-Bridged-Time";

/// Bounded: while it is full nothing more is read from the switch.
#[derive(Default)]
pub(super) struct Inbox {
    events: Mutex<(u64, VecDeque<SwitchEvent>)>,
    space: Notify,
}

impl Inbox {
    /// Puts an event in, if it is about a call of ours.
    pub(super) async fn put(&self, event: &Frame, now: OffsetDateTime) {
        let Some((call_id, happening)) = meaning(event, now) else { return };
        let at = moment(&event.headers, "Event-Date-Timestamp").map_or(now, |at| at.min(now));
        loop {
            let space = self.space.notified();
            {
                let mut events = self.events();
                if events.1.len() < EVENTS_MAX {
                    events.0 += 1;
                    let event_id = events.0;
                    events.1.push_back(SwitchEvent { event_id, call_id, happening, at });
                    return;
                }
            }
            space.await;
        }
    }

    /// The first ones.
    pub(super) fn first(&self, limit: usize) -> Vec<SwitchEvent> {
        self.events().1.iter().take(limit).cloned().collect()
    }

    /// Removes those that were taken in.
    pub(super) fn remove(&self, event_ids: &[u64]) {
        self.events().1.retain(|event| !event_ids.contains(&event.event_id));
        self.space.notify_one();
    }

    fn events(&self) -> MutexGuard<'_, (u64, VecDeque<SwitchEvent>)> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which call an event is about, and what it says of it.
fn meaning(event: &Frame, now: OffsetDateTime) -> Option<(CallId, Happening)> {
    let headers = &event.headers;
    let name = headers.get("Event-Name")?;
    if name == "BACKGROUND_JOB" {
        // The job has the id of the call that it was to begin.
        let call_id = headers.get("Job-UUID")?.parse().ok()?;
        let cause = event.body.trim().strip_prefix("-ERR ")?;
        return Some((call_id, Happening::NotBegun { cause: cause_of(cause) }));
    }
    let call_id = headers.get(&format!("variable_{CALL}"))?.parse().ok()?;
    let leg = headers.get(&format!("variable_{LEG}"))?.as_str();
    let happening = match (name.as_str(), leg) {
        ("CHANNEL_CREATE", EXTENSION_LEG) => Happening::Ringing,
        // The extension lifts first; the call is answered when the other party does.
        ("CHANNEL_ANSWER", PHONE_LEG) => Happening::Answered,
        ("CHANNEL_HANGUP_COMPLETE", leg) => {
            let answered = match leg {
                PHONE_LEG => "Caller-Channel-Answered-Time",
                _ => ANSWERED_BY_PHONE,
            };
            Happening::Ended {
                cause: cause_of(headers.get("Hangup-Cause")?),
                answered_at: moment(headers, answered).map(|at| at.min(now)),
            }
        }
        _ => return None,
    };
    Some((call_id, happening))
}

/// A cause by its name; those that nobody is told of are a failure.
fn cause_of(name: &str) -> HangupCause {
    let name = name.trim();
    name.parse().unwrap_or(match name {
        "USER_NOT_REGISTERED" | "SUBSCRIBER_ABSENT" | "PROGRESS_TIMEOUT" => {
            HangupCause::NoUserResponse
        }
        "NO_ROUTE_DESTINATION" | "NUMBER_CHANGED" => HangupCause::UnallocatedNumber,
        "NORMAL_UNSPECIFIED" | "LOSE_RACE" | "PICKED_OFF" => HangupCause::NormalClearing,
        _ => HangupCause::NormalTemporaryFailure,
    })
}

/// Microseconds since 1970; 0 stands for never.
pub(super) fn moment(headers: &Headers, name: &str) -> Option<OffsetDateTime> {
    let microseconds: i64 = headers.get(name)?.parse().ok().filter(|at| *at > 0)?;
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(microseconds) * 1_000).ok()
}
