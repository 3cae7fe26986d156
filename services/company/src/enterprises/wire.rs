//! Enterprises as answers carry them.

use brazil::{Cep, State};
use chassis::address::Address;
use chassis::timestamp;
use proto::company::v1 as pb;

use super::related::{Document, KeptAddress, Parent};
use super::{Enterprise, Values};
use crate::countries::Country;

impl From<Values> for pb::EnterpriseValues {
    fn from(values: Values) -> Self {
        Self {
            name: values.name,
            cnpj: values.cnpj.text,
            timezone: values.timezone.map(|zone| zone.to_string()),
            phone1: values.phone1,
            phone2: values.phone2,
            email: values.email,
            contact_name: values.contact_name,
            webpage: values.webpage,
            assistance_emergency_tel: values.assistance_emergency_tel,
            theft_emergency_tel: values.theft_emergency_tel,
            fantasy_name: values.fantasy_name,
            country_id: values.country_id.map(|id| id.to_string()),
        }
    }
}

impl From<Enterprise> for pb::Enterprise {
    fn from(enterprise: Enterprise) -> Self {
        Self {
            id: enterprise.public_id.to_string(),
            company_id: enterprise.company_id.to_string(),
            values: Some(enterprise.values.into()),
            created_at: Some(timestamp::to_proto(enterprise.created_at)),
            updated_at: Some(timestamp::to_proto(enterprise.updated_at)),
            deactivated_at: enterprise.deactivated_at.map(timestamp::to_proto),
            ..Self::default()
        }
    }
}

impl From<Parent> for pb::EnterpriseParent {
    fn from(parent: Parent) -> Self {
        Self { id: parent.public_id, name: parent.name, cnpj: parent.cnpj }
    }
}

impl From<KeptAddress> for pb::EnterpriseAddress {
    fn from(kept: KeptAddress) -> Self {
        let address = kept.address;
        Self {
            id: kept.public_id,
            formatted_address: formatted(&address),
            city: address.city,
            region: address.state.map(|state| state.to_string()),
            zip_code: address.zip_code.as_ref().map(Cep::formatted),
        }
    }
}

impl From<Document> for pb::EnterpriseDocument {
    fn from(document: Document) -> Self {
        Self {
            id: document.public_id,
            file_size: document.file_size,
            created_at: Some(timestamp::to_proto(document.created_at)),
            folder: document.folder,
            key_name: document.key_name,
            mime: document.mime,
            name: document.name,
        }
    }
}

impl From<Country> for pb::EnterpriseCountry {
    fn from(country: Country) -> Self {
        Self { id: country.public_id, code: country.code, name: country.name }
    }
}

/// "street, number - complement, neighborhood, city - state, zip", without what is not known.
fn formatted(address: &Address) -> String {
    let house = joined(", ", [address.street_name.as_deref(), address.street_number.as_deref()]);
    let house = joined(" - ", [some(&house), address.complement.as_deref()]);
    let city = joined(" - ", [address.city.as_deref(), address.state.map(State::as_str)]);
    let zip_code = address.zip_code.as_ref().map(Cep::formatted);
    joined(", ", [some(&house), address.neighborhood.as_deref(), some(&city), zip_code.as_deref()])
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn joined<const N: usize>(separator: &str, parts: [Option<&str>; N]) -> String {
    parts.into_iter().flatten().collect::<Vec<_>>().join(separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_put_together_from_what_is_known() {
        let text = |text: &str| Some(text.to_owned());
        let whole = Address {
            zip_code: Some("80020310".parse().unwrap()),
            street_name: text("Rua XV de Novembro"),
            street_number: text("100"),
            complement: text("Sala 2"),
            neighborhood: text("Centro"),
            city: text("Curitiba"),
            state: Some("PR".parse().unwrap()),
        };
        assert_eq!(
            formatted(&whole),
            "Rua XV de Novembro, 100 - Sala 2, Centro, Curitiba - PR, 80020-310"
        );
        let part = Address { complement: None, street_number: None, state: None, ..whole };
        assert_eq!(formatted(&part), "Rua XV de Novembro, Centro, Curitiba, 80020-310");
        assert_eq!(formatted(&Address::default()), "");
    }
}
