//! A client of the REST gateway.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::samples::unique;

const PAUSE: Duration = Duration::from_millis(20);

/// Calls the gateway, with a token or without.
#[derive(Clone)]
pub struct Rest {
    client: reqwest::Client,
    base: String,
    token: Option<String>,
    idempotency_key: Option<String>,
    headers: HeaderMap,
}

/// What the gateway answered.
#[derive(Debug)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The body as JSON; null when it is empty, a string when it is something else.
    pub body: Value,
}

fn client(address: Option<IpAddr>) -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .local_address(address)
        .build()
        .expect("a client without TLS")
}

impl Rest {
    /// Calls without a token. `base` has no slash at the end.
    pub fn new(base: &str) -> Self {
        Self {
            client: client(None),
            base: base.to_owned(),
            token: None,
            idempotency_key: None,
            headers: HeaderMap::new(),
        }
    }

    /// The same client with a token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same client, naming its attempts.
    pub fn with_key(&self, key: &str) -> Self {
        Self { idempotency_key: Some(key.to_owned()), ..self.clone() }
    }

    /// The same client, sending a header along.
    ///
    /// # Panics
    /// When it is none.
    pub fn with_header(&self, name: &'static str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.insert(name, value.parse().expect("a header"));
        client
    }

    /// The same client at another of this machine's addresses.
    #[must_use]
    pub fn at(&self, address: IpAddr) -> Self {
        Self { client: client(Some(address)), ..self.clone() }
    }

    /// Logs in and goes on with the token.
    pub async fn log_in(&self, email: &str, password: &str) -> Self {
        let body = serde_json::json!({ "email": email, "password": password });
        let answer = self.post("/login", &body).await.expect(200);
        self.with_token(answer["access_token"].as_str().expect("a token"))
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PUT, path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PATCH, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    /// Any method, with or without a body.
    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        self.try_send(method, path, body).await.expect("the gateway answers")
    }

    /// Like [`Rest::send`] where the gateway may be gone.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> reqwest::Result<Answer> {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(body) = body {
            request = request.json(body);
        }
        self.finish(request).await
    }

    /// What a careful client does: the same request with the same key, until it is answered.
    pub async fn insist(&self, method: Method, path: &str, body: &Value) -> Answer {
        let rest = self.with_key(&format!("insist-{}", unique()));
        loop {
            match rest.try_send(method.clone(), path, Some(body)).await {
                Ok(Answer { status: 503, .. }) | Err(_) => tokio::time::sleep(PAUSE).await,
                Ok(answer) => return answer,
            }
        }
    }

    /// Insists on an answer with a status.
    ///
    /// # Panics
    /// When it is another.
    pub async fn persist(&self, method: Method, path: &str, body: &Value, status: u16) -> Answer {
        let answer = self.insist(method, path, body).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        answer
    }

    /// Sends a body as it is.
    pub async fn post_raw(
        &self,
        path: &str,
        content_type: &str,
        body: impl Into<String>,
    ) -> Answer {
        let request = self
            .client
            .post(format!("{}{path}", self.base))
            .header("content-type", content_type)
            .body(body.into());
        self.finish(request).await.expect("the gateway answers")
    }

    async fn finish(&self, mut request: reqwest::RequestBuilder) -> reqwest::Result<Answer> {
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(key) = &self.idempotency_key {
            request = request.header("idempotency-key", key);
        }
        request = request.headers(self.headers.clone());
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await?;
        let body = match text.as_str() {
            "" => Value::Null,
            text => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
        };
        Ok(Answer { status: status.as_u16(), headers, body })
    }
}

impl Answer {
    /// The body, if the status is the expected one.
    ///
    /// # Panics
    /// When it is another.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }

    /// The error's message, if status and code are the expected ones.
    ///
    /// # Panics
    /// When they are others.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> String {
        assert_eq!((self.status, &self.body["code"]), (status, &code.into()), "{}", self.body);
        self.body["message"].as_str().expect("a message").to_owned()
    }

    /// The fields that the error names, if it is a refusal of input.
    ///
    /// # Panics
    /// When it is not.
    #[track_caller]
    pub fn wrong_fields(&self) -> Vec<&str> {
        let expected =
            (StatusCode::UNPROCESSABLE_ENTITY.as_u16(), &"input-validation-error".into());
        assert_eq!((self.status, &self.body["code"]), expected, "{}", self.body);
        let details = self.body["details"].as_array().expect("details");
        details.iter().map(|detail| detail["key"].as_str().expect("a key")).collect()
    }
}
