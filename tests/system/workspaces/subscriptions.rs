//! Subscriptions, invoices, coupons, payment methods.

use harness::World;
use serde_json::{Value, json};

use super::client::{Owner, coupon};

#[tokio::test]
async fn a_subscription_is_paid_and_cancelled() {
    let world = World::shared().await;
    let owner = Owner::new(world, "production").await;
    let mut wanted = owner.subscription().await;
    wanted["modules"] = json!(["meetings"]);
    wanted["metadata"] = json!([{"key": "order", "value": "A-17"}]);
    let made = owner.client.post("/subscriptions", wanted.clone()).await.expect(201);
    assert_eq!(
        (&made["status"], &made["awaiting"], &made["seats"]),
        (&json!("awaiting"), &json!(true), &json!(3))
    );
    assert_eq!(made["metadata"], json!([{"key": "order", "value": "A-17"}]));
    owner.client.post("/subscriptions", wanted).await.breaks("", "invalid-state");
    let path = made["@id"].as_str().unwrap();
    let invoices = owner.client.walk(&format!("{path}/invoices")).await;
    let [invoice] = invoices.as_slice() else { panic!("{invoices:?}") };
    assert_eq!((&invoice["amountNet"], &invoice["status"]), (&json!(179.4), &json!("open")));
    assert_eq!(invoice["client"], owner.organization["@id"]);
    let read = owner.client.get(invoice["@id"].as_str().unwrap()).await.expect(200);
    assert_eq!(read["name"], invoice["name"]);

    let notice = json!({"invoice_id": invoice["id"], "event": "paid", "times": 2});
    world.rest().post("/sandbox/payments", &notice).await.expect(204);
    let paid = owner.client.get(path).await.expect(200);
    assert_eq!((&paid["status"], &paid["active"]), (&json!("active"), &json!(true)));
    let organization =
        owner.client.get(&format!("/organizations/{}", owner.id())).await.expect(200);
    assert_eq!(organization["currentSubscription"], json!(path));
    assert_eq!(organization["organizationModules"], json!([{"code": "meetings", "enabled": true}]));

    let (member, _) = owner.joined(world, "member").await;
    member.get(path).await.expect(200);
    member.post(&format!("{path}/cancel"), json!({})).await.expect(403);
    let stranger = Owner::new(world, "production").await;
    stranger.client.get(path).await.expect(404);
    stranger.client.get(&format!("{path}/invoices")).await.expect(404);
    stranger.client.post(&format!("{path}/cancel"), json!({})).await.expect(404);
    let cancelled = owner.client.post(&format!("{path}/cancel"), json!({})).await.expect(201);
    assert_eq!(cancelled["status"], "canceled");
    owner.client.post(&format!("{path}/cancel"), json!({})).await.breaks("", "invalid-state");
    owner.subscribed().await;
}

#[tokio::test]
async fn every_wrong_member_of_a_subscription_is_named() {
    let world = World::shared().await;
    let owner = Owner::new(world, "production").await;
    let good = owner.subscription().await;
    let change = |member: &str, value: Value| {
        let mut changed = good.clone();
        changed[member] = value;
        owner.client.post("/subscriptions", changed)
    };
    let client = &owner.client;
    change("seats", json!(0)).await.breaks("seats", "out-of-range");
    change("type", json!("daily")).await.breaks("type", "invalid-value");
    change("products", json!([])).await.breaks("products", "not-blank");
    change("products", json!(["none"])).await.breaks("products", "invalid-value");
    change("modules", json!(["workspace"])).await.breaks("modules", "invalid-value");
    change("metadata", json!([{"key": "coupon", "value": "x"}]))
        .await
        .breaks("metadata[0].key", "invalid-value");
    change("organizationAddress", json!("/locations/1")).await.expect(400);
    let other = Owner::new(world, "production").await;
    change("organizationAddress", json!(other.address().await)).await.expect(400);
    change("organization", other.organization["@id"].clone()).await.expect(400);
    let method = other.client.post("/payment-methods", json!({"type": "pix"})).await.expect(201);
    change("paymentMethod", method["@id"].clone()).await.expect(400);
    let missing = client.post("/subscriptions", json!({})).await.violations();
    let names: Vec<_> = missing.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(names, ["organization", "organizationAddress", "type", "products"]);
}

