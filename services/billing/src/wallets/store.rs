//! The tables `wallet`, `ledger_movement` and `call_reservation`.

use brazil::{Cents, CompanyId};
use chassis::page::{Page, counted};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgExecutor, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Cause, Movement, Reservation, Wallet};

/// What moved the balance, as its company sees it.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub(super) struct Entry {
    pub(super) movement_id: Uuid,
    pub(super) cause: String,
    pub(super) cause_id: Uuid,
    #[sqlx(try_from = "i64")]
    pub(super) wallet_cents: Cents,
    #[sqlx(try_from = "i64")]
    pub(super) balance_cents: Cents,
    pub(super) created_at: OffsetDateTime,
}

impl FromRow<'_, PgRow> for Wallet {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            balance: row.try_get("balance_cents")?,
            reserved: row.try_get("reserved_cents")?,
            debt: row.try_get("debt_cents")?,
        })
    }
}

impl FromRow<'_, PgRow> for Reservation {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            price: Cents::new(row.try_get("price_cents")?),
            minutes: row.try_get("minutes")?,
            settled: row.try_get::<Option<i64>, _>("charged_cents")?.map(Cents::new),
        })
    }
}

/// Reads a company's wallet; it is empty before the first credit.
pub(super) async fn find(db: impl PgExecutor<'_>, company_id: CompanyId) -> sqlx::Result<Wallet> {
    let found = sqlx::query_as(
        "select balance_cents, reserved_cents, debt_cents from wallet where company_id = $1",
    )
    .bind(company_id.0)
    .fetch_optional(db)
    .await?;
    Ok(found.unwrap_or(Wallet::EMPTY))
}

/// Reads a company's wallet and locks it until the transaction ends; it is empty, and not locked,
/// before the first credit.
pub(super) async fn lock(tx: &mut PgConnection, company_id: CompanyId) -> sqlx::Result<Wallet> {
    let found = sqlx::query_as(
        "select balance_cents, reserved_cents, debt_cents
           from wallet
          where company_id = $1
            for no key update",
    )
    .bind(company_id.0)
    .fetch_optional(tx)
    .await?;
    Ok(found.unwrap_or(Wallet::EMPTY))
}

/// As [`lock`]; there is a row then.
pub(super) async fn open_locked(
    tx: &mut PgConnection,
    company_id: CompanyId,
) -> sqlx::Result<Wallet> {
    sqlx::query(
        "insert into wallet (company_id, balance_cents, reserved_cents, debt_cents)
         values ($1, 0, 0, 0)
         on conflict (company_id) do nothing",
    )
    .bind(company_id.0)
    .execute(&mut *tx)
    .await?;
    lock(tx, company_id).await
}

/// Keeps what became of a locked wallet.
pub(super) async fn save(
    tx: &mut PgConnection,
    company_id: CompanyId,
    wallet: Wallet,
) -> sqlx::Result<()> {
    sqlx::query(
        "update wallet
            set balance_cents = $2, reserved_cents = $3, debt_cents = $4
          where company_id = $1",
    )
    .bind(company_id.0)
    .bind(wallet.balance)
    .bind(wallet.reserved)
    .bind(wallet.debt)
    .execute(tx)
    .await?;
    Ok(())
}

/// Adds a movement to the ledger, after which the wallet is as given. Its id is made while the
/// wallet is locked, so that ids rise with a company's movements.
pub(super) async fn append(
    tx: &mut PgConnection,
    company_id: CompanyId,
    cause: Cause<'_>,
    movement: Movement,
    wallet: Wallet,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    let (name, cause_id, notice_id) = match cause {
        Cause::Charge(charge_id) => ("charge", charge_id, None),
        Cause::Refund(charge_id, notice_id) => ("refund", charge_id, Some(notice_id)),
        Cause::Call(call_id) => ("call", call_id, None),
    };
    sqlx::query(
        "insert into ledger_movement
             (movement_id, company_id, cause, cause_id, notice_id, wallet_cents, receivable_cents,
              provider_cents, revenue_cents, balance_cents, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(Uuid::now_v7())
    .bind(company_id.0)
    .bind(name)
    .bind(cause_id)
    .bind(notice_id)
    .bind(movement.wallet)
    .bind(movement.receivable)
    .bind(movement.provider)
    .bind(movement.revenue)
    .bind(wallet.balance)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// A page of what moved a company's balance, newest first, and how much there is in all.
pub(super) async fn entries(
    db: impl PgExecutor<'_>,
    company_id: CompanyId,
    page: &Page<Uuid>,
) -> sqlx::Result<(Vec<Entry>, i64)> {
    let rows = sqlx::query(
        "select page.*, whole.total
           from (select count(*) as total
                   from ledger_movement
                  where company_id = $1 and wallet_cents <> 0) as whole
           left join (
                    select movement_id, cause, cause_id, wallet_cents, balance_cents, created_at
                      from ledger_movement
                     where company_id = $1 and wallet_cents <> 0
                       and ($2::uuid is null or movement_id < $2)
                     order by movement_id desc
                    offset $3
                     limit $4
                ) as page on true
          order by page.movement_id desc",
    )
    .bind(company_id.0)
    .bind(page.after)
    .bind(page.skip)
    .bind(page.limit())
    .fetch_all(db)
    .await?;
    counted(&rows, "movement_id")
}

/// What a call holds, locked until the transaction ends. A call that held nothing so far begins
/// to, at `price`.
pub(super) async fn lock_reservation(
    tx: &mut PgConnection,
    (company_id, call_id): (CompanyId, Uuid),
    price: Cents,
) -> sqlx::Result<Reservation> {
    sqlx::query(
        "insert into call_reservation (company_id, call_id, price_cents, minutes)
         values ($1, $2, $3, 0)
         on conflict (company_id, call_id) do nothing",
    )
    .bind(company_id.0)
    .bind(call_id)
    .bind(price.get())
    .execute(&mut *tx)
    .await?;
    sqlx::query_as(
        "select price_cents, minutes, charged_cents
           from call_reservation
          where company_id = $1 and call_id = $2
            for no key update",
    )
    .bind(company_id.0)
    .bind(call_id)
    .fetch_one(tx)
    .await
}

/// Keeps for how many minutes a call holds.
pub(super) async fn hold(
    tx: &mut PgConnection,
    (company_id, call_id): (CompanyId, Uuid),
    minutes: i32,
) -> sqlx::Result<()> {
    sqlx::query(
        "update call_reservation
            set minutes = $3
          where company_id = $1 and call_id = $2 and settled_at is null",
    )
    .bind(company_id.0)
    .bind(call_id)
    .bind(minutes)
    .execute(tx)
    .await?;
    Ok(())
}

/// Notes what a call cost in the end; it holds nothing any more.
pub(super) async fn settle(
    tx: &mut PgConnection,
    (company_id, call_id): (CompanyId, Uuid),
    cost: Cents,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "update call_reservation
            set settled_at = $3, charged_cents = $4
          where company_id = $1 and call_id = $2 and settled_at is null",
    )
    .bind(company_id.0)
    .bind(call_id)
    .bind(now)
    .bind(cost.get())
    .execute(tx)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
