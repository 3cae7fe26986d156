//! Employees.

use proto::company::v1::{self as company, EmployeeStatus};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::address::CamelAddress;
use super::{Names, moment, object, utc};
use crate::body::Input;
use crate::fault::Checks;

/// What the members of an employee are called in the contract.
pub(crate) const NAMES: Names = Names::new(
    "employee",
    &[
        ("fullName", "full_name"),
        ("socialName", "social_name"),
        ("status", "status"),
        ("workEmail", "work_email"),
        ("personalEmail", "personal_email"),
        ("workPhoneNumber", "work_phone_number"),
        ("personalPhoneNumber", "personal_phone_number"),
        ("cpf", "cpf"),
        ("position", "position"),
        ("area", "area"),
        ("birthDate", "birth_date"),
        ("companyId", "company_id"),
        ("userId", "user_id"),
        ("admittedAt", "admitted_at"),
        ("terminatedAt", "terminated_at"),
        ("address", "address"),
        ("address.zipCode", "address.zip_code"),
        ("address.streetName", "address.street_name"),
        ("address.streetNumber", "address.street_number"),
    ],
);

/// Employment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = EmployeeStatus)]
enum Status {
    /// Works for the company.
    #[default]
    Active,
    /// Left it.
    Terminated,
}

/// An employee's data.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "fullName": "Test McTest",
    "socialName": "The Scatman",
    "status": "active",
    "workEmail": "work.email@email.com",
    "personalEmail": "personal.email@email.com",
    "workPhoneNumber": "+5541987654321",
    "personalPhoneNumber": "+5541912345678",
    "cpf": "123.456.789-09",
    "position": "CEO",
    "area": "Marketing",
    "birthDate": "1990-01-01",
    "companyId": "4489fccb-4c3e-4cd6-90c0-6aae84e71edc",
    "userId": "4489fccb-4c3e-4cd6-90c0-6aae84e71edc",
    "admittedAt": "2020-01-01T00:00:00Z",
    "terminatedAt": null,
    "address": {
        "zipCode": "80000-000",
        "streetName": "Rua da rua",
        "streetNumber": "123",
        "complement": "Apto apartamento",
        "neighborhood": "Bairro do bairro",
        "city": "Cidade da cidade",
        "state": "PR"
    }
}))]
pub(crate) struct EmployeeData {
    /// Name.
    #[serde(default)]
    #[schema(required = true)]
    full_name: String,
    /// Name the person goes by.
    social_name: Option<String>,
    /// Employment.
    #[serde(default)]
    #[schema(required = true)]
    status: Status,
    /// Used at work.
    work_email: Option<String>,
    /// Used in private.
    personal_email: Option<String>,
    /// Used at work.
    work_phone_number: Option<String>,
    /// Used in private.
    personal_phone_number: Option<String>,
    /// CPF, formatted or not.
    cpf: Option<String>,
    /// Position in the company.
    position: Option<String>,
    /// Area of the company.
    area: Option<String>,
    /// Date of birth, ISO 8601.
    #[schema(format = Date)]
    birth_date: Option<String>,
    /// The employer.
    #[serde(default)]
    #[schema(required = true, format = Uuid)]
    company_id: String,
    /// The person's user.
    #[schema(format = Uuid)]
    user_id: Option<String>,
    /// When the employment began.
    #[schema(format = DateTime)]
    admitted_at: Option<String>,
    /// When it ended.
    #[schema(format = DateTime)]
    terminated_at: Option<String>,
    /// Home.
    #[serde(default, deserialize_with = "object")]
    address: Option<CamelAddress>,
}

impl Input for EmployeeData {
    const REQUIRED: &'static [&'static str] = &["fullName", "status", "companyId"];
}

