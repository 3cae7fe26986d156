//! Lines ordered for companies, with a carrier that behaves and one that does not.

use std::time::Duration;

use harness::{Rest, Sample, World, email, iccid};
use reqwest::Method;
use serde_json::{Value, json};

use crate::cast::{Cast, id, no_id, without_times};

async fn numbers(operator: &Rest, area_code: u32, count: u32) {
    let last = 992_000_000 + count - 1;
    let body = json!({
        "area_code": area_code,
        "first_number": format!("+55{area_code}992000000"),
        "last_number": format!("+55{area_code}{last}")
    });
    operator.post("/phone-numbers", &body).await.expect(200);
}

fn order(world: &World, area_code: u32) -> Value {
    json!({ "subscription_plan_id": world.plan_id(), "area_code": area_code })
}

#[tokio::test]
async fn an_ordered_line_becomes_active() {
    let world = World::shared().await;
    let cast = Cast::shared().await;
    numbers(&cast.operator, 96, 2).await;
    let path = format!("/companies/{}/phone-accounts", cast.company_id);
    let body = order(world, 96);
    let line = cast.manager.post(&path, &body).await.expect(201);
    let mut expected = json!({
        "id": line["id"],
        "user_id": null,
        "company_id": cast.company_id,
        "provider": "americanet",
        "phone_number": line["phone_number"],
        "is_portability": false,
        "simcard_number": null,
        "status": "pending",
        "subscription_plan_id": world.plan_id()
    });
    assert!(line["phone_number"].as_str().unwrap().starts_with("+559699200000"), "{line}");
    assert_eq!(without_times(line.clone()), expected);

    world.settle().await;
    expected["status"] = "active".into();
    let read = cast.manager.get(&format!("/phone-accounts/{}", id(&line))).await.expect(200);
    assert_eq!(without_times(read), expected);

    // Of two numbers, one is left.
    let second = cast.operator.post(&path, &body).await.expect(201);
    assert_ne!(second["phone_number"], line["phone_number"]);
    cast.manager.post(&path, &body).await.refused(409, "area-code-out-of-stock");
    numbers(&cast.operator, 96, 3).await;
    cast.manager.post(&path, &body).await.expect(201);
}

#[tokio::test]
async fn an_order_with_a_key_is_one_line() {
    let world = World::shared().await;
    let cast = Cast::shared().await;
    numbers(&cast.operator, 97, 1).await;
    let path = format!("/companies/{}/phone-accounts", cast.company_id);
    let manager = cast.manager.with_key(&email());
    let first = manager.post(&path, &order(world, 97)).await;
    assert!(!first.headers.contains_key("idempotency-replayed"));
    let first = first.expect(201);
    let again = manager.post(&path, &order(world, 97)).await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.expect(201), first);
    manager.post(&path, &order(world, 41)).await.refused(422, "idempotency-mismatch");
    // A refusal is no answer to be kept.
    let manager = cast.manager.with_key(&email());
    manager.post(&path, &order(world, 97)).await.refused(409, "area-code-out-of-stock");
    numbers(&cast.operator, 97, 2).await;
    manager.post(&path, &order(world, 97)).await.expect(201);
}

#[tokio::test]
async fn a_line_is_ordered_for_somebody() {
    let world = World::shared().await;
    let cast = Cast::shared().await;
    let form = Sample::signup_form(&email(), world.plan_id(), 41);
    let form = cast.nobody.post("/signup-forms", &form).await.expect(200);
    let complete = format!("/signup-forms/{}/complete", id(&form));
    let signed_up = cast.nobody.post(&complete, &Sample::password()).await.expect(200);
    let path = format!("/companies/{}/phone-accounts", cast.company_id);
    let mut body = order(world, 11);
    body["user_id"] = signed_up["user"]["id"].clone();
    let line = cast.operator.post(&path, &body).await.expect(201);
    assert_eq!(line["user_id"], body["user_id"]);
    // Until the address is proven, its user does not see what others tied to it.
    let token = signed_up["access_token"].as_str().unwrap();
    let own = cast.nobody.with_token(token).get("/phone-accounts").await.expect(200);
    let own = own["phone_accounts"].as_array().unwrap();
    assert!(own.iter().all(|listed| listed["id"] != line["id"]), "{own:?}");
}

