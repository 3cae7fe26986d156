//! What still works when a service does not.

use std::time::{Duration, Instant};

use harness::{Answer, Rest, Sample, World, email};
use local::Part;
use serde_json::{Value, json};

use crate::cast::{is_empty, person};
use crate::wire::envelope;

const PATIENCE: Duration = Duration::from_secs(30);

/// Longest that somebody waits to be told that it does not work: a call's deadline, and some.
const ANSWER_MAX: Duration = Duration::from_secs(7);

#[track_caller]
fn is_unavailable(answer: &Answer) {
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert_eq!(envelope(&answer.body), "unavailable");
    let after: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&after), "{after}");
}

async fn timed<F: Future<Output = Answer>>(asked: F) -> Answer {
    let start = Instant::now();
    let answer = asked.await;
    assert!(start.elapsed() < ANSWER_MAX, "{:?}: {}", start.elapsed(), answer.body);
    answer
}

/// Asks until the answer has the status.
async fn recovers<F: Future<Output = Answer>>(status: u16, ask: impl Fn() -> F) -> Value {
    let recovered = async {
        loop {
            let answer = ask().await;
            if answer.status == status {
                return answer.body;
            }
            is_unavailable(&answer);
        }
    };
    tokio::time::timeout(PATIENCE, recovered).await.expect("it works again")
}

#[tokio::test]
async fn without_billing_what_needs_no_billing_works() {
    let mut world = World::own().await;
    let (operator, manager) = (world.operator().await, world.manager().await);
    let company = format!("/companies/{}", world.company_id());
    let (orders, plans) =
        (format!("{company}/phone-accounts"), format!("{company}/subscription-plans"));
    let order = json!({ "subscription_plan_id": world.plan_id(), "area_code": 41 });
    let domain = json!({
        "email_domain": "outage.com.br", "default_subscription_plan_id": world.plan_id()
    });
    let domains = format!("{company}/email-domains");

    world.stack.kill(Part::Billing);
    for _ in 0..8 {
        is_unavailable(&timed(manager.get(&plans)).await);
        is_unavailable(&timed(manager.post(&orders, &order)).await);
        is_unavailable(&timed(manager.put(&domains, &domain)).await);
        is_unavailable(&timed(operator.get("/subscription-plans")).await);
        manager.get(&company).await.expect(200);
        manager.get(&format!("{company}/employees")).await.expect(200);
        manager.get(&format!("{company}/sim-cards")).await.expect(200);
        is_empty(manager.patch(&company, &json!({ "tradingName": "Outage" })).await);
        operator.post("/companies", &Sample::company()).await.expect(201);
        world.rest().get("/readyz").await.expect(200);
    }
    // Who may not is told so all the same.
    world.rest().get(&plans).await.refused(401, "unauthorized");

    world.stack.restart(Part::Billing).await.unwrap();
    let seen = recovers(200, || manager.get(&plans)).await;
    assert_eq!(seen["subscription_plans"].as_array().unwrap().len(), 3);
    recovers(201, || manager.post(&orders, &order)).await;
    recovers(204, || manager.put(&domains, &domain)).await;
    manager.get(&plans).await.expect(200);
}

#[tokio::test]
async fn without_telecom_people_are_registered_and_a_key_makes_one_line() {
    let mut world = World::own().await;
    let (operator, manager) = (world.operator().await, world.manager().await);
    let numbers = json!({
        "area_code": 99, "first_number": "+5599990000000", "last_number": "+5599990000001"
    });
    operator.post("/phone-numbers", &numbers).await.expect(200);
    let company = format!("/companies/{}", world.company_id());
    let orders = format!("{company}/phone-accounts");
    let order = json!({ "subscription_plan_id": world.plan_id(), "area_code": 99 });
    let ordering = manager.with_key(&email());

    world.stack.kill(Part::Telecom);
    is_unavailable(&timed(ordering.post(&orders, &order)).await);
    is_unavailable(&timed(manager.get(&format!("{company}/sim-cards"))).await);
    let employee = Sample::employee(world.company_id());
    manager.post("/employees", &employee).await.expect(201);

    world.stack.restart(Part::Telecom).await.unwrap();
    let line = recovers(201, || ordering.post(&orders, &order)).await;
    assert_eq!(ordering.post(&orders, &order).await.expect(201), line);
    manager.post(&orders, &order).await.expect(201);
    manager.post(&orders, &order).await.refused(409, "area-code-out-of-stock");
}

#[tokio::test]
async fn without_identity_tokens_are_still_good_and_nobody_logs_in() {
    let mut world = World::own().await;
    let manager = world.manager().await;
    let company = format!("/companies/{}", world.company_id());
    let account = world.demo.manager.clone();
    let login = json!({ "email": account.email, "password": account.password });

    world.stack.kill(Part::Identity);
    is_unavailable(&timed(world.rest().post("/login", &login)).await);
    manager.get(&company).await.expect(200);
    is_empty(manager.patch(&company, &json!({ "tradingName": "Still here" })).await);
    world.rest().get("/healthz").await.expect(200);
    let ready = world.rest().get("/readyz").await;
    is_unavailable(&ready);

    world.stack.restart(Part::Identity).await.unwrap();
    recovers(200, || async { world.rest().post("/login", &login).await }).await;
    recovers(200, || async { world.rest().get("/readyz").await }).await;
    // A new signing key or an old one: the token from before is still good.
    manager.get(&company).await.expect(200);
    person(&world).await;
}

#[tokio::test]
async fn without_company_only_companies_are_missing() {
    let mut world = World::own().await;
    let (operator, holder) = (world.operator().await, world.holder().await);
    let company = format!("/companies/{}", world.company_id());
    world.stack.kill(Part::Company);
    let asked: [(&Rest, &str); 3] =
        [(&operator, "/companies"), (&operator, &company), (&holder, "/employees/x")];
    for (rest, path) in &asked[..2] {
        is_unavailable(&timed(rest.get(path)).await);
    }
    holder.get(asked[2].1).await.refused(404, "resource-not-found");
    holder.get("/phone-accounts").await.expect(200);
    operator.get("/subscription-plans").await.expect(200);
    world.stack.restart(Part::Company).await.unwrap();
    recovers(200, || operator.get("/companies")).await;
}
