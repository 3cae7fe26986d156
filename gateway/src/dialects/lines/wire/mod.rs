//! The bodies of this dialect, to the letter: a file for each resource. What is shared stands
//! here.

pub(super) mod address;
pub(super) mod billing_runs;
pub(super) mod companies;
pub(super) mod custom_fields;
pub(super) mod data_top_ups;
pub(super) mod employees;
pub(super) mod invoices;
pub(super) mod line_changes;
pub(super) mod line_orders;
pub(super) mod line_search;
pub(super) mod lines;
pub(super) mod number;
pub(super) mod people;
pub(super) mod plans;
pub(super) mod portability;
pub(super) mod service_invoices;
pub(super) mod session;
pub(super) mod shipments;
pub(super) mod signup;
pub(super) mod stock;
pub(super) mod timeline;
pub(super) mod webhooks;

#[cfg(test)]
mod golden;

use std::fmt;

use prost_types::{FieldMask, Timestamp};
use proto::common::v1::{PageRequest, PageResponse};
use serde::de::value::MapAccessDeserializer;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use utoipa::ToSchema;

use crate::body::{Members, Params};
use crate::fault::{Checks, Fault};

/// What the members of a body are called in the contract of the rpc that takes it.
#[derive(Debug)]
pub(super) struct Names {
    message: &'static str,
    fields: &'static [(&'static str, &'static str)],
}

impl Names {
    /// No member of a body is at fault.
    pub(super) const NONE: Self = Self::new("", &[]);

    /// `message` is the field of the request that holds `fields`, which are (member, field).
    pub(super) const fn new(
        message: &'static str,
        fields: &'static [(&'static str, &'static str)],
    ) -> Self {
        Self { message, fields }
    }

    /// The member that a field of the request came from: `form.plan_id` was
    /// `subscription_plan_id`.
    pub(super) fn member(&self, path: &str) -> String {
        let field = path.strip_prefix(self.message).and_then(|rest| rest.strip_prefix('.'));
        let field = field.unwrap_or(path);
        let named = |wanted: &str| {
            self.fields.iter().find(|(_, field)| *field == wanted).map(|(member, _)| *member)
        };
        if let Some(member) = named(field) {
            return member.to_owned();
        }
        // A part of a member: the member's own name is the dialect's.
        match field.split_once('.').map(|(head, rest)| (named(head), rest)) {
            Some((Some(member), rest)) => format!("{member}.{rest}"),
            _ => field.to_owned(),
        }
    }

    /// The fields that a change names.
    pub(super) fn mask(&self, members: &Members) -> Option<FieldMask> {
        Some(members.mask(self.fields))
    }
}

/// A whole number. Fractions and exponents are another type; numbers beyond 64 bits are beyond
/// every range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Integer(pub(super) i64);

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Whole;
        impl Visitor<'_> for Whole {
            type Value = Integer;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }

            fn visit_i64<E>(self, number: i64) -> Result<Integer, E> {
                Ok(Integer(number))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Integer, E> {
                Ok(Integer(i64::try_from(number).unwrap_or(i64::MAX)))
            }
        }
        deserializer.deserialize_any(Whole)
    }
}

/// A password. One of a wrong type is a wrong value.
#[derive(Clone, Default)]
pub(super) struct Password(Option<String>);

impl Password {
    /// The text.
    pub(super) fn take(self, checks: &mut Checks, member: &str) -> String {
        if self.0.is_none() {
            checks.refuse(member, "must be a text");
        }
        self.0.unwrap_or_default()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(***)")
    }
}

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Given {
            Text(String),
            Other(IgnoredAny),
        }
        Ok(Self(match Given::deserialize(deserializer)? {
            Given::Text(text) => Some(text),
            Given::Other(_) => None,
        }))
    }
}

/// Reads a nested object. Without this, serde would also take the members from a list.
pub(super) fn object<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Object<T>(std::marker::PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
        type Value = Option<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_unit<E>(self) -> Result<Option<T>, E> {
            Ok(None)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Option<T>, A::Error> {
            Err(serde::de::Error::invalid_type(serde::de::Unexpected::Seq, &self))
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Option<T>, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map)).map(Some)
        }
    }
    deserializer.deserialize_any(Object(std::marker::PhantomData))
}

/// Checks an area code against the range that the dialect documents.
pub(super) fn area_code(checks: &mut Checks, member: &str, number: Integer) -> u32 {
    match u32::try_from(number.0) {
        Ok(code @ 11..=99) => code,
        _ => {
            checks.refuse(member, "must be between 11 and 99");
            0
        }
    }
}

