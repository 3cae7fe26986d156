use chassis::Service;
use chassis::simulator::{Outcome, ScriptStep};
use prost::{Message, Name};
use proto::events::v1::{CloudEvent, LineActivated};

use super::*;
use crate::carrier::{CarrierSimulator, Operation};
use crate::lines::{BlockReason, Line, Lines, Status};
use crate::testing::{cause, new_line, service, stock};

const OF_BILLING: &str = "
    select event from outbox where subscriber = 'billing' and subject = $1 order by sequence";

struct Setting {
    telling: Telling,
    carrier: CarrierSimulator,
    line: Line,
}

/// A line that waits for the carrier.
async fn setting() -> (Setting, impl Sized) {
    let (service, database) = service().await;
    let new = &new_line();
    stock(&service, new.area_code, 1).await;
    let lines = &Lines::new(service.clone(), "americanet".into());
    let line = service
        .transaction(|mut tx| {
            Box::pin(async move { lines.order(&mut tx, new.clone(), &cause()).await })
        })
        .await
        .unwrap();
    let carrier = CarrierSimulator::new();
    let telling = Telling {
        lines: lines.clone(),
        carrier: Arc::new(carrier.clone()),
        timeout: Duration::from_secs(30),
        retry_max: Duration::from_secs(60),
    };
    (Setting { telling, carrier, line }, database)
}

impl Setting {
    fn expect(&self, outcome: Outcome) {
        let reason = Some("no-such-card".to_owned());
        let step = ScriptStep::new(Operation::Activate, outcome);
        self.carrier.script(vec![ScriptStep { reason, ..step }]);
    }

    async fn run(&self) {
        let job = TellCarrier { line_id: self.line.line_id, failures: 0 };
        job.run(self.telling.clone()).await.unwrap();
    }

    async fn line(&self) -> Line {
        store::find(&self.telling.lines.service.db, self.line.line_id).await.unwrap().unwrap()
    }

    async fn published(&self) -> Vec<CloudEvent> {
        let events: Vec<Vec<u8>> = sqlx::query_scalar(OF_BILLING)
            .bind(self.line.line_id.0)
            .fetch_all(&self.telling.lines.service.db)
            .await
            .unwrap();
        events.iter().map(|event| CloudEvent::decode(event.as_slice()).unwrap()).collect()
    }
}

/// How often the next attempt has failed before, and whether it still waits.
async fn next_attempt(service: &Service) -> (i32, bool) {
    sqlx::query_as(
        "select (payload #>> '{job,failures}')::int, run_at > updated_at
           from telecom_jobs._private_jobs
          where payload #> '{job,failures}' is not null",
    )
    .fetch_one(&service.db)
    .await
    .unwrap()
}

