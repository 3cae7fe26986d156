//! Signing up by an e-mail address in a company's domain.

use harness::{Answer, Sample, World, unique};
use serde_json::{Value, json};

use super::{PASSWORD, links, log_in, open, refuses, text, token, until_line};
use crate::cast::{Cast, is_empty};

/// A domain of the cast's company.
async fn domain(world: &World, cast: &Cast) -> String {
    let domain = format!("people{}.com.br", unique());
    let body = json!({ "email_domain": domain, "default_subscription_plan_id": world.plan_id() });
    is_empty(cast.manager.put(&companys(cast, "email-domains"), &body).await);
    domain
}

fn companys(cast: &Cast, things: &str) -> String {
    format!("/companies/{}/{things}", cast.company_id)
}

async fn ask(world: &World, email: &str) {
    is_empty(world.rest().post("/login/email-domain", &json!({ "email": email })).await);
}

/// The newest link that was mailed to somebody.
async fn link(world: &World, email: &str) -> String {
    links(world, email, "/login/email-domain/").await.remove(0)
}

async fn complete(world: &World, link: &str, body: &Value) -> Answer {
    world.rest().post(&format!("{link}/complete"), body).await
}

#[tokio::test]
async fn somebody_of_the_domain_gets_a_line_at_the_companys_cost() {
    let world = World::shared().await;
    let cast = Cast::shared().await;
    let email = format!("ana@{}", domain(world, &cast).await);
    ask(world, &email.to_uppercase()).await;
    let link = link(world, &email).await;
    let page = world.rest().get(&link).await.expect(200);
    assert!(page.as_str().is_some_and(|page| page.contains("<form")), "{page}");

    let done = complete(world, &link, &json!({ "password": PASSWORD, "area_code": 41 })).await;
    let done = done.expect(200);
    assert_eq!(done["user"]["email"], *email);
    let person = world.rest().with_token(token(&done));
    let line = until_line(&person, &text(&done, "phone_account_id"), "active").await;
    assert_eq!(line["company_id"], *cast.company_id);
    assert_eq!(line["subscription_plan_id"], world.plan_id());
    assert!(text(&line, "phone_number").starts_with("+5541"), "{line}");
    log_in(world, &email, PASSWORD).await.expect(200);

    let again = complete(world, &link, &json!({ "password": PASSWORD, "area_code": 41 })).await;
    again.refused(404, "resource-not-found");
}

#[tokio::test]
async fn the_line_is_of_the_companys_state_unless_they_say_otherwise() {
    let world = World::shared().await;
    let cast = Cast::shared().await;
    let address = json!({ "address": { "zip_code": "40020-000", "street_name": "Praça Municipal",
        "street_number": 1, "neighborhood": "Centro", "city": "Salvador", "state": "BA" } });
    cast.manager.patch(&format!("/companies/{}", cast.company_id), &address).await.expect(204);
    let email = format!("bia@{}", domain(world, &cast).await);
    ask(world, &email).await;
    let done = complete(world, &link(world, &email).await, &json!({ "password": PASSWORD })).await;
    let line_id = text(&done.expect(200), "phone_account_id");
    world.settle().await;
    let waiting = cast.manager.get(&format!("/phone-accounts/{line_id}")).await.expect(200);
    assert_eq!(waiting["status"], "ordered", "the stock has no number of area 71");
}

#[tokio::test]
async fn nobody_learns_which_domains_are_companies() {
    let world = World::shared().await;
    let email = format!("ana@nobodys{}.com.br", unique());
    ask(world, &email).await;
    assert_eq!(world.mails(&email).await, Vec::<Value>::new());
    let no_address = world.rest().post("/login/email-domain", &json!({ "email": "ana" })).await;
    refuses(&no_address, &["email"]);
}

#[tokio::test]
async fn a_wrong_answer_leaves_the_link_good() {
    let world = World::shared().await;
    let cast = Cast::shared().await;
    let email = format!("ana@{}", domain(world, &cast).await);
    ask(world, &email).await;
    let link = link(world, &email).await;
    refuses(&complete(world, &link, &json!({ "password": "short" })).await, &["password"]);
    refuses(&complete(world, &link, &json!({})).await, &["password"]);
    let void = json!({ "password": PASSWORD, "area_code": 20 });
    refuses(&complete(world, &link, &void).await, &["area_code"]);
    let unknown = "/login/email-domain/x";
    let body = json!({ "password": PASSWORD, "area_code": 41 });
    complete(world, unknown, &body).await.refused(404, "resource-not-found");
    complete(world, &link, &body).await.expect(200);
}

#[tokio::test]
async fn who_has_proven_the_address_has_an_account_already() {
    let world = World::shared().await;
    let cast = Cast::shared().await;
    let email = format!("ana@{}", domain(world, &cast).await);
    let body = json!({ "password": PASSWORD, "area_code": 41 });
    ask(world, &email).await;
    complete(world, &link(world, &email).await, &body).await.expect(200);
    ask(world, &email).await;
    let second = complete(world, &link(world, &email).await, &body).await;
    second.refused(409, "email-already-registered");
}

#[tokio::test]
async fn a_stranger_who_took_the_address_makes_way() {
    let world = World::shared().await;
    let cast = Cast::shared().await;
    let email = format!("ana@{}", domain(world, &cast).await);
    let form = open(&world.rest(), &Sample::signup_form(&email, world.plan_id(), 41)).await;
    let stranger = super::complete(world, &form).await;
    ask(world, &email).await;
    let body = json!({ "password": "another Passw0rd!", "area_code": 41 });
    let done = complete(world, &link(world, &email).await, &body).await.expect(200);
    assert_ne!(done["user"]["id"], *stranger.user_id);
    log_in(world, &email, PASSWORD).await.refused(401, "unauthorized");
    log_in(world, &email, "another Passw0rd!").await.expect(200);
}
