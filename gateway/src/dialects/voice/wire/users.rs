//! People of an account.

use proto::identity::v1 as identity;
use proto::identity::v1::AccountRole;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::seconds;
use crate::body::{Input, Members};
use crate::dialects::voice::body::About;
use crate::dialects::voice::rules::{Model, Rule, Rules};

/// What a person's members belong to.
pub(in super::super) const MODEL: Model = Model::new(
    "User",
    &[
        ("emailVerified", "is_email_verified"),
        ("currentPassword", "current_password"),
        ("uuid", "user_id"),
    ],
);

/// What no role is called; the service says so.
const NO_ROLE: i32 = -1;

/// A person to be added.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = NewVoiceUser, example = json!({
    "name": "Api4Com API de Voz",
    "email": "suporte@api4com.com",
    "password": "PwDLooL8",
    "phone": "4833328530",
    "role": "USER"
}))]
pub(in super::super) struct NewUser {
    /// 1 to 100 characters.
    #[serde(default)]
    #[schema(required = true)]
    name: String,
    /// Up to 200 characters, unique.
    #[serde(default)]
    #[schema(required = true)]
    email: String,
    /// At least 8 characters.
    #[serde(default)]
    #[schema(required = true)]
    password: String,
    /// Up to 20 characters.
    phone: Option<String>,
    /// ADMIN or USER.
    #[schema(default = "USER")]
    role: Option<String>,
}

impl Input for NewUser {
    const REQUIRED: &'static [&'static str] = &[];
}

impl About for NewUser {
    const MODEL: &'static Model = &MODEL;
}

impl NewUser {
    pub(in super::super) fn into_request(
        self,
        company_id: String,
    ) -> identity::CreateAccountUserRequest {
        identity::CreateAccountUserRequest {
            company_id,
            name: self.name,
            email: self.email,
            password: self.password,
            phone: self.phone,
            role: self.role.map_or(AccountRole::Unspecified.into(), role_of),
        }
    }
}

/// A change of a person: absent members stay.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = VoiceUserChange, example = json!({
    "name": "Api4Com API de Voz",
    "password": "PwDLooL9",
    "currentPassword": "PwDLooL8"
}))]
pub(in super::super) struct UserChange {
    /// Who; the caller where it is absent.
    #[schema(format = Uuid)]
    pub(in super::super) uuid: Option<String>,
    /// 1 to 100 characters.
    #[schema(value_type = Option<String>)]
    name: Option<Text>,
    /// Up to 20 characters; null removes it.
    #[schema(value_type = Option<String>)]
    phone: Option<Text>,
    /// Up to 200 characters, unique; it counts once it is confirmed.
    #[schema(value_type = Option<String>)]
    email: Option<Text>,
    /// ADMIN or USER; only an ADMIN changes it.
    #[schema(value_type = Option<String>)]
    role: Option<Text>,
    /// At least 8 characters.
    #[schema(value_type = Option<String>)]
    password: Option<Text>,
    /// Needed to change the own password.
    #[schema(value_type = Option<String>)]
    current_password: Option<Text>,
}

/// What stands where a text should. If it is none, whom the change is about counts all the same.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Text {
    Right(String),
    Wrong(IgnoredAny),
}

impl Input for UserChange {
    const REQUIRED: &'static [&'static str] = &[];
}

impl About for UserChange {
    const MODEL: &'static Model = &MODEL;
}

impl UserChange {
    /// Whether tokens may end, or mean something else.
    pub(in super::super) fn is_about_tokens(&self) -> bool {
        self.password.is_some() || self.role.is_some()
    }

    /// A change of the same person and of as much, but of a kind that the service can only
    /// refuse: first for who asks, if they may not.
    pub(in super::super) fn refusable(
        &self,
        company_id: String,
        user_id: String,
    ) -> identity::UpdateAccountUserRequest {
        let personal = [&self.name, &self.phone, &self.email, &self.password];
        let is_personal = self.role.is_none() || personal.into_iter().any(Option::is_some);
        identity::UpdateAccountUserRequest {
            company_id,
            user_id,
            name: is_personal.then(String::new),
            role: self.role.as_ref().map(|_| NO_ROLE),
            ..identity::UpdateAccountUserRequest::default()
        }
    }

