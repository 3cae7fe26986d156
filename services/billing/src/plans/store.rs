//! The tables `plan` and `company_price`.

use std::error::Error as StdError;

use brazil::{Cents, CompanyId, PlanId};
use chassis::db::broken_constraint;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgExecutor, PgPool, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{CompanyPlan, CompanyPrice, DataVolume, Plan, Price};
use crate::error::Error;

/// The most plans of the catalogue.
const PLANS_MAX: i64 = 1_000;

impl FromRow<'_, PgRow> for Plan {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let available_data = DataVolume::from_megabytes(row.try_get("available_data_mb")?);
        Ok(Self {
            plan_id: PlanId(row.try_get("plan_id")?),
            name: row.try_get("name")?,
            available_data: available_data.map_err(|e| not_a_value("available_data_mb", e))?,
            price: price(row, "price_cents")?,
            data_unit_price: price(row, "data_unit_price_cents")?,
            created_at: row.try_get("created_at")?,
        })
    }
}

impl FromRow<'_, PgRow> for CompanyPlan {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self { plan: Plan::from_row(row)?, price: price(row, "company_price_cents")? })
    }
}

fn price(row: &PgRow, column: &str) -> sqlx::Result<Price> {
    Cents::new(row.try_get(column)?).try_into().map_err(|error| not_a_value(column, error))
}

fn not_a_value<E: StdError + Send + Sync + 'static>(column: &str, error: E) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: column.to_owned(), source: Box::new(error) }
}

/// Adds a plan to the catalogue.
///
/// # Errors
/// [`Error::PlanNameTaken`].
pub(super) async fn insert(tx: &mut PgConnection, plan: &Plan) -> Result<(), Error> {
    sqlx::query(
        "insert into plan
             (plan_id, name, available_data_mb, price_cents, data_unit_price_cents, created_at)
         values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(plan.plan_id.0)
    .bind(&plan.name)
    .bind(plan.available_data.megabytes())
    .bind(Cents::from(plan.price).get())
    .bind(Cents::from(plan.data_unit_price).get())
    .bind(plan.created_at)
    .execute(tx)
    .await
    .map_err(|error| match broken_constraint(&error) {
        Some("plan_name") => Error::PlanNameTaken(plan.name.clone()),
        _ => Error::Database(error),
    })?;
    Ok(())
}

/// The catalogue, oldest plan first.
pub(super) async fn list(db: impl PgExecutor<'_>) -> Result<Vec<Plan>, Error> {
    let plans = sqlx::query_as(
        "select plan_id, name, available_data_mb, price_cents, data_unit_price_cents, created_at
           from plan
          order by plan_id
          limit $1",
    )
    .bind(PLANS_MAX)
    .fetch_all(db)
    .await?;
    Ok(plans)
}

/// Reads those of the plans that exist.
pub(super) async fn find(db: &PgPool, plan_ids: &[Uuid]) -> Result<Vec<Plan>, Error> {
    let plans = sqlx::query_as(
        "select plan_id, name, available_data_mb, price_cents, data_unit_price_cents, created_at
           from plan
          where plan_id = any($1)",
    )
    .bind(plan_ids)
    .fetch_all(db)
    .await?;
    Ok(plans)
}

/// The catalogue at what a company pays at a moment: its own price, else the list price.
pub(super) async fn list_for_company(
    db: impl PgExecutor<'_>,
    company_id: CompanyId,
    at: OffsetDateTime,
) -> Result<Vec<CompanyPlan>, Error> {
    let plans = sqlx::query_as(
        "select plan_id, name, available_data_mb, plan.price_cents, data_unit_price_cents,
                created_at, coalesce(own.price_cents, plan.price_cents) as company_price_cents
           from plan
           left join lateral (
                select company_price.price_cents
                  from company_price
                 where company_price.company_id = $1
                   and company_price.plan_id = plan.plan_id
                   and company_price.effective_from <= $2
                 order by company_price.effective_from desc
                 limit 1
           ) as own on true
          order by plan_id
          limit $3",
    )
    .bind(company_id.0)
    .bind(at)
    .bind(PLANS_MAX)
    .fetch_all(db)
    .await?;
    Ok(plans)
}

/// Adds a price to a company's history.
///
/// # Errors
/// [`Error::PlanNotFound`].
pub(super) async fn set_price(tx: &mut PgConnection, price: &CompanyPrice) -> Result<(), Error> {
    // Of two decisions in the same microsecond the later one counts.
    sqlx::query(
        "insert into company_price (company_id, plan_id, price_cents, effective_from, set_by)
         values ($1, $2, $3, $4, $5)
         on conflict (company_id, plan_id, effective_from) do update
            set price_cents = excluded.price_cents, set_by = excluded.set_by",
    )
    .bind(price.company_id.0)
    .bind(price.plan_id.0)
    .bind(Cents::from(price.price).get())
    .bind(price.effective_from)
    .bind(&price.set_by)
    .execute(tx)
    .await
    .map_err(|error| match broken_constraint(&error) {
        Some("company_price_plan") => Error::PlanNotFound(price.plan_id),
        _ => Error::Database(error),
    })?;
    Ok(())
}

#[cfg(test)]
mod tests;
