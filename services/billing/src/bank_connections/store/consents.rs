//! The table `unclaimed_bank_consent`.

use brazil::CompanyId;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgPool, Row};
use time::OffsetDateTime;

use super::super::BankConnectionId;

/// A consent that nobody has claimed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Unclaimed {
    pub(in super::super) company_id: CompanyId,
    pub(in super::super) connection_id: BankConnectionId,
    pub(in super::super) failures: i32,
}

impl FromRow<'_, PgRow> for Unclaimed {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            company_id: CompanyId(row.try_get("company_id")?),
            connection_id: BankConnectionId(row.try_get("connection_id")?),
            failures: row.try_get("failures")?,
        })
    }
}

/// Notes that a consent is about to be asked for, to be ended when it is due.
pub(in super::super) async fn note(
    db: &PgPool,
    company_id: CompanyId,
    connection_id: BankConnectionId,
    due_at: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into unclaimed_bank_consent (company_id, connection_id, due_at)
         values ($1, $2, $3)",
    )
    .bind(company_id.0)
    .bind(connection_id.0)
    .bind(due_at)
    .execute(db)
    .await?;
    Ok(())
}

/// Claims a consent; false when it is due already, and being ended.
pub(in super::super) async fn claim(
    tx: &mut PgConnection,
    company_id: CompanyId,
    connection_id: BankConnectionId,
    now: OffsetDateTime,
) -> sqlx::Result<bool> {
    let claimed = sqlx::query(
        "delete from unclaimed_bank_consent
          where company_id = $1 and connection_id = $2 and due_at > $3",
    )
    .bind(company_id.0)
    .bind(connection_id.0)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(claimed.rows_affected() == 1)
}

/// Takes up to `limit` consents that nobody claimed, for as long as `until`.
pub(in super::super) async fn take_due(
    db: &PgPool,
    now: OffsetDateTime,
    until: OffsetDateTime,
    limit: i64,
) -> sqlx::Result<Vec<Unclaimed>> {
    sqlx::query_as(
        "with taken as (
             select company_id, connection_id from unclaimed_bank_consent
              where due_at <= $1
              order by due_at
              limit $3
                for update skip locked)
         update unclaimed_bank_consent as consent
            set due_at = $2
           from taken
          where consent.company_id = taken.company_id
            and consent.connection_id = taken.connection_id
         returning consent.company_id, consent.connection_id, consent.failures",
    )
    .bind(now)
    .bind(until)
    .bind(limit)
    .fetch_all(db)
    .await
}

/// Forgets a consent that is over.
pub(in super::super) async fn forget(db: &PgPool, ended: Unclaimed) -> sqlx::Result<()> {
    sqlx::query("delete from unclaimed_bank_consent where company_id = $1 and connection_id = $2")
        .bind(ended.company_id.0)
        .bind(ended.connection_id.0)
        .execute(db)
        .await?;
    Ok(())
}

/// Notes that a consent could not be ended.
pub(in super::super) async fn try_again(
    db: &PgPool,
    left: Unclaimed,
    at: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "update unclaimed_bank_consent
            set failures = failures + 1, due_at = $3
          where company_id = $1 and connection_id = $2",
    )
    .bind(left.company_id.0)
    .bind(left.connection_id.0)
    .bind(at)
    .execute(db)
    .await?;
    Ok(())
}
