//! Companies and their e-mail domains.

use std::borrow::Cow;

use proto::company::v1::{self as company, CompanyKind, CompanyStatus};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::address::Address;
use super::{Names, Pagination, object, utc};
use crate::body::Input;
use crate::dialects::lines::documents::requiring;
use crate::fault::{Fault, invalid};

/// What the members of a company are called in the contract.
pub(crate) const NAMES: Names = Names::new(
    "company",
    &[
        ("officialName", "official_name"),
        ("tradingName", "trading_name"),
        ("cnpj", "cnpj"),
        ("phoneNumber", "phone_number"),
        ("email", "email"),
        ("billingEmail", "billing_email"),
        ("address", "address"),
    ],
);

/// What the parameters of a search are called in the contract.
pub(crate) const SEARCH_NAMES: Names = Names::new(
    "page",
    &[("searchTerm", "search_term"), ("limit", "page_size"), ("offset", "skip")],
);

/// What the members of an e-mail domain are called in the contract.
pub(crate) const DOMAIN_NAMES: Names = Names::new(
    "",
    &[("email_domain", "email_domain"), ("default_subscription_plan_id", "default_plan_id")],
);

/// A change of a company's registration data.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "officialName": "New Official Name",
    "tradingName": "New Trading Name",
    "cnpj": "97.986.734/0001-23",
    "phoneNumber": "+5541987654321",
    "email": "new@email.com",
    "billingEmail": "new.billing@email.com",
    "address": {
        "zip_code": "80010-010",
        "street_name": "Rua Marechal Deodoro",
        "street_number": 666,
        "complement": "Apartamento 101",
        "neighborhood": "Centro",
        "city": "Curitiba",
        "state": "PR"
    }
}))]
pub(crate) struct CompanyChange {
    /// Registered name.
    official_name: Option<String>,
    /// Trading name.
    trading_name: Option<String>,
    /// CNPJ, formatted or not.
    cnpj: Option<String>,
    /// Contact number.
    phone_number: Option<String>,
    /// Contact e-mail.
    email: Option<String>,
    /// Where invoices go.
    billing_email: Option<String>,
    /// Seat.
    #[serde(default, deserialize_with = "object")]
    address: Option<Address>,
}

impl Input for CompanyChange {
    const REQUIRED: &'static [&'static str] = &[];
}

impl CompanyChange {
    /// The company in the terms of the contract.
    pub(crate) fn into_company(self, id: String) -> company::Company {
        company::Company {
            id,
            kind: CompanyKind::Customer.into(),
            official_name: self.official_name.unwrap_or_default(),
            trading_name: self.trading_name,
            cnpj: self.cnpj.unwrap_or_default(),
            phone_number: self.phone_number,
            email: self.email.unwrap_or_default(),
            billing_email: self.billing_email,
            address: self.address.map(Into::into),
            ..company::Company::default()
        }
    }
}

/// A company to be registered.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct NewCompany(pub(crate) CompanyChange);

impl Input for NewCompany {
    const REQUIRED: &'static [&'static str] = &["officialName", "cnpj", "email"];
}

impl PartialSchema for NewCompany {
    fn schema() -> RefOr<Schema> {
        requiring(CompanyChange::schema(), "A company to be registered.", Self::REQUIRED)
    }
}

impl ToSchema for NewCompany {
    fn name() -> Cow<'static, str> {
        "NewCompany".into()
    }
}

/// Whether a company is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = CompanyStatus)]
enum Status {
    /// It is.
    Active,
    /// It is not.
    Inactive,
}

/// What a company is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CompanyKind)]
pub(crate) enum Kind {
    /// It has mobile lines.
    Customer,
    /// It has extensions and calls.
    VoiceAccount,
    /// It has others below it.
    Enterprise,
    /// A workspace.
    Organization,
    /// A group of schools.
    SchoolGroup,
    /// A school.
    School,
}

impl Kind {
    fn of(kind: CompanyKind) -> Self {
        match kind {
            CompanyKind::Unspecified | CompanyKind::Customer => Self::Customer,
            CompanyKind::VoiceAccount => Self::VoiceAccount,
            CompanyKind::Enterprise => Self::Enterprise,
            CompanyKind::Organization => Self::Organization,
            CompanyKind::SchoolGroup => Self::SchoolGroup,
            CompanyKind::School => Self::School,
        }
    }
}

