//! The samples of the published documentation, to the letter, except for the values that cannot
//! exist in Brazil: those are replaced by valid ones, marked "replaced".

use prost_types::Timestamp;
use proto::billing::v1 as billing;
use proto::common::v1 as common;
use proto::company::v1 as company;
use proto::identity::v1 as identity;
use proto::telecom::v1 as telecom;
use serde::Serialize;
use serde_json::{Value, json};

use super::*;
use crate::body::{Body, Input, parse};

fn read<T: Input>(sample: &Value) -> Body<T> {
    parse(sample.to_string().as_bytes()).unwrap()
}

fn written(answer: impl Serialize) -> Value {
    serde_json::to_value(answer).unwrap()
}

fn no_complaints<T>(read: impl FnOnce(&mut Checks) -> T) -> T {
    let mut checks = Checks::new();
    let value = read(&mut checks);
    checks.pass().unwrap();
    value
}

fn at(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds, nanos: 0 })
}

const YEAR_2020: i64 = 1_577_836_800;
const YEAR_2021: i64 = 1_609_459_200;
const YEAR_2022: i64 = 1_640_995_200;

fn snake_address() -> Value {
    json!({
        "zip_code": "11111-111",
        "street_name": "Rua Marechal Deodoro",
        "street_number": 666,
        "complement": "Apartamento 101",
        "neighborhood": "Centro",
        "city": "Curitiba",
        "state": "PR"
    })
}

fn address() -> common::Address {
    common::Address {
        zip_code: Some("11111-111".to_owned()),
        street_name: Some("Rua Marechal Deodoro".to_owned()),
        street_number: Some("666".to_owned()),
        complement: Some("Apartamento 101".to_owned()),
        neighborhood: Some("Centro".to_owned()),
        city: Some("Curitiba".to_owned()),
        state: Some("PR".to_owned()),
    }
}

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

// Operations 8, 11 and 15.

fn line() -> telecom::Line {
    telecom::Line {
        id: "53af5437-dd2b-4efb-84c2-d16c6fffd376".to_owned(),
        user_id: Some("53af5437-dd2b-4efb-84c2-d16c6fffd376".to_owned()),
        company_id: Some("bf0443ca-18f2-436a-b846-eb2b4fd8b418".to_owned()),
        provider: "americanet".to_owned(),
        phone_number: Some("+5541999999999".to_owned()),
        is_portability: false,
        iccid: Some("123".to_owned()),
        status: telecom::LineStatus::Active.into(),
        plan_id: "e0483338-15e0-4ec4-aab8-c00e17edd6cf".to_owned(),
        awaiting_approval: false,
        created_at: at(YEAR_2022),
        updated_at: at(YEAR_2022),
    }
}

#[test]
fn own_lines_are_answered() {
    assert_eq!(
        written(lines::OwnPhoneAccounts::from(vec![line()])),
        json!({
            "phone_accounts": [{
                "id": "53af5437-dd2b-4efb-84c2-d16c6fffd376",
                "user_id": "53af5437-dd2b-4efb-84c2-d16c6fffd376",
                "phone_number": "+5541999999999",
                "is_portability": false,
                "status": "active"
            }]
        })
    );
}

#[test]
fn permissions_are_answered_with_billing_first() {
    use telecom::LinePermission as P;
    let all = [P::Read, P::RequestPortability, P::Block, P::Manage, P::ManageBilling];
    assert_eq!(
        written(lines::Permission::listed(all.into_iter())),
        json!([
            "app:stripe-manage-billing",
            "app:read-phone-account",
            "app:request-portability",
            "app:block-phone-account",
            "app:manage-phone-account"
        ])
    );
    assert_eq!(
        written(lines::Permission::listed([P::ManageBilling, P::Unspecified].into_iter())),
        json!(["app:stripe-manage-billing"])
    );
}

