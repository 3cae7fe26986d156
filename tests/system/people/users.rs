//! A person's registration data: their own, and the operator's.

use harness::{Rest, World, email};
use serde_json::{Value, json};

use super::{PASSWORD, Person, follow, links, log_in, refuses, sign_up, sign_up_proven, user};
use crate::cast::{is_empty, no_id};

/// The published sample; a postal code in it is as given.
fn sample() -> Value {
    json!({
        "phoneNumber": "+5541987654321",
        "fullName": "new@email.com",
        "socialName": "New Social Name",
        "cpf": "01234567890",
        "dateOfBirth": "2000-01-01",
        "address": {
            "zip_code": "11111-111",
            "street_name": "Rua Marechal Deodoro",
            "street_number": 666,
            "complement": "Apartamento 101",
            "neighborhood": "Centro",
            "city": "Curitiba",
            "state": "PR"
        }
    })
}

fn path(person: &Person) -> String {
    format!("/users/{}", person.user_id)
}

async fn change(rest: &Rest, person: &Person, change: Value) {
    is_empty(rest.patch(&path(person), &change).await);
}

#[tokio::test]
async fn people_change_their_own_data() {
    let world = World::shared().await;
    let person = sign_up(world).await;
    change(&person.rest, &person, sample()).await;
    let changed = user(world, &person).await;
    assert_eq!(changed.full_name.as_deref(), Some("new@email.com"));
    assert_eq!(changed.social_name.as_deref(), Some("New Social Name"));
    assert_eq!(changed.phone_number.as_deref(), Some("+5541987654321"));
    assert_eq!(changed.cpf.as_deref(), Some("012.345.678-90"));
    assert_eq!(changed.date_of_birth.as_deref(), Some("2000-01-01"));
    assert_eq!(changed.address.unwrap().zip_code.as_deref(), Some("11111-111"));

    change(&person.rest, &person, json!({ "socialName": null, "address": null, "id": 7 })).await;
    change(&person.rest, &person, json!({})).await;
    let changed = user(world, &person).await;
    assert_eq!((changed.social_name, changed.address), (None, None));
    assert_eq!(changed.full_name.as_deref(), Some("new@email.com"));
}

#[tokio::test]
async fn the_operator_changes_anybody() {
    let world = World::shared().await;
    let person = sign_up(world).await;
    change(&world.operator().await, &person, json!({ "fullName": "Ana" })).await;
    assert_eq!(user(world, &person).await.full_name.as_deref(), Some("Ana"));
}

#[tokio::test]
async fn nobody_else_finds_a_user() {
    let world = World::shared().await;
    let operator = world.operator().await;
    let person = sign_up_proven(world).await;
    let body = json!({ "user_email": person.email, "user_name": "Ana" });
    let members = format!("/companies/{}/members", world.company_id());
    operator.put(&members, &body).await.expect(204);
    let name = json!({ "fullName": "Eve" });
    world.rest().patch(&path(&person), &name).await.refused(401, "unauthorized");
    let bad = world.rest().with_token("bad").patch(&path(&person), &name).await;
    bad.refused(401, "unauthorized");
    for rest in [world.manager().await, world.other_manager().await, sign_up(world).await.rest] {
        rest.patch(&path(&person), &name).await.refused(404, "resource-not-found");
    }
    for unknown in [no_id().as_str(), "no-id"] {
        let path = format!("/users/{unknown}");
        operator.patch(&path, &name).await.refused(404, "resource-not-found");
    }
    assert_eq!(user(world, &person).await.full_name.as_deref(), Some("Jhon Smith"));
}