impl EmployeeData {
    /// The employee in the terms of the contract.
    pub(crate) fn into_employee(self, id: String, checks: &mut Checks) -> company::Employee {
        let status = match self.status {
            Status::Active => EmployeeStatus::Active,
            Status::Terminated => EmployeeStatus::Terminated,
        };
        company::Employee {
            id,
            full_name: self.full_name,
            social_name: self.social_name,
            status: status.into(),
            work_email: self.work_email,
            personal_email: self.personal_email,
            work_phone_number: self.work_phone_number,
            personal_phone_number: self.personal_phone_number,
            cpf: self.cpf,
            position: self.position,
            area: self.area,
            birth_date: self.birth_date,
            company_id: self.company_id,
            user_id: self.user_id,
            admitted_at: moment(checks, "admittedAt", self.admitted_at.as_deref()),
            terminated_at: moment(checks, "terminatedAt", self.terminated_at.as_deref()),
            address: self.address.map(Into::into),
            created_at: None,
            updated_at: None,
        }
    }
}

/// An employee.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "53af5437-dd2b-4efb-84c2-d16c6fffd376",
    "fullName": "Test McTest",
    "socialName": "The Scatman",
    "status": "active",
    "workEmail": "work.email@email.com",
    "personalEmail": "personal.email@email.com",
    "workPhoneNumber": "+5541987654321",
    "personalPhoneNumber": "+5541912345678",
    "cpf": "123.456.789-09",
    "position": "CEO",
    "area": "Marketing",
    "birthDate": "1990-01-01",
    "companyId": "4489fccb-4c3e-4cd6-90c0-6aae84e71edc",
    "userId": "4489fccb-4c3e-4cd6-90c0-6aae84e71edc",
    "admittedAt": "2020-01-01T00:00:00Z",
    "terminatedAt": null,
    "address": {
        "zipCode": "80000-000",
        "streetName": "Rua da rua",
        "streetNumber": "123",
        "complement": "Apto apartamento",
        "neighborhood": "Bairro do bairro",
        "city": "Cidade da cidade",
        "state": "PR"
    }
}))]
pub(crate) struct Employee {
    /// Its id.
    #[schema(format = Uuid)]
    id: String,
    /// Name.
    full_name: String,
    /// Name the person goes by.
    #[schema(required = true)]
    social_name: Option<String>,
    /// Employment.
    status: Status,
    /// Used at work.
    #[schema(required = true)]
    work_email: Option<String>,
    /// Used in private.
    #[schema(required = true)]
    personal_email: Option<String>,
    /// Used at work.
    #[schema(required = true)]
    work_phone_number: Option<String>,
    /// Used in private.
    #[schema(required = true)]
    personal_phone_number: Option<String>,
    /// CPF.
    #[schema(required = true)]
    cpf: Option<String>,
    /// Position in the company.
    #[schema(required = true)]
    position: Option<String>,
    /// Area of the company.
    #[schema(required = true)]
    area: Option<String>,
    /// Date of birth, ISO 8601.
    #[schema(required = true)]
    birth_date: Option<String>,
    /// The employer.
    #[schema(format = Uuid)]
    company_id: String,
    /// The person's user.
    #[schema(required = true)]
    user_id: Option<String>,
    /// When the employment began.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required = true)]
    admitted_at: Option<OffsetDateTime>,
    /// When it ended.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required = true)]
    terminated_at: Option<OffsetDateTime>,
    /// Home.
    #[schema(required = true)]
    address: Option<CamelAddress>,
}

impl From<company::Employee> for Employee {
    fn from(employee: company::Employee) -> Self {
        Self {
            status: match employee.status() {
                EmployeeStatus::Unspecified | EmployeeStatus::Active => Status::Active,
                EmployeeStatus::Terminated => Status::Terminated,
            },
            id: employee.id,
            full_name: employee.full_name,
            social_name: employee.social_name,
            work_email: employee.work_email,
            personal_email: employee.personal_email,
            work_phone_number: employee.work_phone_number,
            personal_phone_number: employee.personal_phone_number,
            cpf: employee.cpf,
            position: employee.position,
            area: employee.area,
            birth_date: employee.birth_date,
            company_id: employee.company_id,
            user_id: employee.user_id,
            admitted_at: utc(employee.admitted_at),
            terminated_at: utc(employee.terminated_at),
            address: employee.address.map(Into::into),
        }
    }
}

/// A company's employees.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Employees {
    /// Oldest registration first.
    employees: Vec<Employee>,
}

impl From<Vec<company::Employee>> for Employees {
    fn from(employees: Vec<company::Employee>) -> Self {
        Self { employees: employees.into_iter().map(Into::into).collect() }
    }
}
