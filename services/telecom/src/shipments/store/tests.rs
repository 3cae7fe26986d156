use brazil::CompanyId;
use sqlx::AssertSqlSafe;
use time::Duration;

use super::*;
use crate::parcels::Parcel;
use crate::shipments::Status;
use crate::shipments::testing::details;
use crate::testing::service;

fn shipment(company_id: CompanyId, now: OffsetDateTime) -> Shipment {
    let shipment_id = ShipmentId::generate();
    Shipment::new(shipment_id, company_id, Status::Processing, details(), now)
}

#[tokio::test]
async fn a_shipment_comes_back_as_it_was_stored_and_changed() {
    let (service, _database) = service().await;
    let mut connection = service.db.acquire().await.unwrap();
    let now = service.clock.now();
    let mut shipment = shipment(CompanyId::generate(), now);
    insert(&mut connection, &shipment).await.unwrap();
    let found = find(&service.db, shipment.shipment_id).await.unwrap().unwrap();
    assert_eq!(found, shipment);

    let text = || "é \"x\"".to_owned();
    let parcel = Parcel { provider: text(), provider_id: text(), tracking_code: text() };
    assert!(shipment.book(parcel, now + Duration::HOUR, now));
    shipment.details.status_reason = Some(String::new());
    save(&mut connection, &shipment).await.unwrap();
    let found = lock(&mut connection, shipment.shipment_id).await.unwrap().unwrap();
    assert_eq!(found, shipment);
    assert_eq!(find(&service.db, ShipmentId::generate()).await.unwrap(), None);
}

#[tokio::test]
async fn a_company_sees_its_own_newest_first() {
    let (service, _database) = service().await;
    let mut connection = service.db.acquire().await.unwrap();
    let company_id = CompanyId::generate();
    let now = service.clock.now();
    let (first, second) = (shipment(company_id, now), shipment(company_id, now));
    for shipment in [&first, &second, &shipment(CompanyId::generate(), now)] {
        insert(&mut connection, shipment).await.unwrap();
    }
    assert_eq!(list(&service.db, company_id).await.unwrap(), [second, first]);
}

#[tokio::test]
async fn what_is_due_is_claimed_once() {
    let (service, _database) = service().await;
    let mut connection = service.db.acquire().await.unwrap();
    let now = service.clock.now();
    let text = || "x".to_owned();
    for minutes in [1, 2, 3] {
        let mut shipment = shipment(CompanyId::generate(), now);
        let parcel = Parcel { provider: text(), provider_id: text(), tracking_code: text() };
        shipment.book(parcel, now + Duration::minutes(minutes), now);
        insert(&mut connection, &shipment).await.unwrap();
    }
    let (due, next) = (now + Duration::minutes(2), now + Duration::HOUR);
    assert_eq!(claim_due(&service.db, due, next, 1).await.unwrap().len(), 1);
    assert_eq!(claim_due(&service.db, due, next, 10).await.unwrap().len(), 1);
    assert_eq!(claim_due(&service.db, due, next, 10).await.unwrap().len(), 0);
}

#[tokio::test]
async fn the_table_knows_what_a_shipment_cannot_be() {
    let (service, _database) = service().await;
    let mut connection = service.db.acquire().await.unwrap();
    let shipment = shipment(CompanyId::generate(), service.clock.now());
    insert(&mut connection, &shipment).await.unwrap();
    for (nonsense, constraint) in [
        ("status = 'lost'", "shipment_status"),
        ("quantity = 0", "shipment_quantity"),
        ("booking = 'maybe'", "shipment_booking"),
        ("status = 'labeled'", "shipment_to_be_booked_is_processing"),
        ("booking = 'booked'", "shipment_followed_is_booked_and_under_way"),
        ("track_at = now()", "shipment_followed_is_booked_and_under_way"),
    ] {
        let statement = format!("update shipment set {nonsense} where shipment_id = $1");
        let error = sqlx::query(AssertSqlSafe(statement))
            .bind(shipment.shipment_id.0)
            .execute(&mut *connection)
            .await
            .unwrap_err();
        assert_eq!(chassis::db::broken_constraint(&error), Some(constraint), "{nonsense}");
    }
}

#[tokio::test]
async fn hot_statements_use_their_indexes() {
    let (service, _database) = service().await;
    sqlx::query(
        "insert into shipment (shipment_id, company_id, status, booking, track_at, created_at,
                               updated_at)
         select gen_random_uuid(),
                ('00000000-0000-7000-8000-' || lpad((n % 1000)::text, 12, '0'))::uuid,
                case when n % 20 = 0 then 'labeled' else 'delivered' end, 'booked',
                case when n % 20 = 0 then $1 + n * interval '1 minute' end, $1, $1
           from generate_series(1, 20000) as n",
    )
    .bind(service.clock.now())
    .execute(&service.db)
    .await
    .unwrap();
    sqlx::query("analyze shipment").execute(&service.db).await.unwrap();

    let company_id: Uuid = "00000000-0000-7000-8000-000000000007".parse().unwrap();
    let explained = sqlx::query_scalar(AssertSqlSafe(format!("explain {LIST}")))
        .bind(company_id)
        .bind(SHIPMENTS_MAX);
    let plan: Vec<String> = explained.fetch_all(&service.db).await.unwrap();
    let plan = plan.join("\n");
    assert!(plan.contains("shipment_by_company") && !plan.contains("Seq Scan"), "{plan}");

    let now = service.clock.now();
    let explained = sqlx::query_scalar(AssertSqlSafe(format!("explain {CLAIM_DUE}")))
        .bind(now)
        .bind(now)
        .bind(100_i64);
    let plan: Vec<String> = explained.fetch_all(&service.db).await.unwrap();
    let plan = plan.join("\n");
    assert!(plan.contains("shipment_to_track"), "{plan}");
}
