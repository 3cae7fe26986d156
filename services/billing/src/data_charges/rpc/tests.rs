use brazil::{CompanyId, LineId};
use chassis::testing;
use time::macros::datetime;

use super::*;
use crate::MIGRATIONS;

#[tokio::test]
async fn a_top_up_is_charged_once_and_by_a_run_that_is_still_to_come() {
    let (service, _database) = testing::service("billing", &MIGRATIONS, vec![]).await;
    let event = DataToppedUp {
        line_id: LineId::generate().to_string(),
        company_id: Some(CompanyId::generate().to_string()),
        user_id: None,
        top_up_id: Uuid::now_v7().to_string(),
        quantity_mb: 1_500,
        unit_price_cents: 10_000,
        total_cents: 15_000,
        given_at: Some(timestamp::to_proto(datetime!(2026-11-01 02:00 UTC))),
    };
    let mut connection = service.db.acquire().await.unwrap();
    data_topped_up(&mut connection, event.clone()).await.unwrap();
    data_topped_up(&mut connection, event.clone()).await.unwrap();
    sqlx::query(
        "insert into billing_run (period, state, started_at) values ('2026-10-01', 'running', $1)",
    )
    .bind(service.clock.now())
    .execute(&mut *connection)
    .await
    .unwrap();
    data_topped_up(&mut connection, event.clone()).await.unwrap();
    let late = DataToppedUp { top_up_id: Uuid::now_v7().to_string(), ..event.clone() };
    data_topped_up(&mut connection, late).await.unwrap();
    for wrong in [
        DataToppedUp { top_up_id: "1".to_owned(), ..event.clone() },
        DataToppedUp { company_id: None, ..event.clone() },
        DataToppedUp { quantity_mb: 0, ..event.clone() },
        DataToppedUp { given_at: None, ..event.clone() },
    ] {
        assert!(data_topped_up(&mut connection, wrong).await.is_err());
    }
    let charged: Vec<(String, i64)> =
        sqlx::query_as("select period::text, total_cents from data_charge order by period")
            .fetch_all(&mut *connection)
            .await
            .unwrap();
    let expected = [("2026-10-01", 15_000), ("2026-11-01", 15_000)];
    assert_eq!(charged, expected.map(|(period, cents)| (period.to_owned(), cents)));
}
