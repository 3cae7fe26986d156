//! What is put, as it must be: the limits are those of the documents that show it, the smaller one
//! where a value is shown in two.

use chassis::refusal::Fields;
use proto::company::v1 as pb;

use super::{
    Address, ClassInput, IntegrationInput, SchoolInput, TenantInput, Term, TermInput, TermKind,
};

const REFERENCE_MAX: usize = 50;
const ADDRESSES_MAX: usize = 10;

/// Reads the fields of one message.
struct Reader<'a> {
    fields: &'a mut Fields,
    prefix: &'a str,
}

impl Reader<'_> {
    fn text(&mut self, field: &str, text: &str, max: usize) -> Option<String> {
        self.fields.text(&format!("{}{field}", self.prefix), text, 1, max)
    }

    fn optional(&mut self, field: &str, text: Option<&str>, max: usize) -> Option<String> {
        self.fields.optional_text(&format!("{}{field}", self.prefix), text, max)
    }
}

/// A tenant. `prefix` goes before the names of the fields, here and below.
pub(super) fn tenant(
    fields: &mut Fields,
    prefix: &str,
    given: &pb::TenantInput,
) -> Option<TenantInput> {
    let mut read = Reader { fields, prefix };
    let reference = read.text("reference", &given.reference, REFERENCE_MAX);
    let name = read.text("name", &given.name, 100);
    let brand = read.text("brand", &given.brand, 100);
    let active = !given.inactive;
    Some(TenantInput { reference: reference?, name: name?, brand: brand?, active })
}

/// A school.
pub(super) fn school(
    fields: &mut Fields,
    prefix: &str,
    given: &pb::SchoolInput,
) -> Option<SchoolInput> {
    let mut read = Reader { fields, prefix };
    let reference = read.text("reference", &given.reference, REFERENCE_MAX);
    let tenant_reference = read.text("tenant_reference", &given.tenant_reference, REFERENCE_MAX);
    let trade_name = read.text("trade_name", &given.trade_name, 50);
    let company_name = read.text("company_name", &given.company_name, 50);
    let document = given.document.as_ref().map(|document| {
        let kind = read.text("document.document_type", &document.document_type, 20);
        let value = read.text("document.document_value", &document.document_value, 18);
        kind.zip(value)
    });
    if given.addresses.len() > ADDRESSES_MAX {
        let message = format!("has more than {ADDRESSES_MAX}");
        read.fields.refuse(&format!("{prefix}addresses"), message);
    }
    let addresses: Option<Vec<_>> = given
        .addresses
        .iter()
        .take(ADDRESSES_MAX)
        .enumerate()
        .map(|(index, given)| address(fields, &format!("{prefix}addresses[{index}]."), given))
        .collect();
    let document = match document {
        None => None,
        Some(document) => Some(document?),
    };
    Some(SchoolInput {
        reference: reference?,
        tenant_reference: tenant_reference?,
        trade_name: trade_name?,
        company_name: company_name?,
        document,
        addresses: addresses?,
        active: !given.inactive,
    })
}

fn address(fields: &mut Fields, prefix: &str, given: &pb::SchoolAddress) -> Option<Address> {
    let mut read = Reader { fields, prefix };
    let street = read.text("street", &given.street, 100);
    let number = read.text("number", &given.number, 10);
    let neighborhood = read.text("neighborhood", &given.neighborhood, 50);
    let city = read.text("city", &given.city, 50);
    let state = read.text("state", &given.state, 50);
    let postal_code = read.text("postal_code", &given.postal_code, 10);
    Some(Address {
        street: street?,
        number: number?,
        neighborhood: neighborhood?,
        city: city?,
        state: state?,
        postal_code: postal_code?,
    })
}

/// An integration.
pub(super) fn integration(
    fields: &mut Fields,
    prefix: &str,
    given: &pb::SchoolIntegrationInput,
) -> Option<IntegrationInput> {
    let mut read = Reader { fields, prefix };
    let client_id = read.text("client_id", &given.client_id, 50);
    let school_reference = read.text("school_reference", &given.school_reference, REFERENCE_MAX);
    let external_integration_id =
        read.text("external_integration_id", &given.external_integration_id, 50);
    let school_external_id = read.text("school_external_id", &given.school_external_id, 50);
    Some(IntegrationInput {
        client_id: client_id?,
        school_reference: school_reference?,
        external_integration_id: external_integration_id?,
        school_external_id: school_external_id?,
        active: !given.inactive,
    })
}

/// A shift or a stage.
pub(super) fn term(
    fields: &mut Fields,
    prefix: &str,
    kind: TermKind,
    given: &pb::SchoolTermInput,
) -> Option<TermInput> {
    let mut read = Reader { fields, prefix };
    let school_reference = read.text("school_reference", &given.school_reference, REFERENCE_MAX);
    let name = read.text("name", &given.name, 80);
    let description = read.text("description", &given.description, 200);
    Some(TermInput {
        kind,
        school_reference: school_reference?,
        term: Term { name: name?, description: description? },
        active: !given.inactive,
    })
}

/// A class.
pub(super) fn class(
    fields: &mut Fields,
    prefix: &str,
    given: &pb::SchoolClassInput,
) -> Option<ClassInput> {
    let mut read = Reader { fields, prefix };
    let school_reference = read.text("school_reference", &given.school_reference, REFERENCE_MAX);
    let external_id = read.text("external_id", &given.external_id, 50);
    let name = read.text("name", &given.name, 100);
    let educational_stage = read.text("educational_stage", &given.educational_stage, 200);
    let stage_name = read.text("stage_name", &given.stage_name, 80);
    let shift_name = read.optional("shift_name", given.shift_name.as_deref(), 80);
    Some(ClassInput {
        school_reference: school_reference?,
        external_id: external_id?,
        name: name?,
        educational_stage: educational_stage?,
        stage_name: stage_name?,
        shift_name,
        open: !given.closed,
    })
}

#[cfg(test)]
mod tests;
