//! What is good once is good once, however many try at the same moment.

use futures::future::join_all;
use harness::{Answer, Sample, World, email};
use serde_json::{Value, json};

use super::{
    PASSWORD, accept, accept_by, follow, links, log_in, open, sign_up, sign_up_proven, token,
    until_so, with,
};
use crate::cast::company;

/// Asserts that one of the answers has the one status, and all others the other.
#[track_caller]
fn one_of(answers: &[Answer], first: u16, others: u16) {
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    let mut expected = vec![others; answers.len() - 1];
    expected.push(first);
    expected.sort_unstable();
    assert_eq!(statuses, expected, "{answers:?}");
}

#[tokio::test]
async fn a_mailed_link_to_a_form_opens_it_once() {
    let world = World::shared().await;
    let operator = world.operator().await;
    let employee = Sample::employee(&company(&operator).await);
    operator.post("/employees", &employee).await.expect(201);
    let address = employee["workEmail"].as_str().unwrap();
    open(&world.rest(), &json!({ "email": address })).await;
    let link = links(world, address, "/signup-forms/").await.remove(0);
    let rest = world.rest();
    one_of(&join_all((0..6).map(|_| rest.get(&link))).await, 200, 404);
}

#[tokio::test]
async fn a_reset_sets_one_password() {
    let world = World::shared().await;
    let person = sign_up(world).await;
    let rest = world.rest();
    rest.post("/password-resets", &json!({ "email": person.email })).await.expect(204);
    let link = links(world, &person.email, "/password-resets/").await.remove(0);
    let path = format!("{link}/complete");
    let passwords: Vec<Value> =
        (0..4).map(|n| json!({ "new_password": format!("N{n}-password") })).collect();
    let answers = join_all(passwords.iter().map(|body| rest.post(&path, body))).await;
    one_of(&answers, 204, 404);
    for (answer, body) in answers.iter().zip(&passwords) {
        let expected = if answer.status == 204 { 200 } else { 401 };
        let password = body["new_password"].as_str().unwrap();
        log_in(world, &person.email, password).await.expect(expected);
    }
}

#[tokio::test]
async fn an_unknown_person_who_is_invited_from_all_sides_is_one_person() {
    let world = World::shared().await;
    let operator = world.operator().await;
    let mut paths = Vec::new();
    for _ in 0..4 {
        paths.push(format!("/companies/{}", company(&operator).await));
    }
    let address = email();
    let body = json!({ "user_email": address, "user_name": "Ana" });
    let managers: Vec<String> = paths.iter().map(|path| format!("{path}/managers")).collect();
    for answer in join_all(managers.iter().map(|path| operator.put(path, &body))).await {
        answer.expect(204);
    }
    // Mails overtake each other: which of them holds the link that was made last is not known.
    let (rest, mailbox) = (world.rest(), format!("/sandbox/mail?to={address}"));
    let has_all = |answer: &Answer| {
        answer.body["mails"].as_array().is_some_and(|mails| mails.len() == managers.len())
    };
    until_so(|| rest.get(&mailbox), has_all).await;
    let links = links(world, &address, "/invitations/").await;
    let answers = join_all(links.iter().map(|link| accept_by(world, link, PASSWORD))).await;
    one_of(&answers, 200, 404);
    let accepted = answers.into_iter().find(|answer| answer.status == 200).unwrap().body;
    let manager = world.rest().with_token(token(&accepted));
    for path in &paths {
        manager.get(path).await.expect(200);
    }
}

#[tokio::test]
async fn an_address_goes_to_the_first_who_proves_it() {
    let world = World::shared().await;
    let (one, other) = (sign_up_proven(world).await, sign_up_proven(world).await);
    let wanted = email();
    for person in [&one, &other] {
        let path = format!("/users/{}", person.user_id);
        person.rest.patch(&path, &json!({ "email": wanted })).await.expect(204);
    }
    let proofs = links(world, &wanted, "/email-proofs/").await;
    assert_eq!(proofs.len(), 2);
    let rest = world.rest();
    let answers = join_all(proofs.iter().map(|link| rest.get(link))).await;
    one_of(&answers, 200, 409);
    log_in(world, &wanted, PASSWORD).await.expect(200);
    let late = answers.into_iter().find(|answer| answer.status == 409).unwrap();
    late.refused(409, "email-already-registered");
}

#[tokio::test]
async fn two_forms_of_one_address_make_one_user() {
    let world = World::shared().await;
    let form = Sample::signup_form(&email(), world.plan_id(), 41);
    let mut paths = Vec::new();
    for _ in 0..4 {
        let form = open(&world.rest(), &form).await;
        paths.push(format!("/signup-forms/{}/complete", form["id"].as_str().unwrap()));
    }
    let (rest, password) = (world.rest(), Sample::password());
    let answers = join_all(paths.iter().map(|path| rest.post(path, &password))).await;
    one_of(&answers, 200, 409);
    for answer in answers.into_iter().filter(|answer| answer.status == 409) {
        answer.refused(409, "email-already-registered");
    }
}

#[tokio::test]
async fn an_invitation_is_accepted_once() {
    let world = World::shared().await;
    let operator = world.operator().await;
    let path = format!("/companies/{}/members", company(&operator).await);
    let address = email();
    let body = json!({ "user_email": address, "user_name": "Ana" });
    operator.put(&path, &body).await.expect(204);
    let answers = join_all((0..4).map(|_| accept(world, &address, PASSWORD))).await;
    one_of(&answers, 200, 404);
    log_in(world, &address, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_form_that_is_changed_while_it_completes_is_whole() {
    let world = World::shared().await;
    let (address, other) = (email(), email());
    let form = Sample::signup_form(&address, world.plan_id(), 41);
    let form = open(&world.rest(), &form).await;
    let path = format!("/signup-forms/{}", form["id"].as_str().unwrap());
    let (rest, complete) = (world.rest(), format!("{path}/complete"));
    let change = with(json!({ "email": other }), json!({ "full_name": "Other" }));
    let password = Sample::password();
    let (completed, changed) =
        tokio::join!(rest.post(&complete, &password), rest.patch(&path, &change));
    let user = completed.expect(200)["user"].clone();
    let expected = if changed.status == 200 { "Other" } else { "Jhon Smith" };
    assert_eq!(user["full_name"], expected);
    assert_eq!(user["email"], if changed.status == 200 { other } else { address.clone() });
    follow(world, user["email"].as_str().unwrap()).await;
}
