//! Companies: registration data, and how they are searched for.

pub(crate) mod rpc;
pub(crate) mod status;
mod store;

use brazil::{Cnpj, CompanyId, Email, HostName, PhoneNumber};
use chassis::address::Address;
use time::OffsetDateTime;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The most characters of an official or trading name.
pub(crate) const NAME_MAX: usize = 200;

/// What a company is in the dialects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Owns mobile lines.
    Customer,
    /// Has extensions, calls and credit, under a domain.
    VoiceAccount,
    /// Has others affiliated below it.
    Enterprise,
    /// A workspace of people.
    Organization,
    /// A group of schools.
    SchoolGroup,
    /// A school of a group.
    School,
}

/// Whether a company may be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Status {
    Active,
    Inactive,
}

/// A company.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Company {
    pub(crate) company_id: CompanyId,
    pub(crate) kind: Kind,
    /// Of a voice account, and of no other company.
    pub(crate) domain: Option<HostName>,
    pub(crate) registration: Registration,
    pub(crate) status: Status,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) updated_at: OffsetDateTime,
}

/// What a company says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Registration {
    pub(crate) official_name: String,
    pub(crate) trading_name: Option<String>,
    /// Only a customer must have one.
    pub(crate) cnpj: Option<Cnpj>,
    pub(crate) phone_number: Option<ContactNumber>,
    /// Customers and voice accounts must have one.
    pub(crate) email: Option<Email>,
    pub(crate) billing_email: Option<Email>,
    pub(crate) address: Option<Address>,
}

/// Where a company is called: a Brazilian number, or what somebody gave as one when they opened a
/// voice account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ContactNumber(pub(crate) String);

impl From<PhoneNumber> for ContactNumber {
    fn from(number: PhoneNumber) -> Self {
        Self(number.to_string())
    }
}

/// New values of some registration data: the outer `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes {
    pub(crate) official_name: Option<String>,
    pub(crate) trading_name: Option<Option<String>>,
    pub(crate) cnpj: Option<Cnpj>,
    pub(crate) phone_number: Option<Option<PhoneNumber>>,
    pub(crate) email: Option<Email>,
    pub(crate) billing_email: Option<Option<Email>>,
    pub(crate) address: Option<Option<Address>>,
}

impl Company {
    /// A new customer, served from now on.
    pub(crate) fn register(registration: Registration, now: OffsetDateTime) -> Self {
        Self {
            company_id: CompanyId::generate(),
            kind: Kind::Customer,
            domain: None,
            registration,
            status: Status::Active,
            created_at: now,
            updated_at: now,
        }
    }

    /// A new voice account with an id that its opener chose.
    pub(crate) fn open(
        company_id: CompanyId,
        domain: HostName,
        registration: Registration,
        now: OffsetDateTime,
    ) -> Self {
        let company = Self::register(registration, now);
        Self { company_id, kind: Kind::VoiceAccount, domain: Some(domain), ..company }
    }

    /// Takes the new values over.
    pub(crate) fn change(&mut self, changes: Changes, now: OffsetDateTime) {
        let registration = &mut self.registration;
        set(&mut registration.official_name, changes.official_name);
        set(&mut registration.trading_name, changes.trading_name);
        set(&mut registration.cnpj, changes.cnpj.map(Some));
        let phone_number = changes.phone_number.map(|number| number.map(Into::into));
        set(&mut registration.phone_number, phone_number);
        set(&mut registration.email, changes.email.map(Some));
        set(&mut registration.billing_email, changes.billing_email);
        set(&mut registration.address, changes.address);
        self.updated_at = now;
    }
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

impl Registration {
    /// The registration that consists of these values; `None` when one that must be there is not.
    pub(crate) fn of(values: Changes) -> Option<Self> {
        Some(Self {
            official_name: values.official_name?,
            trading_name: values.trading_name.flatten(),
            cnpj: Some(values.cnpj?),
            phone_number: values.phone_number.flatten().map(Into::into),
            email: Some(values.email?),
            billing_email: values.billing_email.flatten(),
            address: values.address.flatten(),
        })
    }