#[test]
fn an_ordered_line_is_read_and_answered() {
    let Body(order, _) = read::<lines::NewPhoneAccount>(&json!({
        "subscription_plan_id": "e885e8e1-8925-4e2a-a9e1-d6326b719209",
        "area_code": 41,
        "user_id": "8307fddf-2cdc-47f4-bbc1-5bc26fa78fbc"
    }));
    assert_eq!(order.subscription_plan_id, "e885e8e1-8925-4e2a-a9e1-d6326b719209");
    assert_eq!(order.area_code, Integer(41));
    assert_eq!(order.user_id.as_deref(), Some("8307fddf-2cdc-47f4-bbc1-5bc26fa78fbc"));

    let mut sample = json!({
        "id": "53af5437-dd2b-4efb-84c2-d16c6fffd376",
        "user_id": "53af5437-dd2b-4efb-84c2-d16c6fffd376",
        "company_id": "bf0443ca-18f2-436a-b846-eb2b4fd8b418",
        "provider": "americanet",
        "phone_number": "+5541999999999",
        "is_portability": false,
        "simcard_number": "123",
        "status": "active",
        "subscription_plan_id": "e0483338-15e0-4ec4-aab8-c00e17edd6cf",
        "created_at": "2022-01-01T00:00:00Z",
        "updated_at": "2022-01-01T00:00:00Z"
    });
    assert_eq!(written(lines::PhoneAccount::from(line())), sample);

    let bare = telecom::Line {
        user_id: None,
        company_id: None,
        phone_number: None,
        iccid: None,
        status: telecom::LineStatus::Ordered.into(),
        ..line()
    };
    for member in ["user_id", "company_id", "phone_number", "simcard_number"] {
        sample[member] = Value::Null;
    }
    sample["status"] = "ordered".into();
    assert_eq!(written(lines::PhoneAccount::from(bare)), sample);
}

// Operations 16 and 42 to 44.

fn employee_sample() -> Value {
    json!({
        "fullName": "Test McTest",
        "socialName": "The Scatman",
        "status": "active",
        "workEmail": "work.email@email.com",
        "personalEmail": "personal.email@email.com",
        "workPhoneNumber": "+5541987654321",
        "personalPhoneNumber": "+5541912345678",
        "cpf": "123.456.789-09", // replaced
        "position": "CEO",
        "area": "Marketing",
        "birthDate": "1990-01-01",
        "companyId": "4489fccb-4c3e-4cd6-90c0-6aae84e71edc",
        "userId": "4489fccb-4c3e-4cd6-90c0-6aae84e71edc",
        "admittedAt": "2020-01-01T00:00:00Z",
        "terminatedAt": "2021-01-01T00:00:00Z",
        "address": {
            "zipCode": "80000-000",
            "streetName": "Rua da rua",
            "streetNumber": "123",
            "complement": "Apto apartamento",
            "neighborhood": "Bairro do bairro",
            "city": "Cidade da cidade",
            "state": "PR" // replaced
        }
    })
}

fn employee(id: &str) -> company::Employee {
    company::Employee {
        id: id.to_owned(),
        full_name: "Test McTest".to_owned(),
        social_name: Some("The Scatman".to_owned()),
        status: company::EmployeeStatus::Active.into(),
        work_email: Some("work.email@email.com".to_owned()),
        personal_email: Some("personal.email@email.com".to_owned()),
        work_phone_number: Some("+5541987654321".to_owned()),
        personal_phone_number: Some("+5541912345678".to_owned()),
        cpf: Some("123.456.789-09".to_owned()),
        position: Some("CEO".to_owned()),
        area: Some("Marketing".to_owned()),
        birth_date: Some("1990-01-01".to_owned()),
        company_id: "4489fccb-4c3e-4cd6-90c0-6aae84e71edc".to_owned(),
        user_id: Some("4489fccb-4c3e-4cd6-90c0-6aae84e71edc".to_owned()),
        admitted_at: at(YEAR_2020),
        terminated_at: at(YEAR_2021),
        address: Some(common::Address {
            zip_code: Some("80000-000".to_owned()),
            street_name: Some("Rua da rua".to_owned()),
            street_number: Some("123".to_owned()),
            complement: Some("Apto apartamento".to_owned()),
            neighborhood: Some("Bairro do bairro".to_owned()),
            city: Some("Cidade da cidade".to_owned()),
            state: Some("PR".to_owned()),
        }),
        created_at: None,
        updated_at: None,
    }
}

