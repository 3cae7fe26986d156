use chassis::simulator::{Outcome, ScriptStep};
use prost::{Message, Name};
use proto::events::v1::CloudEvent;

use super::*;
use crate::carrier::{CarrierSimulator, Operation};
use crate::data_top_ups::testing::Stage;

struct Setting {
    stage: Stage,
    carrier: CarrierSimulator,
}

async fn setting() -> (Setting, impl Sized) {
    let (stage, database) = Stage::new().await;
    stage.become_active().await;
    (Setting { stage, carrier: CarrierSimulator::new() }, database)
}

impl Setting {
    async fn run(&self, top_up_id: TopUpId) {
        let giving = Giving {
            lines: self.stage.lines.clone(),
            carrier: Arc::new(self.carrier.clone()),
            timeout: Duration::from_secs(30),
            retry_max: Duration::from_secs(60),
        };
        GiveData { top_up_id, failures: 0 }.run(giving).await.unwrap();
    }

    async fn charges(&self) -> Vec<DataToppedUp> {
        let events: Vec<Vec<u8>> =
            sqlx::query_scalar("select event from outbox where subscriber = 'billing'")
                .fetch_all(&self.stage.service().db)
                .await
                .unwrap();
        events
            .iter()
            .map(|event| CloudEvent::decode(event.as_slice()).unwrap())
            .filter(|event| event.r#type == DataToppedUp::full_name())
            .map(|event| DataToppedUp::decode(event.data.unwrap().value.as_slice()).unwrap())
            .collect()
    }

    async fn state(&self, top_up_id: TopUpId) -> (String, Option<String>) {
        sqlx::query_as("select state, refused_because from data_top_up where top_up_id = $1")
            .bind(top_up_id.0)
            .fetch_one(&self.stage.service().db)
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn data_is_given_and_charged_once() {
    let (setting, _database) = setting().await;
    let top_up = setting.stage.top_up().await;
    let lost = ScriptStep::new(Operation::AddData, Outcome::LoseAnswer);
    setting.carrier.script(vec![lost]);
    setting.run(top_up.top_up_id).await;
    assert_eq!(setting.charges().await, [], "nobody knows yet that it was given");
    assert_eq!(setting.stage.jobs().await, 1, "so it is asked for again");
    for _ in 0..2 {
        setting.run(top_up.top_up_id).await;
    }
    assert_eq!(setting.carrier.top_ups(), 1);
    let charges = setting.charges().await;
    let [charge] = charges.as_slice() else { panic!("{charges:?}") };
    assert_eq!(charge.top_up_id, top_up.top_up_id.to_string());
    assert_eq!(
        (charge.quantity_mb, charge.unit_price_cents, charge.total_cents),
        (2_500, 999, 2_498)
    );
    assert_eq!(setting.state(top_up.top_up_id).await, ("given".to_owned(), None));
    assert_eq!(setting.stage.told().await, ["data_added"]);
}

#[tokio::test]
async fn what_the_carrier_refuses_is_not_charged() {
    let (setting, _database) = setting().await;
    let top_up = setting.stage.top_up().await;
    let refused = ScriptStep::new(Operation::AddData, Outcome::Refuse);
    setting.carrier.script(vec![ScriptStep { reason: Some("no-data".to_owned()), ..refused }]);
    for _ in 0..2 {
        setting.run(top_up.top_up_id).await;
    }
    assert_eq!((setting.carrier.top_ups(), setting.charges().await), (0, vec![]));
    let state = setting.state(top_up.top_up_id).await;
    assert_eq!(state, ("refused".to_owned(), Some("no-data".to_owned())));
    assert_eq!(setting.stage.told().await, ["data_refused"]);
}
