//! The tables `bank_connection`, `bank_action` and `bank_transaction`.

pub(super) mod consents;

use brazil::{Cents, CompanyId};
use chassis::page::{Page, counted};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgExecutor, PgPool, Row};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::{
    Action, BankActionId, BankConnectionId, BankMovement, BankTransactionId, Connection,
    ConnectionStatus,
};

impl FromRow<'_, PgRow> for Connection {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            connection_id: BankConnectionId(row.try_get("connection_id")?),
            company_id: CompanyId(row.try_get("company_id")?),
            organization_id: row.try_get("organization_id")?,
            target: row.try_get("target")?,
            owner_external_id: row.try_get("owner_external_id")?,
            provider_id: row.try_get("provider_id")?,
            status: row.try_get("status")?,
            consent_expires_at: row.try_get("consent_expires_at")?,
            last_import_at: row.try_get("last_import_at")?,
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
        })
    }
}

impl FromRow<'_, PgRow> for Action {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            action_id: BankActionId(row.try_get("action_id")?),
            connection_id: BankConnectionId(row.try_get("connection_id")?),
            company_id: CompanyId(row.try_get("company_id")?),
            kind: row.try_get("action")?,
            status: row.try_get("status")?,
            date_from: row.try_get("date_from")?,
            imported: row.try_get("imported")?,
            error: row.try_get("error")?,
            failures: row.try_get("failures")?,
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
        })
    }
}

/// A movement that was imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Transaction {
    pub(super) transaction_id: BankTransactionId,
    pub(super) booked_on: Date,
    pub(super) amount: Cents,
    pub(super) description: String,
    pub(super) counterparty: Option<String>,
}

impl FromRow<'_, PgRow> for Transaction {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            transaction_id: BankTransactionId(row.try_get("transaction_id")?),
            booked_on: row.try_get("booked_on")?,
            amount: Cents::new(row.try_get("amount_cents")?),
            description: row.try_get("description")?,
            counterparty: row.try_get("counterparty")?,
        })
    }
}

/// A page of the connections of these companies, by id, and how many there are in all.
pub(super) async fn list(
    db: impl PgExecutor<'_>,
    company_ids: &[Uuid],
    page: &Page<Uuid>,
) -> sqlx::Result<(Vec<Connection>, i64)> {
    let rows = sqlx::query(
        "select page.*, whole.total
           from (select count(*) as total from bank_connection where company_id = any($1)) as whole
           left join (
                    select * from bank_connection
                     where company_id = any($1)
                     order by connection_id
                    offset $2
                     limit $3
                ) as page on true
          order by page.connection_id",
    )
    .bind(company_ids)
    .bind(page.skip)
    .bind(page.size)
    .fetch_all(db)
    .await?;
    counted(&rows, "connection_id")
}

/// Reads a connection.
pub(super) async fn find(
    db: &PgPool,
    connection_id: BankConnectionId,
) -> sqlx::Result<Option<Connection>> {
    sqlx::query_as("select * from bank_connection where connection_id = $1")
        .bind(connection_id.0)
        .fetch_optional(db)
        .await
}

/// Up to two active connections of an organization: whoever finds one has the only one.
pub(super) async fn active(db: &PgPool, company_id: CompanyId) -> sqlx::Result<Vec<Connection>> {
    sqlx::query_as(
        "select * from bank_connection where company_id = $1 and status = 'active' limit 2",
    )
    .bind(company_id.0)
    .fetch_all(db)
    .await
}

/// Reads a connection and locks it until the transaction ends.
pub(super) async fn lock(
    tx: &mut PgConnection,
    connection_id: BankConnectionId,
) -> sqlx::Result<Option<Connection>> {
    sqlx::query_as("select * from bank_connection where connection_id = $1 for update")
        .bind(connection_id.0)
        .fetch_optional(tx)
        .await
}

