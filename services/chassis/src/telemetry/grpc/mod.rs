//! One span per gRPC call on either side, and its rate, errors and duration on the server's.
//!
//! A refusal is an answer: codes that blame the caller are no errors, neither in the trace nor in
//! the log. An INTERNAL was logged with its cause where it arose and is not repeated here.

mod body;
mod call;

use std::pin::Pin;
use std::task::{Context, Poll};

use ::http::{Request, Response};
use axum::body::{Bytes, HttpBody};
use tonic::body::Body;
use tower::{BoxError, Layer, Service};
use tracing::Instrument;

use self::body::ObservedBody;
use self::call::Call;
use super::propagation;

/// Observes calls that come in; `service` is the label of its metrics.
///
/// It belongs inside the layer that sets the request id and outside of the one that catches
/// panics.
pub fn server_layer(service: &'static str) -> GrpcLayer {
    GrpcLayer { side: Side::Server { service } }
}

/// Observes calls that go out, and carries the trace along.
pub fn client_layer() -> GrpcLayer {
    GrpcLayer { side: Side::Client }
}

#[derive(Clone, Copy, Debug)]
enum Side {
    Server { service: &'static str },
    Client,
}

#[derive(Clone, Copy, Debug)]
pub struct GrpcLayer {
    side: Side,
}

impl<S> Layer<S> for GrpcLayer {
    type Service = Observed<S>;

    fn layer(&self, inner: S) -> Observed<S> {
        Observed { inner, side: self.side }
    }
}

/// A gRPC service, or the channel to one, whose calls are observed.
#[derive(Clone, Debug)]
pub struct Observed<S> {
    inner: S,
    side: Side,
}

impl<S, Q, B> Service<Request<Q>> for Observed<S>
where
    S: Service<Request<Q>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<Q>) -> Self::Future {
        if is_plumbing(request.uri().path()) {
            let answer = self.inner.call(request);
            return Box::pin(async move { Ok(answer.await.map_err(Into::into)?.map(Body::new)) });
        }

        let mut call = Call::start(self.side, request.uri().path(), request.headers());
        let span = call.span().clone();
        let answer = span.in_scope(|| {
            if let Side::Client = self.side {
                propagation::inject(request.headers_mut());
            }
            self.inner.call(request)
        });
        let observed = async move {
            match answer.await {
                Ok(response) => {
                    call.answered(response.status(), response.headers());
                    Ok(response.map(|body| ObservedBody::wrap(Body::new(body), call)))
                }
                Err(error) => {
                    let error = error.into();
                    call.failed(&*error);
                    Err(error)
                }
            }
        };
        Box::pin(observed.instrument(span))
    }
}

/// Probes and tools ask all the time; their calls would hide those of the product.
fn is_plumbing(path: &str) -> bool {
    path.starts_with("/grpc.health.") || path.starts_with("/grpc.reflection.")
}

#[cfg(test)]
mod tests;
