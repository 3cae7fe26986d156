//! What employees' files put on a form, and who sees it.

use harness::{Rest, Sample, World, email};
use reqwest::Method;
use serde_json::{Value, json};

use super::{PASSWORD, company_form, complete, follow, links, log_in, open, partner, refuses};
use super::{token, user, with};
use crate::cast::{company, id, invited};

const FILLED: [&str; 6] =
    ["full_name", "social_name", "phone_number", "cpf", "date_of_birth", "address"];

/// An employee of a company of their own.
struct Employed {
    company_id: String,
    manager: Rest,
    email: String,
}

impl Employed {
    async fn with(world: &World, kind: &str) -> Self {
        let operator = world.operator().await;
        let company_id = company(&operator).await;
        let manager = invited(world, &operator, &company_id, "managers").await;
        let email = email();
        let employee = with(Sample::employee(&company_id), json!({ kind: email }));
        operator.post("/employees", &employee).await.expect(201);
        Self { company_id, manager: world.rest().with_token(&manager), email }
    }
}

fn file() -> Value {
    json!({
        "full_name": "Test McTest",
        "social_name": "The Scatman",
        "phone_number": "+5541912345678",
        "cpf": "123.456.789-09",
        "date_of_birth": "1990-01-01",
        "address": {
            "zip_code": "80000-000",
            "street_name": "Rua da rua",
            "street_number": 123,
            "complement": "Apto apartamento",
            "neighborhood": "Bairro do bairro",
            "city": "Cidade da cidade",
            "state": "PR"
        }
    })
}

#[track_caller]
fn shows_file(form: &Value) {
    for member in FILLED {
        assert_eq!(form[member], file()[member], "{member}");
    }
}

#[track_caller]
fn shows_nothing(form: &Value) {
    for member in FILLED {
        assert_eq!(form[member], Value::Null, "{member}");
    }
}

fn path(form: &Value) -> String {
    format!("/signup-forms/{}", id(form))
}

#[tokio::test]
async fn the_public_sees_nothing_of_a_file() {
    let world = World::shared().await;
    for kind in ["workEmail", "personalEmail"] {
        let employed = Employed::with(world, kind).await;
        let stranger = open(&world.rest(), &json!({ "email": email() })).await;
        let form = open(&world.rest(), &json!({ "email": employed.email })).await;
        let no_difference = json!({ "id": form["id"], "email": form["email"] });
        assert_eq!(form, with(stranger, no_difference));
        shows_nothing(&world.rest().patch(&path(&form), &json!({})).await.expect(200));
        let change = json!({ "subscription_plan_id": world.plan_id(), "area_code": 41 });
        shows_nothing(&world.rest().patch(&path(&form), &change).await.expect(200));

        // Not even that there is a file is told.
        let completion = format!("{}/complete", path(&form));
        let answer = world.rest().post(&completion, &Sample::password()).await;
        refuses(&answer, &["full_name", "cpf"]);
        let own = json!({ "full_name": "Eve", "cpf": "529.982.247-25" });
        world.rest().patch(&path(&form), &own).await.expect(200);
        let completed = world.rest().post(&completion, &Sample::password()).await.expect(200);
        let expected = with(
            file().as_object().unwrap().keys().map(|key| (key.clone(), Value::Null)).collect(),
            own,
        );
        for member in FILLED {
            assert_eq!(completed["user"][member], expected[member], "{member}");
        }
    }
}

#[tokio::test]
async fn the_mailed_link_shows_the_file_once() {
    let world = World::shared().await;
    let employed = Employed::with(world, "workEmail").await;
    let form = open(&world.rest(), &json!({ "email": employed.email.to_uppercase() })).await;
    let link = links(world, &employed.email, "/signup-forms/").await.remove(0);
    assert!(link.starts_with(&format!("{}?token=", path(&form))), "{link}");
    let guessed = format!("{}?token=guessed", path(&form));
    world.rest().get(&guessed).await.refused(404, "resource-not-found");
    assert_eq!(world.rest().send(Method::HEAD, &link, None).await.status, 405);

    let shown = world.rest().get(&link).await.expect(200);
    shows_file(&shown);
    assert_eq!((&shown["id"], &shown["email"]), (&form["id"], &form["email"]));
    world.rest().get(&link).await.refused(404, "resource-not-found");

    // The proven form completes with what the file knows.
    let change =
        json!({ "subscription_plan_id": world.plan_id(), "area_code": 41, "full_name": "Ana" });
    world.rest().patch(&path(&form), &change).await.expect(200);
    let completion = format!("{}/complete", path(&form));
    let completed = world.rest().post(&completion, &Sample::password()).await.expect(200);
    assert_eq!(completed["user"]["full_name"], "Ana");
    assert_eq!(completed["user"]["cpf"], file()["cpf"]);
    assert_eq!(completed["user"]["address"], file()["address"]);
}

#[tokio::test]
async fn whoever_may_read_the_file_sees_it_at_once() {
    let world = World::shared().await;
    let employed = Employed::with(world, "personalEmail").await;
    let given = json!({ "email": employed.email });
    for rest in [&employed.manager, &partner(world).await, &world.operator().await] {
        let form = open(rest, &given).await;
        shows_file(&form);
        shows_file(&rest.patch(&path(&form), &json!({ "area_code": 41 })).await.expect(200));
        // Through its public id it is masked.
        shows_nothing(&world.rest().patch(&path(&form), &json!({})).await.expect(200));
    }
    let other_partner = partner(world).await;
    let form = open(&partner(world).await, &given).await;
    shows_nothing(&other_partner.patch(&path(&form), &json!({})).await.expect(200));
}

