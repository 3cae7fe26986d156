use time::Duration;
use time::macros::date;

use super::*;
use crate::MIGRATIONS;
use crate::testing::{DUE, IN_TIME, invoice, status};

const OVERDUE_AT: OffsetDateTime = time::macros::datetime!(2036-12-09 03:00 UTC);
const TODAY: Date = date!(2036 - 12 - 09);

async fn collected(db: &PgPool, company_id: CompanyId, period: Date) -> InvoiceId {
    let invoice_id = invoice(db, company_id, period).await;
    sqlx::query("insert into collection (invoice_id, company_id, overdue_at) values ($1, $2, $3)")
        .bind(invoice_id.0)
        .bind(company_id.0)
        .bind(OVERDUE_AT)
        .execute(db)
        .await
        .unwrap();
    invoice_id
}

#[tokio::test]
async fn an_invoice_falls_overdue_when_its_last_day_has_passed() {
    let (service, _database) = chassis::testing::service("billing", &MIGRATIONS, vec![]).await;
    let (db, company_id) = (&service.db, CompanyId::generate());
    let invoice_id = collected(db, company_id, date!(2036 - 11 - 01)).await;
    let second = collected(db, company_id, date!(2036 - 10 - 01)).await;
    let yesterday = date!(2036 - 12 - 08);
    assert_eq!(note_overdue(db, IN_TIME, yesterday, 10).await.unwrap(), 0);
    assert_eq!(status(db, invoice_id).await, "pending");
    assert_eq!(note_overdue(db, OVERDUE_AT, TODAY, 1).await.unwrap(), 1);
    assert_eq!(note_overdue(db, OVERDUE_AT, TODAY, 10).await.unwrap(), 1);
    assert_eq!(note_overdue(db, OVERDUE_AT, TODAY, 10).await.unwrap(), 0);
    assert_eq!(status(db, second).await, "overdue");
    assert_eq!(to_review(db, OVERDUE_AT, 10).await.unwrap(), [company_id.0]);

    let mut tx = db.begin().await.unwrap();
    let oldest = oldest_overdue(&mut tx, company_id, OVERDUE_AT).await.unwrap().unwrap();
    assert_eq!(oldest.invoice_id, invoice_id.min(second));
    assert_eq!((oldest.amount.get(), oldest.due_date), (10_000, DUE));
    assert_eq!(oldest_overdue(&mut tx, company_id, IN_TIME).await.unwrap(), None);
}

#[tokio::test]
async fn a_company_is_looked_at_by_one_at_a_time_and_when_it_is_time() {
    let (service, _database) = chassis::testing::service("billing", &MIGRATIONS, vec![]).await;
    let (db, company_id) = (&service.db, CompanyId::generate());
    collected(db, company_id, date!(2036 - 11 - 01)).await;
    note_overdue(db, OVERDUE_AT, TODAY, 10).await.unwrap();
    let take =
        async |tx: &mut PgConnection, now| take_to_review(tx, company_id.0, now).await.unwrap();
    let mut first = db.begin().await.unwrap();
    let mut second = db.begin().await.unwrap();
    assert_eq!(take(&mut first, OVERDUE_AT).await, Some(Standing::good(company_id)));
    assert_eq!(take(&mut second, OVERDUE_AT).await, None);
    second.rollback().await.unwrap();
    let noticed = Standing {
        state: State::Noticed,
        noticed_at: Some(OVERDUE_AT),
        ..Standing::good(company_id)
    };
    let later = OVERDUE_AT + Duration::days(15);
    save(&mut first, &noticed, Some(later)).await.unwrap();
    first.commit().await.unwrap();
    assert_eq!(find(db, company_id).await.unwrap(), Some(noticed));
    assert!(to_review(db, OVERDUE_AT, 10).await.unwrap().is_empty());
    assert_eq!(to_review(db, later, 10).await.unwrap(), [company_id.0]);

    collected(db, company_id, date!(2036 - 10 - 01)).await;
    note_overdue(db, OVERDUE_AT, TODAY, 10).await.unwrap();
    assert!(to_review(db, OVERDUE_AT, 10).await.unwrap().is_empty(), "the clock runs on");
}

#[tokio::test]
async fn a_company_is_locked_be_it_known_or_not() {
    let (service, _database) = chassis::testing::service("billing", &MIGRATIONS, vec![]).await;
    let company_id = CompanyId::generate();
    assert_eq!(find(&service.db, company_id).await.unwrap(), None);
    let mut tx = service.db.begin().await.unwrap();
    assert_eq!(lock(&mut tx, company_id).await.unwrap(), Standing::good(company_id));
    assert_eq!(lock(&mut tx, company_id).await.unwrap(), Standing::good(company_id));
}
