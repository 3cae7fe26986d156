//! Tenants, schools, and what schools are made of.

use proto::company::v1 as pb;
use serde::Serialize;
use utoipa::ToSchema;

use super::known;

/// An economic group of schools.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "a73c9c34-890f-4d1a-bcfa-67c9e2035e22", "name": "XPTO", "brand": "BRAND"
}))]
pub(in crate::dialects::schools) struct Tenant {
    /// Its id.
    id: String,
    /// Its name.
    #[schema(max_length = 100)]
    name: String,
    /// Its brand.
    #[schema(max_length = 100)]
    brand: String,
}

impl From<pb::Tenant> for Tenant {
    fn from(pb::Tenant { tenant_id, name, brand }: pb::Tenant) -> Self {
        Self { id: tenant_id, name, brand }
    }
}

/// A school.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "d271c9d2-41e3-4a9e-9f36-5a2d6f10e5c3",
    "external_id": "SCHOOL001",
    "tenant_id": "a73c9c34-890f-4d1a-bcfa-67c9e2035e22",
    "trade_name": "Escola Exemplo",
    "company_name": "Escola Exemplo LTDA",
    "document": {"document_type": "CNPJ", "document_value": "12.345.678/0001-99"},
    "addresses": [{
        "street": "Rua Principal", "number": "123", "neighborhood": "Centro",
        "city": "Cidade Exemplo", "state": "EX", "postal_code": "12345-678"
    }]
}))]
pub(in crate::dialects::schools) struct School {
    /// Its id.
    id: String,
    /// What the caller's integration calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 50)]
    external_id: Option<String>,
    /// Its tenant.
    tenant_id: String,
    /// Trading name.
    #[schema(max_length = 50)]
    trade_name: String,
    /// Legal name.
    #[schema(max_length = 50)]
    company_name: String,
    /// Its document.
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<Document>,
    /// Its addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    addresses: Vec<Address>,
}

/// A school's document, as it came.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SchoolDocument)]
struct Document {
    /// "CNPJ".
    #[schema(max_length = 20)]
    document_type: String,
    /// Its value.
    #[schema(max_length = 50)]
    document_value: String,
}

/// A school's address.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SchoolAddress)]
struct Address {
    /// Street.
    #[schema(max_length = 100)]
    street: String,
    /// Number.
    #[schema(max_length = 10)]
    number: String,
    /// Neighborhood.
    #[schema(max_length = 50)]
    neighborhood: String,
    /// City.
    #[schema(max_length = 50)]
    city: String,
    /// State.
    #[schema(max_length = 50)]
    state: String,
    /// CEP.
    #[schema(max_length = 10)]
    postal_code: String,
}

impl From<pb::School> for School {
    fn from(school: pb::School) -> Self {
        Self {
            id: school.school_id,
            external_id: known(school.external_id),
            tenant_id: school.tenant_id,
            trade_name: school.trade_name,
            company_name: school.company_name,
            document: school.document.map(|document| Document {
                document_type: document.document_type,
                document_value: document.document_value,
            }),
            addresses: school.addresses.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<pb::SchoolAddress> for Address {
    fn from(address: pb::SchoolAddress) -> Self {
        let pb::SchoolAddress { street, number, neighborhood, city, state, postal_code } = address;
        Self { street, number, neighborhood, city, state, postal_code }
    }
}

/// A shift or a stage.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SchoolTerm, example = json!({"name": "Manhã", "description": "Matutino"}))]
pub(in crate::dialects::schools) struct Term {
    /// Its name.
    #[schema(max_length = 80)]
    name: String,
    /// What it means.
    #[schema(max_length = 200)]
    description: String,
}

impl From<pb::SchoolTerm> for Term {
    fn from(pb::SchoolTerm { name, description }: pb::SchoolTerm) -> Self {
        Self { name, description }
    }
}

/// Schools as partners list them.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::dialects::schools) struct PartnerSchools {
    /// By name.
    data: Vec<PartnerSchool>,
}

/// A school as partners list it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "school_id": "d271c9d2-41e3-4a9e-9f36-5a2d6f10e5c3",
    "fantasy_name": "COLEGIO 123",
    "external_id": "ABC123",
    "tenant_id": "a73c9c34-890f-4d1a-bcfa-67c9e2035e22",
    "company_name": "TENANT 123",
    "cnpj": "11.111.111/1111-11"
}))]
pub(in crate::dialects::schools) struct PartnerSchool {
    /// Its id.
    school_id: String,
    /// Trading name.
    #[schema(max_length = 64)]
    fantasy_name: String,
    /// What the integration calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 50)]
    external_id: Option<String>,
    /// Its tenant.
    tenant_id: String,
    /// The tenant's name.
    #[schema(max_length = 100)]
    company_name: String,
    /// Its CNPJ, as it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 18)]
    cnpj: Option<String>,
}

