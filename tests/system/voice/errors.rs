//! Each documented error, where it is documented.

use harness::{Rest, World, email};
use local::Options;
use reqwest::Method;
use serde_json::{Value, json};

use super::cast::{self, Admin, PASSWORD};
use super::{broken, credit, financial, refused};

#[tokio::test]
async fn what_cannot_be_read_is_told_apart() {
    let world = World::shared().await;
    let admin = Admin::sign_up(world).await;
    let rest = &admin.rest;
    refused(rest.get("/nothing").await, 404, "");
    let answer = rest.delete("/accounts").await;
    assert_eq!(answer.headers["allow"], "GET,HEAD");
    refused(answer, 405, "METHOD_NOT_ALLOWED");
    let post = async |kind: &str, body: &str| rest.post_raw("/extensions", kind, body).await;
    refused(post("text/plain", "{").await, 415, "UNSUPPORTED_MEDIA_TYPE");
    refused(post("application/json", "{").await, 400, "BAD_REQUEST");
    refused(post("application/json", "[]").await, 400, "BAD_REQUEST");
    let long = format!("{{\"first_name\":\"{}\"}}", "x".repeat(70 * 1_024));
    refused(post("application/json", &long).await, 413, "PAYLOAD_TOO_LARGE");
    for path in ["/extensions/x", "/charges/x", "/integrations/x/deliveries"] {
        refused(rest.get(path).await, 400, "BAD_REQUEST");
    }
    refused(rest.post("/calls/x/hangup", &json!({})).await, 400, "BAD_REQUEST");
    for path in ["/users/confirm", "/users/confirm?uid=x"] {
        refused(world.voice().get(path).await, 400, "BAD_REQUEST");
    }
    for path in ["/calls?page=0", "/calls?limit=1001", "/calls?page=2&filter[skip]=1"] {
        refused(rest.get(path).await, 400, "INVALID_FILTER");
    }
}

#[tokio::test]
async fn logins_fail_for_their_own_reasons() {
    let world = World::shared().await;
    let admin = Admin::sign_up(world).await;
    let login = async |body: Value| world.voice().post("/users/login", &body).await;
    let nobody = json!({"email": email(), "password": PASSWORD});
    refused(login(nobody).await, 401, "LOGIN_FAILED");
    let wrong = json!({"email": admin.email, "password": "another-one"});
    refused(login(wrong).await, 401, "LOGIN_FAILED");
    refused(login(json!({"password": PASSWORD})).await, 400, "USERNAME_EMAIL_REQUIRED");
    let without = login(json!({"email": admin.email})).await;
    assert_eq!(broken(without), json!({"password": ["presence"]}));
    let ttl = |ttl: i64| json!({"email": admin.email, "password": PASSWORD, "ttl": ttl});
    for wrong in [0, -2, 31_556_927] {
        assert!(broken(login(ttl(wrong)).await).get("ttl").is_some(), "{wrong}");
    }
    assert_eq!(login(ttl(-1)).await.expect(200)["ttl"], -1);
    let user = admin.adds(world, "USER").await;
    let permanent = json!({"ttl": -1});
    assert!(broken(user.rest.post("/users/accessTokens", &permanent).await).get("ttl").is_some());

    let unknown = world.voice().with_token(&"x".repeat(64));
    refused(unknown.get("/users/me").await, 401, "INVALID_TOKEN");
    refused(world.voice().get("/users/me").await, 401, "AUTHORIZATION_REQUIRED");
    let uid = &admin.user_id;
    let link = format!("/users/confirm?uid={uid}&token=wrong");
    refused(world.voice().get(&link).await, 400, "INVALID_TOKEN");
    let link = format!("{link}&redirect=https://evil.example/");
    refused(world.voice().get(&link).await, 400, "INVALID_REDIRECT");
}

