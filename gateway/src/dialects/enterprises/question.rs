//! What a query string asks for: nothing but what is known can be asked.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use proto::common::v1::{TextMatch, TextOperator};
use proto::company::v1::{
    EnterpriseField, EnterpriseFilter, EnterpriseInclude, EnterpriseOrder, EnterpriseSortKey,
    ListEnterprisesRequest,
};

use super::Enterprises;
use super::error::{BAD_REQUEST, Error};
use super::pairs::{self, Pair};

/// The attributes of an enterprise.
pub(super) const ATTRIBUTES: &[&str] = &[
    "name",
    "cnpj",
    "timezone",
    "phone1",
    "phone2",
    "email",
    "contact_name",
    "webpage",
    "assistance_emergency_tel",
    "theft_emergency_tel",
    "fantasy_name",
    "created_at",
    "updated_at",
    "deactivated_at",
];

/// Attributes of chips, which may be asked for and are none of an enterprise.
const CHIP_ATTRIBUTES: &[&str] = &["serial", "number", "carrier", "service_provider", "batch"];

/// What may be read along, and its attributes.
const RELATIONS: &[(&str, EnterpriseInclude, &[&str])] = &[
    ("device", EnterpriseInclude::Devices, &["name", "imei", "code"]),
    ("enterprise", EnterpriseInclude::Parent, &["name", "cnpj"]),
    (
        "addresses",
        EnterpriseInclude::Addresses,
        &["formatted_address", "city", "region", "zip_code"],
    ),
    (
        "document",
        EnterpriseInclude::Document,
        &["file_size", "created_at", "folder", "key_name", "mime", "name"],
    ),
    ("country", EnterpriseInclude::Country, &["code", "name"]),
];

/// What enterprises are filtered by.
pub(super) const FIELDS: &[(&str, EnterpriseField)] = &[
    ("chips.serial", EnterpriseField::ChipSerial),
    ("chips.number", EnterpriseField::ChipNumber),
    ("chips.carrier", EnterpriseField::ChipCarrier),
    ("chips.service_provider", EnterpriseField::ChipServiceProvider),
    ("chips.batch", EnterpriseField::ChipBatch),
    ("device.name", EnterpriseField::DeviceName),
    ("device.imei", EnterpriseField::DeviceImei),
    ("device.code", EnterpriseField::DeviceCode),
    ("enterprise.name", EnterpriseField::Name),
    ("enterprise.cnpj", EnterpriseField::Cnpj),
    ("enterprises.name", EnterpriseField::Name),
    ("enterprises.cnpj", EnterpriseField::Cnpj),
];

/// How it is compared.
pub(super) const OPERATORS: &[(&str, TextOperator)] = &[
    ("eq", TextOperator::Equal),
    ("neq", TextOperator::NotEqual),
    ("ilk", TextOperator::Contains),
    ("sw", TextOperator::StartsWith),
    ("ew", TextOperator::EndsWith),
];

/// What enterprises are sorted by.
pub(super) const SORT_KEYS: &[(&str, EnterpriseSortKey)] = &[
    ("number", EnterpriseSortKey::Number),
    ("serial", EnterpriseSortKey::Serial),
    ("name", EnterpriseSortKey::Name),
    ("created_at", EnterpriseSortKey::CreatedAt),
];

const SEARCH_MAX: usize = 100;
const LIMIT_MAX: u64 = 100;
const LIMIT_DEFAULT: u32 = 15;

/// Names that were asked for; all of them where nobody asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Names(Option<Vec<String>>);

impl Names {
    /// Whether the name was asked for.
    pub(super) fn contain(&self, name: &str) -> bool {
        self.0.as_ref().is_none_or(|names| names.iter().any(|asked| asked == name))
    }

    fn add(&mut self, name: String) {
        self.0.get_or_insert_default().push(name);
    }
}

/// What of enterprises is to be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Selection {
    pub(super) attributes: Names,
    includes: Vec<(EnterpriseInclude, Names)>,
}

impl Selection {
    /// # Errors
    /// 400 for what cannot be shown.
    fn of(pairs: &[Pair]) -> Result<Self, Error> {
        let mut selection = Self::default();
        let asked: Vec<&Pair> = pairs.iter().filter(|pair| pair.key == "attributes").collect();
        let is_nothing = matches!(asked.as_slice(), [only] if is_nothing(&only.value));
        for pair in asked {
            if !is_item(&pair.place) {
                return Err(BAD_REQUEST.into());
            }
            let name = pair.value.as_str();
            if ATTRIBUTES.contains(&name) || CHIP_ATTRIBUTES.contains(&name) {
                selection.attributes.add(name.to_owned());
            } else if !is_nothing {
                return Err(BAD_REQUEST.into());
            }
        }
        for pair in pairs.iter().filter(|pair| pair.key == "includes") {
            selection.include(pair)?;
        }
        Ok(selection)
    }

    fn include(&mut self, pair: &Pair) -> Result<(), Error> {
        let Some((relation, item)) = pair.place.split_first() else {
            return if is_nothing(&pair.value) { Ok(()) } else { Err(BAD_REQUEST.into()) };
        };
        let known = RELATIONS.iter().find(|(name, ..)| name == relation);
        let (_, include, names) = known.filter(|_| is_item(item)).ok_or(BAD_REQUEST)?;
        let place = self.includes.iter().position(|(asked, _)| asked == include);
        let place = place.unwrap_or_else(|| {
            self.includes.push((*include, Names::default()));
            self.includes.len() - 1
        });
        // An empty list asks for all there is.
        if !pair.value.is_empty() {
            if !names.contains(&pair.value.as_str()) {
                return Err(BAD_REQUEST.into());
            }
            self.includes[place].1.add(pair.value.clone());
        }
        Ok(())
    }

