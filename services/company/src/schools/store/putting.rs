//! Putting schools and what they are made of: what is there is changed, by its natural key. Nothing
//! here breaks a constraint: what would is answered, so that an import can go on.

use std::collections::HashMap;

use brazil::CompanyId;
use chassis::Service;
use sqlx::PgConnection;
use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::companies::{folded_lines, status};
use crate::error::Error;
use crate::schools::{
    Bad, ClassId, ClassInput, Input, IntegrationInput, Put, SchoolInput, SchoolIntegrationId,
    TenantInput, TermInput, TermKind,
};

const UNKNOWN: &str = "is not known";

/// Lets nobody else put anything until the transaction ends: what is looked up stays so.
pub(in crate::schools) async fn lock(tx: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('company.schools', 0))")
        .execute(tx)
        .await?;
    Ok(())
}

/// Puts anything; answers the id of what has one.
pub(in crate::schools) async fn put(
    service: &Service,
    tx: &mut PgConnection,
    input: &Input,
) -> Result<Put<Uuid>, Error> {
    let now = service.clock.now();
    let put = match input {
        Input::Tenant(input) => Ok(tenant(tx, input, now).await?),
        Input::School(input) => school(tx, input, now).await?,
        Input::Integration(input) => integration(tx, input, now).await?,
        Input::Term(input) => term(tx, input).await?,
        Input::Class(input) => class(tx, input, now).await?,
    };
    if let (
        Input::Tenant(TenantInput { active, .. }) | Input::School(SchoolInput { active, .. }),
        Ok(id),
    ) = (input, &put)
    {
        status::set(service, tx, (*id).into(), *active, now).await?;
    }
    Ok(put)
}

/// The schools that go by these references.
pub(in crate::schools) async fn references(
    tx: &mut PgConnection,
    references: &[String],
) -> sqlx::Result<HashMap<String, Uuid>> {
    let rows: Vec<(String, Uuid)> =
        sqlx::query_as("select reference, company_id from school where reference = any($1)")
            .bind(references)
            .fetch_all(tx)
            .await?;
    Ok(rows.into_iter().collect())
}

async fn tenant(
    tx: &mut PgConnection,
    input: &TenantInput,
    now: OffsetDateTime,
) -> sqlx::Result<Uuid> {
    sqlx::query_scalar(
        "with known as (select company_id from school_group where reference = $2),
              changed as (
                  update company
                     set official_name = $3, trading_name = $4, search = $5, updated_at = $6
                   where company_id in (select company_id from known)),
              made as (
                  insert into company
                      (company_id, kind, official_name, trading_name, status, search, created_at,
                       updated_at)
                  select $1, 'school_group', $3, $4, 'active', $5, $6, $6
                   where not exists (select from known)),
              named as (
                  insert into school_group (company_id, reference)
                  select $1, $2 where not exists (select from known))
         select coalesce((select company_id from known), $1)",
    )
    .bind(CompanyId::generate().0)
    .bind(&input.reference)
    .bind(&input.name)
    .bind(&input.brand)
    .bind(folded_lines([&input.name, &input.brand]))
    .bind(now)
    .fetch_one(tx)
    .await
}

async fn school(
    tx: &mut PgConnection,
    input: &SchoolInput,
    now: OffsetDateTime,
) -> sqlx::Result<Put<Uuid>> {
    let (document_type, document_value) = input.document.clone().unzip();
    let school_id: Option<Uuid> = sqlx::query_scalar(
        "with tenant as (select company_id from school_group where reference = $3),
              known as (select company_id from school where reference = $2),
              changed as (
                  update company c
                     set parent_id = tenant.company_id, official_name = $4, trading_name = $5,
                         search = $6, updated_at = $7
                    from tenant
                   where c.company_id in (select company_id from known)),
              described as (
                  update school
                     set document_type = $8, document_value = $9, addresses = $10
                   where reference = $2 and exists (select from tenant)),
              made as (
                  insert into company
                      (company_id, kind, parent_id, official_name, trading_name, status, search,
                       created_at, updated_at)
                  select $1, 'school', company_id, $4, $5, 'active', $6, $7, $7
                    from tenant
                   where not exists (select from known)),
              named as (
                  insert into school
                      (company_id, reference, document_type, document_value, addresses)
                  select $1, $2, $8, $9, $10
                    from tenant
                   where not exists (select from known))
         select coalesce((select company_id from known), $1) from tenant",
    )
    .bind(CompanyId::generate().0)
    .bind(&input.reference)
    .bind(&input.tenant_reference)
    .bind(&input.company_name)
    .bind(&input.trade_name)
    .bind(folded_lines([&input.company_name, &input.trade_name]))
    .bind(now)
    .bind(document_type)
    .bind(document_value)
    .bind(Json(&input.addresses))
    .fetch_optional(tx)
    .await?;
    Ok(school_id.ok_or_else(|| Bad::new("tenant_reference", UNKNOWN)))
}

