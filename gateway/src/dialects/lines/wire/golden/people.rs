//! Log-in, signup, users.

use proto::identity::v1 as identity;
use serde_json::{Value, json};

use super::{YEAR_2022, address, at, no_complaints, read, snake_address, written};
use crate::body::Body;
use crate::dialects::lines::wire::{people, session, signup};
use crate::fault::{Checks, Fault};

// Operations 1, 5 and 7.

#[test]
fn a_login_is_read_and_answered() {
    let Body(login, _) = read::<session::Login>(&json!({
        "email": "example@example.com",
        "password": "Passw0rd!"
    }));
    assert_eq!(login.email, "example@example.com");
    let password = no_complaints(|checks| login.password.take(checks, "password"));
    assert_eq!(password, "Passw0rd!");

    let token = identity::AccessToken {
        access_token: "eyJz93a...k4laUWw".to_owned(),
        expires_in: Some(prost_types::Duration { seconds: 86400, nanos: 0 }),
    };
    assert_eq!(
        written(session::Session::from(token)),
        json!({"access_token": "eyJz93a...k4laUWw", "expires_in": 86400})
    );
}

#[test]
fn password_resets_are_read() {
    let Body(reset, _) =
        read::<session::NewPasswordReset>(&json!({"email": "john.smith@example.com"}));
    assert_eq!(reset.email, "john.smith@example.com");

    // The sample's number is no password, but no other type of body either.
    let Body(completion, _) =
        read::<session::PasswordResetCompletion>(&json!({"new_password": 123456}));
    let mut checks = Checks::new();
    completion.new_password.take(&mut checks, "new_password");
    let Err(Fault::Invalid(violations)) = checks.pass() else { panic!("taken") };
    assert_eq!(violations[0].member, "new_password");
}

// Operations 2, 3, 12 and 13.

fn signup_form() -> Value {
    json!({
        "email": "john.smith@example.com",
        "full_name": "Jhon Smith",
        "social_name": "Jane Smith",
        "phone_number": "+5541999999999",
        "cpf": "111.444.777-35", // replaced
        "date_of_birth": "1994-10-29",
        "subscription_plan_id": "4fe9628e-e651-4635-b922-ee1976420570",
        "phone_account_company_id": "9df54b15-1a57-4e11-917a-5a5ddedb99ea",
        "area_code": 41,
        "address": snake_address()
    })
}

fn form(id: &str) -> identity::SignupForm {
    identity::SignupForm {
        id: id.to_owned(),
        email: "john.smith@example.com".to_owned(),
        full_name: Some("Jhon Smith".to_owned()),
        social_name: Some("Jane Smith".to_owned()),
        phone_number: Some("+5541999999999".to_owned()),
        cpf: Some("111.444.777-35".to_owned()),
        date_of_birth: Some("1994-10-29".to_owned()),
        plan_id: Some("4fe9628e-e651-4635-b922-ee1976420570".to_owned()),
        company_id: Some("9df54b15-1a57-4e11-917a-5a5ddedb99ea".to_owned()),
        area_code: Some(41),
        address: Some(address()),
    }
}

#[test]
fn a_signup_form_is_read_and_answered() {
    let Body(new, _) = read::<signup::NewSignupForm>(&signup_form());
    assert_eq!(new.0.into_form(String::new()), form(""));

    let Body(change, members) = read::<signup::SignupFormChange>(&signup_form());
    let id = "53af5437-dd2b-4efb-84c2-d16c6fffd376";
    assert_eq!(change.into_form(id.to_owned()), form(id));
    let mut mask = signup::NAMES.mask(&members).unwrap().paths;
    mask.sort();
    assert_eq!(
        mask,
        [
            "address",
            "area_code",
            "company_id",
            "cpf",
            "date_of_birth",
            "email",
            "full_name",
            "phone_number",
            "plan_id",
            "social_name"
        ]
    );

    let mut expected = signup_form();
    expected["id"] = id.into();
    assert_eq!(written(signup::SignupForm::from(form(id))), expected);
}

#[test]
fn an_empty_form_shows_every_member() {
    let form = identity::SignupForm {
        id: "53af5437-dd2b-4efb-84c2-d16c6fffd376".to_owned(),
        email: "john.smith@example.com".to_owned(),
        ..identity::SignupForm::default()
    };
    assert_eq!(
        written(signup::SignupForm::from(form)),
        json!({
            "id": "53af5437-dd2b-4efb-84c2-d16c6fffd376",
            "email": "john.smith@example.com",
            "full_name": null,
            "social_name": null,
            "phone_number": null,
            "cpf": null,
            "date_of_birth": null,
            "subscription_plan_id": null,
            "phone_account_company_id": null,
            "area_code": null,
            "address": null
        })
    );
}

