//! Parameters: every fault is told, before anything is looked up.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::Uri;
use uuid::Uuid;

use super::error::{Error, Property};

const TEXT_MAX: usize = 50;
const UUID_LENGTH: usize = 36;
const SCHOOL_ID: &str = "school_id";
const SCHOOL_EXTERNAL_ID: &str = "school_external_id";
// As one operation prints it in its path; good wherever the other is.
const SCHOOL_EXTERNAL_ID_TOO: &str = "schoolExternalId";
const EXTERNAL_INTEGRATION_ID: &str = "external_integration_id";

/// What a request asks with.
pub(super) struct Parameters {
    pairs: Vec<(String, String)>,
    faults: Vec<Property>,
}

impl Parameters {
    pub(super) fn of(uri: &Uri) -> Self {
        let query = uri.query().unwrap_or_default();
        let pairs = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Self { pairs, faults: vec![] }
    }

    /// A UUID of the path, in lower case.
    pub(super) fn path_id(
        &mut self,
        name: &str,
        path: Result<Path<String>, PathRejection>,
    ) -> Option<String> {
        // What is no text is no UUID.
        let Path(text) = path.unwrap_or_else(|_| Path("?".to_owned()));
        self.uuid(name, &text)
    }

    pub(super) fn school_id(&mut self) -> Option<String> {
        let text = self.once(SCHOOL_ID, SCHOOL_ID)?;
        self.uuid(SCHOOL_ID, &text)
    }

    /// The external id of a school, by either of its names.
    pub(super) fn school_external_id(&mut self) -> Option<String> {
        let one = self.once(SCHOOL_EXTERNAL_ID, SCHOOL_EXTERNAL_ID);
        let other = self.once(SCHOOL_EXTERNAL_ID_TOO, SCHOOL_EXTERNAL_ID);
        if let (Some(one), Some(other)) = (&one, &other)
            && one != other
        {
            self.refuse(SCHOOL_EXTERNAL_ID, "must have one value.");
            return None;
        }
        self.text(SCHOOL_EXTERNAL_ID, one.or(other)?)
    }

    /// The external id of a school, which must be there.
    pub(super) fn required_school_external_id(&mut self) -> Option<String> {
        let faults = self.faults.len();
        let called = self.school_external_id();
        if called.is_none() && self.faults.len() == faults {
            self.refuse(SCHOOL_EXTERNAL_ID, "is required.");
        }
        called
    }

    /// A school, by its id, its external id, or both.
    pub(super) fn school(&mut self) -> (Option<String>, Option<String>) {
        let faults = self.faults.len();
        let (id, called) = (self.school_id(), self.school_external_id());
        if id.is_none() && called.is_none() && self.faults.len() == faults {
            self.faults.push(Property {
                property_name: SCHOOL_ID.to_owned(),
                error_message: "school_id or school_external_id is required.".to_owned(),
            });
        }
        (id, called)
    }

    pub(super) fn external_integration_id(&mut self) -> Option<String> {
        let text = self.once(EXTERNAL_INTEGRATION_ID, EXTERNAL_INTEGRATION_ID)?;
        self.text(EXTERNAL_INTEGRATION_ID, text)
    }

    /// Goes on only if nothing was wrong.
    pub(super) fn check(self) -> Result<(), Error> {
        if self.faults.is_empty() { Ok(()) } else { Err(Error::invalid(self.faults)) }
    }

    /// The value of a parameter; an empty one counts as missing.
    fn once(&mut self, name: &str, property: &str) -> Option<String> {
        let mut values = self.pairs.iter().filter(|(sent, _)| sent == name).map(|(_, value)| value);
        let value = values.next()?.clone();
        if values.next().is_some() {
            self.refuse(property, "must be sent once.");
            return None;
        }
        Some(value).filter(|value| !value.is_empty())
    }

    fn uuid(&mut self, name: &str, text: &str) -> Option<String> {
        let uuid = Uuid::try_parse(text).ok().filter(|_| text.len() == UUID_LENGTH);
        if uuid.is_none() {
            self.refuse(name, "is invalid.");
        }
        uuid.map(|uuid| uuid.to_string())
    }

