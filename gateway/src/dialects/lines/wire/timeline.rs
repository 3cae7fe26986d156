//! What happened to lines, on the wire.

use std::collections::{BTreeMap, HashMap};

use proto::telecom::v1 as telecom;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::utc;

/// What happened to a line.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Timeline {
    /// Newest first.
    entries: Vec<TimelineEntry>,
}

/// Something that happened to a line.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "at": "2026-08-11T14:00:00Z",
    "actor": {"id": "8307fddf-2cdc-47f4-bbc1-5bc26fa78fbc", "kind": "manager"},
    "action": "plan_changed",
    "before": {"subscription_plan_id": "e0483338-15e0-4ec4-aab8-c00e17edd6cf"},
    "after": {"subscription_plan_id": "e885e8e1-8925-4e2a-a9e1-d6326b719209"},
    "reason": null
}))]
struct TimelineEntry {
    /// When.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(value_type = String, format = DateTime)]
    at: Option<OffsetDateTime>,
    /// Who did it.
    actor: TimelineActor,
    /// What was done.
    action: String,
    /// What changed, as it was.
    before: BTreeMap<String, String>,
    /// What changed, as it is.
    after: BTreeMap<String, String>,
    /// Why, where somebody said so.
    #[schema(required = true)]
    reason: Option<String>,
}

/// Who did something to a line.
#[derive(Debug, Serialize, ToSchema)]
struct TimelineActor {
    /// A person's id, or the name of a program.
    id: String,
    /// operator, manager, holder, service, carrier or administrator.
    kind: String,
}

impl From<Vec<telecom::TimelineEntry>> for Timeline {
    fn from(entries: Vec<telecom::TimelineEntry>) -> Self {
        Self { entries: entries.into_iter().map(Into::into).collect() }
    }
}

impl From<telecom::TimelineEntry> for TimelineEntry {
    fn from(entry: telecom::TimelineEntry) -> Self {
        Self {
            at: utc(entry.at),
            actor: TimelineActor { id: entry.actor_id, kind: entry.actor_kind },
            action: entry.action,
            before: renamed(entry.before),
            after: renamed(entry.after),
            reason: entry.reason,
        }
    }
}

/// What the line's members are called here.
fn renamed(facts: HashMap<String, String>) -> BTreeMap<String, String> {
    let name = |name: String| match name.as_str() {
        "iccid" => "simcard_number".to_owned(),
        "plan_id" => "subscription_plan_id".to_owned(),
        _ => name,
    };
    facts.into_iter().map(|(fact, value)| (name(fact), value)).collect()
}