    pub(in super::super) fn into_request(
        self,
        rules: &mut Rules,
        members: &Members,
        company_id: String,
        user_id: String,
        token_prefix: String,
    ) -> identity::UpdateAccountUserRequest {
        let mut text = |member, given| match given {
            Some(Text::Right(text)) => Some(text),
            Some(Text::Wrong(_)) => {
                rules.refuse(member, Rule::Format, "has the wrong type: expected a string");
                None
            }
            None => None,
        };
        let removed = members.contains("phone").then(String::new);
        identity::UpdateAccountUserRequest {
            company_id,
            user_id,
            name: text("name", self.name),
            phone: text("phone", self.phone).or(removed),
            email: text("email", self.email),
            role: text("role", self.role).map(role_of),
            password: text("password", self.password),
            current_password: text("currentPassword", self.current_password),
            token_prefix,
        }
    }
}

fn role_of(text: String) -> i32 {
    match text.as_str() {
        "ADMIN" => AccountRole::Admin.into(),
        "USER" => AccountRole::User.into(),
        _ => NO_ROLE,
    }
}

/// An e-mail to be confirmed.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ConfirmationAsked, example = json!({"email": "suporte@api4com.com"}))]
pub(in super::super) struct Resend {
    /// E-mail.
    #[serde(default)]
    #[schema(required = true)]
    pub(in super::super) email: String,
}

impl Input for Resend {
    const REQUIRED: &'static [&'static str] = &["email"];
}

impl About for Resend {
    const MODEL: &'static Model = &MODEL;
}

/// What somebody is in the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = VoiceRole)]
enum Role {
    /// Does everything in it.
    Admin,
    /// Uses it.
    User,
}

/// Somebody in the account.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = VoiceUser)]
pub(in super::super) struct User {
    /// Their id.
    #[schema(format = Uuid)]
    uuid: String,
    /// Name.
    #[schema(example = "Api4Com API de Voz")]
    name: String,
    /// E-mail.
    #[schema(example = "suporte@api4com.com")]
    email: String,
    /// Number, as given.
    #[schema(required = true, example = "4833328530")]
    phone: Option<String>,
    /// What they are.
    role: Role,
    /// Whether the e-mail is confirmed.
    email_verified: bool,
    /// When they were added.
    #[schema(example = "2021-01-01T00:00:00Z")]
    created_at: String,
    /// When they were last changed.
    #[schema(example = "2021-01-01T00:00:00Z")]
    updated_at: String,
    /// When they last logged in.
    #[schema(required = true, example = "2021-01-01T00:00:00Z")]
    last_login_at: Option<String>,
}

