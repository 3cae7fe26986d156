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

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use opentelemetry::trace::TracerProvider;
    use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
    use tracing::info_span;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::telemetry::{setup, traceparent};

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_carry_the_trace_even_when_it_is_not_recorded() {
        let written = Written::default();
        let writer = written.clone();
        let provider = SdkTracerProvider::builder().with_sampler(Sampler::AlwaysOff).build();
        let subscriber =
            tracing_subscriber::registry().with(setup::trace_layer(provider.tracer("test"))).with(
                tracing_subscriber::fmt::layer()
                    .fmt_fields(JsonFields::new())
                    .event_format(TracedJson::new())
                    .with_writer(move || writer.clone()),
            );
        let _guard = tracing::subscriber::set_default(subscriber);

        tracing::info!("outside");
        let traceparent = info_span!("call", request_id = "r-1").in_scope(|| {
            tracing::info!(lines = 3, "inside");
            traceparent()
        });

        let written = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<serde_json::Value> =
            written.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let [outside, inside] = lines.as_slice() else { panic!("{written}") };
        assert_eq!(outside.get("trace_id"), None);
        assert_eq!(inside["message"], "inside");
        assert_eq!(inside["lines"], 3);
        assert_eq!(inside["spans"][0]["request_id"], "r-1");
        let ids = format!(
            "00-{}-{}-00",
            inside["trace_id"].as_str().unwrap(),
            inside["span_id"].as_str().unwrap()
        );
        assert_eq!(ids, traceparent);
    }
}
