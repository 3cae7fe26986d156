use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::Cents;

mod key;
mod tlv;

pub use key::{InvalidPixKey, PixKey};
use tlv::{crc16, field, fields, only};

const ARRANGEMENT: &str = "br.gov.bcb.pix";
const NO_REFERENCE: &str = "***";
const NAME_LENGTH_MAX: usize = 25;
const CITY_LENGTH_MAX: usize = 15;
const AMOUNT_LENGTH_MAX: usize = 13;
const REFERENCE_LENGTH_MAX: usize = 25;
const LOCATION_LENGTH_MAX: usize = 77;
const CODE_LENGTH_MAX: usize = 512;
const CHECKSUM_LENGTH: usize = 4;

/// A request for payment by Pix, from which [`PixCharge::code`] makes the text to copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PixCharge {
    /// Where the money goes.
    pub recipient: PixRecipient,
    /// The amount; without one the payer types it.
    pub amount: Option<Cents>,
    /// The name of who is paid. The code holds 25 characters of it, without accents.
    pub merchant_name: String,
    /// The city of who is paid. The code holds 15 characters of it, without accents.
    pub merchant_city: String,
    /// Comes back with the payment (txid): 1 to 25 ASCII letters and digits.
    pub reference: Option<String>,
}

/// Where the money of a [`PixCharge`] goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PixRecipient {
    /// To the account of a key: a static code, which can be paid any number of times.
    Key(PixKey),
    /// To what the bank says at a location, `pix.example.com/qr/…` without a scheme: a dynamic
    /// code, which is paid once.
    Location(String),
}

/// What a [`PixCharge`] lacks to become a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidPixCharge {
    /// Zero, negative, or too long for its field.
    #[error("the amount cannot be charged by Pix")]
    Amount,
    /// Has no character that fits in a code.
    #[error("the name of who is paid is missing")]
    MerchantName,
    /// Has no character that fits in a code.
    #[error("the city of who is paid is missing")]
    MerchantCity,
    /// Not 1 to 25 ASCII letters and digits.
    #[error("the reference is not 1 to 25 letters and digits")]
    Reference,
    /// Not a host and path of at most 77 ASCII characters.
    #[error("the location of the charge is not valid")]
    Location,
}

/// A "Pix copia e cola" whose structure and checksum are right, after the manual of BR Codes of
/// Banco Central do Brasil.
///
/// `Display` and serde use the text itself. The key in it may be a CPF, so `Debug` shows the
/// charge with its key masked.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PixCode {
    text: String,
    charge: PixCharge,
}

/// Why a text is no Pix copia e cola.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidPixCode {
    /// Not the text of a Pix code.
    #[error("is not a Pix code")]
    Malformed,
    /// A Pix code whose checksum is wrong: a part was lost or changed.
    #[error("is a damaged Pix code")]
    Checksum,
}

impl PixCharge {
    /// The text the payer copies. Accents are stripped, since lengths count bytes; what has no
    /// plain form is left out; names too long for their field are cut.
    pub fn code(&self) -> Result<PixCode, InvalidPixCharge> {
        let name = plain(&self.merchant_name, NAME_LENGTH_MAX);
        let name = name.ok_or(InvalidPixCharge::MerchantName)?;
        let city = plain(&self.merchant_city, CITY_LENGTH_MAX);
        let city = city.ok_or(InvalidPixCharge::MerchantCity)?;
        let reference = self.reference.as_deref().unwrap_or(NO_REFERENCE);
        if self.reference.is_some() && !is_reference(reference) {
            return Err(InvalidPixCharge::Reference);
        }

        let mut text = field("00", "01");
        let account = match &self.recipient {
            PixRecipient::Key(key) => field("01", &key.to_string()),
            PixRecipient::Location(location) if is_location(location) => {
                text += &field("01", "12");
                field("25", location)
            }
            PixRecipient::Location(_) => return Err(InvalidPixCharge::Location),
        };
        text += &field("26", &(field("00", ARRANGEMENT) + &account));
        text += &field("52", "0000");
        text += &field("53", "986");
        if let Some(amount) = self.amount {
            text += &field("54", &amount_text(amount).ok_or(InvalidPixCharge::Amount)?);
        }
        text += &field("58", "BR");
        text += &field("59", &name);
        text += &field("60", &city);
        text += &field("62", &field("05", reference));
        text += "6304";
        let checksum = crc16(text.as_bytes());
        text += &format!("{checksum:04X}");

        let charge = Self { merchant_name: name, merchant_city: city, ..self.clone() };
        Ok(PixCode { text, charge })
    }
}

impl PixCode {
    /// The text to copy.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What the code asks for, as it stands in the code.
    pub fn charge(&self) -> &PixCharge {
        &self.charge
    }
}

