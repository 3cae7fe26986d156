use chassis::Service;
use chassis::testing;
use postgres_local::testing::TestDatabase;
use time::Duration;

use super::*;
use crate::MIGRATIONS;

async fn service() -> (Service, TestDatabase) {
    testing::service("billing", &MIGRATIONS, vec![]).await
}

fn cents(amount: i64) -> Price {
    Cents::new(amount).try_into().unwrap()
}

fn plan(service: &Service, name: &str, price: i64) -> Plan {
    Plan {
        plan_id: PlanId::generate(),
        name: name.to_owned(),
        available_data: DataVolume::from_gigabytes(7.5).unwrap(),
        price: cents(price),
        data_unit_price: cents(1_000),
        created_at: service.clock.now(),
    }
}

async fn try_insert(service: &Service, plan: &Plan) -> Result<(), Error> {
    insert(&mut service.db.acquire().await.unwrap(), plan).await
}

async fn try_set(
    service: &Service,
    company_id: CompanyId,
    plan_id: PlanId,
    amount: i64,
) -> Result<(), Error> {
    let price = CompanyPrice {
        company_id,
        plan_id,
        price: cents(amount),
        effective_from: service.clock.now(),
        set_by: "user:1".to_owned(),
    };
    set_price(&mut service.db.acquire().await.unwrap(), &price).await
}

async fn paid(service: &Service, company_id: CompanyId, at: OffsetDateTime) -> Vec<i64> {
    let plans = list_for_company(&service.db, company_id, at).await.unwrap();
    plans.into_iter().map(|plan| Cents::from(plan.price).get()).collect()
}

#[tokio::test]
async fn plans_come_back_as_they_were_stored_oldest_first() {
    let (service, _database) = service().await;
    let plans = [plan(&service, "Zero", 0), plan(&service, "Básico", 4_990)];
    for plan in &plans {
        try_insert(&service, plan).await.unwrap();
    }
    assert_eq!(list(&service.db).await.unwrap(), plans);
    let ids = [plans[1].plan_id.0, PlanId::generate().0];
    assert_eq!(find(&service.db, &ids).await.unwrap(), plans[1..]);
}

#[tokio::test]
async fn a_name_is_one_plans() {
    let (service, _database) = service().await;
    try_insert(&service, &plan(&service, "Básico", 1)).await.unwrap();
    let taken = try_insert(&service, &plan(&service, "Básico", 2)).await;
    assert!(matches!(taken, Err(Error::PlanNameTaken(name)) if name == "Básico"));
}

#[tokio::test]
async fn the_newest_price_that_has_begun_counts() {
    let (service, _database) = service().await;
    let (cheap, dear) = (plan(&service, "Cheap", 1_000), plan(&service, "Dear", 9_000));
    for plan in [&cheap, &dear] {
        try_insert(&service, plan).await.unwrap();
    }
    let (company_id, other) = (CompanyId::generate(), CompanyId::generate());
    let start = service.clock.now();
    assert_eq!(paid(&service, company_id, start).await, [1_000, 9_000]);

    try_set(&service, company_id, dear.plan_id, 8_000).await.unwrap();
    service.clock.advance(Duration::days(30)).unwrap();
    let month_later = service.clock.now();
    try_set(&service, company_id, dear.plan_id, 7_000).await.unwrap();

    assert_eq!(paid(&service, company_id, start - Duration::SECOND).await, [1_000, 9_000]);
    assert_eq!(paid(&service, company_id, month_later - Duration::DAY).await, [1_000, 8_000]);
    assert_eq!(paid(&service, company_id, service.clock.now()).await, [1_000, 7_000]);
    assert_eq!(paid(&service, other, service.clock.now()).await, [1_000, 9_000]);

    let now = service.clock.now();
    let plans = list_for_company(&service.db, company_id, now).await.unwrap();
    assert_eq!(plans[1].plan, dear);
}

#[tokio::test]
async fn of_two_prices_of_one_moment_the_later_counts() {
    let (service, _database) = service().await;
    let plan = plan(&service, "Básico", 1_000);
    try_insert(&service, &plan).await.unwrap();
    let mut price = CompanyPrice {
        company_id: CompanyId::generate(),
        plan_id: plan.plan_id,
        price: cents(500),
        effective_from: service.clock.now(),
        set_by: "user:1".to_owned(),
    };
    let mut connection = service.db.acquire().await.unwrap();
    set_price(&mut connection, &price).await.unwrap();
    price.price = cents(600);
    set_price(&mut connection, &price).await.unwrap();
    assert_eq!(paid(&service, price.company_id, price.effective_from).await, [600]);
}

#[tokio::test]
async fn a_price_is_for_a_plan_of_the_catalogue() {
    let (service, _database) = service().await;
    let absent = PlanId::generate();
    let refused = try_set(&service, CompanyId::generate(), absent, 1).await;
    assert!(matches!(refused, Err(Error::PlanNotFound(id)) if id == absent));
}

#[tokio::test]
async fn a_long_history_is_read_by_its_key() {
    let (service, _database) = service().await;
    let plan = plan(&service, "Básico", 1_000);
    try_insert(&service, &plan).await.unwrap();
    let company_id = CompanyId::generate();
    sqlx::query(
        "insert into company_price (company_id, plan_id, price_cents, effective_from, set_by)
         select case when n % 100 = 0 then $1 else gen_random_uuid() end, $2, n,
                $3 - n * interval '1 second', 'x'
           from generate_series(1, 10000) as n",
    )
    .bind(company_id.0)
    .bind(plan.plan_id.0)
    .bind(service.clock.now())
    .execute(&service.db)
    .await
    .unwrap();
    sqlx::query("analyze company_price").execute(&service.db).await.unwrap();
    assert_eq!(paid(&service, company_id, service.clock.now()).await, [100]);
    let plan: Vec<String> = sqlx::query_scalar(
        "explain select price_cents from company_price
          where company_id = $1 and plan_id = $2 and effective_from <= now()
          order by effective_from desc limit 1",
    )
    .bind(company_id.0)
    .bind(plan.plan_id.0)
    .fetch_all(&service.db)
    .await
    .unwrap();
    let plan = plan.join("\n");
    assert!(plan.contains("company_price_pkey") && !plan.contains("Sort"), "{plan}");
}
