//! What a running service tells about itself: logs, traces and metrics.
//!
//! - Logs go to stderr, as text or JSON. JSON lines carry the ids of the trace they belong to.
//! - Traces follow W3C Trace Context through HTTP, gRPC, SQL and events. They leave the process
//!   over OTLP only when an endpoint is configured; the ids exist either way.
//! - Metrics are kept per process and read by Prometheus on the admin port.
//!
//! None of it records personal data: no header values but the request id, no bodies, no query
//! strings, no raw paths, and SQL only with its placeholders. What a caller puts into a log
//! message is the caller's responsibility.

mod admin;
mod config;
mod export;
pub mod grpc;
pub mod http;
mod json;
pub mod metrics;
mod propagation;
mod request_id;
mod setup;
pub mod sql;

#[cfg(test)]
mod testing;

pub use admin::admin_router;
pub use config::{LogFormat, TelemetryConfig};
pub use propagation::{inject, parent_from_headers, set_parent, traceparent};
pub use setup::{Telemetry, start};