async fn integration(
    tx: &mut PgConnection,
    input: &IntegrationInput,
    now: OffsetDateTime,
) -> sqlx::Result<Put<Uuid>> {
    let Some(school_id) = school_of(tx, &input.school_reference).await? else {
        return Ok(Err(Bad::new("school_reference", UNKNOWN)));
    };
    let integration_id: Option<Uuid> = sqlx::query_scalar(
        "insert into school_integration
             (integration_id, client_id, school_id, external_integration_id, school_external_id,
              active, created_at, updated_at)
         select $1, $2, $3, $4, $5, $6, $7, $7
          where not $6 or not exists (
              select from school_integration
               where school_external_id = $5 and client_id = $2
                 and external_integration_id = $4 and active and school_id <> $3)
         on conflict (client_id, school_id, external_integration_id) do update
            set school_external_id = excluded.school_external_id, active = excluded.active,
                updated_at = excluded.updated_at
         returning integration_id",
    )
    .bind(SchoolIntegrationId::generate().0)
    .bind(&input.client_id)
    .bind(school_id)
    .bind(&input.external_integration_id)
    .bind(&input.school_external_id)
    .bind(input.active)
    .bind(now)
    .fetch_optional(tx)
    .await?;
    let taken = || Bad::new("school_external_id", "is what the partner calls another school");
    Ok(integration_id.ok_or_else(taken))
}

async fn term(tx: &mut PgConnection, input: &TermInput) -> sqlx::Result<Put<Uuid>> {
    let sql = match input.kind {
        TermKind::Shift => {
            "insert into school_shift (school_id, name, description, active)
             select company_id, $2, $3, $4 from school where reference = $1
             on conflict (school_id, name) do update
                set description = excluded.description, active = excluded.active
             returning school_id"
        }
        TermKind::Stage => {
            "insert into school_stage (school_id, name, description, active)
             select company_id, $2, $3, $4 from school where reference = $1
             on conflict (school_id, name) do update
                set description = excluded.description, active = excluded.active
             returning school_id"
        }
    };
    let school_id: Option<Uuid> = sqlx::query_scalar(sql)
        .bind(&input.school_reference)
        .bind(&input.term.name)
        .bind(&input.term.description)
        .bind(input.active)
        .fetch_optional(tx)
        .await?;
    Ok(school_id.ok_or_else(|| Bad::new("school_reference", UNKNOWN)))
}

async fn class(
    tx: &mut PgConnection,
    input: &ClassInput,
    now: OffsetDateTime,
) -> sqlx::Result<Put<Uuid>> {
    let Some(school_id) = school_of(tx, &input.school_reference).await? else {
        return Ok(Err(Bad::new("school_reference", UNKNOWN)));
    };
    let (has_stage, has_shift): (bool, bool) = sqlx::query_as(
        "select exists (select from school_stage where school_id = $1 and name = $2),
                $3::text is null
                or exists (select from school_shift where school_id = $1 and name = $3)",
    )
    .bind(school_id)
    .bind(&input.stage_name)
    .bind(&input.shift_name)
    .fetch_one(&mut *tx)
    .await?;
    if !has_stage {
        return Ok(Err(Bad::new("stage_name", "is no stage of the school")));
    }
    if !has_shift {
        return Ok(Err(Bad::new("shift_name", "is no shift of the school")));
    }
    let class_id = sqlx::query_scalar(
        "insert into school_class
             (class_id, school_id, external_id, name, educational_stage, stage_name, shift_name,
              open, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
         on conflict (school_id, external_id) do update
            set name = excluded.name, educational_stage = excluded.educational_stage,
                stage_name = excluded.stage_name, shift_name = excluded.shift_name,
                open = excluded.open, updated_at = excluded.updated_at
         returning class_id",
    )
    .bind(ClassId::generate().0)
    .bind(school_id)
    .bind(&input.external_id)
    .bind(&input.name)
    .bind(&input.educational_stage)
    .bind(&input.stage_name)
    .bind(&input.shift_name)
    .bind(input.open)
    .bind(now)
    .fetch_one(tx)
    .await?;
    Ok(Ok(class_id))
}

async fn school_of(tx: &mut PgConnection, reference: &str) -> sqlx::Result<Option<Uuid>> {
    sqlx::query_scalar("select company_id from school where reference = $1")
        .bind(reference)
        .fetch_optional(tx)
        .await
}