#[test]
fn an_employee_is_read_and_answered() {
    let Body(data, _) = read::<employees::EmployeeData>(&employee_sample());
    let read = no_complaints(|checks| data.into_employee("1".to_owned(), checks));
    assert_eq!(read, employee("1"));

    let id = "53af5437-dd2b-4efb-84c2-d16c6fffd376";
    let mut expected = employee_sample();
    expected["id"] = id.into();
    assert_eq!(
        written(employees::Employees::from(vec![employee(id)])),
        json!({ "employees": [expected] })
    );
}

#[test]
fn times_come_in_any_zone_and_go_out_in_utc() {
    let mut sample = employee_sample();
    sample["admittedAt"] = "2019-12-31T21:00:00-03:00".into();
    sample["terminatedAt"] = "yesterday".into();
    let Body(data, _) = read::<employees::EmployeeData>(&sample);
    let mut checks = Checks::new();
    let employee = data.into_employee(String::new(), &mut checks);
    assert_eq!(employee.admitted_at, at(YEAR_2020));
    let Err(Fault::Invalid(violations)) = checks.pass() else { panic!("taken") };
    assert_eq!(violations[0].member, "terminatedAt");
}

// Operations 18, 19, 20, 21 and 24.

#[test]
fn a_companys_change_is_read() {
    let sample = json!({
        "officialName": "New Official Name",
        "tradingName": "New Trading Name",
        "cnpj": "97.986.734/0001-23",
        "phoneNumber": "+5541987654321",
        "email": "new@email.com",
        "billingEmail": "new.billing@email.com",
        "address": snake_address()
    });
    let Body(change, members) = read::<companies::CompanyChange>(&sample);
    let stored = change.into_company("1".to_owned());
    let expected = company::Company {
        id: "1".to_owned(),
        kind: company::CompanyKind::Customer.into(),
        official_name: "New Official Name".to_owned(),
        trading_name: Some("New Trading Name".to_owned()),
        cnpj: "97.986.734/0001-23".to_owned(),
        phone_number: Some("+5541987654321".to_owned()),
        email: "new@email.com".to_owned(),
        billing_email: Some("new.billing@email.com".to_owned()),
        address: Some(address()),
        ..company::Company::default()
    };
    assert_eq!(stored, expected);
    assert_eq!(companies::NAMES.mask(&members).unwrap().paths.len(), 7);

    let answered = written(companies::Company::from(company::Company {
        status: company::CompanyStatus::Active.into(),
        created_at: at(YEAR_2022),
        updated_at: at(YEAR_2022),
        ..expected
    }));
    let mut wanted = sample;
    wanted["id"] = "1".into();
    wanted["status"] = "active".into();
    wanted["createdAt"] = "2022-01-01T00:00:00Z".into();
    wanted["updatedAt"] = "2022-01-01T00:00:00Z".into();
    assert_eq!(answered, wanted);
}

#[test]
fn email_domains_are_read() {
    let Body(domain, _) = read::<companies::NewEmailDomain>(&json!({
        "email_domain": "domain.com",
        "default_subscription_plan_id": "e885e8e1-8925-4e2a-a9e1-d6326b719209"
    }));
    assert_eq!(domain.email_domain, "domain.com");
    assert_eq!(domain.default_subscription_plan_id, "e885e8e1-8925-4e2a-a9e1-d6326b719209");
    let Body(domain, _) =
        read::<companies::NamedEmailDomain>(&json!({"email_domain": "domain.com"}));
    assert_eq!(domain.email_domain, "domain.com");
}

