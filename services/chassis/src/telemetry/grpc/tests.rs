use std::convert::Infallible;
use std::sync::Mutex;
use std::task::Waker;

use ::http::{HeaderMap, HeaderValue};
use axum::body::to_bytes;
use http_body::Frame;
use opentelemetry::trace::{SpanKind, Status as SpanStatus};
use tonic::{Code, Status};
use tower::{ServiceExt, service_fn};

use super::*;
use crate::telemetry::metrics;
use crate::telemetry::testing::{Recorded, attribute};

const REMOTE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn request(path: &str) -> Request<Body> {
    Request::post(path)
        .header("traceparent", REMOTE)
        .header("x-request-id", "r-1")
        .body(Body::empty())
        .unwrap()
}

/// An answer as tonic makes it when the handler succeeds: the status comes last.
fn answer_with_trailers(code: &'static str) -> Response<Body> {
    struct Trailers(Option<HeaderMap>);

    impl HttpBody for Trailers {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Ready(self.0.take().map(|trailers| Ok(Frame::trailers(trailers))))
        }
    }

    let trailers = HeaderMap::from_iter([(
        ::http::HeaderName::from_static("grpc-status"),
        HeaderValue::from_static(code),
    )]);
    Response::new(Body::new(Trailers(Some(trailers))))
}

/// Serves one call to the end and returns what was recorded of it.
async fn serve(path: &str, answer: Response<Body>) -> opentelemetry_sdk::trace::SpanData {
    let recorded = Recorded::start();
    let answer = Mutex::new(Some(answer));
    let service = server_layer("unit").layer(service_fn(|_: Request<Body>| {
        std::future::ready(Ok::<_, Infallible>(answer.lock().unwrap().take().unwrap()))
    }));
    let response = service.oneshot(request(path)).await.unwrap();
    let _ = to_bytes(axum::body::Body::new(response.into_body()), 1024).await;
    let [call] = recorded.spans([path.trim_start_matches('/')]);
    call
}

#[tokio::test]
async fn a_call_continues_the_trace_of_its_caller() {
    let call = serve("/linha.test.v1.Traced/Get", answer_with_trailers("0")).await;

    assert_eq!(call.parent_span_id.to_string(), "b7ad6b7169203331");
    assert_eq!(call.span_context.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(call.span_kind, SpanKind::Server);
    assert_eq!(attribute(&call, "rpc.service"), "linha.test.v1.Traced");
    assert_eq!(attribute(&call, "rpc.method"), "Get");
    assert_eq!(attribute(&call, "service"), "unit");
    assert_eq!(attribute(&call, "request_id"), "r-1");
    assert_eq!(attribute(&call, "rpc.grpc.status_code"), "0");
    assert_eq!(call.status, SpanStatus::Unset);
}

#[tokio::test]
async fn codes_are_counted_whether_in_trailers_or_in_headers() {
    metrics::install();
    serve("/linha.test.v1.Counted/Get", answer_with_trailers("0")).await;
    let refused = Status::not_found("no such line").into_http();
    let refused = serve("/linha.test.v1.Counted/Get", refused).await;
    assert_eq!(attribute(&refused, "rpc.grpc.status_code"), "5");
    assert_eq!(refused.status, SpanStatus::Unset, "an answer, not an error");

    let text = metrics::render();
    for line in [
        r#"linha_grpc_requests_total{service="unit",method="linha.test.v1.Counted/Get",code="OK"} 1"#,
        r#"linha_grpc_requests_total{service="unit",method="linha.test.v1.Counted/Get",code="NOT_FOUND"} 1"#,
        r#"linha_grpc_request_seconds_count{service="unit",method="linha.test.v1.Counted/Get"} 2"#,
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[tokio::test]
async fn failures_of_the_server_are_errors_of_the_span() {
    let failed = serve("/linha.test.v1.Failed/Get", Status::internal("").into_http()).await;
    assert_eq!(failed.status, SpanStatus::error("INTERNAL"));
}

#[tokio::test]
async fn paths_that_do_not_exist_are_no_labels() {
    metrics::install();
    serve("/someone.probing/1234", Status::unimplemented("").into_http()).await;
    assert!(!metrics::render().contains("someone.probing"));
}

#[test]
fn a_call_nobody_waits_for_was_cancelled() {
    let recorded = Recorded::start();
    let service = server_layer("unit").layer(service_fn(|_: Request<Body>| {
        std::future::pending::<Result<Response<Body>, Infallible>>()
    }));
    let mut call = Box::pin(service.oneshot(request("/linha.test.v1.Slow/Get")));
    let waiting = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(waiting.is_pending());
    assert!(recorded.all().is_empty(), "it has not ended");

    drop(call);
    let [call] = recorded.spans(["linha.test.v1.Slow/Get"]);
    assert_eq!(attribute(&call, "rpc.grpc.status_code"), (Code::Cancelled as i32).to_string());
}

#[tokio::test]
async fn probes_are_not_observed() {
    let recorded = Recorded::start();
    let service = server_layer("unit")
        .layer(service_fn(async |_: Request<Body>| Ok::<_, Infallible>(answer_with_trailers("0"))));
    service.oneshot(request("/grpc.health.v1.Health/Check")).await.unwrap();
    assert!(recorded.all().is_empty());
}

#[tokio::test]
async fn the_server_continues_the_span_of_the_client() {
    let recorded = Recorded::start();
    let server = server_layer("unit").layer(service_fn(async |request: Request<Body>| {
        assert!(request.headers().contains_key("traceparent"));
        Ok::<_, Infallible>(answer_with_trailers("0"))
    }));
    let path = "/linha.test.v1.Chain/Get";
    let call = Request::post(path).body(Body::empty()).unwrap();
    let response = client_layer().layer(server).oneshot(call).await.unwrap();
    let _ = to_bytes(axum::body::Body::new(response.into_body()), 1024).await;

    let all = recorded.all();
    let of_kind = |kind| all.iter().find(|span| span.span_kind == kind).unwrap();
    let (client, server) = (of_kind(SpanKind::Client), of_kind(SpanKind::Server));
    assert_eq!(server.parent_span_id, client.span_context.span_id());
    assert!(server.parent_span_is_remote);
    assert_eq!(attribute(client, "rpc.grpc.status_code"), "0");
}

#[tokio::test]
async fn a_client_that_gets_no_answer_says_why() {
    let recorded = Recorded::start();
    for (path, error, code) in [
        ("/t.T/Timeout", BoxError::from(tonic::TimeoutExpired(())), Code::Cancelled),
        ("/t.T/Refused", BoxError::from("connection refused"), Code::Unavailable),
    ] {
        let error = Mutex::new(Some(error));
        let channel = client_layer().layer(service_fn(|_: Request<Body>| {
            let error = error.lock().unwrap().take().unwrap();
            std::future::ready(Err::<Response<Body>, BoxError>(error))
        }));
        channel.oneshot(request(path)).await.unwrap_err();
        let [call] = recorded.spans([&path[1..]]);
        assert_eq!(attribute(&call, "rpc.grpc.status_code"), (code as i32).to_string());
        assert!(matches!(call.status, SpanStatus::Error { .. }));
    }
}
