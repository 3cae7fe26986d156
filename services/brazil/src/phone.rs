use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::digits::{drawn, is_digits};
use crate::{AreaCode, MobileNumber};

const LENGTH_MAX: usize = 40;

/// A Brazilian telephone number that exists in Anatel's numbering plan.
///
/// `Display`, storage and serde use E.164, `+5511961234567`. It is personal data, so `Debug`
/// shows no more than [`PhoneNumber::masked`].
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber {
    text: String,
    kind: PhoneKind,
}

/// What a number is used for, as its first digits tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhoneKind {
    /// An area code, a 9 and eight digits.
    Mobile,
    /// An area code and eight digits from 2 to 5.
    Fixed,
    /// 0800: the one who is called pays.
    TollFree,
    /// 0300, 0303, 400x and the like: both pay.
    SharedCost,
}

/// Why a text is no Brazilian telephone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidPhoneNumber {
    /// Not a telephone number, or none that the Brazilian plan knows.
    #[error("is not a valid Brazilian phone number")]
    Invalid,
    /// Starts with the code of another country.
    #[error("is a phone number of another country")]
    Foreign,
}

impl PhoneKind {
    /// `mobile`, `fixed`, `toll_free` or `shared_cost`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mobile => "mobile",
            Self::Fixed => "fixed",
            Self::TollFree => "toll_free",
            Self::SharedCost => "shared_cost",
        }
    }
}

impl PhoneNumber {
    /// The number in E.164, `+5511961234567`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The number without `+55`, `11961234567`.
    pub fn national(&self) -> &str {
        &self.text[3..]
    }

    /// What the number is used for.
    pub fn kind(&self) -> PhoneKind {
        self.kind
    }

    /// Whether the number is a mobile one.
    pub fn is_mobile(&self) -> bool {
        self.kind() == PhoneKind::Mobile
    }

    /// The area code of a mobile or fixed number; the other kinds are nationwide.
    pub fn area_code(&self) -> Option<AreaCode> {
        match self.kind() {
            PhoneKind::Mobile | PhoneKind::Fixed => self.national()[..2].parse().ok(),
            PhoneKind::TollFree | PhoneKind::SharedCost => None,
        }
    }

    /// As Brazilians write it: `(11) 96123-4567`, `0800 123 4567`, `4004-1234`.
    pub fn formatted(&self) -> String {
        drawn(self.national(), self.picture())
    }

    /// For screens and logs: only the area code and the last four digits, `(11) *****-4567`.
    pub fn masked(&self) -> String {
        let national = self.national();
        let shown = if self.area_code().is_some() { 2 } else { 0 };
        let hidden = national.len() - 4;
        let digits: String = national
            .chars()
            .enumerate()
            .map(|(index, digit)| if (shown..hidden).contains(&index) { '*' } else { digit })
            .collect();
        drawn(&digits, self.picture())
    }

    fn picture(&self) -> &'static str {
        match (self.kind(), self.national().len()) {
            (PhoneKind::Mobile, _) => "(##) #####-####",
            (PhoneKind::Fixed, _) => "(##) ####-####",
            (_, 8) => "####-####",
            (_, 9) => "0### ######",
            _ => "0### ### ####",
        }
    }
}

impl FromStr for PhoneNumber {
    type Err = InvalidPhoneNumber;

    /// Accepts E.164 with or without `+`, national numbers with or without the long-distance 0,
    /// and spaces, dots, hyphens and brackets anywhere. Ten or eleven digits without `+` are
    /// read as national, so `55 4004-1234` is a number of area code 55.
    fn from_str(text: &str) -> Result<Self, InvalidPhoneNumber> {
        if text.len() > LENGTH_MAX {
            return Err(InvalidPhoneNumber::Invalid);
        }
        let (international, rest) = match text.trim_start().strip_prefix('+') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let digits: String =
            rest.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')')).collect();
        if !is_digits(&digits, digits.len()) {
            return Err(InvalidPhoneNumber::Invalid);
        }
        let has_country_code = international || matches!(digits.len(), 12 | 13);
        let national = match digits.strip_prefix("55") {
            Some(national) if has_country_code => national,
            _ if international && is_foreign(&digits) => return Err(InvalidPhoneNumber::Foreign),
            _ if international => return Err(InvalidPhoneNumber::Invalid),
            _ => &digits,
        };
        let national = national.strip_prefix('0').unwrap_or(national);
        let kind = kind_of(national).ok_or(InvalidPhoneNumber::Invalid)?;
        Ok(Self { text: format!("+55{national}"), kind })
    }
}

/// E.164 allows 15 digits and no country code starts with 0.
fn is_foreign(digits: &str) -> bool {
    (7..=15).contains(&digits.len()) && !digits.starts_with('0')
}

/// The kind of a national number without its leading 0, if the plan has such a number.
fn kind_of(national: &str) -> Option<PhoneKind> {
    let starts_with = |prefixes: &[&str]| prefixes.iter().any(|p| national.starts_with(p));
    match national.len() {
        8 if starts_with(&["300", "400", "4020"]) => return Some(PhoneKind::SharedCost),
        9 | 10 if starts_with(&["800"]) => return Some(PhoneKind::TollFree),
        10 if starts_with(&["300", "303"]) => return Some(PhoneKind::SharedCost),
        10 | 11 => {}
        _ => return None,
    }
    national[..2].parse::<AreaCode>().ok()?;
    match (national.len(), national.as_bytes()[2]) {
        (11, b'9') => Some(PhoneKind::Mobile),
        (10, b'2'..=b'5') => Some(PhoneKind::Fixed),
        _ => None,
    }
}

impl TryFrom<String> for PhoneNumber {
    type Error = InvalidPhoneNumber;

    fn try_from(text: String) -> Result<Self, InvalidPhoneNumber> {
        text.parse()
    }
}

impl From<PhoneNumber> for String {
    fn from(number: PhoneNumber) -> Self {
        number.text
    }
}

impl From<MobileNumber> for PhoneNumber {
    fn from(number: MobileNumber) -> Self {
        Self { text: number.into(), kind: PhoneKind::Mobile }
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneNumber({})", self.masked())
    }
}