/// Reads a moment, RFC 3339.
pub(super) fn moment(checks: &mut Checks, member: &str, text: Option<&str>) -> Option<Timestamp> {
    match OffsetDateTime::parse(text?, &Rfc3339) {
        Ok(moment) => Some(Timestamp {
            seconds: moment.unix_timestamp(),
            nanos: i32::try_from(moment.nanosecond()).unwrap_or(0),
        }),
        Err(_) => {
            checks.refuse(member, "must be a time as in RFC 3339");
            None
        }
    }
}

/// A moment, in UTC.
pub(super) fn utc(timestamp: Option<Timestamp>) -> Option<OffsetDateTime> {
    let Timestamp { seconds, nanos } = timestamp?;
    let moment = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
    moment.replace_nanosecond(u32::try_from(nanos).ok()?).ok()
}

/// Gigabytes: a number without needless decimals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Gigabytes(pub(super) f64);

impl Serialize for Gigabytes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Whole numbers up to here are exact.
        const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
        if self.0.fract() == 0.0 && self.0.abs() <= EXACT_MAX {
            #[expect(clippy::cast_possible_truncation, reason = "whole, and small enough")]
            let whole = self.0 as i64;
            serializer.serialize_i64(whole)
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}

/// How a page lies in its list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"hasMore": true, "totalCount": 50}))]
pub(super) struct Pagination {
    /// Whether there is more after this page.
    has_more: bool,
    /// Items in the whole list.
    total_count: i64,
}

impl From<Option<PageResponse>> for Pagination {
    fn from(page: Option<PageResponse>) -> Self {
        let page = page.unwrap_or_default();
        Self { has_more: !page.next_page_token.is_empty(), total_count: page.total_size }
    }
}

/// Items of a page where the request does not say.
pub(super) const PAGE_SIZE_USUAL: i32 = 50;
/// Items of a page at the most.
pub(super) const PAGE_SIZE_MAX: i32 = 200;

/// Which part of a list is wanted.
pub(super) struct Part {
    /// Items wanted, if that is said.
    pub(super) limit: Option<i32>,
    /// Items to leave out.
    pub(super) offset: i32,
}

impl Part {
    /// Reads `limit` and `offset`.
    ///
    /// # Errors
    /// [`Fault::Invalid`].
    pub(super) fn of(params: &Params) -> Result<Self, Fault> {
        let mut checks = Checks::new();
        let limit = params.text("limit").map(|text| match whole(text) {
            Some(limit @ 1..) => limit.min(PAGE_SIZE_MAX),
            _ => {
                checks.refuse("limit", "must be a whole number from 1");
                PAGE_SIZE_USUAL
            }
        });
        let offset = params.text("offset").map_or(Some(0), whole).filter(|offset| *offset >= 0);
        if offset.is_none() {
            checks.refuse("offset", "must be a whole number from 0");
        }
        checks.pass()?;
        Ok(Self { limit, offset: offset.unwrap_or(0) })
    }

    /// One page.
    pub(super) fn page(&self) -> Option<PageRequest> {
        Some(PageRequest {
            page_size: self.limit.unwrap_or(PAGE_SIZE_USUAL),
            page_token: String::new(),
            skip: self.offset,
        })
    }
}

/// A whole number; one beyond every range is as good as the end of it.
fn whole(text: &str) -> Option<i32> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let beyond = if text.starts_with('-') { i32::MIN } else { i32::MAX };
    Some(text.parse().unwrap_or(beyond))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_page_are_bounded() {
        assert_eq!(whole("12"), Some(12));
        assert_eq!(whole("-1"), Some(-1));
        assert_eq!(whole("99999999999999999999"), Some(i32::MAX));
        for text in ["", "-", "+1", " 1", "1.5", "1e2", "abc", "٣"] {
            assert_eq!(whole(text), None, "{text}");
        }
    }

    #[test]
    fn whole_gigabytes_have_no_decimals() {
        let text = |gb| serde_json::to_string(&Gigabytes(gb)).unwrap();
        assert_eq!(text(10.0), "10");
        assert_eq!(text(0.0), "0");
        assert_eq!(text(1.5), "1.5");
    }

    #[test]
    fn fields_of_a_request_are_called_as_in_the_body() {
        let names = Names::new("company", &[("officialName", "official_name"), ("cnpj", "cnpj")]);
        assert_eq!(names.member("company.official_name"), "officialName");
        assert_eq!(names.member("company.cnpj"), "cnpj");
        assert_eq!(names.member("company.address.zip_code"), "address.zip_code");
        assert_eq!(names.member("Idempotency-Key"), "Idempotency-Key");
        let names = Names::new("", &[("price_cents", "price")]);
        assert_eq!(names.member("price"), "price_cents");
    }
}
