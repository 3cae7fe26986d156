//! The workspaces API: organizations and what they are configured with. JSON-LD with Hydra, or
//! plain JSON; problem details; merge patches.
//!
//! What a request is comes from one table, [`operations`]; whether it may go on is decided in
//! [`entry`], in the order that the contract gives, before a handler sees it.

mod addresses;
mod banks;
mod body;
mod contexts;
mod documents;
mod entry;
mod error;
mod footer;
mod iri;
mod languages;
mod locations;
mod meetings;
mod negotiation;
mod operations;
mod organizations;
mod page;
mod payment_methods;
mod people;
mod pictures;
mod resource;
mod route;
mod session;
mod subscriptions;
mod upload;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{delete, get, post};
use tower::ServiceExt;
use utoipa::openapi::OpenApi;

pub use self::error::Error;
use super::Dialect;
use crate::Gateway;
use crate::clients::Clients;
use crate::stack;

/// The dialect, as the state of its routes.
#[derive(Clone)]
pub struct Workspaces {
    gateway: Arc<Gateway>,
}

impl Workspaces {
    /// The dialect on a gateway.
    pub fn new(gateway: Arc<Gateway>) -> Self {
        Self { gateway }
    }

    fn clients(&self) -> &Clients {
        &self.gateway.clients
    }
}

impl Dialect for Workspaces {
    const NAME: &'static str = "workspaces";

    const SENSITIVE: &'static [(Method, &'static str)] = &[];

    type Error = Error;

    fn gateway(&self) -> &Gateway {
        &self.gateway
    }
}

/// The routes, what guards them, and the document that describes them.
pub(crate) fn routes(dialect: &Workspaces) -> (Router, OpenApi) {
    let guarded = stack::bounded(handlers().with_state(dialect.clone()), dialect)
        .layer(middleware::from_fn_with_state(dialect.clone(), entry::enter));
    (guarded, documents::document())
}

/// Serves the requests under this dialect's paths, and passes all others on.
pub(crate) async fn divert(
    State(workspaces): State<Router>,
    request: Request,
    next: Next,
) -> Response {
    if !route::is_ours(request.uri().path()) {
        return next.run(request).await;
    }
    workspaces.oneshot(request).await.unwrap_or_else(|never| match never {})
}

fn handlers() -> Router<Workspaces> {
    Router::new()
        .route("/api/login", post(session::login))
        .route("/contexts/{type}", get(contexts::get))
        .route("/organizations", get(organizations::list).post(organizations::create))
        .route("/organizations/clear", post(organizations::clear))
        .route("/organizations/icon", post(pictures::put_icon))
        .route("/organizations/logo", post(pictures::put_logo))
        .route("/organizations/mail-footer", get(footer::get).patch(footer::set))
        .route("/organizations/{id}", get(organizations::get))
        .route("/organizations/{id}/icon", get(pictures::icon))
        .route("/organizations/{id}/logo", get(pictures::logo))
        .route("/locations", get(locations::list).post(locations::create))
        .route("/locations/{id}", get(locations::get).patch(locations::update))
        .route("/countries", get(languages::countries))
        .route("/countries/{id}", get(languages::country))
        .route("/languages", get(languages::list).post(languages::create))
        .route("/languages/{id}", get(languages::get))
        .route("/meetings", get(meetings::list).post(meetings::create))
        .route("/meetings/{id}", get(meetings::get).patch(meetings::update))
        .route("/integrations/kontomatik/setup", post(banks::setup))
        .route("/integrations/kontomatik/pull", post(banks::pull))
        .route("/integrations/kontomatik/revoke", post(banks::revoke))
        .route("/integrations/{id}", get(banks::integration))
        .route("/bank-connections", get(banks::list))
        .route("/bank-connections/{id}", get(banks::get))
        .route("/bank-connections/{id}/transactions", get(banks::transactions))
        .route("/organization-addresses", get(addresses::list).post(addresses::create))
        .route("/organization-addresses/{id}", get(addresses::get).patch(addresses::update))
        .route("/payment-methods", get(payment_methods::list).post(payment_methods::create))
        .route("/payment-methods/{id}", get(payment_methods::get))
        .route("/subscriptions", get(subscriptions::list).post(subscriptions::create))
        .route("/subscriptions/apply-coupon", post(subscriptions::apply_coupon))
        .route("/subscriptions/clear-coupon", post(subscriptions::clear_coupon))
        .route("/subscriptions/{id}", get(subscriptions::get))
        .route("/subscriptions/{id}/cancel", post(subscriptions::cancel))
        .route("/subscriptions/{id}/invoices", get(subscriptions::invoices))
        .route("/subscriptions/{id}/invoices/{invoice_id}", get(subscriptions::invoice))
        .route("/subscription-products", get(subscriptions::products))
        .route("/organization-user-invitations", get(people::page).post(people::invite))
        .route("/organization-user-invitations/accept", post(people::accept))
        .route("/organization-users/{id}", delete(people::remove))
}
