//! Users, managers and members, partners.

use proto::identity::v1 as identity;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::address::Address;
use super::{Names, object};
use crate::body::Input;

/// A person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "8307fddf-2cdc-47f4-bbc1-5bc26fa78fbc",
    "email": "john.smith@example.com",
    "full_name": "Jhon Smith",
    "social_name": "Jane Smith",
    "phone_number": "+5511999999999",
    "cpf": "111.444.777-35",
    "date_of_birth": "1994-10-29",
    "address": null
}))]
pub(crate) struct User {
    /// Its id.
    #[schema(format = Uuid)]
    id: String,
    /// The e-mail that logs in.
    email: String,
    /// Name.
    #[schema(required = true)]
    full_name: Option<String>,
    /// Name the person goes by.
    #[schema(required = true)]
    social_name: Option<String>,
    /// Contact number.
    #[schema(required = true)]
    phone_number: Option<String>,
    /// CPF.
    #[schema(required = true)]
    cpf: Option<String>,
    /// Date of birth, ISO 8601.
    #[schema(required = true)]
    date_of_birth: Option<String>,
    /// Home.
    #[schema(required = true)]
    address: Option<Address>,
}

impl From<identity::User> for User {
    fn from(user: identity::User) -> Self {
        Self {
            id: user.id,
            email: user.email,
            full_name: user.full_name,
            social_name: user.social_name,
            phone_number: user.phone_number,
            cpf: user.cpf,
            date_of_birth: user.date_of_birth,
            address: user.address.map(Into::into),
        }
    }
}

/// What the members of a user's change are called in the contract.
pub(crate) const USER_NAMES: Names = Names::new(
    "user",
    &[
        ("phoneNumber", "phone_number"),
        ("email", "email"),
        ("fullName", "full_name"),
        ("socialName", "social_name"),
        ("cpf", "cpf"),
        ("dateOfBirth", "date_of_birth"),
        ("address", "address"),
    ],
);

/// A change of a user's registration data.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "phoneNumber": "+5541987654321",
    "email": "new@email.com",
    "fullName": "New Name",
    "socialName": "New Social Name",
    "cpf": "01234567890",
    "dateOfBirth": "2000-01-01",
    "address": {
        "zip_code": "80010-010",
        "street_name": "Rua Marechal Deodoro",
        "street_number": 666,
        "complement": "Apartamento 101",
        "neighborhood": "Centro",
        "city": "Curitiba",
        "state": "PR"
    }
}))]
pub(crate) struct UserChange {
    /// Contact number.
    phone_number: Option<String>,
    /// The new e-mail; it counts once the link that is mailed there was used.
    email: Option<String>,
    /// Name.
    full_name: Option<String>,
    /// Name the person goes by.
    social_name: Option<String>,
    /// CPF, formatted or not.
    cpf: Option<String>,
    /// Date of birth, ISO 8601.
    #[schema(format = Date)]
    date_of_birth: Option<String>,
    /// Home.
    #[serde(default, deserialize_with = "object")]
    address: Option<Address>,
}

impl Input for UserChange {
    const REQUIRED: &'static [&'static str] = &[];
}

impl UserChange {
    /// The user in the terms of the contract.
    pub(crate) fn into_user(self, id: String) -> identity::User {
        identity::User {
            id,
            email: self.email.unwrap_or_default(),
            full_name: self.full_name,
            social_name: self.social_name,
            phone_number: self.phone_number,
            cpf: self.cpf,
            date_of_birth: self.date_of_birth,
            address: self.address.map(Into::into),
            ..identity::User::default()
        }
    }
}

/// A person to be given a role.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({"user_email": "test@mctest.com", "user_name": "Test McTest"}))]
pub(crate) struct NamedPerson {
    /// E-mail; an unknown one is invited.
    #[serde(default)]
    #[schema(required = true)]
    pub(crate) user_email: String,
    /// Name of somebody who is invited; others keep their own.
    #[serde(default)]
    #[schema(required = true)]
    pub(crate) user_name: String,
}

impl Input for NamedPerson {
    const REQUIRED: &'static [&'static str] = &["user_email", "user_name"];
}

/// A partner.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({"name": "Parceiro", "product": "agenda"}))]
pub(crate) struct NewPartner {
    /// Name.
    #[serde(default)]
    #[schema(required = true)]
    pub(crate) name: String,
    /// The product that it integrates.
    #[serde(default)]
    #[schema(required = true)]
    pub(crate) product: String,
}

impl Input for NewPartner {
    const REQUIRED: &'static [&'static str] = &["name", "product"];
}

/// A partner's credentials.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"client_id": "parceiro-7d3e", "client_secret": "q83vEjRWeJA"}))]
pub(crate) struct PartnerCredentials {
    /// Public id.
    client_id: String,
    /// Shown here and never again.
    client_secret: String,
}

impl From<identity::CreatePartnerResponse> for PartnerCredentials {
    fn from(created: identity::CreatePartnerResponse) -> Self {
        Self { client_id: created.client_id, client_secret: created.client_secret }
    }
}
