use brazil::{CompanyId, LineId, PlanId, UserId};
use chassis::auth::{Grant, Role};
use chassis::testing;
use proto::common::v1::Permission;
use time::macros::datetime;

use super::*;
use crate::MIGRATIONS;

#[tokio::test]
async fn an_activated_line_is_charged_from_then_on() {
    let (service, _database) = testing::service("billing", &MIGRATIONS, vec![]).await;
    let company_id = CompanyId::generate();
    let event = LineActivated {
        line_id: LineId::generate().to_string(),
        company_id: Some(company_id.to_string()),
        user_id: Some(UserId::generate().to_string()),
        plan_id: PlanId::generate().to_string(),
        phone_number: "+5541991234567".to_owned(),
        activated_at: Some(timestamp::to_proto(datetime!(2026-01-01 12:00 UTC))),
    };
    let mut connection = service.db.acquire().await.unwrap();
    line_activated(&mut connection, event.clone()).await.unwrap();
    let told_again = LineActivated { plan_id: PlanId::generate().to_string(), ..event.clone() };
    line_activated(&mut connection, told_again).await.unwrap();
    let nobodys = LineActivated { company_id: None, user_id: None, ..event.clone() };
    assert!(line_activated(&mut connection, nobodys).await.is_err());
    let timeless = LineActivated { activated_at: None, ..event.clone() };
    assert!(line_activated(&mut connection, timeless).await.is_err());
    drop(connection);

    let charges = LineCharges { service };
    let list = async |company_id: CompanyId| {
        let grants = vec![Grant { role: Role::Member, company_id: Some(company_id.0) }];
        let request = pb::ListLineChargesRequest { line_id: event.line_id.clone() };
        let request = testing::request(request, grants, Permission::ChargesRead);
        charges.list_line_charges(request).await.unwrap().into_inner().charges
    };
    let seen = list(company_id).await;
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].plan_id, event.plan_id);
    assert_eq!(seen[0].started_at, event.activated_at);
    assert_eq!((&seen[0].company_id, &seen[0].user_id), (&event.company_id, &None));
    assert_eq!(list(CompanyId::generate()).await, []);
}

#[tokio::test]
async fn a_line_is_charged_for_what_it_is_until_it_ends() {
    let (service, _database) = testing::service("billing", &MIGRATIONS, vec![]).await;
    let [first, second] = [(); 2].map(|()| CompanyId::generate().to_string());
    let [basic, large] = [(); 2].map(|()| PlanId::generate().to_string());
    let line_id = LineId::generate().to_string();
    let at = |day: i64| {
        let start = datetime!(2026-01-01 12:00 UTC) + time::Duration::days(day);
        Some(timestamp::to_proto(start))
    };
    let activated = LineActivated {
        line_id: line_id.clone(),
        company_id: Some(first.clone()),
        plan_id: basic.clone(),
        activated_at: at(1),
        ..LineActivated::default()
    };
    let changed = LinePlanChanged {
        line_id: line_id.clone(),
        company_id: Some(first.clone()),
        plan_id: large.clone(),
        previous_plan_id: basic.clone(),
        changed_at: at(5),
        ..LinePlanChanged::default()
    };
    let moved = LineCompanyChanged {
        line_id: line_id.clone(),
        company_id: Some(second.clone()),
        plan_id: large.clone(),
        changed_at: at(9),
        ..LineCompanyChanged::default()
    };
    let cancelled = LineCancelled {
        line_id: line_id.clone(),
        cancelled_at: at(12),
        ..LineCancelled::default()
    };
    let mut connection = service.db.acquire().await.unwrap();
    // A line that does not work yet is charged for nothing.
    line_plan_changed(&mut connection, changed.clone()).await.unwrap();
    line_cancelled(&mut connection, cancelled.clone()).await.unwrap();
    for _ in 0..2 {
        line_activated(&mut connection, activated.clone()).await.unwrap();
    }
    for _ in 0..2 {
        line_plan_changed(&mut connection, changed.clone()).await.unwrap();
    }
    for _ in 0..2 {
        line_company_changed(&mut connection, moved.clone()).await.unwrap();
    }
    // One from before the last change changes nothing.
    let stale = LinePlanChanged { plan_id: basic.clone(), changed_at: at(8), ..changed.clone() };
    line_plan_changed(&mut connection, stale).await.unwrap();
    for _ in 0..2 {
        line_cancelled(&mut connection, cancelled.clone()).await.unwrap();
        line_activated(&mut connection, activated.clone()).await.unwrap();
        line_plan_changed(&mut connection, changed.clone()).await.unwrap();
    }
    drop(connection);

    let operator = vec![Grant { role: Role::Operator, company_id: None }];
    let request = pb::ListLineChargesRequest { line_id };
    let request = testing::request(request, operator, Permission::ChargesRead);
    let charges = LineCharges { service }.list_line_charges(request).await.unwrap();
    let told: Vec<_> = charges
        .into_inner()
        .charges
        .into_iter()
        .map(|charge| (charge.company_id, charge.plan_id, charge.started_at, charge.ended_at))
        .collect();
    assert_eq!(
        told,
        [
            (Some(first.clone()), basic, at(1), at(5)),
            (Some(first), large.clone(), at(5), at(9)),
            (Some(second), large, at(9), at(12)),
        ]
    );
}
