//! E-mail domains whose people may sign up on a company's account.

pub(crate) mod rpc;
mod store;

use brazil::{CompanyId, EmailDomain, PlanId};

use crate::employees::Employee;

/// A company's e-mail domain, and the plan of those who sign up with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OwnedDomain {
    pub(crate) company_id: CompanyId,
    pub(crate) default_plan_id: PlanId,
}

/// What companies know of an e-mail address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Affiliations {
    /// Files of active employees, oldest first.
    pub(crate) employees: Vec<Employee>,
    /// Whose the address's domain is.
    pub(crate) domain: Option<OwnedDomain>,
}

/// Providers where anybody gets an address: nobody's people are all of theirs.
const PUBLIC_PROVIDERS: [&str; 27] = [
    "aol.com",
    "bol.com.br",
    "gmail.com",
    "gmx.com",
    "googlemail.com",
    "hotmail.com",
    "hotmail.com.br",
    "icloud.com",
    "ig.com.br",
    "live.com",
    "live.com.br",
    "mac.com",
    "mail.com",
    "me.com",
    "msn.com",
    "oi.com.br",
    "outlook.com",
    "outlook.com.br",
    "proton.me",
    "protonmail.com",
    "r7.com",
    "terra.com.br",
    "uol.com.br",
    "yahoo.com",
    "yahoo.com.br",
    "ymail.com",
    "zipmail.com.br",
];

/// Whether anybody can get an address in the domain.
pub(crate) fn is_public(domain: &EmailDomain) -> bool {
    PUBLIC_PROVIDERS.contains(&domain.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_providers_belong_to_nobody() {
        assert!(is_public(&"Gmail.com".parse().unwrap()));
        assert!(!is_public(&"padaria.com.br".parse().unwrap()));
        // Each is written as a domain is compared.
        for provider in PUBLIC_PROVIDERS {
            assert_eq!(provider.parse::<EmailDomain>().unwrap().as_str(), provider);
        }
    }
}