#[test]
fn a_change_names_what_it_clears() {
    let Body(change, members) = read::<signup::SignupFormChange>(&json!({
        "phone_account_company_id": null,
        "social_name": "Jane",
        "unknown": 1
    }));
    let form = change.into_form(String::new());
    assert_eq!(form.company_id, None);
    let mask = signup::NAMES.mask(&members).unwrap();
    assert_eq!(mask.paths, ["social_name", "company_id"]);
}

// Operation 4.

#[test]
fn a_completed_signup_is_read_and_answered() {
    let sample = json!({"password": "Passw0rd!", "confirm_password": "Passw0rd!"});
    let Body(completion, _) = read::<signup::SignupCompletion>(&sample);
    assert_eq!(no_complaints(|checks| completion.into_password(checks)), "Passw0rd!");

    let completed = identity::CompleteSignupResponse {
        token: Some(identity::AccessToken {
            access_token: "eyJz93a...k4laUWw".to_owned(),
            expires_in: None,
        }),
        user: Some(identity::User {
            id: "8307fddf-2cdc-47f4-bbc1-5bc26fa78fbc".to_owned(),
            email: "john.smith@example.com".to_owned(),
            full_name: Some("Jhon Smith".to_owned()),
            social_name: Some("Jane Smith".to_owned()),
            phone_number: Some("+5511999999999".to_owned()),
            cpf: Some("111.444.777-35".to_owned()),
            date_of_birth: Some("1994-10-29".to_owned()),
            address: Some(address()),
            email_proven_at: at(YEAR_2022),
            created_at: at(YEAR_2022),
            updated_at: at(YEAR_2022),
        }),
        line_id: "b1791ea1-f882-49a0-98e5-b14295da73ad".to_owned(),
    };
    assert_eq!(
        written(signup::CompletedSignup::from(completed)),
        json!({
            "access_token": "eyJz93a...k4laUWw",
            "user": {
                "id": "8307fddf-2cdc-47f4-bbc1-5bc26fa78fbc",
                "email": "john.smith@example.com",
                "full_name": "Jhon Smith",
                "social_name": "Jane Smith",
                "phone_number": "+5511999999999", // replaced: a text everywhere
                "cpf": "111.444.777-35",
                "date_of_birth": "1994-10-29",
                "address": snake_address() // replaced: whole, with the neighbourhood
            },
            "phone_account_id": "b1791ea1-f882-49a0-98e5-b14295da73ad"
        })
    );
}

#[test]
fn the_passwords_of_a_signup_must_be_the_same() {
    let members = |sample: Value| {
        let Body(completion, _) = read::<signup::SignupCompletion>(&sample);
        let mut checks = Checks::new();
        completion.into_password(&mut checks);
        match checks.pass() {
            Err(Fault::Invalid(violations)) => {
                violations.into_iter().map(|violation| violation.member).collect::<Vec<_>>()
            }
            other => panic!("{other:?}"),
        }
    };
    let differ = json!({"password": "Passw0rd!", "confirm_password": "other"});
    assert_eq!(members(differ), ["confirm_password"]);
    let no_text = json!({"password": 1, "confirm_password": ["x"]});
    assert_eq!(members(no_text), ["password", "confirm_password"]);
}

// Operation 39.

#[test]
fn a_users_change_is_read() {
    let Body(change, members) = read::<people::UserChange>(&json!({
        "phoneNumber": "+5541987654321",
        "email": "new@email.com",
        "fullName": "new@email.com",
        "socialName": "New Social Name",
        "cpf": "01234567890",
        "dateOfBirth": "2000-01-01",
        "address": snake_address()
    }));
    let expected = identity::User {
        id: "1".to_owned(),
        email: "new@email.com".to_owned(),
        full_name: Some("new@email.com".to_owned()),
        social_name: Some("New Social Name".to_owned()),
        phone_number: Some("+5541987654321".to_owned()),
        cpf: Some("01234567890".to_owned()),
        date_of_birth: Some("2000-01-01".to_owned()),
        address: Some(address()),
        ..identity::User::default()
    };
    assert_eq!(change.into_user("1".to_owned()), expected);
    assert_eq!(people::USER_NAMES.mask(&members).unwrap().paths.len(), 7);
}
