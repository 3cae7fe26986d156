//! Settings of the identity service.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use brazil::Email;
use chassis::config::{Secret, ServiceConfig};
use chassis::mail::MailConfig;
use clap::{Args, Parser};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use time::Duration;

/// Who people are and what they may do: one of the services of Linha.
#[derive(Clone, Debug, Parser)]
#[command(name = "linha-identity", version)]
pub struct Config {
    /// What every service is told.
    #[command(flatten)]
    pub service: ServiceConfig,

    /// Secrets of the services and the gateway: name=secret, separated by commas.
    #[arg(
        long,
        env = "LINHA_SERVICE_SECRETS",
        value_name = "LINHA_SERVICE_SECRETS",
        hide_env_values = true
    )]
    pub service_secrets: ServiceSecrets,

    /// How mail leaves.
    #[command(flatten)]
    pub mail: MailConfig,

    /// E-mail of the first operator, who is made at the start if there is no such user.
    #[arg(
        long,
        env = "LINHA_BOOTSTRAP_OPERATOR_EMAIL",
        value_name = "LINHA_BOOTSTRAP_OPERATOR_EMAIL",
        requires = "bootstrap_operator_password"
    )]
    pub bootstrap_operator_email: Option<Email>,

    /// Password of the first operator.
    #[arg(
        long,
        env = "LINHA_BOOTSTRAP_OPERATOR_PASSWORD",
        value_name = "LINHA_BOOTSTRAP_OPERATOR_PASSWORD",
        hide_env_values = true
    )]
    pub bootstrap_operator_password: Option<Secret>,

    /// How long things live, and how much is let through.
    #[command(flatten)]
    pub policy: Policy,
}

impl Config {
    /// Settings with every default; without a mail server, a mail folder and a first operator.
    pub fn new(service: ServiceConfig, service_secrets: ServiceSecrets) -> Self {
        Self {
            service,
            service_secrets,
            mail: MailConfig::default(),
            bootstrap_operator_email: None,
            bootstrap_operator_password: None,
            policy: Policy::DEFAULT,
        }
    }
}

impl AsRef<ServiceConfig> for Config {
    fn as_ref(&self) -> &ServiceConfig {
        &self.service
    }
}

