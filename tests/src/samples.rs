//! Input that is valid, and not used before.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

static NEXT: AtomicU64 = AtomicU64::new(1);

/// A number that no other call of this process gets.
pub fn unique() -> u64 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// An address that nobody has yet.
pub fn email() -> String {
    format!("person{}@mail.example", unique())
}

/// A taxpayer number with right check digits.
pub fn cpf() -> String {
    complete(&format!("{:09}", 100_000_000 + unique()), |text| text.parse::<brazil::Cpf>().is_ok())
}

/// A company's number with right check digits.
pub fn cnpj() -> String {
    let stem = format!("{:08}0001", 50_000_000 + unique());
    complete(&stem, |text| text.parse::<brazil::Cnpj>().is_ok())
}

/// An ICCID that no other call of this process gets.
pub fn iccid() -> String {
    let stem = format!("895507{:011}", unique());
    complete(&stem, |text| text.parse::<brazil::Iccid>().is_ok())
}

fn complete(stem: &str, is_valid: impl Fn(&str) -> bool) -> String {
    (0..100)
        .map(|digits| format!("{stem}{digits:02}"))
        .find(|text| is_valid(text))
        .expect("one pair of check digits fits")
}

/// The seed's samples, with values that can exist.
pub struct Sample;

impl Sample {
    /// A snake_case address.
    pub fn address() -> Value {
        json!({
            "zip_code": "80010-010",
            "street_name": "Rua Marechal Deodoro",
            "street_number": 666,
            "complement": "Apartamento 101",
            "neighborhood": "Centro",
            "city": "Curitiba",
            "state": "PR"
        })
    }

    /// A form for a line of one's own.
    pub fn signup_form(email: &str, plan_id: &str, area_code: u32) -> Value {
        json!({
            "email": email,
            "full_name": "Jhon Smith",
            "social_name": "Jane Smith",
            "phone_number": "+5541999999999",
            "cpf": "111.444.777-35",
            "date_of_birth": "1994-10-29",
            "subscription_plan_id": plan_id,
            "area_code": area_code,
            "address": Self::address()
        })
    }

    /// Password and its confirmation.
    pub fn password() -> Value {
        json!({ "password": "Passw0rd!", "confirm_password": "Passw0rd!" })
    }

    /// A company to be registered.
    pub fn company() -> Value {
        json!({
            "officialName": format!("Company {} Ltda", unique()),
            "tradingName": "Trading Name",
            "cnpj": cnpj(),
            "phoneNumber": "+5541987654321",
            "email": email(),
            "billingEmail": email(),
            "address": Self::address()
        })
    }

    /// An employee to be registered.
    pub fn employee(company_id: &str) -> Value {
        json!({
            "fullName": "Test McTest",
            "socialName": "The Scatman",
            "status": "active",
            "workEmail": email(),
            "personalEmail": email(),
            "workPhoneNumber": "+5541987654321",
            "personalPhoneNumber": "+5541912345678",
            "cpf": "123.456.789-09",
            "position": "CEO",
            "area": "Marketing",
            "birthDate": "1990-01-01",
            "companyId": company_id,
            "admittedAt": "2020-01-01T00:00:00Z",
            "terminatedAt": null,
            "address": {
                "zipCode": "80000-000",
                "streetName": "Rua da rua",
                "streetNumber": "123",
                "complement": "Apto apartamento",
                "neighborhood": "Bairro do bairro",
                "city": "Cidade da cidade",
                "state": "PR"
            }
        })
    }
}
