//! Log-in, password resets, invitations.

use proto::identity::v1 as identity;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Password;
use super::people::User;
use crate::body::Input;

/// E-mail and password.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({"email": "example@example.com", "password": "Passw0rd!"}))]
pub(crate) struct Login {
    /// The user's e-mail.
    #[serde(default)]
    #[schema(required = true)]
    pub(crate) email: String,
    /// The user's password.
    #[serde(default)]
    #[schema(required = true, value_type = String, format = Password)]
    pub(crate) password: Password,
}

impl Input for Login {
    const REQUIRED: &'static [&'static str] = &["email", "password"];
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"access_token": "eyJ0eXAi…", "expires_in": 86400}))]
pub(crate) struct Session {
    /// To be sent as `Authorization: Bearer`.
    access_token: String,
    /// Seconds until it ends.
    expires_in: i64,
}

impl From<identity::AccessToken> for Session {
    fn from(token: identity::AccessToken) -> Self {
        Self {
            access_token: token.access_token,
            expires_in: token.expires_in.unwrap_or_default().seconds,
        }
    }
}

/// Whose password is to be reset.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({"email": "john.smith@example.com"}))]
pub(crate) struct NewPasswordReset {
    /// The user's e-mail.
    #[serde(default)]
    #[schema(required = true)]
    pub(crate) email: String,
}

impl Input for NewPasswordReset {
    const REQUIRED: &'static [&'static str] = &["email"];
}

/// The new password.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({"new_password": "Passw0rd!"}))]
pub(crate) struct PasswordResetCompletion {
    /// 8 to 128 characters, none of the common passwords.
    #[serde(default)]
    #[schema(required = true, value_type = String, format = Password)]
    pub(crate) new_password: Password,
}

impl Input for PasswordResetCompletion {
    const REQUIRED: &'static [&'static str] = &["new_password"];
}

/// The secret of an invitation, and a password.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({"token": "q83vEjRWeJA", "password": "Passw0rd!"}))]
pub(crate) struct InvitationAcceptance {
    /// The secret of the mailed link.
    #[serde(default)]
    #[schema(required = true)]
    pub(crate) token: String,
    /// 8 to 128 characters, none of the common passwords.
    #[serde(default)]
    #[schema(required = true, value_type = String, format = Password)]
    pub(crate) password: Password,
}

impl Input for InvitationAcceptance {
    const REQUIRED: &'static [&'static str] = &["token", "password"];
}

/// The invited user, logged in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InvitedUser {
    /// To be sent as `Authorization: Bearer`.
    access_token: String,
    /// The user.
    user: User,
}

impl From<identity::AcceptInvitationResponse> for InvitedUser {
    fn from(accepted: identity::AcceptInvitationResponse) -> Self {
        Self {
            access_token: accepted.token.unwrap_or_default().access_token,
            user: accepted.user.unwrap_or_default().into(),
        }
    }
}

/// An address was proven.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"confirmed": true}))]
pub(crate) struct ProvenEmail {
    /// Always true.
    pub(crate) confirmed: bool,
}