    /// What a search looks in, each value on a line of its own so that no term spans two.
    pub(crate) fn search_text(&self) -> String {
        let cnpj = self.cnpj.as_ref();
        folded_lines([
            self.official_name.as_str(),
            self.trading_name.as_deref().unwrap_or_default(),
            self.email.as_ref().map(Email::as_str).unwrap_or_default(),
            cnpj.map(Cnpj::as_str).unwrap_or_default(),
            &cnpj.map(Cnpj::formatted).unwrap_or_default(),
        ])
    }
}

/// What is searched for: a part of a [`Registration::search_text`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SearchTerm(String);

impl SearchTerm {
    /// The most characters of a term.
    pub(crate) const LENGTH_MAX: usize = 200;

    /// A term that is taken literally but for case and accents; `None` for one that finds all.
    pub(crate) fn new(term: &str) -> Option<Self> {
        let folded = folded(term);
        (!folded.is_empty()).then_some(Self(folded))
    }

    /// The term as a pattern of SQL's `like`.
    pub(crate) fn pattern(&self) -> String {
        let mut pattern = String::from("%");
        for character in self.0.chars() {
            if matches!(character, '%' | '_' | '\\') {
                pattern.push('\\');
            }
            pattern.push(character);
        }
        pattern.push('%');
        pattern
    }
}

/// What a search looks in of a company that consists of names: each on a line of its own.
pub(crate) fn folded_lines<const N: usize>(texts: [&str; N]) -> String {
    texts.map(folded).join("\n")
}

/// A text without case and accents, letter by letter: a part of a text is a part of it folded.
pub(crate) fn folded(text: &str) -> String {
    let lower_case = text.chars().flat_map(char::to_lowercase);
    lower_case.nfd().filter(|character| !is_combining_mark(*character)).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    pub(crate) fn registration(official_name: &str, cnpj: &str) -> Registration {
        Registration {
            official_name: official_name.to_owned(),
            trading_name: None,
            cnpj: Some(cnpj.parse().unwrap()),
            phone_number: None,
            email: Some("contato@padaria.com.br".parse().unwrap()),
            billing_email: None,
            address: None,
        }
    }

    #[test]
    fn a_change_touches_what_it_names() {
        let (before, after) = (datetime!(2026-01-01 0:00 UTC), datetime!(2026-01-02 0:00 UTC));
        let mut given = registration("Padaria", "11222333000181");
        given.trading_name = Some("Pão".to_owned());
        given.billing_email = Some("fiscal@padaria.com.br".parse().unwrap());
        let mut company = Company::register(given, before);
        let changes = Changes {
            official_name: Some("Padaria Nova".to_owned()),
            trading_name: Some(None),
            ..Changes::default()
        };
        company.change(changes, after);
        assert_eq!(company.registration.official_name, "Padaria Nova");
        assert_eq!(company.registration.trading_name, None);
        assert!(company.registration.billing_email.is_some());
        assert_eq!((company.created_at, company.updated_at), (before, after));
    }

    #[test]
    fn a_registration_needs_name_cnpj_and_email() {
        let values = Changes {
            official_name: Some("Padaria".to_owned()),
            cnpj: "11222333000181".parse().ok(),
            email: "a@b.com".parse().ok(),
            ..Changes::default()
        };
        assert!(Registration::of(values.clone()).is_some());
        assert!(Registration::of(Changes { email: None, ..values }).is_none());
    }

    #[test]
    fn case_and_accents_do_not_count() {
        assert_eq!(folded("AÇAÍ São João Ñ Ü"), "acai sao joao n u");
        // The same letters, composed or not.
        assert_eq!(folded("a\u{301}"), folded("á"));
        assert_eq!(SearchTerm::new(""), None);
    }

    #[test]
    fn a_pattern_takes_the_term_literally() {
        assert_eq!(SearchTerm::new(r"50%_A\B").unwrap().pattern(), r"%50\%\_a\\b%");
    }

    proptest! {
        #[test]
        fn any_part_of_a_name_finds_it(name in "[\\PC]{1,40}", from in 0usize..40, to in 0usize..40) {
            let text = registration(&name, "11222333000181").search_text();
            let part: String = name.chars().take(to).skip(from).collect();
            if let Some(term) = SearchTerm::new(&part) {
                prop_assert!(text.contains(&term.0), "{part:?} in {name:?}");
            }
        }
    }
}
