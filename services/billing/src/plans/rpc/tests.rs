use brazil::CompanyId;
use chassis::auth::{Grant, Role};
use chassis::refusal::Refusal;
use chassis::testing;
use postgres_local::testing::TestDatabase;
use proto::common::v1::Permission;
use tonic::Code;

use super::*;
use crate::MIGRATIONS;

async fn plans() -> (Plans, TestDatabase) {
    let (service, database) = testing::service("billing", &MIGRATIONS, vec![]).await;
    (Plans { service }, database)
}

fn operator() -> Vec<Grant> {
    vec![Grant { role: Role::Operator, company_id: None }]
}

fn basic() -> pb::Plan {
    pb::Plan {
        name: "Básico".to_owned(),
        available_data_gb: 7.5,
        price: Some(Money { cents: 4_990 }),
        data_unit_price: Some(Money { cents: 0 }),
        ..Default::default()
    }
}

async fn create(plans: &Plans, plan: pb::Plan) -> Result<pb::Plan, Status> {
    let request = pb::CreatePlanRequest { plan: Some(plan) };
    let request = testing::request(request, operator(), Permission::PlansCreate);
    Ok(plans.create_plan(request).await?.into_inner().plan.unwrap())
}

fn wrong_fields(status: &Status) -> Vec<String> {
    assert_eq!(status.code(), Code::InvalidArgument);
    Refusal::of(status).violations.into_iter().map(|broken| broken.field).collect()
}

#[tokio::test]
async fn a_plan_joins_the_catalogue_once() {
    let (plans, _database) = plans().await;
    let plan = create(&plans, basic()).await.unwrap();
    assert_eq!((plan.available_data_gb, plan.price), (7.5, Some(Money { cents: 4_990 })));
    let again = create(&plans, basic()).await.unwrap_err();
    assert_eq!(again.code(), Code::AlreadyExists);
    assert_eq!(Refusal::of(&again).reason, "PLAN_NAME_TAKEN");

    let request = testing::request(pb::ListPlansRequest {}, operator(), Permission::PlansCreate);
    let catalogue = plans.list_plans(request).await.unwrap().into_inner().plans;
    assert_eq!(catalogue, std::slice::from_ref(&plan));
    let plan_ids = vec![plan.id.clone(), PlanId::generate().to_string()];
    let request = pb::BatchGetPlansRequest { plan_ids };
    let request = testing::request(request, vec![], Permission::PlansRead);
    assert_eq!(plans.batch_get_plans(request).await.unwrap().into_inner().plans, [plan]);
}

#[tokio::test]
async fn every_wrong_field_of_a_plan_is_named() {
    let (plans, _database) = plans().await;
    let plan = pb::Plan { available_data_gb: f64::NAN, ..Default::default() };
    let refusal = create(&plans, plan).await.unwrap_err();
    let expected = ["plan.name", "plan.available_data_gb", "plan.price", "plan.data_unit_price"];
    assert_eq!(wrong_fields(&refusal), expected);
    let plan = pb::Plan { price: Some(Money { cents: -1 }), ..basic() };
    assert_eq!(wrong_fields(&create(&plans, plan).await.unwrap_err()), ["plan.price"]);
}

#[tokio::test]
async fn a_company_of_others_has_no_prices() {
    let (plans, _database) = plans().await;
    let plan = create(&plans, basic()).await.unwrap();
    let mine = CompanyId::generate();
    let list = async |company_id: CompanyId| {
        let grants = vec![Grant { role: Role::Member, company_id: Some(mine.0) }];
        let request = pb::ListCompanyPlansRequest { company_id: company_id.to_string() };
        let request = testing::request(request, grants, Permission::PricesRead);
        plans.list_company_plans(request).await.map(|answer| answer.into_inner().plans)
    };
    let company_price = plan.price;
    assert_eq!(list(mine).await.unwrap(), [pb::CompanyPlan { plan: Some(plan), company_price }]);
    let refusal = list(CompanyId::generate()).await.unwrap_err();
    assert_eq!(refusal.code(), Code::NotFound);
    assert_eq!(Refusal::of(&refusal).reason, "COMPANY_NOT_FOUND");
}

#[tokio::test]
async fn a_price_that_is_none_is_refused() {
    let (plans, _database) = plans().await;
    let request = pb::SetCompanyPriceRequest {
        company_id: CompanyId::generate().to_string(),
        plan_id: "7".to_owned(),
        price: Some(Money { cents: i64::MAX }),
    };
    let request = testing::request(request, operator(), Permission::PricesSet);
    let refusal = plans.set_company_price(request).await.unwrap_err();
    assert_eq!(wrong_fields(&refusal), ["plan_id", "price"]);
}
