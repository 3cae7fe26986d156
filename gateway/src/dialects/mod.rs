//! The dialects: documented REST APIs, each with its own paths, names and error envelope. They
//! share what reads requests and calls services, never a wire struct.

pub mod lines;

use axum::http::Method;
use axum::response::IntoResponse;

use crate::Gateway;
use crate::fault::Fault;

/// A dialect is the state of its own routes, so that everything that reads a request knows in
/// which words to refuse it.
pub trait Dialect: Clone + Send + Sync + 'static {
    /// How metrics and traces call it.
    const NAME: &'static str;

    /// Operations with the stricter limit of an address, by method and route.
    const SENSITIVE: &'static [(Method, &'static str)];

    /// How it says that something is wrong.
    type Error: From<Fault> + IntoResponse + Send;

    /// What all dialects share.
    fn gateway(&self) -> &Gateway;
}
