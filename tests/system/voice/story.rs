//! The story of a call, from the opening of an account to the webhook that tells of its end.

use std::collections::BTreeMap;

use harness::invariants::assert_invariants;
use harness::{Receiver, World, email};
use local::Options;
use serde_json::{Value, json};

use super::cast::{self, Admin, PASSWORD};
use super::{balance, credit, financial, refused};

const RECEIVER_HOST: &str = "127.0.0.77";
const PHONE: &str = "+554833328530";

#[tokio::test]
async fn an_account_is_opened_pays_calls_and_hears_of_it() {
    let options = Options { webhook_hosts: vec![RECEIVER_HOST.to_owned()], ..World::options() };
    let world = World::start(options).await;
    let receiver = Receiver::failing(RECEIVER_HOST).await;
    let admin = opened(&world).await;
    paid(&world, &admin).await;

    let extension = admin.extension("1001", Some(&admin.email)).await;
    assert_eq!(extension["senha"].as_str().map(str::len), Some(16), "{extension}");
    assert_eq!(extension["domain"], admin.account["domain"]);
    let integration = json!({
        "gateway": "crm",
        "webhook": true,
        "webhookConstraint": {"metadata": {"gateway": "integration-test"}},
        "metadata": {
            "webhookUrl": receiver.url,
            "webhookVersion": "v1.4",
            "webhookTypes": ["channel-create", "channel-answer", "channel-hangup"],
        },
    });
    let integration = admin.rest.patch("/integrations", &integration).await.expect(200);
    assert!(integration["webhookSecret"].as_str().is_some_and(|key| key.starts_with("whsec_")));
    // Somebody who waits for other calls hears nothing.
    let other = json!({
        "gateway": "other",
        "webhook": true,
        "webhookConstraint": {"userId": "123"},
        "metadata": {"webhookUrl": receiver.url, "webhookVersion": "v1.4"},
    });
    admin.rest.patch("/integrations", &other).await.expect(200);

    let metadata = json!({"gateway": "integration-test", "userId": 123, "entityId": 456});
    let call_id = called(&world, &admin, &metadata).await;
    listed(&admin, &call_id, &metadata).await;
    assert_eq!(balance(&admin).await, "9,92");
    told(&world, &receiver, &admin, &call_id, &metadata).await;
    assert_invariants(&world.database().await, "after the call").await;
}

async fn opened(world: &World) -> Admin {
    let email = email();
    let signup = cast::signup(&email);
    let account = world.voice().post("/accounts/signup", &signup).await.expect(200);
    assert_eq!(account["domain"], signup["domain"]);
    assert_eq!(account["name"], signup["organization_name"]);

    let credentials = json!({"email": email, "password": PASSWORD});
    let early = world.voice().post("/users/login", &credentials).await;
    refused(early, 401, "LOGIN_FAILED_EMAIL_NOT_VERIFIED");
    let link = world.mailed_path(&email).await;
    for _ in 0..2 {
        assert_eq!(world.rest().get(&link).await.expect(204), Value::Null);
    }
    let token = world.voice().post("/users/login", &credentials).await.expect(200);
    assert_eq!(token["ttl"], 1_209_600);
    let secret = token["id"].as_str().expect("a token");
    assert!(secret.len() == 64 && secret.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let rest = world.voice().with_token(secret);
    let me = rest.get("/users/me").await.expect(200);
    assert_eq!((&me["email"], &me["role"]), (&email.as_str().into(), &"ADMIN".into()));
    assert_eq!(me["emailVerified"], true);
    let user_id = token["userId"].as_str().expect("a person").to_owned();
    assert_eq!(rest.get("/accounts").await.expect(200), account);
    Admin { rest, email, account, user_id }
}

async fn paid(world: &World, admin: &Admin) {
    let rest = &admin.rest;
    refused(rest.get("/accounts/financial").await, 404, "FINANCIAL_ACCOUNT_NOT_FOUND");
    let charge = json!({"value": 10, "billingType": "PIX"});
    refused(rest.post("/charges", &charge).await, 422, "FINANCIAL_ACCOUNT_REQUIRED");
    rest.post("/accounts/financial", &financial()).await.expect(200);
    refused(rest.post("/accounts/financial", &financial()).await, 422, "FINANCIAL_ACCOUNT_EXISTS");

    assert_eq!(balance(admin).await, "0,00");
    let charge_id = credit(world, admin, 10.0, 3).await;
    let charge = rest.get(&format!("/charges/{charge_id}")).await.expect(200);
    assert_eq!((&charge["status"], &charge["value"]), (&"RECEIVED".into(), &10.into()));
    assert_eq!(balance(admin).await, "10,00");
}

/// Dials, lets it be answered, and hangs up.
async fn called(world: &World, admin: &Admin, metadata: &Value) -> String {
    let dial = json!({"extension": "1001", "phone": PHONE, "metadata": metadata});
    let keyed = admin.rest.with_key("one call");
    let dialled = keyed.post("/dialer", &dial).await.expect(200);
    assert_eq!(dialled["message"], "successfull");
    let again = keyed.post("/dialer", &dial).await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.body["id"], dialled["id"]);
    let other = json!({"extension": "1001", "phone": "+554833328531"});
    refused(keyed.post("/dialer", &other).await, 422, "IDEMPOTENCY_MISMATCH");
    refused(admin.rest.post("/dialer", &other).await, 422, "EXTENSION_BUSY");

    world.advance("PT5S").await;
    world.settle().await;
    let call_id = dialled["id"].as_str().expect("an id").to_owned();
    let ended = admin.rest.post(&format!("/calls/{call_id}/hangup"), &json!({})).await.expect(200);
    assert_eq!(ended, json!({"status": "200", "message": "successfull", "id": call_id}));
    world.advance("PT1S").await;
    world.settle().await;
    let again = admin.rest.post(&format!("/calls/{call_id}/hangup"), &json!({})).await;
    refused(again, 404, "CALL_NOT_FOUND");
    call_id
}

