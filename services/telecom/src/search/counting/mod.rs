//! Counts of common terms in large companies.
//!
//! How many lines have a rare term is quickly told: an index lists them. Of a common term it
//! would take the longer the larger the company is. So the lines of a large company are gone
//! through now and then, and for every term that many of them have it is noted how many lines of
//! which stretches have it. Whatever changes later is kept as a change, and a search adds the
//! changes to the counts: what it tells is exact at any time, and a new count does no more than
//! shorten the list of changes. `search::store` is the reading side.

mod grams;
mod store;

use brazil::CompanyId;
use chassis::Service;
use chassis::jobs::Job;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use super::store::Found;

/// When and what to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counting {
    /// Smaller companies are not counted: searching them whole is quick.
    lines_min: i64,
    /// A term that fewer lines have needs no count: listing them is quick.
    term_lines_min: i64,
    /// Nor does one that fewer than one in so many lines have.
    term_share: i64,
    /// Lines of a stretch.
    stretch_lines: usize,
    /// Counted anew after so many changes,
    changes_min: i64,
    /// and one to so many lines.
    changes_share: i64,
    /// About so many lines are looked at to learn which terms are common.
    sample_lines: i64,
}

impl Default for Counting {
    fn default() -> Self {
        Self {
            lines_min: 5_000,
            term_lines_min: 1_000,
            term_share: 400,
            stretch_lines: 500,
            changes_min: 1_000,
            changes_share: 100,
            sample_lines: 16_000,
        }
    }
}

impl Counting {
    /// Whether what a search saw says that its company needs a new count.
    pub(super) fn is_due(&self, found: &Found) -> bool {
        match found.lines_counted {
            Some(lines) => self.is_outdated(lines, found.changes),
            None => found.total >= self.lines_min,
        }
    }

    fn is_outdated(&self, lines: i64, changes: i64) -> bool {
        changes >= self.changes_min.max(lines / self.changes_share)
    }
}

/// What counts are made with.
#[derive(Clone)]
pub(crate) struct CountingContext {
    pub(crate) service: Service,
    pub(crate) counting: Counting,
}

/// Counts the terms of a company, unless that was done meanwhile.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CountTerms {
    company_id: CompanyId,
}

impl CountTerms {
    /// Has it done soon.
    pub(super) async fn enqueue(
        connection: &mut PgConnection,
        service: &Service,
        company_id: CompanyId,
    ) -> sqlx::Result<()> {
        service.jobs.enqueue(connection, &Self { company_id }, &company_id.to_string()).await
    }
}

impl Job for CountTerms {
    const NAME: &'static str = "count_terms";
    type Context = CountingContext;

    async fn run(self, context: CountingContext) -> anyhow::Result<()> {
        let CountingContext { service, counting } = context;
        store::note_changes(&service.db, self.company_id).await?;
        Ok(store::count(&service.db, self.company_id, &counting).await?)
    }
}

#[cfg(test)]
mod tests;
