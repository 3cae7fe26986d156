use brazil::Cents;
use time::Duration;
use time::macros::{date, datetime};

use super::*;
use crate::MIGRATIONS;
use crate::letters;

const NOW: OffsetDateTime = datetime!(2026-12-08 15:00 UTC);

fn letter() -> Letter {
    letters::notice(Cents::new(100), date!(2026 - 12 - 05), NOW)
}

#[tokio::test]
async fn letters_are_taken_once_and_in_order() {
    let (service, _database) = chassis::testing::service("billing", &MIGRATIONS, vec![]).await;
    let (one, other) = (CompanyId::generate(), CompanyId::generate());
    let mut tx = service.db.begin().await.unwrap();
    keep(&mut tx, one, letter(), NOW).await.unwrap();
    keep(&mut tx, one, letters::termination(), NOW).await.unwrap();
    keep(&mut tx, other, letter(), NOW + Duration::HOUR).await.unwrap();
    tx.commit().await.unwrap();

    let waiting = companies_waiting(&service.db, NOW, 10).await.unwrap();
    assert_eq!(waiting, [one.0]);

    let mut first = service.db.begin().await.unwrap();
    let taken = take(&mut first, &waiting, NOW, 10).await.unwrap();
    let contents: Vec<_> = taken.into_iter().map(|waiting| waiting.content).collect();
    assert_eq!(contents, [letter(), letters::termination()]);
    let mut second = service.db.begin().await.unwrap();
    assert!(take(&mut second, &waiting, NOW, 10).await.unwrap().is_empty());
    first.commit().await.unwrap();
    second.commit().await.unwrap();
    assert!(companies_waiting(&service.db, NOW, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_letter_without_an_address_waits() {
    let (service, _database) = chassis::testing::service("billing", &MIGRATIONS, vec![]).await;
    let company_id = CompanyId::generate();
    let mut tx = service.db.begin().await.unwrap();
    keep(&mut tx, company_id, letter(), NOW).await.unwrap();
    tx.commit().await.unwrap();
    postpone(&service.db, &[company_id.0], NOW + Duration::HOUR).await.unwrap();
    assert!(companies_waiting(&service.db, NOW, 10).await.unwrap().is_empty());
    let later = NOW + Duration::HOUR;
    assert_eq!(companies_waiting(&service.db, later, 10).await.unwrap(), [company_id.0]);
}
