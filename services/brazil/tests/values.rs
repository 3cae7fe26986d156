//! What people and logs see of a value, and the edges of what is accepted.

use brazil::*;
use time::macros::date;

fn parsed<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

#[test]
fn logs_show_no_personal_value() {
    let shown = [
        format!("{:?}", parsed::<Cpf>("12345678909")),
        format!("{:?}", parsed::<PhoneNumber>("+551133334444")),
        format!("{:?}", parsed::<PhoneNumber>("08001234567")),
        format!("{:?}", parsed::<MobileNumber>("+5511961234567")),
        format!("{:?}", parsed::<Iccid>("89550600000000000127")),
        format!("{:?}", parsed::<Imei>("490154203237518")),
        format!("{:?}", parsed::<Imsi>("724061234567890")),
        format!("{:?}", parsed::<Email>("Joana.Lima@example.com")),
        format!("{:?}", parsed::<EsimActivationCode>("LPA:1$smdp.example.com$04386-AGYFT")),
        format!("{:?}", parsed::<PixKey>("12345678909")),
    ];
    assert_eq!(
        shown,
        [
            "Cpf(***.456.789-**)",
            "PhoneNumber((11) ****-4444)",
            "PhoneNumber(0*** *** 4567)",
            "MobileNumber((11) *****-4567)",
            "Iccid(*0000127)",
            "Imei(49015420*******)",
            "Imsi(72406**********)",
            "Email(j***@example.com)",
            "EsimActivationCode(***)",
            "Cpf(Cpf(***.456.789-**))",
        ]
    );
}

#[test]
fn a_refusal_does_not_repeat_the_value() {
    let refusal = serde_json::from_str::<Cpf>("\"12345678900\"").unwrap_err();
    assert_eq!(refusal.to_string(), "is not a valid CPF");
    let refusal = "+14155552671".parse::<PhoneNumber>().unwrap_err();
    assert_eq!(refusal.to_string(), "is a phone number of another country");
}

#[test]
fn phone_numbers_are_written_as_brazilians_do() {
    for (text, formatted) in [
        ("+5511961234567", "(11) 96123-4567"),
        ("(11) 3333.4444", "(11) 3333-4444"),
        ("0800 123 4567", "0800 123 4567"),
        ("0800 123456", "0800 123456"),
        ("0300 123 4567", "0300 123 4567"),
        ("4004-1234", "4004-1234"),
        ("55 4004-1234", "(55) 4004-1234"),
        ("+55 4004-1234", "4004-1234"),
        ("+55 (11) 96123-4567", "(11) 96123-4567"),
    ] {
        assert_eq!(parsed::<PhoneNumber>(text).formatted(), formatted);
    }
}

#[test]
fn dead_and_odd_phone_numbers_are_refused() {
    for text in ["", "+", "+55", "119612345", "1161234567", "11٩61234567", "11 96123-456x"] {
        assert_eq!(text.parse::<PhoneNumber>(), Err(InvalidPhoneNumber::Invalid), "{text}");
    }
    assert_eq!("1".repeat(1_000_000).parse::<PhoneNumber>(), Err(InvalidPhoneNumber::Invalid));
    assert!("+551133334444".parse::<MobileNumber>().is_err());
    let area_code = AreaCode::try_from(11_u32).unwrap();
    assert_eq!(MobileNumber::from_parts(area_code, 899_999_999), Err(InvalidMobileNumber));
}

#[test]
fn states_and_area_codes_are_read_from_columns_and_json() {
    assert_eq!(State::try_from("sp".to_owned()), Ok(State::SaoPaulo));
    assert_eq!(serde_json::to_string(&State::SaoPaulo).unwrap(), "\"SP\"");
    assert_eq!("XX".parse::<State>(), Err(InvalidState));
    let code = AreaCode::try_from(41_i16).unwrap();
    assert_eq!(serde_json::to_string(&code).unwrap(), "41");
    assert_eq!(serde_json::from_str::<AreaCode>("41").unwrap(), code);
    assert!(serde_json::from_str::<AreaCode>("20").is_err());
    assert!(serde_json::from_str::<AreaCode>("267").is_err());
}

#[test]
fn a_sim_card_is_named_by_its_end() {
    assert_eq!(parsed::<Iccid>("89550600000000000127").last_seven(), "0000127");
}

