use sqlx::AssertSqlSafe;

use super::*;
use crate::line_orders::StepName;
use crate::line_orders::testing::wanted;
use crate::testing::service;
use crate::timeline::Actor;

fn scope(company_ids: &[CompanyId]) -> Scope {
    let company_ids = company_ids.iter().copied().map(Uuid::from).collect();
    Scope { everything: false, company_ids, user_id: None }
}

#[tokio::test]
async fn an_order_comes_back_as_it_was_stored_and_changed() {
    let (service, _database) = service().await;
    let mut connection = service.db.acquire().await.unwrap();
    let now = service.clock.now();
    let mut order = LineOrder::place(wanted(), Actor::service("test"), now);
    insert(&mut connection, &order).await.unwrap();
    let found = find(&service.db, order.line_order_id).await.unwrap().unwrap();
    assert_eq!(found, order);

    order.progress.complete(StepName::Line, service.clock.now());
    order.progress.refuse(StepName::User, "é \"x\"", service.clock.now());
    order.user_id = Some(UserId::generate());
    order.updated_at = service.clock.now();
    save(&mut connection, &order).await.unwrap();
    let found = lock(&mut connection, order.line_order_id).await.unwrap().unwrap();
    assert_eq!(found, order);
}

#[tokio::test]
async fn an_order_is_found_where_it_belongs() {
    let (service, _database) = service().await;
    let mut connection = service.db.acquire().await.unwrap();
    let order = LineOrder::place(wanted(), Actor::service("test"), service.clock.now());
    insert(&mut connection, &order).await.unwrap();
    let (mine, other) = (order.wanted.company_id, CompanyId::generate());
    let find = async |scope| find_in_scope(&service.db, order.line_order_id, &scope).await.unwrap();
    assert!(find(scope(&[other, mine])).await.is_some());
    assert!(find(scope(&[other])).await.is_none());
}

#[tokio::test]
async fn lines_find_the_orders_that_wait_for_them() {
    let (service, _database) = service().await;
    let mut connection = service.db.acquire().await.unwrap();
    let now = service.clock.now();
    let open = LineOrder::place(wanted(), Actor::service("test"), now);
    let mut ended = LineOrder::place(wanted(), Actor::service("test"), now);
    ended.progress.refuse(StepName::Line, "no", now);
    for order in [&open, &ended] {
        insert(&mut connection, order).await.unwrap();
    }
    let line_ids = [open.line_id.0, ended.line_id.0, Uuid::now_v7()];
    let found = open_of_lines(&mut connection, &line_ids).await.unwrap();
    assert_eq!(found, [open.line_order_id]);
}

#[tokio::test]
async fn waking_uses_its_index() {
    let (service, _database) = service().await;
    sqlx::query(
        "insert into line_order (
             line_order_id, company_id, plan_id, area_code, change_ownership, line_id, shipment_id,
             placed_by, state, steps, created_at, updated_at
         )
         select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 41, true,
                gen_random_uuid(), gen_random_uuid(), '{}',
                case when n % 100 = 0 then 'running' else 'done' end, '[]', $1, $1
           from generate_series(1, 20000) as n",
    )
    .bind(service.clock.now())
    .execute(&service.db)
    .await
    .unwrap();
    sqlx::query("analyze line_order").execute(&service.db).await.unwrap();
    let plan: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!("explain {OPEN_OF_LINES}")))
        .bind(vec![Uuid::now_v7()])
        .fetch_all(&service.db)
        .await
        .unwrap();
    let plan = plan.join("\n");
    assert!(!plan.contains("Seq Scan"), "{plan}");
}
