//! People of schools, and what they are there. The examples are the contract's samples.

use proto::identity::v1 as pb;
use serde::Serialize;
use utoipa::ToSchema;

use super::known;

/// What somebody is in a school.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SchoolProfile, example = json!({
    "id": "00000000-0000-0000-0000-000000000000",
    "code": 8,
    "name": "Admin Escola",
    "type": "SchoolAdmin",
    "description": "Administrador de Escola."
}))]
pub(in crate::dialects::schools) struct Profile {
    /// Its id, as it is printed.
    id: String,
    /// Its number.
    code: i32,
    /// Its name.
    #[schema(max_length = 64)]
    name: String,
    /// Its type.
    #[schema(max_length = 50)]
    r#type: String,
    /// What they do.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 512)]
    description: Option<String>,
}

impl From<pb::SchoolProfile> for Profile {
    fn from(profile: pb::SchoolProfile) -> Self {
        let pb::SchoolProfile { id, code, name, r#type, description } = profile;
        Self { id, code, name, r#type, description: known(description) }
    }
}

/// Somebody whom another answers for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "12345678-90ab-4def-8234-567890abcdef",
    "name": "João Silva",
    "email": "joao.silva@example.com",
    "document_type": "CPF",
    "document": "123.456.789-00",
    "schools": [
        "a1b2c3d4-e5f6-7a89-b012-3456789abcde",
        "123e4567-e89b-12d3-a456-426614174000"
    ],
    "date_of_birth": "2005-06-15T00:00:00Z"
}))]
pub(in crate::dialects::schools) struct Dependent {
    /// The account.
    id: String,
    /// Full name.
    #[schema(max_length = 150)]
    name: String,
    /// E-mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    email: Option<String>,
    /// "CPF", "RG".
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20)]
    document_type: Option<String>,
    /// As it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 50)]
    document: Option<String>,
    /// Schools in sight.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    schools: Vec<String>,
    /// A date; the time is always zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2005-06-15T00:00:00Z")]
    date_of_birth: Option<String>,
}

impl From<pb::SchoolAccount> for Dependent {
    fn from(account: pb::SchoolAccount) -> Self {
        let (document_type, document) = parts(account.document);
        Self {
            id: account.account_id,
            name: account.name,
            email: known(account.email),
            document_type,
            document,
            schools: account.school_ids,
            date_of_birth: midnight_utc(account.birth_date),
        }
    }
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SchoolAccount, example = json!({
    "id": "123e4567-e89b-12d3-a456-426614174000",
    "name": "Ana Souza",
    "document_type": "CPF",
    "document": "123.456.789-00",
    "email": "ana.souza@example.com",
    "phone": "11912345678",
    "schools": [
        "a1b2c3d4-e5f6-7a89-b012-3456789abcde",
        "98765432-1abc-456d-8ef0-123456789abc"
    ],
    "date_of_birth": "1995-05-20T00:00:00Z"
}))]
pub(in crate::dialects::schools) struct Account {
    /// The account.
    id: String,
    /// Full name.
    #[schema(max_length = 150)]
    name: String,
    /// "CPF", "RG".
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20)]
    document_type: Option<String>,
    /// As it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 50)]
    document: Option<String>,
    /// E-mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    email: Option<String>,
    /// Area code and number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 11)]
    phone: Option<String>,
    /// Schools in sight.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    schools: Vec<String>,
    /// A date; the time is always zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "1995-05-20T00:00:00Z")]
    date_of_birth: Option<String>,
}

impl From<pb::SchoolAccount> for Account {
    fn from(account: pb::SchoolAccount) -> Self {
        let (document_type, document) = parts(account.document);
        Self {
            id: account.account_id,
            name: account.name,
            document_type,
            document,
            email: known(account.email),
            phone: known(account.phone),
            schools: account.school_ids,
            date_of_birth: midnight_utc(account.birth_date),
        }
    }
}

/// An account in a school.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "account_id": "a12b3c4d-5e6f-4a8b-9c10-d1e2f3a4b5c6",
    "external_id": "user-external-id-12345",
    "first_name": "John",
    "last_name": "Doe",
    "birth_date": "1990-01-01T00:00:00",
    "school_external_id": "school-external-id-123",
    "document_type": "CPF",
    "document_value": "12345678900",
    "ddi": "+55",
    "cell_phone": "11987654321",
    "email": "john.doe@example.com",
    "academic_email": "john.doe@university.edu",
    "profiles": ["Student"],
    "responsible_external_id": ["responsible-external-id-1", "responsible-external-id-2"],
    "status": true
}))]
pub(in crate::dialects::schools) struct PartnerAccount {
    /// The account.
    account_id: String,
    /// What the school calls the person.
    #[schema(max_length = 50)]
    external_id: String,
    /// First word of the name.
    #[schema(max_length = 50)]
    first_name: String,
    /// All other words of the name.
    #[schema(max_length = 100)]
    last_name: String,
    /// A date; the time is always zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "1990-01-01T00:00:00")]
    birth_date: Option<String>,
    /// What the partner calls the school.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 50)]
    school_external_id: Option<String>,
    /// "CPF", "RG".
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20)]
    document_type: Option<String>,
    /// As it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20)]
    document_value: Option<String>,
    /// Country code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 5)]
    ddi: Option<String>,
    /// Area code and number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 11)]
    cell_phone: Option<String>,
    /// E-mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    email: Option<String>,
    /// E-mail at the school.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    academic_email: Option<String>,
    /// Types of the person's profiles.
    profiles: Vec<String>,
    /// What the school calls those who answer for the person.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    responsible_external_id: Vec<String>,
    /// Whether the person is active.
    status: bool,
}

