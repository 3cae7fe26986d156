use brazil::{CompanyId, UserId};
use chassis::Service;
use chassis::testing;
use postgres_local::testing::TestDatabase;
use time::OffsetDateTime;
use time::macros::datetime;

use super::*;
use crate::MIGRATIONS;

const START: OffsetDateTime = datetime!(2026-01-01 12:00 UTC);

async fn service() -> (Service, TestDatabase) {
    testing::service("billing", &MIGRATIONS, vec![]).await
}

fn charge(line_id: LineId, payer: Payer) -> LineCharge {
    LineCharge::beginning(line_id, payer, PlanId::generate(), START)
}

async fn opened(service: &Service, charge: &LineCharge) -> bool {
    let mut connection = service.db.acquire().await.unwrap();
    open(&mut connection, charge, &Closing::default()).await.unwrap()
}

async fn closed(service: &Service, charge: &LineCharge, at: OffsetDateTime, closing: &Closing) {
    let mut connection = service.db.acquire().await.unwrap();
    close(&mut connection, charge, at, End::Cancelled, closing).await.unwrap();
}

/// Period, first day, last day and whether it is given back, of all that is late.
async fn late(service: &Service) -> Vec<(String, String, String, bool)> {
    sqlx::query_as(
        "select period::text, first_day::text, last_day::text, credit
           from late_charge
          order by period, first_day, credit",
    )
    .fetch_all(&service.db)
    .await
    .unwrap()
}

fn everything() -> Scope {
    Scope::everywhere()
}

#[tokio::test]
async fn a_line_is_charged_once_however_often_it_is_told_active() {
    let (service, _database) = service().await;
    let line_id = LineId::generate();
    let company = Payer::Company(CompanyId::generate());
    let past = charge(line_id, company);
    let later = START + time::Duration::DAY;
    let running = LineCharge { started_at: later, ..charge(line_id, company) };
    assert!(opened(&service, &past).await);
    assert!(!opened(&service, &running).await);
    closed(&service, &past, later, &Closing::default()).await;
    assert!(!opened(&service, &charge(line_id, company)).await, "told again after its end");
    assert!(opened(&service, &running).await);
    assert!(!opened(&service, &charge(line_id, company)).await);
    assert!(opened(&service, &charge(LineId::generate(), company)).await);
    let past = LineCharge { ended_at: Some(later), ..past };
    assert_eq!(list(&service.db, line_id, &everything()).await.unwrap(), [past, running]);
}

#[tokio::test]
async fn what_is_known_late_is_charged_or_given_back_by_a_later_run() {
    let (service, _database) = service().await;
    let closing_of = |months: &[&str]| Closing::of(months.iter().map(|m| m.parse().unwrap()));
    let january = closing_of(&["2026-01"]);
    let company = Payer::Company(CompanyId::generate());
    let person = Payer::Person(UserId::generate());
    let open_late = async |payer| {
        let charge = charge(LineId::generate(), payer);
        let mut connection = service.db.acquire().await.unwrap();
        assert!(open(&mut connection, &charge, &january).await.unwrap());
        charge
    };
    let line = |period: &str, first: &str, last: &str, credit| {
        (period.to_owned(), first.to_owned(), last.to_owned(), credit)
    };
    open_late(person).await;
    assert_eq!(late(&service).await, [], "a person gets no invoice");
    let running = open_late(company).await;
    let january_days = line("2026-02-01", "2026-01-01", "2026-01-31", false);
    assert_eq!(late(&service).await, std::slice::from_ref(&january_days));

    // Its end comes late, too: what no run has taken is not charged in the first place.
    let tenth = datetime!(2026-01-10 12:00 UTC);
    closed(&service, &running, tenth, &january).await;
    let cut = line("2026-02-01", "2026-01-01", "2026-01-10", false);
    assert_eq!(late(&service).await, std::slice::from_ref(&cut));

    // What a run has taken is given back by the next one.
    let taken = open_late(company).await;
    closed(&service, &taken, tenth, &closing_of(&["2026-01", "2026-02"])).await;
    assert_eq!(
        late(&service).await,
        [
            cut,
            january_days,
            line("2026-03-01", "2026-01-11", "2026-01-31", true),
            line("2026-03-01", "2026-02-01", "2026-02-28", true),
        ]
    );
}

#[tokio::test]
async fn concurrent_openings_leave_one_period() {
    let (service, _database) = service().await;
    let line_id = LineId::generate();
    let mut openings = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let service = service.clone();
        let charge = charge(line_id, Payer::Person(UserId::generate()));
        openings.spawn(async move { opened(&service, &charge).await });
    }
    let opened = openings.join_all().await;
    assert_eq!(opened.iter().filter(|opened| **opened).count(), 1);
    assert_eq!(list(&service.db, line_id, &everything()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn charges_are_seen_where_the_scope_reaches() {
    let (service, _database) = service().await;
    let (company_id, user_id) = (CompanyId::generate(), UserId::generate());
    let companys = charge(LineId::generate(), Payer::Company(company_id));
    let persons = charge(LineId::generate(), Payer::Person(user_id));
    assert!(opened(&service, &companys).await && opened(&service, &persons).await);

    let in_company = |company_id: CompanyId| Scope {
        everything: false,
        company_ids: vec![company_id.0],
        user_id: None,
    };
    let of_person = |user_id: UserId| Scope {
        everything: false,
        company_ids: vec![],
        user_id: Some(user_id.0),
    };
    for (scope, line_id, seen) in [
        (in_company(company_id), companys.line_id, 1),
        (in_company(company_id), persons.line_id, 0),
        (in_company(CompanyId::generate()), companys.line_id, 0),
        (of_person(user_id), persons.line_id, 1),
        (of_person(user_id), companys.line_id, 0),
        (of_person(UserId::generate()), persons.line_id, 0),
    ] {
        let charges = list(&service.db, line_id, &scope).await.unwrap();
        assert_eq!(charges.len(), seen, "{scope:?}");
    }
}
