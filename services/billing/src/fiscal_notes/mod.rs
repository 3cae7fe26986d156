//! Fiscal documents: NFS-e for services, NFCom (model 62) for the telecom service of an invoice.
//! Their life, and the rules of it.

mod access_key;
mod config;
mod document;
mod invoices;
mod issuing;
mod letters;
mod recipients;
mod rpc;
mod store;

use std::fmt;
use std::str::FromStr;

use brazil::{Cents, Cnpj, CompanyId, Cpf, Email, State, UserId, local_date};
use chassis::address::Address;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

pub use config::{FiscalConfig, FiscalIssuerKind};
pub(crate) use invoices::issue_for_invoices;
pub(crate) use issuing::{IssueNote, Issuing};
pub(crate) use rpc::FiscalNotes;
pub(crate) use store::RECIPIENT;

use self::access_key::{KeyParts, access_key};
use crate::fiscal_issuer::Authorization;

brazil::id!(
    /// A fiscal document.
    FiscalNoteId
);

const REASON_LENGTH_MAX: usize = 500;

/// What kind of document it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum FiscalModel {
    /// For services.
    Nfse,
    /// For telecom service: model 62.
    Nfcom,
}

impl FiscalModel {
    /// As events and documents write it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Nfse => "nfse",
            Self::Nfcom => "nfcom",
        }
    }
}

/// The series of a document: 0 to 999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FiscalSeries(i16);

/// The text is not the number of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a series from 0 to 999")]
pub struct InvalidSeries;

impl FiscalSeries {
    /// Its number.
    pub(crate) fn get(self) -> i16 {
        self.0
    }
}

impl TryFrom<i16> for FiscalSeries {
    type Error = InvalidSeries;

    fn try_from(number: i16) -> Result<Self, InvalidSeries> {
        (0..=999).contains(&number).then_some(Self(number)).ok_or(InvalidSeries)
    }
}

impl FromStr for FiscalSeries {
    type Err = InvalidSeries;

    fn from_str(text: &str) -> Result<Self, InvalidSeries> {
        text.parse::<i16>().map_err(|_| InvalidSeries)?.try_into()
    }
}

impl fmt::Display for FiscalSeries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// To whom a document is issued, as they were at that time.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// Registered or full name.
    pub name: String,
    /// CNPJ or CPF.
    pub taxpayer: Taxpayer,
    /// Where the document goes.
    pub email: Email,
    /// Seat or home, if known.
    pub address: Option<Address>,
}

/// By what the tax office knows somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Taxpayer {
    /// A company.
    Cnpj(Cnpj),
    /// A person.
    Cpf(Cpf),
}

/// Most of it is personal data.
impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recipient").field("taxpayer", &self.taxpayer).finish_non_exhaustive()
    }
}

/// Where a document is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Status {
    /// Has its number.
    Draft,
    /// At the issuer.
    Sent,
    /// Valid.
    Authorized,
    /// Refused by the issuer; the number is used up.
    Rejected,
    /// Was valid, and is not any more.
    Cancelled,
    /// Was valid, and another one is instead.
    Replaced,
}

impl Status {
    /// The steps of a document's life.
    pub(crate) fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Draft, Self::Sent)
                | (Self::Sent, Self::Authorized | Self::Rejected)
                | (Self::Authorized, Self::Cancelled | Self::Replaced)
        )
    }
}

/// Whose books a document is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Party {
    Company(CompanyId),
    Person(UserId),
}

impl Party {
    pub(crate) fn company_id(self) -> Option<CompanyId> {
        match self {
            Self::Company(company_id) => Some(company_id),
            Self::Person(_) => None,
        }
    }

    pub(crate) fn user_id(self) -> Option<UserId> {
        match self {
            Self::Company(_) => None,
            Self::Person(user_id) => Some(user_id),
        }
    }
}

/// A numbered run of documents of one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Series {
    pub(crate) issuer: Cnpj,
    pub(crate) model: FiscalModel,
    pub(crate) series: FiscalSeries,
}

/// Us, as the issuer of documents.
#[derive(Clone, Debug)]
pub(crate) struct Emitter {
    pub(crate) cnpj: Cnpj,
    pub(crate) state: State,
    pub(crate) nfse_series: FiscalSeries,
    pub(crate) nfcom_series: FiscalSeries,
}