#[test]
fn a_companys_plans_are_answered_and_priced() {
    let plan = billing::CompanyPlan {
        plan: Some(billing::Plan {
            id: "53af5437-dd2b-4efb-84c2-d16c6fffd376".to_owned(),
            name: "Plano WhatsApp".to_owned(),
            available_data_gb: 0.0,
            ..billing::Plan::default()
        }),
        company_price: Some(common::Money { cents: 1490 }),
    };
    assert_eq!(
        written(plans::CompanyPlans::from(vec![plan])),
        json!({
            "subscription_plans": [{
                "id": "53af5437-dd2b-4efb-84c2-d16c6fffd376",
                "name": "Plano WhatsApp",
                "available_data_gb": 0,
                "price_cents_company": 1490
            }]
        })
    );
    let Body(price, _) = read::<plans::NewPrice>(&json!({"priceCents": 990}));
    assert_eq!(Option::from(price), Some(common::Money { cents: 990 }));
}

// Operations 26 and 39.

#[test]
fn a_sim_cards_activation_is_read() {
    let sample = json!({"sim_card_number": "8955060000000000012"}); // replaced
    let Body(activation, _) = read::<lines::SimCardActivation>(&sample);
    assert_eq!(activation.sim_card_number, "8955060000000000012");
}

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

// What the samples do not show.

#[test]
fn stock_is_read_and_answered() {
    let added = telecom::AddSimCardsResponse {
        created: 1,
        rejected: vec![telecom::RejectedSimCard {
            iccid: "1".to_owned(),
            reason: telecom::SimCardRejection::OtherCompany.into(),
        }],
    };
    assert_eq!(
        written(stock::AddedSimCards::from(added)),
        json!({"created": 1, "rejected": [{"iccid": "1", "code": "other-company"}]})
    );
    let list = telecom::ListSimCardsResponse {
        sim_cards: vec![telecom::SimCard {
            iccid: "8955060000000000012".to_owned(),
            status: telecom::SimCardStatus::InUse.into(),
            line_id: None,
        }],
        page: Some(common::PageResponse { next_page_token: "x".to_owned(), total_size: 50 }),
    };
    assert_eq!(
        written(stock::SimCards::from(list)),
        json!({
            "pagination": {"hasMore": true, "totalCount": 50},
            "sim_cards": [{
                "iccid": "8955060000000000012",
                "status": "in-use",
                "phone_account_id": null
            }]
        })
    );
}

#[test]
fn what_is_documented_as_required_is_required() {
    use utoipa::PartialSchema;
    use utoipa::openapi::{RefOr, Schema};

    fn check<T: Input + PartialSchema>() {
        let RefOr::T(Schema::Object(object)) = T::schema() else { panic!("no object") };
        assert_eq!(object.required, T::REQUIRED, "{}", std::any::type_name::<T>());
        let Err(Fault::Invalid(missing)) = parse::<T>(b"{}").map(|_| ()) else {
            assert!(T::REQUIRED.is_empty());
            return;
        };
        let missing: Vec<_> = missing.into_iter().map(|violation| violation.member).collect();
        assert_eq!(missing, T::REQUIRED);
    }
    check::<session::Login>();
    check::<session::NewPasswordReset>();
    check::<session::PasswordResetCompletion>();
    check::<session::InvitationAcceptance>();
    check::<signup::NewSignupForm>();
    check::<signup::SignupFormChange>();
    check::<signup::SignupCompletion>();
    check::<people::UserChange>();
    check::<people::NamedPerson>();
    check::<people::NewPartner>();
    check::<lines::NewPhoneAccount>();
    check::<lines::SimCardActivation>();
    check::<companies::NewCompany>();
    check::<companies::CompanyChange>();
    check::<companies::NewEmailDomain>();
    check::<companies::NamedEmailDomain>();
    check::<employees::EmployeeData>();
    check::<plans::NewPlan>();
    check::<plans::NewPrice>();
    check::<stock::NewSimCards>();
    check::<stock::NewPhoneNumbers>();
}
