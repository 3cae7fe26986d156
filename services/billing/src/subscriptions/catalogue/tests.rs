use brazil::CompanyId;
use chassis::auth::{Grant, Role};
use chassis::refusal::{Refusal as Told, Rule};
use chassis::{Service, testing};
use pb::subscription_service_server::SubscriptionService;
use postgres_local::testing::TestDatabase;
use proto::common::v1::{Money, Permission};
use time::macros::datetime;
use uuid::Uuid;

use super::super::{Rhythm, Subscription, SubscriptionId, renewing};
use super::*;
use crate::MIGRATIONS;

async fn subscriptions() -> (Subscriptions, TestDatabase) {
    let (service, database) = testing::service("billing", &MIGRATIONS, vec![]).await;
    service.clock.set(datetime!(2036-12-01 15:00 UTC)).unwrap();
    (Subscriptions { service, due_days: 5 }, database)
}

fn by_operator<T>(message: T) -> Request<T> {
    let operator = vec![Grant { role: Role::Operator, company_id: None }];
    testing::request(message, operator, Permission::OrganizationsRule)
}

fn module() -> pb::SubscriptionProduct {
    pb::SubscriptionProduct {
        code: "signatures".to_owned(),
        kind: pb::SubscriptionProductKind::Module.into(),
        name: "Signatures".to_owned(),
        amount_net: Some(Money { cents: 1_990 }),
        per: pb::SubscriptionPriceUnit::Organization.into(),
    }
}

async fn put(
    rpcs: &Subscriptions,
    product: pb::SubscriptionProduct,
) -> Result<pb::SubscriptionProduct, Refusal> {
    let request = pb::PutSubscriptionProductRequest { product: Some(product) };
    let answer = rpcs.put_subscription_product(by_operator(request)).await?;
    Ok(answer.into_inner().product.unwrap())
}

async fn listed(rpcs: &Subscriptions) -> Vec<pb::SubscriptionProduct> {
    let request = pb::ListSubscriptionProductsRequest {};
    let request = testing::request(request, vec![], Permission::OrganizationsOpen);
    rpcs.list_subscription_products(request).await.unwrap().into_inner().products
}

/// A subscription that awaits its first payment.
async fn begun(service: &Service) -> Subscription {
    let now = service.clock.now();
    let mut subscription = Subscription {
        subscription_id: SubscriptionId::generate(),
        company_id: CompanyId::generate(),
        organization_id: "k3m9x2ab".to_owned(),
        address_id: Uuid::now_v7(),
        rhythm: Rhythm::Monthly,
        payment_method_id: None,
        products: vec!["workspace".to_owned()],
        modules: vec![],
        seats: 1,
        status: Status::Awaiting,
        external_id: None,
        metadata: vec![],
        coupon: None,
        begun_on: brazil::local_date(now),
        invoices: 0,
        created_at: now,
        updated_at: now,
    };
    let tx = &mut *service.db.acquire().await.unwrap();
    store::insert(tx, &subscription).await.unwrap();
    let catalogue = store::products(&mut *tx).await.unwrap();
    renewing::issue_next(tx, &mut subscription, &catalogue, 5, now).await.unwrap();
    store::save(tx, &subscription).await.unwrap();
    subscription
}

async fn activate(
    rpcs: &Subscriptions,
    subscription_id: String,
) -> Result<pb::Subscription, Refusal> {
    let request = pb::ActivateSubscriptionRequest { subscription_id };
    let answer = rpcs.activate_subscription(by_operator(request)).await?;
    Ok(answer.into_inner().subscription.unwrap())
}

fn reason(refusal: Refusal) -> String {
    Told::of(&refusal).reason
}

