//! A client of the dialect, and people who work in organizations.

use harness::{World, email, unique, with_token};
use local::Part;
use proto::billing::v1::CreateCouponRequest;
use proto::billing::v1::subscription_service_client::SubscriptionServiceClient;
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

pub(super) const PASSWORD: &str = "s3nh4-secreta";
pub(super) const LD: &str = "application/ld+json; charset=utf-8";
pub(super) const JSON: &str = "application/json; charset=utf-8";
pub(super) const PROBLEM: &str = "application/problem+json; charset=utf-8";
pub(super) const MERGE_PATCH: &str = "application/merge-patch+json";

/// The smallest PNG: one grey pixel.
pub(super) const PNG: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 0x49, 0x48, 0x44, 0x52, 0, 0, 0,
    1, 0, 0, 0, 1, 8, 0, 0, 0, 0, 0x3a, 0x7e, 0x9b, 0x55, 0, 0, 0, 0x0a, 0x49, 0x44, 0x41, 0x54,
    0x78, 0x9c, 0x63, 0x68, 0, 0, 0, 0x82, 0, 0x81, 0x77, 0xcd, 0x72, 0xb6, 0, 0, 0, 0, 0x49, 0x45,
    0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];

/// Calls the gateway with all headers in hand.
#[derive(Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    base: String,
    headers: Vec<(&'static str, String)>,
}

/// What was answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
    pub(super) bytes: Vec<u8>,
}

impl Client {
    pub(super) fn new(world: &World) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { http, base: world.stack.addresses().gateway.clone(), headers: vec![] }
    }

    /// The same with a header.
    pub(super) fn with(&self, name: &'static str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.retain(|(known, _)| *known != name);
        client.headers.push((name, value.to_owned()));
        client
    }

    pub(super) async fn raw(
        &self,
        method: Method,
        path: &str,
        content_type: Option<&str>,
        body: Vec<u8>,
    ) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type).body(body);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await.unwrap().to_vec();
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        Answer { status: status.as_u16(), headers, body, bytes }
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.raw(Method::GET, path, None, vec![]).await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Answer {
        let kind = Some("application/ld+json");
        self.raw(Method::POST, path, kind, body.to_string().into_bytes()).await
    }

    pub(super) async fn patch(&self, path: &str, body: Value) -> Answer {
        let body = body.to_string().into_bytes();
        self.raw(Method::PATCH, path, Some(MERGE_PATCH), body).await
    }

    /// Uploads a file in a form.
    pub(super) async fn upload(&self, path: &str, file: &[u8]) -> Answer {
        let mut body = b"--limit\r\ncontent-disposition: form-data; name=\"file\"; \
            filename=\"x.svg\"\r\ncontent-type: image/svg+xml\r\n\r\n"
            .to_vec();
        body.extend(file);
        body.extend(b"\r\n--limit--\r\n");
        let kind = Some("multipart/form-data; boundary=limit");
        self.raw(Method::POST, path, kind, body).await
    }

    /// Every member of a collection, found by its links alone.
    pub(super) async fn walk(&self, start: &str) -> Vec<Value> {
        let (mut members, mut next) = (vec![], Some(start.to_owned()));
        while let Some(path) = next {
            let page = self.get(&path).await.expect(200);
            assert_eq!(page["@type"], "hydra:Collection", "{page}");
            members.extend(page["hydra:member"].as_array().unwrap().clone());
            next = page["hydra:view"]["hydra:next"].as_str().map(str::to_owned);
        }
        members
    }
}

impl Answer {
    /// The body, if the status is the expected one.
    #[track_caller]
    pub(super) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.bytes));
        self.body
    }

    /// A header's text.
    #[track_caller]
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The members at fault with their codes, if it is a refusal of values.
    #[track_caller]
    pub(super) fn violations(&self) -> Vec<(String, String)> {
        assert_eq!(self.status, StatusCode::UNPROCESSABLE_ENTITY.as_u16(), "{}", self.body);
        assert_eq!(self.header("content-type"), PROBLEM);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let violations = self.body["violations"].as_array().unwrap();
        let code = text(&violations[0]["code"]);
        assert_eq!(self.body["type"], format!("/validation_errors/{code}"));
        violations.iter().map(|of| (text(&of["propertyPath"]), text(&of["code"]))).collect()
    }

    /// That exactly this member breaks this rule.
    #[track_caller]
    pub(super) fn breaks(&self, path: &str, code: &str) {
        assert_eq!(self.violations(), [(path.to_owned(), code.to_owned())], "{}", self.body);
    }
}

