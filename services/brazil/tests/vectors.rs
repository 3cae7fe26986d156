//! Every vector of `vectors/brazil.json`, which was computed by other implementations.

use std::fmt::Debug;
use std::str::FromStr;

use brazil::{
    AreaCode, Boleto, BusinessCalendar, Cents, Cnpj, Cpf, Iccid, Imei, InvalidPhoneNumber,
    MobileNumber, NonPaymentTerms, PhoneNumber, PixCode, PortabilityDays, late_fee,
};
use serde::Deserialize;
use time::Date;
use time::macros::format_description;

#[derive(Deserialize)]
struct Vectors {
    cpf: Vec<CheckedNumber>,
    cnpj: Vec<CheckedNumber>,
    area_codes: AreaCodes,
    phone_numbers: Vec<Phone>,
    iccid: Vec<CheckedNumber>,
    imei: Vec<CheckedNumber>,
    portability_days: Vec<Portability>,
    late_fee_cents: Vec<Late>,
    nonpayment: Vec<NonPayment>,
    pix_copia_e_cola: Vec<String>,
    boleto: Vec<Slip>,
}

#[derive(Deserialize)]
struct CheckedNumber {
    input: String,
    valid: bool,
    formatted: Option<String>,
}

#[derive(Deserialize)]
struct AreaCodes {
    valid: Vec<u32>,
    void: Vec<u32>,
}

#[derive(Deserialize)]
struct Phone {
    input: String,
    brazilian: bool,
    kind: String,
    e164: Option<String>,
}

#[derive(Deserialize)]
struct Portability {
    requested: String,
    donor_answers_by: String,
    cancel_until: String,
    earliest_window: String,
}

#[derive(Deserialize)]
struct Late {
    principal: i64,
    days_late: u32,
    fine: i64,
    interest: i64,
    total: i64,
}

#[derive(Deserialize)]
struct NonPayment {
    notice: String,
    suspend_from: String,
    terminate_from: String,
}

#[derive(Deserialize)]
struct Slip {
    bank: String,
    due: String,
    factor: u16,
    cents: i64,
    barcode: String,
    line: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../vectors/brazil.json")).unwrap()
}

fn date(text: &str) -> Date {
    Date::parse(text, format_description!("[year]-[month]-[day]")).unwrap()
}

fn judge<T: FromStr<Err: Debug>>(vectors: &[CheckedNumber], formatted: impl Fn(&T) -> String) {
    assert!(!vectors.is_empty());
    for vector in vectors {
        let parsed = vector.input.parse::<T>();
        assert_eq!(parsed.is_ok(), vector.valid, "{}", vector.input);
        if let Some(expected) = &vector.formatted {
            assert_eq!(&formatted(&parsed.unwrap()), expected);
        }
    }
}

#[test]
fn check_digits_are_judged_alike() {
    let vectors = vectors();
    judge(&vectors.cpf, Cpf::formatted);
    judge(&vectors.cnpj, Cnpj::formatted);
    judge(&vectors.iccid, Iccid::to_string);
    judge(&vectors.imei, Imei::to_string);
}

#[test]
fn the_area_codes_are_the_67() {
    let vectors = vectors();
    let codes: Vec<u32> = AreaCode::all().map(|code| code.get().into()).collect();
    assert_eq!(codes, vectors.area_codes.valid);
    for void in vectors.area_codes.void {
        assert!(AreaCode::try_from(void).is_err(), "{void}");
    }
}

#[test]
fn phone_numbers_are_told_apart() {
    for vector in vectors().phone_numbers {
        let parsed = vector.input.parse::<PhoneNumber>();
        assert_eq!(parsed.is_ok(), vector.brazilian, "{}", vector.input);
        let is_mobile = vector.kind == "mobile";
        assert_eq!(vector.input.parse::<MobileNumber>().is_ok(), is_mobile, "{}", vector.input);
        match parsed {
            Ok(number) => {
                assert_eq!(number.kind().as_str(), vector.kind);
                assert_eq!(Some(number.to_string()), vector.e164);
            }
            Err(InvalidPhoneNumber::Foreign) => assert_eq!(vector.kind, "foreign"),
            Err(InvalidPhoneNumber::Invalid) => assert_eq!(vector.kind, "unknown"),
        }
    }
}

#[test]
fn portability_counts_business_days() {
    let calendar = BusinessCalendar::national();
    for vector in vectors().portability_days {
        assert_eq!(
            PortabilityDays::from_request(date(&vector.requested), &calendar),
            PortabilityDays {
                donor_answers_by: date(&vector.donor_answers_by),
                cancel_until: date(&vector.cancel_until),
                earliest_window: date(&vector.earliest_window),
            },
            "{}",
            vector.requested
        );
    }
}

#[test]
fn late_fees_are_cut_to_the_cent() {
    for vector in vectors().late_fee_cents {
        let fee = late_fee(Cents::new(vector.principal), vector.days_late);
        assert_eq!(
            (fee.fine.get(), fee.interest.get(), fee.total.get()),
            (vector.fine, vector.interest, vector.total),
            "{} after {} days",
            vector.principal,
            vector.days_late
        );
    }
}

#[test]
fn non_payment_waits_its_terms() {
    for vector in vectors().nonpayment {
        let dates = NonPaymentTerms::default().dates(date(&vector.notice));
        assert_eq!(dates.suspend_from, date(&vector.suspend_from));
        assert_eq!(dates.terminate_from, date(&vector.terminate_from));
    }
}

#[test]
fn pix_codes_are_read_and_written_alike() {
    for text in vectors().pix_copia_e_cola {
        let code: PixCode = text.parse().unwrap();
        assert_eq!(code.as_str(), text);
        assert_eq!(code.charge().code().unwrap(), code);
    }
}

#[test]
fn boletos_are_read_and_written_alike() {
    for vector in vectors().boleto {
        let (due, amount) = (date(&vector.due), Cents::new(vector.cents));
        let free_field = &vector.barcode[19..];
        let boleto = Boleto::new(&vector.bank, Some(due), amount, free_field).unwrap();
        assert_eq!(boleto.as_str(), vector.barcode);
        assert_eq!(boleto.line(), vector.line);
        assert_eq!(boleto.due_factor(), Some(vector.factor));
        assert_eq!(boleto.due_date(date("2026-08-01")), Some(due));
        assert_eq!(boleto.bank(), vector.bank);
        assert_eq!(boleto.amount(), amount);
        assert_eq!(vector.barcode.parse(), Ok(boleto.clone()));
        assert_eq!(vector.line.parse(), Ok(boleto.clone()));
        assert_eq!(vector.line.replace(['.', ' '], "").parse(), Ok(boleto));
    }
}
