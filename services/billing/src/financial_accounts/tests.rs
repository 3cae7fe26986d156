use chassis::refusal::{Fields, Refusal};
use proto::billing::v1 as pb;

use super::*;

/// The sample of the documentation.
pub(crate) fn given() -> pb::FinancialAccount {
    let some = |text: &str| Some(text.to_owned());
    pb::FinancialAccount {
        is_active: true,
        company: some("Api4Com"),
        name: "Administrador da Conta".to_owned(),
        email: "contato@api4com.com".to_owned(),
        phone: "4833328530".to_owned(),
        mobile_phone: some("48999999999"),
        person_type: "FISICA".to_owned(),
        cpf_cnpj: "71875911000100".to_owned(),
        address: "Rua dos Sonhos".to_owned(),
        address_number: "123".to_owned(),
        address_complement: some("Apto 420"),
        address_province: "Bairro dos Sonhos".to_owned(),
        address_city: "Florianópolis".to_owned(),
        address_state: "SC".to_owned(),
        address_country: "BR".to_owned(),
        address_zip_code: "88010000".to_owned(),
        additional_emails: some("contato+1@api4com.com,contato+2@api4com.com"),
    }
}

fn parse(given: &pb::FinancialAccount) -> Result<FinancialAccount, Vec<String>> {
    let mut fields = Fields::new();
    let account = FinancialAccount::parse(&mut fields, given);
    match fields.check() {
        Ok(()) => Ok(account.unwrap()),
        Err(status) => {
            let violations = Refusal::of(&status).violations;
            Err(violations.into_iter().map(|broken| broken.field).collect())
        }
    }
}

#[test]
fn the_sample_comes_back_as_it_went_in() {
    let account = parse(&given()).unwrap();
    let json = serde_json::to_vec(&account).unwrap();
    let kept: FinancialAccount = serde_json::from_slice(&json).unwrap();
    assert_eq!(pb::FinancialAccount::from(kept), given());
    assert!(!format!("{account:?}").contains("Administrador"));
}

#[test]
fn what_may_be_absent_is_and_what_can_be_written_otherwise_is_tidied() {
    let bare = pb::FinancialAccount {
        is_active: false,
        company: Some(" ".to_owned()),
        mobile_phone: None,
        address_complement: None,
        additional_emails: Some(String::new()),
        address_country: String::new(),
        address_zip_code: "88010-000".to_owned(),
        address_state: "sc".to_owned(),
        cpf_cnpj: "529.982.247-25".to_owned(),
        person_type: "JURIDICA".to_owned(),
        ..given()
    };
    let told = pb::FinancialAccount::from(parse(&bare).unwrap());
    assert_eq!(
        told,
        pb::FinancialAccount {
            company: None,
            mobile_phone: None,
            address_complement: None,
            additional_emails: None,
            cpf_cnpj: "52998224725".to_owned(),
            person_type: "JURIDICA".to_owned(),
            ..given()
        }
    );
    let letters = pb::FinancialAccount { cpf_cnpj: "12ABC34501DE35".to_owned(), ..given() };
    assert!(parse(&letters).is_ok());
}

#[test]
fn everything_that_is_wrong_is_named() {
    let nothing = parse(&pb::FinancialAccount::default()).unwrap_err();
    let needed = [
        "name",
        "email",
        "phone",
        "person_type",
        "cpf_cnpj",
        "address",
        "address_number",
        "address_province",
        "address_city",
        "address_state",
        "address_zip_code",
    ];
    assert_eq!(nothing, needed.map(|field| format!("account.{field}")));

    let long = || "x".repeat(101);
    let domain = format!("{0}.{0}.{0}.com", "x".repeat(60));
    let wrong = pb::FinancialAccount {
        company: Some(long()),
        name: long(),
        email: format!("somebody-with-a-name@{domain}"),
        person_type: "fisica".to_owned(),
        cpf_cnpj: "71875911000101".to_owned(),
        address_state: "S1".to_owned(),
        address_country: "AR".to_owned(),
        address_zip_code: "8801000".to_owned(),
        additional_emails: Some("a@b.com,".repeat(5) + "a@b.com"),
        ..given()
    };
    let named = parse(&wrong).unwrap_err();
    let expected = [
        "name",
        "email",
        "person_type",
        "cpf_cnpj",
        "address_state",
        "address_country",
        "address_zip_code",
        "company",
        "additional_emails",
    ];
    assert_eq!(named, expected.map(|field| format!("account.{field}")));
    let address = pb::FinancialAccount { additional_emails: Some("a@b.com,x".into()), ..given() };
    assert_eq!(parse(&address).unwrap_err(), ["account.additional_emails"]);
}