/// The kind of company that a parameter names.
///
/// # Errors
/// [`Fault::Invalid`].
pub(crate) fn kind_named(name: &str) -> Result<CompanyKind, Fault> {
    match name {
        "customer" => Ok(CompanyKind::Customer),
        "voice_account" => Ok(CompanyKind::VoiceAccount),
        "enterprise" => Ok(CompanyKind::Enterprise),
        "organization" => Ok(CompanyKind::Organization),
        "school_group" => Ok(CompanyKind::SchoolGroup),
        "school" => Ok(CompanyKind::School),
        _ => Err(invalid("kind", "is not a kind of company")),
    }
}

/// A company.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "9df54b15-1a57-4e11-917a-5a5ddedb99ea",
    "kind": "customer",
    "officialName": "Official Name",
    "tradingName": "Trading Name",
    "cnpj": "97.986.734/0001-23",
    "phoneNumber": "+5541987654321",
    "email": "contact@email.com",
    "billingEmail": null,
    "address": null,
    "status": "active",
    "createdAt": "2022-01-01T00:00:00Z",
    "updatedAt": "2022-01-01T00:00:00Z"
}))]
pub(crate) struct Company {
    /// Its id.
    #[schema(format = Uuid)]
    id: String,
    /// What it is.
    kind: Kind,
    /// Registered name.
    official_name: String,
    /// Trading name.
    #[schema(required = true)]
    trading_name: Option<String>,
    /// CNPJ; null where another kind than a customer has none.
    #[schema(required = true)]
    cnpj: Option<String>,
    /// Contact number.
    #[schema(required = true)]
    phone_number: Option<String>,
    /// Contact e-mail; null where another kind than a customer has none.
    #[schema(required = true)]
    email: Option<String>,
    /// Where invoices go; null means to `email`.
    #[schema(required = true)]
    billing_email: Option<String>,
    /// Seat.
    #[schema(required = true)]
    address: Option<Address>,
    /// Whether it is served.
    status: Status,
    /// When it was registered.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Option<OffsetDateTime>,
    /// When it was last changed.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: Option<OffsetDateTime>,
}

impl From<company::Company> for Company {
    fn from(company: company::Company) -> Self {
        Self {
            status: match company.status() {
                CompanyStatus::Unspecified | CompanyStatus::Active => Status::Active,
                CompanyStatus::Inactive => Status::Inactive,
            },
            kind: Kind::of(company.kind()),
            id: company.id,
            official_name: company.official_name,
            trading_name: company.trading_name,
            cnpj: Some(company.cnpj).filter(|cnpj| !cnpj.is_empty()),
            phone_number: company.phone_number,
            email: Some(company.email).filter(|email| !email.is_empty()),
            billing_email: company.billing_email,
            address: company.address.map(Into::into),
            created_at: utc(company.created_at),
            updated_at: utc(company.updated_at),
        }
    }
}

/// A page of companies.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Companies {
    /// How the page lies in the list.
    pagination: Pagination,
    /// Newest first.
    companies: Vec<Company>,
}

impl From<company::ListCompaniesResponse> for Companies {
    fn from(list: company::ListCompaniesResponse) -> Self {
        Self {
            pagination: list.page.into(),
            companies: list.companies.into_iter().map(Into::into).collect(),
        }
    }
}

/// An e-mail domain for a company.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({
    "email_domain": "domain.com",
    "default_subscription_plan_id": "e885e8e1-8925-4e2a-a9e1-d6326b719209"
}))]
pub(crate) struct NewEmailDomain {
    /// The domain, without "@".
    #[serde(default)]
    #[schema(required = true)]
    pub(crate) email_domain: String,
    /// The plan of lines that its people sign up for.
    #[serde(default)]
    #[schema(required = true, format = Uuid)]
    pub(crate) default_subscription_plan_id: String,
}

impl Input for NewEmailDomain {
    const REQUIRED: &'static [&'static str] = &["email_domain", "default_subscription_plan_id"];
}

/// Names an e-mail domain.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({"email_domain": "domain.com"}))]
pub(crate) struct NamedEmailDomain {
    /// The domain, without "@".
    #[serde(default)]
    #[schema(required = true)]
    pub(crate) email_domain: String,
}

impl Input for NamedEmailDomain {
    const REQUIRED: &'static [&'static str] = &["email_domain"];
}