#[tokio::test]
async fn nobody_else_sees_it() {
    let world = World::shared().await;
    let employed = Employed::with(world, "workEmail").await;
    let operator = world.operator().await;
    let member = invited(world, &operator, &employed.company_id, "members").await;
    let member = world.rest().with_token(&member);
    let given = json!({ "email": employed.email });
    for rest in [world.other_manager().await, world.holder().await, member] {
        let form = open(&rest, &given).await;
        shows_nothing(&form);
        shows_nothing(&rest.patch(&path(&form), &json!({})).await.expect(200));
    }
    let form = open(&employed.manager, &given).await;
    let other_manager = world.other_manager().await;
    shows_nothing(&other_manager.patch(&path(&form), &json!({})).await.expect(200));
}

#[tokio::test]
async fn what_the_request_says_comes_before_the_file() {
    let world = World::shared().await;
    let employed = Employed::with(world, "workEmail").await;
    let own = json!({ "email": employed.email, "full_name": "Ana", "cpf": "529.982.247-25" });
    let form = open(&employed.manager, &own).await;
    for member in FILLED {
        let expected = own.get(member).unwrap_or(&file()[member]).clone();
        assert_eq!(form[member], expected, "{member}");
    }
}

#[tokio::test]
async fn another_email_drops_what_was_filled_in() {
    let world = World::shared().await;
    let employed = Employed::with(world, "workEmail").await;
    let form = open(&employed.manager, &json!({ "email": employed.email })).await;
    let other = json!({ "email": email() });
    shows_nothing(&employed.manager.patch(&path(&form), &other).await.expect(200));

    // The proof was of the old address, too; and the old link is dead.
    let form = open(&world.rest(), &json!({ "email": employed.email })).await;
    shows_file(&follow(world, &employed.email).await);
    shows_nothing(&world.rest().patch(&path(&form), &other).await.expect(200));
    let back = json!({ "email": employed.email });
    shows_nothing(&world.rest().patch(&path(&form), &back).await.expect(200));
    let form = open(&world.rest(), &back).await;
    let link = links(world, &employed.email, &path(&form)).await.remove(0);
    world.rest().patch(&path(&form), &json!({ "email": email() })).await.expect(200);
    world.rest().get(&link).await.refused(404, "resource-not-found");
}

#[tokio::test]
async fn what_a_manager_was_shown_counts_but_is_not_told() {
    let world = World::shared().await;
    let employed = Employed::with(world, "workEmail").await;
    let given = json!({
        "email": employed.email,
        "subscription_plan_id": world.plan_id(),
        "phone_account_company_id": employed.company_id,
        "area_code": 41
    });
    let form = open(&employed.manager, &given).await;
    let completion = format!("{}/complete", path(&form));
    let completed = world.rest().post(&completion, &Sample::password()).await.expect(200);
    shows_nothing(&completed["user"]);
}

#[tokio::test]
async fn with_the_proof_comes_the_file() {
    let world = World::shared().await;
    let employed = Employed::with(world, "workEmail").await;
    let mut form = company_form(world, &employed.email, &employed.company_id);
    for member in ["social_name", "phone_number", "date_of_birth", "address"] {
        form[member] = Value::Null;
    }
    let person = complete(world, &open(&world.rest(), &form).await).await;
    let before = user(world, &person).await;
    assert_eq!((before.social_name, before.date_of_birth), (None, None));
    let link = links(world, &employed.email, "/email-proofs/").await.remove(0);
    world.rest().get(&link).await.expect(200);

    let after = user(world, &person).await;
    assert_eq!(after.full_name.as_deref(), form["full_name"].as_str());
    assert_eq!(after.social_name.as_deref(), Some("The Scatman"));
    assert_eq!(after.phone_number.as_deref(), Some("+5541912345678"));
    assert_eq!(after.date_of_birth.as_deref(), Some("1990-01-01"));
    assert_eq!(after.address.unwrap().zip_code.as_deref(), Some("80000-000"));
}

#[tokio::test]
async fn the_owner_of_an_address_takes_it_back() {
    let world = World::shared().await;
    let address = email();
    let form = Sample::signup_form(&address, world.plan_id(), 41);
    let squatter = complete(world, &open(&world.rest(), &form).await).await;

    let form = open(&world.rest(), &form).await;
    let completion = format!("{}/complete", path(&form));
    let password = json!({ "password": "Of-the-owner", "confirm_password": "Of-the-owner" });
    let early = world.rest().post(&completion, &password).await;
    early.refused(409, "email-already-registered");
    let link = links(world, &address, &path(&form)).await.remove(0);
    world.rest().get(&link).await.expect(200);
    let owner = world.rest().post(&completion, &password).await.expect(200);
    assert_ne!(owner["user"]["id"], squatter.user_id.as_str());

    log_in(world, &address, PASSWORD).await.refused(401, "unauthorized");
    log_in(world, &address, "Of-the-owner").await.expect(200);
    super::until(401, || squatter.rest.get("/phone-accounts")).await;
    let owner = world.rest().with_token(token(&owner));
    let line = format!("/phone-accounts/{}", squatter.line_id);
    owner.get(&line).await.refused(404, "resource-not-found");
}
