//! The samples of the published documentation, to the letter, except for the values that cannot
//! exist in Brazil: those are replaced by valid ones, marked "replaced".

mod companies;
mod invoices;
mod line_changes;
mod line_orders;
mod lines;
mod people;
mod portability;
mod search;
mod service_invoices;
mod shipments;

use prost_types::Timestamp;
use proto::common::v1 as common;
use serde::Serialize;
use serde_json::{Value, json};

use super::{Checks, Fault};
use crate::body::{Body, Input, parse};
use crate::dialects::lines::wire;

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
    check::<wire::session::Login>();
    check::<wire::session::NewPasswordReset>();
    check::<wire::session::PasswordResetCompletion>();
    check::<wire::session::InvitationAcceptance>();
    check::<wire::signup::NewSignupForm>();
    check::<wire::signup::SignupFormChange>();
    check::<wire::signup::SignupCompletion>();
    check::<wire::people::UserChange>();
    check::<wire::people::NamedPerson>();
    check::<wire::people::NewPartner>();
    check::<wire::lines::NewPhoneAccount>();
    check::<wire::lines::SimCardActivation>();
    check::<wire::line_changes::NumberProvision>();
    check::<wire::line_changes::SimCardChange>();
    check::<wire::line_changes::NewOwner>();
    check::<wire::line_changes::Tag>();
    check::<wire::line_changes::Cancellation>();
    check::<wire::line_changes::Block>();
    check::<wire::line_orders::NewPhoneAccountRequest>();
    check::<wire::custom_fields::CustomFieldValue>();
    check::<wire::custom_fields::CustomFieldRenaming>();
    check::<wire::data_top_ups::NewData>();
    check::<wire::companies::NewCompany>();
    check::<wire::companies::CompanyChange>();
    check::<wire::companies::NewEmailDomain>();
    check::<wire::companies::NamedEmailDomain>();
    check::<wire::employees::EmployeeData>();
    check::<wire::plans::NewPlan>();
    check::<wire::plans::NewPrice>();
    check::<wire::portability::NewPortability>();
    check::<wire::shipments::NewShipment>();
    check::<wire::shipments::ShipmentChange>();
    check::<wire::service_invoices::NewServiceInvoice>();
    check::<wire::stock::NewSimCards>();
    check::<wire::stock::NewPhoneNumbers>();
    check::<wire::webhooks::NewWebhookEndpoint>();
    check::<wire::webhooks::WebhookReplay>();
}
