//! What is a number to some and a text to others: house numbers, ids at a carrier.

use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
