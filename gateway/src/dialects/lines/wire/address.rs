//! Addresses, in their two spellings.

use std::fmt;

use proto::common::v1 as common;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A postal address in Brazil.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[schema(example = json!({
    "zip_code": "80010-010",
    "street_name": "Rua Marechal Deodoro",
    "street_number": 666,
    "complement": "Apartamento 101",
    "neighborhood": "Centro",
    "city": "Curitiba",
    "state": "PR"
}))]
pub(crate) struct Address {
    /// CEP, eight digits, with or without the hyphen.
    zip_code: Option<String>,
    /// Street, with its kind.
    street_name: Option<String>,
    /// A number, or a text such as "S/N".
    street_number: Option<StreetNumber>,
    /// Apartment, floor, block.
    complement: Option<String>,
    /// Neighbourhood.
    neighborhood: Option<String>,
    /// City.
    city: Option<String>,
    /// One of the 27 federative units, two letters.
    state: Option<String>,
}

impl From<Address> for common::Address {
    fn from(address: Address) -> Self {
        Self {
            zip_code: address.zip_code,
            street_name: address.street_name,
            street_number: address.street_number.map(|number| number.0),
            complement: address.complement,
            neighborhood: address.neighborhood,
            city: address.city,
            state: address.state,
        }
    }
}

impl From<common::Address> for Address {
    fn from(address: common::Address) -> Self {
        Self {
            zip_code: address.zip_code,
            street_name: address.street_name,
            street_number: address.street_number.map(StreetNumber),
            complement: address.complement,
            neighborhood: address.neighborhood,
            city: address.city,
            state: address.state,
        }
    }
}

/// A postal address in Brazil.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "zipCode": "80010-010",
    "streetName": "Rua da rua",
    "streetNumber": "123",
    "complement": "Apto apartamento",
    "neighborhood": "Bairro do bairro",
    "city": "Curitiba",
    "state": "PR"
}))]
pub(crate) struct CamelAddress {
    /// CEP, eight digits, with or without the hyphen.
    zip_code: Option<String>,
    /// Street, with its kind.
    street_name: Option<String>,
    /// A number or a text in requests; a text in answers.
    #[serde(serialize_with = "as_text")]
    street_number: Option<StreetNumber>,
    /// Apartment, floor, block.
    complement: Option<String>,
    /// Neighbourhood.
    neighborhood: Option<String>,
    /// City.
    city: Option<String>,
    /// One of the 27 federative units, two letters.
    state: Option<String>,
}

impl From<CamelAddress> for common::Address {
    fn from(address: CamelAddress) -> Self {
        Self {
            zip_code: address.zip_code,
            street_name: address.street_name,
            street_number: address.street_number.map(|number| number.0),
            complement: address.complement,
            neighborhood: address.neighborhood,
            city: address.city,
            state: address.state,
        }
    }
}

impl From<common::Address> for CamelAddress {
    fn from(address: common::Address) -> Self {
        Self {
            zip_code: address.zip_code,
            street_name: address.street_name,
            street_number: address.street_number.map(StreetNumber),
            complement: address.complement,
            neighborhood: address.neighborhood,
            city: address.city,
            state: address.state,
        }
    }
}

/// The number of a house as text, since it is not always one; answered as a number where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct StreetNumber(String);

impl PartialSchema for StreetNumber {
    fn schema() -> RefOr<Schema> {
        let types = SchemaType::from_iter([Type::String, Type::Integer]);
        ObjectBuilder::new()
            .schema_type(types)
            .description(Some("A number, or a text such as \"S/N\"."))
            .into()
    }
}

impl ToSchema for StreetNumber {}

impl StreetNumber {
    /// None for what a number would not show faithfully: "S/N", "007", more digits than
    /// programs keep.
    fn number(&self) -> Option<u64> {
        const EXACT_MAX: u64 = 1 << 53;
        let number: u64 = self.0.parse().ok()?;
        (number <= EXACT_MAX && number.to_string() == self.0).then_some(number)
    }
}

impl Serialize for StreetNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.number() {
            Some(number) => serializer.serialize_u64(number),
            None => serializer.serialize_str(&self.0),
        }
    }
}

fn as_text<S: Serializer>(number: &Option<StreetNumber>, serializer: S) -> Result<S::Ok, S::Error> {
    number.as_ref().map(|number| &number.0).serialize(serializer)
}

impl<'de> Deserialize<'de> for StreetNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = StreetNumber;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a whole number from 0")
            }

            fn visit_u64<E>(self, number: u64) -> Result<StreetNumber, E> {
                Ok(StreetNumber(number.to_string()))
            }

            fn visit_str<E>(self, text: &str) -> Result<StreetNumber, E> {
                Ok(StreetNumber(text.to_owned()))
            }
        }
        deserializer.deserialize_any(Number)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn house_numbers_are_numbers_where_that_loses_nothing() {
        for (given, answered) in [
            (json!(666), json!(666)),
            (json!("666"), json!(666)),
            (json!("S/N"), json!("S/N")),
            (json!("007"), json!("007")),
            (json!("12A"), json!("12A")),
            (json!("99999999999999999999"), json!("99999999999999999999")),
        ] {
            let number: StreetNumber = serde_json::from_value(given.clone()).unwrap();
            assert_eq!(serde_json::to_value(number).unwrap(), answered, "{given}");
        }
        for wrong in [json!(1.5), json!(-1), json!(true), json!([])] {
            assert!(serde_json::from_value::<StreetNumber>(wrong).is_err());
        }
    }

    #[test]
    fn in_camel_case_the_number_is_a_text() {
        let address: CamelAddress =
            serde_json::from_value(json!({"streetNumber": 666, "zipCode": "80010-010"})).unwrap();
        let answered = serde_json::to_value(address).unwrap();
        assert_eq!(answered["streetNumber"], "666");
        assert_eq!(answered["complement"], serde_json::Value::Null);
    }
}
