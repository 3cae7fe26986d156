use proto::company::v1::import_row::Row;
use proto::identity::v1 as identity;

use super::rows::{Phase, Seen};
use super::*;
use crate::schools::testing;

fn row(row_number: u32, row: Row) -> pb::ImportRow {
    pb::ImportRow { row_number, row: Some(row) }
}

fn person(row_number: u32, reference: &str, external_id: Option<&str>) -> pb::ImportRow {
    let person = identity::SchoolPersonInput {
        reference: reference.to_owned(),
        external_id: external_id.map(str::to_owned),
        ..Default::default()
    };
    let school_reference = "s1".to_owned();
    row(row_number, Row::Person(pb::ImportPerson { school_reference, person: Some(person) }))
}

#[test]
fn a_row_comes_after_what_it_refers_to() {
    let mut seen = Seen::default();
    let mut gone = testing::integration("a", "s1", "ONE");
    gone.inactive = true;
    let rows = [
        person(1, "p1", None),
        row(2, Row::Class(testing::class("s1", "c1", None))),
        row(3, Row::Integration(testing::integration("a", "s2", "ONE"))),
        row(4, Row::Integration(gone)),
        row(5, Row::School(testing::school("s1", "t"))),
        row(6, Row::Tenant(testing::tenant("t"))),
    ];
    let phases: Vec<Phase> = rows.iter().map(|row| seen.admit(row).unwrap()).collect();
    assert!(phases.iter().rev().is_sorted(), "{phases:?}");
    assert_eq!(seen.school_references.len(), 1);
    assert_eq!(seen.client_ids.len(), 1);
}

#[test]
fn a_key_belongs_to_the_first_row_that_has_it() {
    let mut seen = Seen::default();
    seen.admit(&person(1, "p1", Some("e1"))).unwrap();
    seen.admit(&person(2, "p2", None)).unwrap();
    let again = seen.admit(&person(3, " p1", None)).unwrap_err();
    assert_eq!(again.field, "person.reference");
    assert_eq!(again.reason, "is that of row 1 already");
    let called = seen.admit(&person(4, "p4", Some("e1"))).unwrap_err();
    assert_eq!((called.row_number, called.field.as_str()), (4, "person.external_id"));
    // A refused row takes no key.
    seen.admit(&person(5, "p4", Some("e5"))).unwrap();
}

#[test]
fn a_row_that_cannot_be_put_is_refused_for_its_first_fault() {
    let mut seen = Seen::default();
    let mut school = testing::school("s1", "t");
    school.trade_name = "x".repeat(51);
    let refused = seen.admit(&row(7, Row::School(school))).unwrap_err();
    assert_eq!(refused.field, "school.trade_name");
    assert_eq!(refused.reason, "has more than 50 characters");
    let refused = seen.admit(&pb::ImportRow { row_number: 8, row: None }).unwrap_err();
    assert_eq!((refused.row_number, refused.field.as_str()), (8, "row"));
    let reason = format!("is no JSON\n{}", "x".repeat(300));
    let refused = seen.admit(&row(9, Row::Unreadable(reason))).unwrap_err();
    assert_eq!(refused.reason.len(), 200);
    assert!(refused.reason.starts_with("is no JSONx"));
}

/// The longest values that there may be.
fn long(length: usize) -> String {
    "\u{1F392}".repeat(length)
}

