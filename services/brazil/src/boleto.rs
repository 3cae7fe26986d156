use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use time::macros::date;
use time::{Date, Duration};

use crate::Cents;
use crate::digits::{bare, drawn, is_digits, luhn_digit, values};

const LINE_PICTURE: &str = "#####.##### #####.###### #####.###### # ##############";
const AMOUNT_MAX: i64 = 9_999_999_999;
const FACTOR_MIN: u16 = 1_000;
const FACTOR_MAX: u16 = 9_999;
/// The due dates of factor 1000: the first of all, and the one after factor 9999 ran out.
const FIRST_CYCLE: Date = date!(2000 - 07 - 03);
const SECOND_CYCLE: Date = date!(2025 - 02 - 22);
/// How far ahead of today a due date can lie; older readings of a factor start further on.
const AHEAD_MAX: Duration = Duration::days(5_500);

/// A bank slip ("boleto de cobrança") after the standard of Febraban: bank, due date, amount and
/// 25 digits that are the bank's own.
///
/// Storage, `Display` and serde use the 44 digits of the barcode; people get
/// [`Boleto::line`], the 47 digits they can type.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Boleto(String);

/// What is wrong with a boleto.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidBoleto {
    /// Not 44 digits of a barcode or 47 of a line, or a check digit is wrong.
    #[error("is not a valid boleto")]
    Malformed,
    /// The bank is not three digits, or begins with the 8 that marks slips of another standard.
    #[error("the bank is not a three-digit code of a boleto")]
    Bank,
    /// The due date has no factor: it lies before 2000-07-03 or after 2049-10-13.
    #[error("the due date does not fit on a boleto")]
    DueDate,
    /// The amount is negative or above 99999999.99.
    #[error("the amount does not fit on a boleto")]
    Amount,
    /// The bank's own part is not 25 digits.
    #[error("the free field is not 25 digits")]
    FreeField,
}

impl Boleto {
    /// Makes a boleto in reais. Without a due date it is payable on sight; an amount of zero
    /// leaves the amount to the payer.
    pub fn new(
        bank: &str,
        due: Option<Date>,
        amount: Cents,
        free_field: &str,
    ) -> Result<Self, InvalidBoleto> {
        if !is_digits(bank, 3) || bank.starts_with('8') {
            return Err(InvalidBoleto::Bank);
        }
        if !(0..=AMOUNT_MAX).contains(&amount.get()) {
            return Err(InvalidBoleto::Amount);
        }
        if !is_digits(free_field, 25) {
            return Err(InvalidBoleto::FreeField);
        }
        let factor = match due {
            Some(due) => due_factor(due).ok_or(InvalidBoleto::DueDate)?,
            None => 0,
        };
        let tail = format!("{factor:04}{:010}{free_field}", amount.get());
        let check = barcode_check_digit(&format!("{bank}9{tail}"));
        Ok(Self(format!("{bank}9{check}{tail}")))
    }

    /// The 44 digits of the barcode.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digits people type: `00190.50095 40144.816069 06809.350314 9 13430000014990`.
    pub fn line(&self) -> String {
        let free = self.free_field();
        let groups =
            [format!("{}9{}", self.bank(), &free[..5]), free[5..15].into(), free[15..].into()];
        let mut digits = String::with_capacity(47);
        for group in groups {
            digits += &group;
            digits += &luhn_digit(&group).to_string();
        }
        digits += &self.0[4..19];
        drawn(&digits, LINE_PICTURE)
    }

    /// The three digits of the bank.
    pub fn bank(&self) -> &str {
        &self.0[..3]
    }

    /// The amount; zero leaves it to the payer.
    pub fn amount(&self) -> Cents {
        Cents::new(self.0[9..19].parse().unwrap_or_default())
    }

    /// The due date as it is coded: days since 1997-10-07, from 2025-02-22 on less 9000.
    pub fn due_factor(&self) -> Option<u16> {
        self.0[5..9].parse().ok().filter(|factor| *factor != 0)
    }

    /// The due date, if there is one. A factor means one of two dates 9000 days apart; `today`
    /// decides: a date more than 5500 days ahead is read as the earlier one.
    pub fn due_date(&self, today: Date) -> Option<Date> {
        let days = Duration::days((self.due_factor()? - FACTOR_MIN).into());
        let late = SECOND_CYCLE + days;
        let reachable = late <= today.saturating_add(AHEAD_MAX);
        Some(if reachable { late } else { FIRST_CYCLE + days })
    }

    /// The 25 digits that are the bank's own.
    pub fn free_field(&self) -> &str {
        &self.0[19..]
    }
}

/// The factor of a due date, 1000 to 9999. It ran out on 2025-02-21 and began anew.
fn due_factor(due: Date) -> Option<u16> {
    let start = if due < SECOND_CYCLE { FIRST_CYCLE } else { SECOND_CYCLE };
    let days = (due - start).whole_days();
    let factor = u16::try_from(days).ok()?.checked_add(FACTOR_MIN)?;
    (factor <= FACTOR_MAX).then_some(factor)
}

/// Modulo 11 over the other 43 digits, weights 2 to 9 from the right; what would be 0, 10 or 11
/// is 1.
fn barcode_check_digit(digits: &str) -> u32 {
    let sum: u32 =
        values(digits).rev().zip((2..=9).cycle()).map(|(digit, weight)| digit * weight).sum();
    match 11 - sum % 11 {
        digit @ 2..=9 => digit,
        _ => 1,
    }
}

/// The barcode of a line whose three groups have the right check digits.
fn barcode_of_line(digits: &str) -> Option<String> {
    let groups = [&digits[..10], &digits[10..21], &digits[21..32]];
    let mut bodies = Vec::with_capacity(groups.len());
    for group in groups {
        let (body, check) = group.split_at(group.len() - 1);
        if luhn_digit(body).to_string() != check {
            return None;
        }
        bodies.push(body);
    }
    let (head, free) = bodies[0].split_at(4);
    Some(format!("{head}{}{free}{}{}", &digits[32..], bodies[1], bodies[2]))
}

impl FromStr for Boleto {
    type Err = InvalidBoleto;

    /// Accepts the 44 digits of the barcode, and the 47 of the line bare or formatted. Slips of
    /// utilities and taxes, which begin with 8 and follow another standard, are refused.
    fn from_str(text: &str) -> Result<Self, InvalidBoleto> {
        let barcode = if is_digits(text, 44) {
            text.to_owned()
        } else {
            bare(text, LINE_PICTURE)
                .filter(|digits| is_digits(digits, 47))
                .and_then(|digits| barcode_of_line(&digits))
                .ok_or(InvalidBoleto::Malformed)?
        };
        let others = format!("{}{}", &barcode[..4], &barcode[5..]);
        let boleto = Self(barcode);
        let factor_fits = boleto.due_factor().is_none_or(|factor| factor >= FACTOR_MIN);
        let is_checked = boleto.0[4..5] == barcode_check_digit(&others).to_string();
        let is_in_reais = boleto.0[3..4] == *"9";
        if factor_fits && is_checked && is_in_reais && !boleto.0.starts_with('8') {
            Ok(boleto)
        } else {
            Err(InvalidBoleto::Malformed)
        }
    }
}

impl TryFrom<String> for Boleto {
    type Error = InvalidBoleto;

    fn try_from(text: String) -> Result<Self, InvalidBoleto> {
        text.parse()
    }
}

impl fmt::Display for Boleto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
