//! Locations, countries, languages, meetings, addresses.

use proto::company::v1 as company;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::body::Moment;
use super::super::resource::Resource;
use super::input;

/// A place where an organization works.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Location {
    id: i64,
    name: String,
    office_open_hour: Option<i64>,
    office_close_hour: Option<i64>,
}

impl Resource for Location {
    const TYPE: &'static str = "Location";

    fn iri(&self) -> Option<String> {
        Some(format!("/locations/{}", self.id))
    }
}

impl From<company::Location> for Location {
    fn from(location: company::Location) -> Self {
        let company::Location { id, name, office_open_hour, office_close_hour } = location;
        Self { id, name, office_open_hour, office_close_hour }
    }
}

/// A place to be added or changed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct LocationInput {
    /// 1 to 255 characters.
    #[schema(example = "Matriz")]
    name: Option<String>,
    /// 0 to 24.
    #[schema(example = 8)]
    office_open_hour: Option<i64>,
    /// 0 to 24, after the opening.
    #[schema(example = 18)]
    office_close_hour: Option<i64>,
}

impl LocationInput {
    /// Members, and what they are in the contract.
    pub(in super::super) const FIELDS: &'static [(&'static str, &'static str)] = &[
        ("name", "name"),
        ("officeOpenHour", "office_open_hour"),
        ("officeCloseHour", "office_close_hour"),
    ];

    /// As it goes to the service.
    pub(in super::super) fn with_id(self, id: i64) -> company::Location {
        company::Location {
            id,
            name: self.name.unwrap_or_default(),
            office_open_hour: self.office_open_hour,
            office_close_hour: self.office_close_hour,
        }
    }
}

/// A country.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct Country {
    /// ISO 3166, alpha-2.
    #[schema(example = "BR")]
    pub(in super::super) id: String,
}

impl Resource for Country {
    const TYPE: &'static str = "Country";

    fn iri(&self) -> Option<String> {
        Some(format!("/countries/{}", self.id))
    }
}

/// A language.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct Language {
    /// BCP 47 tag.
    #[schema(example = "pt-BR")]
    pub(in super::super) id: String,
}

impl Resource for Language {
    const TYPE: &'static str = "Language";

    fn iri(&self) -> Option<String> {
        Some(format!("/languages/{}", self.id))
    }
}

/// A language to be added.
#[derive(Debug, Deserialize, ToSchema)]
pub(in super::super) struct LanguageInput {
    /// BCP 47 tag, up to 35 characters.
    #[schema(example = "es-419")]
    pub(in super::super) id: Option<String>,
}

/// A meeting.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Meeting {
    id: i64,
    employee: Option<String>,
    date_from: Option<String>,
    date_to: Option<String>,
    notes: Option<String>,
    time: Option<String>,
}

impl Resource for Meeting {
    const TYPE: &'static str = "Meeting";

    fn iri(&self) -> Option<String> {
        Some(format!("/meetings/{}", self.id))
    }
}

impl From<company::Meeting> for Meeting {
    fn from(meeting: company::Meeting) -> Self {
        Self {
            id: meeting.id,
            employee: meeting.employee_id.map(|id| format!("/employees/{id}")),
            date_from: Moment::shown(meeting.date_from.as_ref()),
            date_to: Moment::shown(meeting.date_to.as_ref()),
            notes: meeting.notes,
            time: Moment::shown(meeting.time.as_ref()),
        }
    }
}

/// A meeting to be added or changed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct MeetingInput {
    /// Path of an employee of the organization; null for nobody in particular.
    #[schema(example = "/employees/0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9d")]
    pub(in super::super) employee: Option<String>,
    #[schema(example = "2026-11-22T10:00:00-03:00")]
    date_from: Option<Moment>,
    #[schema(example = "2026-11-22T11:00:00-03:00")]
    date_to: Option<Moment>,
    /// Up to 5,000 characters.
    notes: Option<String>,
    /// Within the two.
    #[schema(example = "2026-11-22T10:30:00-03:00")]
    time: Option<Moment>,
}

impl MeetingInput {
    /// Members, and what they are in the contract.
    pub(in super::super) const FIELDS: &'static [(&'static str, &'static str)] = &[
        ("employee", "employee_id"),
        ("dateFrom", "date_from"),
        ("dateTo", "date_to"),
        ("notes", "notes"),
        ("time", "time"),
    ];

    /// As it goes to the service.
    pub(in super::super) fn with_id(
        self,
        id: i64,
        employee_id: Option<String>,
    ) -> company::Meeting {
        company::Meeting {
            id,
            employee_id,
            date_from: self.date_from.map(Into::into),
            date_to: self.date_to.map(Into::into),
            notes: self.notes,
            time: self.time.map(Into::into),
        }
    }
}

/// A postal address of an organization.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct OrganizationAddress {
    id: String,
    street: String,
    number: String,
    complement: Option<String>,
    neighborhood: Option<String>,
    city: String,
    state: String,
    postal_code: String,
    #[schema(example = "/countries/BR")]
    country: String,
}

impl Resource for OrganizationAddress {
    const TYPE: &'static str = "OrganizationAddress";

    fn iri(&self) -> Option<String> {
        Some(format!("/organization-addresses/{}", self.id))
    }
}

impl From<company::OrganizationAddress> for OrganizationAddress {
    fn from(address: company::OrganizationAddress) -> Self {
        Self {
            id: address.id,
            street: address.street,
            number: address.number,
            complement: address.complement,
            neighborhood: address.neighborhood,
            city: address.city,
            state: address.state,
            postal_code: address.postal_code,
            country: format!("/countries/{}", address.country),
        }
    }
}

/// An address to be added or changed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct OrganizationAddressInput {
    #[schema(example = "Rua Marechal Deodoro")]
    street: Option<String>,
    #[schema(example = "630")]
    number: Option<String>,
    complement: Option<String>,
    #[schema(example = "Centro")]
    neighborhood: Option<String>,
    #[schema(example = "Curitiba")]
    city: Option<String>,
    #[schema(example = "PR")]
    state: Option<String>,
    #[schema(example = "80010-010")]
    postal_code: Option<String>,
    /// Path of a country.
    #[schema(example = "/countries/BR")]
    pub(in super::super) country: Option<String>,
}

impl OrganizationAddressInput {
    /// Members, and what they are in the contract.
    pub(in super::super) const FIELDS: &'static [(&'static str, &'static str)] = &[
        ("street", "street"),
        ("number", "number"),
        ("complement", "complement"),
        ("neighborhood", "neighborhood"),
        ("city", "city"),
        ("state", "state"),
        ("postalCode", "postal_code"),
        ("country", "country"),
    ];

    /// As it goes to the service.
    pub(in super::super) fn with(
        self,
        id: String,
        organization_id: String,
        country: String,
    ) -> company::OrganizationAddress {
        company::OrganizationAddress {
            id,
            organization_id,
            street: self.street.unwrap_or_default(),
            number: self.number.unwrap_or_default(),
            complement: self.complement,
            neighborhood: self.neighborhood,
            city: self.city.unwrap_or_default(),
            state: self.state.unwrap_or_default(),
            postal_code: self.postal_code.unwrap_or_default(),
            country,
            created_at: None,
            updated_at: None,
        }
    }
}

input!(LocationInput, LanguageInput, MeetingInput, OrganizationAddressInput);
