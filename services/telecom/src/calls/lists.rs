//! Lists of ended calls, and how many there are. Of what is asked for usually, the counts by day
//! tell how many there are and in which days a page lies; the calls of these days are read, and
//! no other.

use brazil::{Cents, CompanyId};
use chassis::query::{Column, Kind, Question, Sql, Table};
use chassis::refusal::internal;
use proto::common::v1::condition::Kind as Which;
use proto::common::v1::query_value::Kind as Given;
use proto::common::v1::{Comparison, Condition, ConditionList, Operator, Query};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgExecutor, Row};
use time::{Date, Duration, OffsetDateTime, Time};
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

/// What the counts know. Of the parties they know extensions only.
static COUNTS: Table = Table {
    columns: &[
        Column::new("call_type", "direction", Kind::Text),
        Column::new("from", "(case direction when 'outbound' then extension end)", Kind::Text)
            .nullable(),
        Column::new("to", "(case direction when 'inbound' then extension end)", Kind::Text)
            .nullable(),
        Column::new("hangup_cause", "hangup_cause", Kind::Text),
        Column::new("email", "email", Kind::Text).nullable(),
    ],
    order: "day desc",
    limit: 1,
};

const EXTENSION_LENGTH_MAX: usize = 6;
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
        Some(counted) => COUNTS.ask(db, counted.rest(), |_: &mut Sql| {}).await.ok(),
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

/// A question that the counts can answer: ordered by start, and about what they know.
struct Counted {
    ascending: bool,
    /// Bounds of the start, in whole microseconds: included, and excluded.
    from: Option<OffsetDateTime>,
    until: Option<OffsetDateTime>,
    rest: Vec<Condition>,
}

/// Calls that began in a stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stretch {
    from: Option<OffsetDateTime>,
    until: Option<OffsetDateTime>,
    calls: i64,
}

