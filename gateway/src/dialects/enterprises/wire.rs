//! What this dialect answers, to the letter.

use std::collections::BTreeMap;

use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use prost_types::Timestamp;
use proto::company::v1::{self as company, EnterpriseInclude};
use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use utoipa::ToSchema;

use super::question::{Names, Selection};

const MILLISECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// A JSON answer that says its encoding.
#[derive(Debug)]
pub(super) struct Json<T>(pub(super) T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        let mut response = axum::Json(self.0).into_response();
        let kind = HeaderValue::from_static("application/json; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, kind);
        response
    }
}

/// One of something.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct One<T> {
    /// It.
    pub(super) data: T,
}

/// An enterprise.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Enterprise {
    /// 15 digits and letters.
    #[schema(example = "0Ab3dE6gH9jKmN2")]
    id: String,
    /// Always "enterprises".
    #[schema(example = "enterprises")]
    r#type: &'static str,
    /// All of them, or those asked for.
    attributes: Attributes,
    /// Its country if it has one, and what was asked to be included.
    relationships: Relationships,
}

/// Left out unless it was asked for, and null where there is none.
type Shown = Option<Option<String>>;

/// What is known of an enterprise. What there is none of is null.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = EnterpriseAttributes)]
pub(super) struct Attributes {
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "Example Company")]
    name: Shown,
    /// CNPJ, as it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "12345678901234")]
    cnpj: Shown,
    /// Name of an IANA time zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "America/New_York")]
    timezone: Shown,
    /// Free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    phone1: Shown,
    /// Free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    phone2: Shown,
    /// Free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    email: Shown,
    /// Free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    contact_name: Shown,
    /// Free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    webpage: Shown,
    /// Free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    assistance_emergency_tel: Shown,
    /// Free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    theft_emergency_tel: Shown,
    /// Free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    fantasy_name: Shown,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    created_at: Shown,
    /// When it was last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    updated_at: Shown,
    /// When it stopped being served.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    deactivated_at: Shown,
}

/// Something that an enterprise has to do with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EnterpriseRelation)]
pub(super) struct Related {
    /// What it is.
    #[schema(example = "country")]
    r#type: &'static str,
    /// 15 digits and letters.
    #[schema(example = "c8a098d7b6932c2")]
    id: String,
    /// What is known of it, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, required = false)]
    attributes: Option<BTreeMap<&'static str, Value>>,
}

/// What an enterprise has to do with.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = EnterpriseRelationships)]
pub(super) struct Relationships {
    /// Its country.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    country: Option<Related>,
    /// Its parent, if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    enterprise: Option<Related>,
    /// Its devices, oldest first, if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, max_items = 100)]
    device: Option<Vec<Related>>,
    /// Its addresses, if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    addresses: Option<Vec<Related>>,
    /// Its newest document, if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    document: Option<Related>,
}