#[tokio::test]
async fn a_coupon_is_good_once() {
    let world = World::shared().await;
    let owner = Owner::new(world, "production").await;
    let (half, other) = (coupon(world, 50, 1).await, coupon(world, 10, 5).await);
    let apply =
        |code: &str| owner.client.post("/subscriptions/apply-coupon", json!({"coupon": code}));
    apply(&half).await.breaks("subscription", "invalid-state");
    let subscription = owner.subscribed().await;
    apply("UNKNOWN").await.breaks("coupon", "invalid-value");
    let applied = apply(&half.to_lowercase()).await.expect(201);
    assert_eq!(applied["metadata"], json!([{"key": "coupon", "value": half}]));
    apply(&other).await.breaks("coupon", "invalid-state");
    let clear = || {
        owner
            .client
            .post("/subscriptions/clear-coupon", json!({"subscription": subscription["@id"]}))
    };
    assert_eq!(clear().await.expect(201)["metadata"], json!([]));
    assert_eq!(clear().await.expect(201)["metadata"], json!([]));
    apply(&half).await.breaks("coupon", "invalid-value");
    let second = Owner::new(world, "production").await;
    second.subscribed().await;
    let used_up = json!({"coupon": half});
    second
        .client
        .post("/subscriptions/apply-coupon", used_up)
        .await
        .breaks("coupon", "invalid-value");
    for _ in 0..9 {
        second
            .client
            .post("/subscriptions/apply-coupon", json!({"coupon": "XXX"}))
            .await
            .expect(422);
    }
    let refused = second.client.post("/subscriptions/apply-coupon", json!({"coupon": other})).await;
    assert!(!refused.header("retry-after").is_empty());
    refused.expect(429);
}

#[tokio::test]
async fn a_payment_method_never_shows_its_token() {
    let world = World::shared().await;
    let owner = Owner::new(world, "production").await;
    let card = json!({"type": "card", "label": "Visa", "providerToken": "tok_1"});
    let card = owner.client.post("/payment-methods", card).await.expect(201);
    assert!(!card.to_string().contains("tok_1"), "{card}");
    owner
        .client
        .post("/payment-methods", json!({"type": "card"}))
        .await
        .breaks("providerToken", "not-blank");
    let number = json!({"type": "card", "providerToken": "4111 1111 1111 1111"});
    owner.client.post("/payment-methods", number).await.breaks("providerToken", "invalid-value");
    let organization =
        owner.client.get(&format!("/organizations/{}", owner.id())).await.expect(200);
    assert!(organization["stripeCustomerId"].is_string());
    let (member, _) = owner.joined(world, "member").await;
    let seen = member.get(&format!("/organizations/{}", owner.id())).await.expect(200);
    assert_eq!(seen["stripeCustomerId"], Value::Null);
    let stranger = Owner::new(world, "production").await;
    stranger.client.get(card["@id"].as_str().unwrap()).await.expect(404);
}

#[tokio::test]
async fn the_catalogue_prices_a_subscription() {
    let world = World::shared().await;
    let owner = Owner::new(world, "production").await;
    let products = owner.client.walk("/subscription-products").await;
    let workspace = products.iter().find(|product| product["code"] == "workspace").unwrap();
    let expected = json!({
        "@type": "SubscriptionProduct", "code": "workspace", "kind": "product",
        "name": "Workspace", "amountNet": 49.9, "currency": "BRL", "per": "seat"
    });
    assert_eq!(workspace, &expected);
}

#[tokio::test]
async fn time_makes_invoices_and_lateness() {
    let world = World::own().await;
    let owner = Owner::new(&world, "production").await;
    let method = owner.client.post("/payment-methods", json!({"type": "boleto"})).await.expect(201);
    let mut wanted = owner.subscription().await;
    wanted["paymentMethod"] = method["@id"].clone();
    let made = owner.client.post("/subscriptions", wanted).await.expect(201);
    world.settle().await;
    let path = made["@id"].as_str().unwrap().to_owned();
    let read = || async { owner.client.get(&path).await.expect(200) };
    assert!(read().await["externalId"].is_string(), "the provider collects it");
    world.advance("P15D").await;
    // Tokens live for a day.
    let owner = Owner { client: super::client::log_in(&world, &owner.email).await, ..owner };
    let read = || async { owner.client.get(&path).await.expect(200) };
    assert_eq!(read().await["status"], "past_due");
    world.advance("P20D").await;
    let owner = Owner { client: super::client::log_in(&world, &owner.email).await, ..owner };
    let read = || async { owner.client.get(&path).await.expect(200) };
    let invoices = owner.client.walk(&format!("{path}/invoices")).await;
    assert_eq!(invoices.len(), 2);
    for (number, invoice) in invoices.iter().rev().enumerate() {
        let notice = json!({"invoice_id": invoice["id"], "event": "paid"});
        world.rest().post("/sandbox/payments", &notice).await.expect(204);
        assert_eq!(read().await["status"], "active", "{number}");
    }
    owner.client.post(&format!("{path}/cancel"), json!({})).await.expect(201);
    world.advance("P40D").await;
    let owner = Owner { client: super::client::log_in(&world, &owner.email).await, ..owner };
    assert_eq!(owner.client.walk(&format!("{path}/invoices")).await.len(), 2);
}
