//! One trace tells the whole story of a request.

mod collector;
mod schools;

use std::collections::{HashMap, HashSet};

use chassis::telemetry::{self, TelemetryConfig};
use collector::Collector;
use harness::{Sample, World, email};
use opentelemetry_proto::tonic::trace::v1::Span;

#[tokio::test(flavor = "multi_thread")]
async fn a_signup_is_one_tree_a_list_one_statement_and_the_unseen_goes_the_way_of_the_absent() {
    let collector = Collector::start().await;
    let config =
        TelemetryConfig { otlp_endpoint: Some(collector.endpoint()), ..TelemetryConfig::default() };
    let telemetry = telemetry::start("linha", &config).unwrap();
    let world = World::own().await;
    let form = Sample::signup_form(&email(), world.plan_id(), 41);
    let form_id = world.rest().post("/signup-forms", &form).await.expect(200)["id"].clone();
    let path = format!("/signup-forms/{}/complete", form_id.as_str().unwrap());
    let completed = world.rest().post(&path, &Sample::password()).await.expect(200);
    world.settle().await;
    let rest = world.rest().with_token(completed["access_token"].as_str().unwrap());
    rest.get("/phone-accounts").await.expect(200);
    let asked = schools::ask(&world).await;
    world.stack.stop().await.unwrap();
    tokio::task::spawn_blocking(move || telemetry.shutdown()).await.unwrap();

    let spans = collector.spans();
    let signup = trace_of(&spans, "POST /signup-forms/{id}/complete");
    assert_is_one_tree(&signup);
    for step in [
        "linha.identity.v1.SignupService/CompleteSignup",
        "INSERT app_user",
        "deliver linha.events.v1.SignupCompleted",
        "linha.events.v1.EventSinkService/DeliverEvent",
        "INSERT line",
        "tell_carrier",
        "deliver linha.events.v1.LineActivated",
        "INSERT line_charge",
    ] {
        assert!(names(&signup).contains(step), "{step} is not in {:?}", names(&signup));
    }

    let list = trace_of(&spans, "GET /phone-accounts");
    assert_is_one_tree(&list);
    let calls = list.iter().filter(|span| is_server(span) && span.name.contains("Service/"));
    assert_eq!(calls.count(), 1, "gRPC calls of {:?}", names(&list));
    let statements = list.iter().filter(|span| attribute(span, "db.query.text").is_some());
    assert_eq!(statements.count(), 1, "SQL statements of {:?}", names(&list));

    asked.assert_same_way(&spans);
}

/// The spans of the newest trace whose root has this name.
fn trace_of<'a>(spans: &'a [Span], root: &str) -> Vec<&'a Span> {
    let root = spans
        .iter()
        .filter(|span| span.name == root)
        .max_by_key(|span| span.start_time_unix_nano)
        .unwrap_or_else(|| {
            let names: HashSet<_> = spans.iter().map(|span| &span.name).collect();
            panic!("no span {root} in {names:?}")
        });
    spans.iter().filter(|span| span.trace_id == root.trace_id).collect()
}

fn assert_is_one_tree(trace: &[&Span]) {
    let by_id: HashMap<&[u8], &&Span> =
        trace.iter().map(|span| (span.span_id.as_slice(), span)).collect();
    let roots: Vec<_> = trace
        .iter()
        .filter(|span| !by_id.contains_key(span.parent_span_id.as_slice()))
        .map(|span| &span.name)
        .collect();
    assert_eq!(roots.len(), 1, "roots: {roots:?}");
}

fn names<'a>(trace: &[&'a Span]) -> HashSet<&'a str> {
    trace.iter().map(|span| span.name.as_str()).collect()
}

fn is_server(span: &Span) -> bool {
    span.kind == opentelemetry_proto::tonic::trace::v1::span::SpanKind::Server as i32
}

fn attribute<'a>(span: &'a Span, key: &str) -> Option<&'a str> {
    span.attributes.iter().find(|attribute| attribute.key == key).map(|_| span.name.as_str())
}
