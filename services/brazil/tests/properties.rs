//! Properties that hold for any input: parsing what was formatted gives the same value, and no
//! text makes a parser panic.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use brazil::*;
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use time::{Date, Duration, macros::date};

/// Checks that a value comes back from its text and from JSON.
fn round_trip<T>(value: &T)
where
    T: Display + Debug + FromStr<Err: Debug> + Serialize + DeserializeOwned + PartialEq,
{
    assert_eq!(&value.to_string().parse::<T>().unwrap(), value);
    let json = serde_json::to_string(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&json).unwrap(), value);
}

/// Parses `text` as `T`; if it is one, the value comes back from its own text.
fn try_as<T>(text: &str)
where
    T: Display + Debug + FromStr<Err: Debug> + Serialize + DeserializeOwned + PartialEq,
{
    if let Ok(value) = text.parse::<T>() {
        round_trip(&value);
    }
}

fn try_as_everything(text: &str) {
    try_as::<AreaCode>(text);
    try_as::<Boleto>(text);
    try_as::<Cents>(text);
    try_as::<Cep>(text);
    try_as::<Cnpj>(text);
    try_as::<Cpf>(text);
    try_as::<Email>(text);
    try_as::<EmailDomain>(text);
    try_as::<Iccid>(text);
    try_as::<Imei>(text);
    try_as::<Imsi>(text);
    try_as::<LineId>(text);
    try_as::<MobileNumber>(text);
    try_as::<PhoneNumber>(text);
    try_as::<PixCode>(text);
    try_as::<State>(text);
    if let Ok(key) = text.parse::<PixKey>() {
        assert_eq!(key.to_string().parse(), Ok(key));
    }
    if let Ok(code) = text.parse::<EsimActivationCode>() {
        assert_eq!(code.as_str().parse(), Ok(code.clone()));
    }
    if let Ok(number) = text.parse::<PhoneNumber>() {
        assert_eq!(number.formatted().parse(), Ok(number.clone()));
        number.masked();
    }
    if let Ok(email) = text.parse::<Email>() {
        email.masked();
        email.domain();
    }
}

prop_compose! {
    fn area_code()(index in 0..67_usize) -> AreaCode { AreaCode::all().nth(index).unwrap() }
}

prop_compose! {
    fn mobile()(
        area_code in area_code(),
        subscriber in MobileNumber::SUBSCRIBER_MIN..=MobileNumber::SUBSCRIBER_MAX,
    ) -> MobileNumber {
        MobileNumber::from_parts(area_code, subscriber).unwrap()
    }
}

prop_compose! {
    fn phone()(text in prop_oneof![
        mobile().prop_map(|number| number.to_string()),
        (area_code(), "[2-5][0-9]{7}").prop_map(|(area_code, rest)| format!("+55{area_code}{rest}")),
        "\\+55800[0-9]{6,7}",
        "\\+5530[03][0-9]{7}",
        "\\+55[34]00[0-9]{5}",
        "\\+554020[0-9]{4}",
    ]) -> PhoneNumber {
        text.parse().unwrap()
    }
}

prop_compose! {
    fn boleto()(
        bank in "[0-79][0-9]{2}",
        days in prop::option::of(0..18_000_i64),
        cents in 0..=9_999_999_999_i64,
        free_field in "[0-9]{25}",
    ) -> (Boleto, Option<Date>) {
        let due = days.map(|days| date!(2000 - 07 - 03) + Duration::days(days));
        (Boleto::new(&bank, due, Cents::new(cents), &free_field).unwrap(), due)
    }
}