impl Counted {
    fn read(query: Query) -> Option<Self> {
        let ascending = match query.order_by.as_slice() {
            [] => false,
            [first, ..] if first.field == "started_at" => !first.descending,
            _ => return None,
        };
        // What follows the start would break its ties otherwise than by the list's own order.
        if query.order_by.len() > 1 {
            return None;
        }
        let mut counted = Self { ascending, from: None, until: None, rest: vec![] };
        if let Some(condition) = query.r#where {
            counted.take(condition)?;
        }
        counted.rest.iter().all(is_counted).then_some(counted)
    }

    /// Takes a condition apart that must hold.
    fn take(&mut self, condition: Condition) -> Option<()> {
        match condition.kind {
            Some(Which::AllOf(list)) => {
                list.conditions.into_iter().try_for_each(|condition| self.take(condition))
            }
            Some(Which::Comparison(comparison)) if comparison.field == "started_at" => {
                self.bound(&comparison)
            }
            _ => {
                self.rest.push(condition);
                Some(())
            }
        }
    }

    fn bound(&mut self, comparison: &Comparison) -> Option<()> {
        let moment = |index: usize| match comparison.values.get(index)?.kind.as_ref()? {
            Given::Time(time) => chassis::timestamp::from_proto(time),
            _ => None,
        };
        let after = |moment: OffsetDateTime| moment.checked_add(Duration::MICROSECOND);
        let (from, until) = match comparison.operator() {
            Operator::Greater => (Some(after(moment(0)?)?), None),
            Operator::GreaterOrEqual => (Some(moment(0)?), None),
            Operator::Less => (None, Some(moment(0)?)),
            Operator::LessOrEqual => (None, Some(after(moment(0)?)?)),
            Operator::Between => (Some(moment(0)?), Some(after(moment(1)?)?)),
            Operator::Equal => (Some(moment(0)?), Some(after(moment(0)?)?)),
            _ => return None,
        };
        self.from = self.from.max(from);
        self.until = match (self.until, until) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        Some(())
    }

    /// The question about the counts.
    fn rest(&self) -> Option<Query> {
        let conditions = self.rest.clone();
        if conditions.is_empty() {
            return None;
        }
        let kind = Some(Which::AllOf(ConditionList { conditions }));
        Some(Query { r#where: Some(Condition { kind }), ..Query::default() })
    }

    async fn list(
        &self,
        db: impl PgExecutor<'_> + Copy,
        owned: &Owned,
        question: &Question,
        counts: &Question,
    ) -> sqlx::Result<(Vec<EndedCall>, i64)> {
        let mut stretches = self.stretches(db, owned, question, counts).await?;
        let total = stretches.iter().map(|stretch| stretch.calls).sum();
        if self.ascending {
            stretches.reverse();
        }
        let Some((needed, before)) = needed(&stretches, question.skip(), question.limit()) else {
            return Ok((vec![], total));
        };
        // What is left out is found in an index; the calls themselves are read for the page only.
        let mut calls = Sql::new("select ");
        calls.push(COLUMNS).push(" from call where company_id = ");
        calls.push_bind(Uuid::from(owned.company_id));
        calls.push(" and call_id = any(array(select call_id from ");
        owned.calls(&mut calls);
        question.push_where(&mut calls);
        needed.push(&mut calls);
        question.push_order(&mut calls);
        calls.push(" limit ").push_bind(question.limit());
        calls.push(" offset ").push_bind(question.skip() - before).push("))");
        question.push_order(&mut calls);
        Ok((fetch(db, calls).await?, total))
    }

    /// What the question is about, the newest first: whole days, and what lies before and after
    /// them.
    async fn stretches(
        &self,
        db: impl PgExecutor<'_> + Copy,
        owned: &Owned,
        question: &Question,
        counts: &Question,
    ) -> sqlx::Result<Vec<Stretch>> {
        let first_day = self.from.map(first_whole_day);
        let past_day = self.until.map(|until| until.to_offset(time::UtcOffset::UTC).date());
        if let (Some(from), Some(until)) = (self.from, self.until)
            && first_day >= past_day
        {
            let stretch = (Some(from), Some(until.max(from)));
            return Ok(vec![self.count(db, owned, question, stretch).await?]);
        }
        let mut stretches = Vec::new();
        if let (Some(until), Some(day)) = (self.until, past_day) {
            let stretch = (Some(midnight(day)), Some(until));
            stretches.push(self.count(db, owned, question, stretch).await?);
        }
        let mut days = Sql::new("select day, sum(calls)::bigint from call_count where ");
        owned.push(&mut days);
        counts.push_where(&mut days);
        if let Some(day) = first_day {
            days.push(" and day >= ").push_bind(day);
        }
        if let Some(day) = past_day {
            days.push(" and day < ").push_bind(day);
        }
        days.push(" group by day order by day desc");
        let days: Vec<(Date, i64)> = days.build_query_as().persistent(false).fetch_all(db).await?;
        stretches.extend(days.into_iter().map(|(day, calls)| Stretch {
            from: Some(midnight(day)),
            until: day.next_day().map(midnight),
            calls,
        }));
        if let (Some(from), Some(day)) = (self.from, first_day) {
            let stretch = (Some(from), Some(midnight(day)));
            stretches.push(self.count(db, owned, question, stretch).await?);
        }
        Ok(stretches)
    }

    async fn count(
        &self,
        db: impl PgExecutor<'_>,
        owned: &Owned,
        question: &Question,
        (from, until): (Option<OffsetDateTime>, Option<OffsetDateTime>),
    ) -> sqlx::Result<Stretch> {
        let stretch = Stretch { from, until, calls: 0 };
        let mut count = question.count(|sql: &mut Sql| owned.calls(sql));
        stretch.push(&mut count);
        let calls = count.build_query_scalar().persistent(false).fetch_one(db).await?;
        Ok(Stretch { calls, ..stretch })
    }
}

impl Stretch {
    fn push(&self, sql: &mut Sql) {
        if let Some(from) = self.from {
            sql.push(" and started_at >= ").push_bind(from);
        }
        if let Some(until) = self.until {
            sql.push(" and started_at < ").push_bind(until);
        }
    }
}

/// The stretch of time that has a page, and how many calls come before it.
fn needed(stretches: &[Stretch], skip: i64, limit: i64) -> Option<(Stretch, i64)> {
    let mut before = 0;
    let mut needed: Option<(Stretch, i64)> = None;
    for stretch in stretches {
        let past = before + stretch.calls;
        if past > skip && before < skip + limit && stretch.calls > 0 {
            let (whole, start) = needed.unwrap_or((*stretch, before));
            let from = whole.from.min(stretch.from);
            let until = whole.until.max(stretch.until);
            needed = Some((Stretch { from, until, calls: whole.calls + stretch.calls }, start));
        }
        before = past;
    }
    needed
}

fn first_whole_day(from: OffsetDateTime) -> Date {
    let from = from.to_offset(time::UtcOffset::UTC);
    let day = from.date();
    if from.time() == Time::MIDNIGHT { day } else { day.next_day().unwrap_or(day) }
}

fn midnight(day: Date) -> OffsetDateTime {
    day.midnight().assume_utc()
}

/// Whether the counts know what a condition asks.
fn is_counted(condition: &Condition) -> bool {
    match &condition.kind {
        Some(Which::AllOf(list) | Which::AnyOf(list) | Which::NoneOf(list)) => {
            list.conditions.iter().all(is_counted)
        }
        Some(Which::Comparison(comparison)) => match comparison.field.as_str() {
            "call_type" | "hangup_cause" | "email" => comparison.operator() != Operator::Regexp,
            "from" | "to" => {
                matches!(comparison.operator(), Operator::Equal | Operator::In)
                    && comparison.values.iter().all(|value| match &value.kind {
                        Some(Given::Text(text)) => text.len() <= EXTENSION_LENGTH_MAX,
                        _ => false,
                    })
            }
            _ => false,
        },
        None => false,
    }
}

#[cfg(test)]
mod tests;
