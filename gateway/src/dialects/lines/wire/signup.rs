//! Signup forms.

use std::borrow::Cow;

use proto::identity::v1 as identity;
use serde::{Deserialize, Serialize};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::address::Address;
use super::people::User;
use super::{Integer, Names, Password, object};
use crate::body::Input;
use crate::dialects::lines::documents::requiring;
use crate::fault::Checks;

/// What the members of a form are called in the contract.
pub(crate) const NAMES: Names = Names::new(
    "form",
    &[
        ("email", "email"),
        ("full_name", "full_name"),
        ("social_name", "social_name"),
        ("phone_number", "phone_number"),
        ("cpf", "cpf"),
        ("date_of_birth", "date_of_birth"),
        ("subscription_plan_id", "plan_id"),
        ("phone_account_company_id", "company_id"),
        ("area_code", "area_code"),
        ("address", "address"),
    ],
);

/// A change of a signup form.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({
    "email": "john.smith@example.com",
    "full_name": "Jhon Smith",
    "social_name": "Jane Smith",
    "phone_number": "+5541999999999",
    "cpf": "111.444.777-35",
    "date_of_birth": "1994-10-29",
    "subscription_plan_id": "4fe9628e-e651-4635-b922-ee1976420570",
    "phone_account_company_id": "9df54b15-1a57-4e11-917a-5a5ddedb99ea",
    "area_code": 41,
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
pub(crate) struct SignupFormChange {
    /// The person's e-mail.
    email: Option<String>,
    /// Name.
    full_name: Option<String>,
    /// Name the person goes by.
    social_name: Option<String>,
    /// The person's present mobile number.
    phone_number: Option<String>,
    /// CPF, formatted or not.
    cpf: Option<String>,
    /// Date of birth, ISO 8601.
    #[schema(format = Date)]
    date_of_birth: Option<String>,
    /// The plan chosen.
    #[schema(format = Uuid)]
    subscription_plan_id: Option<String>,
    /// The company that will own the line.
    #[schema(format = Uuid)]
    phone_account_company_id: Option<String>,
    /// The area code wanted.
    #[schema(value_type = Option<i32>, minimum = 11, maximum = 99)]
    area_code: Option<Integer>,
    /// Home.
    #[serde(default, deserialize_with = "object")]
    address: Option<Address>,
}

impl Input for SignupFormChange {
    const REQUIRED: &'static [&'static str] = &[];
}

impl SignupFormChange {
    /// The form in the terms of the contract. A number beyond all area codes becomes 0, which is
    /// none either: it is refused together with all else that is wrong.
    pub(crate) fn into_form(self, id: String) -> identity::SignupForm {
        identity::SignupForm {
            id,
            email: self.email.unwrap_or_default(),
            full_name: self.full_name,
            social_name: self.social_name,
            phone_number: self.phone_number,
            cpf: self.cpf,
            date_of_birth: self.date_of_birth,
            plan_id: self.subscription_plan_id,
            company_id: self.phone_account_company_id,
            area_code: self.area_code.map(|number| u32::try_from(number.0).unwrap_or(0)),
            address: self.address.map(Into::into),
        }
    }
}

/// A new signup form.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct NewSignupForm(pub(crate) SignupFormChange);

impl Input for NewSignupForm {
    const REQUIRED: &'static [&'static str] = &["email"];
}

impl PartialSchema for NewSignupForm {
    fn schema() -> RefOr<Schema> {
        requiring(SignupFormChange::schema(), "A new signup form.", Self::REQUIRED)
    }
}

impl ToSchema for NewSignupForm {
    fn name() -> Cow<'static, str> {
        "NewSignupForm".into()
    }
}