    fn text(&mut self, name: &str, text: String) -> Option<String> {
        if text.chars().count() > TEXT_MAX {
            self.refuse(name, &format!("must not exceed {TEXT_MAX} characters."));
            return None;
        }
        Some(text)
    }

    fn refuse(&mut self, name: &str, message: &str) {
        let fault =
            Property { property_name: name.to_owned(), error_message: format!("{name} {message}") };
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0198B1C2-7d3e-7c4a-9b1e-3f5d6a7b8c9d";

    fn parameters(query: &str) -> Parameters {
        Parameters::of(&format!("/?{query}").parse().unwrap())
    }

    fn messages(parameters: Parameters) -> Vec<String> {
        parameters.faults.into_iter().map(|fault| fault.error_message).collect()
    }

    #[test]
    fn a_school_is_named_by_either_spelling() {
        for (query, expected) in [
            ("", None),
            ("school_external_id=", None),
            ("school_external_id=A%20b", Some("A b")),
            ("schoolExternalId=a", Some("a")),
            ("school_external_id=a&schoolExternalId=a", Some("a")),
            ("school_external_id=&schoolExternalId=a&other=1&other=2", Some("a")),
        ] {
            let mut parameters = parameters(query);
            assert_eq!(parameters.school_external_id().as_deref(), expected, "{query}");
            assert!(parameters.check().is_ok(), "{query}");
        }
        for (query, message) in [
            ("school_external_id=a&schoolExternalId=b", "school_external_id must have one value."),
            ("school_external_id=a&school_external_id=a", "school_external_id must be sent once."),
            ("schoolExternalId=&schoolExternalId=a", "school_external_id must be sent once."),
            ("", "school_external_id is required."),
            ("school_external_id=", "school_external_id is required."),
            (
                &format!("schoolExternalId={}", "é".repeat(51)),
                "school_external_id must not exceed 50 characters.",
            ),
        ] {
            let mut parameters = parameters(query);
            assert_eq!(parameters.required_school_external_id(), None, "{query}");
            assert_eq!(messages(parameters), [message], "{query}");
        }
        let mut long = parameters(&format!("school_external_id={}", "é".repeat(50)));
        assert!(long.required_school_external_id().is_some());
    }

    #[test]
    fn every_fault_is_told() {
        let mut wrong = parameters("school_id=x&school_external_id=a&schoolExternalId=b");
        assert_eq!(wrong.path_id("account_id", Ok(Path("7".to_owned()))), None);
        wrong.school();
        let expected = [
            "account_id is invalid.",
            "school_id is invalid.",
            "school_external_id must have one value.",
        ];
        assert_eq!(messages(wrong), expected);

        let mut none = parameters("school_id=&school_external_id=");
        none.school();
        let fault = &none.faults[0];
        assert_eq!(fault.property_name, "school_id");
        assert_eq!(fault.error_message, "school_id or school_external_id is required.");
        let mut both = parameters(&format!("school_id={ID}&school_external_id=a"));
        assert_eq!(both.school(), (Some(ID.to_lowercase()), Some("a".to_owned())));
        assert!(both.check().is_ok());
    }

    #[test]
    fn an_id_is_a_uuid_with_hyphens_in_any_case() {
        let plain = ID.replace('-', "");
        for (text, is_id) in [
            (ID.to_owned(), true),
            ("00000000-0000-0000-0000-000000000000".to_owned(), true),
            (plain, false),
            (format!("{{{ID}}}"), false),
            (format!("urn:uuid:{ID}"), false),
            (ID.replace('7', "g"), false),
            (String::new(), false),
        ] {
            let mut parameters = parameters("");
            let read = parameters.path_id("tenant_id", Ok(Path(text.clone())));
            assert_eq!(read, is_id.then(|| text.to_lowercase()), "{text}");
        }
    }

    #[test]
    fn an_integration_is_a_text() {
        assert_eq!(parameters("external_integration_id=").external_integration_id(), None);
        let mut long = parameters(&format!("external_integration_id={}", "x".repeat(51)));
        assert_eq!(long.external_integration_id(), None);
        let message = "external_integration_id must not exceed 50 characters.";
        assert_eq!(messages(long), [message]);
    }
}