async fn listed(admin: &Admin, call_id: &str, metadata: &Value) {
    let calls = admin.rest.get("/calls").await.expect(200);
    let [call] = calls["data"].as_array().expect("calls").as_slice() else {
        panic!("one call: {calls}")
    };
    assert_eq!(call["id"], call_id);
    assert_eq!((&call["from"], &call["to"]), (&"1001".into(), &"4833328530".into()));
    assert_eq!(call["hangup_cause"], "NORMAL_CLEARING");
    assert_eq!((&call["minute_price"], &call["call_price"]), (&json!(0.08), &json!(0.08)));
    assert_eq!(&call["metadata"], metadata);
    let duration = call["duration"].as_i64().expect("seconds");
    assert!((1..=60).contains(&duration), "{call}");
    let meta = json!({
        "totalItemCount": 1, "totalPageCount": 1, "itemsPerPage": 100, "currentPage": 1
    });
    assert_eq!(calls["meta"], meta);
}

/// Three messages, each once by its id, though each was refused once.
async fn told(world: &World, receiver: &Receiver, admin: &Admin, call_id: &str, metadata: &Value) {
    for _ in 0..10 {
        if receiver.taken().len() == 3 {
            break;
        }
        world.advance("PT10S").await;
        world.settle().await;
    }
    let taken = receiver.taken();
    let mut told = BTreeMap::new();
    for (id, (times, body)) in &taken {
        assert_eq!(*times, 1, "{id}");
        assert_eq!((&body["id"], &body["metadata"]), (&call_id.into(), metadata), "{body}");
        assert_eq!((&body["version"], &body["direction"]), (&"v1.4".into(), &"outbound".into()));
        assert_eq!((&body["caller"], &body["called"]), (&"1001".into(), &"4833328530".into()));
        assert_eq!(body["domain"], admin.account["domain"]);
        told.insert(body["eventType"].as_str().expect("a type").to_owned(), body);
    }
    let types: Vec<&str> = told.keys().map(String::as_str).collect();
    assert_eq!(types, ["channel-answer", "channel-create", "channel-hangup"]);
    assert_eq!(told["channel-create"]["answeredAt"], Value::Null);
    assert_eq!(told["channel-answer"]["endedAt"], Value::Null);
    assert_eq!(told["channel-hangup"]["hangupCause"], "NORMAL_CLEARING");
    assert_eq!(told["channel-hangup"]["hangupCauseCode"], "16");
}