impl From<pb::School> for PartnerSchool {
    fn from(school: pb::School) -> Self {
        let cnpj = school
            .document
            .filter(|document| document.document_type.eq_ignore_ascii_case("cnpj"))
            .map(|document| document.document_value);
        Self {
            school_id: school.school_id,
            fantasy_name: school.trade_name,
            external_id: known(school.external_id),
            tenant_id: school.tenant_id,
            company_name: school.tenant_name,
            cnpj,
        }
    }
}

/// Classes of a school.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::dialects::schools) struct Classes {
    /// By name.
    data: Vec<Class>,
}

/// A class.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SchoolClass, example = json!({
    "external_id": "12345670-cc80-4302-a4c3-5fb7b1817f04",
    "educational_stage": "ENSINO FUNDAMENTAL II",
    "grade": "FUNDAMENTAL 02 - 8º ANO",
    "name": "Turma XPTO",
    "class_id": "12345670-9704-4883-b810-44eb3c425703",
    "status": "Open",
    "shift": "Integral"
}))]
pub(in crate::dialects::schools) struct Class {
    /// What the school calls it.
    #[schema(max_length = 50)]
    external_id: String,
    /// The level.
    #[schema(max_length = 200)]
    educational_stage: String,
    /// What its stage means.
    #[schema(max_length = 200)]
    grade: String,
    /// Its name.
    #[schema(max_length = 100)]
    name: String,
    /// Its id.
    class_id: String,
    /// Open or Closed.
    status: &'static str,
    /// Its shift.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 80)]
    shift: Option<String>,
}

