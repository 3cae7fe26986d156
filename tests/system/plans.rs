//! Plans, and what companies pay for them.

use harness::{Rest, World, unique};
use reqwest::Method;
use serde_json::{Value, json};

use crate::cast::{Cast, company, id, is_empty, no_id};

fn new_plan() -> Value {
    json!({
        "name": format!("Plano WhatsApp {}", unique()),
        "available_data_gb": 0,
        "price_cents": 1990,
        "data_unit_amount_cents": 1000
    })
}

/// What a company's list says of a plan.
async fn seen_by(rest: &Rest, company_id: &str, plan: &Value) -> Value {
    let path = format!("/companies/{company_id}/subscription-plans");
    let list = rest.get(&path).await.expect(200);
    assert_eq!(list.as_object().unwrap().len(), 1);
    let plans = list["subscription_plans"].as_array().unwrap();
    plans.iter().find(|listed| listed["id"] == plan["id"]).unwrap().clone()
}

#[tokio::test]
async fn a_plan_joins_the_catalogue() {
    let operator = World::shared().await.operator().await;
    let mut plan = new_plan();
    plan["available_data_gb"] = json!(1.5);
    let created = operator.post("/subscription-plans", &plan).await.expect(201);
    let mut expected = plan.clone();
    expected["id"] = created["id"].clone();
    assert_eq!(created, expected);
    let catalogue = operator.get("/subscription-plans").await.expect(200);
    assert_eq!(catalogue.as_object().unwrap().len(), 1);
    let listed = catalogue["subscription_plans"].as_array().unwrap();
    assert!(listed.contains(&expected));
    operator.post("/subscription-plans", &plan).await.refused(409, "conflict");
}

#[tokio::test]
async fn a_companys_price_is_its_own() {
    let cast = Cast::shared().await;
    let plan = cast.operator.post("/subscription-plans", &new_plan()).await.expect(201);
    let at = |cents: i64| {
        json!({
            "id": plan["id"],
            "name": plan["name"],
            "available_data_gb": 0,
            "price_cents_company": cents
        })
    };
    let (company_id, other_id) = (&cast.company_id, &cast.other_company_id);
    assert_eq!(seen_by(&cast.manager, company_id, &plan).await, at(1990));

    let path = format!("/companies/{company_id}/subscription-plans/{}", id(&plan));
    is_empty(cast.operator.patch(&path, &json!({ "priceCents": 990 })).await);
    assert_eq!(seen_by(&cast.manager, company_id, &plan).await, at(990));
    assert_eq!(seen_by(&cast.member, company_id, &plan).await, at(990));
    assert_eq!(seen_by(&cast.other_manager, other_id, &plan).await, at(1990));
    assert_eq!(seen_by(&cast.operator, other_id, &plan).await, at(1990));
    is_empty(cast.operator.patch(&path, &json!({ "priceCents": 0 })).await);
    assert_eq!(seen_by(&cast.operator, company_id, &plan).await, at(0));
}

#[tokio::test]
async fn what_is_no_price_is_refused() {
    let operator = World::shared().await.operator().await;
    let company_id = company(&operator).await;
    let plan = operator.post("/subscription-plans", &new_plan()).await.expect(201);
    let path = format!("/companies/{company_id}/subscription-plans/{}", id(&plan));
    for wrong in [json!(-1), json!(i64::MIN), json!(i64::MAX), json!(u64::MAX)] {
        let answer = operator.patch(&path, &json!({ "priceCents": wrong })).await;
        assert_eq!(answer.wrong_fields(), ["priceCents"], "{wrong}");
    }
    for wrong in [json!("990"), json!(9.9), json!(true), json!([990]), json!({})] {
        let answer = operator.patch(&path, &json!({ "priceCents": wrong })).await;
        let message = answer.refused(400, "malformed-request");
        assert!(message.contains("priceCents"), "{message}");
    }
    for body in [json!({}), json!({ "priceCents": null })] {
        assert_eq!(operator.patch(&path, &body).await.wrong_fields(), ["priceCents"]);
    }
    assert_eq!(seen_by(&operator, &company_id, &plan).await["price_cents_company"], 1990);
}

#[tokio::test]
async fn what_is_no_plan_is_refused() {
    let operator = World::shared().await.operator().await;
    for (member, value) in [
        ("name", json!("")),
        ("name", json!("x".repeat(101))),
        ("name", json!("zero\u{0}byte")),
        ("available_data_gb", json!(-1)),
        ("available_data_gb", json!(1e300)),
        ("available_data_gb", json!(0.0001)),
        ("price_cents", json!(-1)),
        ("price_cents", json!(i64::MAX)),
        ("data_unit_amount_cents", json!(-1)),
    ] {
        let mut plan = new_plan();
        plan[member] = value.clone();
        let answer = operator.post("/subscription-plans", &plan).await;
        assert_eq!(answer.wrong_fields(), [member], "{value}");
    }
    let answer = operator.post("/subscription-plans", &json!({})).await;
    let all = ["name", "available_data_gb", "price_cents", "data_unit_amount_cents"];
    assert_eq!(answer.wrong_fields(), all);
}

#[tokio::test]
async fn who_may_see_and_set_prices() {
    let cast = Cast::shared().await;
    let plan = cast.operator.post("/subscription-plans", &new_plan()).await.expect(201);
    let list = format!("/companies/{}/subscription-plans", cast.company_id);
    cast.may(Method::GET, &list, || None, [401, 404, 200, 404, 200, 200]).await;
    let path = format!("{list}/{}", id(&plan));
    let price = || Some(json!({ "priceCents": 1 }));
    cast.may(Method::PATCH, &path, price, [401, 403, 403, 403, 403, 204]).await;
    let catalogue = "/subscription-plans";
    cast.may(Method::GET, catalogue, || None, [401, 403, 403, 403, 403, 200]).await;
    let new = || Some(new_plan());
    cast.may(Method::POST, catalogue, new, [401, 403, 403, 403, 403, 201]).await;
}

#[tokio::test]
async fn a_price_needs_a_company_and_a_plan() {
    let world = World::shared().await;
    let operator = world.operator().await;
    let company_id = company(&operator).await;
    let price = json!({ "priceCents": 1 });
    for path in [
        format!("/companies/{company_id}/subscription-plans/{}", no_id()),
        format!("/companies/{company_id}/subscription-plans/x"),
        format!("/companies/{}/subscription-plans/{}", no_id(), world.plan_id()),
        format!("/companies/x/subscription-plans/{}", world.plan_id()),
    ] {
        operator.patch(&path, &price).await.refused(404, "resource-not-found");
    }
    let nowhere = format!("/companies/{}/subscription-plans", no_id());
    operator.get(&nowhere).await.refused(404, "resource-not-found");
}
