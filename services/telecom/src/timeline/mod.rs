//! Who did what to lines: a record that is only ever added to, by the transaction that did it.

pub(crate) mod rpc;
mod store;

use std::collections::BTreeMap;

use brazil::{CompanyId, LineId, UserId};
use chassis::auth::{Caller, Role, Subject};
use proto::common::v1::Permission;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

/// Names of what changed, and the values as text.
pub(crate) type Facts = BTreeMap<&'static str, String>;

/// Something that happened to a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) line_id: LineId,
    /// The company that owns the contract, after it happened.
    pub(crate) company_id: Option<CompanyId>,
    pub(crate) at: OffsetDateTime,
    pub(crate) actor: Actor,
    /// What was done, as a past participle: `ordered`, `plan_changed`.
    pub(crate) action: &'static str,
    pub(crate) before: Facts,
    pub(crate) after: Facts,
    /// Why, where somebody said so.
    pub(crate) reason: Option<String>,
}

/// Something that happened to many lines of a company alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AlikeEntry {
    pub(crate) company_id: CompanyId,
    pub(crate) at: OffsetDateTime,
    pub(crate) actor: Actor,
    /// As of an [`Entry`].
    pub(crate) action: &'static str,
    pub(crate) before: Facts,
    pub(crate) after: Facts,
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Actor {
    kind: ActorKind,
    id: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
enum ActorKind {
    Operator,
    Manager,
    Holder,
    Service,
    Carrier,
    Administrator,
}

impl Actor {
    /// The caller of an rpc, as they stand to a line of this company, or of none.
    pub(crate) fn of(caller: &Caller, company_id: Option<CompanyId>) -> Self {
        let id = match caller.subject() {
            Subject::User(user_id) => user_id.to_string(),
            Subject::Service(name) | Subject::Partner(name) => return Self::service(name),
        };
        let managed = caller.scope_of(Permission::LinesManage);
        let kind = if caller.is(Role::Operator) {
            ActorKind::Operator
        } else if company_id.is_some_and(|company_id| managed.reaches(company_id)) {
            ActorKind::Manager
        } else {
            ActorKind::Holder
        };
        Self { kind, id }
    }

    /// The person who uses the line.
    pub(crate) fn holder(user_id: UserId) -> Self {
        Self { kind: ActorKind::Holder, id: user_id.to_string() }
    }

    /// One of the services, or a program.
    pub(crate) fn service(name: &str) -> Self {
        Self { kind: ActorKind::Service, id: name.to_owned() }
    }

    /// The network that lines run on, by name.
    pub(crate) fn carrier(name: &str) -> Self {
        Self { kind: ActorKind::Carrier, id: name.to_owned() }
    }

    /// The administrator of number portability.
    pub(crate) fn administrator() -> Self {
        Self { kind: ActorKind::Administrator, id: "portability".to_owned() }
    }
}

/// Records what the transaction does to a line that it has locked or made.
pub(crate) async fn record(tx: &mut PgConnection, entry: &Entry) -> sqlx::Result<()> {
    record_all(tx, std::slice::from_ref(entry)).await
}

/// Records what the transaction does to many lines that it has locked, in this order.
pub(crate) async fn record_all(tx: &mut PgConnection, entries: &[Entry]) -> sqlx::Result<()> {
    store::insert(tx, entries).await
}

/// Records that the same happened to many lines of a company, which the transaction has locked.
pub(crate) async fn record_alike(
    tx: &mut PgConnection,
    lines: &[Uuid],
    entry: &AlikeEntry,
) -> sqlx::Result<()> {
    store::insert_alike(tx, lines, entry).await
}

/// What differs between two descriptions: as it was, and as it is.
pub(crate) fn differences(before: Facts, after: Facts) -> (Facts, Facts) {
    let only = |these: &Facts, those: &Facts| -> Facts {
        these
            .iter()
            .filter(|(name, value)| those.get(*name) != Some(value))
            .map(|(name, value)| (*name, value.clone()))
            .collect()
    };
    (only(&before, &after), only(&after, &before))
}

#[cfg(test)]
mod tests {
    use brazil::CompanyId;
    use tonic::Request;

    use super::*;
    use crate::testing::request_of;

    #[test]
    fn only_what_changed_is_told() {
        let facts = |pairs: &[(&'static str, &str)]| -> Facts {
            pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
        };
        let (before, after) = differences(
            facts(&[("status", "active"), ("tag", "Sales"), ("plan_id", "1")]),
            facts(&[("status", "active"), ("plan_id", "2"), ("blocks", "theft")]),
        );
        assert_eq!(before, facts(&[("tag", "Sales"), ("plan_id", "1")]));
        assert_eq!(after, facts(&[("plan_id", "2"), ("blocks", "theft")]));
    }

    #[test]
    fn people_are_what_they_are_to_the_line() {
        let company_id = CompanyId::generate();
        let actor = |role, scope, line_company| {
            let request: Request<()> = request_of((), role, scope, Permission::LinesBlock);
            Actor::of(Caller::of(&request).unwrap(), line_company).kind
        };
        let (here, elsewhere) = (Some(company_id), Some(CompanyId::generate()));
        assert_eq!(actor(Role::Operator, None, here), ActorKind::Operator);
        assert_eq!(actor(Role::Operator, None, None), ActorKind::Operator);
        assert_eq!(actor(Role::Manager, here, here), ActorKind::Manager);
        assert_eq!(actor(Role::Manager, elsewhere, here), ActorKind::Holder);
        assert_eq!(actor(Role::Member, here, here), ActorKind::Holder);
        assert_eq!(actor(Role::Manager, here, None), ActorKind::Holder);
    }
}
