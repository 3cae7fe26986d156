//! What the gateway refuses by itself, before any service is asked. Each dialect says it in its
//! own words.

use std::time::Duration;

/// What is wrong with a request, or with the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No such route.
    NotFound,
    /// An id in the path that cannot be one.
    NoId,
    /// The route does not know the method.
    MethodNotAllowed,
    /// The body is no JSON, or a member has the wrong type; says which.
    Malformed(String),
    /// Well-formed, with values that cannot be taken.
    Invalid(Vec<Violation>),
    /// The body is too long.
    PayloadTooLarge,
    /// The body is in a format that is not read here.
    UnsupportedMediaType,
    /// A token is needed, and there is none or it is not good.
    Unauthorized,
    /// Too many requests; try again later.
    TooManyRequests(Duration),
    /// Cannot be done at the moment.
    Unavailable,
    /// A fault of ours.
    Internal,
}

/// A member of the request that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Name in the dialect: `cpf`, `address.zip_code`.
    pub member: String,
    /// Completes the sentence that starts with the name.
    pub message: String,
}

impl Violation {
    /// `message` completes the sentence that starts with the member's name.
    pub fn new(member: impl Into<String>, message: impl Into<String>) -> Self {
        Self { member: member.into(), message: message.into() }
    }
}

/// Collects every member that is wrong, so that the caller learns of all at once.
#[derive(Debug, Default)]
pub struct Checks {
    violations: Vec<Violation>,
}

impl Checks {
    /// Nothing wrong so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes that a member is wrong.
    pub fn refuse(&mut self, member: impl Into<String>, message: impl Into<String>) {
        self.violations.push(Violation::new(member, message));
    }

    /// Goes on only if nothing was wrong.
    ///
    /// # Errors
    /// [`Fault::Invalid`] with every wrong member.
    pub fn pass(self) -> Result<(), Fault> {
        if self.violations.is_empty() { Ok(()) } else { Err(Fault::Invalid(self.violations)) }
    }
}

/// The fault of a single member.
pub fn invalid(member: &str, message: &str) -> Fault {
    Fault::Invalid(vec![Violation::new(member, message)])
}

/// What `Retry-After` says: never too early, and never 0, which clients take as an invitation.
pub(crate) fn whole_seconds(duration: Duration) -> u64 {
    (duration.as_secs() + u64::from(duration.subsec_nanos() > 0)).max(1)
}
