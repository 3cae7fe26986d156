use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{AreaCode, PhoneNumber};

/// The number of a mobile line: an area code and a nine-digit subscriber number from 9.
///
/// `Display`, storage and serde use E.164, `+5511961234567`. It is personal data, so `Debug`
/// shows no more than [`MobileNumber::masked`].
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MobileNumber {
    text: String,
    area_code: AreaCode,
    subscriber: u32,
}

/// The text or the parts are not a Brazilian mobile number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is not a valid Brazilian mobile number")]
pub struct InvalidMobileNumber;

impl MobileNumber {
    /// The lowest subscriber number.
    pub const SUBSCRIBER_MIN: u32 = 900_000_000;
    /// The highest subscriber number.
    pub const SUBSCRIBER_MAX: u32 = 999_999_999;

    /// Joins an area code and a nine-digit subscriber number. A range of numbers is
    /// `(first..=last).map(|subscriber| MobileNumber::from_parts(area_code, subscriber))`.
    pub fn from_parts(area_code: AreaCode, subscriber: u32) -> Result<Self, InvalidMobileNumber> {
        if !(Self::SUBSCRIBER_MIN..=Self::SUBSCRIBER_MAX).contains(&subscriber) {
            return Err(InvalidMobileNumber);
        }
        Ok(Self { text: format!("+55{area_code}{subscriber}"), area_code, subscriber })
    }

    /// The number in E.164, `+5511961234567`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The area code.
    pub fn area_code(&self) -> AreaCode {
        self.area_code
    }

    /// The nine digits after the area code, as a number.
    pub fn subscriber(&self) -> u32 {
        self.subscriber
    }

    /// As Brazilians write it: `(11) 96123-4567`.
    pub fn formatted(&self) -> String {
        let (head, tail) = (self.subscriber / 10_000, self.subscriber % 10_000);
        format!("({}) {head}-{tail:04}", self.area_code)
    }

    /// For screens and logs: `(11) *****-4567`.
    pub fn masked(&self) -> String {
        format!("({}) *****-{:04}", self.area_code, self.subscriber % 10_000)
    }
}

impl FromStr for MobileNumber {
    type Err = InvalidMobileNumber;

    /// Accepts what [`PhoneNumber`] accepts, mobile numbers only.
    fn from_str(text: &str) -> Result<Self, InvalidMobileNumber> {
        text.parse::<PhoneNumber>().map_err(|_| InvalidMobileNumber)?.try_into()
    }
}

impl TryFrom<PhoneNumber> for MobileNumber {
    type Error = InvalidMobileNumber;

    fn try_from(number: PhoneNumber) -> Result<Self, InvalidMobileNumber> {
        let area_code = number.area_code().ok_or(InvalidMobileNumber)?;
        let subscriber = number.national()[2..].parse().map_err(|_| InvalidMobileNumber)?;
        Self::from_parts(area_code, subscriber)
    }
}

impl From<MobileNumber> for String {
    fn from(number: MobileNumber) -> Self {
        number.text
    }
}

impl TryFrom<String> for MobileNumber {
    type Error = InvalidMobileNumber;

    fn try_from(text: String) -> Result<Self, InvalidMobileNumber> {
        text.parse()
    }
}

impl fmt::Display for MobileNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for MobileNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MobileNumber({})", self.masked())
    }
}
