//! Nobody spends a company's money by knowing its id.

use harness::{Rest, Sample, World, email, unique};
use serde_json::{Value, json};

use super::{Person, accept, company_form, complete, follow, links, log_in, open, partner};
use super::{sign_up, text, token, until_line, with};
use crate::cast::{company, invited, no_id};

async fn stranger(world: &World, email: &str, company_id: &str) -> Person {
    complete(world, &open(&world.rest(), &company_form(world, email, company_id)).await).await
}

async fn is_pending(world: &World, person: &Person) {
    world.settle().await;
    let line = person.rest.get(&format!("/phone-accounts/{}", person.line_id)).await.expect(200);
    assert_eq!((&line["status"], &line["phone_number"]), (&"pending".into(), &Value::Null));
}

async fn hire(operator: &Rest, company_id: &str, members: Value) -> Value {
    let employee = with(Sample::employee(company_id), members);
    operator.post("/employees", &employee).await.expect(201)
}

#[tokio::test]
async fn a_manager_approves_the_line_of_a_stranger() {
    let world = World::shared().await;
    let operator = world.operator().await;
    let company_id = company(&operator).await;
    let manager =
        world.rest().with_token(&invited(world, &operator, &company_id, "managers").await);
    let member = world.rest().with_token(&invited(world, &operator, &company_id, "members").await);
    let person = stranger(world, &email(), &company_id).await;
    is_pending(world, &person).await;
    let path = format!("/phone-accounts/{}/approve", person.line_id);
    let nothing = json!({});
    world.rest().post(&path, &nothing).await.refused(401, "unauthorized");
    person.rest.post(&path, &nothing).await.refused(403, "forbidden");
    member.post(&path, &nothing).await.refused(403, "forbidden");
    let other_manager = world.other_manager().await;
    other_manager.post(&path, &nothing).await.refused(404, "resource-not-found");
    sign_up(world).await.rest.post(&path, &nothing).await.refused(404, "resource-not-found");
    for unknown in [no_id().as_str(), "no-id"] {
        let path = format!("/phone-accounts/{unknown}/approve");
        manager.post(&path, &nothing).await.refused(404, "resource-not-found");
    }
    is_pending(world, &person).await;

    let manager = manager.with_key(&email());
    assert_eq!(manager.post(&path, &nothing).await.expect(204), Value::Null);
    let line = until_line(&person.rest, &person.line_id, "active").await;
    assert!(line["phone_number"].as_str().unwrap().starts_with("+55419"));
    assert_eq!(line["company_id"], company_id.as_str());
    let again = manager.post(&path, &nothing).await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    again.expect(204);
    operator.post(&path, &nothing).await.refused(409, "invalid-status");
}

#[tokio::test]
async fn an_employee_who_proves_the_email_needs_no_approval() {
    let world = World::shared().await;
    let operator = world.operator().await;
    for kind in ["workEmail", "personalEmail"] {
        let company_id = company(&operator).await;
        let email = email();
        hire(&operator, &company_id, json!({ kind: email })).await;
        let person = stranger(world, &email, &company_id).await;
        is_pending(world, &person).await;
        let link = links(world, &email, "/email-proofs/").await.remove(0);
        world.rest().get(&link).await.expect(200);
        until_line(&person.rest, &person.line_id, "active").await;
    }
}

#[tokio::test]
async fn an_address_in_the_companys_domain_needs_no_approval() {
    let world = World::shared().await;
    let operator = world.operator().await;
    let company_id = company(&operator).await;
    let domain = format!("domain{}.example", unique());
    let body = json!({ "email_domain": domain, "default_subscription_plan_id": world.plan_id() });
    operator.put(&format!("/companies/{company_id}/email-domains"), &body).await.expect(204);
    let person = stranger(world, &format!("ana@{domain}"), &company_id).await;
    is_pending(world, &person).await;
    follow(world, &person.email).await;
    until_line(&person.rest, &person.line_id, "active").await;

    // Neither a domain below nor one that ends alike is the company's.
    for other in [format!("ana@sub.{domain}"), format!("ana@not{domain}")] {
        let person = stranger(world, &other, &company_id).await;
        follow(world, &person.email).await;
        is_pending(world, &person).await;
    }
}

