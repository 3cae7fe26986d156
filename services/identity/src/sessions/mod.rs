//! Logging in.

mod credentials;
mod rpc;

use brazil::{Email, UserId};

pub(crate) use credentials::Login;
pub(crate) use rpc::Sessions;

use crate::error::Error;
use crate::identity::Identity;
use crate::throttle::{self, Limit, Subject, network};

/// Whose failed log-ins are counted.
pub(crate) struct Counted {
    /// Forgotten after a success.
    email: Subject,
    network: Option<Subject>,
}

impl Counted {
    /// Failures with an e-mail, wherever they come from, and failures from an address.
    fn of_email(identity: &Identity, email: &Email, remote_address: &str) -> Self {
        Self::new(identity, "login.email", email.as_str(), remote_address)
    }

    /// Failures with an e-mail from one address, so that nobody elsewhere is kept out by them, and
    /// failures from that address.
    pub(crate) fn of_pair(identity: &Identity, email: &Email, remote_address: &str) -> Self {
        let pair = format!("{email} {}", network(remote_address).unwrap_or_default());
        Self::new(identity, "login.pair", &pair, remote_address)
    }

    /// Failures of somebody who is in to say their password again.
    pub(crate) fn of_user(identity: &Identity, user_id: UserId) -> Self {
        Self::new(identity, "login.user", &user_id.to_string(), "")
    }

    fn new(identity: &Identity, what: &str, who: &str, remote_address: &str) -> Self {
        let (policy, keyring) = (&identity.policy, &identity.service.keyring);
        let window = policy.login_window();
        let email_limit = Limit { attempts_max: policy.login_failures_max, window };
        let network_limit = Limit { attempts_max: policy.login_address_failures_max, window };
        Self {
            email: Subject::new(keyring, what, who, email_limit),
            network: network(remote_address)
                .map(|network| Subject::new(keyring, "login.network", &network, network_limit)),
        }
    }

    pub(crate) fn all(&self) -> Vec<Subject> {
        [Some(self.email.clone()), self.network.clone()].into_iter().flatten().collect()
    }

    /// Counts a failure, and says what it is.
    pub(crate) async fn fail(&self, identity: &Identity) -> Error {
        let (service, now) = (&identity.service, identity.now());
        let subjects = &self.all();
        let counted = service
            .transaction(|mut tx| {
                Box::pin(async move {
                    Ok::<_, Error>(throttle::store::count(&mut tx, subjects, now).await?)
                })
            })
            .await;
        match counted {
            Ok(None) => Error::InvalidCredentials,
            Ok(Some(pause)) => Error::TooManyAttempts(pause),
            Err(error) => error,
        }
    }
}
