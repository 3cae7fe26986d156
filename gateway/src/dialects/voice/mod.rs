//! The voice API: extensions, calls and credit. Its paths begin with `/api/v1`.
//!
//! Who asks is found out in [`auth`], before the route is looked at: an operation gets a
//! [`Session`], and from that the [`Account`] which it is about.

mod accounts;
mod auth;
mod body;
mod calls;
mod charges;
mod confirmation;
mod documents;
mod error;
mod extensions;
mod filter;
mod financial;
mod integrations;
mod rules;
mod sessions;
mod tokens;
mod users;
mod wire;

use std::sync::Arc;

use axum::http::Method;
use axum::{Router, middleware};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::auth::Session;
pub use self::error::Error;
use self::sessions::Sessions;
use super::Dialect;
use crate::Gateway;
use crate::clients::Clients;
use crate::fault::Fault;
use crate::stack;

const BASE: &str = "/api/v1";

/// Operations that need no token, by method and route.
const PUBLIC: &[(Method, &str)] = &[
    (Method::POST, "/api/v1/users/login"),
    (Method::GET, "/api/v1/users/confirm"),
    (Method::POST, "/api/v1/users/confirm/resend"),
    (Method::POST, "/api/v1/accounts/signup"),
];

/// The dialect, as the state of its routes.
#[derive(Clone)]
pub struct Voice {
    gateway: Arc<Gateway>,
    sessions: Sessions,
}

impl Voice {
    /// The dialect on a gateway.
    pub fn new(gateway: Arc<Gateway>) -> Self {
        let sessions = Sessions::new(gateway.config.limits.sessions_max);
        Self { gateway, sessions }
    }

    fn clients(&self) -> &Clients {
        &self.gateway.clients
    }
}

impl Dialect for Voice {
    const NAME: &'static str = "voice";

    const SENSITIVE: &'static [(Method, &'static str)] = &[];

    type Error = Error;

    fn gateway(&self) -> &Gateway {
        &self.gateway
    }
}

/// The routes, what guards them, and the document that describes them.
pub(crate) fn routes(dialect: &Voice) -> (Router, OpenApi) {
    let (operations, document) = operations().split_for_parts();
    let operations = operations
        .fallback(async || Error::from(Fault::NotFound))
        .method_not_allowed_fallback(async || Error::from(Fault::MethodNotAllowed))
        .with_state(dialect.clone());
    let guarded = stack::bounded(operations, dialect)
        .layer(middleware::from_fn_with_state(dialect.clone(), auth::enter));
    let mut documents = documents::document();
    let unmounted = std::mem::take(&mut documents.paths.paths);
    for (path, item) in document.paths.paths.into_iter().chain(unmounted) {
        documents.paths.paths.insert(format!("{BASE}{path}"), item);
    }
    if let Some(components) = document.components {
        documents.components.get_or_insert_default().schemas.extend(components.schemas);
    }
    (Router::new().nest(BASE, guarded), documents)
}

fn operations() -> OpenApiRouter<Voice> {
    OpenApiRouter::new()
        .routes(routes!(accounts::signup))
        .routes(routes!(accounts::get))
        .routes(routes!(tokens::login))
        .routes(routes!(tokens::logout))
        .routes(routes!(tokens::create, tokens::list))
        .routes(routes!(tokens::delete))
        .routes(routes!(users::me))
        .routes(routes!(users::create, users::list, users::update))
        .routes(routes!(confirmation::confirm))
        .routes(routes!(confirmation::resend))
        .routes(routes!(financial::get, financial::create, financial::replace))
        .routes(routes!(charges::create, charges::list))
        .routes(routes!(charges::get))
        .routes(routes!(charges::balance))
        .routes(routes!(integrations::put, integrations::list))
        .routes(routes!(integrations::delete))
        .routes(routes!(integrations::deliveries))
        .routes(routes!(extensions::list, extensions::create))
        .routes(routes!(extensions::next_available, extensions::create_next))
        .routes(routes!(extensions::get, extensions::update, extensions::remove))
        .routes(routes!(calls::dial))
        .routes(routes!(calls::list, calls::create))
        .routes(routes!(calls::hang_up))
        // A route cannot tell what follows a name; the document says so all the same.
        .route("/recordings/{name}", axum::routing::get(calls::recording))
}