/// A signup form.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "53af5437-dd2b-4efb-84c2-d16c6fffd376",
    "email": "john.smith@example.com",
    "full_name": "Jhon Smith",
    "social_name": "Jane Smith",
    "phone_number": "+5541999999999",
    "cpf": "111.444.777-35",
    "date_of_birth": "1994-10-29",
    "subscription_plan_id": "4fe9628e-e651-4635-b922-ee1976420570",
    "phone_account_company_id": "9df54b15-1a57-4e11-917a-5a5ddedb99ea",
    "area_code": 41,
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
pub(crate) struct SignupForm {
    /// Its id.
    #[schema(format = Uuid)]
    id: String,
    /// The person's e-mail.
    email: String,
    /// Name.
    #[schema(required = true)]
    full_name: Option<String>,
    /// Name the person goes by.
    #[schema(required = true)]
    social_name: Option<String>,
    /// The person's present mobile number.
    #[schema(required = true)]
    phone_number: Option<String>,
    /// CPF.
    #[schema(required = true)]
    cpf: Option<String>,
    /// Date of birth, ISO 8601.
    #[schema(required = true)]
    date_of_birth: Option<String>,
    /// The plan chosen.
    #[schema(required = true)]
    subscription_plan_id: Option<String>,
    /// The company that will own the line.
    #[schema(required = true)]
    phone_account_company_id: Option<String>,
    /// The area code wanted.
    #[schema(required = true)]
    area_code: Option<u32>,
    /// Home.
    #[schema(required = true)]
    address: Option<Address>,
}

impl From<identity::SignupForm> for SignupForm {
    fn from(form: identity::SignupForm) -> Self {
        Self {
            id: form.id,
            email: form.email,
            full_name: form.full_name,
            social_name: form.social_name,
            phone_number: form.phone_number,
            cpf: form.cpf,
            date_of_birth: form.date_of_birth,
            subscription_plan_id: form.plan_id,
            phone_account_company_id: form.company_id,
            area_code: form.area_code,
            address: form.address.map(Into::into),
        }
    }
}

/// The password of the new user, twice.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({"password": "Passw0rd!", "confirm_password": "Passw0rd!"}))]
pub(crate) struct SignupCompletion {
    /// 8 to 128 characters, none of the common passwords.
    #[serde(default)]
    #[schema(required = true, value_type = String, format = Password)]
    password: Password,
    /// The same once more.
    #[serde(default)]
    #[schema(required = true, value_type = String, format = Password)]
    confirm_password: Password,
}

impl Input for SignupCompletion {
    const REQUIRED: &'static [&'static str] = &["password", "confirm_password"];
}

impl SignupCompletion {
    /// The password, if it is twice the same.
    pub(crate) fn into_password(self, checks: &mut Checks) -> String {
        let both_given = self.password.0.is_some() && self.confirm_password.0.is_some();
        let password = self.password.take(checks, "password");
        let confirmed = self.confirm_password.take(checks, "confirm_password");
        if both_given && password != confirmed {
            checks.refuse("confirm_password", "is not the same as password");
        }
        password
    }
}

/// Somebody whose address may be in a company's domain.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({"email": "ana@aurora.example"}))]
pub(crate) struct NewDomainSignup {
    /// The person's e-mail.
    #[serde(default)]
    #[schema(required = true)]
    pub(crate) email: String,
}

impl Input for NewDomainSignup {
    const REQUIRED: &'static [&'static str] = &["email"];
}

/// The password of the new user.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({"password": "Passw0rd!", "area_code": 41}))]
pub(crate) struct DomainSignupCompletion {
    /// 8 to 128 characters, none of the common passwords.
    #[serde(default)]
    #[schema(required = true, value_type = String, format = Password)]
    pub(crate) password: Password,
    /// Area code (DDD) of the number wanted; by default the first of the company's state.
    #[schema(value_type = Option<u32>, minimum = 11, maximum = 99)]
    pub(crate) area_code: Option<Integer>,
}

impl Input for DomainSignupCompletion {
    const REQUIRED: &'static [&'static str] = &["password"];
}

/// The new user, logged in, with a line on its way.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CompletedSignup {
    /// To be sent as `Authorization: Bearer`.
    access_token: String,
    /// The user.
    user: User,
    /// The user's line.
    #[schema(format = Uuid)]
    phone_account_id: String,
}

impl From<identity::CompleteDomainSignupResponse> for CompletedSignup {
    fn from(completed: identity::CompleteDomainSignupResponse) -> Self {
        Self {
            access_token: completed.token.unwrap_or_default().access_token,
            user: completed.user.unwrap_or_default().into(),
            phone_account_id: completed.line_id,
        }
    }
}

impl From<identity::CompleteSignupResponse> for CompletedSignup {
    fn from(completed: identity::CompleteSignupResponse) -> Self {
        Self {
            access_token: completed.token.unwrap_or_default().access_token,
            user: completed.user.unwrap_or_default().into(),
            phone_account_id: completed.line_id,
        }
    }
}
