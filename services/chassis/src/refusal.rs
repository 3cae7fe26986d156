//! What a service says when it does not do what was asked.
//!
//! Programs read `(domain, reason)` and the facts of `google.rpc.ErrorInfo`; people read the
//! message. Bad fields are named in `google.rpc.BadRequest`.

use std::collections::HashMap;
use std::error::Error;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

/// Reason of a refusal whose cause is in the fields of the request.
pub const INVALID_FIELDS: &str = "INVALID_FIELDS";

/// A refusal that callers can act on.
pub fn refuse(
    code: Code,
    domain: &str,
    reason: &str,
    facts: impl IntoIterator<Item = (&'static str, String)>,
    message: impl Into<String>,
) -> Status {
    let facts: HashMap<String, String> =
        facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Status::with_error_details(code, message, ErrorDetails::with_error_info(reason, domain, facts))
}

/// A refusal that says when to try again.
pub fn refuse_until(
    code: Code,
    domain: &str,
    reason: &str,
    retry_after: Duration,
    message: impl Into<String>,
) -> Status {
    let mut details = ErrorDetails::with_error_info(reason, domain, HashMap::new());
    details.set_retry_info(Some(retry_after));
    Status::with_error_details(code, message, details)
}

/// A refusal because of one field. `field` is a path in the request: `form.email`.
pub fn invalid(field: &str, message: impl Into<String>) -> Status {
    invalid_as(field, Rule::Other, message)
}

/// As [`invalid`], where the broken rule is one that callers tell apart.
pub fn invalid_as(field: &str, rule: Rule, message: impl Into<String>) -> Status {
    let mut fields = Fields::new();
    fields.refuse_as(field, rule, message);
    fields.into_status()
}

/// A refusal because of one field, with a reason of its own.
pub fn refuse_field(domain: &str, reason: &str, field: &str, message: impl Into<String>) -> Status {
    let message = message.into();
    let mut details = ErrorDetails::with_error_info(reason, domain, HashMap::new());
    details.add_bad_request_violation(field, &message);
    Status::with_error_details(Code::InvalidArgument, format!("{field} {message}"), details)
}

/// A refusal because others have the values of these fields.
pub fn refuse_taken(domain: &str, reason: &str, fields: &[&str]) -> Status {
    let mut details = ErrorDetails::with_error_info(reason, domain, HashMap::new());
    let violations = fields.iter().map(|field| FieldViolation {
        reason: Rule::Taken.reason().to_owned(),
        ..FieldViolation::new(*field, "is in use already")
    });
    details.set_bad_request(violations.collect::<Vec<_>>());
    let message = format!("in use already: {}", fields.join(", "));
    Status::with_error_details(Code::AlreadyExists, message, details)
}

/// Something broke that the caller cannot mend: logged here, once, and hidden. A database that is
/// away comes back, so the caller may too.
pub fn internal(error: &(dyn Error + 'static)) -> Status {
    if std::iter::successors(Some(error), |&error| error.source()).any(is_database_away) {
        tracing::warn!(error, "the database is away");
        return Status::unavailable("the database is away");
    }
    tracing::error!(error, "internal error");
    Status::internal("internal error")
}

/// Whether there is no connection, or the server ends them all, accepts none, or only reads, or a
/// replica gave a statement up because of what it replays.
fn is_database_away(error: &(dyn Error + 'static)) -> bool {
    match error.downcast_ref::<sqlx::Error>() {
        Some(sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed) => true,
        Some(sqlx::Error::Database(error)) => error.code().is_some_and(|code| {
            code.starts_with("08")
                || code.starts_with("57P")
                || ["53300", "25006", "40001"].contains(&&*code)
        }),
        _ => false,
    }
}

/// The answer of another service, as a failure of this one: what passes by itself stays
/// UNAVAILABLE, everything else is a fault of ours.
pub fn upstream(status: Status) -> Status {
    let passes =
        matches!(status.code(), Code::Unavailable | Code::ResourceExhausted | Code::Aborted);
    if passes || broke_on_the_way(&status) {
        tracing::warn!(code = ?status.code(), message = status.message(), "upstream failed");
        return Status::unavailable("another service does not answer");
    }
    internal(&status)
}

/// Whether a call failed on the way, rather than being refused.
pub fn broke_on_the_way(status: &Status) -> bool {
    // What a service says has no source; what the transport makes of an error has one. A deadline
    // that passed arrives as CANCELLED from tonic's own timer.
    status.source().is_some() || matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled)
}

/// What kind of rule a field broke: the `reason` of its violation, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// It has to be there.
    Required,
    /// It has too few characters.
    TooShort,
    /// It has too many characters.
    TooLong,
    /// It is not written like one.
    Format,
    /// It is none of those that there are.
    NotOneOf,
    /// It is too small or too large.
    OutOfRange,
    /// Somebody else has it.
    Taken,
    /// Something else.
    Other,
}

impl Rule {
    const ALL: [Self; 8] = [
        Self::Required,
        Self::TooShort,
        Self::TooLong,
        Self::Format,
        Self::NotOneOf,
        Self::OutOfRange,
        Self::Taken,
        Self::Other,
    ];

    /// As it stands in a violation.
    fn reason(self) -> &'static str {
        match self {
            Self::Required => "REQUIRED",
            Self::TooShort => "TOO_SHORT",
            Self::TooLong => "TOO_LONG",
            Self::Format => "FORMAT",
            Self::NotOneOf => "NOT_ONE_OF",
            Self::OutOfRange => "OUT_OF_RANGE",
            Self::Taken => "TAKEN",
            Self::Other => "OTHER",
        }
    }

    /// What a violation says; another service may be newer and know more.
    fn of(reason: &str) -> Self {
        Self::ALL.into_iter().find(|rule| rule.reason() == reason).unwrap_or(Self::Other)
    }
}

