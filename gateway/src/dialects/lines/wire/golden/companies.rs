//! Companies, their employees and their prices.

use proto::billing::v1 as billing;
use proto::common::v1 as common;
use proto::company::v1 as company;
use serde_json::{Value, json};

use super::{
    YEAR_2020, YEAR_2021, YEAR_2022, address, at, no_complaints, read, snake_address, written,
};
use crate::body::Body;
use crate::dialects::lines::wire::{companies, employees, plans};
use crate::fault::{Checks, Fault};

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
    wanted["kind"] = "customer".into();
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