#[tokio::test]
async fn any_other_proven_address_needs_approval() {
    let world = World::shared().await;
    let operator = world.operator().await;
    let (company_id, other_company_id) = (company(&operator).await, company(&operator).await);
    let (colleague, dismissed) = (email(), email());
    hire(&operator, &other_company_id, json!({ "workEmail": colleague })).await;
    let terminated = json!({
        "workEmail": dismissed,
        "status": "terminated",
        "terminatedAt": "2021-01-01T00:00:00Z"
    });
    hire(&operator, &company_id, terminated).await;
    for email in [email(), colleague, dismissed] {
        let person = stranger(world, &email, &company_id).await;
        let link = links(world, &email, "/email-proofs/").await.remove(0);
        world.rest().get(&link).await.expect(200);
        is_pending(world, &person).await;
    }
}

#[tokio::test]
async fn a_form_of_the_companys_manager_or_a_partner_needs_no_approval() {
    let world = World::shared().await;
    let company_id = world.company_id();
    for rest in [world.manager().await, partner(world).await, world.operator().await] {
        let form = open(&rest, &company_form(world, &email(), company_id)).await;
        let person = complete(world, &form).await;
        let line = until_line(&person.rest, &person.line_id, "active").await;
        assert_eq!(line["company_id"], company_id);
    }
}

#[tokio::test]
async fn a_form_of_anybody_else_needs_approval() {
    let world = World::shared().await;
    let company_id = world.company_id();
    let holder = world.holder().await;
    for rest in [world.other_manager().await, holder] {
        let form = open(&rest, &company_form(world, &email(), company_id)).await;
        is_pending(world, &complete(world, &form).await).await;
    }
}

#[tokio::test]
async fn consent_is_given_for_one_person_and_one_company() {
    let world = World::shared().await;
    let (manager, company_id) = (world.manager().await, world.company_id());
    for change in [
        json!({ "email": email() }),
        json!({ "phone_account_company_id": world.other_company_id() }),
    ] {
        let form = open(&manager, &company_form(world, &email(), company_id)).await;
        let path = format!("/signup-forms/{}", text(&form, "id"));
        let form = world.rest().patch(&path, &change).await.expect(200);
        is_pending(world, &complete(world, &form).await).await;
    }
    // A public form that the manager puts the company on has the company's consent.
    let form = open(&world.rest(), &Sample::signup_form(&email(), world.plan_id(), 41)).await;
    let path = format!("/signup-forms/{}", text(&form, "id"));
    let change = json!({ "phone_account_company_id": company_id });
    let form = manager.patch(&path, &change).await.expect(200);
    let person = complete(world, &form).await;
    until_line(&person.rest, &person.line_id, "active").await;
}

#[tokio::test]
async fn whoever_proved_the_address_before_completing_needs_no_approval() {
    let world = World::shared().await;
    let operator = world.operator().await;
    let company_id = company(&operator).await;
    let email = email();
    hire(&operator, &company_id, json!({ "workEmail": email })).await;
    let form = open(&world.rest(), &company_form(world, &email, &company_id)).await;
    follow(world, &email).await;
    let person = complete(world, &form).await;
    until_line(&person.rest, &person.line_id, "active").await;
    log_in(world, &email, "Passw0rd!").await.expect(200);
}

#[tokio::test]
async fn whoever_accepts_an_invitation_has_proven_the_address() {
    let world = World::shared().await;
    let operator = world.operator().await;
    let company_id = company(&operator).await;
    let email = email();
    hire(&operator, &company_id, json!({ "workEmail": email })).await;
    let person = stranger(world, &email, &company_id).await;
    is_pending(world, &person).await;
    let body = json!({ "user_email": email, "user_name": "Ana" });
    operator.put(&format!("/companies/{company_id}/members"), &body).await.expect(204);
    let accepted = accept(world, &email, "An0ther-One").await.expect(200);
    let rest = world.rest().with_token(token(&accepted));
    until_line(&rest, &person.line_id, "active").await;
}
