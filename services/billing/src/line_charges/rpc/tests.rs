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
