//! Signup forms: what they take, what they answer, what they become.

use harness::{Answer, Rest, Sample, World, email};
use serde_json::{Value, json};

use super::{company_form, complete, has_members, open, partner, refuses, sign_up};
use super::{until_line, with};
use crate::cast::{id, no_id};

const MEMBERS: [&str; 11] = [
    "id",
    "email",
    "full_name",
    "social_name",
    "phone_number",
    "cpf",
    "date_of_birth",
    "subscription_plan_id",
    "phone_account_company_id",
    "area_code",
    "address",
];

/// The published sample; its CPF cannot exist and is replaced.
fn sample(world: &World) -> Value {
    json!({
        "email": email(),
        "full_name": "Jhon Smith",
        "social_name": "Jane Smith",
        "phone_number": "+5541999999999",
        "cpf": "111.444.777-35",
        "date_of_birth": "1994-10-29",
        "subscription_plan_id": world.plan_id(),
        "phone_account_company_id": world.company_id(),
        "area_code": 41,
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

async fn patch(rest: &Rest, form: &Value, change: &Value) -> Answer {
    rest.patch(&format!("/signup-forms/{}", id(form)), change).await
}

#[tokio::test]
async fn a_form_answers_what_it_was_given() {
    let world = World::shared().await;
    for rest in [world.rest(), partner(world).await, world.manager().await] {
        let given = sample(world);
        let form = open(&rest, &given).await;
        has_members(&form, &MEMBERS);
        assert_eq!(form, with(given.clone(), json!({ "id": form["id"] })));
        let changed = patch(&rest, &form, &given).await.expect(200);
        assert_eq!(changed, form);
    }
}

#[tokio::test]
async fn what_a_form_does_not_know_is_null() {
    let world = World::shared().await;
    let form = open(&world.rest(), &json!({ "email": "New.Person@Mail.Example" })).await;
    has_members(&form, &MEMBERS);
    assert_eq!(form["email"], "new.person@mail.example");
    for member in &MEMBERS[2..] {
        assert_eq!(form[member], Value::Null, "{member}");
    }
}

#[tokio::test]
async fn a_change_touches_what_it_names_and_null_clears() {
    let world = World::shared().await;
    let (rest, given) = (world.rest(), sample(world));
    let form = open(&rest, &given).await;
    let change = json!({
        "full_name": "Ana Souza",
        "cpf": "52998224725",
        "social_name": null,
        "address": null,
        "phone_account_company_id": null,
        "area_code": 11,
        "shoe_size": 38
    });
    let changed = patch(&rest, &form, &change).await.expect(200);
    let mut expected = with(form.clone(), change);
    expected["cpf"] = "529.982.247-25".into();
    expected.as_object_mut().unwrap().remove("shoe_size");
    assert_eq!(changed, expected);
    assert_eq!(patch(&rest, &form, &json!({})).await.expect(200), expected);
    refuses(&patch(&rest, &form, &json!({ "email": null })).await, &["email"]);
    let cleared: Value =
        MEMBERS[2..].iter().map(|member| ((*member).to_owned(), Value::Null)).collect();
    let empty = patch(&rest, &form, &cleared).await.expect(200);
    assert_eq!(empty, with(cleared, json!({ "id": form["id"], "email": form["email"] })));
}

#[tokio::test]
async fn every_wrong_value_is_named() {
    let world = World::shared().await;
    let wrong = json!({
        "email": "john.smith",
        "full_name": "x".repeat(201),
        "social_name": "x".repeat(201),
        "phone_number": "+5511123456789",
        "cpf": "111-111-111-11",
        "date_of_birth": "29/10/1994",
        "subscription_plan_id": "basic",
        "phone_account_company_id": "acme",
        "area_code": 20,
        "address": { "zip_code": "string", "state": "ST", "city": "x".repeat(201) }
    });
    let named = [
        "email",
        "full_name",
        "social_name",
        "phone_number",
        "cpf",
        "date_of_birth",
        "subscription_plan_id",
        "phone_account_company_id",
        "area_code",
        "address.zip_code",
        "address.state",
        "address.city",
    ];
    let rest = world.rest();
    let answer = rest.post("/signup-forms", &wrong).await;
    refuses(&answer, &named);
    has_members(&answer.body, &["code", "message", "details"]);
    for detail in answer.body["details"].as_array().unwrap() {
        has_members(detail, &["key", "message"]);
    }
    let form = open(&rest, &json!({ "email": email() })).await;
    refuses(&patch(&rest, &form, &wrong).await, &named);
}

#[tokio::test]
async fn single_wrong_values_are_refused() {
    let world = World::shared().await;
    let rest = world.rest();
    refuses(&rest.post("/signup-forms", &json!({})).await, &["email"]);
    for (member, value) in [
        ("phone_number", json!("+554133334444")),
        ("cpf", json!("123.456.789-00")),
        ("date_of_birth", json!("2999-01-01")),
        ("date_of_birth", json!("1994-02-30")),
        ("area_code", json!(10)),
        ("area_code", json!(100)),
        ("area_code", json!(-41)),
        ("area_code", json!(4_294_967_337_u64)),
    ] {
        let form = with(sample(world), json!({ member: value }));
        refuses(&rest.post("/signup-forms", &form).await, &[member]);
    }
    let both = with(sample(world), json!({ "area_code": 9, "cpf": "1" }));
    refuses(&rest.post("/signup-forms", &both).await, &["area_code", "cpf"]);
    for (member, value) in [
        ("email", json!(1)),
        ("cpf", json!(11_144_477_735_u64)),
        ("area_code", json!("41")),
        ("area_code", json!(41.5)),
        ("address", json!("Rua Marechal Deodoro")),
        ("address", json!(["11111-111"])),
    ] {
        let form = with(sample(world), json!({ member: value }));
        let answer = rest.post("/signup-forms", &form).await;
        answer.refused(400, "malformed-request");
    }
}

#[tokio::test]
async fn a_plan_and_a_company_must_exist() {
    let world = World::shared().await;
    let rest = world.rest();
    let nothing = json!({ "subscription_plan_id": no_id(), "phone_account_company_id": no_id() });
    let named = ["subscription_plan_id", "phone_account_company_id"];
    refuses(&rest.post("/signup-forms", &with(sample(world), nothing.clone())).await, &named);
    let form = open(&rest, &sample(world)).await;
    refuses(&patch(&rest, &form, &nothing).await, &named);
}

#[tokio::test]
async fn an_unknown_form_is_not_found() {
    let world = World::shared().await;
    let rest = world.rest();
    for unknown in [no_id().as_str(), "no-id"] {
        let path = format!("/signup-forms/{unknown}");
        rest.patch(&path, &json!({})).await.refused(404, "resource-not-found");
        let complete = format!("{path}/complete");
        rest.post(&complete, &Sample::password()).await.refused(404, "resource-not-found");
        rest.get(&format!("{path}?token=x")).await.refused(404, "resource-not-found");
    }
    let form = open(&rest, &sample(world)).await;
    let path = format!("/signup-forms/{}", id(&form));
    rest.get(&path).await.refused(404, "resource-not-found");
    rest.get(&format!("{path}?token=guess")).await.refused(404, "resource-not-found");
    rest.with_token("bad").patch(&path, &json!({})).await.refused(401, "unauthorized");
}

#[tokio::test]
async fn a_completed_form_answers_the_user_logged_in() {
    let world = World::shared().await;
    let given = Sample::signup_form(&email(), world.plan_id(), 41);
    let form = open(&world.rest(), &given).await;
    let path = format!("/signup-forms/{}/complete", id(&form));
    let completed = world.rest().post(&path, &Sample::password()).await.expect(200);
    has_members(&completed, &["access_token", "user", "phone_account_id"]);
    let user = json!({
        "id": id(&completed["user"]),
        "email": given["email"],
        "full_name": "Jhon Smith",
        "social_name": "Jane Smith",
        "phone_number": "+5541999999999",
        "cpf": "111.444.777-35",
        "date_of_birth": "1994-10-29",
        "address": given["address"]
    });
    assert_eq!(completed["user"], user);
    world.rest().log_in(given["email"].as_str().unwrap(), "Passw0rd!").await;
}

#[tokio::test]
async fn a_line_of_ones_own_becomes_active() {
    let world = World::shared().await;
    let person = sign_up(world).await;
    let line = until_line(&person.rest, &person.line_id, "active").await;
    let number = line["phone_number"].as_str().unwrap();
    assert!(number.starts_with("+55419"), "{number}");
    assert_eq!(line["company_id"], Value::Null);
    let lines = person.rest.get("/phone-accounts").await.expect(200);
    let own = json!({
        "id": person.line_id,
        "user_id": person.user_id,
        "phone_number": number,
        "is_portability": false,
        "status": "active"
    });
    assert_eq!(lines, json!({ "phone_accounts": [own] }));
}

#[tokio::test]
async fn a_form_that_lacks_something_does_not_complete() {
    let world = World::shared().await;
    let rest = world.rest();
    let form = open(&rest, &json!({ "email": email() })).await;
    let path = format!("/signup-forms/{}/complete", id(&form));
    let needed = ["full_name", "cpf", "subscription_plan_id", "area_code"];
    refuses(&rest.post(&path, &Sample::password()).await, &needed);
    let more = json!({ "full_name": "Ana", "subscription_plan_id": world.plan_id() });
    patch(&rest, &form, &more).await.expect(200);
    refuses(&rest.post(&path, &Sample::password()).await, &["cpf", "area_code"]);
    patch(&rest, &form, &json!({ "cpf": "11144477735", "area_code": 41 })).await.expect(200);
    let user = rest.post(&path, &Sample::password()).await.expect(200)["user"].clone();
    for member in ["social_name", "phone_number", "date_of_birth", "address"] {
        assert_eq!(user[member], Value::Null, "{member}");
    }
    has_members(&user, &[&MEMBERS[..7], &["address"]].concat());
}

#[tokio::test]
async fn a_completed_form_is_closed() {
    let world = World::shared().await;
    let rest = world.rest();
    let form = open(&rest, &Sample::signup_form(&email(), world.plan_id(), 41)).await;
    complete(world, &form).await;
    patch(&rest, &form, &json!({ "area_code": 11 })).await.refused(409, "invalid-status");
    let path = format!("/signup-forms/{}/complete", id(&form));
    rest.post(&path, &Sample::password()).await.refused(409, "invalid-status");
}

#[tokio::test]
async fn an_email_signs_up_once() {
    let world = World::shared().await;
    let person = sign_up(world).await;
    let form = Sample::signup_form(&person.email.to_uppercase(), world.plan_id(), 41);
    let form = open(&world.rest(), &form).await;
    let path = format!("/signup-forms/{}/complete", id(&form));
    let refused = world.rest().post(&path, &Sample::password()).await;
    refused.refused(409, "email-already-registered");
}

#[tokio::test]
async fn a_password_is_neither_short_nor_long_nor_common() {
    let world = World::shared().await;
    let rest = world.rest();
    let form = open(&rest, &Sample::signup_form(&email(), world.plan_id(), 41)).await;
    let path = format!("/signup-forms/{}/complete", id(&form));
    let both = |password: Value| json!({ "password": password, "confirm_password": password });
    for weak in ["", "Passw0r", "12345678", "password", "Password1"] {
        refuses(&rest.post(&path, &both(weak.into())).await, &["password"]);
    }
    refuses(&rest.post(&path, &both("aB3-".repeat(33).into())).await, &["password"]);
    for wrong_type in [json!(123456), json!(true), json!(["Passw0rd!"]), json!({ "a": 1 })] {
        let answer = rest.post(&path, &both(wrong_type)).await;
        refuses(&answer, &["password", "confirm_password"]);
    }
    let other = json!({ "password": "Passw0rd!", "confirm_password": "Passw0rd?" });
    refuses(&rest.post(&path, &other).await, &["confirm_password"]);
    refuses(&rest.post(&path, &json!({})).await, &["password", "confirm_password"]);
    let once = json!({ "password": "Passw0rd!" });
    refuses(&rest.post(&path, &once).await, &["confirm_password"]);
    rest.post(&path, &both("ção de 8".into())).await.expect(200);
}

/// The id of a form opens it, so it is told to nobody who guesses a key and an e-mail.
#[tokio::test]
async fn strangers_do_not_share_keys() {
    let world = World::shared().await;
    let (key, given) = (email(), json!({ "email": email() }));
    let rest = world.rest().with_key(&key);
    let elsewhere = rest.at([127, 0, 0, 9].into());
    let first = rest.post("/signup-forms", &given).await.expect(200);
    let other = elsewhere.post("/signup-forms", &given).await;
    assert!(!other.headers.contains_key("idempotency-replayed"));
    assert_ne!(other.expect(200)["id"], first["id"]);
    assert_eq!(rest.post("/signup-forms", &given).await.expect(200), first);
    let third = elsewhere.with_key(&email()).post("/signup-forms", &given).await.expect(200);
    assert_ne!(third["id"], first["id"]);
    // Nor are they in each other's way.
    let busy = email();
    rest.with_key(&busy).post("/signup-forms", &given).await.expect(200);
    elsewhere.with_key(&busy).post("/signup-forms", &json!({ "email": email() })).await.expect(200);
}

#[tokio::test]
async fn a_form_opened_twice_with_one_key_is_one_form() {
    let world = World::shared().await;
    let rest = world.rest().with_key(&email());
    let given = company_form(world, &email(), world.company_id());
    let first = rest.post("/signup-forms", &given).await;
    assert!(!first.headers.contains_key("idempotency-replayed"));
    let first = first.expect(200);
    let again = rest.post("/signup-forms", &given).await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.expect(200), first);
    let other = with(given, json!({ "area_code": 11 }));
    rest.post("/signup-forms", &other).await.refused(422, "idempotency-mismatch");
    let long = world.rest().with_key(&"k".repeat(256));
    refuses(&long.post("/signup-forms", &other).await, &["Idempotency-Key"]);
}
