//! Who pays for credit.

use proto::billing::v1::FinancialAccount;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::body::About;
use super::super::rules::Model;
use crate::body::Input;

/// What the contract calls a financial account's members.
pub(in super::super) const FINANCIAL: Model = Model::new(
    "Financial",
    &[
        ("mobilePhone", "mobile_phone"),
        ("personType", "person_type"),
        ("cpfCnpj", "cpf_cnpj"),
        ("addressNumber", "address_number"),
        ("addressComplement", "address_complement"),
        ("addressProvince", "address_province"),
        ("addressCity", "address_city"),
        ("addressState", "address_state"),
        ("addressCountry", "address_country"),
        ("addressZipCode", "address_zip_code"),
        ("additionalEmails", "additional_emails"),
    ],
);

/// Whether charges are possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = FinancialStatus)]
pub(in super::super) enum Status {
    /// They are.
    Active,
    /// They are not.
    Inactive,
}

/// Who pays for the account's credit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Financial {
    /// Whether charges are possible.
    status: Status,
    /// Trading name.
    #[schema(example = "Acme")]
    company: Option<String>,
    /// Name.
    #[schema(example = "Maria Silva")]
    name: String,
    /// E-mail.
    #[schema(example = "maria@example.com")]
    email: String,
    /// Telephone.
    #[schema(example = "4833328530")]
    phone: String,
    /// Mobile telephone.
    #[schema(example = "48999999999")]
    mobile_phone: Option<String>,
    /// FISICA or JURIDICA.
    #[schema(example = "JURIDICA")]
    person_type: String,
    /// CPF or CNPJ, bare.
    #[schema(example = "71875911000100")]
    cpf_cnpj: String,
    /// Street.
    #[schema(example = "Rua das Flores")]
    address: String,
    /// Number in the street.
    #[schema(example = "123")]
    address_number: String,
    /// Flat, block.
    #[schema(example = "Apto 420")]
    address_complement: Option<String>,
    /// Neighbourhood.
    #[schema(example = "Centro")]
    address_province: String,
    /// City.
    #[schema(example = "Florianópolis")]
    address_city: String,
    /// State.
    #[schema(example = "SC")]
    address_state: String,
    /// Country.
    #[schema(example = "BR")]
    address_country: String,
    /// CEP, eight digits.
    #[schema(example = "88010000")]
    address_zip_code: String,
    /// More e-mails, with commas between them.
    #[schema(example = "financeiro@example.com,diretoria@example.com")]
    additional_emails: Option<String>,
}

impl From<FinancialAccount> for Financial {
    fn from(account: FinancialAccount) -> Self {
        Self {
            status: if account.is_active { Status::Active } else { Status::Inactive },
            company: account.company,
            name: account.name,
            email: account.email,
            phone: account.phone,
            mobile_phone: account.mobile_phone,
            person_type: account.person_type,
            cpf_cnpj: account.cpf_cnpj,
            address: account.address,
            address_number: account.address_number,
            address_complement: account.address_complement,
            address_province: account.address_province,
            address_city: account.address_city,
            address_state: account.address_state,
            address_country: account.address_country,
            address_zip_code: account.address_zip_code,
            additional_emails: account.additional_emails,
        }
    }
}

