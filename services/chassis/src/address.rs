//! Postal addresses as requests, rows and answers carry them.

use brazil::{Cep, State};
use proto::common::v1 as pb;
use serde::{Deserialize, Serialize};

use crate::refusal::Fields;

const TEXT_MAX: usize = 200;
const NUMBER_MAX: usize = 20;

/// A postal address in Brazil; every part may be unknown. Stored as JSON.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Address {
    /// CEP.
    pub zip_code: Option<Cep>,
    /// Street with its kind.
    pub street_name: Option<String>,
    /// House number, or "S/N".
    pub street_number: Option<String>,
    /// Apartment, floor, block.
    pub complement: Option<String>,
    /// Neighbourhood.
    pub neighborhood: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Federative unit.
    pub state: Option<State>,
}

impl Address {
    /// Reads an address of a request, at the path `field`; one that says nothing is absent.
    /// What is wrong is noted in `fields`.
    pub fn parse(fields: &mut Fields, field: &str, address: Option<&pb::Address>) -> Option<Self> {
        let address = address?;
        let mut text = |part: &str, text: &Option<String>, max| {
            fields.optional_text(&format!("{field}.{part}"), text.as_deref(), max)
        };
        let parsed = Self {
            street_name: text("street_name", &address.street_name, TEXT_MAX),
            street_number: text("street_number", &address.street_number, NUMBER_MAX),
            complement: text("complement", &address.complement, TEXT_MAX),
            neighborhood: text("neighborhood", &address.neighborhood, TEXT_MAX),
            city: text("city", &address.city, TEXT_MAX),
            zip_code: fields.optional(&format!("{field}.zip_code"), address.zip_code.as_deref()),
            state: fields.optional(&format!("{field}.state"), address.state.as_deref()),
        };
        (parsed != Self::default()).then_some(parsed)
    }
}

impl From<Address> for pb::Address {
    fn from(address: Address) -> Self {
        Self {
            zip_code: address.zip_code.map(|zip_code| zip_code.formatted()),
            street_name: address.street_name,
            street_number: address.street_number,
            complement: address.complement,
            neighborhood: address.neighborhood,
            city: address.city,
            state: address.state.map(|state| state.to_string()),
        }
    }
}

/// Where somebody lives is personal data.
impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Address").field("state", &self.state).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::Refusal;

    #[test]
    fn an_address_is_answered_in_its_usual_form() {
        let given = pb::Address {
            zip_code: Some("80010000".to_owned()),
            street_number: Some(" S/N ".to_owned()),
            state: Some("pr".to_owned()),
            ..Default::default()
        };
        let mut fields = Fields::new();
        let address = Address::parse(&mut fields, "company.address", Some(&given)).unwrap();
        fields.check().unwrap();
        let json = serde_json::to_value(&address).unwrap();
        assert_eq!(serde_json::from_value::<Address>(json).unwrap(), address);
        let answered = pb::Address::from(address);
        assert_eq!(answered.zip_code.as_deref(), Some("80010-000"));
        assert_eq!(answered.street_number.as_deref(), Some("S/N"));
        assert_eq!(answered.state.as_deref(), Some("PR"));
    }

    #[test]
    fn wrong_parts_are_named_and_nothing_is_no_address() {
        let given = pb::Address {
            zip_code: Some("1".to_owned()),
            state: Some("ST".to_owned()),
            ..Default::default()
        };
        let mut fields = Fields::new();
        assert!(Address::parse(&mut fields, "a", Some(&given)).is_none());
        assert!(Address::parse(&mut fields, "b", Some(&pb::Address::default())).is_none());
        let refusal = Refusal::of(&fields.into_status());
        let named: Vec<_> = refusal.violations.iter().map(|broken| broken.field.as_str()).collect();
        assert_eq!(named, ["a.zip_code", "a.state"]);
    }
}