/// Somebody with an organization.
pub(super) struct Owner {
    pub(super) client: Client,
    pub(super) email: String,
    pub(super) organization: Value,
}

/// Somebody with a proven e-mail and a token, and no organization.
pub(super) async fn person(world: &World) -> (Client, String) {
    let email = email();
    let signup = json!({
        "email": email, "password": PASSWORD, "organization_name": format!("Org {}", unique()),
        "phone": "(48) 3332-8530", "domain": format!("conta{}.example.com", unique())
    });
    world.voice().post("/accounts/signup", &signup).await.expect(200);
    let link = world.mailed_path(&email).await;
    world.rest().get(&link).await.expect(204);
    (log_in(world, &email).await, email)
}

pub(super) async fn log_in(world: &World, email: &str) -> Client {
    let client = Client::new(world);
    let login = json!({"username": email, "password": PASSWORD});
    let token = client.post("/api/login", login).await.expect(200);
    client.with("authorization", &format!("Bearer {}", token["token"].as_str().unwrap()))
}

/// The code of a new coupon.
pub(super) async fn coupon(world: &World, percent: i64, uses_max: i64) -> String {
    let code = format!("TEST-{}", unique()).to_uppercase();
    let request = CreateCouponRequest {
        code: code.clone(),
        percent: Some(percent),
        amount: None,
        valid_from: None,
        valid_until: Some(prost_types::Timestamp { seconds: 4_102_444_800, nanos: 0 }),
        uses_max,
    };
    SubscriptionServiceClient::new(world.channel(Part::Billing))
        .create_coupon(by_operator(world, request).await)
        .await
        .unwrap();
    code
}

/// A request of the operator, straight to a service.
pub(super) async fn by_operator<T>(world: &World, message: T) -> tonic::Request<T> {
    let operator = &world.demo.operator;
    let login = json!({"email": operator.email, "password": operator.password});
    let token = world.rest().post("/login", &login).await.expect(200);
    with_token(message, token["access_token"].as_str().unwrap())
}

impl Owner {
    /// Somebody opens an organization.
    pub(super) async fn new(world: &World, purpose: &str) -> Self {
        let (client, email) = person(world).await;
        let organization = json!({"name": format!("Acme {}", unique()), "type": purpose});
        let organization = client.post("/organizations", organization).await.expect(201);
        Self { client, email, organization }
    }

    pub(super) fn id(&self) -> &str {
        self.organization["id"].as_str().unwrap()
    }

    /// Somebody joins by a mailed link.
    pub(super) async fn joined(&self, world: &World, role: &str) -> (Client, String) {
        let email = email();
        let invitation = json!({"email": email, "role": role});
        let invited =
            self.client.post("/organization-user-invitations", invitation).await.expect(201);
        assert_eq!((&invited["email"], &invited["acceptedAt"]), (&json!(email), &Value::Null));
        let link = world.mailed_path(&email).await;
        let (page, token) = link.split_once("?token=").unwrap();
        assert_eq!(page, "/organization-user-invitations");
        let opened = Client::new(world).get(&link).await;
        assert_eq!(
            (opened.status, opened.header("content-type")),
            (200, "text/html; charset=utf-8")
        );
        let accepted = json!({"token": token, "password": PASSWORD});
        let organization = Client::new(world)
            .post("/organization-user-invitations/accept", accepted)
            .await
            .expect(200);
        assert_eq!(organization["id"], self.organization["id"]);
        (log_in(world, &email).await, email)
    }

    /// An address of the organization.
    pub(super) async fn address(&self) -> String {
        let address = json!({
            "street": "Rua XV", "number": "1", "city": "Curitiba", "state": "PR",
            "postalCode": "80010-010", "country": "/countries/BR"
        });
        let address = self.client.post("/organization-addresses", address).await.expect(201);
        address["@id"].as_str().unwrap().to_owned()
    }

    /// A subscription with one product and nothing else.
    pub(super) async fn subscribed(&self) -> Value {
        let subscription = self.subscription().await;
        self.client.post("/subscriptions", subscription).await.expect(201)
    }

    /// What it takes to subscribe.
    pub(super) async fn subscription(&self) -> Value {
        json!({
            "organization": self.organization["@id"], "organizationAddress": self.address().await,
            "type": "monthly", "products": ["workspace"], "seats": 3
        })
    }
}
