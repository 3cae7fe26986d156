use chassis::refusal::Refusal;

use super::*;
use crate::schools::testing;

/// The fields that a school of these values would be refused for.
fn wrong(adjust: impl FnOnce(&mut pb::SchoolInput)) -> Vec<String> {
    let mut given = testing::school("s1", "t1");
    adjust(&mut given);
    let mut fields = Fields::new();
    let parsed = school(&mut fields, "school.", &given);
    let Err(status) = fields.check() else {
        assert!(parsed.is_some());
        return vec![];
    };
    Refusal::of(&status).violations.into_iter().map(|broken| broken.field).collect()
}

#[test]
fn a_school_has_the_limits_of_what_shows_it() {
    assert_eq!(wrong(|_| ()), Vec::<String>::new());
    assert_eq!(wrong(|school| school.trade_name = "x".repeat(50)), Vec::<String>::new());
    assert_eq!(wrong(|school| school.trade_name = "x".repeat(51)), ["school.trade_name"]);
    assert_eq!(wrong(|school| school.company_name.clear()), ["school.company_name"]);
    let too_long = |school: &mut pb::SchoolInput| {
        let document = school.document.as_mut().unwrap();
        document.document_value = "1".repeat(19);
    };
    assert_eq!(wrong(too_long), ["school.document.document_value"]);
    let no_city = |school: &mut pb::SchoolInput| school.addresses[0].city.clear();
    assert_eq!(wrong(no_city), ["school.addresses[0].city"]);
    let many = |school: &mut pb::SchoolInput| {
        school.addresses = vec![school.addresses[0].clone(); 11];
    };
    assert_eq!(wrong(many), ["school.addresses"]);
}

#[test]
fn all_that_is_wrong_is_named() {
    let mut fields = Fields::new();
    assert_eq!(class(&mut fields, "class.", &pb::SchoolClassInput::default()), None);
    assert_eq!(integration(&mut fields, "", &pb::SchoolIntegrationInput::default()), None);
    let given = pb::SchoolTermInput { name: "x".repeat(81), ..Default::default() };
    assert_eq!(term(&mut fields, "shift.", TermKind::Shift, &given), None);
    let refusal = Refusal::of(&fields.into_status());
    let named: Vec<_> = refusal.violations.iter().map(|broken| broken.field.as_str()).collect();
    let expected = [
        "class.school_reference",
        "class.external_id",
        "class.name",
        "class.educational_stage",
        "class.stage_name",
        "client_id",
        "school_reference",
        "external_integration_id",
        "school_external_id",
        "shift.school_reference",
        "shift.name",
        "shift.description",
    ];
    assert_eq!(named, expected);
}

/// Asserts that a field takes `max` characters and not one more.
fn holds<T: Clone>(
    given: &T,
    read: impl Fn(&mut Fields, &T),
    field: &str,
    max: usize,
    set: impl Fn(&mut T, String),
) {
    let faults = |length: usize| {
        let (mut given, mut fields) = (given.clone(), Fields::new());
        set(&mut given, "é".repeat(length));
        read(&mut fields, &given);
        let Err(status) = fields.check() else { return vec![] };
        let violations = Refusal::of(&status).violations.into_iter();
        violations.map(|broken| (broken.field, broken.message)).collect()
    };
    assert_eq!(faults(max), [], "{field}");
    let told = format!("has more than {max} characters");
    assert_eq!(faults(max + 1), [(field.to_owned(), told)]);
}

#[test]
fn every_value_of_a_tenant_or_a_school_has_its_limit() {
    let given = testing::tenant("t1");
    let read = |fields: &mut Fields, given: &pb::TenantInput| drop(tenant(fields, "", given));
    holds(&given, read, "reference", 50, |tenant, text| tenant.reference = text);
    holds(&given, read, "name", 100, |tenant, text| tenant.name = text);
    holds(&given, read, "brand", 100, |tenant, text| tenant.brand = text);

    let given = testing::school("s1", "t1");
    let read = |fields: &mut Fields, given: &pb::SchoolInput| drop(school(fields, "", given));
    holds(&given, read, "reference", 50, |school, text| school.reference = text);
    holds(&given, read, "tenant_reference", 50, |school, text| school.tenant_reference = text);
    // 64 where partners list it.
    holds(&given, read, "trade_name", 50, |school, text| school.trade_name = text);
    holds(&given, read, "company_name", 50, |school, text| school.company_name = text);
    fn document(school: &mut pb::SchoolInput) -> &mut pb::SchoolDocument {
        school.document.as_mut().unwrap()
    }
    holds(&given, read, "document.document_type", 20, |school, text| {
        document(school).document_type = text;
    });
    // 50 where the school is read, 18 where partners list it.
    holds(&given, read, "document.document_value", 18, |school, text| {
        document(school).document_value = text;
    });
    type Set = fn(&mut pb::SchoolAddress, String);
    let parts: [(&str, usize, Set); 6] = [
        ("street", 100, |address, text| address.street = text),
        ("number", 10, |address, text| address.number = text),
        ("neighborhood", 50, |address, text| address.neighborhood = text),
        ("city", 50, |address, text| address.city = text),
        ("state", 50, |address, text| address.state = text),
        ("postal_code", 10, |address, text| address.postal_code = text),
    ];
    for (name, max, set) in parts {
        let field = format!("addresses[0].{name}");
        holds(&given, read, &field, max, |school, text| set(&mut school.addresses[0], text));
    }
}

#[test]
fn every_value_of_what_a_school_has_has_its_limit() {
    let given = testing::integration("c1", "s1", "ONE");
    let read = |fields: &mut Fields, given: &pb::SchoolIntegrationInput| {
        drop(integration(fields, "", given));
    };
    holds(&given, read, "client_id", 50, |given, text| given.client_id = text);
    holds(&given, read, "school_reference", 50, |given, text| given.school_reference = text);
    holds(&given, read, "external_integration_id", 50, |given, text| {
        given.external_integration_id = text;
    });
    holds(&given, read, "school_external_id", 50, |given, text| given.school_external_id = text);

    let given = testing::term("s1", "EI5", "x");
    for kind in [TermKind::Shift, TermKind::Stage] {
        let read = |fields: &mut Fields, given: &pb::SchoolTermInput| {
            drop(term(fields, "", kind, given));
        };
        holds(&given, read, "school_reference", 50, |given, text| given.school_reference = text);
        holds(&given, read, "name", 80, |given, text| given.name = text);
        holds(&given, read, "description", 200, |given, text| given.description = text);
    }

    let given = testing::class("s1", "c1", Some("Manhã"));
    let read = |fields: &mut Fields, given: &pb::SchoolClassInput| drop(class(fields, "", given));
    holds(&given, read, "school_reference", 50, |given, text| given.school_reference = text);
    holds(&given, read, "external_id", 50, |given, text| given.external_id = text);
    holds(&given, read, "name", 100, |given, text| given.name = text);
    holds(&given, read, "educational_stage", 200, |given, text| given.educational_stage = text);
    holds(&given, read, "stage_name", 80, |given, text| given.stage_name = text);
    holds(&given, read, "shift_name", 80, |given, text| given.shift_name = Some(text));
}
