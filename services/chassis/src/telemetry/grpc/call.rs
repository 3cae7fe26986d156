use std::error::Error;
use std::time::Instant;

use ::http::{HeaderMap, StatusCode};
use opentelemetry::trace::Status as SpanStatus;
use tonic::{Code, Status, TimeoutExpired};
use tracing::{Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::Side;
use crate::telemetry::metrics::{GRPC_REQUESTS, GRPC_SECONDS};
use crate::telemetry::propagation;
use crate::telemetry::request_id::request_id;

const STATUS_HEADER: &str = "grpc-status";

/// A call under way. Reports its end once, when dropped: a call that nobody waits for any longer
/// ends as CANCELLED.
pub(super) struct Call {
    side: Side,
    /// `package.Service/Method`.
    method: String,
    span: Span,
    started: Instant,
    code: Option<Code>,
}

impl Call {
    pub(super) fn start(side: Side, path: &str, headers: &HeaderMap) -> Self {
        let method = path.trim_start_matches('/').to_owned();
        let span = match side {
            Side::Server { service } => info_span!(
                "grpc",
                otel.name = method,
                otel.kind = "server",
                service,
                request_id = request_id(headers),
            ),
            Side::Client => info_span!("grpc", otel.name = method, otel.kind = "client"),
        };
        if let Side::Server { .. } = side {
            propagation::parent_from_headers(&span, headers);
        }
        // Attributes rather than fields: every log line repeats the fields of its spans.
        let (rpc_service, rpc_method) = method.split_once('/').unwrap_or((&method, ""));
        span.set_attribute("rpc.system", "grpc");
        span.set_attribute("rpc.service", rpc_service.to_owned());
        span.set_attribute("rpc.method", rpc_method.to_owned());
        Self { side, method, span, started: Instant::now(), code: None }
    }

    pub(super) fn span(&self) -> &Span {
        &self.span
    }

    pub(super) fn has_ended(&self) -> bool {
        self.code.is_some()
    }

    /// The head of the answer arrived. It has the status only when there is no body.
    pub(super) fn answered(&mut self, http_status: StatusCode, headers: &HeaderMap) {
        if headers.contains_key(STATUS_HEADER) {
            self.ended(headers);
        } else if http_status != StatusCode::OK {
            self.end(Code::Unknown);
        }
    }

    pub(super) fn ended(&mut self, trailers: &HeaderMap) {
        let code = trailers.get(STATUS_HEADER).map(|code| Code::from_bytes(code.as_bytes()));
        self.end(code.unwrap_or(Code::Unknown));
    }

    pub(super) fn ended_without_trailers(&mut self) {
        self.end(Code::Unknown);
    }

    pub(super) fn failed(&mut self, error: &(dyn Error + 'static)) {
        self.end(code_of_failure(error));
    }

    fn end(&mut self, code: Code) {
        self.code.get_or_insert(code);
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let code = self.code.unwrap_or(Code::Cancelled);
        let elapsed = self.started.elapsed();
        self.span.set_attribute("rpc.grpc.status_code", i64::from(code as i32));
        if is_error(self.side, code) {
            self.span.set_status(SpanStatus::error(name(code)));
        }
        let Side::Server { service } = self.side else { return };

        // Callers choose the path; only methods that exist become labels.
        let method = match code {
            Code::Unimplemented => "unimplemented".to_owned(),
            _ => self.method.clone(),
        };
        metrics::counter!(
            GRPC_REQUESTS, "service" => service, "method" => method.clone(), "code" => name(code)
        )
        .increment(1);
        metrics::histogram!(GRPC_SECONDS, "service" => service, "method" => method)
            .record(elapsed.as_secs_f64());

        let elapsed_ms = elapsed.as_micros() as f64 / 1000.0;
        self.span.in_scope(|| match code {
            Code::Unknown | Code::Unavailable | Code::DataLoss => {
                tracing::warn!(code = name(code), elapsed_ms, "call failed");
            }
            _ => tracing::debug!(code = name(code), elapsed_ms, "call ended"),
        });
    }
}

/// As OpenTelemetry has it: whatever a caller did not get is an error to the caller, but the
/// server has failed only where it could have done better.
fn is_error(side: Side, code: Code) -> bool {
    match side {
        Side::Client => code != Code::Ok,
        Side::Server { .. } => matches!(
            code,
            Code::Unknown
                | Code::DeadlineExceeded
                | Code::Unimplemented
                | Code::Internal
                | Code::Unavailable
                | Code::DataLoss
        ),
    }
}

/// What tonic will tell its caller about a failure that is not an answer.
fn code_of_failure(error: &(dyn Error + 'static)) -> Code {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(status) = error.downcast_ref::<Status>() {
            return status.code();
        }
        if error.is::<TimeoutExpired>() {
            return Code::Cancelled;
        }
        cause = error.source();
    }
    Code::Unavailable
}

/// The name of a code in the gRPC specification.
fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
