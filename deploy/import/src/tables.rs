//! The fields of each kind of row. Whether their values are good is the services' to say.

use proto::company::v1 as pb;
use proto::company::v1::import_row::Row;
use proto::identity::v1 as identity;
use serde::de::{DeserializeOwned, Error, Unexpected};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// The field that says what a row is.
pub(crate) const KIND: &str = "kind";

/// The row of these fields.
pub(crate) fn row(row_number: u32, mut fields: Map<String, Value>) -> pb::ImportRow {
    let kind = fields.remove(KIND);
    let read = match kind.as_ref().and_then(Value::as_str).unwrap_or_default() {
        "client_app" => read::<ClientApp>(fields),
        "tenant" => read::<Tenant>(fields),
        "school" => read::<School>(fields),
        "integration" => read::<Integration>(fields),
        "shift" => read::<Term>(fields).map(|row| of_term(row, Row::Shift)),
        "stage" => read::<Term>(fields).map(|row| of_term(row, Row::Stage)),
        "class" => read::<Class>(fields),
        "person" => read::<Person>(fields),
        "guardianship" => read::<Guardianship>(fields),
        "consumption" => read::<Consumption>(fields),
        _ => Err("has no known kind".to_owned()),
    };
    pb::ImportRow { row_number, row: Some(read.unwrap_or_else(Row::Unreadable)) }
}

fn read<T: DeserializeOwned + Into<Row>>(mut fields: Map<String, Value>) -> Result<Row, String> {
    fields.retain(|_, value| !value.is_null());
    let read: Result<T, _> = serde_path_to_error::deserialize(Value::from(fields));
    read.map(Into::into).map_err(|error| {
        let (path, fault) = (error.path().to_string(), error.into_inner().to_string());
        // What a value is instead may be somebody's number, and the report is kept.
        match fault.rsplit_once(", expected ") {
            Some((what, expected)) if !what.starts_with("unknown field") => {
                format!("cannot be read: {path} must be {expected}")
            }
            _ => format!("cannot be read: {fault}"),
        }
    })
}

/// A shift is read first, and may be meant to be a stage.
fn of_term(row: Row, kind: fn(pb::SchoolTermInput) -> Row) -> Row {
    match row {
        Row::Shift(term) => kind(term),
        other => other,
    }
}

/// A truth value, also as a text.
fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Bool(truth) => Ok(truth),
        Value::String(text) if text == "true" => Ok(true),
        Value::String(text) if text == "false" => Ok(false),
        _ => Err(D::Error::invalid_type(Unexpected::Other("else"), &"true or false")),
    }
}

/// Several texts, also as one with "|" between them.
fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    if let Value::String(text) = &value {
        return Ok(text.split('|').map(|part| part.trim().to_owned()).collect());
    }
    let texts: Result<Vec<String>, _> = serde_json::from_value(value);
    texts.map_err(|_| D::Error::invalid_type(Unexpected::Other("else"), &"texts"))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ClientApp {
    client_id: String,
    name: String,
    product: String,
    #[serde(deserialize_with = "truth")]
    inactive: bool,
}