#[test]
fn addresses_that_cannot_be_written_to_are_refused() {
    let long_local = format!("{}@example.com", "a".repeat(65));
    let long = format!("a@{}com", "example.".repeat(32));
    for text in [
        "",
        "@",
        "a",
        "a@",
        "@b.com",
        "a@b",
        "a@b@c.com",
        "a b@c.com",
        "a@c .com",
        "a\n@c.com",
        "a..b@c.com",
        ".a@c.com",
        "a@-c.com",
        "a@c..com",
        "a@c.com.",
        "a@1.2.3.4",
        "\"a\"@c.com",
        "a@c.com\u{0}",
        "<a@c.com>",
        &long_local,
        &long,
    ] {
        assert_eq!(text.parse::<Email>(), Err(InvalidEmail), "{text}");
    }
    for (text, canonical) in [
        (" Ana@Example.COM ", "ana@example.com"),
        ("ana+tag@sub.example.com.br", "ana+tag@sub.example.com.br"),
        ("JOÃO@EXEMPLO-É.com.br", "joão@exemplo-é.com.br"),
    ] {
        assert_eq!(parsed::<Email>(text).as_str(), canonical);
    }
}

#[test]
fn activation_codes_have_the_five_forms_of_the_standard() {
    for (text, confirmed) in [
        ("LPA:1$smdp.example.com$04386-AGYFT", false),
        ("LPA:1$smdp.example.com$04386-AGYFT$1.3.6.1.4.1.31746", false),
        ("LPA:1$smdp.example.com$04386-AGYFT$1.3.6.1.4.1.31746$1", true),
        ("LPA:1$smdp.example.com$04386-AGYFT$$1", true),
    ] {
        let code: EsimActivationCode = parsed(text);
        assert_eq!((code.as_str(), code.server()), (text, "smdp.example.com"));
        assert_eq!(code.needs_confirmation_code(), confirmed);
    }
    for text in [
        "",
        "LPA:1$",
        "LPA:1$smdp.example.com$",
        "LPA:1$smdp$ABC",
        "LPA:2$smdp.example.com$ABC",
        "1$smdp.example.com$ABC",
        "LPA:1$smdp.example.com$AB C",
        "LPA:1$smdp.example.com$ABC$",
        "LPA:1$smdp.example.com$ABC$1.2$2",
        "LPA:1$smdp.example.com$ABC$1.2$1$",
    ] {
        assert!(text.parse::<EsimActivationCode>().is_err(), "{text}");
    }
}

#[test]
fn money_is_read_exactly_or_not_at_all() {
    for (text, cents) in [
        ("149.90", 14_990),
        ("149.9", 14_990),
        ("149", 14_900),
        ("-0.01", -1),
        ("0.07", 7),
        ("92233720368547758.07", i64::MAX),
        ("-92233720368547758.08", i64::MIN),
    ] {
        assert_eq!(text.parse(), Ok(Cents::new(cents)));
    }
    for text in [
        "",
        "-",
        ".",
        ".5",
        "5.",
        "1.005",
        "1,50",
        "1.234,56",
        "1e3",
        "+1",
        "--1",
        " 1",
        "R$ 1",
        "٣",
        "1.-5",
        "92233720368547758.08",
    ] {
        assert_eq!(text.parse::<Cents>(), Err(InvalidCents), "{text}");
    }
}

#[test]
fn money_is_written_as_brazilians_do() {
    for (cents, formatted, decimal) in [
        (0, "0,00", "0.00"),
        (7, "0,07", "0.07"),
        (-5, "-0,05", "-0.05"),
        (99_999, "999,99", "999.99"),
        (123_456, "1.234,56", "1234.56"),
        (-123_456_789, "-1.234.567,89", "-1234567.89"),
        (i64::MIN, "-92.233.720.368.547.758,08", "-92233720368547758.08"),
    ] {
        assert_eq!(Cents::new(cents).formatted(), formatted);
        assert_eq!(Cents::new(cents).to_string(), decimal);
    }
}

#[test]
fn half_a_cent_goes_to_the_even_neighbour() {
    for (price, quantity_millis, total) in [
        (10_000, 1_500, 15_000),
        (1, 500, 0),
        (3, 500, 2),
        (5, 500, 2),
        (1, 501, 1),
        (-1, 500, 0),
        (-3, 500, -2),
        (999, 333, 333),
    ] {
        assert_eq!(Cents::new(price).times(quantity_millis), Some(Cents::new(total)));
    }
    assert_eq!(Cents::MAX.times(1_001), None);
}

fn pix_charge() -> PixCharge {
    PixCharge {
        recipient: PixRecipient::Key(parsed("+5511961234567")),
        amount: Some(Cents::new(1)),
        merchant_name: "João  Conceição & Irmãos Telecomunicações Ltda".into(),
        merchant_city: "São José do Rio Preto".into(),
        reference: None,
    }
}

