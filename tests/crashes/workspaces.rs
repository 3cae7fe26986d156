//! An organization has its owner, a subscription its invoices and a bank its transactions once,
//! whoever dies in between.

use harness::invariants::assert_invariants;
use harness::{Rest, World};
use local::Part;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{crash_at, persist};

pub(crate) const POINTS: [(&str, Part); 1] = [("company.organization.opened", Part::Company)];
pub(crate) const BILLING_POINTS: [(&str, Part); 4] = [
    ("billing.subscription.before_invoices", Part::Billing),
    ("billing.subscription.registered", Part::Billing),
    ("billing.bank.read", Part::Billing),
    ("billing.bank.connected", Part::Billing),
];

async fn owner(world: &World) -> Rest {
    let account = world.demo.workspace.as_ref().expect("an organization");
    world.rest().log_in(&account.email, &account.password).await
}

#[tokio::test]
async fn an_organization_is_owned_whoever_dies() {
    let mut world = World::own().await;
    let (point, part) = POINTS[0];
    let owner = owner(&world).await;
    let new = json!({"name": "Filial Ipê"});
    let opening = persist(owner.clone(), Method::POST, "/organizations".to_owned(), new, 201);
    let opened = crash_at(&mut world, point, part, opening).await.body;
    let read = owner.get(opened["@id"].as_str().unwrap()).await.expect(200);
    assert_eq!(read["organizationUsers"][0]["role"], "owner");
    let listed = owner.get("/organizations").await.expect(200);
    assert_eq!(listed["hydra:totalItems"], 2, "it is opened once");
}

#[tokio::test]
async fn a_subscription_is_invoiced_and_collected_once_whoever_dies() {
    let mut world = World::own().await;
    let database = world.database().await;
    let rest = owner(&world).await;
    let current = rest.get("/subscriptions").await.expect(200)["hydra:member"][0].clone();
    rest.post(&format!("{}/cancel", current["@id"].as_str().unwrap()), &json!({}))
        .await
        .expect(201);
    let method = rest.post("/payment-methods", &json!({"type": "pix"})).await.expect(201);
    let (point, part) = BILLING_POINTS[1];
    let new = json!({
        "organization": current["organization"], "type": "monthly", "products": ["workspace"],
        "organizationAddress": current["organizationAddress"], "paymentMethod": method["@id"]
    });
    let subscribing = persist(rest.clone(), Method::POST, "/subscriptions".to_owned(), new, 201);
    let made = crash_at(&mut world, point, part, subscribing).await.body;
    let path = made["@id"].as_str().unwrap().to_owned();
    // Whoever dies with invoices in hand keeps them for a while.
    world.advance("PT1M").await;
    world.settle().await;
    let named = rest.get(&path).await.expect(200);
    assert!(named["externalId"].is_string(), "{named}");
    assert_invariants(&database, point).await;

    let (point, part) = BILLING_POINTS[0];
    let sandbox = world.rest();
    let waiting = async move {
        sandbox.post("/sandbox/clock", &json!({"advance": "P32D"})).await.expect(200)
    };
    crash_at(&mut world, point, part, waiting).await;
    let rest = owner(&world).await;
    let invoices = rest.get(&format!("{path}/invoices")).await.expect(200);
    assert_eq!(invoices["hydra:totalItems"], 2);
    assert_invariants(&database, point).await;
}

#[tokio::test]
async fn transactions_are_imported_once_whoever_dies() {
    let mut world = World::own().await;
    let rest = owner(&world).await;
    let setup = json!({"sessionId": "s", "sessionIdSignature": "x", "target": "BancoDoBrasil"});
    rest.post("/integrations/kontomatik/setup", &setup).await.expect(201);
    let (point, part) = BILLING_POINTS[2];
    let path = "/integrations/kontomatik/pull".to_owned();
    let pulling = persist(rest.clone(), Method::POST, path, json!({}), 201);
    let pulled = crash_at(&mut world, point, part, pulling).await.body;
    let done = rest.get(pulled["@id"].as_str().unwrap()).await.expect(200);
    assert_eq!((&done["status"], &done["imported"]), (&json!("done"), &json!(10)));
    let connection = done["bankConnection"].as_str().unwrap();
    let listed = rest.get(&format!("{connection}/transactions")).await.expect(200);
    assert_eq!(listed["hydra:totalItems"], Value::from(10));
}

#[tokio::test]
async fn a_bank_is_connected_once_whoever_dies() {
    let mut world = World::own().await;
    let rest = owner(&world).await;
    let setup = json!({"sessionId": "s", "sessionIdSignature": "x", "target": "BancoDoBrasil"});
    let (point, part) = BILLING_POINTS[3];
    let path = "/integrations/kontomatik/setup".to_owned();
    let connecting = persist(rest.clone(), Method::POST, path, setup, 201);
    let connected = crash_at(&mut world, point, part, connecting).await.body;
    let listed = rest.get("/bank-connections").await.expect(200);
    assert_eq!(listed["hydra:totalItems"], 1);
    let consents = world.stack.bank().consents();
    assert_eq!(consents.len(), 2, "the one of the setup that broke off is there still");
    world.advance("PT3M").await;
    let kept = connected["bankConnection"].as_str().unwrap();
    let kept = kept.strip_prefix("/bank-connections/").unwrap().parse().unwrap();
    assert_eq!(world.stack.bank().consents(), std::collections::HashSet::from([kept]));
}
