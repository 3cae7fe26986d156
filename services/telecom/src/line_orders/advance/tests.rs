use std::sync::Arc;

use brazil::UserId;
use chassis::simulator::{Outcome as Answer, ScriptStep};

use super::*;
use crate::carrier::{CarrierSimulator, Operation};
use crate::line_orders::testing::wanted;
use crate::line_orders::{StepState, Wanted};
use crate::lines::{Owner, TellCarrier, Telling};
use crate::parcels::{ParcelCarrierSimulator, ParcelOperation};
use crate::shipments::{BookShipment, CancelParcel, Parcels};
use crate::testing::{area, events, service, stock};
use crate::timeline::Actor;

struct Setting {
    orders: LineOrders,
    telling: Telling,
    carrier: CarrierSimulator,
    parcels: Parcels,
    parcel_carrier: ParcelCarrierSimulator,
}

async fn setting(numbers: u32) -> (Setting, impl Sized) {
    let (service, database) = service().await;
    if numbers > 0 {
        stock(&service, area(), numbers).await;
    }
    let lines = Lines::new(service.clone(), "americanet".into());
    let (timeout, retry_max) = (Duration::from_secs(30), Duration::from_secs(60));
    let carrier = CarrierSimulator::new();
    let parcel_carrier = ParcelCarrierSimulator::new(service.clock.clone());
    let setting = Setting {
        orders: LineOrders { service: service.clone(), lines: lines.clone(), retry_max },
        telling: Telling { lines, carrier: Arc::new(carrier.clone()), timeout, retry_max },
        parcels: Parcels {
            service,
            carrier: Arc::new(parcel_carrier.clone()),
            timeout,
            retry_max,
            track_every: Duration::from_secs(3_600),
        },
        carrier,
        parcel_carrier,
    };
    (setting, database)
}

fn without_user() -> Wanted {
    Wanted { user: None, ..wanted() }
}

impl Setting {
    async fn place(&self, wanted: Wanted) -> LineOrder {
        let service = &self.orders.service;
        let order = LineOrder::place(wanted, Actor::service("test"), service.clock.now());
        let mut tx = service.db.begin().await.unwrap();
        store::insert(&mut tx, &order).await.unwrap();
        AdvanceLineOrder::enqueue(&mut tx, service, order.line_order_id).await.unwrap();
        tx.commit().await.unwrap();
        order
    }

    /// The jobs that are due, taken out of the queue.
    async fn due(&self) -> Vec<(String, serde_json::Value)> {
        let due: Vec<(String, serde_json::Value)> = sqlx::query_as(
            "delete from telecom_jobs._private_jobs as job
              using telecom_jobs._private_tasks as task
              where task.id = job.task_id and job.run_at <= now()
                and task.identifier in
                    ('advance_line_order', 'tell_carrier', 'book_shipment', 'cancel_parcel')
             returning task.identifier, job.payload -> 'job'",
        )
        .fetch_all(&self.orders.service.db)
        .await
        .unwrap();
        due
    }

    /// Does what is due until nothing is.
    async fn settle(&self) {
        loop {
            let due = self.due().await;
            if due.is_empty() {
                return;
            }
            for (name, job) in due {
                match name.as_str() {
                    "advance_line_order" => run::<AdvanceLineOrder>(job, &self.orders).await,
                    "tell_carrier" => run::<TellCarrier>(job, &self.telling).await,
                    "book_shipment" => run::<BookShipment>(job, &self.parcels).await,
                    _ => run::<CancelParcel>(job, &self.parcels).await,
                }
            }
        }
    }

    async fn order(&self, order: &LineOrder) -> LineOrder {
        store::find(&self.orders.service.db, order.line_order_id).await.unwrap().unwrap()
    }

    async fn states(&self, order: &LineOrder) -> Vec<StepState> {
        self.order(order).await.progress.steps.iter().map(|step| step.state).collect()
    }

    async fn line(&self, order: &LineOrder) -> Line {
        let mut connection = self.orders.service.db.acquire().await.unwrap();
        self.orders.lines.lock(&mut connection, order.line_id).await.unwrap()
    }

    async fn number_states(&self) -> Vec<String> {
        sqlx::query_scalar("select state from phone_number order by number")
            .fetch_all(&self.orders.service.db)
            .await
            .unwrap()
    }