#[test]
fn the_longest_rows_are_short_enough_and_longer_ones_are_refused() {
    let mut seen = Seen::default();
    let text = |length| Some(long(length));
    let whole = identity::SchoolPersonInput {
        reference: long(50),
        external_id: text(50),
        name: long(100),
        birth_date: Some("2005-06-15T00:00:00.000Z".to_owned()),
        document: Some(identity::PersonDocument { r#type: long(10), value: long(20) }),
        email: text(200),
        academic_email: text(200),
        ddi: Some("+555".to_owned()),
        cell_phone_number: text(20),
        profiles: vec!["FinancialOperator".to_owned(); 16],
        inactive: true,
        account_id: Some(Uuid::now_v7().to_string()),
    };
    let person = |person: identity::SchoolPersonInput| {
        Row::Person(pb::ImportPerson { school_reference: long(50), person: Some(person) })
    };
    seen.admit(&row(1, person(whole.clone()))).unwrap();
    let much = identity::SchoolPersonInput { name: long(1_000), reference: long(49), ..whole };
    let refused = seen.admit(&row(2, person(much))).unwrap_err();
    assert_eq!(
        (refused.field.as_str(), refused.reason.as_str()),
        ("row", "has more than 4000 bytes")
    );

    let address = pb::SchoolAddress {
        street: long(100),
        number: long(10),
        neighborhood: long(50),
        city: long(50),
        state: long(50),
        postal_code: long(10),
    };
    let school = pb::SchoolInput {
        reference: long(50),
        tenant_reference: long(50),
        trade_name: long(50),
        company_name: long(50),
        document: Some(pb::SchoolDocument { document_type: long(20), document_value: long(18) }),
        addresses: vec![address; 10],
        inactive: false,
    };
    seen.admit(&row(3, Row::School(school.clone()))).unwrap();
    let much = pb::SchoolInput { trade_name: long(4_000), ..school };
    let refused = seen.admit(&row(4, Row::School(much))).unwrap_err();
    assert_eq!(refused.reason, "has more than 16000 bytes");
}

#[test]
fn row_numbers_grow() {
    let mut seen = Seen::default();
    assert!(!seen.follows(&person(0, "p", None)));
    assert!(seen.follows(&person(3, "p", None)));
    assert!(!seen.follows(&person(3, "q", None)));
    assert!(seen.follows(&person(4, "q", None)));
    assert_eq!(seen.count, 4);
}

#[tokio::test]
async fn kept_rows_are_sealed_and_come_back_in_order() {
    let (service, _database) =
        chassis::testing::service("company", &crate::MIGRATIONS, vec![]).await;
    let (db, keyring, now) = (&service.db, &service.keyring, service.clock.now());
    let attempt_id = Uuid::now_v7();
    let rows = [
        (Phase::People, person(1, "Maria", None)),
        (Phase::Tenants, row(2, Row::Tenant(testing::tenant("t")))),
        (Phase::People, person(3, "João", None)),
    ];
    store::keep(db, keyring, attempt_id, &rows, now).await.unwrap();
    let sealed: Vec<Vec<u8>> =
        sqlx::query_scalar("select row_sealed from school_import_row").fetch_all(db).await.unwrap();
    assert!(sealed.iter().all(|bytes| !String::from_utf8_lossy(bytes).contains("Maria")));

    let connection = &mut *db.acquire().await.unwrap();
    let mut kept = async |after, last| {
        let kept = store::kept(connection, keyring, attempt_id, after, last).await.unwrap();
        kept.into_iter().map(|(_, row)| row.row_number).collect::<Vec<_>>()
    };
    assert_eq!(kept((0, 0), Phase::Consumptions).await, [2, 1, 3]);
    assert_eq!(kept((0, 0), Phase::Classes).await, [2]);
    assert_eq!(kept((Phase::People as i16, 1), Phase::People).await, [3]);
    store::forget_old(db, now).await.unwrap();
    assert_eq!(kept((0, 0), Phase::People).await.len(), 3);
    store::forget(db, attempt_id).await.unwrap();
    assert!(kept((0, 0), Phase::People).await.is_empty());
}

#[tokio::test]
async fn a_report_is_kept_and_an_import_is_claimed_by_one() {
    let (service, _database) =
        chassis::testing::service("company", &crate::MIGRATIONS, vec![]).await;
    let (db, import_id) = (&service.db, Uuid::now_v7());
    assert_eq!(store::report(db, import_id).await.unwrap(), None);
    let refused = |row_number| Refused {
        row_number,
        field: "person.name".to_owned(),
        reason: "is required".to_owned(),
    };
    let refused: Vec<_> = (1..=1_200).map(refused).collect();
    let report = Report { rows: 2_000, refused, replayed: false };
    let mut tx = db.begin().await.unwrap();
    store::finish(&mut tx, import_id, "user:x", &report, service.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    let kept = store::report(db, import_id).await.unwrap().unwrap();
    assert_eq!(kept, Report { replayed: true, ..report });

    let mut one = db.acquire().await.unwrap().detach();
    let mut other = db.acquire().await.unwrap();
    assert!(store::claim(&mut one, import_id).await.unwrap());
    assert!(!store::claim(&mut other, import_id).await.unwrap());
    store::unclaim(&mut one, import_id).await.unwrap();
    assert!(store::claim(&mut other, import_id).await.unwrap());
    store::unclaim(&mut other, import_id).await.unwrap();
    assert!(store::claim(&mut one, import_id).await.unwrap());
    drop(one);
    while !store::claim(&mut other, import_id).await.unwrap() {
        tokio::task::yield_now().await;
    }
}
