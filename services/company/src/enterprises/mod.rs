//! Enterprises: companies with others affiliated below them, their free-text registration, and
//! who may do what to whom.

pub(crate) mod admin;
pub(crate) mod affiliations;
mod asking;
pub(crate) mod closing;
mod finding;
mod list;
mod own;
mod parse;
mod refusal;
mod related;
pub(crate) mod rpc;
mod status;
mod store;
mod telecom;
#[cfg(test)]
mod testing;
mod wire;

use brazil::{Cnpj, CompanyId, Email, PublicId, TimeZoneName};
use time::OffsetDateTime;

use crate::companies::folded;
pub(crate) use closing::take_up_closings;
pub(crate) use refusal::Refusal;
pub(crate) use status::note_status;

/// The fields of the values, by their names in the contract.
pub(crate) const FIELDS: [&str; 12] = [
    "name",
    "cnpj",
    "timezone",
    "phone1",
    "phone2",
    "email",
    "contact_name",
    "webpage",
    "assistance_emergency_tel",
    "theft_emergency_tel",
    "fantasy_name",
    "country_id",
];

/// A CNPJ as somebody wrote it, without a look at its check digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FreeCnpj {
    text: String,
    key: String,
}

impl FreeCnpj {
    /// None for a text without a digit or an ASCII letter.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let key = cnpj_key(text);
        (!key.is_empty()).then(|| Self { text: text.to_owned(), key })
    }
}

/// What CNPJs are compared by: upper case, only digits and ASCII letters.
pub(crate) fn cnpj_key(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// What is known of an enterprise. Texts are as somebody wrote them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Values {
    pub(crate) name: String,
    pub(crate) cnpj: FreeCnpj,
    pub(crate) timezone: Option<TimeZoneName>,
    pub(crate) phone1: Option<String>,
    pub(crate) phone2: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) contact_name: Option<String>,
    pub(crate) webpage: Option<String>,
    pub(crate) assistance_emergency_tel: Option<String>,
    pub(crate) theft_emergency_tel: Option<String>,
    pub(crate) fantasy_name: Option<String>,
    pub(crate) country_id: Option<PublicId>,
}

/// New values: those that are not given stay, those that are null are cleared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    pub(crate) name: Option<String>,
    pub(crate) cnpj: Option<FreeCnpj>,
    pub(crate) timezone: Option<Option<TimeZoneName>>,
    pub(crate) phone1: Option<Option<String>>,
    pub(crate) phone2: Option<Option<String>>,
    pub(crate) email: Option<Option<String>>,
    pub(crate) contact_name: Option<Option<String>>,
    pub(crate) webpage: Option<Option<String>>,
    pub(crate) assistance_emergency_tel: Option<Option<String>>,
    pub(crate) theft_emergency_tel: Option<Option<String>>,
    pub(crate) fantasy_name: Option<Option<String>>,
    pub(crate) country_id: Option<Option<PublicId>>,
}

impl Changes {
    /// The values of something new; none when one that must be there is not.
    pub(crate) fn into_values(self) -> Option<Values> {
        Some(Values {
            name: self.name?,
            cnpj: self.cnpj?,
            timezone: self.timezone.flatten(),
            phone1: self.phone1.flatten(),
            phone2: self.phone2.flatten(),
            email: self.email.flatten(),
            contact_name: self.contact_name.flatten(),
            webpage: self.webpage.flatten(),
            assistance_emergency_tel: self.assistance_emergency_tel.flatten(),
            theft_emergency_tel: self.theft_emergency_tel.flatten(),
            fantasy_name: self.fantasy_name.flatten(),
            country_id: self.country_id.flatten(),
        })
    }
}