impl FromStr for PixCode {
    type Err = InvalidPixCode;

    /// Accepts static and dynamic codes, with blanks around them. Fields that say nothing about
    /// the charge are allowed and ignored.
    fn from_str(text: &str) -> Result<Self, InvalidPixCode> {
        let text = text.trim();
        if text.len() > CODE_LENGTH_MAX {
            return Err(InvalidPixCode::Malformed);
        }
        let charge = read_charge(text).ok_or(InvalidPixCode::Malformed)?;
        let (checked, checksum) = text.split_at(text.len() - CHECKSUM_LENGTH);
        if !checksum.eq_ignore_ascii_case(&format!("{:04X}", crc16(checked.as_bytes()))) {
            return Err(InvalidPixCode::Checksum);
        }
        Ok(Self { text: text.to_owned(), charge })
    }
}

/// Reads a code that ends in a checksum of the right length, right or wrong.
fn read_charge(text: &str) -> Option<PixCharge> {
    let code = fields(text)?;
    let (first, last) = (code.first()?, code.last()?);
    let framed = *first == ("00", "01") && last.0 == "63" && last.1.len() == CHECKSUM_LENGTH;
    if !framed || only(&code, "53")? != "986" || only(&code, "58")? != "BR" {
        return None;
    }
    let account = code
        .iter()
        .filter(|(tag, _)| ("26"..="51").contains(tag))
        .filter_map(|(_, account)| fields(account))
        .find(|account| {
            only(account, "00").is_some_and(|name| name.eq_ignore_ascii_case(ARRANGEMENT))
        })?;
    let recipient = match (only(&account, "01"), only(&account, "25")) {
        (Some(key), None) => PixRecipient::Key(key.parse().ok()?),
        (None, Some(location)) if is_location(location) => {
            PixRecipient::Location(location.to_owned())
        }
        _ => return None,
    };
    let amount = match code.iter().any(|(tag, _)| *tag == "54") {
        true => Some(only(&code, "54")?.parse().ok()?),
        false => None,
    };
    let additional = fields(only(&code, "62")?)?;
    let reference = match only(&additional, "05")? {
        NO_REFERENCE => None,
        reference if is_reference(reference) => Some(reference.to_owned()),
        _ => return None,
    };
    Some(PixCharge {
        recipient,
        // Some banks write 0.00 where the payer types the amount.
        amount: amount.filter(|amount| *amount != Cents::ZERO),
        merchant_name: only(&code, "59")?.to_owned(),
        merchant_city: only(&code, "60")?.to_owned(),
        reference,
    })
}

fn amount_text(amount: Cents) -> Option<String> {
    let text = amount.to_string();
    (amount > Cents::ZERO && text.len() <= AMOUNT_LENGTH_MAX).then_some(text)
}

fn is_reference(text: &str) -> bool {
    (1..=REFERENCE_LENGTH_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_location(text: &str) -> bool {
    let host = text.split('/').next().unwrap_or_default();
    text.len() <= LOCATION_LENGTH_MAX
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && host.contains('.')
        && !host.contains(':')
        && host.len() < text.len()
}

/// The first `length_max` characters of `text` in printable ASCII, blanks trimmed and joined.
fn plain(text: &str, length_max: usize) -> Option<String> {
    let letters: String = text.chars().filter_map(plain_letter).collect();
    let joined = letters.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut = joined[..joined.len().min(length_max)].trim_end();
    (!cut.is_empty()).then(|| cut.to_owned())
}

fn plain_letter(letter: char) -> Option<char> {
    Some(match letter {
        'á' | 'à' | 'â' | 'ã' | 'ä' | 'ª' => 'a',
        'Á' | 'À' | 'Â' | 'Ã' | 'Ä' => 'A',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'É' | 'È' | 'Ê' | 'Ë' => 'E',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'Í' | 'Ì' | 'Î' | 'Ï' => 'I',
        'ó' | 'ò' | 'ô' | 'õ' | 'ö' | 'º' => 'o',
        'Ó' | 'Ò' | 'Ô' | 'Õ' | 'Ö' => 'O',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'Ú' | 'Ù' | 'Û' | 'Ü' => 'U',
        'ç' => 'c',
        'Ç' => 'C',
        'ñ' => 'n',
        'Ñ' => 'N',
        blank if blank.is_whitespace() => ' ',
        printable if printable.is_ascii_graphic() => printable,
        _ => return None,
    })
}

impl TryFrom<String> for PixCode {
    type Error = InvalidPixCode;

    fn try_from(text: String) -> Result<Self, InvalidPixCode> {
        text.parse()
    }
}

impl From<PixCode> for String {
    fn from(code: PixCode) -> Self {
        code.text
    }
}

impl fmt::Display for PixCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for PixCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PixCode").field(&self.charge).finish()
    }
}
