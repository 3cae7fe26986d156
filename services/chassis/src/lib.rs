//! What makes a service a service, once: configuration, telemetry, health, authentication,
//! database, events, idempotency, refusals, clock, shutdown.
//!
//! Invariants, stated as absences: no global state but the tracing subscriber and the metrics
//! recorder, so that several services share a process; no rule of the domain; no SQL that reads
//! a service's own tables.

pub mod address;
pub mod auth;
pub mod client;
pub mod clock;
pub mod config;
pub mod crash;
pub mod crypto;
pub mod db;
pub mod events;
pub mod gauges;
pub mod holds;
pub mod host;
pub mod idempotency;
pub mod jobs;
pub mod mail;
pub mod neighbours;
pub mod organizations;
pub mod page;
pub mod program;
pub mod query;
pub mod refusal;
pub mod replica;
pub mod resealing;
pub mod server;
mod service;
pub mod simulator;
pub mod sweeps;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
pub mod timestamp;
pub mod tls;

pub use host::Host;
pub use program::{Program, run};
pub use service::Service;
