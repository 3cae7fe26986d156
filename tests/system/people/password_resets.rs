//! Forgotten passwords, and how long mailed links last.

use harness::{Sample, World, email};
use serde_json::{Value, json};

use super::{PASSWORD, accept, complete, links, log_in, open, refuses, sign_up, sign_up_proven};
use super::{until, with};
use crate::cast::{company, no_id};

const NEW: &str = "An0ther-One";

async fn ask(world: &World, email: &str) {
    let answer = world.rest().post("/password-resets", &json!({ "email": email })).await;
    assert_eq!(answer.expect(204), Value::Null);
}

async fn reset_links(world: &World, email: &str) -> Vec<String> {
    links(world, email, "/password-resets/").await
}

fn new_password(password: impl Into<Value>) -> Value {
    json!({ "new_password": password.into() })
}

#[tokio::test]
async fn whether_an_email_is_known_is_not_told() {
    let world = World::shared().await;
    let known = sign_up(world).await.email;
    let unknown = email();
    for email in [&known, &unknown] {
        ask(world, email).await;
    }
    assert_eq!(reset_links(world, &known).await.len(), 1);
    assert_eq!(world.mails(&unknown).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_reset_needs_an_email() {
    let world = World::shared().await;
    let rest = world.rest();
    for wrong in [json!({}), json!({ "email": null }), json!({ "email": "nobody" })] {
        refuses(&rest.post("/password-resets", &wrong).await, &["email"]);
    }
    let wrong_type = json!({ "email": ["a@b.example"] });
    rest.post("/password-resets", &wrong_type).await.refused(400, "malformed-request");
}

#[tokio::test]
async fn the_link_leads_to_a_form() {
    let world = World::shared().await;
    let person = sign_up(world).await;
    ask(world, &person.email).await;
    let link = reset_links(world, &person.email).await.remove(0);
    // Looking does not use it up.
    for _ in 0..2 {
        let answer = world.rest().get(&link).await;
        assert_eq!(answer.headers["location"], format!("{link}/form"));
        answer.expect(302);
    }
    let form = world.rest().get(&format!("{link}/form")).await;
    assert_eq!(form.headers["content-type"], "text/html; charset=utf-8");
    assert!(form.expect(200).as_str().unwrap().contains("new_password"));
    for unknown in [no_id(), "A".repeat(43), "%20".to_owned()] {
        let path = format!("/password-resets/{unknown}");
        world.rest().get(&path).await.refused(404, "resource-not-found");
        let complete = world.rest().post(&format!("{path}/complete"), &new_password(NEW)).await;
        complete.refused(404, "resource-not-found");
    }
}

#[tokio::test]
async fn a_new_password_ends_the_old_one_and_all_sessions() {
    let world = World::shared().await;
    let person = sign_up(world).await;
    ask(world, &person.email).await;
    ask(world, &person.email.to_uppercase()).await;
    let [newer, older] = <[String; 2]>::try_from(reset_links(world, &person.email).await).unwrap();
    let complete = format!("{older}/complete");
    let rest = world.rest();
    let weak = ["Passw0r".into(), "x1-".repeat(43).into(), "password".into(), json!(123456)];
    for weak in weak {
        refuses(&rest.post(&complete, &new_password(weak)).await, &["new_password"]);
    }
    refuses(&rest.post(&complete, &json!({})).await, &["new_password"]);
    person.rest.get("/phone-accounts").await.expect(200);

    let keyed = rest.with_key(&email());
    assert_eq!(keyed.post(&complete, &new_password(NEW)).await.expect(204), Value::Null);
    let again = keyed.post(&complete, &new_password(NEW)).await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    again.expect(204);
    let other = keyed.post(&complete, &new_password("Yet-an0ther")).await;
    other.refused(422, "idempotency-mismatch");

    until(401, || person.rest.get("/phone-accounts")).await;
    log_in(world, &person.email, PASSWORD).await.refused(401, "unauthorized");
    world.rest().log_in(&person.email, NEW).await.get("/phone-accounts").await.expect(200);
    for link in [newer, older] {
        rest.get(&link).await.refused(404, "resource-not-found");
        let again = rest.post(&format!("{link}/complete"), &new_password("Yet-an0ther")).await;
        again.refused(404, "resource-not-found");
    }
}

#[tokio::test]
async fn a_reset_proves_the_address() {
    let world = World::shared().await;
    let operator = world.operator().await;
    let company_id = company(&operator).await;
    let person = sign_up(world).await;
    let body = json!({ "user_email": person.email, "user_name": "Ana" });
    operator.put(&format!("/companies/{company_id}/members"), &body).await.expect(204);
    ask(world, &person.email).await;
    let link = reset_links(world, &person.email).await.remove(0);
    let path = format!("{link}/complete");
    world.rest().post(&path, &new_password(NEW)).await.expect(204);
    let member = world.rest().log_in(&person.email, NEW).await;
    member.get(&format!("/companies/{company_id}")).await.expect(200);
}

#[tokio::test]
async fn mailed_links_grow_old() {
    let world = World::own().await;
    let operator = world.operator().await;
    let company_id = company(&operator).await;
    let person = sign_up(&world).await;
    ask(&world, &person.email).await;
    let reset = reset_links(&world, &person.email).await.remove(0);
    let proof = links(&world, &person.email, "/email-proofs/").await.remove(0);
    let employee = with(Sample::employee(&company_id), json!({ "workEmail": email() }));
    operator.post("/employees", &employee).await.expect(201);
    let employee = employee["workEmail"].as_str().unwrap();
    open(&world.rest(), &json!({ "email": employee })).await;
    let form = links(&world, employee, "/signup-forms/").await.remove(0);
    let invited = email();
    let body = json!({ "user_email": invited, "user_name": "Ana" });
    operator.put(&format!("/companies/{company_id}/managers"), &body).await.expect(204);

    world.advance("PT59M").await;
    world.rest().get(&reset).await.expect(302);
    world.advance("PT1M").await;
    world.rest().get(&reset).await.refused(404, "resource-not-found");
    let path = format!("{reset}/complete");
    world.rest().post(&path, &new_password(NEW)).await.refused(404, "resource-not-found");
    log_in(&world, &person.email, PASSWORD).await.expect(200);

    world.advance("P2D").await;
    world.rest().get(&form).await.refused(404, "resource-not-found");
    world.advance("P5D").await;
    let page = world.rest().get(&proof).await.expect(404);
    assert!(page.as_str().unwrap().contains("no longer good"), "{page}");
    accept(&world, &invited, NEW).await.refused(404, "resource-not-found");
    // A new invitation is as good as the first one was.
    let operator = world.operator().await;
    operator.put(&format!("/companies/{company_id}/managers"), &body).await.expect(204);
    accept(&world, &invited, NEW).await.expect(200);
}

#[tokio::test]
async fn resets_are_mailed_a_few_times_an_hour() {
    let world = World::own().await;
    let person = sign_up_proven(&world).await;
    for _ in 0..8 {
        ask(&world, &person.email).await;
    }
    assert_eq!(reset_links(&world, &person.email).await.len(), 5);
    world.advance("PT1H").await;
    ask(&world, &person.email).await;
    assert_eq!(reset_links(&world, &person.email).await.len(), 6);
    complete(
        &world,
        &open(&world.rest(), &Sample::signup_form(&email(), world.plan_id(), 41)).await,
    )
    .await;
}
