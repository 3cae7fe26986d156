//! What every request goes through, whatever it asks for.

use std::net::SocketAddr;
use std::time::Duration;

use crate::support::{Services, World, config};
use axum::extract::ConnectInfo;
use axum::http::{HeaderValue, StatusCode};
use axum::routing::get;
use axum::{Json, Router};
use gateway::GatewayHost;
use proto::identity::v1 as identity;
use proto::telecom::v1 as telecom;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

#[tokio::test]
async fn answers_carry_the_headers_that_browsers_need() {
    let world = World::new().await;
    let mut request = world.request("GET", "/phone-accounts", None);
    request.headers_mut().insert("origin", HeaderValue::from_static("https://app.example.com"));
    let answer = world.send(request).await;
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("x-frame-options"), "DENY");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    assert!(answer.header("content-security-policy").starts_with("default-src 'none'"));
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("access-control-allow-credentials"), "");
    assert_eq!(answer.header("strict-transport-security"), "");

    let world = World::with(|config| {
        config.web.behind_tls = true;
        config.web.cors_origins = vec![HeaderValue::from_static("https://app.example.com")];
    })
    .await;
    for (origin, allowed) in
        [("https://app.example.com", "https://app.example.com"), ("https://evil.example", "")]
    {
        let mut request = world.request("GET", "/healthz", None);
        request.headers_mut().insert("origin", origin.parse().unwrap());
        let answer = world.send(request).await;
        assert_eq!(answer.header("access-control-allow-origin"), allowed);
        assert!(answer.header("strict-transport-security").starts_with("max-age="));
    }
}

#[tokio::test]
async fn a_request_keeps_its_id_if_that_is_one() {
    let world = World::new().await;
    for (given, kept) in [("abc-1", true), ("a b", false), ("<script>", false)] {
        let mut request = world.request("GET", "/healthz", None);
        request.headers_mut().insert("x-request-id", given.parse().unwrap());
        let answer = world.send(request).await;
        assert_eq!(answer.header("x-request-id") == given, kept, "{given}");
        assert!(!answer.header("x-request-id").is_empty());
    }
}

#[tokio::test]
async fn who_asks_too_often_waits() {
    let world = World::with(|config| {
        config.limits.address_rate = 4;
        config.limits.sensitive_rate = 2;
        config.limits.caller_rate = 3;
    })
    .await;
    let from = async |address: &str, method: &str, path: &str| {
        let body = json!({});
        let mut request = world.request(method, path, (method == "POST").then_some(&body));
        let peer: SocketAddr = format!("{address}:1").parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        world.send(request).await
    };
    for _ in 0..2 {
        assert_eq!(from("192.0.2.1", "POST", "/login").await.error().0, 422);
    }
    let answer = from("192.0.2.1", "POST", "/login").await;
    assert_eq!(answer.error(), (429, "too-many-requests".to_owned()));
    assert_eq!(answer.header("retry-after"), "30");
    assert_eq!(from("192.0.2.1", "GET", "/nowhere").await.error().0, 404);
    assert_eq!(from("192.0.2.1", "GET", "/nowhere").await.error().0, 429);
    assert_eq!(from("192.0.2.2", "POST", "/login").await.error().0, 422);
    // Probes are never refused.
    assert_eq!(from("192.0.2.1", "GET", "/healthz").await.status, StatusCode::OK);

    for _ in 0..3 {
        assert_eq!(world.ask_as("GET", "/permissions", None).await.error().0, 422);
    }
    let answer = world.ask_as("GET", "/permissions", None).await;
    assert_eq!(answer.error(), (429, "too-many-requests".to_owned()));
}

