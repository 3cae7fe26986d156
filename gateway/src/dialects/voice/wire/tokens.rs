//! Access tokens, and what they are made of.

use proto::identity::v1 as identity;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::seconds;
use crate::body::Input;
use crate::dialects::voice::body::About;
use crate::dialects::voice::rules::Model;

/// What stands in for the rest of a token that is not told again.
const HIDDEN: usize = 56;

/// What a token's members belong to.
pub(in super::super) const MODEL: Model = Model::new("AccessToken", &[]);

/// Credentials.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = VoiceLogin, example = json!({
    "email": "suporte@api4com.com",
    "password": "PwDLooL8"
}))]
pub(in super::super) struct Login {
    /// E-mail.
    #[serde(default)]
    #[schema(required = true)]
    pub(in super::super) email: String,
    /// Password.
    #[serde(default)]
    #[schema(required = true)]
    pub(in super::super) password: String,
    /// Seconds that the token is good for: 1 to 31556926, or -1 for ever, for an ADMIN.
    #[schema(default = 1_209_600)]
    pub(in super::super) ttl: Option<i64>,
}

impl Input for Login {
    const REQUIRED: &'static [&'static str] = &[];
}

impl About for Login {
    const MODEL: &'static Model = &Model::new("User", &[]);
}

/// A token to be made.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = NewAccessToken, example = json!({"ttl": 1_209_600}))]
pub(in super::super) struct NewToken {
    /// Seconds that it is good for: 1 to 31556926, or -1 for ever, for an ADMIN.
    #[schema(default = 1_209_600)]
    pub(in super::super) ttl: Option<i64>,
}

impl Input for NewToken {
    const REQUIRED: &'static [&'static str] = &[];
}

impl About for NewToken {
    const MODEL: &'static Model = &MODEL;
}

/// A token.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AccessToken)]
pub(in super::super) struct Token {
    /// The token itself, the only time that it is shown; in lists its first 8 characters.
    #[schema(example = "YggyHfrLEHAWmKiUFbXsT93Tkw2xjwHUbwJ6mgw4Vz5YGubReFGw34HmhrhZDUBM")]
    id: String,
    /// Seconds that it is good for; -1 for ever.
    #[schema(example = 1_209_600)]
    ttl: i64,
    /// When it was made.
    #[schema(example = "2025-01-01T00:00:00Z")]
    created: String,
}

impl Token {
    /// A token that is told to its owner.
    pub(in super::super) fn told(secret: String, token: Option<identity::PersonalToken>) -> Self {
        Self { id: secret, ..token.unwrap_or_default().into() }
    }
}

impl From<identity::PersonalToken> for Token {
    fn from(token: identity::PersonalToken) -> Self {
        Self {
            id: token.prefix + &"*".repeat(HIDDEN),
            ttl: token.ttl,
            created: seconds(token.created_at.as_ref()),
        }
    }
}

/// A token, and whose it is.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = VoiceSession)]
pub(in super::super) struct Session {
    /// The token.
    #[serde(flatten)]
    token: Token,
    /// The person.
    #[schema(format = Uuid)]
    user_id: String,
}

impl From<identity::LoginForAccessTokenResponse> for Session {
    fn from(login: identity::LoginForAccessTokenResponse) -> Self {
        Self { token: Token::told(login.secret, login.token), user_id: login.user_id }
    }
}

#[cfg(test)]
mod tests {
    use prost_types::Timestamp;
    use serde_json::{Value, json};

    use super::*;

    const SECRET: &str = "YggyHfrLEHAWmKiUFbXsT93Tkw2xjwHUbwJ6mgw4Vz5YGubReFGw34HmhrhZDUBM";

    fn made() -> Option<identity::PersonalToken> {
        let created_at = Some(Timestamp { seconds: 1_735_689_600, nanos: 999_000_000 });
        Some(identity::PersonalToken { prefix: SECRET[..8].to_owned(), ttl: 0, created_at })
    }

    fn written(value: impl Serialize) -> Value {
        serde_json::to_value(value).unwrap()
    }

    #[test]
    fn a_login_answers_like_the_sample() {
        let mut sample: Value = serde_json::from_str(
            r#"{ "id": "YggyHfrLEHAWmKiUFbXsT93Tkw2xjwHUbwJ6mgw4Vz5YGubReFGw34HmhrhZDUBM", "ttl": 0, "created": "2025-01-01T00:00:00Z" }"#,
        )
        .unwrap();
        assert_eq!(written(Token::told(SECRET.to_owned(), made())), sample);
        sample["userId"] = "u1".into();
        let login = identity::LoginForAccessTokenResponse {
            secret: SECRET.to_owned(),
            token: made(),
            user_id: "u1".to_owned(),
        };
        assert_eq!(written(Session::from(login)), sample);
    }

    #[test]
    fn a_list_shows_how_tokens_begin() {
        let shown = written(Token::from(made().unwrap()));
        let members: Vec<_> = shown.as_object().unwrap().keys().map(String::as_str).collect();
        let sample = json!({ "id": "string", "ttl": 0, "created": "string" });
        let expected: Vec<_> = sample.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, expected);
        let id = shown["id"].as_str().unwrap();
        assert_eq!((id.len(), id), (64, format!("YggyHfrL{}", "*".repeat(56)).as_str()));
    }

    #[test]
    fn the_samples_of_bodies_are_read() {
        let login: Login =
            serde_json::from_str(r#"{ "email": "suporte@api4com.com", "password": "PwDLooL8" }"#)
                .unwrap();
        assert_eq!((login.email.as_str(), login.ttl), ("suporte@api4com.com", None));
    }
}
