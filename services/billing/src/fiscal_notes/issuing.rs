//! The way of a document to the issuer and back.

use std::sync::Arc;
use std::time::Duration;

use chassis::jobs::{Job, retry_pause};
use chassis::mail::Post;
use chassis::{Service, crash, timestamp};
use proto::events::v1::FiscalNoteAuthorized;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use tokio::sync::broadcast;
use tokio::time::Instant;

use super::{Authorized, FiscalConfig, FiscalNote, FiscalNoteId, Status, letters, store};
use crate::error::Error;
use crate::fiscal_issuer::{Authorization, FiscalDocument, FiscalIssuer, FiscalIssuerError};

const RETRY_MIN: Duration = Duration::from_millis(250);
const RECHECK: Duration = Duration::from_millis(100);
const DECISIONS_REMEMBERED: usize = 256;

/// What issuing needs. Clones share it.
#[derive(Clone)]
pub(crate) struct Issuing {
    service: Service,
    issuer: Arc<dyn FiscalIssuer>,
    post: Post,
    timeout: Duration,
    retry_max: Duration,
    decided: broadcast::Sender<FiscalNoteId>,
}

/// Has a document authorized, for as long as it takes the issuer to answer.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct IssueNote {
    note_id: FiscalNoteId,
    failures: u32,
}

impl IssueNote {
    /// Has it done once the transaction is committed.
    pub(super) async fn enqueue(
        tx: &mut PgConnection,
        service: &Service,
        note_id: FiscalNoteId,
    ) -> sqlx::Result<()> {
        let job = Self { note_id, failures: 0 };
        service.jobs.enqueue(tx, &job, &note_id.to_string()).await
    }
}

impl Job for IssueNote {
    const NAME: &'static str = "issue_fiscal_note";
    type Context = Issuing;

    async fn run(self, issuing: Issuing) -> anyhow::Result<()> {
        let Some(note) = issuing.send(self.note_id).await? else { return Ok(()) };
        crash::point("billing.fiscal.before_issuer").await;
        let answer = issuing.ask(note).await;
        crash::point("billing.fiscal.issuer_done").await;
        match answer {
            Ok(authorization) => issuing.authorized(self.note_id, &authorization).await?,
            Err(FiscalIssuerError::Refused(reason)) => {
                issuing.refused(self.note_id, &reason).await?;
            }
            Err(FiscalIssuerError::Unavailable) => return Ok(issuing.later(self).await?),
        }
        crash::point("billing.fiscal.committed").await;
        // Nobody may be waiting.
        let _ = issuing.decided.send(self.note_id);
        Ok(())
    }
}

impl Issuing {
    pub(crate) fn new(
        service: Service,
        issuer: Arc<dyn FiscalIssuer>,
        post: Post,
        config: &FiscalConfig,
    ) -> Self {
        Self {
            service,
            issuer,
            post,
            timeout: config.timeout(),
            retry_max: config.retry_max(),
            decided: broadcast::Sender::new(DECISIONS_REMEMBERED),
        }
    }

    /// The document once the issuer has decided, or as it is after `patience`. None when there is
    /// no such document.
    pub(super) async fn decision(
        &self,
        note_id: FiscalNoteId,
        patience: Duration,
    ) -> sqlx::Result<Option<FiscalNote>> {
        let mut decided = self.decided.subscribe();
        let end = Instant::now() + patience;
        loop {
            let note = store::find(&self.service.db, &self.service.keyring, note_id).await?;
            let waits = note.as_ref().is_some_and(|note| note.decided_at.is_none());
            if !waits || Instant::now() >= end {
                return Ok(note);
            }
            // Another replica may have done it: look again now and then.
            let again = end.min(Instant::now() + RECHECK);
            let _ = tokio::time::timeout_at(again, async {
                while decided.recv().await.is_ok_and(|other| other != note_id) {}
            })
            .await;
        }
    }