/// How long things live on the services' clock, and how much is let through.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Policy {
    /// How long a person's token is good for, in seconds.
    #[arg(long, env = "LINHA_TOKEN_LIFE_SECONDS", value_name = "LINHA_TOKEN_LIFE_SECONDS", default_value_t = Self::DEFAULT.token_life_seconds)]
    pub token_life_seconds: u32,

    /// How long a program's token is good for, in seconds.
    #[arg(long, env = "LINHA_CLIENT_TOKEN_LIFE_SECONDS", value_name = "LINHA_CLIENT_TOKEN_LIFE_SECONDS", default_value_t = Self::DEFAULT.client_token_life_seconds)]
    pub client_token_life_seconds: u32,

    /// How long a key signs tokens before the next one does, in seconds.
    #[arg(long, env = "LINHA_KEY_LIFETIME_SECONDS", value_name = "LINHA_KEY_LIFETIME_SECONDS", default_value_t = Self::DEFAULT.key_lifetime_seconds)]
    pub key_lifetime_seconds: u32,

    /// How long a key is published, at the least, before it signs, in seconds.
    #[arg(long, env = "LINHA_KEY_AHEAD_SECONDS", value_name = "LINHA_KEY_AHEAD_SECONDS", default_value_t = Self::DEFAULT.key_ahead_seconds)]
    pub key_ahead_seconds: u32,

    /// Passwords hashed at the same time; by default one for each core.
    #[arg(long, env = "LINHA_PASSWORD_CHECKS_MAX", value_name = "LINHA_PASSWORD_CHECKS_MAX")]
    pub password_checks_max: Option<usize>,

    /// Passwords that may wait to be hashed; more are refused.
    #[arg(long, env = "LINHA_PASSWORD_CHECKS_WAITING_MAX", value_name = "LINHA_PASSWORD_CHECKS_WAITING_MAX", default_value_t = Self::DEFAULT.password_checks_waiting_max)]
    pub password_checks_waiting_max: usize,

    /// How long failed log-ins count, in seconds.
    #[arg(long, env = "LINHA_LOGIN_WINDOW_SECONDS", value_name = "LINHA_LOGIN_WINDOW_SECONDS", default_value_t = Self::DEFAULT.login_window_seconds)]
    pub login_window_seconds: u32,

    /// Failed log-ins with one e-mail before it has to wait; in voice accounts those with one
    /// e-mail from one address.
    #[arg(long, env = "LINHA_LOGIN_FAILURES_MAX", value_name = "LINHA_LOGIN_FAILURES_MAX", default_value_t = Self::DEFAULT.login_failures_max)]
    pub login_failures_max: u32,

    /// Failed log-ins from one address before it has to wait.
    #[arg(long, env = "LINHA_LOGIN_ADDRESS_FAILURES_MAX", value_name = "LINHA_LOGIN_ADDRESS_FAILURES_MAX", default_value_t = Self::DEFAULT.login_address_failures_max)]
    pub login_address_failures_max: u32,

    /// How long requests for a password reset count, in seconds.
    #[arg(long, env = "LINHA_RESET_WINDOW_SECONDS", value_name = "LINHA_RESET_WINDOW_SECONDS", default_value_t = Self::DEFAULT.reset_window_seconds)]
    pub reset_window_seconds: u32,

    /// Links of one kind that anybody may ask for (password resets, sign-ups by e-mail domain)
    /// mailed to one e-mail in that time; more are dropped silently.
    #[arg(long, env = "LINHA_RESETS_MAX", value_name = "LINHA_RESETS_MAX", default_value_t = Self::DEFAULT.resets_max)]
    pub resets_max: u32,

    /// The same for one address that the requests come from.
    #[arg(long, env = "LINHA_RESETS_ADDRESS_MAX", value_name = "LINHA_RESETS_ADDRESS_MAX", default_value_t = Self::DEFAULT.resets_address_max)]
    pub resets_address_max: u32,

    /// How long the link of a password reset is good for, in seconds.
    #[arg(long, env = "LINHA_RESET_LIFE_SECONDS", value_name = "LINHA_RESET_LIFE_SECONDS", default_value_t = Self::DEFAULT.reset_life_seconds)]
    pub reset_life_seconds: u32,

    /// How long a link that proves an e-mail is good for, in seconds.
    #[arg(long, env = "LINHA_PROOF_LIFE_SECONDS", value_name = "LINHA_PROOF_LIFE_SECONDS", default_value_t = Self::DEFAULT.proof_life_seconds)]
    pub proof_life_seconds: u32,

    /// How long an invitation is good for, in seconds.
    #[arg(long, env = "LINHA_INVITATION_LIFE_SECONDS", value_name = "LINHA_INVITATION_LIFE_SECONDS", default_value_t = Self::DEFAULT.invitation_life_seconds)]
    pub invitation_life_seconds: u32,

    /// How long the mailed link to a signup form is good for, in seconds.
    #[arg(long, env = "LINHA_FORM_LINK_LIFE_SECONDS", value_name = "LINHA_FORM_LINK_LIFE_SECONDS", default_value_t = Self::DEFAULT.form_link_life_seconds)]
    pub form_link_life_seconds: u32,

    /// How long requests for a voice account count, in seconds.
    #[arg(long, env = "LINHA_ACCOUNT_SIGNUP_WINDOW_SECONDS", value_name = "LINHA_ACCOUNT_SIGNUP_WINDOW_SECONDS", default_value_t = Self::DEFAULT.account_signup_window_seconds)]
    pub account_signup_window_seconds: u32,

    /// Requests for a voice account from one address in that time; more are refused.
    #[arg(long, env = "LINHA_ACCOUNT_SIGNUPS_MAX", value_name = "LINHA_ACCOUNT_SIGNUPS_MAX", default_value_t = Self::DEFAULT.account_signups_max)]
    pub account_signups_max: u32,

    /// How long the link that confirms an e-mail in a voice account is good for, in seconds.
    #[arg(long, env = "LINHA_CONFIRMATION_LIFE_SECONDS", value_name = "LINHA_CONFIRMATION_LIFE_SECONDS", default_value_t = Self::DEFAULT.confirmation_life_seconds)]
    pub confirmation_life_seconds: u32,

    /// How long a signed token is good for that an access token was exchanged for, in seconds: no
    /// longer may the end of an access token take to count everywhere.
    #[arg(long, env = "LINHA_EXCHANGED_TOKEN_LIFE_SECONDS", value_name = "LINHA_EXCHANGED_TOKEN_LIFE_SECONDS", default_value_t = Self::DEFAULT.exchanged_token_life_seconds)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=30))]
    pub exchanged_token_life_seconds: u32,

    /// How long a signup form that nobody touches is kept, in seconds.
    #[arg(long, env = "LINHA_FORM_LIFE_SECONDS", value_name = "LINHA_FORM_LIFE_SECONDS", default_value_t = Self::DEFAULT.form_life_seconds)]
    pub form_life_seconds: u32,
}