    /// What a query string selects.
    #[cfg(test)]
    pub(super) fn read(query: &str) -> Self {
        Self::of(&pairs::parse(query).unwrap()).unwrap()
    }

    /// What is to be read along.
    pub(super) fn includes(&self) -> Vec<i32> {
        self.includes.iter().map(|(include, _)| (*include).into()).collect()
    }

    /// Which attributes of something read along are to be shown; None where it is not read along.
    pub(super) fn of_relation(&self, wanted: EnterpriseInclude) -> Option<&Names> {
        self.includes.iter().find(|(include, _)| *include == wanted).map(|(_, names)| names)
    }
}

impl FromRequestParts<Enterprises> for Selection {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &Enterprises) -> Result<Self, Error> {
        Self::of(&read(parts)?)
    }
}

/// A question about a list.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Question {
    pub(super) selection: Selection,
    /// In whose name is not said yet.
    pub(super) request: ListEnterprisesRequest,
}

impl Question {
    /// # Errors
    /// 400 for what cannot be asked.
    fn of(pairs: &[Pair]) -> Result<Self, Error> {
        let selection = Selection::of(pairs)?;
        let scalars = Scalars(pairs);
        let search = scalars.get("search")?.unwrap_or_default();
        if search.chars().count() > SEARCH_MAX {
            return Err(BAD_REQUEST.into());
        }
        let limit = scalars.get("limit")?.map(whole).transpose()?;
        let limit = match limit {
            Some(limit @ 1..=LIMIT_MAX) => u32::try_from(limit).unwrap_or(LIMIT_DEFAULT),
            Some(_) => return Err(BAD_REQUEST.into()),
            None => LIMIT_DEFAULT,
        };
        let count = match scalars.get("count")? {
            Some("true" | "1") => true,
            Some("false" | "0") | None => false,
            Some(_) => return Err(BAD_REQUEST.into()),
        };
        let request = ListEnterprisesRequest {
            own_enterprise: String::new(),
            filters: filters(pairs)?,
            search: search.to_owned(),
            order_by: order(pairs)?,
            page: scalars.get("page")?.map(whole).transpose()?.unwrap_or_default().max(1),
            limit,
            count,
            includes: selection.includes(),
        };
        Ok(Self { selection, request })
    }
}

impl FromRequestParts<Enterprises> for Question {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &Enterprises) -> Result<Self, Error> {
        Self::of(&read(parts)?)
    }
}

fn read(parts: &Parts) -> Result<Vec<Pair>, Error> {
    pairs::parse(parts.uri.query().unwrap_or_default()).map_err(|_| BAD_REQUEST.into())
}

fn filters(pairs: &[Pair]) -> Result<Vec<EnterpriseFilter>, Error> {
    let mut places = Vec::new();
    let mut filters = Vec::new();
    for pair in pairs.iter().filter(|pair| pair.key == "filters") {
        let [field, operator] = pair.place.as_slice() else {
            if pair.place.is_empty() && is_nothing(&pair.value) {
                continue;
            }
            return Err(BAD_REQUEST.into());
        };
        let field_named = FIELDS.iter().find(|(name, _)| name == field);
        let operator_named = OPERATORS.iter().find(|(name, _)| name == operator);
        let (Some((_, field)), Some((_, operator))) = (field_named, operator_named) else {
            return Err(BAD_REQUEST.into());
        };
        if places.contains(&&pair.place) {
            return Err(BAD_REQUEST.into());
        }
        places.push(&pair.place);
        let wanted = TextMatch { operator: (*operator).into(), value: pair.value.clone() };
        filters.push(EnterpriseFilter { field: (*field).into(), r#match: Some(wanted) });
    }
    Ok(filters)
}

fn order(pairs: &[Pair]) -> Result<Vec<EnterpriseOrder>, Error> {
    let mut order: Vec<EnterpriseOrder> = Vec::new();
    for pair in pairs.iter().filter(|pair| pair.key == "sort") {
        let [name] = pair.place.as_slice() else {
            if pair.place.is_empty() && is_nothing(&pair.value) {
                continue;
            }
            return Err(BAD_REQUEST.into());
        };
        let (_, key) = SORT_KEYS.iter().find(|(known, _)| known == name).ok_or(BAD_REQUEST)?;
        let descending = match pair.value.as_str() {
            "1" => false,
            "-1" => true,
            _ => return Err(BAD_REQUEST.into()),
        };
        if order.iter().any(|by| by.key() == *key) {
            return Err(BAD_REQUEST.into());
        }
        order.push(EnterpriseOrder { key: (*key).into(), descending });
    }
    Ok(order)
}

/// Whether the brackets say that a value is one of a list, or nothing does.
fn is_item(place: &[String]) -> bool {
    match place {
        [] => true,
        [index] => index.bytes().all(|byte| byte.is_ascii_digit()),
        _ => false,
    }
}

fn is_nothing(value: &str) -> bool {
    value.is_empty() || value == "null"
}

/// A whole number; one that is too large to matter is as good as the largest.
fn whole(text: &str) -> Result<u64, Error> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(BAD_REQUEST.into());
    }
    Ok(text.parse().unwrap_or(u64::MAX))
}

/// Keys that have one value.
struct Scalars<'a>(&'a [Pair]);

impl<'a> Scalars<'a> {
    fn get(&self, key: &str) -> Result<Option<&'a str>, Error> {
        let mut found = self.0.iter().filter(|pair| pair.key == key);
        match (found.next(), found.next()) {
            (None, _) => Ok(None),
            (Some(Pair { place, value, .. }), None) if place.is_empty() => Ok(Some(value)),
            _ => Err(BAD_REQUEST.into()),
        }
    }
}

#[cfg(test)]
mod tests;
