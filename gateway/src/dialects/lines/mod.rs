//! The mobile-line API. Its paths are the root's.

mod blocks;
mod companies;
mod custom_fields;
mod data_top_ups;
mod documents;
mod domain_signup;
mod employees;
mod error;
mod invitations;
mod invoices;
mod line_changes;
mod line_orders;
mod line_search;
mod partners;
mod password_resets;
mod people;
mod phone_accounts;
mod plans;
mod platform;
mod portability;
mod service_invoices;
mod session;
mod shipments;
mod signup;
mod stock;
mod users;
mod webhooks;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::http::Method;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use self::error::Error;
use super::Dialect;
use crate::Gateway;
use crate::fault::Fault;
use crate::{clients::Clients, stack};

/// The dialect, as the state of its routes.
#[derive(Clone)]
pub struct Lines(Arc<Gateway>);

impl Lines {
    /// The dialect on a gateway.
    pub fn new(gateway: Arc<Gateway>) -> Self {
        Self(gateway)
    }

    fn clients(&self) -> &Clients {
        &self.0.clients
    }
}

impl Dialect for Lines {
    const NAME: &'static str = "lines";

    const SENSITIVE: &'static [(Method, &'static str)] = &[
        (Method::POST, "/login"),
        (Method::POST, "/login/email-domain"),
        (Method::POST, "/login/email-domain/{id}/complete"),
        (Method::POST, "/signup-forms"),
        (Method::POST, "/signup-forms/{id}/complete"),
        (Method::POST, "/password-resets"),
        (Method::POST, "/password-resets/{id}/complete"),
        (Method::POST, "/invitations/{id}/accept"),
    ];

    type Error = Error;

    fn gateway(&self) -> &Gateway {
        &self.0
    }
}

/// The routes, what guards them, and the document that describes them.
pub(crate) fn routes(dialect: &Lines) -> (Router, OpenApi) {
    let (guarded, mut document) = operations().split_for_parts();
    let guarded = guarded
        .fallback(async || Error::from(Fault::NotFound))
        .method_not_allowed_fallback(async || Error::from(Fault::MethodNotAllowed))
        .with_state(dialect.clone());
    // Probes are counted by nobody and wait for nobody.
    let (open, probes) = OpenApiRouter::default()
        .routes(routes!(platform::alive))
        .routes(routes!(platform::ready))
        .split_for_parts();
    let open: Router<Lines> =
        open.method_not_allowed_fallback(async || Error::from(Fault::MethodNotAllowed));
    document.merge(probes);
    (stack::guarded(guarded, dialect).merge(open.with_state(dialect.clone())), document)
}

fn operations() -> OpenApiRouter<Lines> {
    OpenApiRouter::with_openapi(documents::document())
        .routes(routes!(session::login))
        .routes(routes!(domain_signup::request))
        .routes(routes!(domain_signup::form))
        .routes(routes!(domain_signup::complete))
        .routes(routes!(signup::create_form))
        .routes(routes!(signup::open_form, signup::update_form))
        .routes(routes!(signup::complete_form))
        .routes(routes!(password_resets::create))
        .routes(routes!(password_resets::follow))
        .routes(routes!(password_resets::form))
        .routes(routes!(password_resets::complete))
        .routes(routes!(invitations::form))
        .routes(routes!(invitations::accept))
        .routes(routes!(invitations::prove_email))
        .routes(routes!(phone_accounts::list_own))
        .routes(routes!(phone_accounts::get))
        .routes(routes!(phone_accounts::approve))
        .routes(routes!(phone_accounts::activate_sim_card))
        .routes(routes!(phone_accounts::order, line_search::search))
        .routes(routes!(phone_accounts::list_permissions))
        .routes(routes!(line_changes::put_user))
        .routes(routes!(line_changes::provision_number))
        .routes(routes!(line_changes::put_sim_card))
        .routes(routes!(line_changes::put_company))
        .routes(routes!(line_changes::put_tag))
        .routes(routes!(line_changes::put_plan))
        .routes(routes!(line_changes::cancel))
        .routes(routes!(blocks::block))
        .routes(routes!(blocks::unblock))
        .routes(routes!(blocks::list_timeline))
        .routes(routes!(data_top_ups::add))
        .routes(routes!(custom_fields::set, custom_fields::remove))
        .routes(routes!(custom_fields::rename))
        .routes(routes!(line_orders::place))
        .routes(routes!(line_orders::get))
        .routes(routes!(companies::create, companies::list))
        .routes(routes!(companies::get, companies::update))
        .routes(routes!(companies::put_email_domain, companies::delete_email_domain))
        .routes(routes!(companies::delete_named_email_domain))
        .routes(routes!(people::put_manager, people::delete_manager))
        .routes(routes!(people::put_member, people::delete_member))
        .routes(routes!(employees::list))
        .routes(routes!(employees::create))
        .routes(routes!(employees::get, employees::replace))
        .routes(routes!(users::update))
        .routes(routes!(plans::create, plans::list))
        .routes(routes!(plans::list_of_company))
        .routes(routes!(plans::set_price))
        .routes(routes!(portability::request, portability::get, portability::cancel))
        .routes(routes!(shipments::list))
        .routes(routes!(shipments::create))
        .routes(routes!(shipments::update))
        .routes(routes!(service_invoices::issue_to_user))
        .routes(routes!(service_invoices::issue_to_company))
        .routes(routes!(invoices::list))
        .routes(routes!(invoices::get))
        .routes(routes!(invoices::get_run))
        .routes(routes!(stock::add_sim_cards))
        .routes(routes!(stock::list_sim_cards))
        .routes(routes!(stock::add_phone_numbers))
        .routes(routes!(webhooks::create, webhooks::list))
        .routes(routes!(webhooks::delete))
        .routes(routes!(webhooks::list_deliveries))
        .routes(routes!(webhooks::replay))
        .routes(routes!(partners::create))
        .routes(routes!(platform::signing_keys))
}
