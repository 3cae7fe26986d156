//! The table `employee`.

use std::str::FromStr;

use brazil::{CompanyId, EmployeeId};
use chassis::auth::Scope;
use chassis::crypto::Keyring;
use chassis::db::{broken_constraint, parsed_optional};
use chassis::page::{Page, counted};
use chassis::refusal::invalid;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection, PgExecutor, PgPool, Postgres, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Employee, File};
use crate::error::Error;

pub(crate) const CPF: &str = "company.employee.cpf";
pub(crate) const BIRTH_DATE: &str = "company.employee.birth_date";

/// A row as it is stored: personal numbers are sealed.
pub(crate) struct Sealed {
    employee: Employee,
    cpf: Option<Vec<u8>>,
    birth_date: Option<Vec<u8>>,
}

impl FromRow<'_, PgRow> for Sealed {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let address: Option<Json<_>> = row.try_get("address")?;
        let user_id: Option<Uuid> = row.try_get("user_id")?;
        let file = File {
            company_id: CompanyId(row.try_get("company_id")?),
            full_name: row.try_get("full_name")?,
            social_name: row.try_get("social_name")?,
            status: row.try_get("status")?,
            work_email: parsed_optional(row, "work_email")?,
            personal_email: parsed_optional(row, "personal_email")?,
            work_phone_number: parsed_optional(row, "work_phone_number")?,
            personal_phone_number: parsed_optional(row, "personal_phone_number")?,
            cpf: None,
            position: row.try_get("position")?,
            area: row.try_get("area")?,
            birth_date: None,
            user_id: user_id.map(Into::into),
            admitted_at: row.try_get("admitted_at")?,
            terminated_at: row.try_get("terminated_at")?,
            address: address.map(|Json(address)| address),
        };
        Ok(Self {
            employee: Employee {
                employee_id: EmployeeId(row.try_get("employee_id")?),
                file,
                created_at: row.try_get("created_at")?,
                updated_at: row.try_get("updated_at")?,
            },
            cpf: row.try_get("cpf_sealed")?,
            birth_date: row.try_get("birth_date_sealed")?,
        })
    }
}

impl Sealed {
    /// The employee, whose personal numbers can be read.
    ///
    /// # Errors
    /// When they were sealed with keys that are gone.
    pub(crate) fn open(self, keyring: &Keyring) -> Result<Employee, Error> {
        let Self { mut employee, cpf, birth_date } = self;
        employee.file.cpf = opened(keyring, CPF, cpf)?;
        employee.file.birth_date = opened(keyring, BIRTH_DATE, birth_date)?;
        Ok(employee)
    }
}

/// What a sealed column holds, if it is not null.
fn opened<T>(keyring: &Keyring, context: &str, sealed: Option<Vec<u8>>) -> Result<Option<T>, Error>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let Some(sealed) = sealed else { return Ok(None) };
    let text = keyring.open_text(context, &sealed)?;
    text.parse().map(Some).map_err(|error: T::Err| sqlx::Error::Decode(Box::new(error)).into())
}

/// Stores a new file.
///
/// # Errors
/// [`Error::WorkEmailTaken`]; INVALID_ARGUMENT when the company does not exist.
pub(super) async fn insert(
    tx: &mut PgConnection,
    keyring: &Keyring,
    employee: &Employee,
) -> Result<(), Error> {
    let statement = "insert into employee
             (employee_id, company_id, full_name, social_name, status, work_email,
              personal_email, work_phone_number, personal_phone_number, cpf_sealed,
              cpf_fingerprint, position, area, birth_date_sealed, user_id, admitted_at,
              terminated_at, address, updated_at, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                 $19, $20)";
    with_file(statement, employee, keyring)
        .bind(employee.created_at)
        .execute(tx)
        .await
        .map_err(|error| name_the_refusal(error, &employee.file))?;
    Ok(())
}

/// Replaces what a locked file says.
///
/// # Errors
/// [`Error::WorkEmailTaken`]; INVALID_ARGUMENT when the company does not exist.
pub(super) async fn save(
    tx: &mut PgConnection,
    keyring: &Keyring,
    employee: &Employee,
) -> Result<(), Error> {
    let statement = "update employee
            set company_id = $2, full_name = $3, social_name = $4, status = $5, work_email = $6,
                personal_email = $7, work_phone_number = $8, personal_phone_number = $9,
                cpf_sealed = $10, cpf_fingerprint = $11, position = $12, area = $13,
                birth_date_sealed = $14, user_id = $15, admitted_at = $16, terminated_at = $17,
                address = $18, updated_at = $19
          where employee_id = $1";
    with_file(statement, employee, keyring)
        .execute(tx)
        .await
        .map_err(|error| name_the_refusal(error, &employee.file))?;
    Ok(())
}

