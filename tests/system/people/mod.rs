//! People: how they sign up, log in, prove who they are, and what they may do. Here stands what
//! these tests share: signing up, following mailed links, waiting.

mod approvals;
mod at_once;
mod domain_signup;
mod invitations;
mod login;
mod password_resets;
mod permissions;
mod prefill;
mod signup;
mod users;

use std::collections::BTreeSet;
use std::time::Duration;

use harness::{Answer, Rest, Sample, World, email, unique, with_token};
use local::Part;
use proto::identity::v1::user_service_client::UserServiceClient;
use proto::identity::v1::{GetUserRequest, User};
use serde_json::{Value, json};

use crate::cast::id;

const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(50);

pub(crate) const PASSWORD: &str = "Passw0rd!";

/// Somebody who signed up.
pub(crate) struct Person {
    pub(crate) rest: Rest,
    pub(crate) email: String,
    pub(crate) user_id: String,
    pub(crate) line_id: String,
}

/// Signs up somebody without a company.
pub(crate) async fn sign_up(world: &World) -> Person {
    let form = Sample::signup_form(&email(), world.plan_id(), 41);
    complete(world, &open(&world.rest(), &form).await).await
}

/// Signs up somebody without a company, who proves their address.
pub(crate) async fn sign_up_proven(world: &World) -> Person {
    let person = sign_up(world).await;
    follow(world, &person.email).await;
    person
}

/// Opens a form; returns it.
pub(crate) async fn open(rest: &Rest, form: &Value) -> Value {
    rest.post("/signup-forms", form).await.expect(200)
}

/// Completes a form without a token.
pub(crate) async fn complete(world: &World, form: &Value) -> Person {
    let path = format!("/signup-forms/{}/complete", id(form));
    let completed = world.rest().post(&path, &Sample::password()).await.expect(200);
    Person {
        rest: world.rest().with_token(token(&completed)),
        email: text(&completed["user"], "email"),
        user_id: text(&completed["user"], "id"),
        line_id: text(&completed, "phone_account_id"),
    }
}

/// A form for a line that a company is to pay for.
pub(crate) fn company_form(world: &World, email: &str, company_id: &str) -> Value {
    let mut form = Sample::signup_form(email, world.plan_id(), 41);
    form["phone_account_company_id"] = company_id.into();
    form
}

/// Follows the link of the newest mail to somebody.
pub(crate) async fn follow(world: &World, email: &str) -> Value {
    let link = world.mailed_path(email).await;
    world.rest().get(&link).await.expect(200)
}

/// The paths of all mailed links to somebody that start so, newest first.
pub(crate) async fn links(world: &World, email: &str, start: &str) -> Vec<String> {
    let mails = world.mails(email).await;
    let links = mails.iter().flat_map(|mail| mail["links"].as_array().expect("links"));
    links
        .filter_map(|link| link.as_str()?.strip_prefix(&world.stack.addresses().gateway))
        .filter(|path| path.starts_with(start))
        .map(str::to_owned)
        .collect()
}

/// Accepts the invitation that was mailed to somebody last.
pub(crate) async fn accept(world: &World, email: &str, password: &str) -> Answer {
    let link = links(world, email, "/invitations/").await.remove(0);
    accept_by(world, &link, password).await
}

/// Accepts an invitation by its link.
pub(crate) async fn accept_by(world: &World, link: &str, password: &str) -> Answer {
    let (path, secret) = link.split_once("?token=").expect("a secret");
    let body = json!({ "token": secret, "password": password });
    world.rest().post(&format!("{path}/accept"), &body).await
}

/// What is kept of a person, as they themself may read it.
pub(crate) async fn user(world: &World, person: &Person) -> User {
    let session = log_in(world, &person.email, PASSWORD).await.expect(200);
    let request = GetUserRequest { user_id: person.user_id.clone() };
    let mut users = UserServiceClient::new(world.channel(Part::Identity));
    let answer = users.get_user(with_token(request, token(&session))).await.expect("the user");
    answer.into_inner().user.expect("a user")
}

pub(crate) async fn log_in(world: &World, email: &str, password: &str) -> Answer {
    world.rest().post("/login", &json!({ "email": email, "password": password })).await
}

/// A partner's program, with a token.
pub(crate) async fn partner(world: &World) -> Rest {
    let partner = json!({ "name": format!("Partner {}", unique()), "product": "agenda" });
    let made = world.operator().await.post("/partners", &partner).await.expect(201);
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        text(&made, "client_id"),
        text(&made, "client_secret"),
    );
    let kind = "application/x-www-form-urlencoded";
    let answer = world.rest().post_raw("/oauth2/token", kind, form).await.expect(200);
    world.rest().with_token(token(&answer))
}

/// Asks again and again until the answer has the status.
pub(crate) async fn until<F: Future<Output = Answer>>(status: u16, ask: impl Fn() -> F) -> Answer {
    until_so(ask, |answer| answer.status == status).await
}

/// Waits until a line has the status; returns it.
pub(crate) async fn until_line(rest: &Rest, line_id: &str, status: &str) -> Value {
    let path = format!("/phone-accounts/{line_id}");
    let answer = until_so(|| rest.get(&path), |answer| answer.body["status"] == status).await;
    answer.expect(200)
}

pub(crate) async fn until_so<F: Future<Output = Answer>>(
    ask: impl Fn() -> F,
    is_so: impl Fn(&Answer) -> bool,
) -> Answer {
    let asking = async {
        loop {
            let answer = ask().await;
            if is_so(&answer) {
                return answer;
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.expect("it happens in time")
}

/// The token of a session.
#[track_caller]
pub(crate) fn token(session: &Value) -> &str {
    session["access_token"].as_str().expect("a token")
}

#[track_caller]
pub(crate) fn text(answer: &Value, member: &str) -> String {
    answer[member].as_str().expect("a text").to_owned()
}

/// Asserts which members an object has: all of these and no other.
#[track_caller]
pub(crate) fn has_members(answer: &Value, members: &[&str]) {
    let has: BTreeSet<&str> =
        answer.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(has, members.iter().copied().collect(), "{answer}");
}

/// Asserts which fields are refused, in any order.
#[track_caller]
pub(crate) fn refuses(answer: &Answer, fields: &[&str]) {
    let refused: BTreeSet<&str> = answer.wrong_fields().into_iter().collect();
    assert_eq!(refused, fields.iter().copied().collect(), "{}", answer.body);
}

/// `object` with other members.
pub(crate) fn with(mut object: Value, members: Value) -> Value {
    let Value::Object(members) = members else { panic!("{members} is no object") };
    object.as_object_mut().expect("an object").extend(members);
    object
}
