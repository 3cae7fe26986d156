//! What billing's dunning means for lines: all lines of a company that does not pay are barred,
//! freed again when it has paid, and ended when it never does.

mod store;

use brazil::{CompanyId, LineId};
use chassis::crash;
use chassis::events::{EventHandlers, HandlerError};
use chassis::jobs::Job;
use chassis::refusal::invalid;
use proto::events::v1::{NonPaymentCleared, NonPaymentSuspended, NonPaymentTerminated};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::error::Error;
use crate::lines::{BlockReason, Cause, Line, Lines};
use crate::timeline::Actor;

pub(crate) use store::is_unpaid;

const BATCH: i64 = 500;

/// What not paying has led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Standing {
    /// Nothing, or nothing any more.
    Good,
    /// Its lines are barred.
    Suspended,
    /// Its lines end.
    Terminated,
}

/// What lines do about billing's events.
pub(crate) fn hear(handlers: EventHandlers, lines: &Lines) -> EventHandlers {
    let (suspended, cleared, terminated) = (lines.clone(), lines.clone(), lines.clone());
    handlers
        .on::<NonPaymentSuspended, _>(move |tx, received| {
            let lines = suspended.clone();
            Box::pin(async move {
                note(&lines, tx, &received.event.company_id, Standing::Suspended).await
            })
        })
        .on::<NonPaymentCleared, _>(move |tx, received| {
            let lines = cleared.clone();
            Box::pin(
                async move { note(&lines, tx, &received.event.company_id, Standing::Good).await },
            )
        })
        .on::<NonPaymentTerminated, _>(move |tx, received| {
            let lines = terminated.clone();
            Box::pin(async move {
                note(&lines, tx, &received.event.company_id, Standing::Terminated).await
            })
        })
}

async fn note(
    lines: &Lines,
    tx: &mut PgConnection,
    company_id: &str,
    standing: Standing,
) -> Result<(), HandlerError> {
    let company_id: CompanyId =
        company_id.parse().map_err(|_| invalid("company_id", "is not a valid id"))?;
    let service = lines.service();
    store::put(tx, company_id, standing, service.clock.now()).await?;
    service.jobs.enqueue(tx, &SettleCompany { company_id }, &company_id.to_string()).await?;
    Ok(())
}

/// Makes all lines of a company what its standing asks for, batch by batch. Begun anew, it finds
/// only what is left.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SettleCompany {
    company_id: CompanyId,
}

impl Job for SettleCompany {
    const NAME: &'static str = "settle_company";
    type Context = Lines;

    async fn run(self, lines: Lines) -> anyhow::Result<()> {
        let mut after = None;
        loop {
            let last = settle_batch(&lines, self.company_id, after).await?;
            crash::point("telecom.dunning.batch_committed").await;
            if last.is_none() {
                return Ok(());
            }
            after = last;
        }
    }
}

/// Settles the next lines after one; tells the last of them. A batch goes by the standing of its
/// own moment, so a run that is overtaken by another event does no harm.
async fn settle_batch(
    lines: &Lines,
    company_id: CompanyId,
    after: Option<LineId>,
) -> Result<Option<LineId>, Error> {
    lines
        .service()
        .transaction(|mut tx| {
            Box::pin(async move {
                let standing = store::share(&mut tx, company_id).await?;
                let batch = match standing {
                    Standing::Good => lines.lock_barred(&mut tx, company_id, after, BATCH).await?,
                    Standing::Suspended => {
                        lines.lock_unbarred(&mut tx, company_id, after, BATCH).await?
                    }
                    Standing::Terminated => {
                        lines.lock_live(&mut tx, company_id, after, BATCH).await?
                    }
                };
                let last = batch.last().map(Line::line_id);
                settle(lines, &mut tx, standing, batch).await?;
                crash::point("telecom.dunning.before_commit").await;
                Ok::<_, Error>(last)
            })
        })
        .await
}

async fn settle(
    lines: &Lines,
    tx: &mut PgConnection,
    standing: Standing,
    batch: Vec<Line>,
) -> Result<(), Error> {
    let cause = |reason: &str| Cause::new(Actor::service("billing"), Some(reason.to_owned()));
    match standing {
        Standing::Good => lines.unblock_all(tx, batch, BlockReason::NoPay, &cause("paid")).await,
        Standing::Suspended => {
            lines.block_all(tx, batch, BlockReason::NoPay, &cause("not paid")).await
        }
        Standing::Terminated => lines.cancel_all(tx, batch, &cause("not paid")).await,
    }
}

#[cfg(test)]
mod tests;