#[tokio::test]
async fn an_activated_line_works_and_billing_hears_of_it_once() {
    let (setting, _database) = setting().await;
    setting.run().await;
    let line = setting.line().await;
    assert_eq!(line.status, Status::Active);
    assert!(line.activated_at.is_some());

    // Once more, as after a crash behind the commit.
    setting.run().await;
    assert_eq!(setting.line().await, line);
    let published = setting.published().await;
    let [event] = published.as_slice() else { panic!("{published:?}") };
    assert_eq!(event.r#type, LineActivated::full_name());
    let activated = event.data.as_ref().unwrap();
    let activated = LineActivated::decode(activated.value.as_slice()).unwrap();
    assert_eq!(activated.line_id, line.line_id.to_string());
    assert_eq!(activated.phone_number, line.phone_number.unwrap().as_str());
    assert!(activated.company_id.is_some() && activated.activated_at.is_some());
    assert_eq!(setting.carrier.activation(line.line_id).unwrap().requests, 1);
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_without_a_second_effect() {
    let (setting, _database) = setting().await;
    setting.expect(Outcome::LoseAnswer);
    setting.run().await;
    assert_eq!(setting.line().await.status, Status::Pending);
    assert!(setting.published().await.is_empty());
    assert_eq!(next_attempt(&setting.telling.lines.service).await, (1, true));

    setting.run().await;
    assert_eq!(setting.line().await.status, Status::Active);
    assert_eq!(setting.carrier.activations(), 1);
    assert_eq!(setting.carrier.activation(setting.line.line_id).unwrap().requests, 2);
}

#[tokio::test]
async fn a_refusal_for_good_is_kept_and_not_argued_with() {
    let (setting, _database) = setting().await;
    setting.expect(Outcome::Refuse);
    setting.run().await;
    let line = setting.line().await;
    assert_eq!(line.status, Status::Pending);
    assert_eq!(line.activation_refused.as_deref(), Some("no-such-card"));

    setting.run().await;
    assert_eq!(setting.line().await, line);
    assert_eq!(setting.carrier.activations(), 0);
    assert!(setting.published().await.is_empty());
}

#[tokio::test]
async fn a_carrier_that_takes_too_long_does_not_answer() {
    let (mut setting, _database) = setting().await;
    setting.telling.timeout = Duration::from_millis(1);
    let hold = setting.carrier.hold().await;
    setting.run().await;
    assert_eq!(setting.line().await.status, Status::Pending);
    assert_eq!(next_attempt(&setting.telling.lines.service).await, (1, true));
    drop(hold);
}

#[tokio::test]
async fn two_runs_at_once_activate_once() {
    let (setting, _database) = setting().await;
    let hold = setting.carrier.hold().await;
    let let_go = async {
        setting.carrier.asked(2).await;
        drop(hold);
    };
    tokio::join!(setting.run(), setting.run(), let_go);
    assert_eq!(setting.line().await.status, Status::Active);
    assert_eq!(setting.published().await.len(), 1);
    assert_eq!(setting.carrier.activations(), 1);
}

#[tokio::test]
async fn the_carrier_hears_of_every_change_and_ends_with_the_line() {
    let (setting, _database) = setting().await;
    setting.run().await;
    let lines = &setting.telling.lines;
    let plan_id = brazil::PlanId::generate();
    let change = async |cancel: bool| {
        let line_id = setting.line.line_id;
        lines
            .service
            .transaction(|mut tx| {
                Box::pin(async move {
                    let line = store::lock(&mut tx, line_id).await?.unwrap();
                    if cancel {
                        return lines.cancel(&mut tx, line, &cause()).await;
                    }
                    let line = lines.change_plan(&mut tx, line, plan_id, &cause()).await?;
                    lines.block(&mut tx, line, BlockReason::Loss, &cause()).await
                })
            })
            .await
            .unwrap()
    };
    change(false).await;
    setting.run().await;
    let there = setting.carrier.activation(setting.line.line_id).unwrap();
    assert_eq!((there.plan_id, there.blocked, there.terminated), (plan_id, true, false));

    change(true).await;
    setting.run().await;
    assert!(setting.carrier.activation(setting.line.line_id).unwrap().terminated);
}

#[tokio::test]
async fn a_refusal_of_a_change_is_kept_in_the_timeline() {
    let (setting, _database) = setting().await;
    setting.run().await;
    let lines = &setting.telling.lines;
    let line_id = setting.line.line_id;
    let step = ScriptStep::new(Operation::Block, Outcome::Refuse);
    setting.carrier.script(vec![ScriptStep { reason: Some("no-such-line".to_owned()), ..step }]);
    lines
        .service
        .transaction(|mut tx| {
            Box::pin(async move {
                let line = store::lock(&mut tx, line_id).await?.unwrap();
                lines.block(&mut tx, line, BlockReason::Loss, &cause()).await
            })
        })
        .await
        .unwrap();
    setting.run().await;
    setting.run().await;
    assert_eq!(setting.line().await.status, Status::Blocked, "here it is barred all the same");
    let told: Vec<(String, String, String)> = sqlx::query_as(
        "select actor_kind, after ->> 'refused', reason
           from timeline_entry
          where line_id = $1 and action = 'refused_by_carrier'",
    )
    .bind(line_id.0)
    .fetch_all(&lines.service.db)
    .await
    .unwrap();
    let expected = ("carrier", "bar", "no-such-line");
    assert_eq!(told, [(expected.0.to_owned(), expected.1.to_owned(), expected.2.to_owned())]);
}