/// Who is to pay for the account's credit.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(in super::super) struct FinancialInput {
    /// Trading name.
    #[schema(max_length = 100, example = "Acme")]
    company: Option<String>,
    /// Name.
    #[schema(required = true, max_length = 100, example = "Maria Silva")]
    name: String,
    /// E-mail.
    #[schema(required = true, max_length = 200, example = "maria@example.com")]
    email: String,
    /// Telephone.
    #[schema(required = true, max_length = 100, example = "4833328530")]
    phone: String,
    /// Mobile telephone.
    #[schema(max_length = 100, example = "48999999999")]
    mobile_phone: Option<String>,
    /// FISICA or JURIDICA.
    #[schema(required = true, example = "JURIDICA")]
    person_type: String,
    /// CPF or CNPJ, whatever the person type; with or without punctuation.
    #[schema(required = true, example = "71875911000100")]
    cpf_cnpj: String,
    /// Street.
    #[schema(required = true, max_length = 100, example = "Rua das Flores")]
    address: String,
    /// Number in the street.
    #[schema(required = true, max_length = 100, example = "123")]
    address_number: String,
    /// Flat, block.
    #[schema(max_length = 100, example = "Apto 420")]
    address_complement: Option<String>,
    /// Neighbourhood.
    #[schema(required = true, max_length = 100, example = "Centro")]
    address_province: String,
    /// City.
    #[schema(required = true, max_length = 100, example = "Florianópolis")]
    address_city: String,
    /// State: two letters.
    #[schema(required = true, min_length = 2, max_length = 2, example = "SC")]
    address_state: String,
    /// BR.
    #[schema(default = "BR", example = "BR")]
    address_country: String,
    /// CEP: eight digits, with or without a hyphen.
    #[schema(required = true, example = "88010000")]
    address_zip_code: String,
    /// At most five more e-mails, with commas between them.
    #[schema(example = "financeiro@example.com,diretoria@example.com")]
    additional_emails: Option<String>,
}

impl Input for FinancialInput {
    const REQUIRED: &'static [&'static str] = &[
        "name",
        "email",
        "phone",
        "personType",
        "cpfCnpj",
        "address",
        "addressNumber",
        "addressProvince",
        "addressCity",
        "addressState",
        "addressZipCode",
    ];
}

impl About for FinancialInput {
    const MODEL: &'static Model = &FINANCIAL;
}

impl From<FinancialInput> for FinancialAccount {
    fn from(input: FinancialInput) -> Self {
        Self {
            is_active: true,
            company: input.company,
            name: input.name,
            email: input.email,
            phone: input.phone,
            mobile_phone: input.mobile_phone,
            person_type: input.person_type,
            cpf_cnpj: input.cpf_cnpj,
            address: input.address,
            address_number: input.address_number,
            address_complement: input.address_complement,
            address_province: input.address_province,
            address_city: input.address_city,
            address_state: input.address_state,
            address_country: input.address_country,
            address_zip_code: input.address_zip_code,
            additional_emails: input.additional_emails,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::super::body::parse;
    use super::*;

    /// As the documentation prints it.
    fn sample() -> Value {
        json!({
            "status": "ACTIVE",
            "company": "Api4Com",
            "name": "Administrador da Conta",
            "email": "contato@api4com.com",
            "phone": "4833328530",
            "mobilePhone": "48999999999",
            "personType": "FISICA",
            "cpfCnpj": "71875911000100",
            "address": "Rua dos Sonhos",
            "addressNumber": "123",
            "addressComplement": "Apto 420",
            "addressProvince": "Bairro dos Sonhos",
            "addressCity": "Florianópolis",
            "addressState": "SC",
            "addressCountry": "BR",
            "addressZipCode": "88010000",
            "additionalEmails": "contato+1@api4com.com,contato+2@api4com.com"
        })
    }

    #[test]
    fn the_sample_is_read_and_written_to_the_letter() {
        let given = parse::<FinancialInput>(sample().to_string().as_bytes()).unwrap();
        let account = FinancialAccount::from(given.0);
        assert_eq!(json!(Financial::from(account)), sample());
    }

    #[test]
    fn what_is_absent_is_null() {
        let bare = json!({
            "name": "a", "email": "b", "phone": "c", "personType": "d", "cpfCnpj": "e",
            "address": "f", "addressNumber": "g", "addressProvince": "h", "addressCity": "i",
            "addressState": "j", "addressZipCode": "k", "company": null
        });
        let given = parse::<FinancialInput>(bare.to_string().as_bytes()).unwrap();
        let told = json!(Financial::from(FinancialAccount::from(given.0)));
        for member in ["company", "mobilePhone", "addressComplement", "additionalEmails"] {
            assert_eq!(told.get(member), Some(&Value::Null), "{member}");
        }
    }

    #[test]
    fn fields_of_the_service_have_the_members_names() {
        for member in FinancialInput::REQUIRED {
            let field: String = member
                .chars()
                .flat_map(|c| [c.is_uppercase().then_some('_'), Some(c.to_ascii_lowercase())])
                .flatten()
                .collect();
            assert_eq!(FINANCIAL.member(&format!("account.{field}")), *member);
        }
    }
}
