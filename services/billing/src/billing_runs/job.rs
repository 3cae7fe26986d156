//! The work of a run, in batches of companies.

use brazil::{Cents, CompanyId, InvoiceId};
use chassis::jobs::Job;
use chassis::{Service, crash, timestamp};
use futures::future::try_join_all;
use proto::events::v1::InvoiceIssued;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use time::{Date, Duration, OffsetDateTime};

use super::{isolation, store};
use crate::error::Error;
use crate::line_charges;
use crate::period::Period;

/// How many batches are made at once: while one waits for the disk, the other has the processor.
const AT_ONCE: usize = 2;

/// Makes the invoices of a month, those that are not there yet, and then tells of them.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RunBilling {
    period: String,
}

/// What a run's work needs.
#[derive(Clone)]
pub(crate) struct Billing {
    pub(crate) service: Service,
    /// Days from an invoice's issue until it is due.
    pub(crate) due_days: u16,
}

/// An invoice as it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct Issued {
    #[sqlx(try_from = "uuid::Uuid")]
    pub(super) invoice_id: InvoiceId,
    #[sqlx(try_from = "uuid::Uuid")]
    pub(super) company_id: CompanyId,
    #[sqlx(try_from = "i64")]
    pub(super) amount: Cents,
    pub(super) due_date: Date,
    pub(super) issued_at: OffsetDateTime,
}

impl Issued {
    fn event(&self, period: Period) -> InvoiceIssued {
        InvoiceIssued {
            invoice_id: self.invoice_id.to_string(),
            company_id: self.company_id.to_string(),
            period: period.to_string(),
            amount_cents: self.amount.get(),
            due_date: self.due_date.to_string(),
            issued_at: Some(timestamp::to_proto(self.issued_at)),
        }
    }
}

/// What is the same on all invoices of a batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Issue {
    pub(super) period: Period,
    /// The run that takes what cannot be given back in this one.
    pub(super) credit_period: Period,
    pub(super) issued_at: OffsetDateTime,
    pub(super) due_date: Date,
}

impl RunBilling {
    /// The run of a month, which has begun.
    pub(super) fn of(period: Period) -> Self {
        Self { period: period.to_string() }
    }

    /// Has the run of a month done, or gone on with, once the transaction is committed.
    pub(super) async fn enqueue(
        tx: &mut PgConnection,
        service: &Service,
        period: Period,
    ) -> sqlx::Result<()> {
        service.jobs.enqueue(tx, &Self::of(period), &period.to_string()).await
    }
}

impl Job for RunBilling {
    const NAME: &'static str = "run_billing";
    type Context = Billing;

    async fn run(self, billing: Billing) -> anyhow::Result<()> {
        let period = self.period.parse()?;
        crash::point("billing.run.begun").await;
        billing.prepare(period).await?;
        crash::point("billing.run.prepared").await;
        try_join_all((0..AT_ONCE).map(|_| billing.issue_all(period))).await?;
        billing.finish(period).await?;
        crash::point("billing.run.finished").await;
        // What others do with the news would keep the run itself waiting.
        while billing.announce_some(period).await? {
            crash::point("billing.run.batch_announced").await;
        }
        // An error has the queue go on with the run later.
        let run = store::find(&billing.service.db, period).await?;
        let failed = run.map_or(0, |run| run.companies_failed);
        anyhow::ensure!(failed == 0, "invoices of {failed} companies cannot be made for {period}");
        Ok(())
    }
}

impl Billing {
    async fn prepare(&self, period: Period) -> Result<(), Error> {
        self.service
            .transaction(|mut tx| {
                Box::pin(async move {
                    let credit_period = line_charges::closing(&mut tx).await?.taken_by(period);
                    let now = self.service.clock.now();
                    store::prepare(&mut tx, period, credit_period, now).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Makes invoices, batch by batch, until each company's turn was once or others are at the rest.
    async fn issue_all(&self, period: Period) -> Result<(), Error> {
        let mut last = None;
        loop {
            last = self.issue_some(period, last).await?;
            if last.is_none() {
                return Ok(());
            }
            crash::point("billing.run.batch_committed").await;
        }
    }

    /// Makes the invoices of some companies behind `after`, and tells the last of them; none when
    /// none is left, or others are at the rest.
    async fn issue_some(
        &self,
        period: Period,
        after: Option<CompanyId>,
    ) -> Result<Option<CompanyId>, Error> {
        self.service
            .transaction(|mut tx| {
                Box::pin(async move {
                    let companies = store::claim(&mut tx, period, after).await?;
                    let Some(last) = companies.last() else { return Ok(None) };
                    let issued_at = self.service.clock.now();
                    let due_after = Duration::days(self.due_days.into());
                    let issue = Issue {
                        period,
                        credit_period: line_charges::closing(&mut tx).await?.taken_by(period),
                        issued_at,
                        due_date: brazil::local_date(issued_at).saturating_add(due_after),
                    };
                    isolation::issue(&mut tx, &companies, &issue).await?;
                    crash::point("billing.run.before_commit").await;
                    Ok(Some(*last))
                })
            })
            .await
    }

    /// Tells of some invoices; false when all were told of, or others are at the rest.
    async fn announce_some(&self, period: Period) -> Result<bool, Error> {
        self.service
            .transaction(|mut tx| {
                Box::pin(async move {
                    let events: Vec<_> = store::announce(&mut tx, period)
                        .await?
                        .iter()
                        .map(|invoice| (invoice.company_id.0, invoice.event(period)))
                        .collect();
                    self.service.outbox.publish_all(&mut tx, &events).await?;
                    crash::point("billing.run.before_announcement").await;
                    Ok(!events.is_empty())
                })
            })
            .await
    }

    async fn finish(&self, period: Period) -> Result<(), Error> {
        self.service
            .transaction(|mut tx| {
                Box::pin(async move {
                    store::finish(&mut tx, period, self.service.clock.now()).await?;
                    Ok(())
                })
            })
            .await
    }
}
