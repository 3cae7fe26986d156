//! Addresses, in their two spellings.

use proto::common::v1 as common;
use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;

use super::number::NumberOrText;

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
    street_number: Option<NumberOrText>,
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
            street_number: address.street_number.map(NumberOrText),
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
    street_number: Option<NumberOrText>,
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
            street_number: address.street_number.map(NumberOrText),
            complement: address.complement,
            neighborhood: address.neighborhood,
            city: address.city,
            state: address.state,
        }
    }
}

fn as_text<S: Serializer>(number: &Option<NumberOrText>, serializer: S) -> Result<S::Ok, S::Error> {
    number.as_ref().map(|number| &number.0).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn in_camel_case_the_number_is_a_text() {
        let address: CamelAddress =
            serde_json::from_value(json!({"streetNumber": 666, "zipCode": "80010-010"})).unwrap();
        let answered = serde_json::to_value(address).unwrap();
        assert_eq!(answered["streetNumber"], "666");
        assert_eq!(answered["complement"], serde_json::Value::Null);
    }
}
