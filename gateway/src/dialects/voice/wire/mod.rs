//! The bodies of this dialect, to the letter: a file for each resource. What is shared stands
//! here.

pub(super) mod accounts;
pub(super) mod calls;
pub(super) mod charges;
pub(super) mod extensions;
pub(super) mod financial;
pub(super) mod integrations;
pub(super) mod tokens;
pub(super) mod users;

use prost_types::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use utoipa::ToSchema;

const SECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
const MILLISECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// A moment in whole seconds: `2021-01-01T00:00:00Z`.
pub(super) fn seconds(moment: Option<&Timestamp>) -> String {
    write(moment, SECONDS)
}

/// A moment in milliseconds, as in calls and webhooks: `2025-01-01T00:00:00.000Z`.
pub(super) fn milliseconds(moment: Option<&Timestamp>) -> String {
    write(moment, MILLISECONDS)
}

fn write(moment: Option<&Timestamp>, format: &[BorrowedFormatItem<'_>]) -> String {
    let moment = moment.and_then(chassis::timestamp::from_proto);
    moment.unwrap_or(OffsetDateTime::UNIX_EPOCH).format(format).unwrap_or_default()
}

/// An amount in cents, written as a number of reais: 0.08.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ToSchema)]
#[schema(value_type = f64, example = 0.08)]
pub(super) struct Reais(pub(super) i64);

impl Reais {
    /// As text for people, the way it is written in Brazil: "1.234,56".
    pub(super) fn pt_br(self) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let cents = self.0.unsigned_abs();
        let whole = (cents / 100).to_string();
        let mut grouped = String::with_capacity(whole.len() * 2);
        for (position, digit) in whole.chars().enumerate() {
            if position > 0 && (whole.len() - position).is_multiple_of(3) {
                grouped.push('.');
            }
            grouped.push(digit);
        }
        format!("{sign}{grouped},{:02}", cents % 100)
    }

    /// The amount that a number is, if it has no more than two decimals.
    pub(super) fn from_number(number: f64) -> Option<Self> {
        const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
        let cents = (number * 100.0).round();
        if !cents.is_finite() || cents.abs() >= EXACT_MAX || cents / 100.0 != number {
            return None;
        }
        // In range, by the check above.
        Some(Self(cents as i64))
    }
}

impl Serialize for Reais {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 % 100 == 0 {
            serializer.serialize_i64(self.0 / 100)
        } else {
            serializer.serialize_f64(self.0 as f64 / 100.0)
        }
    }
}

impl<'de> Deserialize<'de> for Reais {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(deserializer)?;
        let expected = || de::Error::custom("expected an amount with at most two decimals");
        Self::from_number(number).ok_or_else(expected)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn moments_have_the_contracts_form() {
        let moment = Timestamp { seconds: 1_735_689_600, nanos: 5_999_000 };
        assert_eq!(seconds(Some(&moment)), "2025-01-01T00:00:00Z");
        assert_eq!(milliseconds(Some(&moment)), "2025-01-01T00:00:00.005Z");
    }

    #[test]
    fn amounts_are_written_and_read_in_reais() {
        for (cents, number, text) in [
            (0, json!(0), "0,00"),
            (8, json!(0.08), "0,08"),
            (999, json!(9.99), "9,99"),
            (123_456, json!(1234.56), "1.234,56"),
            (100_000_000, json!(1_000_000), "1.000.000,00"),
            (-5, json!(-0.05), "-0,05"),
        ] {
            assert_eq!(json!(Reais(cents)), number);
            assert_eq!(Reais(cents).pt_br(), text);
            assert_eq!(serde_json::from_value::<Reais>(number).unwrap(), Reais(cents));
        }
        for wrong in [json!(0.001), json!(1.005), json!(1e30), json!("1"), json!(null)] {
            assert!(serde_json::from_value::<Reais>(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