prop_compose! {
    fn charge()(
        recipient in prop_oneof![
            Just("12345678909"), Just("12ABC34501DE35"), Just("+5511961234567"),
            Just("cobranca@example.com"), Just("123e4567-e12b-12d1-a456-426655440000"),
        ].prop_map(|key| PixRecipient::Key(key.parse().unwrap())),
        amount in prop::option::of(1..1_000_000_000_000_i64),
        merchant_name in "[A-Za-z][A-Za-zçãéüÑ .&-]{0,40}",
        merchant_city in "[A-Z][A-Za-zçãéüÑ ]{0,30}",
        reference in prop::option::of("[A-Za-z0-9]{1,25}"),
    ) -> PixCharge {
        PixCharge { recipient, amount: amount.map(Cents::new), merchant_name, merchant_city, reference }
    }
}

proptest! {
    #[test]
    fn no_text_makes_a_parser_panic(text in any::<String>()) {
        try_as_everything(&text);
    }

    #[test]
    fn no_nearly_right_text_makes_a_parser_panic(
        text in "\\+?(55|724|8955|LPA:1\\$|000201|A@)?[0-9A-Za-zé٣０.@$+() /-]{0,50}"
    ) {
        try_as_everything(&text);
    }

    #[test]
    fn a_phone_number_is_the_same_however_it_is_written(number in phone()) {
        round_trip(&number);
        prop_assert_eq!(number.formatted().parse::<PhoneNumber>().unwrap(), number.clone());
        prop_assert_eq!(number.is_mobile(), MobileNumber::try_from(number.clone()).is_ok());
        if number.area_code().is_some() {
            let national = number.national();
            for text in [national.to_owned(), format!("0{national}"), format!("55{national}")] {
                prop_assert_eq!(&text.parse::<PhoneNumber>().unwrap(), &number);
            }
        }
    }

    #[test]
    fn a_mobile_number_is_its_parts(number in mobile()) {
        round_trip(&number);
        let again = MobileNumber::from_parts(number.area_code(), number.subscriber());
        prop_assert_eq!(again, Ok(number.clone()));
        let phone = PhoneNumber::from(number.clone());
        prop_assert_eq!(phone.as_str(), number.as_str());
        prop_assert_eq!(phone.area_code(), Some(number.area_code()));
        prop_assert_eq!(phone.formatted(), number.formatted());
        prop_assert_eq!(phone.masked(), number.masked());
        prop_assert_eq!(MobileNumber::try_from(phone), Ok(number));
    }

    #[test]
    fn a_cep_survives_formatting(text in "[0-9]{8}") {
        let cep: Cep = text.parse().unwrap();
        round_trip(&cep);
        prop_assert_eq!(cep.formatted().parse(), Ok(cep));
    }

    #[test]
    fn an_address_is_the_same_in_any_case(text in "[a-z0-9+_]{1,20}@[a-z0-9]{1,20}\\.[a-z]{2,6}") {
        let email: Email = text.parse().unwrap();
        round_trip(&email);
        prop_assert_eq!(format!(" {} ", text.to_uppercase()).parse(), Ok(email.clone()));
        prop_assert_eq!(text.split('@').nth(1).unwrap().parse(), Ok(email.domain()));
    }

    #[test]
    fn money_survives_text(cents in any::<i64>()) {
        let amount = Cents::new(cents);
        round_trip(&amount);
        prop_assert_eq!(amount.formatted().replace('.', "").replace(',', "."), amount.to_string());
    }

    #[test]
    fn money_adds_up_or_says_it_does_not_fit(a in any::<i64>(), b in any::<i64>()) {
        let (a, b) = (Cents::new(a), Cents::new(b));
        prop_assert_eq!(a.checked_add(b), b.checked_add(a));
        prop_assert_eq!(a.checked_add(b).map(Cents::get), a.get().checked_add(b.get()));
        if let Some(sum) = a.checked_add(b) {
            prop_assert_eq!(sum.checked_sub(b), Some(a));
        }
        prop_assert_eq!(Cents::checked_sum([a, b]), a.checked_add(b));
    }

    #[test]
    fn a_product_is_off_by_half_a_cent_at_most(price in -1_000_000_000..1_000_000_000_i64, millis in -1_000_000..1_000_000_i64) {
        let total = Cents::new(price).times(millis).unwrap();
        let error = i128::from(price) * i128::from(millis) - i128::from(total.get()) * 1_000;
        prop_assert!(error.abs() <= 500);
        prop_assert!(error.abs() < 500 || total.get() % 2 == 0);
        prop_assert_eq!(Cents::new(-price).times(millis), Some(Cents::new(-total.get())));
    }

    #[test]
    fn whole_quantities_are_exact(price in any::<i32>(), quantity in -1_000..1_000_i64) {
        let price = i64::from(price);
        prop_assert_eq!(Cents::new(price).times(quantity * 1_000), Some(Cents::new(price * quantity)));
    }

    #[test]
    fn a_late_fee_grows_with_time_and_amount(principal in 0..1_000_000_000_i64, days in 0..5_000_u32) {
        let fee = late_fee(Cents::new(principal), days);
        prop_assert_eq!(Cents::checked_sum([Cents::new(principal), fee.fine, fee.interest]), Some(fee.total));
        prop_assert!(fee.total <= late_fee(Cents::new(principal), days + 1).total);
        prop_assert!(fee.total < late_fee(Cents::new(principal + 1), days).total);
        prop_assert!(i128::from(fee.interest.get()) * 3_000 <= i128::from(principal) * i128::from(days));
    }

    #[test]
    fn a_boleto_is_the_same_as_barcode_and_line((boleto, due) in boleto()) {
        round_trip(&boleto);
        prop_assert_eq!(boleto.line().parse(), Ok(boleto.clone()));
        let today = due.unwrap_or(date!(2026 - 01 - 01));
        prop_assert_eq!(boleto.due_date(today), due);
    }

    /// The three groups of the line only: the check digit of the rest is 1 for three remainders.
    #[test]
    fn one_wrong_digit_of_a_line_is_noticed(
        (boleto, _) in boleto(), index in 0..32_usize, digit in 0..10_u8
    ) {
        let line = boleto.line().replace(['.', ' '], "");
        let mut wrong = line.clone().into_bytes();
        wrong[index] = b'0' + digit;
        let wrong = String::from_utf8(wrong).unwrap();
        prop_assert_eq!(wrong.parse::<Boleto>().is_ok(), wrong == line);
    }

    #[test]
    fn a_pix_code_says_what_was_charged(charge in charge()) {
        let code = charge.code().unwrap();
        round_trip(&code);
        prop_assert!(code.as_str().is_ascii());
        let read = code.charge();
        prop_assert_eq!(&read.recipient, &charge.recipient);
        prop_assert_eq!(read.amount, charge.amount);
        prop_assert_eq!(&read.reference, &charge.reference);
        prop_assert_eq!(read.code().unwrap(), code);
    }

    #[test]
    fn one_wrong_byte_of_a_pix_code_is_noticed(
        charge in charge(), index in any::<prop::sample::Index>(), byte in b' '..b'~'
    ) {
        let code = charge.code().unwrap();
        let mut bytes = code.to_string().into_bytes();
        let index = index.index(bytes.len());
        bytes[index] = byte;
        let wrong = String::from_utf8(bytes).unwrap();
        let in_checksum = index >= wrong.len() - 4;
        let same = wrong == code.as_str()
            || (in_checksum && wrong.eq_ignore_ascii_case(code.as_str()));
        prop_assert_eq!(wrong.parse::<PixCode>().is_ok(), same);
    }

    #[test]
    fn an_area_code_belongs_to_its_state(code in area_code()) {
        round_trip(&code);
        let state = code.state();
        round_trip(&state);
        prop_assert!(state.area_codes().any(|other| other == code));
        prop_assert_eq!(state.area_codes().next(), Some(state.first_area_code()));
    }
}

#[test]
fn the_lowest_area_code_of_each_state_is_its_first() {
    for state in State::ALL {
        assert_eq!(state.area_codes().min(), Some(state.first_area_code()));
        assert_eq!(state.first_area_code().state(), state);
    }
}
