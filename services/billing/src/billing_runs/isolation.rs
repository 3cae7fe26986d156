//! A company whose invoice cannot be made keeps no other one waiting.

use brazil::CompanyId;
use chassis::crash;
use sqlx::{Connection, PgConnection};

use super::job::Issue;
use super::store;

/// Classes of what the database says that have nothing to do with what it was given: connections,
/// a server that only reads, contention, resources, locks, operators, the machine.
const PASSING: [&str; 7] = ["08", "25", "40", "53", "55", "57", "58"];

/// Makes the invoices of companies that were claimed, but sets aside those of which one cannot be
/// made.
///
/// # Errors
/// The database's, unless it is about a company.
pub(super) async fn issue(
    tx: &mut PgConnection,
    companies: &[CompanyId],
    issue: &Issue,
) -> sqlx::Result<()> {
    let mut parts = vec![companies];
    while let Some(part) = parts.pop() {
        let mut attempt = tx.begin().await?;
        let Err(error) = store::issue(&mut attempt, part, issue).await else {
            attempt.commit().await?;
            continue;
        };
        let Some(failure) = failure(&error) else { return Err(error) };
        attempt.rollback().await?;
        if let [company_id] = *part {
            let period = issue.period;
            tracing::error!(%company_id, %period, failure, "an invoice cannot be made");
            store::set_aside(tx, period, company_id, &failure, issue.issued_at).await?;
            crash::point("billing.run.company_set_aside").await;
        } else {
            let (first, second) = part.split_at(part.len() / 2);
            parts.extend([first, second]);
        }
    }
    Ok(())
}

/// What the database said of what it was given, if that is what went wrong. Its details, which
/// quote rows, are left out.
fn failure(error: &sqlx::Error) -> Option<String> {
    let error = error.as_database_error()?;
    let code = error.code()?;
    let passes = PASSING.iter().any(|class| code.starts_with(class));
    (!passes).then(|| format!("{code}: {}", error.message()))
}