impl Values {
    /// Takes new values over; the names of the fields that have another one since.
    pub(crate) fn change(&mut self, changes: Changes) -> Vec<&'static str> {
        let mut changed = Vec::new();
        let mut note = |name, is_changed: bool| {
            if is_changed {
                changed.push(name);
            }
        };
        note("name", set(&mut self.name, changes.name));
        note("cnpj", set(&mut self.cnpj, changes.cnpj));
        note("timezone", set(&mut self.timezone, changes.timezone));
        note("phone1", set(&mut self.phone1, changes.phone1));
        note("phone2", set(&mut self.phone2, changes.phone2));
        note("email", set(&mut self.email, changes.email));
        note("contact_name", set(&mut self.contact_name, changes.contact_name));
        note("webpage", set(&mut self.webpage, changes.webpage));
        let emergency_tel = &mut self.assistance_emergency_tel;
        note("assistance_emergency_tel", set(emergency_tel, changes.assistance_emergency_tel));
        note(
            "theft_emergency_tel",
            set(&mut self.theft_emergency_tel, changes.theft_emergency_tel),
        );
        note("fantasy_name", set(&mut self.fantasy_name, changes.fantasy_name));
        note("country_id", set(&mut self.country_id, changes.country_id));
        changed
    }

    /// The names of the fields that have a value.
    pub(crate) fn given(&self) -> Vec<&'static str> {
        let optional = [
            ("timezone", self.timezone.is_some()),
            ("phone1", self.phone1.is_some()),
            ("phone2", self.phone2.is_some()),
            ("email", self.email.is_some()),
            ("contact_name", self.contact_name.is_some()),
            ("webpage", self.webpage.is_some()),
            ("assistance_emergency_tel", self.assistance_emergency_tel.is_some()),
            ("theft_emergency_tel", self.theft_emergency_tel.is_some()),
            ("fantasy_name", self.fantasy_name.is_some()),
            ("country_id", self.country_id.is_some()),
        ];
        let optional = optional.into_iter().filter(|(_, is_given)| *is_given);
        ["name", "cnpj"].into_iter().chain(optional.map(|(name, _)| name)).collect()
    }

    /// The CNPJ for documents, where somebody wrote a right one.
    fn registered_cnpj(&self) -> Option<Cnpj> {
        self.cnpj.text.parse().ok()
    }

    /// Where invoices go, where somebody wrote an address.
    fn billing_email(&self) -> Option<Email> {
        self.email.as_deref()?.parse().ok()
    }

    /// What lists are sorted by: the name without case and accents.
    fn sort_name(&self) -> String {
        folded(&self.name)
    }

    /// What a search looks in beside the CNPJ, each on a line of its own so that no term spans two.
    fn search_lower(&self) -> String {
        let [fantasy_name, email] = [&self.fantasy_name, &self.email].map(|text| text.as_deref());
        [&self.name, fantasy_name.unwrap_or_default(), email.unwrap_or_default()]
            .join("\n")
            .to_lowercase()
    }

    /// What a search of companies of all kinds looks in.
    fn company_search(&self) -> String {
        folded(&format!("{}\n{}\n{}", self.search_lower(), self.cnpj.text, self.cnpj.key))
    }
}

fn set<T: PartialEq>(field: &mut T, value: Option<T>) -> bool {
    match value {
        Some(value) if value != *field => {
            *field = value;
            true
        }
        _ => false,
    }
}

/// An enterprise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Enterprise {
    pub(crate) company_id: CompanyId,
    pub(crate) public_id: PublicId,
    pub(crate) values: Values,
    pub(crate) is_main_client: bool,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) updated_at: OffsetDateTime,
    pub(crate) deactivated_at: Option<OffsetDateTime>,
}

impl Enterprise {
    /// A new one.
    pub(crate) fn new(values: Values, is_main_client: bool, now: OffsetDateTime) -> Self {
        Self {
            company_id: CompanyId::generate(),
            public_id: PublicId::generate(),
            values,
            is_main_client,
            created_at: now,
            updated_at: now,
            deactivated_at: None,
        }
    }
}

/// Whether an affiliation counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum AffiliationState {
    /// It does.
    Active,
    /// The child is seen, and not changed.
    Suspended,
}

/// The enterprise in whose name somebody asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Own {
    pub(crate) company_id: CompanyId,
    /// Whether their role there is the administrator's.
    pub(crate) may_manage: bool,
    /// Whether they are there only because they run the platform.
    pub(crate) is_operator: bool,
}

/// How an enterprise stands to the one in whose name somebody asks, which sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Its direct affiliation.
    pub(crate) affiliation: Option<AffiliationState>,
    /// Whether it is affiliated to others, as child or as parent.
    pub(crate) has_others: bool,
}

/// Whether somebody may change an enterprise that they see.
pub(crate) fn may_change(
    own: &Own,
    target: CompanyId,
    affiliation: Option<AffiliationState>,
) -> Result<(), Refusal> {
    let is_near = target == own.company_id || affiliation == Some(AffiliationState::Active);
    if own.may_manage && is_near { Ok(()) } else { Err(Refusal::Forbidden) }
}

/// Whether somebody may stop an enterprise from being served.
pub(crate) fn may_stop(own: &Own, target: &Enterprise) -> Result<(), Refusal> {
    if target.company_id == own.company_id {
        Err(Refusal::Own)
    } else if target.is_main_client && !own.is_operator {
        Err(Refusal::MainClient)
    } else {
        Ok(())
    }
}

/// Whether somebody may delete an enterprise that they see, as far as this service knows.
pub(crate) fn may_delete(
    own: &Own,
    target: &Enterprise,
    standing: &Standing,
) -> Result<(), Refusal> {
    if !own.may_manage {
        return Err(Refusal::Forbidden);
    }
    if target.company_id == own.company_id {
        return Err(Refusal::Own);
    }
    if target.is_main_client {
        return Err(Refusal::MainClient);
    }
    match standing.affiliation.filter(|_| !own.is_operator) {
        None => Err(Refusal::NotAffiliated),
        Some(AffiliationState::Suspended) => Err(Refusal::AffiliationSuspended),
        Some(AffiliationState::Active) if standing.has_others => Err(Refusal::AffiliatedElsewhere),
        Some(AffiliationState::Active) => Ok(()),
    }
}

#[cfg(test)]
mod tests;