#[tokio::test]
async fn tokens_cannot_be_checked_before_the_keys_are_known() {
    let services = Services::default();
    let gateway =
        gateway::Gateway::new(config("http://127.0.0.1:1"), chassis::clock::Clock::system());
    let gateway = std::sync::Arc::new(gateway.unwrap());
    let world = World {
        services,
        router: gateway::router(&gateway, gateway::Extra::default()),
        gateway,
        token: "a.b.c".to_owned(),
    };
    let answer = world.ask_as("GET", "/phone-accounts", None).await;
    assert_eq!(answer.error(), (503, "unavailable".to_owned()));
    assert_eq!(world.ask("GET", "/readyz", None).await.error().0, 503);
    assert_eq!(world.ask("GET", "/healthz", None).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_gateway_is_ready_when_identity_is_well() {
    let world = World::new().await;
    assert_eq!(world.ask("GET", "/readyz", None).await.error().0, 503);
    world.services.on("/grpc.health.v1.Health/Check", |_: tonic_health::pb::HealthCheckRequest| {
        Ok(tonic_health::pb::HealthCheckResponse { status: 1 })
    });
    let answer = world.ask("GET", "/readyz", None).await;
    assert_eq!((answer.status, answer.json()), (StatusCode::OK, json!({"status": "ready"})));
}

#[tokio::test]
async fn further_routes_are_served_and_panics_are_caught() {
    let world = World::new().await;
    let sandbox = Router::new()
        .route("/clock", get(async || Json(json!({"now": "x"}))))
        .route("/panic", get(async || -> &'static str { panic!("a secret") }));
    let router = Router::new().nest("/sandbox", sandbox);
    let extra = gateway::Extra { router, ..gateway::Extra::default() };
    let world = World { router: gateway::router(&world.gateway, extra), ..world };
    assert_eq!(world.ask("GET", "/sandbox/clock", None).await.json(), json!({"now": "x"}));
    assert_eq!(world.ask("GET", "/sandbox/else", None).await.error().0, 404);
    let answer = world.ask("GET", "/sandbox/panic", None).await;
    assert_eq!(answer.error(), (500, "internal-error".to_owned()));
    assert!(!answer.text.contains("secret"));
}

#[tokio::test]
async fn slow_services_are_not_waited_for() {
    let world = World::with(|config| config.limits.call_timeout_ms = 300).await;
    let path = "/linha.telecom.v1.LineService/ListMyLines";
    world.services.on(path, |_: telecom::ListMyLinesRequest| {
        Ok(telecom::ListMyLinesResponse { lines: vec![] })
    });
    world.services.delay(path, Duration::from_secs(5));
    let started = std::time::Instant::now();
    let answer = world.ask_as("GET", "/phone-accounts", None).await;
    assert_eq!(answer.error(), (503, "unavailable".to_owned()));
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
}

struct Running {
    address: SocketAddr,
    shutdown: CancellationToken,
    served: tokio::task::JoinHandle<anyhow::Result<()>>,
}

async fn run(router: Router, adjust: impl FnOnce(&mut gateway::Config)) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let mut config = config("http://127.0.0.1:1");
    adjust(&mut config);
    let host = GatewayHost {
        listener,
        admin: None,
        clock: chassis::clock::Clock::system(),
        shutdown: shutdown.clone(),
        extra: gateway::Extra { router, ..gateway::Extra::default() },
    };
    Running { address, shutdown, served: tokio::spawn(gateway::serve(config, host)) }
}

async fn read_all(stream: &mut TcpStream) -> String {
    let mut bytes = vec![];
    // A connection that is reset is closed, too.
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn requests_in_work_are_finished_and_idle_connections_closed() {
    let (entered, mut in_work) = tokio::sync::mpsc::channel::<()>(1);
    let go_on = CancellationToken::new();
    let slow = {
        let go_on = go_on.clone();
        get(async move || {
            entered.send(()).await.unwrap();
            go_on.cancelled().await;
            "finished"
        })
    };
    let running = run(Router::new().route("/sandbox/slow", slow), |_| ()).await;
    let idle = TcpStream::connect(running.address).await.unwrap();
    let mut kept_alive = TcpStream::connect(running.address).await.unwrap();
    kept_alive.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut first = [0; 12];
    kept_alive.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    let mut busy = TcpStream::connect(running.address).await.unwrap();
    busy.write_all(b"GET /sandbox/slow HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    in_work.recv().await.unwrap();

    running.shutdown.cancel();
    read_all(&mut kept_alive).await;
    assert!(!running.served.is_finished());
    go_on.cancel();
    assert!(read_all(&mut busy).await.ends_with("finished"));
    tokio::time::timeout(Duration::from_secs(5), running.served).await.unwrap().unwrap().unwrap();
    drop(idle);
    assert!(TcpStream::connect(running.address).await.is_err());
}

#[tokio::test]
async fn a_shutdown_waits_only_so_long() {
    let (entered, mut in_work) = tokio::sync::mpsc::channel::<()>(1);
    let never = get(async move || -> &'static str {
        entered.send(()).await.unwrap();
        std::future::pending().await
    });
    let running = run(Router::new().route("/sandbox/never", never), |config| {
        config.limits.drain_ms = 200;
    })
    .await;
    let mut busy = TcpStream::connect(running.address).await.unwrap();
    busy.write_all(b"GET /sandbox/never HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    in_work.recv().await.unwrap();
    running.shutdown.cancel();
    tokio::time::timeout(Duration::from_secs(2), running.served).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn silent_clients_are_let_go() {
    let running = run(Router::new(), |config| config.limits.header_timeout_ms = 200).await;
    for start in ["", "PRI * HT", "GET /healthz HTTP/1.1\r\nhost: "] {
        let mut silent = TcpStream::connect(running.address).await.unwrap();
        silent.write_all(start.as_bytes()).await.unwrap();
        let closed = tokio::time::timeout(Duration::from_secs(2), read_all(&mut silent)).await;
        assert!(closed.is_ok(), "{start:?}");
    }
    running.shutdown.cancel();
    running.served.await.unwrap().unwrap();
}

#[tokio::test]
async fn the_document_describes_every_operation() {
    let world = World::new().await;
    let answer = world.ask("GET", "/openapi/lines.json", None).await;
    let document = answer.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut documented: Vec<String> = vec![];
    let mut ids = std::collections::BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            documented.push(format!("{} {path}", method.to_uppercase()));
            assert!(operation["summary"].is_string(), "{method} {path}");
            assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()));
            let described: usize = operation["parameters"]
                .as_array()
                .map_or(0, |all| all.iter().filter(|p| p["in"] == "path").count());
            assert_eq!(described, path.matches('{').count(), "{method} {path}");
            for (status, response) in operation["responses"].as_object().unwrap() {
                assert!(response["description"].is_string(), "{method} {path} {status}");
            }
            if path != "/healthz" {
                assert!(operation["responses"]["503"].is_object(), "{method} {path}");
            }
        }
    }
    let routes: Vec<&str> = ROUTES.lines().filter(|line| !line.is_empty()).collect();
    documented.sort();
    let mut expected: Vec<&str> = routes.clone();
    expected.sort_unstable();
    assert_eq!(documented, expected);
    for reference in references(&document) {
        let name = reference.strip_prefix("#/components/schemas/").unwrap();
        assert!(document["components"]["schemas"][name].is_object(), "{name}");
    }

    // What is documented is there.
    for route in routes {
        let (method, path) = route.split_once(' ').unwrap();
        let path = path.replace("{id}", "53af5437-dd2b-4efb-84c2-d16c6fffd376");
        let answer = world.ask(method, &path, None).await;
        let missing = answer.status == StatusCode::METHOD_NOT_ALLOWED
            || (answer.status == StatusCode::NOT_FOUND && !path.contains("?token"));
        let link = ["/signup-forms/", "/email-proofs/"].iter().any(|start| path.starts_with(start));
        assert!(!missing || (method == "GET" && link), "{route}: {}", answer.text);
    }
}

fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, value)| match value {
                Value::String(text) if name == "$ref" => vec![text.clone()],
                _ => references(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => vec![],
    }
}

const ROUTES: &str = "
POST /login
POST /oauth2/token
POST /signup-forms
GET /signup-forms/{id}
PATCH /signup-forms/{id}
POST /signup-forms/{id}/complete
POST /password-resets
GET /password-resets/{id}
GET /password-resets/{id}/form
POST /password-resets/{id}/complete
GET /invitations/{id}
POST /invitations/{id}/accept
GET /email-proofs/{id}
GET /phone-accounts
GET /phone-accounts/{id}
POST /phone-accounts/{id}/approve
POST /phone-accounts/{id}/activate-sim-card
POST /companies/{id}/phone-accounts
GET /permissions
POST /companies
GET /companies
GET /companies/{id}
PATCH /companies/{id}
PUT /companies/{id}/email-domains
DELETE /companies/{id}/email-domains
DELETE /companies/{id}/email-domains/{domain}
PUT /companies/{id}/managers
DELETE /companies/{id}/managers
PUT /companies/{id}/members
DELETE /companies/{id}/members
GET /companies/{id}/employees
POST /employees
GET /employees/{id}
PUT /employees/{id}
PATCH /users/{id}
POST /subscription-plans
GET /subscription-plans
GET /companies/{id}/subscription-plans
PATCH /companies/{companyId}/subscription-plans/{subscriptionPlanId}
POST /sim-cards
GET /companies/{id}/sim-cards
POST /phone-numbers
POST /partners
GET /.well-known/jwks.json
GET /healthz
GET /readyz
DELETE /phone-accounts/{id}/custom-fields/{fieldName}
DELETE /phone-accounts/{id}/portability
DELETE /webhook-endpoints/{id}
GET /billing/runs/{period}
GET /companies/{id}/invoices
GET /companies/{id}/invoices/{invoiceId}
GET /companies/{id}/invoices/{invoiceId}.pdf
GET /companies/{id}/phone-accounts
GET /companies/{id}/sim-card-shipments
GET /login/email-domain/{id}
GET /phone-account-requests/{id}
GET /phone-accounts/{id}/portability
GET /phone-accounts/{id}/timeline
GET /webhook-endpoints
GET /webhook-endpoints/{id}/deliveries
PATCH /companies/{id}/custom-fields
PATCH /sim-card-shipments/{id}
POST /companies/{id}/phone-account-requests
POST /companies/{id}/service-invoices
POST /login/email-domain
POST /login/email-domain/{id}/complete
POST /phone-accounts/{id}/add-data
POST /phone-accounts/{id}/block
POST /phone-accounts/{id}/cancel
POST /phone-accounts/{id}/portability
POST /phone-accounts/{id}/provision-number
POST /phone-accounts/{id}/unblock
POST /sim-card-shipments
POST /users/{id}/service-invoices
POST /webhook-endpoints
POST /webhook-endpoints/{id}/replay
PUT /phone-accounts/{id}/company
PUT /phone-accounts/{id}/custom-fields/{fieldName}
PUT /phone-accounts/{id}/sim-card
PUT /phone-accounts/{id}/subscription-plan/{planId}
PUT /phone-accounts/{id}/tag
PUT /phone-accounts/{id}/user
";

#[tokio::test]
async fn the_document_can_be_browsed_without_the_internet() {
    let world = World::new().await;
    let page = world.ask("GET", "/docs/", None).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.text.contains("http://") && !page.text.contains("https://"), "{}", page.text);
    assert!(page.header("content-security-policy").contains("script-src 'self';"));
    let response = world
        .router
        .clone()
        .oneshot(world.request("GET", "/docs/swagger-ui-bundle.js", None))
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let script = world.ask("GET", "/docs/swagger-initializer.js", None).await;
    assert!(script.text.contains("/openapi/lines.json"), "{}", script.text);
}

#[tokio::test]
async fn requests_beyond_the_limit_are_shed() {
    let world = World::with(|config| config.limits.concurrency_max = 1).await;
    let path = "/linha.identity.v1.PasswordResetService/CreatePasswordReset";
    world.services.on(path, |_: identity::CreatePasswordResetRequest| {
        Ok(identity::CreatePasswordResetResponse {})
    });
    world.services.delay(path, Duration::from_millis(300));
    let body = json!({"email": "a@example.com"});
    let ask = || world.ask("POST", "/password-resets", Some(&body));
    let (first, second) = tokio::join!(ask(), ask());
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 503]);
    assert_eq!(ask().await.status, StatusCode::NO_CONTENT);
}
