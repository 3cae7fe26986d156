use serde_json::{Value, json, to_value};
use utoipa::PartialSchema;

use super::*;

/// The contract's sample, which is the example in the document.
fn sample<T: PartialSchema>() -> Value {
    to_value(T::schema()).unwrap()["example"].clone()
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn document(kind: &str, value: &str) -> Option<pb::PersonDocument> {
    Some(pb::PersonDocument { r#type: text(kind), value: text(value) })
}

fn profile(id: &str, kind: &str) -> pb::SchoolProfile {
    pb::SchoolProfile { id: text(id), r#type: text(kind), ..pb::SchoolProfile::default() }
}

#[test]
fn operation_3_is_as_its_sample() {
    let admin = pb::SchoolProfile {
        id: text("00000000-0000-0000-0000-000000000000"),
        code: 8,
        name: text("Admin Escola"),
        r#type: text("SchoolAdmin"),
        description: text("Administrador de Escola."),
    };
    assert_eq!(to_value(Profile::from(admin)).unwrap(), sample::<Profile>());
}

#[test]
fn operation_4_is_as_its_sample() {
    let id = "12345678-90ab-4def-8234-567890abcdef";
    let schools = ["a1b2c3d4-e5f6-7a89-b012-3456789abcde", "123e4567-e89b-12d3-a456-426614174000"];
    let account = pb::SchoolAccount {
        account_id: text(id),
        name: text("João Silva"),
        document: document("CPF", "123.456.789-00"),
        email: text("joao.silva@example.com"),
        phone: text("11912345678"),
        school_ids: schools.map(text).to_vec(),
        birth_date: text("2005-06-15"),
    };
    assert_eq!(to_value(Dependent::from(account)).unwrap(), sample::<Dependent>());
}

#[test]
fn operation_5_is_as_its_sample() {
    let id = "123e4567-e89b-12d3-a456-426614174000";
    let schools = ["a1b2c3d4-e5f6-7a89-b012-3456789abcde", "98765432-1abc-456d-8ef0-123456789abc"];
    let account = pb::SchoolAccount {
        account_id: text(id),
        name: text("Ana Souza"),
        document: document("CPF", "123.456.789-00"),
        email: text("ana.souza@example.com"),
        phone: text("11912345678"),
        school_ids: schools.map(text).to_vec(),
        birth_date: text("1995-05-20"),
    };
    assert_eq!(to_value(Account::from(account)).unwrap(), sample::<Account>());
    let nothing = pb::SchoolAccount {
        account_id: text(id),
        name: text("Ana"),
        ..pb::SchoolAccount::default()
    };
    assert_eq!(to_value(Account::from(nothing)).unwrap(), json!({"id": id, "name": "Ana"}));
}

#[test]
fn operation_6_is_as_its_sample() {
    let id = "a12b3c4d-5e6f-4a8b-9c10-d1e2f3a4b5c6";
    let person = pb::SchoolPerson {
        account_id: text(id),
        external_id: text("user-external-id-12345"),
        name: text("John Doe"),
        birth_date: text("1990-01-01"),
        document: document("CPF", "12345678900"),
        email: text("john.doe@example.com"),
        academic_email: text("john.doe@university.edu"),
        ddi: text("+55"),
        cell_phone_number: Some(text("(11) 98765-4321")),
        cell_phone: text("11987654321"),
        profiles: vec![profile("", "Student")],
        active: true,
        ..pb::SchoolPerson::default()
    };
    let guardians = ["responsible-external-id-1", "responsible-external-id-2"];
    let answer = |person| pb::GetPartnerAccountResponse {
        person: Some(person),
        school_external_id: text("school-external-id-123"),
        responsible_external_ids: guardians.map(text).to_vec(),
    };
    assert_eq!(
        to_value(PartnerAccount::from(answer(person.clone()))).unwrap(),
        sample::<PartnerAccount>()
    );
    for (name, first, last) in
        [("Pelé", "Pelé", ""), ("Ana  Maria da Silva", "Ana", "Maria da Silva")]
    {
        let person = pb::SchoolPerson { name: text(name), ..person.clone() };
        let told = PartnerAccount::from(answer(person));
        assert_eq!((told.first_name.as_str(), told.last_name.as_str()), (first, last));
    }
}

#[test]
fn operation_11_is_as_its_sample() {
    let person = pb::SchoolPerson {
        person_id: text("12345670-4049-4c9b-ae92-0045c35adbe3"),
        account_id: text("12345670-cb71-408f-b889-725ce3967606"),
        tenant_id: text("12345670-821a-487a-a767-e96c6cb885bb"),
        external_id: text("080820300"),
        name: text("Responsável XPTO"),
        birth_date: text("2000-01-01"),
        document: document("CPF", "1111111111"),
        email: text("teste@teste.com.br"),
        cell_phone_number: Some(String::new()),
        profiles: vec![profile("f18dc123-be48-4a74-b8b9-88403eb8d123", "Student")],
        active: true,
        ..pb::SchoolPerson::default()
    };
    assert_eq!(to_value(SchoolUser::from(person.clone())).unwrap(), sample::<SchoolUser>());
    let made_here = pb::SchoolPerson {
        cell_phone_number: None,
        ddi: text("+55"),
        active: false,
        made_here: true,
        document: None,
        ..person
    };
    let told = to_value(SchoolUser::from(made_here)).unwrap();
    assert_eq!(
        (&told["status"], &told["registration_origin"], &told["ddi"], &told["documents"]),
        (&json!("Inactive"), &json!("Lex"), &json!("+55"), &json!([]))
    );
    assert!(told.get("cell_phone_number").is_none());
}