impl Policy {
    /// What holds unless told otherwise.
    pub const DEFAULT: Self = Self {
        token_life_seconds: 24 * 3600,
        client_token_life_seconds: 3600,
        key_lifetime_seconds: 30 * 24 * 3600,
        key_ahead_seconds: 3600,
        password_checks_max: None,
        password_checks_waiting_max: 64,
        login_window_seconds: 900,
        login_failures_max: 10,
        login_address_failures_max: 100,
        reset_window_seconds: 3600,
        resets_max: 5,
        resets_address_max: 50,
        reset_life_seconds: 3600,
        proof_life_seconds: 7 * 24 * 3600,
        invitation_life_seconds: 7 * 24 * 3600,
        form_link_life_seconds: 48 * 3600,
        account_signup_window_seconds: 24 * 3600,
        account_signups_max: 5,
        confirmation_life_seconds: 24 * 3600,
        exchanged_token_life_seconds: 30,
        form_life_seconds: 30 * 24 * 3600,
    };

    pub(crate) fn token_life(&self) -> Duration {
        seconds(self.token_life_seconds)
    }

    pub(crate) fn client_token_life(&self) -> Duration {
        seconds(self.client_token_life_seconds)
    }

    pub(crate) fn key_lifetime(&self) -> Duration {
        seconds(self.key_lifetime_seconds)
    }

    pub(crate) fn key_ahead(&self) -> Duration {
        seconds(self.key_ahead_seconds)
    }

    pub(crate) fn login_window(&self) -> Duration {
        seconds(self.login_window_seconds)
    }

    pub(crate) fn reset_window(&self) -> Duration {
        seconds(self.reset_window_seconds)
    }

    pub(crate) fn reset_life(&self) -> Duration {
        seconds(self.reset_life_seconds)
    }

    pub(crate) fn proof_life(&self) -> Duration {
        seconds(self.proof_life_seconds)
    }

    pub(crate) fn invitation_life(&self) -> Duration {
        seconds(self.invitation_life_seconds)
    }

    pub(crate) fn form_link_life(&self) -> Duration {
        seconds(self.form_link_life_seconds)
    }

    pub(crate) fn account_signup_window(&self) -> Duration {
        seconds(self.account_signup_window_seconds)
    }

    pub(crate) fn confirmation_life(&self) -> Duration {
        seconds(self.confirmation_life_seconds)
    }

    pub(crate) fn exchanged_token_life(&self) -> Duration {
        seconds(self.exchanged_token_life_seconds)
    }

    pub(crate) fn form_life(&self) -> Duration {
        seconds(self.form_life_seconds)
    }
}

fn seconds(seconds: u32) -> Duration {
    Duration::seconds(seconds.into())
}

impl Default for Policy {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What services and the gateway prove themselves with. Only digests are kept.
#[derive(Clone)]
pub struct ServiceSecrets {
    digests: Arc<HashMap<String, [u8; 32]>>,
}

/// The text is not a list of name=secret.
#[derive(Debug, thiserror::Error)]
#[error("each service is written name=secret, with a secret of at least 16 characters")]
pub struct InvalidServiceSecrets;

const SECRET_LENGTH_MIN: usize = 16;

impl ServiceSecrets {
    /// Whether the secret is that of the service; takes the same time either way.
    pub(crate) fn holds(&self, name: &str, secret: &str) -> bool {
        let known = self.digests.get(name);
        let expected = known.copied().unwrap_or_default();
        let equal = expected.ct_eq(&digest(secret)).into();
        known.is_some() && equal
    }
}

impl FromStr for ServiceSecrets {
    type Err = InvalidServiceSecrets;

    fn from_str(text: &str) -> Result<Self, InvalidServiceSecrets> {
        let digests = text
            .split(',')
            .map(|pair| match pair.trim().split_once('=') {
                Some((name, secret)) if !name.is_empty() && secret.len() >= SECRET_LENGTH_MIN => {
                    Ok((name.to_owned(), digest(secret)))
                }
                _ => Err(InvalidServiceSecrets),
            })
            .collect::<Result<HashMap<_, _>, _>>()?;
        Ok(Self { digests: Arc::new(digests) })
    }
}

fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

impl fmt::Debug for ServiceSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.digests.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_known_by_its_own_secret_only() {
        let secrets: ServiceSecrets =
            "gateway=0123456789abcdef,telecom=fedcba9876543210=".parse().unwrap();
        assert!(secrets.holds("gateway", "0123456789abcdef"));
        assert!(secrets.holds("telecom", "fedcba9876543210="));
        assert!(!secrets.holds("gateway", "fedcba9876543210="));
        assert!(!secrets.holds("nobody", "0123456789abcdef"));
        assert!(!secrets.holds("", ""));
        assert!(!format!("{secrets:?}").contains("0123"));
    }

    #[test]
    fn short_and_nameless_secrets_are_refused() {
        for text in ["", "gateway", "gateway=", "=0123456789abcdef", "gateway=short"] {
            assert!(text.parse::<ServiceSecrets>().is_err(), "{text}");
        }
    }

    #[test]
    fn settings_have_the_documented_defaults() {
        #[derive(Parser)]
        struct Settings {
            #[command(flatten)]
            policy: Policy,
        }
        assert_eq!(Settings::parse_from(["x"]).policy, Policy::DEFAULT);
    }
}
