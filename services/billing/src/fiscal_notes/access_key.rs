//! The access key of an NFCom, as the taxpayer's manual of model 62 lays it out.

use brazil::{Cnpj, State};
use time::Date;

use super::FiscalSeries;

const MODEL: &str = "62";
/// Normal issue, as opposed to contingency.
const ISSUE_NORMAL: &str = "1";
/// The authorizer has one site.
const SITE_ONLY: &str = "0";
const RANDOM_CODES: u128 = 10_000_000;

/// What tells one NFCom from all others.
pub(crate) struct KeyParts<'a> {
    /// Where the issuer is.
    pub(crate) state: State,
    /// On which day it is issued.
    pub(crate) issued_on: Date,
    /// Who issues it.
    pub(crate) issuer: &'a Cnpj,
    /// Its series.
    pub(crate) series: FiscalSeries,
    /// Its number, of at most nine digits.
    pub(crate) number: i64,
    /// Something that cannot be guessed; seven digits of it go into the key.
    pub(crate) random: u128,
}

/// The key: state (2), year and month (4), CNPJ (14), model (2), series (3), number (9), way of
/// issue (1), site of the authorizer (1), random code (7), check digit (1).
pub(crate) fn access_key(parts: &KeyParts<'_>) -> String {
    let KeyParts { state, issued_on, issuer, series, number, random } = parts;
    let body = format!(
        "{:02}{:02}{:02}{issuer}{MODEL}{:03}{number:09}{ISSUE_NORMAL}{SITE_ONLY}{:07}",
        state.ibge_code(),
        issued_on.year().rem_euclid(100),
        u8::from(issued_on.month()),
        series.get(),
        random % RANDOM_CODES,
    );
    format!("{body}{}", check_digit(&body))
}

/// Modulo 11 with the weights 2 to 9 from the right; what would be 10 or 11 is 0. A letter, which
/// a CNPJ may have, counts as its ASCII code less 48.
fn check_digit(body: &str) -> u32 {
    let sum: u32 = body
        .bytes()
        .rev()
        .zip((2..=9).cycle())
        .map(|(byte, weight)| u32::from(byte.wrapping_sub(b'0')) * weight)
        .sum();
    match sum % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::date;

    use super::*;

    fn parts(issuer: &Cnpj, number: i64, random: u128) -> KeyParts<'_> {
        KeyParts {
            state: State::Parana,
            issued_on: date!(2026 - 11 - 05),
            issuer,
            series: "7".parse().unwrap(),
            number,
            random,
        }
    }

    #[test]
    fn the_parts_stand_in_their_places() {
        let issuer = "11.222.333/0001-81".parse().unwrap();
        let key = access_key(&parts(&issuer, 123, 98_7654_3210));
        assert_eq!(key.len(), 44);
        assert_eq!(&key[..43], "4126111122233300018162007000000123106543210");
        assert_eq!(key[43..].parse(), Ok(check_digit(&key[..43])));
    }

    #[test]
    fn the_check_digit_is_the_manuals() {
        // The worked example of the manual of the national fiscal documents.
        assert_eq!(check_digit("5206043300991100250655012000000780026730161"), 5);
        // A remainder of 0 or 1 leaves no digit.
        assert_eq!(check_digit("0"), 0);
        assert_eq!(check_digit("6"), 0);
        assert_eq!(check_digit("5"), 1);
    }

    proptest! {
        #[test]
        fn a_wrong_digit_shows(number in 1_i64..=999_999_999, random: u128, at in 0_usize..43) {
            let issuer = "11.222.333/0001-81".parse().unwrap();
            let key = access_key(&parts(&issuer, number, random));
            prop_assert_eq!(key.len(), 44);
            prop_assert!(key.bytes().all(|byte| byte.is_ascii_digit()));
            let mut wrong = key.as_bytes()[..43].to_vec();
            wrong[at] = b'0' + (wrong[at] - b'0' + 1) % 10;
            let wrong = String::from_utf8(wrong).unwrap();
            // 10 and 11 share a digit, so a single slip may hide behind a 0 only.
            let (right, slip) = (check_digit(&key[..43]), check_digit(&wrong));
            prop_assert!(right != slip || right == 0);
        }
    }
}
