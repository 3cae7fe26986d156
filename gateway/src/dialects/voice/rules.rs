//! What is wrong with members of a request, as this dialect says it.

use chassis::refusal;

use super::error::Error;

/// What kind of rule a member broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// It has to be there.
    Presence,
    /// It is too short or too long.
    Length,
    /// It is not written like one, or of another type.
    Format,
    /// It is none of those that there are.
    Inclusion,
    /// Somebody else has it.
    Uniqueness,
    /// Something else.
    Custom,
}

impl Rule {
    /// As it stands in `codes`.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Presence => "presence",
            Self::Length => "length",
            Self::Format => "format",
            Self::Inclusion => "inclusion",
            Self::Uniqueness => "uniqueness",
            Self::Custom => "custom",
        }
    }
}

impl From<refusal::Rule> for Rule {
    fn from(rule: refusal::Rule) -> Self {
        match rule {
            refusal::Rule::Required => Self::Presence,
            refusal::Rule::TooShort | refusal::Rule::TooLong => Self::Length,
            refusal::Rule::Format => Self::Format,
            refusal::Rule::NotOneOf => Self::Inclusion,
            refusal::Rule::Taken => Self::Uniqueness,
            refusal::Rule::OutOfRange | refusal::Rule::Other => Self::Custom,
        }
    }
}

/// The kind of thing that members belong to.
#[derive(Debug)]
pub(super) struct Model {
    /// What it is called: "User".
    pub(super) name: &'static str,
    /// Its members, and what the contract of the rpc calls them, where that differs.
    pub(super) names: &'static [(&'static str, &'static str)],
}

impl Model {
    /// None in particular.
    pub(super) const NONE: Self = Self::new("Request", &[]);

    /// `names` are (member, field).
    pub(super) const fn new(
        name: &'static str,
        names: &'static [(&'static str, &'static str)],
    ) -> Self {
        Self { name, names }
    }

    /// The member that a field of an rpc's request came from: `extension.number` was `ramal`.
    pub(super) fn member(&self, path: &str) -> String {
        let named = |wanted: &str| {
            self.names.iter().find(|(_, field)| *field == wanted).map(|(member, _)| *member)
        };
        let inner = path.split_once('.').map_or(path, |(_, inner)| inner);
        named(path).or_else(|| named(inner)).unwrap_or(inner).to_owned()
    }
}

/// A member that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    /// Its name.
    pub(super) member: String,
    /// The rule.
    pub(super) rule: Rule,
    /// Completes the sentence that starts with the name.
    pub(super) message: String,
}

impl Broken {
    pub(super) fn new(member: impl Into<String>, rule: Rule, message: impl Into<String>) -> Self {
        Self { member: member.into(), rule, message: message.into() }
    }
}

/// Collects every member that is wrong, so that the caller learns of all at once.
#[derive(Debug)]
pub(super) struct Rules {
    model: &'static Model,
    broken: Vec<Broken>,
}

impl Rules {
    /// Nothing wrong so far.
    pub(super) fn of(model: &'static Model) -> Self {
        Self { model, broken: Vec::new() }
    }

    /// Notes that a member is wrong; `message` completes the sentence that starts with its name.
    pub(super) fn refuse(&mut self, member: &str, rule: Rule, message: impl Into<String>) {
        self.broken.push(Broken::new(member, rule, message));
    }

    /// The refusal of every wrong member.
    pub(super) fn into_error(self) -> Error {
        Error::invalid(self.model, self.broken)
    }

    /// Goes on only if nothing was wrong.
    ///
    /// # Errors
    /// 422 with every wrong member.
    pub(super) fn pass(self) -> Result<(), Error> {
        if self.broken.is_empty() { Ok(()) } else { Err(self.into_error()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_have_the_dialects_names() {
        const EXTENSION: Model = Model::new("Extension", &[("ramal", "number")]);
        assert_eq!(EXTENSION.member("extension.number"), "ramal");
        assert_eq!(EXTENSION.member("number"), "ramal");
        assert_eq!(EXTENSION.member("extension.first_name"), "first_name");
    }
}
