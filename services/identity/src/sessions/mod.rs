//! Logging in.

mod rpc;

use brazil::Email;

pub(crate) use rpc::Sessions;

use crate::identity::Identity;
use crate::throttle::{Limit, Subject, network};

/// Whose failed log-ins are counted.
struct Counted {
    email: Subject,
    network: Option<Subject>,
}

impl Counted {
    fn new(identity: &Identity, email: &Email, remote_address: &str) -> Self {
        let (policy, keyring) = (&identity.policy, &identity.service.keyring);
        let window = policy.login_window();
        let email_limit = Limit { attempts_max: policy.login_failures_max, window };
        let network_limit = Limit { attempts_max: policy.login_address_failures_max, window };
        Self {
            email: Subject::new(keyring, "login.email", email.as_str(), email_limit),
            network: network(remote_address)
                .map(|network| Subject::new(keyring, "login.network", &network, network_limit)),
        }
    }

    fn all(&self) -> Vec<Subject> {
        [Some(self.email.clone()), self.network.clone()].into_iter().flatten().collect()
    }
}