    /// What the company heard of the order's end.
    async fn told(&self, order: &LineOrder) -> Vec<LineOrderFinished> {
        events(&self.orders.service, order.line_order_id).await
    }
}

async fn run<J: Job>(job: serde_json::Value, context: &J::Context) {
    let job: J = serde_json::from_value(job).unwrap();
    job.run(context.clone()).await.unwrap();
}

#[tokio::test]
async fn an_order_goes_all_the_way_by_itself() {
    use StepState::{Done, Skipped};
    let (setting, _database) = setting(1).await;
    let order = setting.place(without_user()).await;
    setting.settle().await;
    assert_eq!(setting.states(&order).await, [Done, Skipped, Done, Done]);
    assert_eq!(setting.line(&order).await.standing(), Standing::InService);
    assert_eq!(setting.parcel_carrier.booked(), 1);
    let told = setting.told(&order).await;
    assert!(told.len() == 1 && told[0].done, "{told:?}");
    assert_eq!(told[0].line_id, Some(order.line_id.to_string()));
}

#[tokio::test]
async fn an_order_rests_while_its_area_has_no_number() {
    use StepState::{Pending, Running, Skipped};
    let (setting, _database) = setting(0).await;
    let order = setting.place(without_user()).await;
    setting.settle().await;
    assert_eq!(setting.states(&order).await, [Running, Skipped, Pending, Pending]);
    let line = &setting.order(&order).await.progress.steps[0];
    assert_eq!(line.reason.as_deref(), Some("area-code-out-of-stock"));
    let line_id = setting.order(&order).await.made_line();
    assert_eq!(line_id, Some(order.line_id));
}

#[tokio::test]
async fn a_carrier_that_refuses_for_good_ends_the_order_and_the_line() {
    use StepState::{Failed, Pending, Skipped};
    let (setting, _database) = setting(1).await;
    let mut step = ScriptStep::new(Operation::Activate, Answer::Refuse);
    step.reason = Some("no-such-plan".to_owned());
    setting.carrier.script(vec![step]);
    let order = setting.place(without_user()).await;
    setting.settle().await;
    assert_eq!(setting.states(&order).await, [Failed, Skipped, Pending, Pending]);
    assert_eq!(setting.line(&order).await.standing(), Standing::Cancelled);
    assert_eq!(setting.number_states().await, ["quarantined"]);
    let told = setting.told(&order).await;
    assert!(told.len() == 1 && !told[0].done, "{told:?}");
    assert_eq!(told[0].reason.as_deref(), Some("no-such-plan"));
}

#[tokio::test]
async fn a_parcel_carrier_that_refuses_for_good_undoes_everything() {
    use StepState::{Compensated, Failed, Skipped};
    let (setting, _database) = setting(1).await;
    let mut step = ScriptStep::new(ParcelOperation::Book, Answer::Refuse);
    step.reason = Some("no-such-street".to_owned());
    setting.parcel_carrier.script(vec![step]);
    let order = setting.place(without_user()).await;
    setting.settle().await;
    assert_eq!(setting.states(&order).await, [Compensated, Skipped, Compensated, Failed]);
    assert_eq!(setting.order(&order).await.progress.failure(), Some("no-such-street"));
    assert_eq!(setting.line(&order).await.standing(), Standing::Cancelled);
    assert_eq!(setting.number_states().await, ["quarantined"]);
    assert_eq!(setting.told(&order).await.len(), 1);
}

#[tokio::test]
async fn a_line_cancelled_under_way_ends_the_order_and_calls_its_parcel_off() {
    use StepState::{Compensated, Failed, Skipped};
    let (setting, _database) = setting(1).await;
    let lost = ScriptStep::new(ParcelOperation::Book, Answer::LoseAnswer);
    setting.parcel_carrier.script(vec![lost]);
    let order = setting.place(without_user()).await;
    setting.settle().await;
    let step = &setting.order(&order).await.progress.steps[3];
    assert_eq!(step.reason.as_deref(), Some("awaiting-parcel-carrier"));

    let line = setting.line(&order).await;
    let mut tx = setting.orders.service.db.begin().await.unwrap();
    setting.orders.lines.cancel(&mut tx, line, &order.cause()).await.unwrap();
    tx.commit().await.unwrap();
    setting.settle().await;
    assert_eq!(setting.states(&order).await, [Compensated, Skipped, Compensated, Failed]);
    assert_eq!(setting.order(&order).await.progress.failure(), Some("line-cancelled"));
    assert!(setting.parcel_carrier.parcel(order.shipment_id).unwrap().cancelled);
    assert_eq!(setting.told(&order).await.len(), 1);
}

