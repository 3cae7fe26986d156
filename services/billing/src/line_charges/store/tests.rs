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
    LineCharge {
        charge_id: LineChargeId::generate(),
        line_id,
        payer,
        plan_id: PlanId::generate(),
        started_at: START,
        ended_at: None,
    }
}

async fn opened(service: &Service, charge: &LineCharge) {
    open(&mut service.db.acquire().await.unwrap(), charge).await.unwrap();
}

fn everything() -> Scope {
    Scope { everything: true, company_ids: vec![], user_id: None }
}

#[tokio::test]
async fn a_line_is_charged_once_however_often_it_is_told_active() {
    let (service, _database) = service().await;
    let line_id = LineId::generate();
    let company = Payer::Company(CompanyId::generate());
    let past =
        LineCharge { ended_at: Some(START + time::Duration::DAY), ..charge(line_id, company) };
    let running =
        LineCharge { started_at: START + time::Duration::DAY, ..charge(line_id, company) };
    opened(&service, &past).await;
    opened(&service, &running).await;
    opened(&service, &charge(line_id, company)).await;
    opened(&service, &charge(LineId::generate(), company)).await;
    assert_eq!(list(&service.db, line_id, &everything()).await.unwrap(), [past, running]);
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
    openings.join_all().await;
    assert_eq!(list(&service.db, line_id, &everything()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn charges_are_seen_where_the_scope_reaches() {
    let (service, _database) = service().await;
    let (company_id, user_id) = (CompanyId::generate(), UserId::generate());
    let companys = charge(LineId::generate(), Payer::Company(company_id));
    let persons = charge(LineId::generate(), Payer::Person(user_id));
    opened(&service, &companys).await;
    opened(&service, &persons).await;

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
