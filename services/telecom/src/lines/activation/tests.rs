use chassis::Service;
use chassis::simulator::{Outcome, ScriptStep};
use prost::{Message, Name};
use proto::events::v1::{CloudEvent, LineActivated};

use super::*;
use crate::carrier::{CarrierSimulator, Operation};
use crate::lines::{Line, Lines, Status};
use crate::testing::{new_line, service, stock};

struct Setting {
    activation: Activation,
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
            Box::pin(
                async move { lines.order(&mut tx, new.clone(), &Actor::service("test")).await },
            )
        })
        .await
        .unwrap();
    let carrier = CarrierSimulator::new();
    let activation = Activation {
        lines: lines.clone(),
        carrier: Arc::new(carrier.clone()),
        timeout: Duration::from_secs(30),
        retry_max: Duration::from_secs(60),
    };
    (Setting { activation, carrier, line }, database)
}

impl Setting {
    fn expect(&self, outcome: Outcome) {
        let reason = Some("no-such-card".to_owned());
        let step = ScriptStep::new(Operation::Activate, outcome);
        self.carrier.script(vec![ScriptStep { reason, ..step }]);
    }

    async fn run(&self) {
        let job = ActivateLine { line_id: self.line.line_id, failures: 0 };
        job.run(self.activation.clone()).await.unwrap();
    }

    async fn line(&self) -> Line {
        store::find(&self.activation.lines.service.db, self.line.line_id).await.unwrap().unwrap()
    }

    async fn published(&self) -> Vec<CloudEvent> {
        let events: Vec<Vec<u8>> =
            sqlx::query_scalar("select event from outbox where subject = $1 order by sequence")
                .bind(self.line.line_id.0)
                .fetch_all(&self.activation.lines.service.db)
                .await
                .unwrap();
        events.iter().map(|event| CloudEvent::decode(event.as_slice()).unwrap()).collect()
    }
}

/// How often the next attempt has failed before, and whether it still waits.
async fn next_attempt(service: &Service) -> (i32, bool) {
    sqlx::query_as(
        "select (payload #>> '{job,failures}')::int, run_at > now()
           from telecom_jobs._private_jobs",
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
    assert_eq!(next_attempt(&setting.activation.lines.service).await, (1, true));

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
    setting.activation.timeout = Duration::from_millis(1);
    let hold = setting.carrier.hold().await;
    setting.run().await;
    assert_eq!(setting.line().await.status, Status::Pending);
    assert_eq!(next_attempt(&setting.activation.lines.service).await, (1, true));
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
