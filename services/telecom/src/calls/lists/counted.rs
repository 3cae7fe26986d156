//! Questions that the counts by day can answer, and the lists that are read by their help.

use chassis::query::{Column, Kind, Question, Sql, Table};
use proto::common::v1::condition::Kind as Which;
use proto::common::v1::query_value::Kind as Given;
use proto::common::v1::{Comparison, Condition, ConditionList, Operator, Query};
use sqlx::PgExecutor;
use time::{Date, Duration, OffsetDateTime, Time};
use tonic::Status;
use uuid::Uuid;

use super::{COLUMNS, EndedCall, Owned, fetch};

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

/// A question that the counts can answer: ordered by start, and about what they know.
pub(super) struct Counted {
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
    pub(super) fn read(query: Query) -> Option<Self> {
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

    /// What the counts are asked.
    ///
    /// # Errors
    /// INVALID_ARGUMENT for what they cannot be asked.
    pub(super) async fn ask(&self, db: impl PgExecutor<'_> + Copy) -> Result<Question, Status> {
        COUNTS.ask(db, self.rest(), |_: &mut Sql| {}).await
    }

    fn rest(&self) -> Option<Query> {
        let conditions = self.rest.clone();
        if conditions.is_empty() {
            return None;
        }
        let kind = Some(Which::AllOf(ConditionList { conditions }));
        Some(Query { r#where: Some(Condition { kind }), ..Query::default() })
    }

    pub(super) async fn list(
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