impl From<pb::GetPartnerAccountResponse> for PartnerAccount {
    fn from(answer: pb::GetPartnerAccountResponse) -> Self {
        let person = answer.person.unwrap_or_default();
        let (document_type, document_value) = parts(person.document);
        let name = person.name.trim();
        let (first_name, last_name) = name.split_once(char::is_whitespace).unwrap_or((name, ""));
        Self {
            account_id: person.account_id,
            external_id: person.external_id,
            first_name: first_name.to_owned(),
            last_name: last_name.trim_start().to_owned(),
            birth_date: midnight(person.birth_date),
            school_external_id: known(answer.school_external_id),
            document_type,
            document_value,
            ddi: known(person.ddi),
            cell_phone: known(person.cell_phone),
            email: known(person.email),
            academic_email: known(person.academic_email),
            profiles: person.profiles.into_iter().map(|profile| profile.r#type).collect(),
            responsible_external_id: answer.responsible_external_ids,
            status: person.active,
        }
    }
}

/// People of a school.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::dialects::schools) struct SchoolUsers {
    /// By name.
    data: Vec<SchoolUser>,
}

/// A record of somebody in a school.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "12345670-4049-4c9b-ae92-0045c35adbe3",
    "name": "Responsável XPTO",
    "external_id": "080820300",
    "birth_date": "2000-01-01T00:00:00Z",
    "email": "teste@teste.com.br",
    "cell_phone_number": "",
    "tenant_id": "12345670-821a-487a-a767-e96c6cb885bb",
    "status": "Active",
    "account_id": "12345670-cb71-408f-b889-725ce3967606",
    "registration_origin": "Undefined",
    "documents": [{"type": "CPF", "value": "1111111111"}],
    "profiles": [{"id": "f18dc123-be48-4a74-b8b9-88403eb8d123", "name": "Student"}]
}))]
pub(in crate::dialects::schools) struct SchoolUser {
    /// The record.
    id: String,
    /// Full name.
    #[schema(max_length = 100)]
    name: String,
    /// What the school calls them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 50)]
    external_id: Option<String>,
    /// A date; the time is always zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2000-01-01T00:00:00Z")]
    birth_date: Option<String>,
    /// E-mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    email: Option<String>,
    /// As it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20)]
    cell_phone_number: Option<String>,
    /// The school's tenant.
    tenant_id: String,
    /// Active or Inactive.
    status: &'static str,
    /// The human's one account.
    account_id: String,
    /// Country code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 4)]
    ddi: Option<String>,
    /// Lex when made here, Undefined when imported.
    registration_origin: &'static str,
    /// Documents.
    documents: Vec<UserDocument>,
    /// What they are in the school.
    profiles: Vec<UserProfile>,
}

/// A document, as it came.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SchoolUserDocument)]
struct UserDocument {
    /// "CPF", "RG".
    #[schema(max_length = 10)]
    r#type: String,
    /// Its value.
    #[schema(max_length = 50)]
    value: String,
}

/// What somebody is in a school.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SchoolUserProfile)]
struct UserProfile {
    /// The profile's id.
    id: String,
    /// The profile's type.
    #[schema(max_length = 50)]
    name: String,
}

impl From<pb::SchoolPerson> for SchoolUser {
    fn from(person: pb::SchoolPerson) -> Self {
        let document = person
            .document
            .map(|pb::PersonDocument { r#type, value }| UserDocument { r#type, value });
        Self {
            id: person.person_id,
            name: person.name,
            external_id: known(person.external_id),
            birth_date: midnight_utc(person.birth_date),
            email: known(person.email),
            cell_phone_number: person.cell_phone_number,
            tenant_id: person.tenant_id,
            status: if person.active { "Active" } else { "Inactive" },
            account_id: person.account_id,
            ddi: known(person.ddi),
            registration_origin: if person.made_here { "Lex" } else { "Undefined" },
            documents: document.into_iter().collect(),
            profiles: person
                .profiles
                .into_iter()
                .map(|profile| UserProfile { id: profile.id, name: profile.r#type })
                .collect(),
        }
    }
}

fn parts(document: Option<pb::PersonDocument>) -> (Option<String>, Option<String>) {
    document.map(|document| (document.r#type, document.value)).unzip()
}

fn midnight(date: String) -> Option<String> {
    known(date).map(|date| format!("{date}T00:00:00"))
}

fn midnight_utc(date: String) -> Option<String> {
    known(date).map(|date| format!("{date}T00:00:00Z"))
}

#[cfg(test)]
mod tests;