#[tokio::test]
async fn an_order_tries_again_while_identity_is_away() {
    use StepState::{Done, Pending, Running};
    let (setting, _database) = setting(1).await;
    let order = setting.place(wanted()).await;
    setting.settle().await;
    assert_eq!(setting.states(&order).await, [Done, Running, Pending, Pending]);
    let user = &setting.order(&order).await.progress.steps[1];
    assert_eq!(user.reason.as_deref(), Some("identity-unavailable"));
    let waits: bool = sqlx::query_scalar(
        "select bool_or(run_at > created_at and payload #>> '{job,failures}' = '1')
           from telecom_jobs._private_jobs",
    )
    .fetch_one(&setting.orders.service.db)
    .await
    .unwrap();
    assert!(waits);
}

impl Setting {
    /// Has identity answer that this is the person.
    async fn found(&self, order: &LineOrder, answer: Result<Person, Status>) {
        let id = order.line_order_id;
        self.orders.take(id, StepName::User, Some(&answer)).await.unwrap();
        let mut tx = self.orders.service.db.begin().await.unwrap();
        AdvanceLineOrder::enqueue(&mut tx, &self.orders.service, id).await.unwrap();
        tx.commit().await.unwrap();
        self.settle().await;
    }
}

fn person() -> Person {
    Person { user_id: UserId::generate(), email_is_proven: true }
}

#[tokio::test]
async fn the_contract_is_the_companys_or_the_persons_as_ordered() {
    use StepState::{Done, Skipped};
    for change_ownership in [true, false] {
        let (setting, _database) = setting(1).await;
        let wanted = Wanted { change_ownership, delivery_address: None, ..wanted() };
        let order = setting.place(wanted).await;
        setting.settle().await;
        let person = person();
        setting.found(&order, Ok(person)).await;
        let ownership = if change_ownership { Done } else { Skipped };
        assert_eq!(setting.states(&order).await, [Done, Done, ownership, Skipped]);
        let line = setting.line(&order).await;
        let owner = match change_ownership {
            true => Owner::Company(order.wanted.company_id),
            false => Owner::Person(person.user_id),
        };
        assert_eq!(line.owner(), Some(owner));
        // Once more, as after a crash behind the commit.
        setting.found(&order, Ok(person)).await;
        assert_eq!(setting.told(&order).await.len(), 1);
    }
}

#[tokio::test]
async fn a_person_that_identity_does_not_take_ends_the_order() {
    use StepState::{Compensated, Failed, Pending};
    let (setting, _database) = setting(1).await;
    let order = setting.place(wanted()).await;
    setting.settle().await;
    setting.found(&order, Err(Status::invalid_argument("no"))).await;
    assert_eq!(setting.states(&order).await, [Compensated, Failed, Pending, Pending]);
    assert_eq!(setting.line(&order).await.standing(), Standing::Cancelled);
}

#[tokio::test]
async fn runs_at_once_do_everything_once() {
    let (setting, _database) = setting(3).await;
    let order = setting.place(without_user()).await;
    let run_once = || async {
        let job = serde_json::json!({"line_order_id": order.line_order_id, "failures": 0});
        run::<AdvanceLineOrder>(job, &setting.orders).await;
    };
    tokio::join!(run_once(), run_once(), run_once());
    setting.settle().await;
    tokio::join!(run_once(), run_once());
    assert_eq!(setting.order(&order).await.progress.state(), State::Done);
    let lines: i64 = sqlx::query_scalar("select count(*) from line")
        .fetch_one(&setting.orders.service.db)
        .await
        .unwrap();
    assert_eq!((lines, setting.parcel_carrier.booked()), (1, 1));
    assert_eq!(setting.told(&order).await.len(), 1);
}
