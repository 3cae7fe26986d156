use chassis::auth::{Grant, Role};
use chassis::refusal::Refusal;
use chassis::testing;
use proto::common::v1::Permission;
use time::Duration;
use time::macros::datetime;
use tonic::Code;

use super::*;
use crate::MIGRATIONS;

fn asked<T>(message: T) -> Request<T> {
    let operator = Grant { role: Role::Operator, company_id: None };
    testing::request(message, vec![operator], Permission::BillingRuns)
}

fn start(period: &str) -> Request<pb::StartBillingRunRequest> {
    asked(pb::StartBillingRunRequest { period: period.to_owned() })
}

#[tokio::test]
async fn a_month_that_has_ended_is_taken_on_once() {
    let (service, _database) = testing::service("billing", &MIGRATIONS, vec![]).await;
    service.clock.set(datetime!(2030-12-01 03:00 UTC)).unwrap();
    let runs = BillingRuns { service };
    let get = async |period: &str| {
        let request = pb::GetBillingRunRequest { period: period.to_owned() };
        Ok::<_, Status>(runs.get_billing_run(asked(request)).await?.into_inner().run.unwrap())
    };
    assert_eq!(get("2030-11").await.unwrap_err().code(), Code::NotFound);
    for period in ["2030-12", "2031-01", "november", "2030-11-01"] {
        let refusal = runs.start_billing_run(start(period)).await.unwrap_err();
        assert_eq!(refusal.code(), Code::InvalidArgument, "{period}");
        assert_eq!(Refusal::of(&refusal).violations[0].field, "period");
    }

    let run = runs.start_billing_run(start("")).await.unwrap().into_inner().run.unwrap();
    assert_eq!((run.period.as_str(), run.state()), ("2030-11", pb::BillingRunState::Running));
    runs.start_billing_run(start("2030-11")).await.unwrap();
    let run = get("2030-11").await.unwrap();
    assert_eq!((run.companies_total, run.seconds_left), (0, None));
    assert_eq!(runs.service.jobs.due(&runs.service.db).await.unwrap(), 1);
    let later = runs.service.clock.now() + Duration::SECOND;
    assert!(timestamp::from_proto(&run.started_at.unwrap()).unwrap() < later);
}