/// Stores a new connection.
pub(super) async fn insert(tx: &mut PgConnection, connection: &Connection) -> sqlx::Result<()> {
    sqlx::query(
        "insert into bank_connection
             (connection_id, company_id, organization_id, target, owner_external_id, provider_id,
              status, consent_expires_at, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
    )
    .bind(connection.connection_id.0)
    .bind(connection.company_id.0)
    .bind(&connection.organization_id)
    .bind(&connection.target)
    .bind(&connection.owner_external_id)
    .bind(&connection.provider_id)
    .bind(connection.status)
    .bind(connection.consent_expires_at)
    .bind(connection.created_at)
    .execute(tx)
    .await?;
    Ok(())
}

/// Stores what changes of a locked connection.
pub(super) async fn save(
    tx: &mut PgConnection,
    connection_id: BankConnectionId,
    status: ConnectionStatus,
    imported_at: Option<OffsetDateTime>,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "update bank_connection
            set status = $2, last_import_at = coalesce($3, last_import_at), updated_at = $4
          where connection_id = $1",
    )
    .bind(connection_id.0)
    .bind(status)
    .bind(imported_at)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// Stores something that is asked.
pub(super) async fn insert_action(tx: &mut PgConnection, action: &Action) -> sqlx::Result<()> {
    sqlx::query(
        "insert into bank_action
             (action_id, connection_id, company_id, action, status, date_from, created_at,
              updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7)",
    )
    .bind(action.action_id.0)
    .bind(action.connection_id.0)
    .bind(action.company_id.0)
    .bind(action.kind)
    .bind(action.status)
    .bind(action.date_from)
    .bind(action.created_at)
    .execute(tx)
    .await?;
    Ok(())
}

/// Stores how far something is.
pub(super) async fn save_action(tx: &mut PgConnection, action: &Action) -> sqlx::Result<()> {
    sqlx::query(
        "update bank_action
            set status = $2, imported = $3, error = $4, failures = $5, updated_at = $6
          where action_id = $1",
    )
    .bind(action.action_id.0)
    .bind(action.status)
    .bind(action.imported)
    .bind(&action.error)
    .bind(action.failures)
    .bind(action.updated_at)
    .execute(tx)
    .await?;
    Ok(())
}

/// Reads what was asked.
pub(super) async fn find_action(
    db: &PgPool,
    action_id: BankActionId,
) -> sqlx::Result<Option<Action>> {
    sqlx::query_as("select * from bank_action where action_id = $1")
        .bind(action_id.0)
        .fetch_optional(db)
        .await
}

/// Reads what was asked, and locks it until the transaction ends.
pub(super) async fn lock_action(
    tx: &mut PgConnection,
    action_id: BankActionId,
) -> sqlx::Result<Option<Action>> {
    sqlx::query_as("select * from bank_action where action_id = $1 for update")
        .bind(action_id.0)
        .fetch_optional(tx)
        .await
}

/// The import over a connection that is not done yet.
pub(super) async fn importing(
    tx: &mut PgConnection,
    connection_id: BankConnectionId,
) -> sqlx::Result<Option<Action>> {
    sqlx::query_as(
        "select * from bank_action
          where connection_id = $1 and action = 'pull' and status in ('queued', 'running')",
    )
    .bind(connection_id.0)
    .fetch_optional(tx)
    .await
}

/// How a connection was revoked.
pub(super) async fn revocation(
    tx: &mut PgConnection,
    connection_id: BankConnectionId,
) -> sqlx::Result<Option<Action>> {
    sqlx::query_as(
        "select * from bank_action
          where connection_id = $1 and action = 'revoke'
          order by action_id desc
          limit 1",
    )
    .bind(connection_id.0)
    .fetch_optional(tx)
    .await
}

/// Ends imports over a connection that are not done yet.
pub(super) async fn stop_imports(
    tx: &mut PgConnection,
    connection_id: BankConnectionId,
    why: &str,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "update bank_action
            set status = 'failed', error = $2, updated_at = $3
          where connection_id = $1 and action = 'pull' and status in ('queued', 'running')",
    )
    .bind(connection_id.0)
    .bind(why)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// Stores movements; tells how many of them nobody had imported before.
pub(super) async fn insert_movements(
    tx: &mut PgConnection,
    connection: &Connection,
    movements: &[BankMovement],
) -> sqlx::Result<i64> {
    let ids: Vec<Uuid> = movements.iter().map(|_| BankTransactionId::generate().0).collect();
    let provider_ids: Vec<&str> = movements.iter().map(|of| of.provider_id.as_str()).collect();
    let days: Vec<Date> = movements.iter().map(|of| of.booked_on).collect();
    let amounts: Vec<i64> = movements.iter().map(|of| of.amount.get()).collect();
    let descriptions: Vec<&str> = movements.iter().map(|of| of.description.as_str()).collect();
    let counterparties: Vec<Option<&str>> =
        movements.iter().map(|of| of.counterparty.as_deref()).collect();
    let inserted = sqlx::query(
        "insert into bank_transaction
             (transaction_id, connection_id, company_id, provider_id, booked_on, amount_cents,
              description, counterparty)
         select id, $1, $2, provider_id, booked_on, amount, description, counterparty
           from unnest($3::uuid[], $4::text[], $5::date[], $6::bigint[], $7::text[], $8::text[])
                as new (id, provider_id, booked_on, amount, description, counterparty)
         on conflict (connection_id, provider_id) do nothing",
    )
    .bind(connection.connection_id.0)
    .bind(connection.company_id.0)
    .bind(ids)
    .bind(provider_ids)
    .bind(days)
    .bind(amounts)
    .bind(descriptions)
    .bind(counterparties)
    .execute(tx)
    .await?;
    Ok(i64::try_from(inserted.rows_affected()).unwrap_or(i64::MAX))
}

/// A page of what was imported over a connection, by id, and how much there is in all.
pub(super) async fn transactions(
    db: impl PgExecutor<'_>,
    connection_id: BankConnectionId,
    page: &Page<Uuid>,
) -> sqlx::Result<(Vec<Transaction>, i64)> {
    let rows = sqlx::query(
        "with page as (
             select transaction_id from bank_transaction
              where connection_id = $1
              order by transaction_id
             offset $2
              limit $3
         )
         select whole.total, bank_transaction.*
           from (select count(*) as total
                   from bank_transaction where connection_id = $1) as whole
           left join (page join bank_transaction using (transaction_id)) on true
          order by transaction_id",
    )
    .bind(connection_id.0)
    .bind(page.skip)
    .bind(page.size)
    .fetch_all(db)
    .await?;
    counted(&rows, "transaction_id")
}

/// Removes all that an organization has of banks, and leaves its consents unclaimed.
pub(super) async fn delete_all(
    tx: &mut PgConnection,
    company_id: CompanyId,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "with gone as (
             delete from bank_connection where company_id = $1 returning connection_id, status)
         insert into unclaimed_bank_consent (company_id, connection_id, due_at)
         select $1, connection_id, $2 from gone where status <> 'revoked'",
    )
    .bind(company_id.0)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}