#[tokio::test]
async fn an_ended_token_is_none() {
    let world = World::shared().await;
    let admin = Admin::sign_up(world).await;
    let made = admin.rest.post("/users/accessTokens", &json!({"ttl": 60})).await.expect(200);
    let secret = made["id"].as_str().expect("a token");
    let other = world.voice().with_token(secret);
    other.get("/users/me").await.expect(200);
    let listed = admin.rest.get("/users/accessTokens").await.expect(200);
    let shown = format!("{}{}", &secret[..8], "*".repeat(56));
    assert!(listed.as_array().expect("a list").iter().any(|token| token["id"] == shown.as_str()));
    let path = format!("/users/accessTokens/{}", &secret[..8]);
    assert_eq!(admin.rest.delete(&path).await.expect(204), Value::Null);
    refused(other.get("/users/me").await, 401, "INVALID_TOKEN");
    refused(admin.rest.delete(&path).await, 404, "MODEL_NOT_FOUND");
    assert_eq!(admin.rest.post("/users/logout", &json!({})).await.expect(204), Value::Null);
    refused(admin.rest.get("/users/me").await, 401, "INVALID_TOKEN");
}

#[tokio::test]
async fn fields_are_refused_by_rule() {
    let world = World::shared().await;
    let admin = Admin::sign_up(world).await;
    let rest = &admin.rest;
    let taken = cast::signup(&admin.email);
    let taken = world.voice().post("/accounts/signup", &taken).await;
    assert_eq!(broken(taken), json!({"email": ["uniqueness"]}));
    let mut domain = cast::signup(&email());
    domain["domain"] = admin.account["domain"].clone();
    let domain = world.voice().post("/accounts/signup", &domain).await;
    assert_eq!(broken(domain), json!({"domain": ["uniqueness"]}));
    let nothing = broken(world.voice().post("/accounts/signup", &json!({})).await);
    for member in ["email", "password", "organization_name", "phone", "domain"] {
        assert_eq!(nothing[member], json!(["presence"]), "{nothing}");
    }
    let short = json!({"name": "x", "email": email(), "password": "short"});
    assert_eq!(broken(rest.post("/users", &short).await), json!({"password": ["length"]}));
    let role = json!({"name": "x", "email": email(), "password": PASSWORD, "role": "KING"});
    assert_eq!(broken(rest.post("/users", &role).await), json!({"role": ["inclusion"]}));

    admin.extension("1001", None).await;
    let again = json!({"ramal": "1001", "first_name": "x"});
    assert_eq!(broken(rest.post("/extensions", &again).await), json!({"ramal": ["uniqueness"]}));
    for (extension, member) in [
        (json!({"ramal": "12", "first_name": "x"}), "ramal"),
        (json!({"ramal": 1002, "first_name": "x"}), "ramal"),
        (json!({"ramal": "1002"}), "first_name"),
        (json!({"ramal": "1002", "first_name": "x", "senha": "short"}), "senha"),
        (json!({"ramal": "1002", "first_name": "x", "senha": "********"}), "senha"),
        (json!({"ramal": "1002", "first_name": "x", "bina": "4833328530"}), "bina"),
        (json!({"ramal": "1002", "first_name": "x".repeat(51)}), "first_name"),
    ] {
        let refused = broken(rest.post("/extensions", &extension).await);
        assert!(refused.get(member).is_some(), "{extension}: {refused}");
    }
    rest.post("/accounts/financial", &financial()).await.expect(200);
    for charge in [
        json!({"value": 0.99, "billingType": "PIX"}),
        json!({"value": 1.001, "billingType": "PIX"}),
        json!({"value": 100_000.01, "billingType": "PIX"}),
        json!({"value": 1, "billingType": "CASH"}),
        json!({"value": 1, "billingType": "PIX", "dueDate": "2020-01-01"}),
        json!({"billingType": "PIX"}),
    ] {
        broken(rest.post("/charges", &charge).await);
    }
    for url in ["http://example.com/", "https://127.0.0.1/", "https://[::1]/", "ftp://example.com"]
    {
        let integration = json!({"gateway": "crm", "metadata": {"webhookUrl": url}});
        broken(rest.patch("/integrations", &integration).await);
    }
}

