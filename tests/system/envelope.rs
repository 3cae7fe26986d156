//! However wrong a request is, the answer is in the envelope.

use harness::World;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::cast::{Cast, no_id};
use crate::wire::{Wire, envelope};

#[tokio::test]
async fn an_unknown_route_is_not_found_with_a_token_and_without() {
    let world = World::shared().await;
    let cast = Cast::shared().await;
    let forged = world.rest().with_token("forged");
    for path in [
        "/",
        "/x",
        "/companies/",
        "/companies/1/2/3/4",
        "/login/",
        "/LOGIN",
        "//login",
        "/companies%2F",
        "/.env",
        "/openapi/x.json",
        "/sandbox/unknown",
        "/%00",
        "/%ff",
    ] {
        for rest in [&cast.nobody, &cast.operator, &forged] {
            for method in [Method::GET, Method::POST, Method::DELETE] {
                let answer = rest.send(method, path, None).await;
                assert_eq!(answer.refused(404, "resource-not-found"), "Resource not found!");
            }
        }
    }
}

#[tokio::test]
async fn a_wrong_method_says_which_are_right() {
    let cast = Cast::shared().await;
    let company = format!("/companies/{}", cast.company_id);
    for (method, path, allowed) in [
        (Method::GET, "/login", "POST"),
        (Method::DELETE, "/login", "POST"),
        (Method::PUT, "/companies", "GET,HEAD,POST"),
        (Method::POST, &company, "GET,HEAD,PATCH"),
        (Method::DELETE, &company, "GET,HEAD,PATCH"),
        (Method::GET, "/employees", "POST"),
        (Method::POST, "/phone-accounts", "GET,HEAD"),
        (Method::POST, "/healthz", "GET,HEAD"),
        (Method::PUT, "/openapi/lines.json", "GET,HEAD"),
        (Method::POST, "/docs", "GET,HEAD"),
        (Method::PUT, "/sandbox/clock", "GET,HEAD,POST"),
        (Method::TRACE, "/login", "POST"),
        (Method::from_bytes(b"BREW").unwrap(), "/login", "POST"),
    ] {
        for rest in [&cast.nobody, &cast.operator] {
            let answer = rest.send(method.clone(), path, None).await;
            let allow = answer.headers.get("allow").map(|value| value.to_str().unwrap().to_owned());
            answer.refused(405, "method-not-allowed");
            let mut allow: Vec<_> = allow.as_deref().unwrap_or_default().split(',').collect();
            allow.sort_unstable();
            assert_eq!(allow.join(","), allowed, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn what_is_no_json_object_is_malformed() {
    let wire = Wire::of(World::shared().await);
    let deep = format!("{{\"email\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_in_unknown = format!("{{\"x\":{}1{}}}", "{\"a\":".repeat(20_000), "}".repeat(20_000));
    for body in [
        "",
        " ",
        "{",
        "{\"email\": }",
        "{'email': 'a'}",
        "{\"email\": \"a\",}",
        "{\"email\": \"a\"} x",
        "null",
        "true",
        "1",
        "\"text\"",
        "[]",
        "[{\"email\": \"a\", \"password\": \"b\"}]",
        "{\"email\": 01}",
        "{\"email\": \"\\ud800\"}",
        "NaN",
        "<xml/>",
        "email=a&password=b",
        "\u{feff}{}",
        &deep,
        &deep_in_unknown,
    ] {
        let reply = wire.body(Method::POST, "/login", "application/json", body).await;
        reply.refused(400, "malformed-request");
    }
    for bytes in [&b"\xff\xfe{}"[..], b"{\"email\": \"\xff\"}", b"\0", b"{\"email\": \"\x01\"}"] {
        let reply = wire.body(Method::POST, "/login", "application/json", bytes).await;
        reply.refused(400, "malformed-request");
    }
    let nothing = wire.request(Method::POST, "/login");
    Wire::send(nothing).await.refused(400, "malformed-request");
}

#[tokio::test]
async fn a_member_of_a_wrong_type_is_named() {
    let cast = Cast::shared().await;
    let company = format!("/companies/{}", cast.company_id);
    for (body, member) in [
        (json!({ "officialName": 1 }), "officialName"),
        (json!({ "cnpj": 97_986_734_000_123_i64 }), "cnpj"),
        (json!({ "email": ["a@b.com"] }), "email"),
        (json!({ "address": "Rua" }), "address"),
        (json!({ "address": [] }), "address"),
        (json!({ "address": { "zip_code": 80_010_010 } }), "address.zip_code"),
        (json!({ "address": { "street_number": 1.5 } }), "address.street_number"),
        (json!({ "address": { "street_number": {} } }), "address.street_number"),
    ] {
        let message = cast.manager.patch(&company, &body).await.refused(400, "malformed-request");
        assert!(message.contains(&format!("`{member}`")), "{body}: {message}");
        // The value may be personal, and stays out of the answer.
        assert!(!message.contains("80010010") && !message.contains("97986734000123"), "{message}");
    }
    let login = |email: Value| json!({ "email": email, "password": "Passw0rd!" });
    for email in [json!(1), json!({}), json!([]), json!(true)] {
        let message =
            cast.nobody.post("/login", &login(email)).await.refused(400, "malformed-request");
        assert!(message.contains("email"), "{message}");
    }
    assert_eq!(cast.nobody.post("/login", &login(Value::Null)).await.wrong_fields(), ["email"]);
}

#[tokio::test]
async fn a_body_has_a_length_and_a_type() {
    let world = World::shared().await;
    let wire = Wire::of(world);
    let login = |bytes: usize| format!("{{\"email\":\"{}\"}}", "x".repeat(bytes));
    let json = "application/json";
    for bytes in [300 * 1024, 5 * 1024 * 1024] {
        let reply = wire.body(Method::POST, "/login", json, login(bytes)).await;
        reply.refused(413, "payload-too-large");
    }
    chunked(world).await;

    let good = r#"{"email": "a@b.com", "password": "Passw0rd!"}"#;
    for kind in
        ["", "text/plain", "text/json", "application/xml", "multipart/form-data", "json", "*/*"]
    {
        let reply = wire.body(Method::POST, "/login", kind, good).await;
        reply.refused(415, "unsupported-media-type");
    }
    let types = ["application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.x+json"];
    for kind in types {
        wire.body(Method::POST, "/login", kind, good).await.refused(401, "unauthorized");
    }
    // Ten thousand cards may be longer than what others may send.
    let cards = format!("{{\"iccids\":[{}\"\"]}}", "\"89550600000000000127\",".repeat(20_000));
    let token = token(world).await;
    let request = wire
        .request(Method::POST, "/sim-cards")
        .bearer_auth(&token)
        .header("content-type", json)
        .body(cards);
    assert_eq!(Wire::send(request).await.status, 422);
    let request = wire
        .request(Method::POST, "/sim-cards")
        .bearer_auth(&token)
        .header("content-type", json)
        .body("x".repeat(1024 * 1024 + 1));
    Wire::send(request).await.refused(413, "payload-too-large");
}

/// A body whose length is not said in advance.
async fn chunked(world: &World) {
    let address = world.stack.addresses().gateway.trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = "POST /login HTTP/1.1\r\nhost: linha\r\nconnection: close\r\n\
        content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    let body = format!("400\r\n{}\r\n", "x".repeat(1024)).repeat(300);
    stream.write_all(format!("{head}{body}0\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains(r#""code":"payload-too-large""#), "{answer}");
}

#[tokio::test]
async fn whoever_sends_too_much_still_reads_why_it_was_refused() {
    let wire = Wire::of(World::shared().await);
    for bytes in [64 * 1024, 300 * 1024, 5 * 1024 * 1024, 20 * 1024 * 1024] {
        let too_long = if bytes > 256 * 1024 { 413 } else { 400 };
        for (method, path, status) in [
            (Method::POST, "/login", too_long),
            (Method::POST, "/companies", 401),
            (Method::POST, "/x", 404),
            (Method::PUT, "/login", 405),
            (Method::PUT, "/sandbox/clock", 405),
            (Method::POST, "/phone-accounts/1/approve", 401),
        ] {
            for _ in 0..5 {
                let reply =
                    wire.body(method.clone(), path, "application/json", "x".repeat(bytes)).await;
                assert_eq!(reply.status, status, "{method} {path} {bytes}");
                envelope(&reply.json());
            }
        }
    }
}

async fn token(world: &World) -> String {
    let operator = &world.demo.operator;
    let body = json!({ "email": operator.email, "password": operator.password });
    let session = world.rest().post("/login", &body).await.expect(200);
    session["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn tokens_that_are_none_are_refused_everywhere() {
    let world = World::shared().await;
    let wire = Wire::of(world);
    let good = token(world).await;
    let (head, signature) = good.rsplit_once('.').unwrap();
    let swapped: String = signature.chars().rev().collect();
    let (header, claims) = head.split_once('.').unwrap();
    let headers = [
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        "Bearer x".to_owned(),
        format!("Basic {good}"),
        good.clone(),
        format!("Bearer {good}x"),
        format!("Bearer {head}."),
        format!("Bearer {head}.{swapped}"),
        // {"alg":"none"}
        format!("Bearer eyJhbGciOiJub25lIn0.{claims}."),
        format!("Bearer {header}.e30.{signature}"),
        format!("Bearer {}", "x".repeat(5_000)),
    ];
    for header in headers {
        for path in ["/phone-accounts", "/companies", &format!("/companies/{}", no_id())] {
            let request = wire.request(Method::GET, path).header("authorization", &header);
            let reply = Wire::send(request).await;
            reply.refused(401, "unauthorized");
            assert_eq!(reply.header("www-authenticate"), "Bearer");
        }
        // Where a token is not needed, a bad one is not overlooked.
        let request = wire
            .request(Method::POST, "/signup-forms")
            .header("authorization", &header)
            .header("content-type", "application/json")
            .body("{}");
        Wire::send(request).await.refused(401, "unauthorized");
    }
    let request = wire.request(Method::GET, "/phone-accounts");
    let request = request.header("authorization", format!("bearer  {good}"));
    assert_eq!(Wire::send(request).await.status, 200);
}

#[tokio::test]
async fn a_key_that_is_none_is_named() {
    let wire = Wire::of(World::shared().await);
    for key in ["", " ", &"x".repeat(256), "é"] {
        let request = wire
            .request(Method::POST, "/login")
            .header("idempotency-key", key.as_bytes())
            .header("content-type", "application/json")
            .body(r#"{"email": "a@b.com", "password": "Passw0rd!"}"#);
        let reply = Wire::send(request).await;
        reply.refused(422, "input-validation-error");
        assert_eq!(reply.json()["details"][0]["key"], "Idempotency-Key", "{key:?}");
    }
}

#[tokio::test]
async fn texts_of_databases_and_shells_are_texts() {
    let cast = Cast::shared().await;
    let company = format!("/companies/{}", cast.company_id);
    for text in [
        "'; drop table company; --",
        "\" or \"\"=\"",
        "$(reboot) `id` ${x} {{7*7}} %n%s",
        "<script>alert(1)</script>",
        "\\u0000 \\",
        "👩‍👩‍👧‍👦 ação ﷽ עברית",
        "line\u{2028}separator",
    ] {
        let body = json!({ "tradingName": text });
        let answer = cast.manager.patch(&company, &body).await;
        if answer.status == 204 {
            assert_eq!(cast.manager.get(&company).await.expect(200)["tradingName"], text);
        } else {
            assert_eq!(answer.wrong_fields(), ["tradingName"], "{text}");
        }
    }
}