/// A field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Path in the request.
    pub field: String,
    /// Completes the sentence that starts with the field's name.
    pub message: String,
    /// The rule that is broken.
    pub rule: Rule,
}

/// Parses the fields of a request and remembers every one that is wrong, so that the caller
/// learns of all at once.
#[derive(Debug, Default)]
pub struct Fields {
    violations: Vec<Violation>,
}

impl Fields {
    /// Nothing wrong so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Parses a field that must be there; empty counts as absent.
    pub fn required<T>(&mut self, field: &str, text: &str) -> Option<T>
    where
        T: FromStr<Err: Display>,
    {
        self.required_by(field, text, |_| Rule::Format)
    }

    /// As [`Fields::required`], where the error knows which rule the text breaks.
    pub fn required_by<T>(
        &mut self,
        field: &str,
        text: &str,
        rule: impl FnOnce(&T::Err) -> Rule,
    ) -> Option<T>
    where
        T: FromStr<Err: Display>,
    {
        if text.is_empty() {
            self.refuse_as(field, Rule::Required, "is required");
            return None;
        }
        self.parse(field, text, rule)
    }

    /// Parses a field that may be absent.
    pub fn optional<T>(&mut self, field: &str, text: Option<&str>) -> Option<T>
    where
        T: FromStr<Err: Display>,
    {
        text.and_then(|text| self.parse(field, text, |_| Rule::Format))
    }

    /// Takes a text of `min` to `max` characters, without control characters, trimmed.
    pub fn text(&mut self, field: &str, text: &str, min: usize, max: usize) -> Option<String> {
        let text = text.trim();
        let length = text.chars().count();
        if length < min && length == 0 {
            self.refuse_as(field, Rule::Required, "is required");
        } else if length < min {
            self.refuse_as(field, Rule::TooShort, format!("has fewer than {min} characters"));
        } else if length > max {
            self.refuse_as(field, Rule::TooLong, format!("has more than {max} characters"));
        } else if text.chars().any(char::is_control) {
            self.refuse_as(field, Rule::Format, "has control characters");
        } else {
            return Some(text.to_owned());
        }
        None
    }

    /// Takes a text of up to `max` characters that may be absent; empty counts as absent.
    pub fn optional_text(&mut self, field: &str, text: Option<&str>, max: usize) -> Option<String> {
        let text = text.filter(|text| !text.trim().is_empty())?;
        self.text(field, text, 1, max)
    }

    /// Notes that a field is wrong. `message` completes the sentence that starts with its name.
    pub fn refuse(&mut self, field: &str, message: impl Into<String>) {
        self.refuse_as(field, Rule::Other, message);
    }

    /// As [`Fields::refuse`], where the broken rule is one that callers tell apart.
    pub fn refuse_as(&mut self, field: &str, rule: Rule, message: impl Into<String>) {
        let (field, message) = (field.to_owned(), message.into());
        self.violations.push(Violation { field, message, rule });
    }