#[test]
fn a_pix_code_holds_plain_names_that_fit() {
    let code = pix_charge().code().unwrap();
    assert_eq!(code.charge().merchant_name, "Joao Conceicao & Irmaos T");
    assert_eq!(code.charge().merchant_city, "Sao Jose do Rio");
}

#[test]
fn what_cannot_be_charged_by_pix_is_refused() {
    let refused = |charge: PixCharge| charge.code().unwrap_err();
    let charge = pix_charge;
    let free = PixCharge { amount: Some(Cents::ZERO), ..charge() };
    assert_eq!(refused(free), InvalidPixCharge::Amount);
    let huge = PixCharge { amount: Some(Cents::MAX), ..charge() };
    assert_eq!(refused(huge), InvalidPixCharge::Amount);
    let nameless = PixCharge { merchant_name: "日本".into(), ..charge() };
    assert_eq!(refused(nameless), InvalidPixCharge::MerchantName);
    let homeless = PixCharge { merchant_city: "  ".into(), ..charge() };
    assert_eq!(refused(homeless), InvalidPixCharge::MerchantCity);
    let long = PixCharge { reference: Some("A".repeat(26)), ..charge() };
    assert_eq!(refused(long), InvalidPixCharge::Reference);
    for location in ["", "pix.example.com", "https://pix.example.com/qr", "localhost/qr"] {
        let recipient = PixRecipient::Location(location.into());
        assert_eq!(refused(PixCharge { recipient, ..charge() }), InvalidPixCharge::Location);
    }
}

#[test]
fn a_damaged_pix_code_is_told_from_another_text() {
    let text = pix_charge().code().unwrap().to_string();
    let damaged = text.replace("0.01", "9.01");
    assert_eq!(damaged.parse::<PixCode>(), Err(InvalidPixCode::Checksum));
    assert_eq!(text[..60].parse::<PixCode>(), Err(InvalidPixCode::Malformed));
    assert_eq!("6304FFFF".parse::<PixCode>(), Err(InvalidPixCode::Malformed));
}

#[test]
fn what_does_not_fit_on_a_boleto_is_refused() {
    let free = "0".repeat(25);
    let boleto = |bank, due, cents, free: &str| Boleto::new(bank, due, Cents::new(cents), free);
    assert_eq!(boleto("01", None, 1, &free), Err(InvalidBoleto::Bank));
    assert_eq!(boleto("801", None, 1, &free), Err(InvalidBoleto::Bank));
    assert_eq!(boleto("001", None, -1, &free), Err(InvalidBoleto::Amount));
    assert_eq!(boleto("001", None, 10_000_000_000, &free), Err(InvalidBoleto::Amount));
    assert_eq!(boleto("001", None, 1, "0"), Err(InvalidBoleto::FreeField));
    for due in [date!(2000 - 07 - 02), date!(2049 - 10 - 14)] {
        assert_eq!(boleto("001", Some(due), 1, &free), Err(InvalidBoleto::DueDate));
    }
    assert!(boleto("001", Some(date!(2049 - 10 - 13)), 1, &free).is_ok());
    assert_eq!(boleto("001", None, 1, &free).unwrap().due_date(date!(2026 - 08 - 01)), None);
}

#[test]
fn pix_keys_are_told_apart_by_their_form() {
    assert!(matches!("12345678909".parse(), Ok(PixKey::Cpf(_))));
    assert!(matches!("12abc34501de35".parse(), Ok(PixKey::Cnpj(_))));
    assert!(matches!("+5511961234567".parse(), Ok(PixKey::Phone(_))));
    assert!(matches!("Cobranca@example.com".parse(), Ok(PixKey::Email(_))));
    let random = "123e4567-e12b-12d1-a456-426655440000";
    assert!(matches!(random.parse(), Ok(PixKey::Random(_))));
    for text in ["", "11961234567", "+551133334444", "123e4567"] {
        assert_eq!(text.parse::<PixKey>(), Err(InvalidPixKey), "{text}");
    }
}

#[test]
fn states_have_codes_of_their_own() {
    let mut codes: Vec<u8> = State::ALL.into_iter().map(State::ibge_code).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), State::ALL.len());
    assert!(codes.iter().all(|code| (11..=53).contains(code)));
    assert_eq!((State::SaoPaulo.ibge_code(), State::Parana.ibge_code()), (35, 41));
}
