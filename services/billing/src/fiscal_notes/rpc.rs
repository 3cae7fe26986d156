//! `FiscalNoteService`.

use std::sync::Arc;
use std::time::Duration;

use brazil::Cents;
use chassis::refusal::{Fields, Rule};
use chassis::{Service, crash, timestamp};
use proto::billing::v1 as pb;
use proto::billing::v1::fiscal_note_service_server::FiscalNoteService;
use proto::billing::v1::issue_service_note_request::Recipient as Named;
use proto::common::v1::Money;
use tonic::{Request, Response, Status};

use super::{
    Emitter, FiscalConfig, FiscalModel, FiscalNote, FiscalNoteId, IssueNote, Issuing, NewNote,
    Party, Status as NoteStatus, recipients, store,
};
use crate::error::Error;

const AMOUNT_CENTS_MAX: i64 = 10_000_000_000;

/// The rpcs, and the documents that nobody asks for. Clones share everything.
#[derive(Clone)]
pub(crate) struct FiscalNotes {
    pub(super) service: Service,
    pub(super) issuing: Issuing,
    pub(super) emitter: Arc<Emitter>,
    /// How long a request waits for the issuer.
    wait: Duration,
    /// After how long a refused NFCom is followed by another one.
    pub(super) again_after: time::Duration,
}

#[tonic::async_trait]
impl FiscalNoteService for FiscalNotes {
    async fn issue_service_note(
        &self,
        request: Request<pb::IssueServiceNoteRequest>,
    ) -> Result<Response<pb::IssueServiceNoteResponse>, Status> {
        let given = request.get_ref();
        let mut fields = Fields::new();
        let amount = amount(&mut fields, given.amount);
        let party = match &given.recipient {
            Some(Named::CompanyId(id)) => fields.required("company_id", id).map(Party::Company),
            Some(Named::UserId(id)) => fields.required("user_id", id).map(Party::Person),
            None => {
                fields.refuse_as("recipient", Rule::Required, "is required");
                None
            }
        };
        let (Some(amount), Some(party)) = (amount, party) else {
            return Err(fields.into_status());
        };
        let recipient = match party {
            Party::Company(company_id) => recipients::company(&self.service, company_id).await?,
            Party::Person(user_id) => recipients::person(&self.service, user_id).await?,
        };
        let send_email = given.send_email;
        let new = NewNote { party, recipient, amount, send_email, invoice_id: None };
        self.issue(&request, &new).await
    }

    async fn get_fiscal_note(
        &self,
        request: Request<pb::GetFiscalNoteRequest>,
    ) -> Result<Response<pb::GetFiscalNoteResponse>, Status> {
        let mut fields = Fields::new();
        let note_id = fields.required("fiscal_note_id", &request.get_ref().fiscal_note_id);
        let Some(note_id) = note_id else { return Err(fields.into_status()) };
        let note = store::find(&self.service.db, &self.service.keyring, note_id)
            .await
            .map_err(Error::from)?
            .ok_or(Error::FiscalNoteNotFound(note_id))?;
        Ok(Response::new(pb::GetFiscalNoteResponse { note: Some(note.into()) }))
    }
}

impl FiscalNotes {
    pub(crate) fn new(service: Service, issuing: Issuing, config: &FiscalConfig) -> Self {
        Self {
            service,
            issuing,
            emitter: Arc::new(config.emitter()),
            wait: config.wait(),
            again_after: config.again_after(),
        }
    }

    /// Makes the document, which from then on is on its way whatever happens here, and waits for
    /// the issuer's word. A repeat finds the document that the first call made.
    pub(super) async fn issue(
        &self,
        request: &Request<pb::IssueServiceNoteRequest>,
        new: &NewNote,
    ) -> Result<Response<pb::IssueServiceNoteResponse>, Status> {
        let made = self
            .service
            .once(request, |mut tx| {
                Box::pin(async move {
                    let series = self.emitter.series(new.model());
                    let number = store::take_numbers(&mut tx, &series, 1).await? + 1;
                    let now = self.service.clock.now();
                    let note = FiscalNote::draft(new.clone(), &self.emitter, number, now);
                    store::insert(&mut tx, &self.service.keyring, &note).await?;
                    IssueNote::enqueue(&mut tx, &self.service, note.note_id).await?;
                    let note = Some(note.into());
                    Ok::<_, Error>(pb::IssueServiceNoteResponse { note })
                })
            })
            .await?;
        crash::point("billing.fiscal.note_made").await;
        let (metadata, message, extensions) = made.into_parts();
        let mut fields = Fields::new();
        let note_id = fields.required("note.id", &message.note.unwrap_or_default().id);
        let Some(note_id) = note_id else { return Err(fields.into_status()) };
        let note = self.decision(note_id).await?;
        let answer = pb::IssueServiceNoteResponse { note: Some(note.into()) };
        Ok(Response::from_parts(metadata, answer, extensions))
    }

    /// The authorized document.
    async fn decision(&self, note_id: FiscalNoteId) -> Result<FiscalNote, Error> {
        let note = self
            .issuing
            .decision(note_id, self.wait)
            .await?
            .ok_or(Error::FiscalNoteNotFound(note_id))?;
        match (note.status, &note.rejection_reason) {
            (NoteStatus::Draft | NoteStatus::Sent, _) => Err(Error::FiscalNotePending(note_id)),
            (NoteStatus::Rejected, reason) => Err(Error::FiscalNoteRejected {
                number: note.number,
                reason: reason.clone().unwrap_or_default(),
            }),
            _ => Ok(note),
        }
    }
}

fn amount(fields: &mut Fields, given: Option<Money>) -> Option<Cents> {
    let cents = given.unwrap_or_default().cents;
    if (1..=AMOUNT_CENTS_MAX).contains(&cents) {
        return Some(Cents::new(cents));
    }
    fields.refuse_as("amount", Rule::OutOfRange, "must be from 0.01 to 100000000.00 reais");
    None
}

impl From<FiscalNote> for pb::FiscalNote {
    fn from(note: FiscalNote) -> Self {
        let model = match note.series.model {
            FiscalModel::Nfse => pb::FiscalModel::Nfse,
            FiscalModel::Nfcom => pb::FiscalModel::Nfcom,
        };
        let status = match note.status {
            NoteStatus::Draft => pb::FiscalNoteStatus::Draft,
            NoteStatus::Sent => pb::FiscalNoteStatus::Sent,
            NoteStatus::Authorized => pb::FiscalNoteStatus::Authorized,
            NoteStatus::Rejected => pb::FiscalNoteStatus::Rejected,
            NoteStatus::Cancelled => pb::FiscalNoteStatus::Cancelled,
            NoteStatus::Replaced => pb::FiscalNoteStatus::Replaced,
        };
        let authorized = note.authorization_code.is_some();
        Self {
            id: note.note_id.to_string(),
            model: model.into(),
            series: note.series.series.to_string(),
            number: note.number,
            status: status.into(),
            authorization_code: note.authorization_code,
            access_key: note.access_key.filter(|_| authorized),
            rejection_reason: note.rejection_reason,
            amount: Some(Money { cents: note.amount.get() }),
            company_id: note.party.company_id().map(|id| id.to_string()),
            user_id: note.party.user_id().map(|id| id.to_string()),
            invoice_id: note.invoice_id.map(|id| id.to_string()),
            created_at: Some(timestamp::to_proto(note.created_at)),
        }
    }
}

#[cfg(test)]
mod tests;