#[tokio::test]
async fn every_wrong_value_is_named() {
    let world = World::shared().await;
    let person = sign_up(world).await;
    let wrong = json!({
        "phoneNumber": "+5511123456789",
        "email": "new",
        "fullName": "x".repeat(201),
        "socialName": "x".repeat(201),
        "cpf": "123.456.789-00",
        "dateOfBirth": "2999-01-01",
        "address": { "zip_code": "1", "state": "ST" }
    });
    let answer = person.rest.patch(&path(&person), &wrong).await;
    let named = [
        "phoneNumber",
        "email",
        "fullName",
        "socialName",
        "cpf",
        "dateOfBirth",
        "address.zip_code",
        "address.state",
    ];
    refuses(&answer, &named);
    for date in ["1994-02-30", "01/01/2000", "1899-12-31", ""] {
        let wrong = json!({ "dateOfBirth": date });
        refuses(&person.rest.patch(&path(&person), &wrong).await, &["dateOfBirth"]);
    }
    for (member, value) in [("cpf", json!(1)), ("address", json!("Rua")), ("email", json!({}))] {
        let answer = person.rest.patch(&path(&person), &json!({ member: value })).await;
        answer.refused(400, "malformed-request");
    }
    refuses(&person.rest.patch(&path(&person), &json!({ "email": null })).await, &["email"]);
    assert_eq!(user(world, &person).await.full_name.as_deref(), Some("Jhon Smith"));
}

#[tokio::test]
async fn a_contact_number_is_any_brazilian_number() {
    let world = World::shared().await;
    let person = sign_up(world).await;
    for number in ["+554133334444", "+558007771234", "+5541987654321"] {
        change(&person.rest, &person, json!({ "phoneNumber": number })).await;
        assert_eq!(user(world, &person).await.phone_number.as_deref(), Some(number));
    }
}

#[tokio::test]
async fn a_new_email_counts_with_the_mailed_link() {
    let world = World::shared().await;
    let person = sign_up_proven(world).await;
    let (older, newer) = (email(), email());
    change(&person.rest, &person, json!({ "email": older.to_uppercase() })).await;
    change(&person.rest, &person, json!({ "email": newer, "fullName": "Ana" })).await;
    let person_now = user(world, &person).await;
    assert_eq!(
        (person_now.email, person_now.full_name),
        (person.email.clone(), Some("Ana".to_owned()))
    );
    for address in [&older, &newer] {
        log_in(world, address, PASSWORD).await.refused(401, "unauthorized");
    }
    // Only the last link counts.
    let stale = links(world, &older, "/email-proofs/").await.remove(0);
    assert_eq!(world.rest().get(&stale).await.status, 404);
    follow(world, &newer).await;
    log_in(world, &newer, PASSWORD).await.expect(200);
    log_in(world, &person.email, PASSWORD).await.refused(401, "unauthorized");
    person.rest.get("/phone-accounts").await.expect(200);
}

#[tokio::test]
async fn an_address_that_somebody_proved_stays_theirs() {
    let world = World::shared().await;
    let (owner, person) = (sign_up_proven(world).await, sign_up(world).await);
    let taken = json!({ "email": owner.email.to_uppercase(), "fullName": "Eve" });
    let answer = person.rest.patch(&path(&person), &taken).await;
    answer.refused(409, "email-already-registered");
    assert_eq!(user(world, &person).await.full_name.as_deref(), Some("Jhon Smith"));

    // One's own changes nothing, and needs no mail when it is proven.
    let mails = world.mails(&owner.email).await.len();
    change(&owner.rest, &owner, json!({ "email": owner.email })).await;
    assert_eq!(world.mails(&owner.email).await.len(), mails);

    // One that nobody has proven goes to whoever proves it.
    let squatter = sign_up(world).await;
    change(&owner.rest, &owner, json!({ "email": squatter.email })).await;
    follow(world, &squatter.email).await;
    super::until(401, || squatter.rest.get("/phone-accounts")).await;
    log_in(world, &owner.email, PASSWORD).await.refused(401, "unauthorized");
    log_in(world, &squatter.email, PASSWORD).await.expect(200);
    let path = format!("/phone-accounts/{}", owner.line_id);
    world.rest().log_in(&squatter.email, PASSWORD).await.get(&path).await.expect(200);
}
