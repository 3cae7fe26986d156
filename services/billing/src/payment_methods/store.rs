//! The table `payment_method`.

use brazil::CompanyId;
use chassis::page::{Page, counted};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgPool, Row};
use uuid::Uuid;

use super::{PaymentMethod, PaymentMethodId};

impl FromRow<'_, PgRow> for PaymentMethod {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            payment_method_id: PaymentMethodId(row.try_get("payment_method_id")?),
            company_id: CompanyId(row.try_get("company_id")?),
            organization_id: row.try_get("organization_id")?,
            kind: row.try_get("type")?,
            label: row.try_get("label")?,
            created_at: row.try_get("created_at")?,
        })
    }
}

/// A page of the payment methods of these companies, by id, and how many there are in all.
pub(super) async fn list(
    db: &PgPool,
    company_ids: &[Uuid],
    page: &Page<Uuid>,
) -> sqlx::Result<(Vec<PaymentMethod>, i64)> {
    let rows = sqlx::query(
        "select page.*, whole.total
           from (select count(*) as total from payment_method where company_id = any($1)) as whole
           left join (
                    select payment_method_id, company_id, organization_id, type, label, created_at
                      from payment_method
                     where company_id = any($1)
                     order by payment_method_id
                    offset $2
                     limit $3
                ) as page on true
          order by page.payment_method_id",
    )
    .bind(company_ids)
    .bind(page.skip)
    .bind(page.size)
    .fetch_all(db)
    .await?;
    counted(&rows, "payment_method_id")
}

/// Reads a payment method.
pub(crate) async fn find(
    db: &PgPool,
    payment_method_id: PaymentMethodId,
) -> sqlx::Result<Option<PaymentMethod>> {
    sqlx::query_as(
        "select payment_method_id, company_id, organization_id, type, label, created_at
           from payment_method
          where payment_method_id = $1",
    )
    .bind(payment_method_id.0)
    .fetch_optional(db)
    .await
}

/// Stores a new payment method; its organization becomes a customer of the payment provider.
pub(super) async fn insert(
    tx: &mut PgConnection,
    method: &PaymentMethod,
    token_sealed: Option<&[u8]>,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into payment_method
             (payment_method_id, company_id, organization_id, type, label, token_sealed, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(method.payment_method_id.0)
    .bind(method.company_id.0)
    .bind(&method.organization_id)
    .bind(method.kind)
    .bind(&method.label)
    .bind(token_sealed)
    .bind(method.created_at)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "insert into organization_account as kept (company_id, customer_id) values ($1, $2)
         on conflict (company_id) do update
            set customer_id = coalesce(kept.customer_id, excluded.customer_id)",
    )
    .bind(method.company_id.0)
    .bind(format!("cus_{}", method.organization_id))
    .execute(tx)
    .await?;
    Ok(())
}
