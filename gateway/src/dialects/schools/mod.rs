//! The school data API: eleven reads for partners' programs and for people of schools. Its paths
//! begin with `/data`.

mod companies;
mod documents;
mod error;
mod lists;
mod parameters;
mod people;
mod reader;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Method;
use axum::routing::any;
use chassis::client::Upstream;
use prost::Name;
use proto::company::v1::school_service_client::SchoolServiceClient;
use proto::identity::v1::school_people_service_client::SchoolPeopleServiceClient;
use tonic::{Request, Response, Status};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use self::error::Error;
use super::Dialect;
use crate::Gateway;
use crate::caller::Caller;
use crate::clients::Clients;
use crate::fault::Fault;
use crate::stack;

const BASE: &str = "/data";

/// The dialect, as the state of its routes.
#[derive(Clone)]
pub struct Schools {
    gateway: Arc<Gateway>,
}

impl Schools {
    /// The dialect on a gateway.
    pub fn new(gateway: Arc<Gateway>) -> Self {
        Self { gateway }
    }

    fn clients(&self) -> &Clients {
        &self.gateway.clients
    }

    /// How long the next part of a list may take.
    fn patience(&self) -> Duration {
        self.gateway.config.limits.call_timeout()
    }

    /// Asks company about tenants and schools, on behalf of `caller`.
    ///
    /// # Errors
    /// What company refuses.
    async fn ask_company<M, A, F>(
        &self,
        caller: &Caller,
        question: M,
        send: impl Fn(SchoolServiceClient<Upstream>, Request<M>) -> F,
    ) -> Result<A, Error>
    where
        M: Name + Clone,
        F: Future<Output = Result<Response<A>, Status>>,
    {
        let send = |to, request| send(SchoolServiceClient::new(to), request);
        let answer = self.clients().company.ask(caller, question, send).await;
        Ok(answer.map_err(Error::of)?.message)
    }

    /// Asks identity about people of schools, on behalf of `caller`.
    ///
    /// # Errors
    /// What identity refuses.
    async fn ask_people<M, A, F>(
        &self,
        caller: &Caller,
        question: M,
        send: impl Fn(SchoolPeopleServiceClient<Upstream>, Request<M>) -> F,
    ) -> Result<A, Error>
    where
        M: Name + Clone,
        F: Future<Output = Result<Response<A>, Status>>,
    {
        let send = |to, request| send(SchoolPeopleServiceClient::new(to), request);
        let answer = self.clients().identity.ask(caller, question, send).await;
        Ok(answer.map_err(Error::of)?.message)
    }
}

impl Dialect for Schools {
    const NAME: &'static str = "schools";

    const SENSITIVE: &'static [(Method, &'static str)] = &[];

    type Error = Error;

    fn gateway(&self) -> &Gateway {
        &self.gateway
    }
}

/// The routes, what guards them, and the document that describes them.
pub(crate) fn routes(dialect: &Schools) -> (Router, OpenApi) {
    let (operations, document) = operations().split_for_parts();
    let operations = operations
        .fallback(async || Error::from(Fault::NotFound))
        .method_not_allowed_fallback(async || Error::from(Fault::MethodNotAllowed))
        .with_state(dialect.clone());
    let mut documents = documents::document();
    for (path, item) in document.paths.paths {
        documents.paths.paths.insert(format!("{BASE}{path}"), item);
    }
    if let Some(components) = document.components {
        documents.components.get_or_insert_default().schemas.extend(components.schemas);
    }
    let router = Router::new()
        .nest(BASE, stack::guarded(operations, dialect))
        // What is nested does not begin with a bare slash.
        .route("/data/", any(async || Error::from(Fault::NotFound)));
    (router, documents)
}

fn operations() -> OpenApiRouter<Schools> {
    OpenApiRouter::new()
        .routes(routes!(companies::tenant))
        .routes(routes!(companies::school))
        .routes(routes!(people::profiles))
        .routes(routes!(people::dependents))
        .routes(routes!(people::account))
        .routes(routes!(people::partner_account))
        .routes(routes!(companies::shifts))
        .routes(routes!(companies::stages))
        .routes(routes!(companies::schools))
        .routes(routes!(companies::classes))
        .routes(routes!(people::users))
}
