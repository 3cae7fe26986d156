//! Notes who changed something, before they hear that it is done.

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::{Request, Response};
use prost::Message;
use prost_types::FileDescriptorSet;
use prost_types::method_options::IdempotencyLevel;
use tonic::body::Body;
use tower::{Layer, Service as TowerService};

use super::memory;
use crate::auth::Caller;
use crate::client;
use crate::refusal::internal;
use crate::service::Service;

/// Remembers the callers whose calls changed something. A service that calls for somebody is told
/// apart: it names them, and they are remembered.
#[derive(Clone)]
pub(crate) struct NoteWrites {
    service: Service,
    reading: Arc<HashSet<String>>,
}

impl NoteWrites {
    /// # Errors
    /// When the contracts cannot be read.
    pub(crate) fn new(service: Service) -> anyhow::Result<Self> {
        Ok(Self { service, reading: Arc::new(reading_rpcs()?) })
    }
}

impl<S> Layer<S> for NoteWrites {
    type Service = Noting<S>;

    fn layer(&self, inner: S) -> Noting<S> {
        Noting { notes: self.clone(), inner }
    }
}

/// [`NoteWrites`] around a service.
#[derive(Clone)]
pub(crate) struct Noting<S> {
    notes: NoteWrites,
    inner: S,
}

impl<S> TowerService<Request<Body>> for Noting<S>
where
    S: TowerService<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let origin = origin(&request);
        let reads = self.notes.reading.contains(request.uri().path());
        let service = self.notes.service.clone();
        let answer = client::on_behalf_of(origin.clone(), self.inner.call(request));
        Box::pin(async move {
            let answer = answer.await?;
            // A refusal is an answer without a body, and has its status in front.
            let done = !answer.headers().contains_key("grpc-status");
            if let Some(writer) = origin
                && service.replica.is_some()
                && done
                && !reads
                && let Err(error) = memory::note(&service.db, &writer).await
            {
                // It is done, but its caller might not see it: that is for the caller to repeat.
                return Ok(internal(&error).into_http());
            }
            Ok(answer)
        })
    }
}

/// Who asked in the end, if that is somebody outside.
fn origin(request: &Request<Body>) -> Option<String> {
    let caller = request.extensions().get::<Caller>()?;
    caller.outside_key().or_else(|| client::origin_of(request.headers()))
}

/// Paths of the rpcs without side effects, as their contracts say.
fn reading_rpcs() -> anyhow::Result<HashSet<String>> {
    let mut paths = HashSet::new();
    for file in FileDescriptorSet::decode(proto::DESCRIPTORS)?.file {
        for service in &file.service {
            for method in &service.method {
                let level = method.options.as_ref().map(|options| options.idempotency_level());
                if level == Some(IdempotencyLevel::NoSideEffects) {
                    let (package, service) = (file.package(), service.name());
                    paths.insert(format!("/{package}.{service}/{}", method.name()));
                }
            }
        }
    }
    Ok(paths)
}
