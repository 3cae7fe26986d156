//! What check digits guarantee: nothing is lost by formatting, and a slip of one character is
//! noticed, save where the scheme itself is blind.

use brazil::{Cnpj, Cpf, Iccid, Imei};
use proptest::prelude::*;

/// The one ending of `base` that makes a value, found by trying all of them.
fn completed<T: std::str::FromStr>(base: &str, check_digits: usize) -> Option<String> {
    (0..10_usize.pow(check_digits as u32))
        .map(|ending| format!("{base}{ending:0check_digits$}"))
        .find(|text| text.parse::<T>().is_ok())
}

prop_compose! {
    fn cpf()(text in "[0-9]{9}".prop_filter_map("repdigit", |base| completed::<Cpf>(&base, 2)))
        -> String { text }
}

prop_compose! {
    fn cnpj()(text in prop_oneof!["[0-9]{12}", "[0-9A-Z]{12}"]
        .prop_filter_map("zero", |base| completed::<Cnpj>(&base, 2))) -> String { text }
}

prop_compose! {
    fn iccid()(text in prop_oneof!["8955[0-9]{14}", "8955[0-9]{15}"]
        .prop_filter_map("none", |base| completed::<Iccid>(&base, 1))) -> String { text }
}

prop_compose! {
    fn imei()(text in "[0-9]{14}".prop_filter_map("zero", |base| completed::<Imei>(&base, 1)))
        -> String { text }
}

fn with_character(text: &str, index: usize, character: char) -> String {
    text.chars().enumerate().map(|(at, old)| if at == index { character } else { old }).collect()
}

/// How far a change moves a character's value, modulo 11, as a distance from zero.
fn distance(text: &str, index: usize, character: char) -> i32 {
    let change = (character as i32 - text.as_bytes()[index] as i32).rem_euclid(11);
    change.min(11 - change)
}

/// A check digit is 0 for the remainders 0 and 1 alike, so a change slips through where it moves
/// each remainder by one or not at all. The weights allow that at two places only.
fn cpf_is_blind(index: usize, distance: i32) -> bool {
    matches!((index, distance), (0, 1) | (5, 2))
}

/// As for a CPF. Besides, characters whose values differ by a multiple of 11 are one to the
/// scheme.
fn cnpj_is_blind(index: usize, distance: i32) -> bool {
    matches!((index, distance), (_, 0) | (0 | 8, 2) | (4, 5))
}

#[test]
fn the_blind_spots_are_real() {
    for twins in [["82009675304", "72009675304"], ["23257183100", "23257383100"]] {
        assert!(twins.iter().all(|text| text.parse::<Cpf>().is_ok()));
    }
    for twins in [
        ["74896185802000", "94896185802000"],
        ["74896185802000", "74891185802000"],
        ["97571759800600", "97571759600600"],
        ["60000000000113", "A0000000000113"],
    ] {
        assert!(twins.iter().all(|text| text.parse::<Cnpj>().is_ok()));
    }
}

proptest! {
    #[test]
    fn a_cpf_survives_formatting(text in cpf()) {
        let cpf: Cpf = text.parse().unwrap();
        prop_assert_eq!(cpf.as_str(), &text);
        prop_assert_eq!(cpf.formatted().parse::<Cpf>().unwrap(), cpf.clone());
        prop_assert_eq!(Cpf::try_from(cpf.to_string()).unwrap(), cpf);
    }

    #[test]
    fn a_cnpj_survives_formatting_and_case(text in cnpj()) {
        let cnpj: Cnpj = text.parse().unwrap();
        prop_assert_eq!(cnpj.as_str(), &text);
        prop_assert_eq!(cnpj.formatted().parse::<Cnpj>().unwrap(), cnpj.clone());
        prop_assert_eq!(cnpj.formatted().to_lowercase().parse::<Cnpj>().unwrap(), cnpj);
    }

    #[test]
    fn one_wrong_digit_of_a_cpf_is_noticed(text in cpf(), index in 0..11_usize, digit in "[0-9]") {
        let digit = digit.chars().next().unwrap();
        let wrong = with_character(&text, index, digit);
        let blind = wrong == text || cpf_is_blind(index, distance(&text, index, digit));
        prop_assert!(blind || wrong.parse::<Cpf>().is_err());
    }

    #[test]
    fn one_wrong_character_of_a_cnpj_is_noticed(
        text in cnpj(), index in 0..14_usize, character in "[0-9A-Z]"
    ) {
        let character = character.chars().next().unwrap();
        let blind = cnpj_is_blind(index, distance(&text, index, character));
        prop_assert!(blind || with_character(&text, index, character).parse::<Cnpj>().is_err());
    }

    #[test]
    fn one_wrong_digit_of_an_iccid_is_noticed(
        text in iccid(), index in any::<prop::sample::Index>(), digit in "[0-9]"
    ) {
        let wrong = with_character(&text, index.index(text.len()), digit.chars().next().unwrap());
        prop_assert_eq!(wrong.parse::<Iccid>().is_ok(), wrong == text);
    }

    #[test]
    fn one_wrong_digit_of_an_imei_is_noticed(text in imei(), index in 0..15_usize, digit in "[0-9]") {
        let wrong = with_character(&text, index, digit.chars().next().unwrap());
        prop_assert_eq!(wrong.parse::<Imei>().is_ok(), wrong == text);
    }
}