#[tokio::test]
async fn the_dialer_checks_in_its_order() {
    let world = World::own().await;
    let admin = Admin::sign_up(&world).await;
    let user = admin.adds(&world, "USER").await;
    admin.extension("1001", None).await;
    admin.extension("1099", None).await;
    let dial = |extension: &str, phone: &str| json!({"extension": extension, "phone": phone});
    let ask = async |rest: &Rest, body: Value| rest.post("/dialer", &body).await;
    assert!(broken(ask(&user.rest, json!({})).await).get("phone").is_some());
    refused(ask(&user.rest, dial("2000", "x")).await, 404, "EXTENSION_NOT_FOUND");
    refused(ask(&user.rest, dial("1001", "x")).await, 403, "ACCESS_DENIED");
    for phone in ["x", "+15551234567", "190", "0033328530", "08001234567", "40041234", "4833328"] {
        refused(ask(&admin.rest, dial("1099", phone)).await, 422, "INVALID_PHONE");
    }
    let good = "(48) 3332-8530";
    refused(ask(&admin.rest, dial("1099", good)).await, 422, "EXTENSION_OFFLINE");
    refused(ask(&admin.rest, dial("1001", good)).await, 402, "INSUFFICIENT_CREDITS");
    admin.rest.post("/accounts/financial", &financial()).await.expect(200);
    credit(&world, &admin, 1.0, 1).await;
    let called = ask(&admin.rest, dial("1001", good)).await.expect(200);
    refused(ask(&admin.rest, dial("1001", good)).await, 422, "EXTENSION_BUSY");
    let extension = admin.rest.get("/extensions?filter[where][ramal]=1001").await.expect(200);
    let path = format!("/extensions/{}", extension[0]["id"]);
    refused(admin.rest.delete(&path).await, 422, "EXTENSION_BUSY");
    let hangup = format!("/calls/{}/hangup", called["id"].as_str().expect("an id"));
    admin.rest.post(&hangup, &json!({})).await.expect(200);
    world.advance("PT1S").await;
    world.settle().await;
    refused(admin.rest.post(&hangup, &json!({})).await, 404, "CALL_NOT_FOUND");
    assert_eq!(admin.rest.delete(&path).await.expect(200), json!({"count": 1}));
    refused(admin.rest.get(&path).await, 404, "MODEL_NOT_FOUND");
}

#[tokio::test]
async fn limits_are_kept() {
    let world = World::start(Options { no_rate_limits: false, ..World::options() }).await;
    let token = &world.demo.voice.as_ref().expect("a voice account").token;
    let rest = world.voice().with_token(token);
    let mut asked = 0;
    let too_many = loop {
        let answer = rest.send(Method::GET, "/accounts", None).await;
        if answer.status != 200 {
            break answer;
        }
        asked += 1;
        assert!(asked <= 240, "no limit");
    };
    // A minute may have ended on the way.
    assert!((120..=240).contains(&asked), "{asked}");
    assert_eq!(too_many.headers["ratelimit-limit"], "120");
    assert_eq!(too_many.headers["ratelimit-remaining"], "0");
    assert_eq!(too_many.headers["ratelimit-reset"], too_many.headers["retry-after"]);
    refused(too_many, 429, "RATE_LIMIT_EXCEEDED");

    let signup = async || world.voice().post("/accounts/signup", &cast::signup(&email())).await;
    for _ in 0..5 {
        signup().await.expect(200);
    }
    let too_many = signup().await;
    assert_eq!(too_many.headers["ratelimit-limit"], "5");
    assert_eq!(too_many.body["error"]["name"], "TooManySignups");
    refused(too_many, 429, "");

    let wrong = json!({"email": email(), "password": "another-one"});
    for _ in 0..10 {
        refused(world.voice().post("/users/login", &wrong).await, 401, "LOGIN_FAILED");
    }
    let too_many = world.voice().post("/users/login", &wrong).await;
    refused(too_many, 429, "RATE_LIMIT_EXCEEDED");
}
