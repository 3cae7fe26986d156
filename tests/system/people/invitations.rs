//! Managers and members: how they come, and how they go.

use harness::{Rest, World, email};
use reqwest::Method;
use serde_json::{Value, json};

use super::{PASSWORD, accept, has_members, links, log_in, refuses, sign_up, sign_up_proven};
use super::{token, until, user};
use crate::cast::{Cast, company, invited, is_empty, no_id};

const OWN: &str = "Of-the-owner";

async fn put(rest: &Rest, company_id: &str, role: &str, email: &str) {
    let body = json!({ "user_email": email, "user_name": "Somebody Named" });
    is_empty(rest.put(&format!("/companies/{company_id}/{role}"), &body).await);
}

#[tokio::test]
async fn an_invited_manager_gets_in_by_the_mailed_link_only() {
    let world = World::shared().await;
    let operator = world.operator().await;
    let company_id = company(&operator).await;
    let address = email();
    put(&operator, &company_id, "managers", &address.to_uppercase()).await;
    for guess in [PASSWORD, "Somebody Named", " "] {
        log_in(world, &address, guess).await.refused(401, "unauthorized");
    }
    let link = links(world, &address, "/invitations/").await.remove(0);
    let page = world.rest().get(&link).await;
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    page.expect(200);
    let (path, secret) = link.split_once("?token=").unwrap();
    let path = format!("{path}/accept");
    let rest = world.rest();
    let guess = json!({ "token": "guess", "password": OWN });
    rest.post(&path, &guess).await.refused(404, "resource-not-found");
    let elsewhere = format!("/invitations/{}/accept", no_id());
    let body = json!({ "token": secret, "password": OWN });
    rest.post(&elsewhere, &body).await.refused(404, "resource-not-found");
    for weak in [json!("short"), json!("password"), json!(12345678)] {
        let body = json!({ "token": secret, "password": weak });
        refuses(&rest.post(&path, &body).await, &["password"]);
    }
    refuses(&rest.post(&path, &json!({})).await, &["token", "password"]);

    let accepted = rest.with_key(&address).post(&path, &body).await.expect(200);
    let user = json!({
        "id": accepted["user"]["id"],
        "email": address,
        "full_name": "Somebody Named",
        "social_name": null,
        "phone_number": null,
        "cpf": null,
        "date_of_birth": null,
        "address": null
    });
    assert_eq!(accepted["user"], user);
    let manager = rest.with_token(token(&accepted));
    manager.get(&format!("/companies/{company_id}")).await.expect(200);
    let again = rest.with_key(&address).post(&path, &body).await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.expect(200), accepted);
    rest.post(&path, &body).await.refused(404, "resource-not-found");
    log_in(world, &address, OWN).await.expect(200);
}

#[tokio::test]
async fn grants_sleep_until_the_address_is_proven() {
    let world = World::shared().await;
    let operator = world.operator().await;
    let company_id = company(&operator).await;
    let path = format!("/companies/{company_id}");
    let person = sign_up(world).await;
    let proof = links(world, &person.email, "/email-proofs/").await.remove(0);
    put(&operator, &company_id, "managers", &person.email).await;
    person.rest.get(&path).await.refused(404, "resource-not-found");
    let rest = world.rest().log_in(&person.email, PASSWORD).await;
    rest.get(&path).await.refused(404, "resource-not-found");

    // A scanner that only looks at the head of the answer proves nothing.
    assert_eq!(world.rest().send(Method::HEAD, &proof, None).await.status, 405);
    let wrong = format!("{}?token=guess", proof.split_once('?').unwrap().0);
    assert_eq!(world.rest().get(&wrong).await.status, 404);
    let page = world.rest().get(&proof).await.expect(200);
    assert!(page.as_str().unwrap().contains("confirmed"), "{page}");
    assert_eq!(world.rest().get(&proof).await.status, 404);
    let rest = world.rest().log_in(&person.email, PASSWORD).await;
    rest.get(&path).await.expect(200);
}

#[tokio::test]
async fn a_squatter_is_locked_out_when_the_owner_accepts() {
    let world = World::shared().await;
    let operator = world.operator().await;
    let company_id = company(&operator).await;
    let squatter = sign_up(world).await;
    put(&operator, &company_id, "managers", &squatter.email).await;
    let accepted = accept(world, &squatter.email, OWN).await.expect(200);
    log_in(world, &squatter.email, PASSWORD).await.refused(401, "unauthorized");
    until(401, || squatter.rest.get("/phone-accounts")).await;
    let owner = world.rest().with_token(token(&accepted));
    owner.get(&format!("/companies/{company_id}")).await.expect(200);
}

