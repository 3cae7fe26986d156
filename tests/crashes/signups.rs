//! Signing up is safe: in the end there is one user with one line.

use harness::{Rest, Sample, World, email};
use local::Part;
use reqwest::Method;
use sqlx::PgPool;
use uuid::Uuid;

use crate::{PATIENCE, crash_at, persist};

/// Every place on the road from form to charge, and who is killed there.
pub(crate) const POINTS: [(&str, Part); 13] = [
    ("identity.signup.before_commit", Part::Identity),
    ("identity.signup.committed", Part::Identity),
    ("identity.event.before_delivery", Part::Identity),
    ("identity.event.delivered", Part::Identity),
    ("telecom.inbox.before_commit", Part::Telecom),
    ("telecom.inbox.committed", Part::Telecom),
    ("telecom.activation.before_carrier", Part::Telecom),
    ("telecom.activation.carrier_done", Part::Telecom),
    ("telecom.activation.committed", Part::Telecom),
    ("telecom.event.before_delivery", Part::Telecom),
    ("telecom.event.delivered", Part::Telecom),
    ("billing.inbox.before_commit", Part::Billing),
    ("billing.inbox.committed", Part::Billing),
];

#[tokio::test]
async fn a_signup_survives_the_death_of_any_service_at_any_step() {
    let mut world = World::own().await;
    let database = world.database().await;
    for (point, part) in POINTS {
        let email = email();
        let form_id = open_form(&world, &email).await;
        let path = format!("/signup-forms/{form_id}/complete");
        let completing = persist(world.rest(), Method::POST, path, Sample::password(), 200);
        let completed = crash_at(&mut world, point, part, completing).await.body;
        let line_id = completed["phone_account_id"].as_str().unwrap().parse().unwrap();
        let user_id = completed["user"]["id"].as_str().unwrap().parse().unwrap();
        assert_one_user_with_one_line(&world, &database, &email, user_id, line_id, point).await;
    }
}

#[tokio::test]
async fn a_signup_completes_while_telecom_is_down_and_the_line_comes_later() {
    let mut world = World::own().await;
    let database = world.database().await;
    let email = email();
    let form_id = open_form(&world, &email).await;
    world.stack.kill(Part::Telecom);

    let path = format!("/signup-forms/{form_id}/complete");
    let completed = world.rest().post(&path, &Sample::password()).await.expect(200);
    world.stack.restart(Part::Telecom).await.unwrap();
    world.settle().await;

    let line_id = completed["phone_account_id"].as_str().unwrap().parse().unwrap();
    let user_id = completed["user"]["id"].as_str().unwrap().parse().unwrap();
    let rest = world.rest().with_token(completed["access_token"].as_str().unwrap());
    wait_for_active_line(&rest).await;
    assert_one_user_with_one_line(&world, &database, &email, user_id, line_id, "down").await;
}

#[tokio::test]
async fn a_signup_and_the_proof_of_its_email_arrive_in_order_when_telecom_is_back() {
    let mut world = World::own().await;
    let employee = Sample::employee(world.company_id());
    let email = employee["workEmail"].as_str().unwrap().to_owned();
    world.manager().await.post("/employees", &employee).await.expect(201);
    let mut form = Sample::signup_form(&email, world.plan_id(), 41);
    form["phone_account_company_id"] = world.company_id().into();
    let opened = world.rest().post("/signup-forms", &form).await.expect(200);
    world.stack.kill(Part::Telecom);

    let path = format!("/signup-forms/{}/complete", opened["id"].as_str().unwrap());
    let completed = world.rest().post(&path, &Sample::password()).await.expect(200);
    let proof = world.mailed_path(&email).await;
    world.rest().get(&proof).await.expect(200);
    world.stack.restart(Part::Telecom).await.unwrap();
    world.stack.ready().await.unwrap();
    world.settle().await;

    let rest = world.rest().with_token(completed["access_token"].as_str().unwrap());
    wait_for_active_line(&rest).await;
}

/// The queue hands the event over once telecom is back; its pause is bounded.
async fn wait_for_active_line(rest: &Rest) {
    let active = async {
        loop {
            let lines = rest.get("/phone-accounts").await;
            if lines.status == 200 && lines.body["phone_accounts"][0]["status"] == "active" {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, active).await.expect("the line becomes active");
}

async fn open_form(world: &World, email: &str) -> String {
    let form = Sample::signup_form(email, world.plan_id(), 41);
    let opened = world.rest().post("/signup-forms", &form).await.expect(200);
    opened["id"].as_str().unwrap().to_owned()
}

async fn assert_one_user_with_one_line(
    world: &World,
    database: &PgPool,
    email: &str,
    user_id: Uuid,
    line_id: Uuid,
    point: &str,
) {
    let users: Vec<Uuid> =
        sqlx::query_scalar("select user_id from identity.app_user where email = $1")
            .bind(email)
            .fetch_all(database)
            .await
            .unwrap();
    assert_eq!(users, [user_id], "users after a crash at {point}");

    let lines: Vec<(Uuid, String)> =
        sqlx::query_as("select line_id, status from telecom.line where user_id = $1")
            .bind(user_id)
            .fetch_all(database)
            .await
            .unwrap();
    assert_eq!(lines, [(line_id, "active".to_owned())], "lines after a crash at {point}");

    let numbers: i64 =
        sqlx::query_scalar("select count(*) from telecom.phone_number where line_id = $1")
            .bind(line_id)
            .fetch_one(database)
            .await
            .unwrap();
    assert_eq!(numbers, 1, "numbers after a crash at {point}");

    let charges: i64 =
        sqlx::query_scalar("select count(*) from billing.line_charge where line_id = $1")
            .bind(line_id)
            .fetch_one(database)
            .await
            .unwrap();
    assert_eq!(charges, 1, "charge periods after a crash at {point}");

    let activation = world.stack.carrier().activation(line_id.into());
    assert!(activation.is_some(), "nothing at the carrier after a crash at {point}");
}