#[tokio::test]
async fn the_catalogue_is_added_to_and_changed() {
    let (rpcs, _database) = subscriptions().await;
    let before = listed(&rpcs).await;
    assert_eq!(put(&rpcs, module()).await.unwrap(), module());
    let dearer = pb::SubscriptionProduct {
        name: "Digital signatures".to_owned(),
        amount_net: Some(Money { cents: 2_990 }),
        per: pb::SubscriptionPriceUnit::Seat.into(),
        ..module()
    };
    put(&rpcs, dearer.clone()).await.unwrap();
    let after = listed(&rpcs).await;
    assert_eq!(after.len(), before.len() + 1);
    assert!(after.contains(&dearer) && !after.contains(&module()));
    assert!(after.is_sorted_by_key(|product| product.code.clone()));
}

#[tokio::test]
async fn every_wrong_member_of_a_product_is_named() {
    let (rpcs, _database) = subscriptions().await;
    let wrong = async |product: pb::SubscriptionProduct| {
        let refusal = put(&rpcs, product).await.unwrap_err();
        let broken = Told::of(&refusal).violations.into_iter();
        broken.map(|broken| (broken.field, broken.rule)).collect::<Vec<_>>()
    };
    let of = |field: &str, rule| (format!("product.{field}"), rule);
    let expected = [
        of("code", Rule::Required),
        of("name", Rule::Required),
        of("kind", Rule::Required),
        of("per", Rule::Required),
    ];
    assert_eq!(wrong(pb::SubscriptionProduct::default()).await, expected);
    let odd = pb::SubscriptionProduct { code: "No Code".to_owned(), ..module() };
    assert_eq!(wrong(odd).await, [of("code", Rule::Format)]);
    let long = pb::SubscriptionProduct {
        code: "x".repeat(CODE_MAX + 1),
        name: "x".repeat(NAME_MAX + 1),
        ..module()
    };
    assert_eq!(wrong(long).await, [of("code", Rule::TooLong), of("name", Rule::TooLong)]);
    for cents in [-1, AMOUNT_MAX + 1] {
        let amount_net = Some(Money { cents });
        let dear = pb::SubscriptionProduct { amount_net, ..module() };
        assert_eq!(wrong(dear).await, [of("amount_net", Rule::OutOfRange)]);
    }
}

#[tokio::test]
async fn only_what_is_billed_by_hand_is_made_active_by_hand() {
    let (rpcs, _database) = subscriptions().await;
    let service = &rpcs.service;
    let subscription = begun(service).await;
    let id = subscription.subscription_id.to_string();
    for unknown in [SubscriptionId::generate().to_string(), "x".to_owned()] {
        let refusal = activate(&rpcs, unknown).await.unwrap_err();
        assert_eq!(reason(refusal), "SUBSCRIPTION_NOT_FOUND");
    }
    let refusal = activate(&rpcs, id.clone()).await.unwrap_err();
    assert_eq!(reason(refusal), "NOT_BILLED_BY_HAND");

    let by_hand = async |by_hand| {
        let tx = &mut *service.db.acquire().await.unwrap();
        store::set_manual_billing(tx, subscription.company_id, by_hand).await.unwrap();
    };
    by_hand(true).await;
    let active = activate(&rpcs, id.clone()).await.unwrap();
    assert_eq!(active.status(), pb::SubscriptionStatus::Active);
    let again = activate(&rpcs, id.clone()).await.unwrap();
    assert_eq!(again.status(), pb::SubscriptionStatus::Active);
    by_hand(false).await;
    let refusal = activate(&rpcs, id.clone()).await.unwrap_err();
    assert_eq!(reason(refusal), "NOT_BILLED_BY_HAND");

    by_hand(true).await;
    let found = store::find(&service.db, subscription.subscription_id).await.unwrap().unwrap();
    let ended = Subscription { status: Status::Canceled, ..found };
    store::save(&mut service.db.acquire().await.unwrap(), &ended).await.unwrap();
    let refusal = activate(&rpcs, id).await.unwrap_err();
    assert_eq!(reason(refusal), "SUBSCRIPTION_CANCELED");
}
