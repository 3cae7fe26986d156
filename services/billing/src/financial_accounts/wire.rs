//! Who pays, as requests and answers carry it.

use brazil::Email;
use chassis::refusal::{Fields, Rule};
use proto::billing::v1 as pb;

use super::{
    ADDITIONAL_EMAILS_MAX, Address, COUNTRY, CpfOrCnpj, EMAIL_MAX, FinancialAccount, TEXT_MAX,
};
use crate::fiscal_notes::Taxpayer;

impl FinancialAccount {
    /// Reads a request's field `account`; what is wrong in it is noted in `fields`, all of it.
    pub(crate) fn parse(fields: &mut Fields, given: &pb::FinancialAccount) -> Option<Self> {
        let name = needed(fields, "account.name", &given.name);
        let email = fields.required("account.email", &given.email);
        let email = email.and_then(|email| short(fields, "account.email", email));
        let phone = needed(fields, "account.phone", &given.phone);
        let person_type = fields.required("account.person_type", &given.person_type);
        let taxpayer = fields.required("account.cpf_cnpj", &given.cpf_cnpj);
        let street = needed(fields, "account.address", &given.address);
        let number = needed(fields, "account.address_number", &given.address_number);
        let neighborhood = needed(fields, "account.address_province", &given.address_province);
        let city = needed(fields, "account.address_city", &given.address_city);
        let state = fields.required("account.address_state", &given.address_state);
        if !matches!(given.address_country.as_str(), "" | COUNTRY) {
            fields.refuse_as(
                "account.address_country",
                Rule::NotOneOf,
                format!("is not one of {COUNTRY}"),
            );
        }
        let zip_code = fields.required("account.address_zip_code", &given.address_zip_code);
        let company = possible(fields, "account.company", given.company.as_deref());
        let mobile_phone = possible(fields, "account.mobile_phone", given.mobile_phone.as_deref());
        let complement =
            possible(fields, "account.address_complement", given.address_complement.as_deref());
        let additional_emails = emails(fields, given.additional_emails.as_deref());
        let CpfOrCnpj(taxpayer) = taxpayer?;
        Some(Self {
            company,
            name: name?,
            email: email?,
            phone: phone?,
            mobile_phone,
            person_type: person_type?,
            taxpayer,
            address: Address {
                street: street?,
                number: number?,
                complement,
                neighborhood: neighborhood?,
                city: city?,
                state: state?,
                zip_code: zip_code?,
            },
            additional_emails,
        })
    }
}

fn needed(fields: &mut Fields, field: &str, text: &str) -> Option<String> {
    fields.text(field, text, 1, TEXT_MAX)
}

fn possible(fields: &mut Fields, field: &str, text: Option<&str>) -> Option<String> {
    fields.optional_text(field, text, TEXT_MAX)
}

fn short(fields: &mut Fields, field: &str, email: Email) -> Option<Email> {
    if email.as_str().len() > EMAIL_MAX {
        fields.refuse_as(field, Rule::TooLong, format!("has more than {EMAIL_MAX} characters"));
        return None;
    }
    Some(email)
}

fn emails(fields: &mut Fields, given: Option<&str>) -> Vec<Email> {
    const FIELD: &str = "account.additional_emails";
    let Some(given) = given.filter(|given| !given.trim().is_empty()) else { return vec![] };
    if given.split(',').count() > ADDITIONAL_EMAILS_MAX {
        fields.refuse(FIELD, format!("has more than {ADDITIONAL_EMAILS_MAX} addresses"));
        return vec![];
    }
    let emails: Result<Vec<Email>, _> = given.split(',').map(str::parse).collect();
    match emails {
        Ok(emails) => emails.into_iter().filter_map(|email| short(fields, FIELD, email)).collect(),
        Err(invalid) => {
            fields.refuse(FIELD, invalid.to_string());
            vec![]
        }
    }
}

impl From<FinancialAccount> for pb::FinancialAccount {
    fn from(account: FinancialAccount) -> Self {
        let FinancialAccount { address, additional_emails, .. } = account;
        let additional: Vec<&str> = additional_emails.iter().map(Email::as_str).collect();
        Self {
            // Nothing that is told to us ends it.
            is_active: true,
            company: account.company,
            name: account.name,
            email: account.email.to_string(),
            phone: account.phone,
            mobile_phone: account.mobile_phone,
            person_type: account.person_type.name().to_owned(),
            cpf_cnpj: match account.taxpayer {
                Taxpayer::Cpf(cpf) => cpf.to_string(),
                Taxpayer::Cnpj(cnpj) => cnpj.to_string(),
            },
            address: address.street,
            address_number: address.number,
            address_complement: address.complement,
            address_province: address.neighborhood,
            address_city: address.city,
            address_state: address.state.0,
            address_country: COUNTRY.to_owned(),
            address_zip_code: address.zip_code.to_string(),
            additional_emails: (!additional.is_empty()).then(|| additional.join(",")),
        }
    }
}
