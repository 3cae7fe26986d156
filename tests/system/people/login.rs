//! Logging in, and tokens of programs.

use harness::{Sample, World, email, unique};
use serde_json::{Value, json};

use super::{has_members, log_in, refuses, sign_up, text};

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn a_session_lasts_a_day() {
    let world = World::shared().await;
    let holder = &world.demo.holder;
    let session = log_in(world, &holder.email, &holder.password).await.expect(200);
    has_members(&session, &["access_token", "expires_in"]);
    assert_eq!(session["expires_in"], 86400);
    let token = text(&session, "access_token");
    world.rest().with_token(&token).get("/phone-accounts").await.expect(200);
}

#[tokio::test]
async fn an_email_is_compared_without_case() {
    let world = World::shared().await;
    let person = sign_up(world).await;
    for spelling in [person.email.to_uppercase(), format!(" {} ", person.email)] {
        log_in(world, &spelling, "Passw0rd!").await.expect(200);
    }
    log_in(world, &person.email, "passw0rd!").await.refused(401, "unauthorized");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_email_look_the_same() {
    let world = World::shared().await;
    let known = log_in(world, &world.demo.holder.email, "not-the-password").await;
    let unknown = log_in(world, &email(), "not-the-password").await;
    assert_eq!(known.headers["www-authenticate"], unknown.headers["www-authenticate"]);
    assert_eq!(known.body, unknown.body);
    has_members(&known.body, &["code", "message"]);
    known.refused(401, "unauthorized");
    unknown.refused(401, "unauthorized");
}

#[tokio::test]
async fn what_is_no_login_is_refused_before_it_is_tried() {
    let world = World::shared().await;
    let rest = world.rest();
    let login = |body: Value| async move { world.rest().post("/login", &body).await };
    refuses(&login(json!({})).await, &["email", "password"]);
    refuses(&login(json!({ "email": "a@b.example" })).await, &["password"]);
    refuses(&login(json!({ "email": null, "password": "Passw0rd!" })).await, &["email"]);
    refuses(&login(json!({ "email": "nobody", "password": "Passw0rd!" })).await, &["email"]);
    refuses(&login(json!({ "email": "a@b.example", "password": 12345678 })).await, &["password"]);
    let wrong_type = json!({ "email": 1, "password": "Passw0rd!" });
    login(wrong_type).await.refused(400, "malformed-request");
    login(json!(["a@b.example", "Passw0rd!"])).await.refused(400, "malformed-request");
    let kind = "application/json";
    rest.post_raw("/login", kind, "{\"email\":").await.refused(400, "malformed-request");
    rest.post_raw("/login", FORM, "email=a").await.refused(415, "unsupported-media-type");
    let answer = rest.get("/login").await;
    assert_eq!(answer.headers["allow"], "POST");
    answer.refused(405, "method-not-allowed");
}

#[tokio::test]
async fn unknown_members_of_a_login_are_ignored() {
    let world = World::shared().await;
    let holder = &world.demo.holder;
    let body = json!({ "email": holder.email, "password": holder.password, "remember": [true] });
    world.rest().post("/login", &body).await.expect(200);
}

#[tokio::test]
async fn a_bad_token_is_no_hindrance_to_logging_in() {
    let world = World::shared().await;
    let holder = &world.demo.holder;
    world.rest().with_token("old").log_in(&holder.email, &holder.password).await;
    let refused = world.rest().with_token("old").get("/phone-accounts").await;
    assert_eq!(refused.headers["www-authenticate"], "Bearer");
    refused.refused(401, "unauthorized");
}

#[tokio::test]
async fn guessing_is_slowed_down_until_the_window_ends() {
    let world = World::own().await;
    let holder = &world.demo.holder;
    let unknown = email();
    for email in [&holder.email, &unknown] {
        for _ in 0..10 {
            log_in(&world, email, "a-wrong-guess").await.refused(401, "unauthorized");
        }
        let answer = log_in(&world, email, "a-wrong-guess").await;
        let after: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=900).contains(&after), "{after}");
        answer.refused(429, "too-many-requests");
    }
    // Not even the right password is tried, in whichever case the address is written.
    let again = log_in(&world, &holder.email.to_uppercase(), &holder.password).await;
    again.refused(429, "too-many-requests");
    world.manager().await;

    world.advance("PT15M").await;
    log_in(&world, &holder.email, &holder.password).await.expect(200);

    // Whoever gets in has made no failures.
    for _ in 0..2 {
        for _ in 0..9 {
            log_in(&world, &holder.email, "a-wrong-guess").await.refused(401, "unauthorized");
        }
        log_in(&world, &holder.email, &holder.password).await.expect(200);
    }
}

#[tokio::test]
async fn a_partners_program_gets_tokens_for_its_credentials() {
    let world = World::shared().await;
    let operator = world.operator().await;
    let partner = json!({ "name": format!("Partner {}", unique()), "product": "agenda" });
    let made = operator.post("/partners", &partner).await.expect(201);
    has_members(&made, &["client_id", "client_secret"]);
    let (client_id, secret) = (text(&made, "client_id"), text(&made, "client_secret"));
    let grant = |secret: &str| {
        format!("grant_type=client_credentials&client_id={client_id}&client_secret={secret}")
    };

    let answer = world.rest().post_raw("/oauth2/token", FORM, grant(&secret)).await;
    assert_eq!(answer.headers["cache-control"], "no-store");
    let token = answer.expect(200);
    has_members(&token, &["access_token", "token_type", "expires_in"]);
    assert_eq!(token["token_type"], "Bearer");
    assert!(token["expires_in"].as_u64().unwrap() > 0);
    let rest = world.rest().with_token(&text(&token, "access_token"));
    let lines = rest.get("/phone-accounts").await;
    assert!([200, 403].contains(&lines.status), "{}", lines.body);
    rest.post("/companies", &Sample::company()).await.refused(403, "forbidden");

    let refused = world.rest().post_raw("/oauth2/token", FORM, grant("wrong")).await;
    assert!(refused.headers.contains_key("www-authenticate"));
    assert_eq!(refused.expect(401)["error"], "invalid_client");
    let password = "grant_type=password&username=a&password=b";
    let refused = world.rest().post_raw("/oauth2/token", FORM, password).await.expect(400);
    assert_eq!(refused["error"], "unsupported_grant_type");
    let refused = world.rest().post_raw("/oauth2/token", FORM, "").await.expect(400);
    assert_eq!(refused["error"], "invalid_request");
}

#[tokio::test]
async fn partners_are_registered_by_the_operator() {
    let world = World::shared().await;
    let partner = json!({ "name": "Parceiro", "product": "agenda" });
    world.rest().post("/partners", &partner).await.refused(401, "unauthorized");
    world.manager().await.post("/partners", &partner).await.refused(403, "forbidden");
    let operator = world.operator().await;
    refuses(&operator.post("/partners", &json!({})).await, &["name", "product"]);
    let blank = json!({ "name": " ", "product": "" });
    refuses(&operator.post("/partners", &blank).await, &["name", "product"]);

    // A repetition shows the secret of the first time; it makes no second partner.
    let operator = operator.with_key(&email());
    let first = operator.post("/partners", &partner).await;
    assert!(!first.headers.contains_key("idempotency-replayed"));
    let first = first.expect(201);
    let again = operator.post("/partners", &partner).await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.expect(201), first);
    let other = json!({ "name": "Other", "product": "agenda" });
    operator.post("/partners", &other).await.refused(422, "idempotency-mismatch");
}