impl Emitter {
    /// The series that documents of a model are in.
    pub(crate) fn series(&self, model: FiscalModel) -> Series {
        let series = match model {
            FiscalModel::Nfse => self.nfse_series,
            FiscalModel::Nfcom => self.nfcom_series,
        };
        Series { issuer: self.cnpj.clone(), model, series }
    }
}

/// A document that is wanted.
#[derive(Clone, Debug)]
pub(crate) struct NewNote {
    pub(crate) party: Party,
    pub(crate) recipient: Recipient,
    pub(crate) amount: Cents,
    pub(crate) send_email: bool,
    /// The invoice whose telecom service it is for; else it is for a service of another kind.
    pub(crate) invoice_id: Option<Uuid>,
}

impl NewNote {
    pub(crate) fn model(&self) -> FiscalModel {
        if self.invoice_id.is_some() { FiscalModel::Nfcom } else { FiscalModel::Nfse }
    }
}

/// A fiscal document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FiscalNote {
    pub(crate) note_id: FiscalNoteId,
    pub(crate) series: Series,
    /// Without gaps in its series, from 1.
    pub(crate) number: i64,
    pub(crate) status: Status,
    pub(crate) party: Party,
    pub(crate) recipient: Recipient,
    pub(crate) invoice_id: Option<Uuid>,
    pub(crate) amount: Cents,
    pub(crate) send_email: bool,
    /// Of an NFCom from the beginning; of others the issuer's.
    pub(crate) access_key: Option<String>,
    pub(crate) authorization_code: Option<String>,
    pub(crate) rejection_reason: Option<String>,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) decided_at: Option<OffsetDateTime>,
}

/// A document became valid, and that is not done with before it was told.
#[must_use = "tell it"]
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Authorized;

/// The document's life does not go on like this.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fiscal note does not go from {from:?} to {to:?}")]
pub(crate) struct IllegalStep {
    from: Status,
    to: Status,
}

impl FiscalNote {
    /// Begins a document with the next number of its series.
    pub(crate) fn draft(
        new: NewNote,
        emitter: &Emitter,
        number: i64,
        created_at: OffsetDateTime,
    ) -> Self {
        let note_id = FiscalNoteId::generate();
        let model = new.model();
        let series = emitter.series(model);
        let access_key = (model == FiscalModel::Nfcom).then(|| {
            access_key(&KeyParts {
                state: emitter.state,
                issued_on: local_date(created_at),
                issuer: &series.issuer,
                series: series.series,
                number,
                random: note_id.0.as_u128(),
            })
        });
        let NewNote { party, recipient, amount, send_email, invoice_id } = new;
        Self {
            note_id,
            series,
            number,
            status: Status::Draft,
            party,
            recipient,
            invoice_id,
            amount,
            send_email,
            access_key,
            authorization_code: None,
            rejection_reason: None,
            created_at,
            decided_at: None,
        }
    }

    /// It goes to the issuer.
    ///
    /// # Errors
    /// [`IllegalStep`] when it is there already, or decided.
    pub(crate) fn send(&mut self) -> Result<(), IllegalStep> {
        self.step(Status::Sent)
    }

    /// The issuer authorized it.
    ///
    /// # Errors
    /// [`IllegalStep`] unless it is at the issuer.
    pub(crate) fn authorize(
        &mut self,
        given: Authorization,
        at: OffsetDateTime,
    ) -> Result<Authorized, IllegalStep> {
        self.step(Status::Authorized)?;
        let Authorization { code, access_key } = given;
        self.authorization_code = Some(code);
        // The key of an NFCom is in the document that was authorized, and stays.
        self.access_key = self.access_key.take().or(access_key);
        self.decided_at = Some(at);
        Ok(Authorized)
    }

    /// The issuer refused it. It keeps its number.
    ///
    /// # Errors
    /// [`IllegalStep`] unless it is at the issuer.
    pub(crate) fn reject(&mut self, reason: &str, at: OffsetDateTime) -> Result<(), IllegalStep> {
        self.step(Status::Rejected)?;
        self.rejection_reason = Some(reason.chars().take(REASON_LENGTH_MAX).collect());
        self.decided_at = Some(at);
        Ok(())
    }

    fn step(&mut self, to: Status) -> Result<(), IllegalStep> {
        if !self.status.may_become(to) {
            return Err(IllegalStep { from: self.status, to });
        }
        self.status = to;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
