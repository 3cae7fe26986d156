//! The table `email_domain`, and what companies know of an e-mail.

use brazil::{CompanyId, Email, EmailDomain, PlanId};
use chassis::crypto::Keyring;
use chassis::db::broken_constraint;
use sqlx::{FromRow, PgConnection, PgPool, Row, ValueRef};
use uuid::Uuid;

use super::{Affiliations, OwnedDomain};
use crate::employees::Sealed;
use crate::error::Error;

/// The most employees' files that an e-mail is matched with.
const EMPLOYEES_MAX: i64 = 20;

/// Gives a domain to a company, or changes the plan of one that it has.
///
/// # Errors
/// [`Error::EmailDomainTaken`], [`Error::CompanyNotFound`].
pub(super) async fn put(
    tx: &mut PgConnection,
    domain: &EmailDomain,
    owned: &OwnedDomain,
) -> Result<(), Error> {
    let put = sqlx::query(
        "insert into email_domain (domain, company_id, default_plan_id)
         values ($1, $2, $3)
         on conflict (domain) do update
            set default_plan_id = excluded.default_plan_id
          where email_domain.company_id = excluded.company_id",
    )
    .bind(domain.as_str())
    .bind(owned.company_id.0)
    .bind(owned.default_plan_id.0)
    .execute(tx)
    .await
    .map_err(|error| match broken_constraint(&error) {
        Some("email_domain_company") => Error::CompanyNotFound(owned.company_id),
        _ => Error::Database(error),
    })?;
    if put.rows_affected() == 0 {
        return Err(Error::EmailDomainTaken(domain.clone()));
    }
    Ok(())
}

/// Takes a domain away from a company.
///
/// # Errors
/// [`Error::EmailDomainNotFound`] when it has none of that name.
pub(super) async fn delete(
    tx: &mut PgConnection,
    company_id: CompanyId,
    domain: &EmailDomain,
) -> Result<(), Error> {
    let deleted = sqlx::query("delete from email_domain where domain = $1 and company_id = $2")
        .bind(domain.as_str())
        .bind(company_id.0)
        .execute(tx)
        .await?;
    if deleted.rows_affected() == 0 {
        return Err(Error::EmailDomainNotFound(domain.clone()));
    }
    Ok(())
}

/// Active employees of active companies with the e-mail, and the active company of its domain.
pub(super) async fn affiliations(
    db: &PgPool,
    keyring: &Keyring,
    email: &Email,
) -> Result<Affiliations, Error> {
    let rows = sqlx::query(
        "with file as (
             select employee_id, company_id, full_name, social_name, employee.status, work_email,
                    personal_email, work_phone_number, personal_phone_number, cpf_sealed,
                    position, area, birth_date_sealed, user_id, admitted_at, terminated_at,
                    employee.address, employee.created_at, employee.updated_at
               from employee
               join company using (company_id)
              where (work_email = $1 or personal_email = $1)
                and employee.status = 'active'
                and company.status = 'active'
              order by employee_id
              limit $3
         ), domain as (
             select company_id as domain_company_id, default_plan_id
               from email_domain
               join company using (company_id)
              where email_domain.domain = $2 and company.status = 'active'
         )
         select domain.*, file.*
           from (select) as one
           left join domain on true
           left join file on true
          order by employee_id",
    )
    .bind(email.as_str())
    .bind(email.domain().as_str())
    .bind(EMPLOYEES_MAX)
    .fetch_all(db)
    .await?;

    let mut affiliations = Affiliations::default();
    for row in &rows {
        let company_id: Option<Uuid> = row.try_get("domain_company_id")?;
        let plan_id: Option<Uuid> = row.try_get("default_plan_id")?;
        affiliations.domain = company_id.zip(plan_id).map(|(company_id, plan_id)| OwnedDomain {
            company_id: CompanyId(company_id),
            default_plan_id: PlanId(plan_id),
        });
        if !row.try_get_raw("employee_id")?.is_null() {
            affiliations.employees.push(Sealed::from_row(row)?.open(keyring)?);
        }
    }
    Ok(affiliations)
}

#[cfg(test)]
mod tests;
