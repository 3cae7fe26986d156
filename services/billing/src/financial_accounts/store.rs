//! The table `financial_account`.

use brazil::CompanyId;
use chassis::crypto::Keyring;
use chassis::db::broken_constraint;
use sqlx::{PgConnection, PgExecutor};
use time::OffsetDateTime;

use super::FinancialAccount;
use crate::error::Error;

pub(crate) const CONTENT: &str = "billing.financial_account.content";

/// Adds who pays for a company's credit.
///
/// # Errors
/// [`Error::FinancialAccountExists`].
pub(crate) async fn insert(
    tx: &mut PgConnection,
    keyring: &Keyring,
    company_id: CompanyId,
    account: &FinancialAccount,
    now: OffsetDateTime,
) -> Result<(), Error> {
    sqlx::query(
        "insert into financial_account (company_id, content_sealed, created_at, updated_at)
         values ($1, $2, $3, $3)",
    )
    .bind(company_id.0)
    .bind(seal(keyring, account)?)
    .bind(now)
    .execute(tx)
    .await
    .map_err(|error| match broken_constraint(&error) {
        Some("financial_account_company") => Error::FinancialAccountExists(company_id),
        _ => Error::Database(error),
    })?;
    Ok(())
}

/// Changes who pays for a company's credit.
///
/// # Errors
/// [`Error::FinancialAccountNotFound`].
pub(crate) async fn replace(
    tx: &mut PgConnection,
    keyring: &Keyring,
    company_id: CompanyId,
    account: &FinancialAccount,
    now: OffsetDateTime,
) -> Result<(), Error> {
    let replaced = sqlx::query(
        "update financial_account set content_sealed = $2, updated_at = $3 where company_id = $1",
    )
    .bind(company_id.0)
    .bind(seal(keyring, account)?)
    .bind(now)
    .execute(tx)
    .await?;
    if replaced.rows_affected() == 0 {
        return Err(Error::FinancialAccountNotFound(company_id));
    }
    Ok(())
}

/// Reads who pays for a company's credit.
///
/// # Errors
/// [`Error::FinancialAccountNotFound`].
pub(crate) async fn find(
    db: impl PgExecutor<'_>,
    keyring: &Keyring,
    company_id: CompanyId,
) -> Result<FinancialAccount, Error> {
    let sealed: Option<Vec<u8>> =
        sqlx::query_scalar("select content_sealed from financial_account where company_id = $1")
            .bind(company_id.0)
            .fetch_optional(db)
            .await?;
    let sealed = sealed.ok_or(Error::FinancialAccountNotFound(company_id))?;
    let plain = keyring.open(CONTENT, &sealed).map_err(decode)?;
    Ok(serde_json::from_slice(&plain).map_err(decode)?)
}

/// Whether it is known who pays for a company's credit.
pub(crate) async fn exists(db: impl PgExecutor<'_>, company_id: CompanyId) -> sqlx::Result<bool> {
    sqlx::query_scalar("select exists (select from financial_account where company_id = $1)")
        .bind(company_id.0)
        .fetch_one(db)
        .await
}

fn seal(keyring: &Keyring, account: &FinancialAccount) -> sqlx::Result<Vec<u8>> {
    let plain = serde_json::to_vec(account).map_err(|error| sqlx::Error::Encode(error.into()))?;
    Ok(keyring.seal(CONTENT, &plain))
}

fn decode(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(error.into())
}
