//! The table `company`.

use brazil::CompanyId;
use chassis::auth::Scope;
use chassis::db::{broken_constraint, parsed_optional};
use chassis::page::{Page, counted};
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection, PgExecutor, PgPool, Row};
use uuid::Uuid;

use super::{Company, ContactNumber, Kind, Registration, SearchTerm};
use crate::error::Error;

impl FromRow<'_, PgRow> for Company {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let address: Option<Json<_>> = row.try_get("address")?;
        Ok(Self {
            company_id: CompanyId(row.try_get("company_id")?),
            kind: row.try_get("kind")?,
            domain: parsed_optional(row, "domain")?,
            registration: Registration {
                official_name: row.try_get("official_name")?,
                trading_name: row.try_get("trading_name")?,
                cnpj: parsed_optional(row, "cnpj")?,
                phone_number: row.try_get::<Option<_>, _>("phone_number")?.map(ContactNumber),
                email: parsed_optional(row, "email")?,
                billing_email: parsed_optional(row, "billing_email")?,
                address: address.map(|Json(address)| address),
            },
            status: row.try_get("status")?,
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
        })
    }
}

/// Stores a new company.
///
/// # Errors
/// [`Error::CnpjTaken`]; [`Error::DomainTaken`].
pub(super) async fn insert(tx: &mut PgConnection, company: &Company) -> Result<(), Error> {
    let registration = &company.registration;
    sqlx::query(
        "insert into company
             (company_id, kind, domain, official_name, trading_name, cnpj, phone_number, email,
              billing_email, address, status, search, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(company.company_id.0)
    .bind(company.kind)
    .bind(company.domain.as_ref().map(|domain| domain.as_str()))
    .bind(&registration.official_name)
    .bind(&registration.trading_name)
    .bind(registration.cnpj.as_ref().map(|cnpj| cnpj.as_str()))
    .bind(registration.phone_number.as_ref().map(|number| &number.0))
    .bind(registration.email.as_ref().map(|email| email.as_str()))
    .bind(registration.billing_email.as_ref().map(|email| email.as_str()))
    .bind(registration.address.as_ref().map(Json))
    .bind(company.status)
    .bind(registration.search_text())
    .bind(company.created_at)
    .bind(company.updated_at)
    .execute(tx)
    .await
    .map_err(|error| name_the_refusal(error, company))?;
    Ok(())
}

/// Stores a new voice account; one whose id is known stays as it is. Answers what is stored.
///
/// # Errors
/// [`Error::DomainTaken`].
pub(super) async fn open(tx: &mut PgConnection, account: &Company) -> Result<Company, Error> {
    // Whoever opens the same one at this moment goes first: its domain is no other account's.
    sqlx::query("select pg_advisory_xact_lock(hashtextextended($1::text, 0))")
        .bind(account.company_id.0)
        .execute(&mut *tx)
        .await?;
    match lock(tx, account.company_id).await {
        Err(Error::CompanyNotFound(_)) => {
            insert(tx, account).await?;
            Ok(account.clone())
        }
        known => known,
    }
}

/// Reads a company and locks it until the transaction ends.
///
/// # Errors
/// [`Error::CompanyNotFound`].
pub(super) async fn lock(tx: &mut PgConnection, company_id: CompanyId) -> Result<Company, Error> {
    sqlx::query_as(
        "select company_id, kind, domain, official_name, trading_name, cnpj, phone_number,
                email, billing_email, address, status, created_at, updated_at
           from company
          where company_id = $1 and deleted_at is null
            for update",
    )
    .bind(company_id.0)
    .fetch_optional(tx)
    .await?
    .ok_or(Error::CompanyNotFound(company_id))
}

/// Stores the registration data of a locked company.
///
/// # Errors
/// [`Error::CnpjTaken`].
pub(super) async fn save(tx: &mut PgConnection, company: &Company) -> Result<(), Error> {
    let registration = &company.registration;
    sqlx::query(
        "update company
            set official_name = $2, trading_name = $3, cnpj = $4, phone_number = $5, email = $6,
                billing_email = $7, address = $8, search = $9, updated_at = $10
          where company_id = $1",
    )
    .bind(company.company_id.0)
    .bind(&registration.official_name)
    .bind(&registration.trading_name)
    .bind(registration.cnpj.as_ref().map(|cnpj| cnpj.as_str()))
    .bind(registration.phone_number.as_ref().map(|number| &number.0))
    .bind(registration.email.as_ref().map(|email| email.as_str()))
    .bind(registration.billing_email.as_ref().map(|email| email.as_str()))
    .bind(registration.address.as_ref().map(Json))
    .bind(registration.search_text())
    .bind(company.updated_at)
    .execute(tx)
    .await
    .map_err(|error| name_the_refusal(error, company))?;
    Ok(())
}

fn name_the_refusal(error: sqlx::Error, company: &Company) -> Error {
    match (broken_constraint(&error), &company.registration.cnpj, &company.domain) {
        (Some("company_cnpj"), Some(cnpj), _) => Error::CnpjTaken(cnpj.clone()),
        (Some("company_domain"), _, Some(domain)) => Error::DomainTaken(domain.clone()),
        _ => Error::Database(error),
    }
}

/// Reads a company.
///
/// # Errors
/// [`Error::CompanyNotFound`].
pub(super) async fn find(db: &PgPool, company_id: CompanyId) -> Result<Company, Error> {
    sqlx::query_as(
        "select company_id, kind, domain, official_name, trading_name, cnpj, phone_number,
                email, billing_email, address, status, created_at, updated_at
           from company
          where company_id = $1 and deleted_at is null",
    )
    .bind(company_id.0)
    .fetch_optional(db)
    .await?
    .ok_or(Error::CompanyNotFound(company_id))
}

/// Reads those of the companies that exist in the scope.
pub(super) async fn find_in_scope(
    db: &PgPool,
    company_ids: &[Uuid],
    scope: &Scope,
) -> Result<Vec<Company>, Error> {
    let companies = sqlx::query_as(
        "select company_id, kind, domain, official_name, trading_name, cnpj, phone_number,
                email, billing_email, address, status, created_at, updated_at
           from company
          where company_id = any($1) and ($2 or company_id = any($3)) and deleted_at is null",
    )
    .bind(company_ids)
    .bind(scope.everything)
    .bind(&scope.company_ids)
    .fetch_all(db)
    .await?;
    Ok(companies)
}

/// A page of the companies of a kind, or of all, with the term, newest first, and how many there
/// are in all.
pub(super) async fn search(
    db: impl PgExecutor<'_>,
    kind: Option<Kind>,
    term: Option<&SearchTerm>,
    page: &Page<CompanyId>,
) -> Result<(Vec<Company>, i64), Error> {
    let rows = sqlx::query(
        "with page as (
             select company_id, kind, domain, official_name, trading_name, cnpj, phone_number,
                    email, billing_email, address, status, created_at, updated_at
               from company
              where ($5::text is null or kind = $5) and deleted_at is null
                and ($1::text is null or search like $1)
                and ($2::uuid is null or company_id < $2)
              order by company_id desc
             offset $3
              limit $4
         )
         select found.total, page.*
           from (select count(*) as total
                   from company
                  where ($5::text is null or kind = $5) and deleted_at is null
                    and ($1::text is null or search like $1)) as found
           left join page on true
          order by page.company_id desc",
    )
    .bind(term.map(SearchTerm::pattern))
    .bind(page.after.map(|company_id| company_id.0))
    .bind(page.skip)
    .bind(page.limit())
    .bind(kind)
    // A plan for each term: for a rare one the index is best, for a short one a scan.
    .persistent(false)
    .fetch_all(db)
    .await?;
    Ok(counted(&rows, "company_id")?)
}

#[cfg(test)]
mod tests;
