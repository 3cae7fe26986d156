//! Lists of ended calls, and how many there are. Of what is asked for usually, the counts by day
//! tell how many there are and in which days a page lies; the calls of these days are read, and
//! no other.

mod counted;

use brazil::{Cents, CompanyId};
use chassis::query::{Column, Kind, Question, Sql, Table};
use chassis::refusal::internal;
use counted::Counted;
use proto::common::v1::Query;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgExecutor, Row};
use time::OffsetDateTime;
use tonic::Status;
use uuid::Uuid;

use crate::switch::CallId;

static CALLS: Table = Table {
    columns: &[
        Column::new("id", "call_id", Kind::Uuid),
        Column::new("domain", "domain", Kind::Text),
        Column::new("call_type", "direction", Kind::Text),
        Column::new("from", "caller", Kind::Text),
        Column::new("to", "called", Kind::Text),
        Column::new("hangup_cause", "hangup_cause", Kind::Text),
        Column::new(
            "record_url",
            "(case when is_recorded then '/api/v1/recordings/' || call_id || '.mp3' end)",
            Kind::Text,
        )
        .nullable(),
        Column::new("email", "email", Kind::Text).nullable(),
        Column::new("first_name", "first_name", Kind::Text).nullable(),
        Column::new("last_name", "last_name", Kind::Text).nullable(),
        Column::new("caller_id", "caller_id", Kind::Text).nullable(),
        Column::new("duration", "duration_seconds", Kind::Integer),
        Column::new("minute_price", "minute_price_cents", Kind::Cents),
        Column::new("call_price", "call_price_cents", Kind::Cents),
        Column::new("started_at", "started_at", Kind::Time),
        Column::new("ended_at", "ended_at", Kind::Time),
    ],
    order: "started_at desc, call_id desc",
    limit: 100,
};

const COLUMNS: &str = "call_id, domain, direction, caller, called, caller_id, email, first_name, \
                       last_name, metadata, started_at, ended_at, duration_seconds, hangup_cause, \
                       minute_price_cents, call_price_cents, is_recorded";

/// An ended call, as lists have it.
#[derive(Debug)]
pub(super) struct EndedCall {
    pub(super) call_id: CallId,
    pub(super) domain: String,
    pub(super) direction: String,
    pub(super) caller: String,
    pub(super) called: String,
    pub(super) caller_id: Option<String>,
    pub(super) email: Option<String>,
    pub(super) first_name: String,
    pub(super) last_name: Option<String>,
    pub(super) metadata: String,
    pub(super) started_at: OffsetDateTime,
    pub(super) ended_at: OffsetDateTime,
    pub(super) duration_seconds: i64,
    pub(super) hangup_cause: String,
    pub(super) minute_price: Cents,
    pub(super) call_price: Cents,
    pub(super) is_recorded: bool,
}

impl FromRow<'_, PgRow> for EndedCall {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            call_id: CallId(row.try_get("call_id")?),
            domain: row.try_get("domain")?,
            direction: row.try_get("direction")?,
            caller: row.try_get("caller")?,
            called: row.try_get("called")?,
            caller_id: row.try_get("caller_id")?,
            email: row.try_get("email")?,
            first_name: row.try_get("first_name")?,
            last_name: row.try_get("last_name")?,
            metadata: row.try_get("metadata")?,
            started_at: row.try_get("started_at")?,
            ended_at: row.try_get("ended_at")?,
            duration_seconds: row.try_get("duration_seconds")?,
            hangup_cause: row.try_get("hangup_cause")?,
            minute_price: Cents::new(row.try_get("minute_price_cents")?),
            call_price: Cents::new(row.try_get("call_price_cents")?),
            is_recorded: row.try_get("is_recorded")?,
        })
    }
}

/// Whose calls are meant.
#[derive(Clone, Debug)]
pub(super) struct Owned {
    pub(super) company_id: CompanyId,
    /// Only those of these extensions; absent means of all.
    pub(super) extension_ids: Option<Vec<i64>>,
}

impl Owned {
    fn push(&self, sql: &mut Sql) {
        sql.push("company_id = ").push_bind(Uuid::from(self.company_id));
        match self.extension_ids.as_deref() {
            None => {}
            // The index of one extension gives its calls in order.
            Some([only]) => {
                sql.push(" and extension_id = ").push_bind(*only);
            }
            Some(ids) => {
                sql.push(" and extension_id = any(").push_bind(ids.to_vec()).push(")");
            }
        }
    }

    fn calls(&self, sql: &mut Sql) {
        sql.push("call where state = 'ended' and ");
        self.push(sql);
    }
}

/// Ended calls, and how many there are in all.
///
/// # Errors
/// INVALID_ARGUMENT for a question that makes no sense.
pub(super) async fn list(
    db: impl PgExecutor<'_> + Copy,
    owned: &Owned,
    query: Option<Query>,
) -> Result<(Vec<EndedCall>, i64), Status> {
    let own = |sql: &mut Sql| owned.calls(sql);
    let counted = Counted::read(query.clone().unwrap_or_default());
    let question = CALLS.ask(db, query, own).await?;
    let counts = match &counted {
        Some(counted) => counted.ask(db).await.ok(),
        None => None,
    };
    let found = match counted.zip(counts) {
        Some((counted, counts)) => counted.list(db, owned, &question, &counts).await,
        None => whole(db, owned, &question).await,
    };
    found.map_err(|error| internal(&error))
}

/// The answer to a question that the counts know nothing of.
async fn whole(
    db: impl PgExecutor<'_> + Copy,
    owned: &Owned,
    question: &Question,
) -> sqlx::Result<(Vec<EndedCall>, i64)> {
    let own = |sql: &mut Sql| owned.calls(sql);
    let total = question.count(own).build_query_scalar().persistent(false).fetch_one(db).await?;
    let calls = question.select(COLUMNS, own);
    Ok((fetch(db, calls).await?, total))
}

async fn fetch(db: impl PgExecutor<'_>, mut statement: Sql) -> sqlx::Result<Vec<EndedCall>> {
    // A plan for each question: how many calls have a value differs widely.
    statement.build_query_as().persistent(false).fetch_all(db).await
}

#[cfg(test)]
mod tests;