impl From<pb::SchoolClass> for Class {
    fn from(class: pb::SchoolClass) -> Self {
        Self {
            external_id: class.external_id,
            educational_stage: class.educational_stage,
            grade: class.grade,
            name: class.name,
            class_id: class.class_id,
            status: if class.open { "Open" } else { "Closed" },
            shift: class.shift,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{json, to_value};

    use super::*;

    const NIL: &str = "00000000-0000-0000-0000-000000000000";

    fn text(text: &str) -> String {
        text.to_owned()
    }

    #[test]
    fn operation_1_is_as_its_sample() {
        let tenant = pb::Tenant { tenant_id: text(NIL), name: text("XPTO"), brand: text("BRAND") };
        let sample = json!({"id": NIL, "name": "XPTO", "brand": "BRAND"});
        assert_eq!(to_value(Tenant::from(tenant)).unwrap(), sample);
    }

    #[test]
    fn operation_2_is_as_its_sample() {
        let school = pb::School {
            school_id: text("d271c9d2-41e3-4a9e-9f36-5a2d6f10e5c3"),
            external_id: text("SCHOOL001"),
            tenant_id: text("a73c9c34-890f-4d1a-bcfa-67c9e2035e22"),
            tenant_name: text("of no interest here"),
            trade_name: text("Escola Exemplo"),
            company_name: text("Escola Exemplo LTDA"),
            document: Some(pb::SchoolDocument {
                document_type: text("CNPJ"),
                document_value: text("12.345.678/0001-99"),
            }),
            addresses: vec![pb::SchoolAddress {
                street: text("Rua Principal"),
                number: text("123"),
                neighborhood: text("Centro"),
                city: text("Cidade Exemplo"),
                state: text("EX"),
                postal_code: text("12345-678"),
            }],
        };
        let sample = json!({
            "id": "d271c9d2-41e3-4a9e-9f36-5a2d6f10e5c3",
            "external_id": "SCHOOL001",
            "tenant_id": "a73c9c34-890f-4d1a-bcfa-67c9e2035e22",
            "trade_name": "Escola Exemplo",
            "company_name": "Escola Exemplo LTDA",
            "document": {"document_type": "CNPJ", "document_value": "12.345.678/0001-99"},
            "addresses": [{
                "street": "Rua Principal",
                "number": "123",
                "neighborhood": "Centro",
                "city": "Cidade Exemplo",
                "state": "EX",
                "postal_code": "12345-678"
            }]
        });
        assert_eq!(to_value(School::from(school.clone())).unwrap(), sample);
        let bare = pb::School { document: None, addresses: vec![], ..school };
        let bare = to_value(School::from(pb::School { external_id: text(""), ..bare })).unwrap();
        let names: Vec<_> = bare.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, ["company_name", "id", "tenant_id", "trade_name"]);
    }

    #[test]
    fn operations_7_and_8_are_as_their_samples() {
        for (name, description) in [
            ("Manhã", "Matutino"),
            ("Noite", "Noturno"),
            ("EI5", "EDUCAÇÃO INFANTIL 05 ANOS"),
            ("EF6", "FUNDAMENTAL 02 - 6º ANO"),
        ] {
            let term = pb::SchoolTerm { name: text(name), description: text(description) };
            let sample = json!({"name": name, "description": description});
            assert_eq!(to_value(Term::from(term)).unwrap(), sample);
        }
    }

    #[test]
    fn operation_9_is_as_its_sample() {
        let document = |kind: &str| pb::SchoolDocument {
            document_type: text(kind),
            document_value: text("11.111.111/1111-11"),
        };
        let school = pb::School {
            school_id: text(NIL),
            external_id: text("ABC123"),
            tenant_id: text(NIL),
            tenant_name: text("TENANT 123"),
            trade_name: text("COLEGIO 123"),
            company_name: text("of no interest here"),
            document: Some(document("CNPJ")),
            addresses: vec![],
        };
        let mut sample = json!({
            "school_id": NIL,
            "fantasy_name": "COLEGIO 123",
            "external_id": "ABC123",
            "tenant_id": NIL,
            "company_name": "TENANT 123",
            "cnpj": "11.111.111/1111-11"
        });
        assert_eq!(to_value(PartnerSchool::from(school.clone())).unwrap(), sample);
        sample.as_object_mut().unwrap().remove("cnpj");
        for document in [None, Some(document("CEI"))] {
            let without = pb::School { document, ..school.clone() };
            assert_eq!(to_value(PartnerSchool::from(without)).unwrap(), sample);
        }
    }

    #[test]
    fn operation_10_is_as_its_sample() {
        let class = |open, shift: Option<&str>| pb::SchoolClass {
            class_id: text("12345670-9704-4883-b810-44eb3c425703"),
            external_id: text("12345670-cc80-4302-a4c3-5fb7b1817f04"),
            name: text("Turma XPTO"),
            educational_stage: text("ENSINO FUNDAMENTAL II"),
            grade: text("FUNDAMENTAL 02 - 8º ANO"),
            open,
            shift: shift.map(text),
        };
        let mut sample = json!({
            "external_id": "12345670-cc80-4302-a4c3-5fb7b1817f04",
            "educational_stage": "ENSINO FUNDAMENTAL II",
            "grade": "FUNDAMENTAL 02 - 8º ANO",
            "name": "Turma XPTO",
            "class_id": "12345670-9704-4883-b810-44eb3c425703",
            "status": "Open",
            "shift": "Integral"
        });
        let open = class(true, Some("Integral"));
        assert_eq!(to_value(Class::from(open)).unwrap(), sample);
        sample["status"] = "Closed".into();
        sample.as_object_mut().unwrap().remove("shift");
        assert_eq!(to_value(Class::from(class(false, None))).unwrap(), sample);
    }
}
