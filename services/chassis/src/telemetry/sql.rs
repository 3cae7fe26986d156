//! Every SQL statement in the trace, without any code in the stores.
//!
//! sqlx logs each statement when it ends. The layer makes a span of that event, whether or not
//! the log shows it. Bound values are never part of the event. Text that a caller formatted into
//! the statement is; our stores write literals only.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{Span, SpanKind, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::SdkTracer;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

/// The level at which a pool must log statements (`ConnectOptions::log_statements`): traces show
/// nothing below, and logs are spared it.
pub const STATEMENT_LEVEL: log::LevelFilter = log::LevelFilter::Debug;

pub(crate) const TARGET: &str = "sqlx::query";
const TEXT_MAX_BYTES: usize = 4096;

/// Makes a span of every SQL statement that runs inside a recorded span. Statements outside of
/// any, as of a worker that looks for jobs, would be traces of their own and are left out.
pub(super) fn layer<S>(tracer: SdkTracer) -> impl Layer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    StatementSpans { tracer }.with_filter(Targets::new().with_target(TARGET, LevelFilter::DEBUG))
}

struct StatementSpans {
    tracer: SdkTracer,
}

impl<S: Subscriber> Layer<S> for StatementSpans {
    fn on_event(&self, event: &Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        let context = Context::current();
        if !context.span().span_context().is_sampled() {
            return;
        }
        let ended = SystemTime::now();
        let mut statement = Statement::default();
        event.record(&mut statement);
        let elapsed = Duration::try_from_secs_f64(statement.elapsed_secs).unwrap_or_default();

        let text = statement.text();
        let mut span = self
            .tracer
            .span_builder(span_name(text))
            .with_kind(SpanKind::Client)
            .with_start_time(ended.checked_sub(elapsed).unwrap_or(ended))
            .with_attributes([
                KeyValue::new("db.system.name", "postgresql"),
                KeyValue::new(
                    "db.query.text",
                    text[..text.floor_char_boundary(TEXT_MAX_BYTES)].to_owned(),
                ),
                KeyValue::new("db.response.returned_rows", statement.rows_returned),
                KeyValue::new("db.response.affected_rows", statement.rows_affected),
            ])
            .start_with_context(&self.tracer, &context);
        span.end_with_timestamp(ended);
    }
}

/// The fields of sqlx's event.
#[derive(Default)]
pub(crate) struct Statement {
    summary: String,
    /// Empty when the summary says it all.
    statement: String,
    rows_affected: i64,
    rows_returned: i64,
    elapsed_secs: f64,
}

impl Statement {
    pub(crate) fn text(&self) -> &str {
        match self.statement.trim() {
            "" => &self.summary,
            statement => statement,
        }
    }
}

impl Visit for Statement {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => self.summary = value.to_owned(),
            "db.statement" => self.statement = value.to_owned(),
            _ => {}
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        let rows = i64::try_from(value).unwrap_or(i64::MAX);
        match field.name() {
            "rows_affected" => self.rows_affected = rows,
            "rows_returned" => self.rows_returned = rows,
            _ => {}
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if field.name() == "elapsed_secs" {
            self.elapsed_secs = value;
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

/// The verb and the first table: `SELECT line`, `INSERT line`, `COMMIT`. Few enough to group by.
fn span_name(text: &str) -> Cow<'static, str> {
    let mut words = text.split_whitespace();
    let Some(verb) = words.next() else { return Cow::Borrowed("SQL") };
    let verb = verb.trim_end_matches(';').to_ascii_uppercase();

    let mut before = verb.to_ascii_lowercase();
    for word in words {
        let table = word.split(['(', ',', ';', ')']).next().unwrap_or_default();
        if matches!(before.as_str(), "from" | "into" | "update") && !table.is_empty() {
            return Cow::Owned(format!("{verb} {}", table.replace('"', "")));
        }
        before = word.to_ascii_lowercase();
    }
    Cow::Owned(verb)
}

#[cfg(test)]
mod tests {
    use tracing::{Level, event, info_span};

    use super::*;
    use crate::telemetry::testing::{Recorded, attribute};

    /// As sqlx writes it, with the numbers a test wants.
    fn statement_ends(summary: &str, statement: &str, elapsed: Duration) {
        event!(
            target: "sqlx::query",
            Level::DEBUG,
            summary,
            db.statement = statement,
            rows_affected = 0_u64,
            rows_returned = 3_u64,
            ?elapsed,
            elapsed_secs = elapsed.as_secs_f64(),
        );
    }

    #[test]
    fn a_statement_becomes_a_child_span_of_its_duration() {
        let recorded = Recorded::start();
        let elapsed = Duration::from_millis(250);

        info_span!("list").in_scope(|| {
            let statement = "\n\nselect line_id, state\n  from line\n where company_id = $1\n";
            statement_ends("select line_id, state from …", statement, elapsed);
        });

        let [list, select] = recorded.spans(["list", "SELECT line"]);
        assert_eq!(select.parent_span_id, list.span_context.span_id());
        assert_eq!(select.span_context.trace_id(), list.span_context.trace_id());
        assert_eq!(select.span_kind, SpanKind::Client);
        assert_eq!(select.end_time.duration_since(select.start_time).unwrap(), elapsed);
        assert_eq!(attribute(&select, "db.system.name"), "postgresql");
        assert_eq!(attribute(&select, "db.response.returned_rows"), "3");
        assert_eq!(
            attribute(&select, "db.query.text"),
            "select line_id, state\n  from line\n where company_id = $1"
        );
        assert!(list.events.is_empty(), "a span, not a log event as well");
    }

    #[test]
    fn a_short_statement_is_its_own_summary() {
        let recorded = Recorded::start();
        info_span!("call").in_scope(|| statement_ends("COMMIT", "", Duration::ZERO));
        let [commit] = recorded.spans(["COMMIT"]);
        assert_eq!(attribute(&commit, "db.query.text"), "COMMIT");
    }

    #[test]
    fn statements_outside_of_a_trace_are_left_out() {
        let recorded = Recorded::start();
        statement_ends("COMMIT", "", Duration::ZERO);
        assert!(recorded.all().is_empty());
    }

    #[test]
    fn long_statements_are_cut() {
        let recorded = Recorded::start();
        let long = format!("select '{}'", "ã".repeat(TEXT_MAX_BYTES));
        info_span!("call").in_scope(|| statement_ends("select …", &long, Duration::ZERO));
        let [select] = recorded.spans(["SELECT"]);
        assert!(attribute(&select, "db.query.text").len() <= TEXT_MAX_BYTES);
    }

    #[test]
    fn spans_are_named_by_verb_and_table() {
        for (text, name) in [
            ("select 1", "SELECT"),
            ("select a from line l join plan p on true", "SELECT line"),
            ("select count(*) from (select 1 from line) x", "SELECT line"),
            ("insert into telecom.line(line_id) values ($1)", "INSERT telecom.line"),
            ("update line set state = $2", "UPDATE line"),
            ("delete from \"line\" where line_id = $1", "DELETE line"),
            ("with due as (select 1 from charge) select 1 from due", "WITH charge"),
            ("BEGIN", "BEGIN"),
            ("", "SQL"),
        ] {
            assert_eq!(span_name(text), name, "{text}");
        }
    }
}