    /// Notes that the document goes to the issuer; None when it need not, or not any more.
    async fn send(&self, note_id: FiscalNoteId) -> Result<Option<FiscalNote>, Error> {
        self.service
            .transaction(|mut tx| {
                Box::pin(async move {
                    let note = store::lock(&mut tx, &self.service.keyring, note_id).await?;
                    let Some(mut note) = note else { return Ok(None) };
                    if note.send().is_ok() {
                        store::save(&mut tx, &note).await?;
                    }
                    Ok::<_, Error>(Some(note).filter(|note| note.status == Status::Sent))
                })
            })
            .await
    }

    async fn ask(&self, note: FiscalNote) -> Result<Authorization, FiscalIssuerError> {
        let document = FiscalDocument {
            note_id: note.note_id,
            issuer: note.series.issuer,
            model: note.series.model,
            series: note.series.series,
            number: note.number,
            access_key: note.access_key,
            recipient: note.recipient,
            amount: note.amount,
            issued_at: note.created_at,
        };
        tokio::time::timeout(self.timeout, self.issuer.authorize(document))
            .await
            .unwrap_or(Err(FiscalIssuerError::Unavailable))
    }

    async fn authorized(&self, note_id: FiscalNoteId, given: &Authorization) -> Result<(), Error> {
        self.service
            .transaction(|mut tx| {
                Box::pin(async move {
                    let note = store::lock(&mut tx, &self.service.keyring, note_id).await?;
                    let Some(mut note) = note else { return Ok(()) };
                    // Another run may have been faster.
                    let Ok(authorized) = note.authorize(given.clone(), self.service.clock.now())
                    else {
                        return Ok(());
                    };
                    store::save(&mut tx, &note).await?;
                    Ok::<_, Error>(self.announce(&mut tx, &note, authorized).await?)
                })
            })
            .await
    }

    /// Tells the others, and mails the document if that is wanted.
    async fn announce(
        &self,
        tx: &mut PgConnection,
        note: &FiscalNote,
        _: Authorized,
    ) -> sqlx::Result<()> {
        let event = FiscalNoteAuthorized {
            fiscal_note_id: note.note_id.to_string(),
            company_id: note.party.company_id().map(|id| id.to_string()),
            user_id: note.party.user_id().map(|id| id.to_string()),
            model: note.series.model.as_str().to_owned(),
            series: note.series.series.to_string(),
            number: note.number,
            amount_cents: note.amount.get(),
            authorized_at: note.decided_at.map(timestamp::to_proto),
        };
        self.service.outbox.publish(tx, note.note_id, &event).await?;
        if note.send_email {
            self.post.send(tx, &note.recipient.email, letters::issued(note)).await?;
        }
        Ok(())
    }

    async fn refused(&self, note_id: FiscalNoteId, reason: &str) -> Result<(), Error> {
        self.service
            .transaction(|mut tx| {
                Box::pin(async move {
                    let note = store::lock(&mut tx, &self.service.keyring, note_id).await?;
                    let Some(mut note) = note else { return Ok(()) };
                    if note.reject(reason, self.service.clock.now()).is_ok() {
                        store::save(&mut tx, &note).await?;
                        let (number, model) = (note.number, note.series.model.as_str());
                        tracing::warn!(%note_id, model, number, "the issuer refused a document");
                    }
                    Ok::<_, Error>(())
                })
            })
            .await
    }

    /// Tries again after a pause that doubles with each failure, up to a limit.
    async fn later(&self, job: IssueNote) -> sqlx::Result<()> {
        let IssueNote { note_id, failures } = job;
        let pause = retry_pause(failures, RETRY_MIN, self.retry_max);
        tracing::warn!(
            %note_id,
            failures = failures + 1,
            pause_ms = pause.as_millis(),
            "the fiscal issuer does not answer, trying again"
        );
        let job = IssueNote { note_id, failures: failures.saturating_add(1) };
        self.service.try_again(&job, &note_id.to_string(), pause).await
    }
}

#[cfg(test)]
mod tests;