#[tokio::test]
async fn what_is_wrong_with_an_order_is_named() {
    let world = World::shared().await;
    let cast = Cast::shared().await;
    let path = format!("/companies/{}/phone-accounts", cast.company_id);
    for (member, value) in [
        ("subscription_plan_id", json!("x")),
        ("subscription_plan_id", json!(no_id())),
        ("user_id", json!("x")),
        ("user_id", json!(no_id())),
        ("area_code", json!(10)),
        ("area_code", json!(100)),
        ("area_code", json!(20)),
        ("area_code", json!(-41)),
    ] {
        let mut body = order(world, 41);
        body[member] = value.clone();
        for rest in [&cast.manager, &cast.operator] {
            assert_eq!(rest.post(&path, &body).await.wrong_fields(), [member], "{value}");
        }
    }
    let answer = cast.manager.post(&path, &json!({})).await;
    assert_eq!(answer.wrong_fields(), ["subscription_plan_id", "area_code"]);
    let mut body = order(world, 41);
    body["area_code"] = "41".into();
    let message = cast.manager.post(&path, &body).await.refused(400, "malformed-request");
    assert!(message.contains("area_code"), "{message}");
}

#[tokio::test]
async fn who_may_order_read_and_equip_lines() {
    let world = World::shared().await;
    let cast = Cast::shared().await;
    let path = format!("/companies/{}/phone-accounts", cast.company_id);
    let body = || Some(order(world, 21));
    cast.may(Method::POST, &path, body, [401, 404, 403, 404, 201, 201]).await;
    let nowhere = format!("/companies/{}/phone-accounts", no_id());
    let answer = cast.operator.post(&nowhere, &order(world, 21)).await;
    answer.refused(404, "resource-not-found");

    let line = cast.manager.post(&path, &order(world, 21)).await.expect(201);
    let line = format!("/phone-accounts/{}", id(&line));
    cast.may(Method::GET, &line, || None, [401, 404, 200, 404, 200, 200]).await;
    let card = iccid();
    let stock = json!({ "company_id": cast.company_id, "iccids": [card] });
    cast.operator.post("/sim-cards", &stock).await.expect(200);
    let activate = format!("{line}/activate-sim-card");
    let body = || Some(json!({ "sim_card_number": card }));
    // The line has a card by then.
    cast.may(Method::POST, &activate, body, [401, 404, 403, 404, 204, 409]).await;
    let wrong = || Some(json!({ "sim_card_number": "12" }));
    // What is no card's name is none whatever the line.
    cast.may(Method::POST, &activate, wrong, [401, 422, 422, 422, 422, 422]).await;
    assert_eq!(cast.manager.get(&line).await.expect(200)["simcard_number"], card);
}

#[tokio::test]
async fn a_carrier_that_fails_loses_answers_and_refuses() {
    let world = World::own().await;
    let (operator, manager) = (world.operator().await, world.manager().await);
    numbers(&operator, 98, 4).await;
    let path = format!("/companies/{}/phone-accounts", world.company_id());
    let scripted = async |steps: Value| {
        world.rest().post("/sandbox/carrier", &json!({ "next": steps })).await.expect(204);
        manager.post(&path, &order(&world, 98)).await.expect(201)
    };
    let asked = |line: &Value| {
        let line_id: brazil::LineId = id(line).parse().unwrap();
        world.stack.carrier().activation(line_id).map(|activation| activation.requests)
    };

    let line = scripted(json!([{ "operation": "activate", "outcome": "fail", "times": 2 }])).await;
    becomes_active(&manager, &line).await;
    assert_eq!(asked(&line), Some(1));

    let line = scripted(json!([{ "operation": "activate", "outcome": "lose-answer" }])).await;
    becomes_active(&manager, &line).await;
    assert_eq!(asked(&line), Some(2));

    let refusal = json!({ "operation": "activate", "outcome": "refuse", "reason": "no-number" });
    let line = scripted(json!([refusal])).await;
    world.settle().await;
    let read = manager.get(&format!("/phone-accounts/{}", id(&line))).await.expect(200);
    assert_eq!((&read["status"], asked(&line)), (&json!("pending"), None));

    let line = scripted(json!([{ "operation": "activate", "outcome": "ok", "delay": 50 }])).await;
    becomes_active(&manager, &line).await;
}

/// Retries wait for real: their pauses are the carrier's rest, not the product's time.
async fn becomes_active(rest: &Rest, line: &Value) {
    let path = format!("/phone-accounts/{}", id(line));
    let active = async {
        while rest.get(&path).await.expect(200)["status"] != "active" {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), active).await.expect("the line becomes active");
}
