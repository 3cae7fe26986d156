//! A number and a SIM card are never given to two lines.

use std::collections::HashSet;

use futures::future::join_all;
use harness::{Sample, World, email};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn two_hundred_orders_for_fifty_numbers() {
    let world = World::own().await;
    let (operator, manager) = (world.operator().await, world.manager().await);
    let numbers = json!({
        "area_code": 68,
        "first_number": "+5568990000000",
        "last_number": "+5568990000049"
    });
    operator.post("/phone-numbers", &numbers).await.expect(200);

    let path = format!("/companies/{}/phone-accounts", world.company_id());
    let order = json!({ "subscription_plan_id": world.plan_id(), "area_code": 68 });
    let asking = (0..200).map(|_| manager.insist(Method::POST, &path, &order));
    let answers = join_all(asking).await;

    let mut taken = HashSet::new();
    let mut refused = 0;
    for answer in answers {
        if answer.status == 201 {
            let number = answer.body["phone_number"].as_str().unwrap().to_owned();
            assert!(taken.insert(number), "{} was given twice", answer.body);
        } else {
            answer.refused(409, "area-code-out-of-stock");
            refused += 1;
        }
    }
    assert_eq!((taken.len(), refused), (50, 150));
}

#[tokio::test]
async fn one_card_for_two_lines() {
    let world = World::shared().await;
    let manager = world.manager().await;
    let path = format!("/companies/{}/phone-accounts", world.company_id());
    let order = json!({ "subscription_plan_id": world.plan_id(), "area_code": 31 });
    let cards = manager
        .get(&format!("/companies/{}/sim-cards?limit=200", world.company_id()))
        .await
        .expect(200);
    let card = cards["sim_cards"]
        .as_array()
        .unwrap()
        .iter()
        .find(|card| card["status"] == "available")
        .unwrap();
    let mut activations = Vec::new();
    for _ in 0..8 {
        let line = manager.post(&path, &order).await.expect(201);
        activations
            .push(format!("/phone-accounts/{}/activate-sim-card", line["id"].as_str().unwrap()));
    }
    let body = json!({ "sim_card_number": card["iccid"] });
    let answers = join_all(activations.iter().map(|path| manager.post(path, &body))).await;
    let winners = answers.iter().filter(|answer| answer.status == 204).count();
    assert_eq!(winners, 1);
    for answer in answers.into_iter().filter(|answer| answer.status != 204) {
        answer.refused(409, "sim-card-in-use");
    }
}

#[tokio::test]
async fn a_form_completed_twice_at_once_makes_one_user() {
    let world = World::shared().await;
    let email = email();
    let form = Sample::signup_form(&email, world.plan_id(), 41);
    let form_id = world.rest().post("/signup-forms", &form).await.expect(200)["id"].clone();
    let path = format!("/signup-forms/{}/complete", form_id.as_str().unwrap());
    let (rest, password) = (world.rest(), Sample::password());
    let answers = join_all((0..4).map(|_| rest.post(&path, &password))).await;
    let completed: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(completed.len(), 1);
    let token = completed[0].body["access_token"].as_str().unwrap().to_owned();
    for answer in answers.into_iter().filter(|answer| answer.status != 200) {
        answer.refused(409, "invalid-status");
    }
    let lines = world.rest().with_token(&token).get("/phone-accounts").await.expect(200);
    assert_eq!(lines["phone_accounts"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_repeated_completion_with_its_key_gets_the_first_answer() {
    let world = World::shared().await;
    let form = Sample::signup_form(&email(), world.plan_id(), 41);
    let form_id = world.rest().post("/signup-forms", &form).await.expect(200)["id"].clone();
    let path = format!("/signup-forms/{}/complete", form_id.as_str().unwrap());
    let (rest, password) = (world.rest().with_key(&email()), Sample::password());
    let answers = join_all((0..4).map(|_| rest.post(&path, &password))).await;
    let first = answers[0].body.clone();
    let replayed =
        answers.iter().filter(|answer| answer.headers.contains_key("idempotency-replayed")).count();
    assert_eq!(replayed, 3);
    for answer in answers {
        assert_eq!(answer.expect(200), first);
    }
    let other = json!({ "password": "An0ther!!", "confirm_password": "An0ther!!" });
    rest.post(&path, &other).await.refused(422, "idempotency-mismatch");
}
