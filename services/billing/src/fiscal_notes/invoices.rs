//! Every invoice gets its NFCom.

use std::time::Duration;

use brazil::CompanyId;
use chassis::crash;
use chassis::sweeps::Sweep;
use uuid::Uuid;

use super::store::{self, BareInvoice};
use super::{FiscalModel, FiscalNote, FiscalNotes, IssueNote, NewNote, Party, recipients};
use crate::error::Error;

const CHECK: Duration = Duration::from_secs(60);
const BATCH: i64 = 200;
/// Documents of one invoice, those that were refused included.
const ATTEMPTS_MAX: i64 = 5;

/// Issues what invoices lack: an NFCom each, and after a while another one where it was refused.
pub(crate) fn issue_for_invoices(notes: &FiscalNotes) -> Sweep {
    let notes = notes.clone();
    Sweep::new("issue_for_invoices", CHECK, move || {
        let notes = notes.clone();
        async move { notes.issue_for_invoices().await }
    })
}

impl FiscalNotes {
    /// Tells whether any lacked one.
    async fn issue_for_invoices(&self) -> anyhow::Result<bool> {
        let mut any = false;
        let mut after = Uuid::nil();
        loop {
            let bare = self.bare_invoices(after).await?;
            let Some(last) = bare.last() else { return Ok(any) };
            let company_ids: Vec<CompanyId> =
                bare.iter().map(|invoice| invoice.company_id).collect();
            let known = recipients::companies(&self.service, &company_ids)
                .await
                .map_err(|status| anyhow::anyhow!("{status}"))?;
            let wanted = |invoice: &BareInvoice| {
                Some(NewNote {
                    party: Party::Company(invoice.company_id),
                    recipient: known.get(&invoice.company_id)?.clone(),
                    amount: invoice.amount,
                    // The invoice itself is mailed, and the document is on it.
                    send_email: false,
                    invoice_id: Some(invoice.invoice_id),
                })
            };
            any |= self.draft_batch(after, &wanted).await? > 0;
            crash::point("billing.fiscal.batch_committed").await;
            after = last.invoice_id;
        }
    }

    async fn bare_invoices(&self, after: Uuid) -> sqlx::Result<Vec<BareInvoice>> {
        let refused_before = self.service.clock.now() - self.again_after;
        store::bare_invoices(&self.service.db, after, refused_before, ATTEMPTS_MAX, BATCH).await
    }

    /// Drafts documents for the invoices after one of them. Who they go to was asked before, so
    /// those that turn up meanwhile may be left out: their turn comes. Returns how many there are.
    pub(super) async fn draft_batch(
        &self,
        after: Uuid,
        wanted: &(impl Fn(&BareInvoice) -> Option<NewNote> + Sync),
    ) -> Result<usize, Error> {
        let series = &self.emitter.series(FiscalModel::Nfcom);
        let now = self.service.clock.now();
        let refused_before = now - self.again_after;
        self.service
            .transaction(|mut tx| {
                Box::pin(async move {
                    // Holds the series, so that the invoices below stay without a document until
                    // the end.
                    store::take_numbers(&mut tx, series, 0).await?;
                    let bare =
                        store::bare_invoices(&mut *tx, after, refused_before, ATTEMPTS_MAX, BATCH)
                            .await?;
                    let mut drafted = 0;
                    for new in bare.iter().filter_map(wanted) {
                        let number = store::take_numbers(&mut tx, series, 1).await? + 1;
                        let note = FiscalNote::draft(new, &self.emitter, number, now);
                        store::insert(&mut tx, &self.service.keyring, &note).await?;
                        IssueNote::enqueue(&mut tx, &self.service, note.note_id).await?;
                        drafted += 1;
                    }
                    Ok::<_, Error>(drafted)
                })
            })
            .await
    }
}