impl Enterprise {
    /// Those parts of an enterprise that were asked for.
    pub(super) fn of(enterprise: company::Enterprise, selection: &Selection) -> Self {
        let values = enterprise.values.clone().unwrap_or_default();
        let country_id = values.country_id.clone();
        Self {
            attributes: Attributes::of(values, &enterprise, &selection.attributes),
            relationships: Relationships {
                country: country_id.map(|id| Related { r#type: "country", id, attributes: None }),
                ..Relationships::default()
            }
            .with(&enterprise, selection),
            id: enterprise.id,
            r#type: "enterprises",
        }
    }
}

impl Attributes {
    fn of(
        values: company::EnterpriseValues,
        enterprise: &company::Enterprise,
        wanted: &Names,
    ) -> Self {
        let shown = |name, text: Option<String>| wanted.contain(name).then_some(text);
        let time = |name, moment: &Option<Timestamp>| shown(name, moment.as_ref().map(written));
        Self {
            name: shown("name", Some(values.name)),
            cnpj: shown("cnpj", Some(values.cnpj)),
            timezone: shown("timezone", values.timezone),
            phone1: shown("phone1", values.phone1),
            phone2: shown("phone2", values.phone2),
            email: shown("email", values.email),
            contact_name: shown("contact_name", values.contact_name),
            webpage: shown("webpage", values.webpage),
            assistance_emergency_tel: shown(
                "assistance_emergency_tel",
                values.assistance_emergency_tel,
            ),
            theft_emergency_tel: shown("theft_emergency_tel", values.theft_emergency_tel),
            fantasy_name: shown("fantasy_name", values.fantasy_name),
            created_at: time("created_at", &enterprise.created_at),
            updated_at: time("updated_at", &enterprise.updated_at),
            deactivated_at: time("deactivated_at", &enterprise.deactivated_at),
        }
    }
}

impl Relationships {
    /// Adds what was asked to be included.
    fn with(self, enterprise: &company::Enterprise, selection: &Selection) -> Self {
        let of = |include| selection.of_relation(include);
        let country = of(EnterpriseInclude::Country).zip(enterprise.country.as_ref());
        let country = country.map(|(names, country)| {
            let known = [("code", text(&country.code)), ("name", text(&country.name))];
            related("country", &country.id, names, known)
        });
        let parent = of(EnterpriseInclude::Parent).zip(enterprise.parent.as_ref());
        let parent = parent.map(|(names, parent)| {
            let known = [("name", text(&parent.name)), ("cnpj", text(&parent.cnpj))];
            related("enterprise", &parent.id, names, known)
        });
        let devices = of(EnterpriseInclude::Devices).map(|names| {
            let device = |device: &company::EnterpriseDevice| {
                let known = [
                    ("name", text(&device.name)),
                    ("imei", optional(&device.imei)),
                    ("code", optional(&device.code)),
                ];
                related("device", &device.id, names, known)
            };
            enterprise.devices.iter().map(device).collect()
        });
        let addresses = of(EnterpriseInclude::Addresses).map(|names| {
            let address = |address: &company::EnterpriseAddress| {
                let known = [
                    ("formatted_address", text(&address.formatted_address)),
                    ("city", optional(&address.city)),
                    ("region", optional(&address.region)),
                    ("zip_code", optional(&address.zip_code)),
                ];
                related("addresses", &address.id, names, known)
            };
            enterprise.addresses.iter().map(address).collect()
        });
        let document = of(EnterpriseInclude::Document).zip(enterprise.document.as_ref());
        let document = document.map(|(names, document)| {
            let created_at = document.created_at.as_ref().map(written);
            let known = [
                ("file_size", document.file_size.into()),
                ("created_at", optional(&created_at)),
                ("folder", text(&document.folder)),
                ("key_name", text(&document.key_name)),
                ("mime", text(&document.mime)),
                ("name", text(&document.name)),
            ];
            related("document", &document.id, names, known)
        });
        Self {
            country: country.or(self.country),
            enterprise: parent,
            device: devices,
            addresses,
            document,
        }
    }
}

fn related<const N: usize>(
    r#type: &'static str,
    id: &str,
    names: &Names,
    known: [(&'static str, Value); N],
) -> Related {
    let attributes = known.into_iter().filter(|(name, _)| names.contain(name)).collect();
    Related { r#type, id: id.to_owned(), attributes: Some(attributes) }
}

fn text(text: &str) -> Value {
    text.into()
}

fn optional(text: &Option<String>) -> Value {
    text.clone().into()
}

/// A moment in milliseconds: `2025-01-31T12:00:00.000Z`.
fn written(moment: &Timestamp) -> String {
    let moment = chassis::timestamp::from_proto(moment).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    moment.format(MILLISECONDS).unwrap_or_default()
}

/// A page of enterprises.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EnterpriseCollection)]
pub(super) struct Collection {
    /// In the order asked for.
    pub(super) data: Vec<Enterprise>,
    /// Which part of all this is.
    pub(super) meta: Meta,
}

/// Which part of a list a page is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EnterpriseMeta)]
pub(super) struct Meta {
    /// From 1 on.
    #[schema(minimum = 1)]
    pub(super) page: u64,
    /// The most that a page has.
    #[schema(minimum = 1, maximum = 100)]
    pub(super) limit: u32,
    /// How many there are in all, if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub(super) total: Option<i64>,
}

/// An enterprise that is gone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EnterpriseDeleted)]
pub(super) struct Deleted {
    /// What it was called.
    pub(super) id: String,
    /// Always "enterprises".
    #[schema(example = "enterprises")]
    pub(super) r#type: &'static str,
}

/// A country.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EnterpriseCountry)]
pub(super) struct Country {
    /// 15 digits and letters.
    #[schema(example = "c8a098d7b6932c2")]
    pub(super) id: String,
    /// Always "country".
    #[schema(example = "country")]
    pub(super) r#type: &'static str,
    /// What is known of it.
    pub(super) attributes: CountryAttributes,
}

/// What is known of a country.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EnterpriseCountryAttributes)]
pub(super) struct CountryAttributes {
    /// ISO 3166, alpha-2.
    #[schema(example = "BR")]
    pub(super) code: String,
    /// English name.
    #[schema(example = "Brazil")]
    pub(super) name: String,
}

#[cfg(test)]
mod tests;
