use std::fmt;

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{Format, Json, JsonFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent};
use tracing_subscriber::registry::LookupSpan;

/// JSON lines that begin with the ids of the trace and span they were written in.
pub(super) struct TracedJson(Format<Json>);

impl TracedJson {
    pub(super) fn new() -> Self {
        Self(Format::default().json().flatten_event(true).with_current_span(false))
    }
}

impl<S> FormatEvent<S, JsonFields> for TracedJson
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fn format_event(
        &self,
        fmt_context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let context = Context::current();
        let span = context.span();
        let ids = span.span_context();
        if !ids.is_valid() {
            return self.0.format_event(fmt_context, writer, event);
        }

        // The inner formatter takes no further fields, but its line is one JSON object that is
        // never empty: ours go in front of its first.
        let mut line = String::new();
        self.0.format_event(fmt_context, Writer::new(&mut line), event)?;
        let rest = line.strip_prefix('{').ok_or(fmt::Error)?;
        write!(writer, r#"{{"trace_id":"{}","span_id":"{}",{rest}"#, ids.trace_id(), ids.span_id())
    }
}