impl From<ClientApp> for Row {
    fn from(ClientApp { client_id, name, product, inactive }: ClientApp) -> Self {
        Self::ClientApp(identity::ClientAppInput { client_id, name, product, inactive })
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Tenant {
    reference: String,
    name: String,
    brand: String,
    #[serde(deserialize_with = "truth")]
    inactive: bool,
}

impl From<Tenant> for Row {
    fn from(Tenant { reference, name, brand, inactive }: Tenant) -> Self {
        Self::Tenant(pb::TenantInput { reference, name, brand, inactive })
    }
}

/// One address stands in the row itself; several in "addresses".
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct School {
    reference: String,
    tenant_reference: String,
    trade_name: String,
    company_name: String,
    document_type: Option<String>,
    document_value: Option<String>,
    street: Option<String>,
    number: Option<String>,
    neighborhood: Option<String>,
    city: Option<String>,
    state: Option<String>,
    postal_code: Option<String>,
    addresses: Vec<Address>,
    #[serde(deserialize_with = "truth")]
    inactive: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Address {
    street: String,
    number: String,
    neighborhood: String,
    city: String,
    state: String,
    postal_code: String,
}

impl From<Address> for pb::SchoolAddress {
    fn from(address: Address) -> Self {
        let Address { street, number, neighborhood, city, state, postal_code } = address;
        Self { street, number, neighborhood, city, state, postal_code }
    }
}

impl From<School> for Row {
    fn from(school: School) -> Self {
        let School { document_type, document_value, street, number, neighborhood, .. } = school;
        let School { city, state, postal_code, .. } = school;
        let parts = [&street, &number, &neighborhood, &city, &state, &postal_code];
        let has_address = parts.into_iter().any(Option::is_some);
        let own = has_address.then(|| Address {
            street: street.unwrap_or_default(),
            number: number.unwrap_or_default(),
            neighborhood: neighborhood.unwrap_or_default(),
            city: city.unwrap_or_default(),
            state: state.unwrap_or_default(),
            postal_code: postal_code.unwrap_or_default(),
        });
        let document =
            (document_type.is_some() || document_value.is_some()).then(|| pb::SchoolDocument {
                document_type: document_type.unwrap_or_default(),
                document_value: document_value.unwrap_or_default(),
            });
        Self::School(pb::SchoolInput {
            reference: school.reference,
            tenant_reference: school.tenant_reference,
            trade_name: school.trade_name,
            company_name: school.company_name,
            document,
            addresses: own.into_iter().chain(school.addresses).map(Into::into).collect(),
            inactive: school.inactive,
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Integration {
    client_id: String,
    school_reference: String,
    external_integration_id: String,
    school_external_id: String,
    #[serde(deserialize_with = "truth")]
    inactive: bool,
}

impl From<Integration> for Row {
    fn from(integration: Integration) -> Self {
        Self::Integration(pb::SchoolIntegrationInput {
            client_id: integration.client_id,
            school_reference: integration.school_reference,
            external_integration_id: integration.external_integration_id,
            school_external_id: integration.school_external_id,
            inactive: integration.inactive,
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Term {
    school_reference: String,
    name: String,
    description: String,
    #[serde(deserialize_with = "truth")]
    inactive: bool,
}

impl From<Term> for Row {
    fn from(Term { school_reference, name, description, inactive }: Term) -> Self {
        Self::Shift(pb::SchoolTermInput { school_reference, name, description, inactive })
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Class {
    school_reference: String,
    external_id: String,
    name: String,
    educational_stage: String,
    stage_name: String,
    shift_name: Option<String>,
    #[serde(deserialize_with = "truth")]
    closed: bool,
}

impl From<Class> for Row {
    fn from(class: Class) -> Self {
        Self::Class(pb::SchoolClassInput {
            school_reference: class.school_reference,
            external_id: class.external_id,
            name: class.name,
            educational_stage: class.educational_stage,
            stage_name: class.stage_name,
            shift_name: class.shift_name,
            closed: class.closed,
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Person {
    school_reference: String,
    reference: String,
    external_id: Option<String>,
    name: String,
    birth_date: Option<String>,
    document_type: Option<String>,
    document_value: Option<String>,
    email: Option<String>,
    academic_email: Option<String>,
    ddi: Option<String>,
    cell_phone_number: Option<String>,
    #[serde(deserialize_with = "texts")]
    profiles: Vec<String>,
    account_id: Option<String>,
    #[serde(deserialize_with = "truth")]
    inactive: bool,
}

impl From<Person> for Row {
    fn from(person: Person) -> Self {
        let Person { document_type, document_value, .. } = person;
        let document = (document_type.is_some() || document_value.is_some()).then(|| {
            identity::PersonDocument {
                r#type: document_type.unwrap_or_default(),
                value: document_value.unwrap_or_default(),
            }
        });
        Self::Person(pb::ImportPerson {
            school_reference: person.school_reference,
            person: Some(identity::SchoolPersonInput {
                reference: person.reference,
                external_id: person.external_id,
                name: person.name,
                birth_date: person.birth_date,
                document,
                email: person.email,
                academic_email: person.academic_email,
                ddi: person.ddi,
                cell_phone_number: person.cell_phone_number,
                profiles: person.profiles,
                inactive: person.inactive,
                account_id: person.account_id,
            }),
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Guardianship {
    school_reference: String,
    guardian_reference: String,
    dependent_reference: String,
    #[serde(deserialize_with = "truth")]
    inactive: bool,
}

impl From<Guardianship> for Row {
    fn from(row: Guardianship) -> Self {
        Self::Guardianship(pb::ImportGuardianship {
            school_reference: row.school_reference,
            guardianship: Some(identity::GuardianshipInput {
                guardian_reference: row.guardian_reference,
                dependent_reference: row.dependent_reference,
                inactive: row.inactive,
            }),
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Consumption {
    school_reference: String,
    person_reference: String,
    client_id: String,
    #[serde(deserialize_with = "truth")]
    inactive: bool,
}

impl From<Consumption> for Row {
    fn from(row: Consumption) -> Self {
        Self::Consumption(pb::ImportProductConsumption {
            school_reference: row.school_reference,
            consumption: Some(identity::ProductConsumptionInput {
                person_reference: row.person_reference,
                client_id: row.client_id,
                inactive: row.inactive,
            }),
        })
    }
}
