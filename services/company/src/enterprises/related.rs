//! What is read along with enterprises, for a whole page at once.

use std::collections::HashMap;

use brazil::CompanyId;
use chassis::address::Address;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection, PgExecutor, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::countries::Country;

/// What an enterprise is below of.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub(super) struct Parent {
    pub(super) public_id: String,
    pub(super) name: String,
    pub(super) cnpj: String,
}

/// An address with its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeptAddress {
    pub(super) public_id: String,
    pub(super) address: Address,
}

impl FromRow<'_, PgRow> for KeptAddress {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let Json(address) = row.try_get("address")?;
        Ok(Self { public_id: row.try_get("public_id")?, address })
    }
}

/// Where a document is kept.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub(super) struct Document {
    pub(super) public_id: String,
    pub(super) file_size: i64,
    pub(super) folder: String,
    pub(super) key_name: String,
    pub(super) mime: String,
    pub(super) name: String,
    pub(super) created_at: OffsetDateTime,
}

/// By enterprise, its direct parent among those that `own` sees: that itself, if it is one.
pub(super) async fn parents(
    db: impl PgExecutor<'_>,
    own: CompanyId,
    company_ids: &[Uuid],
) -> sqlx::Result<HashMap<Uuid, Parent>> {
    let rows = sqlx::query(
        "select distinct on (a.child_id) a.child_id as of, e.public_id, c.official_name as name,
                e.cnpj
           from affiliation a
           join enterprise_reach r on r.top_id = $1 and r.company_id = a.parent_id
           join enterprise e on e.company_id = a.parent_id
           join company c on c.company_id = a.parent_id
          where a.child_id = any($2)
          order by a.child_id, (a.parent_id = $1) desc, a.created_at, a.parent_id",
    )
    .bind(own.0)
    .bind(company_ids)
    .fetch_all(db)
    .await?;
    single(&rows)
}

/// By enterprise, its addresses.
pub(super) async fn addresses(
    db: impl PgExecutor<'_>,
    company_ids: &[Uuid],
) -> sqlx::Result<HashMap<Uuid, Vec<KeptAddress>>> {
    let rows = sqlx::query(
        "select company_id as of, public_id, address
           from enterprise_address
          where company_id = any($1)
          order by company_id, address_id",
    )
    .bind(company_ids)
    .fetch_all(db)
    .await?;
    let mut by_company: HashMap<Uuid, Vec<KeptAddress>> = HashMap::new();
    for row in &rows {
        by_company.entry(row.try_get("of")?).or_default().push(KeptAddress::from_row(row)?);
    }
    Ok(by_company)
}

/// By enterprise, its newest document.
pub(super) async fn documents(
    db: impl PgExecutor<'_>,
    company_ids: &[Uuid],
) -> sqlx::Result<HashMap<Uuid, Document>> {
    let rows = sqlx::query(
        "select c.company_id as of, d.*
           from unnest($1::uuid[]) as c (company_id)
           join lateral (
                    select public_id, file_size, folder, key_name, mime, name, created_at
                      from enterprise_document
                     where company_id = c.company_id
                     order by document_id desc
                     limit 1
                ) as d on true",
    )
    .bind(company_ids)
    .fetch_all(db)
    .await?;
    single(&rows)
}

/// By enterprise, its country.
pub(super) async fn countries(
    db: impl PgExecutor<'_>,
    company_ids: &[Uuid],
) -> sqlx::Result<HashMap<Uuid, Country>> {
    let rows = sqlx::query(
        "select e.company_id as of, k.code, k.name, k.public_id
           from enterprise e
           join country k on k.public_id = e.country_id
          where e.company_id = any($1)",
    )
    .bind(company_ids)
    .fetch_all(db)
    .await?;
    single(&rows)
}

fn single<T: for<'r> FromRow<'r, PgRow>>(rows: &[PgRow]) -> sqlx::Result<HashMap<Uuid, T>> {
    rows.iter().map(|row| Ok((row.try_get("of")?, T::from_row(row)?))).collect()
}

/// Replaces the addresses of an enterprise.
pub(super) async fn put_addresses(
    tx: &mut PgConnection,
    company_id: CompanyId,
    addresses: &[KeptAddress],
) -> sqlx::Result<()> {
    sqlx::query("delete from enterprise_address where company_id = $1")
        .bind(company_id.0)
        .execute(&mut *tx)
        .await?;
    for kept in addresses {
        sqlx::query(
            "insert into enterprise_address (address_id, public_id, company_id, address)
             values ($1, $2, $3, $4)",
        )
        .bind(Uuid::now_v7())
        .bind(&kept.public_id)
        .bind(company_id.0)
        .bind(Json(&kept.address))
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

/// Takes down where a document of an enterprise is.
pub(super) async fn add_document(
    tx: &mut PgConnection,
    company_id: CompanyId,
    document: &Document,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into enterprise_document
             (document_id, public_id, company_id, file_size, folder, key_name, mime, name,
              created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(Uuid::now_v7())
    .bind(&document.public_id)
    .bind(company_id.0)
    .bind(document.file_size)
    .bind(&document.folder)
    .bind(&document.key_name)
    .bind(&document.mime)
    .bind(&document.name)
    .bind(document.created_at)
    .execute(tx)
    .await?;
    Ok(())
}
