//! Numbers that are not quite numbers: what is a number to some and a text to others, like house
//! numbers and ids at a carrier; and decimals whose every digit counts.

use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::body::Written;

/// A text, since it is not always a number; answered as a number where it is one, whichever way
/// it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NumberOrText(pub(crate) String);

impl NumberOrText {
    /// None for what a number would not show faithfully: "S/N", "007", more digits than
    /// programs keep.
    fn number(&self) -> Option<u64> {
        const EXACT_MAX: u64 = 1 << 53;
        let number: u64 = self.0.parse().ok()?;
        (number <= EXACT_MAX && number.to_string() == self.0).then_some(number)
    }
}

impl PartialSchema for NumberOrText {
    fn schema() -> RefOr<Schema> {
        let types = SchemaType::from_iter([Type::String, Type::Integer]);
        let description = "A number where it is one, else a text. Taken in both forms.";
        ObjectBuilder::new().schema_type(types).description(Some(description)).into()
    }
}

impl ToSchema for NumberOrText {}

impl Serialize for NumberOrText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.number() {
            Some(number) => serializer.serialize_u64(number),
            None => serializer.serialize_str(&self.0),
        }
    }
}

impl<'de> Deserialize<'de> for NumberOrText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = NumberOrText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a whole number from 0")
            }

            fn visit_u64<E>(self, number: u64) -> Result<NumberOrText, E> {
                Ok(NumberOrText(number.to_string()))
            }

            fn visit_str<E>(self, text: &str) -> Result<NumberOrText, E> {
                Ok(NumberOrText(text.to_owned()))
            }
        }
        deserializer.deserialize_any(Number)
    }
}

/// A decimal number as it was written, since a float keeps too few of its digits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Decimal(pub(crate) String);

impl Decimal {
    /// A member of a body.
    pub(crate) fn written(body: Written<'_>, member: &str) -> Self {
        Self(body.member(member).unwrap_or_default())
    }

    /// How many thousandths it is; none for what has a fraction of one, an exponent, or more
    /// digits than there is room for.
    pub(crate) fn thousandths(&self) -> Option<i64> {
        let (negative, digits) = match self.0.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, self.0.as_str()),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > 3
            || !(whole.bytes().chain(fraction.bytes())).all(|b| b.is_ascii_digit())
        {
            return None;
        }
        let thousandths: i64 = format!("{whole}{fraction:0<3}").parse().ok()?;
        Some(if negative { -thousandths } else { thousandths })
    }
}

impl<'de> Deserialize<'de> for Decimal {
    /// Sees to it that it is a number; its digits come from [`Decimal::written`].
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = Decimal;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            fn visit_u64<E>(self, _: u64) -> Result<Decimal, E> {
                Ok(Decimal::default())
            }

            fn visit_i64<E>(self, _: i64) -> Result<Decimal, E> {
                Ok(Decimal::default())
            }

            fn visit_f64<E>(self, _: f64) -> Result<Decimal, E> {
                Ok(Decimal::default())
            }
        }
        deserializer.deserialize_any(Number)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_decimal_is_read_to_the_last_digit() {
        let thousandths = |text: &str| Decimal(text.to_owned()).thousandths();
        for (text, expected) in [
            ("1.5", Some(1_500)),
            ("1.5000", Some(1_500)),
            ("0.001", Some(1)),
            ("-0.5", Some(-500)),
            ("10", Some(10_000)),
            ("9007199254740.993", Some(9_007_199_254_740_993)),
            ("1.0005", None),
            ("1e3", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(thousandths(text), expected, "{text}");
        }
    }

    #[test]
    fn numbers_are_numbers_where_that_loses_nothing() {
        for (given, answered) in [
            (json!(666), json!(666)),
            (json!("666"), json!(666)),
            (json!("S/N"), json!("S/N")),
            (json!("007"), json!("007")),
            (json!("12A"), json!("12A")),
            (json!("99999999999999999999"), json!("99999999999999999999")),
        ] {
            let number: NumberOrText = serde_json::from_value(given.clone()).unwrap();
            assert_eq!(serde_json::to_value(number).unwrap(), answered, "{given}");
        }
        for wrong in [json!(1.5), json!(-1), json!(true), json!([])] {
            assert!(serde_json::from_value::<NumberOrText>(wrong).is_err());
        }
    }
}
