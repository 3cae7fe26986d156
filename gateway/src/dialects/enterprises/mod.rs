//! The enterprises API: customer companies with others below them. Its paths begin with `/v2`.
//!
//! Who asks is found out in [`auth`], before the route is looked at.

mod auth;
mod body;
mod countries;
mod documents;
mod error;
mod operations;
mod pairs;
mod question;
mod wire;

use std::sync::Arc;

use axum::http::Method;
use axum::{Router, middleware, routing};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use self::error::Error;
use super::Dialect;
use crate::Gateway;
use crate::clients::Clients;
use crate::fault::Fault;
use crate::stack;

const BASE: &str = "/v2";

/// The dialect, as the state of its routes.
#[derive(Clone)]
pub struct Enterprises {
    gateway: Arc<Gateway>,
}

impl Enterprises {
    /// The dialect on a gateway.
    pub fn new(gateway: Arc<Gateway>) -> Self {
        Self { gateway }
    }

    fn clients(&self) -> &Clients {
        &self.gateway.clients
    }
}

impl Dialect for Enterprises {
    const NAME: &'static str = "enterprises";

    const SENSITIVE: &'static [(Method, &'static str)] = &[];

    type Error = Error;

    fn gateway(&self) -> &Gateway {
        &self.gateway
    }
}

/// The routes, what guards them, and the document that describes them.
pub(crate) fn routes(dialect: &Enterprises) -> (Router, OpenApi) {
    let (operations, described) = operations().split_for_parts();
    let operations = operations
        .fallback(async || Error::from(Fault::NotFound))
        .method_not_allowed_fallback(async || Error::from(Fault::MethodNotAllowed))
        .with_state(dialect.clone());
    let guarded = stack::bounded(operations, dialect)
        .layer(middleware::from_fn_with_state(dialect.clone(), auth::enter));
    let mut document = documents::document();
    for (path, item) in described.paths.paths {
        document.paths.paths.insert(format!("{BASE}{path}"), item);
    }
    if let Some(components) = described.components {
        document.components.get_or_insert_default().schemas.extend(components.schemas);
    }
    // What is nested does not reach the base with a slash after it.
    let base = Router::new()
        .route(&format!("{BASE}/"), routing::any(async || Error::from(Fault::NotFound)))
        .layer(middleware::from_fn_with_state(dialect.clone(), auth::enter));
    (Router::new().nest(BASE, guarded).merge(base), document)
}

fn operations() -> OpenApiRouter<Enterprises> {
    OpenApiRouter::new()
        .routes(routes!(operations::list, operations::create))
        // The same without its last slash; the document names one of the two.
        .route("/enterprises", routing::get(operations::list).post(operations::create))
        .routes(routes!(operations::show, operations::update, operations::remove))
        .routes(routes!(operations::set_status))
        .routes(routes!(countries::list))
}