#[tokio::test]
async fn naming_somebody_renames_nobody() {
    let world = World::shared().await;
    let operator = world.operator().await;
    let company_id = company(&operator).await;
    let person = sign_up_proven(world).await;
    let mails = world.mails(&person.email).await.len();
    for role in ["managers", "members"] {
        put(&operator, &company_id, role, &person.email).await;
        put(&operator, &company_id, role, &person.email).await;
    }
    assert_eq!(user(world, &person).await.full_name.as_deref(), Some("Jhon Smith"));
    // One mail for each role, and no invitation: they have a password.
    assert_eq!(world.mails(&person.email).await.len(), mails + 2);
    assert_eq!(links(world, &person.email, "/invitations/").await, Vec::<String>::new());
    let manager = world.rest().log_in(&person.email, PASSWORD).await;
    manager.get(&format!("/companies/{company_id}")).await.expect(200);
}

#[tokio::test]
async fn rights_end_with_the_role() {
    let world = World::shared().await;
    let operator = world.operator().await;
    let company_id = company(&operator).await;
    let path = format!("/companies/{company_id}");
    let person = sign_up_proven(world).await;
    for role in ["managers", "members"] {
        put(&operator, &company_id, role, &person.email).await;
        let rest = world.rest().log_in(&person.email, PASSWORD).await;
        rest.get(&path).await.expect(200);
        let named = format!("{path}/{role}?user_email={}", person.email.to_uppercase());
        is_empty(operator.delete(&named).await);
        until(401, || rest.get(&path)).await;
        let rest = world.rest().log_in(&person.email, PASSWORD).await;
        rest.get(&path).await.refused(404, "resource-not-found");
        operator.delete(&named).await.refused(404, "resource-not-found");
    }
    for role in ["managers", "members"] {
        let unknown = format!("{path}/{role}?user_email={}", email());
        operator.delete(&unknown).await.refused(404, "resource-not-found");
        for wrong in ["", "?user_email=", "?user_email=nobody"] {
            refuses(&operator.delete(&format!("{path}/{role}{wrong}")).await, &["user_email"]);
        }
    }
}

#[tokio::test]
async fn members_read_and_do_not_change() {
    let world = World::shared().await;
    let operator = world.operator().await;
    let company_id = company(&operator).await;
    let member = invited(world, &operator, &company_id, "members").await;
    let member = world.rest().with_token(&member);
    let path = format!("/companies/{company_id}");
    member.get(&format!("{path}/employees")).await.expect(200);
    let change = json!({ "tradingName": "Mine" });
    member.patch(&path, &change).await.refused(403, "forbidden");
}

#[tokio::test]
async fn roles_are_given_by_those_who_may() {
    let cast = Cast::shared().await;
    for (role, given, taken) in [("managers", 403, 403), ("members", 204, 404)] {
        let path = format!("/companies/{}/{role}", cast.company_id);
        let body = || Some(json!({ "user_email": email(), "user_name": "Ana" }));
        cast.may(Method::PUT, &path, body, [401, 404, 403, 404, given, 204]).await;
        let named = format!("{path}?user_email={}", email());
        cast.may(Method::DELETE, &named, || None, [401, 404, 403, 404, taken, 404]).await;
        let unknown = format!("/companies/{}/{role}", no_id());
        cast.may(Method::PUT, &unknown, body, [401, 404, 404, 404, 404, 404]).await;
        let operator = &cast.operator;
        refuses(&operator.put(&path, &json!({})).await, &["user_email", "user_name"]);
        let wrong = json!({ "user_email": "ana", "user_name": " " });
        refuses(&operator.put(&path, &wrong).await, &["user_email", "user_name"]);
    }
}

#[tokio::test]
async fn a_role_given_twice_with_one_key_is_mailed_once() {
    let world = World::shared().await;
    let operator = world.operator().await;
    let path = format!("/companies/{}/members", company(&operator).await);
    let address = email();
    let body = json!({ "user_email": address, "user_name": "Ana" });
    let operator = operator.with_key(&address);
    is_empty(operator.put(&path, &body).await);
    let again = operator.put(&path, &body).await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    is_empty(again);
    let mails = world.mails(&address).await;
    assert_eq!(mails.len(), 1);
    has_members(&mails[0], &["to", "subject", "text", "html", "links", "sentAt"]);
    assert_eq!(mails[0]["to"], Value::from(address));
}
