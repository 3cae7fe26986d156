//! The door of every service: a token, and a permission that the contract names.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::{Either, Ready, ready};
use http::header::AUTHORIZATION;
use prost_reflect::DescriptorPool;
use proto::common::v1::Permission;
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};

use super::caller::{Caller, forbidden};
use super::permissions::{Role, is_scoped, permissions_by_path};
use super::trust::Trust;

// Answered to anybody: whether the service is well, and what its contracts are.
const OPEN: [&str; 2] = ["/grpc.health.v1.Health/", "/grpc.reflection."];

/// Refuses whoever does not show a good token with a permission that the rpc's contract names,
/// and leaves the [`Caller`] in the request's extensions for the handler.
#[derive(Clone)]
pub struct AuthLayer {
    door: Arc<Door>,
}

struct Door {
    trust: Trust,
    permissions: HashMap<String, Permission>,
}

impl AuthLayer {
    /// Guards the rpcs of the contracts.
    ///
    /// # Errors
    /// When the contracts cannot be read.
    pub fn new(trust: Trust) -> anyhow::Result<Self> {
        let pool = DescriptorPool::decode(proto::DESCRIPTORS)?;
        Ok(Self { door: Arc::new(Door { trust, permissions: permissions_by_path(&pool) }) })
    }
}

impl Door {
    fn admit(&self, path: &str, token: Option<&str>) -> Result<Option<Caller>, Status> {
        if OPEN.iter().any(|prefix| path.starts_with(prefix)) {
            return Ok(None);
        }
        let permission = self.permissions.get(path).copied();
        if permission == Some(Permission::CredentialsExchange) {
            return Ok(None);
        }
        let token = token.ok_or_else(|| Status::unauthenticated("a token is needed"))?;
        let claims = self.trust.check(token)?;
        let permission = permission.ok_or_else(forbidden)?;
        let caller = Caller::new(claims, permission, path)
            .ok_or_else(|| Status::unauthenticated("the token is not valid"))?;
        // Whose tokens are good for one kind of data have nothing to ask about another.
        let has_a_scope = is_scoped(permission) && !caller.is(Role::SchoolPartner);
        if has_a_scope || caller.may_ask() { Ok(Some(caller)) } else { Err(forbidden()) }
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { door: self.door.clone(), inner }
    }
}

/// A service behind the door.
#[derive(Clone)]
pub struct Guarded<S> {
    door: Arc<Door>,
    inner: S,
}

impl<S> Service<http::Request<Body>> for Guarded<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Either<S::Future, Ready<Result<Self::Response, Infallible>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        let token = request
            .headers()
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "));
        match self.door.admit(request.uri().path(), token) {
            Ok(caller) => {
                if let Some(caller) = caller {
                    request.extensions_mut().insert(caller);
                }
                Either::Left(self.inner.call(request))
            }
            Err(status) => Either::Right(ready(Ok(status.into_http()))),
        }
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests;
