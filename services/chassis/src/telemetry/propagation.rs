//! Carries a trace from one process to the next, as W3C Trace Context.

use ::http::HeaderMap;
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::TraceContextExt;
use opentelemetry_http::{HeaderExtractor, HeaderInjector};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";

/// Writes the current span into the headers of an outgoing request.
pub fn inject(headers: &mut HeaderMap) {
    let propagator = TraceContextPropagator::new();
    propagator.inject_context(&Context::current(), &mut HeaderInjector(headers));
    // The propagator writes the state even when there is none.
    if headers.get(TRACESTATE).is_some_and(|state| state.is_empty()) {
        headers.remove(TRACESTATE);
    }
}

/// The current span in the form of a `traceparent` header, or "" outside of any.
pub fn traceparent() -> String {
    let mut headers = HeaderMap::new();
    inject(&mut headers);
    let value = headers.get(TRACEPARENT).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}

/// Makes `span` a child of the span that `traceparent()` described elsewhere. Does nothing when
/// the text is no such description.
///
/// The parent of a span is settled when it is first entered: call this before.
pub fn set_parent(span: &Span, traceparent: &str) {
    adopt(span, &Traceparent(traceparent));
}

/// Makes `span` a child of the span that the headers of an incoming request name, if any. The
/// same order applies as for [`set_parent`].
pub fn parent_from_headers(span: &Span, headers: &HeaderMap) {
    adopt(span, &HeaderExtractor(headers));
}

fn adopt(span: &Span, carrier: &dyn Extractor) {
    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), carrier);
    if context.span().span_context().is_valid() {
        // Fails where no telemetry was started, or where the span is filtered out; then there is
        // no trace to continue.
        let _ = span.set_parent(context);
    }
}

struct Traceparent<'a>(&'a str);

impl Extractor for Traceparent<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        (key == TRACEPARENT).then_some(self.0)
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
    }
}

#[cfg(test)]
mod tests {
    use tracing::info_span;

    use super::*;
    use crate::telemetry::testing::Recorded;

    #[test]
    fn a_trace_goes_on_where_its_traceparent_is_set() {
        let recorded = Recorded::start();

        let written = info_span!("publish").in_scope(traceparent);
        let handle = info_span!("handle");
        set_parent(&handle, &written);
        let passed_on = handle.in_scope(traceparent);
        drop(handle);

        let [publish, handle] = recorded.spans(["publish", "handle"]);
        assert_eq!(handle.span_context.trace_id(), publish.span_context.trace_id());
        assert_eq!(handle.parent_span_id, publish.span_context.span_id());
        assert!(handle.parent_span_is_remote);
        assert!(passed_on.contains(&handle.span_context.span_id().to_string()));
    }

    #[test]
    fn a_trace_goes_on_through_headers() {
        let recorded = Recorded::start();

        let mut headers = HeaderMap::new();
        info_span!("caller").in_scope(|| inject(&mut headers));
        let callee = info_span!("callee");
        parent_from_headers(&callee, &headers);
        drop(callee);

        let [caller, callee] = recorded.spans(["caller", "callee"]);
        assert_eq!(callee.parent_span_id, caller.span_context.span_id());
        assert_eq!(headers.get(TRACESTATE), None);
    }

    #[test]
    fn outside_of_any_span_there_is_nothing_to_carry() {
        let _recorded = Recorded::start();
        let mut headers = HeaderMap::new();
        inject(&mut headers);
        assert!(headers.is_empty());
        assert_eq!(traceparent(), "");
    }

    #[test]
    fn what_is_no_traceparent_is_ignored() {
        let recorded = Recorded::start();
        let outer = info_span!("outer");
        outer.in_scope(|| {
            for text in ["", "00-0-0-01", "nonsense"] {
                set_parent(&info_span!("inner"), text);
            }
        });
        drop(outer);

        let [outer, inner] = recorded.spans(["outer", "inner"]);
        assert_eq!(inner.parent_span_id, outer.span_context.span_id());
    }
}
