//! Accounts.

use proto::company::v1::Company;
use proto::identity::v1::OpenVoiceAccountRequest;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::seconds;
use crate::body::Input;
use crate::dialects::voice::body::About;
use crate::dialects::voice::rules::Model;

/// What an account's members belong to.
pub(in super::super) const MODEL: Model = Model::new("Account", &[]);

/// An account to be opened.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = VoiceSignup, example = json!({
    "email": "suporte@api4com.com",
    "password": "PwDLooL8",
    "organization_name": "Api4Com - API de Voz",
    "phone": "4833328530",
    "domain": "suporte.api4com.com"
}))]
pub(in super::super) struct Signup {
    /// E-mail of its first ADMIN, unique.
    #[serde(default)]
    #[schema(required = true)]
    email: String,
    /// Their password, at least 8 characters.
    #[serde(default)]
    #[schema(required = true)]
    password: String,
    /// Name of the account, and theirs.
    #[serde(default)]
    #[schema(required = true)]
    organization_name: String,
    /// Up to 20 characters.
    #[serde(default)]
    #[schema(required = true)]
    phone: String,
    /// A host name in lower case, up to 100 characters, unique.
    #[serde(default)]
    #[schema(required = true)]
    domain: String,
}

impl Input for Signup {
    const REQUIRED: &'static [&'static str] = &[];
}

impl About for Signup {
    const MODEL: &'static Model = &MODEL;
}

impl Signup {
    pub(in super::super) fn into_request(self, remote_address: String) -> OpenVoiceAccountRequest {
        let Self { email, password, organization_name, phone, domain } = self;
        OpenVoiceAccountRequest {
            email,
            password,
            organization_name,
            phone,
            domain,
            remote_address,
        }
    }
}

/// An account.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Account {
    /// Its id.
    #[schema(format = Uuid)]
    uuid: String,
    /// Its host name.
    #[schema(example = "acme.example.com")]
    domain: String,
    /// Its name.
    #[schema(example = "Acme Ltda")]
    name: String,
    /// Where to write to.
    email: String,
    /// Whom to call.
    phone: Option<String>,
    /// When it was made.
    #[schema(example = "2021-01-01T00:00:00Z")]
    created_at: String,
    /// When it was last changed.
    #[schema(example = "2021-01-01T00:00:00Z")]
    updated_at: String,
}

impl From<Company> for Account {
    fn from(company: Company) -> Self {
        Self {
            created_at: seconds(company.created_at.as_ref()),
            updated_at: seconds(company.updated_at.as_ref()),
            uuid: company.id,
            domain: company.domain,
            name: company.official_name,
            email: company.email,
            phone: company.phone_number,
        }
    }
}

#[cfg(test)]
mod tests {
    use prost_types::Timestamp;
    use serde_json::Value;

    use super::*;
    use crate::dialects::voice::body::{Given, parse};

    #[test]
    fn an_account_is_written_like_the_sample() {
        let sample: Value = serde_json::from_str(
            r#"{ "uuid": "616f411f-61e2-4f25-b3f6-75c872771818", "domain": "suporte.api4com.com", "name": "Api4Com API de Voz", "email": "suporte@api4com.com", "phone": "4833328530", "createdAt": "2021-01-01T00:00:00Z", "updatedAt": "2021-01-01T00:00:00Z" }"#,
        )
        .unwrap();
        let moment = Some(Timestamp { seconds: 1_609_459_200, nanos: 0 });
        let company = Company {
            id: "616f411f-61e2-4f25-b3f6-75c872771818".to_owned(),
            official_name: "Api4Com API de Voz".to_owned(),
            email: "suporte@api4com.com".to_owned(),
            phone_number: Some("4833328530".to_owned()),
            domain: "suporte.api4com.com".to_owned(),
            created_at: moment,
            updated_at: moment,
            ..Company::default()
        };
        assert_eq!(serde_json::to_value(Account::from(company)).unwrap(), sample);
    }

    #[test]
    fn the_sample_of_a_signup_is_read() {
        let sample = r#"{ "email": "suporte@api4com.com", "password": "PwDLooL8", "organization_name": "Api4Com - API de Voz", "phone": "4833328530", "domain": "suporte.api4com.com" }"#;
        let Given(signup, _) = parse::<Signup>(sample.as_bytes()).unwrap();
        let expected = OpenVoiceAccountRequest {
            email: "suporte@api4com.com".to_owned(),
            password: "PwDLooL8".to_owned(),
            organization_name: "Api4Com - API de Voz".to_owned(),
            phone: "4833328530".to_owned(),
            domain: "suporte.api4com.com".to_owned(),
            remote_address: "192.0.2.1".to_owned(),
        };
        assert_eq!(signup.into_request("192.0.2.1".to_owned()), expected);
    }
}