impl From<identity::AccountUser> for User {
    fn from(user: identity::AccountUser) -> Self {
        Self {
            role: match user.role() {
                AccountRole::Admin => Role::Admin,
                AccountRole::User | AccountRole::Unspecified => Role::User,
            },
            uuid: user.user_id,
            name: user.name,
            email: user.email,
            phone: user.phone,
            email_verified: user.is_email_verified,
            created_at: seconds(user.created_at.as_ref()),
            updated_at: seconds(user.updated_at.as_ref()),
            last_login_at: user.last_login_at.map(|moment| seconds(Some(&moment))),
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
    fn a_person_is_written_like_the_sample() {
        let sample: Value = serde_json::from_str(
            r#"{ "uuid": "616f411f-61e2-4f25-b3f6-75c872771818", "name": "Api4Com API de Voz", "email": "suporte@api4com.com", "phone": "4833328530", "role": "ADMIN", "emailVerified": true, "createdAt": "2021-01-01T00:00:00Z", "updatedAt": "2021-01-01T00:00:00Z", "lastLoginAt": "2021-01-01T00:00:00Z" }"#,
        )
        .unwrap();
        let moment = Some(Timestamp { seconds: 1_609_459_200, nanos: 0 });
        let user = identity::AccountUser {
            user_id: "616f411f-61e2-4f25-b3f6-75c872771818".to_owned(),
            name: "Api4Com API de Voz".to_owned(),
            email: "suporte@api4com.com".to_owned(),
            phone: Some("4833328530".to_owned()),
            role: AccountRole::Admin.into(),
            is_email_verified: true,
            created_at: moment,
            updated_at: moment,
            last_login_at: moment,
        };
        assert_eq!(serde_json::to_value(User::from(user)).unwrap(), sample);
    }

    #[test]
    fn the_sample_of_a_new_person_is_read() {
        let sample = r#"{ "name": "Api4Com API de Voz", "email": "suporte@api4com.com", "password": "PwDLooL8", "phone": "4833328530", "role": "USER" }"#;
        let Given(new, _) = parse::<NewUser>(sample.as_bytes()).unwrap();
        let expected = identity::CreateAccountUserRequest {
            company_id: "c1".to_owned(),
            name: "Api4Com API de Voz".to_owned(),
            email: "suporte@api4com.com".to_owned(),
            password: "PwDLooL8".to_owned(),
            phone: Some("4833328530".to_owned()),
            role: AccountRole::User.into(),
        };
        assert_eq!(new.into_request("c1".to_owned()), expected);
    }

    #[test]
    fn a_change_has_what_was_said_and_null_removes_the_number_only() {
        let request = |body: &str| {
            let Given(change, members) = parse::<UserChange>(body.as_bytes()).unwrap();
            let mut rules = Rules::of(&MODEL);
            let none = String::new;
            let request = change.into_request(&mut rules, &members, none(), none(), none());
            rules.pass().map(|()| request)
        };
        let read = |body: &str| request(body).unwrap();
        let nothing = identity::UpdateAccountUserRequest::default();
        assert_eq!(read(r#"{"emailVerified": true, "createdAt": 7}"#), nothing);
        let removed =
            identity::UpdateAccountUserRequest { phone: Some(String::new()), ..nothing.clone() };
        assert_eq!(read(r#"{"phone": null, "name": null, "password": null}"#), removed);
        let role =
            |role| identity::UpdateAccountUserRequest { role: Some(role), ..nothing.clone() };
        assert_eq!(read(r#"{"role": "ADMIN"}"#), role(AccountRole::Admin.into()));
        assert_eq!(read(r#"{"role": "admin"}"#), role(NO_ROLE), "the service refuses it");

        let error = format!("{:?}", request(r#"{"name": 5, "role": {}}"#).unwrap_err());
        assert!(error.contains("name") && error.contains("role"), "{error}");
    }

    #[test]
    fn what_can_only_be_refused_is_about_as_much() {
        let refusable = |body: &str| {
            let Given(change, _) = parse::<UserChange>(body.as_bytes()).unwrap();
            let request = change.refusable("c1".to_owned(), "u1".to_owned());
            assert_eq!((request.company_id.as_str(), request.user_id.as_str()), ("c1", "u1"));
            let rest = identity::UpdateAccountUserRequest {
                company_id: String::new(),
                user_id: String::new(),
                name: None,
                role: None,
                ..request.clone()
            };
            assert_eq!(rest, identity::UpdateAccountUserRequest::default());
            (request.name, request.role)
        };
        let (person, role) = (Some(String::new()), Some(NO_ROLE));
        assert_eq!(refusable(r#"{"phone": 5}"#), (person.clone(), None));
        assert_eq!(refusable(r#"{"role": 5}"#), (None, role));
        assert_eq!(refusable(r#"{"role": "ADMIN", "email": 5}"#), (person.clone(), role));
        assert_eq!(refusable(r#"{"currentPassword": 5}"#), (person, None));
    }
}
