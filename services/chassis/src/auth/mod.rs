//! Who calls, and what they may do. Every service checks this itself: the gateway is never the
//! only guard.

mod caller;
mod credentials;
mod layer;
mod permissions;
#[cfg(test)]
mod testing;
mod token;
mod trust;

pub use caller::{Caller, Scope, Subject};
pub use credentials::Credentials;
pub use layer::AuthLayer;
pub use permissions::{Role, is_scoped, may};
pub use token::{Claims, Grant, SubjectKind, TokenSigner};
pub use trust::{Trust, company_subject, refreshing, subject_in_company};
