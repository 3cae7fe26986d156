//! What is refused about enterprises.

use tonic::Code;

/// Why something is not done about an enterprise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("this enterprise does not exist")]
    NotFound,
    #[error("the caller does not belong to that enterprise")]
    NotOwn,
    #[error("the caller may not do this")]
    Forbidden,
    #[error("an enterprise nearby has this CNPJ")]
    CnpjTaken,
    #[error("there is no such country")]
    CountryUnknown,
    #[error("it is the caller's own enterprise")]
    Own,
    #[error("it is a main client")]
    MainClient,
    #[error("it is not directly affiliated to the caller's own enterprise")]
    NotAffiliated,
    #[error("its affiliation is suspended")]
    AffiliationSuspended,
    #[error("it has affiliations with others")]
    AffiliatedElsewhere,
    #[error("it has devices, chips, vehicles or users")]
    InUse,
    #[error("this affiliation does not exist")]
    AffiliationNotFound,
    #[error("an enterprise cannot be below itself")]
    AffiliationCircular,
}

impl Refusal {
    /// The gRPC code, and the reason for programs; empty where the code says it all.
    pub(crate) fn code(self) -> (Code, &'static str) {
        match self {
            Self::NotFound => (Code::NotFound, "ENTERPRISE_NOT_FOUND"),
            Self::NotOwn => (Code::Unauthenticated, "ENTERPRISE_NOT_OWN"),
            Self::Forbidden => (Code::PermissionDenied, ""),
            Self::CnpjTaken => (Code::AlreadyExists, "ENTERPRISE_CNPJ_TAKEN"),
            Self::CountryUnknown => (Code::FailedPrecondition, "COUNTRY_UNKNOWN"),
            Self::Own => (Code::FailedPrecondition, "ENTERPRISE_SELF"),
            Self::MainClient => (Code::FailedPrecondition, "ENTERPRISE_MAIN_CLIENT"),
            Self::NotAffiliated => (Code::FailedPrecondition, "ENTERPRISE_NOT_AFFILIATED"),
            Self::AffiliationSuspended => {
                (Code::FailedPrecondition, "ENTERPRISE_AFFILIATION_SUSPENDED")
            }
            Self::AffiliatedElsewhere => {
                (Code::FailedPrecondition, "ENTERPRISE_AFFILIATED_ELSEWHERE")
            }
            Self::InUse => (Code::FailedPrecondition, "ENTERPRISE_IN_USE"),
            Self::AffiliationNotFound => (Code::NotFound, "AFFILIATION_NOT_FOUND"),
            Self::AffiliationCircular => (Code::FailedPrecondition, "AFFILIATION_CIRCULAR"),
        }
    }
}
