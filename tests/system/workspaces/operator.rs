//! What only the operator does, straight at the services.

use harness::{World, unique, with_token};
use local::Part;
use proto::billing::v1 as billing;
use proto::billing::v1::subscription_service_client::SubscriptionServiceClient;
use proto::common::v1::Money;
use serde_json::{Value, json};
use tonic::Code;
use tonic::transport::Channel;

use super::client::{Owner, by_operator};

fn subscriptions(world: &World) -> SubscriptionServiceClient<Channel> {
    SubscriptionServiceClient::new(world.channel(Part::Billing))
}

fn module(code: &str, cents: i64) -> billing::PutSubscriptionProductRequest {
    let product = billing::SubscriptionProduct {
        code: code.to_owned(),
        kind: billing::SubscriptionProductKind::Module.into(),
        name: "Signatures".to_owned(),
        amount_net: Some(Money { cents }),
        per: billing::SubscriptionPriceUnit::Organization.into(),
    };
    billing::PutSubscriptionProductRequest { product: Some(product) }
}

#[tokio::test]
async fn the_catalogue_prices_what_is_issued_from_then_on() {
    // Others count what is in the catalogue.
    let world = World::own().await;
    let owner = Owner::new(&world, "production").await;
    let code = format!("signatures-{}", unique());
    for cents in [9_900, 1_990] {
        let request = by_operator(&world, module(&code, cents)).await;
        subscriptions(&world).put_subscription_product(request).await.unwrap();
    }
    let products = owner.client.walk("/subscription-products").await;
    let shown: Vec<_> = products.iter().filter(|product| product["code"] == code).collect();
    let expected = json!({
        "@type": "SubscriptionProduct", "code": code, "kind": "module", "name": "Signatures",
        "amountNet": 19.9, "currency": "BRL", "per": "organization"
    });
    assert_eq!(shown, [&expected]);
    let mut wanted = owner.subscription().await;
    wanted["modules"] = json!([code]);
    let made = owner.client.post("/subscriptions", wanted).await.expect(201);
    let invoices = format!("{}/invoices", made["@id"].as_str().unwrap());
    let invoices = owner.client.get(&invoices).await.expect(200);
    assert_eq!(invoices["hydra:member"][0]["amountNet"], 169.6);
}

#[tokio::test]
async fn what_is_billed_by_hand_is_made_active_by_hand() {
    let world = World::shared().await;
    let owner = Owner::new(world, "production").await;
    let made = owner.subscribed().await;
    let id = made["id"].as_str().unwrap();
    let activate = async || {
        let request = billing::ActivateSubscriptionRequest { subscription_id: id.to_owned() };
        subscriptions(world).activate_subscription(by_operator(world, request).await).await
    };
    assert_eq!(activate().await.unwrap_err().code(), Code::FailedPrecondition);
    let by_hand = async |organization_id: &str| {
        let organization_id = organization_id.to_owned();
        let request = billing::SetManualBillingRequest { organization_id, manual_billing: true };
        subscriptions(world).set_manual_billing(by_operator(world, request).await).await
    };
    assert_eq!(by_hand("zzzzzzzz").await.unwrap_err().code(), Code::NotFound);
    by_hand(owner.id()).await.unwrap();
    let shown = owner.client.get(&format!("/organizations/{}", owner.id())).await.expect(200);
    assert_eq!(shown["manualBilling"], true);
    activate().await.unwrap();
    let path = made["@id"].as_str().unwrap();
    let read = owner.client.get(path).await.expect(200);
    assert_eq!((&read["status"], &read["active"]), (&json!("active"), &json!(true)));
    owner.client.post(&format!("{path}/cancel"), json!({})).await.expect(201);
    assert_eq!(activate().await.unwrap_err().code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn nobody_else_does_what_the_operator_does() {
    let world = World::shared().await;
    let owner = Owner::new(world, "production").await;
    let login = json!({"email": owner.email, "password": super::client::PASSWORD});
    let session: Value = world.rest().post("/login", &login).await.expect(200);
    let token = session["access_token"].as_str().unwrap();
    let organization_id = owner.id().to_owned();
    let mut client = subscriptions(world);
    let by_hand = billing::SetManualBillingRequest { organization_id, manual_billing: true };
    let coupon = billing::CreateCouponRequest { code: "MINE".to_owned(), ..Default::default() };
    let subscription_id = owner.subscribed().await["id"].as_str().unwrap().to_owned();
    let activation = billing::ActivateSubscriptionRequest { subscription_id };
    let codes = [
        client.set_manual_billing(with_token(by_hand, token)).await.map(|_| ()),
        client.create_coupon(with_token(coupon, token)).await.map(|_| ()),
        client.put_subscription_product(with_token(module("x", 1), token)).await.map(|_| ()),
        client.activate_subscription(with_token(activation, token)).await.map(|_| ()),
    ]
    .map(|answer| answer.unwrap_err().code());
    assert_eq!(codes, [Code::PermissionDenied; 4]);
}
