//! Organizations for tests of what they have.

use brazil::CompanyId;
use sqlx::PgPool;

use super::new_public_id;

/// An active organization.
pub(crate) async fn workspace(db: &PgPool, purpose: &str) -> CompanyId {
    let (company_id, public_id) = (CompanyId::generate(), new_public_id());
    sqlx::query(
        "with made as (
             insert into company
                 (company_id, kind, official_name, status, search, created_at, updated_at)
             values ($1, 'organization', 'x', 'active', 'x', now(), now()))
         insert into workspace (company_id, organization_id, type, status, slug, opened_by)
         values ($1, $2, $3, 'active', $2, $1)",
    )
    .bind(company_id.0)
    .bind(public_id)
    .bind(purpose)
    .execute(db)
    .await
    .unwrap();
    company_id
}
