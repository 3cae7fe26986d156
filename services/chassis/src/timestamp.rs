//! Moments between protobuf and the services.

use prost_types::Timestamp;
use time::OffsetDateTime;

use crate::refusal::{Fields, Rule};

/// A moment as messages carry it.
pub fn to_proto(moment: OffsetDateTime) -> Timestamp {
    Timestamp {
        seconds: moment.unix_timestamp(),
        nanos: i32::try_from(moment.nanosecond()).unwrap_or_default(),
    }
}

/// A message's moment in whole microseconds, which is what Postgres keeps. None when it is not
/// one of the years 1 to 9999, the contract of protobuf.
pub fn from_proto(timestamp: &Timestamp) -> Option<OffsetDateTime> {
    let nanos = u32::try_from(timestamp.nanos).ok()?;
    OffsetDateTime::from_unix_timestamp(timestamp.seconds)
        .ok()
        .filter(|moment| moment.year() >= 1)?
        .replace_nanosecond(nanos / 1_000 * 1_000)
        .ok()
}

/// Reads a moment of a request that may be absent, at the path `field`.
pub fn parse(
    fields: &mut Fields,
    field: &str,
    timestamp: Option<&Timestamp>,
) -> Option<OffsetDateTime> {
    let moment = from_proto(timestamp?);
    if moment.is_none() {
        fields.refuse_as(field, Rule::Format, "is not a valid time");
    }
    moment
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn microseconds_survive_and_nonsense_does_not() {
        let moment = datetime!(1969-12-31 23:59:59.123456 UTC);
        assert_eq!(from_proto(&to_proto(moment)), Some(moment));
        for (seconds, nanos) in [(i64::MAX, 0), (0, -1), (0, 1_000_000_000), (-62_135_596_801, 0)] {
            let mut fields = Fields::new();
            assert_eq!(parse(&mut fields, "at", Some(&Timestamp { seconds, nanos })), None);
            assert!(fields.check().is_err(), "{seconds} {nanos}");
        }
    }
}