    /// Goes on only if nothing was wrong.
    ///
    /// # Errors
    /// INVALID_ARGUMENT that names every wrong field.
    pub fn check(self) -> Result<(), Status> {
        if self.violations.is_empty() { Ok(()) } else { Err(self.into_status()) }
    }

    /// The refusal that names every wrong field.
    pub fn into_status(self) -> Status {
        let message = match self.violations.as_slice() {
            [Violation { field, message, .. }] => format!("{field} {message}"),
            _ => "some fields are not valid".to_owned(),
        };
        let mut details = ErrorDetails::with_error_info(INVALID_FIELDS, "linha", HashMap::new());
        let violations = self.violations.into_iter().map(|broken| FieldViolation {
            reason: broken.rule.reason().to_owned(),
            ..FieldViolation::new(broken.field, broken.message)
        });
        details.set_bad_request(violations.collect::<Vec<_>>());
        Status::with_error_details(Code::InvalidArgument, message, details)
    }

    fn parse<T>(&mut self, field: &str, text: &str, rule: impl FnOnce(&T::Err) -> Rule) -> Option<T>
    where
        T: FromStr<Err: Display>,
    {
        let parsed = text.parse();
        parsed.map_err(|error: T::Err| self.refuse_as(field, rule(&error), error.to_string())).ok()
    }
}

/// What a refusal says, as its reader needs it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// What went wrong, for programs; empty when the status has no details.
    pub reason: String,
    /// Particulars.
    pub facts: HashMap<String, String>,
    /// Wrong fields.
    pub violations: Vec<Violation>,
    /// When to try again.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// Reads the details of a status.
    pub fn of(status: &Status) -> Self {
        let details = status.get_error_details();
        let (reason, facts) = details
            .error_info()
            .map(|info| (info.reason.clone(), info.metadata.clone()))
            .unwrap_or_default();
        let violations = details
            .bad_request()
            .map(|bad| {
                bad.field_violations
                    .iter()
                    .map(|violation| Violation {
                        field: violation.field.clone(),
                        message: violation.description.clone(),
                        rule: Rule::of(&violation.reason),
                    })
                    .collect()
            })
            .unwrap_or_default();
        let retry_after = details.retry_info().and_then(|info| info.retry_delay);
        Self { reason, facts, violations, retry_after }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_is_away_comes_back_and_other_faults_stay() {
        #[derive(Debug, thiserror::Error)]
        #[error("database: {0}")]
        struct Wrapped(#[from] sqlx::Error);

        let reset = || sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into());
        assert_eq!(internal(&reset()).code(), Code::Unavailable);
        assert_eq!(internal(&Wrapped(reset())).code(), Code::Unavailable);
        assert_eq!(internal(&sqlx::Error::PoolTimedOut).code(), Code::Unavailable);
        assert_eq!(internal(&sqlx::Error::RowNotFound).code(), Code::Internal);
    }

    #[test]
    fn every_wrong_field_is_named() {
        let mut fields = Fields::new();
        assert_eq!(fields.required::<u32>("a", ""), None);
        assert_eq!(fields.optional::<u32>("b", Some("x")), None);
        assert_eq!(fields.text("c", "  fine ", 1, 10), Some("fine".to_owned()));
        assert_eq!(fields.text("d", "far too long", 1, 3), None);
        let status = fields.check().unwrap_err();

        assert_eq!(status.code(), Code::InvalidArgument);
        let refusal = Refusal::of(&status);
        assert_eq!(refusal.reason, INVALID_FIELDS);
        let named: Vec<_> =
            refusal.violations.iter().map(|broken| (broken.field.as_str(), broken.rule)).collect();
        assert_eq!(named, [("a", Rule::Required), ("b", Rule::Format), ("d", Rule::TooLong)]);
    }

    #[test]
    fn a_refusal_is_read_as_it_was_made() {
        let status = refuse(
            Code::NotFound,
            "telecom",
            "LINE_NOT_FOUND",
            [("line_id", "7".to_owned())],
            "line 7 does not exist",
        );
        let refusal = Refusal::of(&status);
        assert_eq!(refusal.reason, "LINE_NOT_FOUND");
        assert_eq!(refusal.facts["line_id"], "7");
    }

    #[test]
    fn what_passes_by_itself_stays_unavailable() {
        assert_eq!(upstream(Status::cancelled("Timeout expired")).code(), Code::Unavailable);
        assert_eq!(upstream(Status::not_found("")).code(), Code::Internal);
        let broken = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        assert_eq!(upstream(Status::from_error(broken.into())).code(), Code::Unavailable);
    }
}
