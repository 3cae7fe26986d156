//! From a form to a user with a line.

mod affiliations;
mod complete;
mod rpc;
pub(crate) mod store;
mod wire;

use std::collections::BTreeSet;

use brazil::{AreaCode, CompanyId, Email, PlanId, SignupFormId};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

pub(crate) use affiliations::file;
pub(crate) use rpc::Signup;

use crate::users::Person;

/// What is known of somebody who wants a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) form_id: SignupFormId,
    pub(crate) email: Email,
    pub(crate) email_proven_at: Option<OffsetDateTime>,
    /// What the form was given.
    pub(crate) own: Person,
    /// What an employee's file knows beyond that.
    pub(crate) prefill: Option<Prefill>,
    pub(crate) plan_id: Option<PlanId>,
    pub(crate) company_id: Option<CompanyId>,
    pub(crate) area_code: Option<AreaCode>,
    /// The partner that opened it.
    pub(crate) partner: Option<String>,
    /// The company that somebody with a right to it put on the form: its consent.
    pub(crate) vouched_company_id: Option<CompanyId>,
    pub(crate) completed_at: Option<OffsetDateTime>,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) updated_at: OffsetDateTime,
}

/// What a form takes from an employee's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Prefill {
    /// Whose file it is.
    pub(crate) company_id: CompanyId,
    /// Whether whoever put the e-mail on the form was shown the file.
    pub(crate) is_shown: bool,
    /// What the file knows.
    pub(crate) person: Person,
}

/// An employee's file with the form's e-mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) company_id: CompanyId,
    pub(crate) person: Person,
}

/// What companies know of an e-mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Affiliations {
    /// Oldest first.
    pub(crate) files: Vec<File>,
    /// The companies that the e-mail belongs to.
    pub(crate) company_ids: BTreeSet<CompanyId>,
}

/// How far whoever calls may see into employees' files, and spend companies' money.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reach {
    /// An operator's: everywhere.
    pub(crate) everything: bool,
    /// A manager's: these companies.
    pub(crate) company_ids: Vec<CompanyId>,
    /// A partner's: any company, on forms that it opened.
    pub(crate) partner: Option<String>,
}

impl Reach {
    /// Whether a company's things are within reach on a form that `opener` opened.
    fn covers(&self, company_id: CompanyId, opener: Option<&str>) -> bool {
        let is_own = self.partner.is_some() && self.partner.as_deref() == opener;
        self.everything || is_own || self.company_ids.contains(&company_id)
    }
}

/// What is to be changed; absent parts stay.
#[derive(Clone, Debug, Default)]
pub(crate) struct Change {
    pub(crate) email: Option<Email>,
    pub(crate) plan_id: Option<Option<PlanId>>,
    pub(crate) company_id: Option<Option<CompanyId>>,
    pub(crate) area_code: Option<Option<AreaCode>>,
}

/// Why a form does not become a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Completed,
    Missing(Vec<&'static str>),
}

/// What a form becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Completion {
    /// What the user starts with. What only an employee's file knows comes when the e-mail is
    /// proven.
    pub(crate) person: Person,
    pub(crate) plan_id: PlanId,
    pub(crate) area_code: AreaCode,
    pub(crate) company_id: Option<CompanyId>,
    /// Whether the company's consent is given, or none is needed.
    pub(crate) is_approved: bool,
}

impl Form {
    /// A new form of somebody with that reach.
    pub(crate) fn open(email: Email, own: Person, reach: &Reach, now: OffsetDateTime) -> Self {
        Self {
            form_id: SignupFormId::generate(),
            email,
            email_proven_at: None,
            own,
            prefill: None,
            plan_id: None,
            company_id: None,
            area_code: None,
            partner: reach.partner.clone(),
            vouched_company_id: None,
            completed_at: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// Changes the form on behalf of somebody with that reach. A new e-mail drops the proof, and
    /// what was filled in and vouched for the person that the old one belongs to.
    pub(crate) fn change(&mut self, change: Change, reach: &Reach) {
        if let Some(email) = change.email.filter(|email| *email != self.email) {
            self.email = email;
            self.email_proven_at = None;
            self.prefill = None;
            if !self.vouched_company_id.is_some_and(|company| self.is_reached(reach, company)) {
                self.vouched_company_id = None;
            }
        }
        if let Some(plan_id) = change.plan_id {
            self.plan_id = plan_id;
        }
        if let Some(area_code) = change.area_code {
            self.area_code = area_code;
        }
        if let Some(company_id) = change.company_id {
            self.company_id = company_id;
            if let Some(company_id) = company_id.filter(|id| self.is_reached(reach, *id)) {
                self.vouched_company_id = Some(company_id);
            }
        }
    }

    /// Fills in what a file knows: that of the form's company if there is one, else the oldest;
    /// but rather one that the caller may see.
    pub(crate) fn fill_from(&mut self, files: Vec<File>, reach: &Reach) {
        let rank = |file: &File| {
            let is_shown = self.is_reached(reach, file.company_id);
            (!is_shown, self.company_id != Some(file.company_id))
        };
        self.prefill = files.into_iter().min_by_key(rank).map(|file| Prefill {
            company_id: file.company_id,
            is_shown: self.is_reached(reach, file.company_id),
            person: file.person,
        });
    }

    /// What somebody with that reach may see of the person. Nobody sees an employee's file before
    /// the e-mail is proven but those who can read the file anyway.
    pub(crate) fn seen_by(&self, reach: &Reach) -> Person {
        let visible = self.prefill.as_ref().filter(|prefill| {
            self.email_proven_at.is_some() || self.is_reached(reach, prefill.company_id)
        });
        visible.map_or_else(|| self.own.clone(), |prefill| self.own.or(&prefill.person))
    }

    /// Decides what the form becomes. `affiliated` are the companies that the e-mail belongs to,
    /// which count once it is proven.
    ///
    /// # Errors
    /// [`Refusal`]. What a file knows counts as filled in once the e-mail is proven, or if it was
    /// shown to whoever opened the form: to others even that a file exists is not told.
    pub(crate) fn complete(&self, affiliated: &BTreeSet<CompanyId>) -> Result<Completion, Refusal> {
        if self.completed_at.is_some() {
            return Err(Refusal::Completed);
        }
        let is_proven = self.email_proven_at.is_some();
        let file = self.prefill.as_ref().filter(|prefill| is_proven || prefill.is_shown);
        let known = file.map_or_else(|| self.own.clone(), |file| self.own.or(&file.person));
        let (Some(plan_id), Some(area_code), true, true) =
            (self.plan_id, self.area_code, known.full_name.is_some(), known.cpf.is_some())
        else {
            return Err(Refusal::Missing(self.missing(&known)));
        };
        Ok(Completion {
            person: if is_proven { known } else { self.own.clone() },
            plan_id,
            area_code,
            company_id: self.company_id,
            is_approved: self.company_id.is_none_or(|company_id| {
                self.vouched_company_id == Some(company_id)
                    || is_proven && affiliated.contains(&company_id)
            }),
        })
    }

    fn missing(&self, known: &Person) -> Vec<&'static str> {
        let needed = [
            ("full_name", known.full_name.is_some()),
            ("cpf", known.cpf.is_some()),
            ("plan_id", self.plan_id.is_some()),
            ("area_code", self.area_code.is_some()),
        ];
        needed.into_iter().filter(|(_, is_there)| !is_there).map(|(field, _)| field).collect()
    }

    fn is_reached(&self, reach: &Reach, company_id: CompanyId) -> bool {
        reach.covers(company_id, self.partner.as_deref())
    }
}

#[cfg(test)]
mod tests;