/// A statement whose first parameters are the employee's id, its file and the time of the change.
fn with_file<'q>(
    statement: &'static str,
    employee: &'q Employee,
    keyring: &Keyring,
) -> Query<'q, Postgres, PgArguments> {
    let file = &employee.file;
    let cpf = file.cpf.as_ref().map(|cpf| cpf.as_str());
    let birth_date = file.birth_date.map(|date| date.to_string());
    sqlx::query(statement)
        .bind(employee.employee_id.0)
        .bind(file.company_id.0)
        .bind(&file.full_name)
        .bind(&file.social_name)
        .bind(file.status)
        .bind(file.work_email.as_ref().map(|email| email.as_str()))
        .bind(file.personal_email.as_ref().map(|email| email.as_str()))
        .bind(file.work_phone_number.as_ref().map(|number| number.as_str()))
        .bind(file.personal_phone_number.as_ref().map(|number| number.as_str()))
        .bind(cpf.map(|cpf| keyring.seal_text(CPF, cpf)))
        .bind(cpf.map(|cpf| keyring.fingerprint(CPF, cpf.as_bytes())))
        .bind(&file.position)
        .bind(&file.area)
        .bind(birth_date.map(|date| keyring.seal_text(BIRTH_DATE, &date)))
        .bind(file.user_id.map(|user_id| user_id.0))
        .bind(file.admitted_at)
        .bind(file.terminated_at)
        .bind(file.address.as_ref().map(Json))
        .bind(employee.updated_at)
}

fn name_the_refusal(error: sqlx::Error, file: &File) -> Error {
    match broken_constraint(&error) {
        Some("employee_work_email") => Error::WorkEmailTaken(file.company_id),
        Some("employee_company") => invalid("employee.company_id", "names no company").into(),
        _ => Error::Database(error),
    }
}

/// The employer of an employee.
///
/// # Errors
/// [`Error::EmployeeNotFound`].
pub(super) async fn employer(db: &PgPool, employee_id: EmployeeId) -> Result<CompanyId, Error> {
    sqlx::query_scalar("select company_id from employee where employee_id = $1")
        .bind(employee_id.0)
        .fetch_optional(db)
        .await?
        .map(CompanyId)
        .ok_or(Error::EmployeeNotFound(employee_id))
}

/// Reads the employer of an employee, and locks the file until the transaction ends; also when
/// it was opened.
///
/// # Errors
/// [`Error::EmployeeNotFound`].
pub(super) async fn lock(
    tx: &mut PgConnection,
    employee_id: EmployeeId,
) -> Result<(CompanyId, OffsetDateTime), Error> {
    let (company_id, created_at): (Uuid, OffsetDateTime) = sqlx::query_as(
        "select company_id, created_at from employee where employee_id = $1 for update",
    )
    .bind(employee_id.0)
    .fetch_optional(tx)
    .await?
    .ok_or(Error::EmployeeNotFound(employee_id))?;
    Ok((CompanyId(company_id), created_at))
}

/// Reads an employee of the scope.
///
/// # Errors
/// [`Error::EmployeeNotFound`], also for one outside the scope.
pub(super) async fn find(
    db: &PgPool,
    keyring: &Keyring,
    employee_id: EmployeeId,
    scope: &Scope,
) -> Result<Employee, Error> {
    let row: Option<Sealed> = sqlx::query_as(
        "select employee_id, company_id, full_name, social_name, status, work_email,
                personal_email, work_phone_number, personal_phone_number, cpf_sealed, position,
                area, birth_date_sealed, user_id, admitted_at, terminated_at, address, created_at,
                updated_at
           from employee
          where employee_id = $1 and ($2 or company_id = any($3))",
    )
    .bind(employee_id.0)
    .bind(scope.everything)
    .bind(&scope.company_ids)
    .fetch_optional(db)
    .await?;
    row.ok_or(Error::EmployeeNotFound(employee_id))?.open(keyring)
}

/// A page of a company's employees, oldest registration first, and how many there are in all.
///
/// # Errors
/// [`Error::CompanyNotFound`].
pub(super) async fn list(
    db: impl PgExecutor<'_>,
    keyring: &Keyring,
    company_id: CompanyId,
    page: &Page<EmployeeId>,
) -> Result<(Vec<Employee>, i64), Error> {
    let rows = sqlx::query(
        "with page as (
             select employee_id, company_id, full_name, social_name, status, work_email,
                    personal_email, work_phone_number, personal_phone_number, cpf_sealed,
                    position, area, birth_date_sealed, user_id, admitted_at, terminated_at,
                    address, created_at, updated_at
               from employee
              where company_id = $1 and ($2::uuid is null or employee_id > $2)
              order by employee_id
             offset $3
              limit $4
         )
         select (select count(*) from employee where company_id = $1) as total, page.*
           from company
           left join page on true
          where company.company_id = $1
          order by page.employee_id",
    )
    .bind(company_id.0)
    .bind(page.after.map(|employee_id| employee_id.0))
    .bind(page.skip)
    .bind(page.limit())
    .fetch_all(db)
    .await?;
    if rows.is_empty() {
        return Err(Error::CompanyNotFound(company_id));
    }
    let (sealed, total) = counted::<Sealed>(&rows, "employee_id")?;
    let employees = sealed.into_iter().map(|row| row.open(keyring)).collect::<Result<_, _>>()?;
    Ok((employees, total))
}

#[cfg(test)]
mod tests;
