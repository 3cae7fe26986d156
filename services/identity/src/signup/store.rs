//! Rows of signup_form.

use anyhow::Context;
use brazil::{AreaCode, Email, SignupFormId, UserId};
use chassis::crypto::Keyring;
use chassis::db::parsed;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgExecutor, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Form, Prefill};
use crate::error::Error;
use crate::invitations::Link;
use crate::users::Person;

pub(crate) const OWN: &str = "identity.signup_form.own";
pub(crate) const PREFILL: &str = "identity.signup_form.prefill";

/// A form as the row has it: with what is sealed still sealed.
struct Sealed {
    form: Form,
    own: Vec<u8>,
    prefill: Option<Vec<u8>>,
}

impl FromRow<'_, PgRow> for Sealed {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let id = |column| row.try_get::<Option<Uuid>, _>(column);
        let area_code: Option<i16> = row.try_get("area_code")?;
        let area_code = area_code.map(AreaCode::try_from).transpose();
        Ok(Self {
            form: Form {
                form_id: SignupFormId(row.try_get("form_id")?),
                email: parsed(row, "email")?,
                email_proven_at: row.try_get("email_proven_at")?,
                own: Person::default(),
                prefill: None,
                plan_id: id("plan_id")?.map(Into::into),
                company_id: id("company_id")?.map(Into::into),
                area_code: area_code.map_err(|error| sqlx::Error::Decode(error.into()))?,
                partner: row.try_get("partner")?,
                vouched_company_id: id("vouched_company_id")?.map(Into::into),
                completed_at: row.try_get("completed_at")?,
                created_at: row.try_get("created_at")?,
                updated_at: row.try_get("updated_at")?,
            },
            own: row.try_get("own_sealed")?,
            prefill: row.try_get("prefill_sealed")?,
        })
    }
}

impl Sealed {
    fn open(self, keyring: &Keyring) -> Result<Form, Error> {
        let own = open(keyring, OWN, &self.own)?;
        let prefill = self.prefill.map(|sealed| open(keyring, PREFILL, &sealed)).transpose()?;
        Ok(Form { own, prefill, ..self.form })
    }
}

fn open<T: DeserializeOwned>(keyring: &Keyring, context: &str, sealed: &[u8]) -> Result<T, Error> {
    let plain = keyring.open(context, sealed).map_err(anyhow::Error::from)?;
    Ok(serde_json::from_slice(&plain).context("a form cannot be read")?)
}

fn seal<T: Serialize>(keyring: &Keyring, context: &str, plain: &T) -> Result<Vec<u8>, Error> {
    let plain = serde_json::to_vec(plain).context("a form cannot be written")?;
    Ok(keyring.seal(context, &plain))
}

/// Inserts a form, or saves one that the transaction has locked. A form whose e-mail changed has
/// no link any more.
pub(crate) async fn save(
    tx: &mut PgConnection,
    keyring: &Keyring,
    form: &Form,
) -> Result<(), Error> {
    let own = seal(keyring, OWN, &form.own)?;
    let prefill =
        form.prefill.as_ref().map(|prefill| seal(keyring, PREFILL, prefill)).transpose()?;
    sqlx::query(
        "insert into signup_form as f
             (form_id, email, email_proven_at, own_sealed, prefill_sealed, plan_id, company_id,
              area_code, partner, vouched_company_id, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         on conflict (form_id) do update
            set email = excluded.email,
                email_proven_at = excluded.email_proven_at,
                own_sealed = excluded.own_sealed,
                prefill_sealed = excluded.prefill_sealed,
                plan_id = excluded.plan_id,
                company_id = excluded.company_id,
                area_code = excluded.area_code,
                vouched_company_id = excluded.vouched_company_id,
                link_hash = case when f.email = excluded.email then f.link_hash end,
                link_expires_at = case when f.email = excluded.email then f.link_expires_at end,
                updated_at = excluded.updated_at",
    )
    .bind(form.form_id.0)
    .bind(form.email.as_str())
    .bind(form.email_proven_at)
    .bind(own)
    .bind(prefill)
    .bind(form.plan_id.map(Uuid::from))
    .bind(form.company_id.map(Uuid::from))
    .bind(form.area_code.map(|code| i16::from(u8::from(code))))
    .bind(&form.partner)
    .bind(form.vouched_company_id.map(Uuid::from))
    .bind(form.created_at)
    .bind(form.updated_at)
    .execute(tx)
    .await?;
    Ok(())
}

/// Reads a form.
pub(crate) async fn find(
    db: impl PgExecutor<'_>,
    keyring: &Keyring,
    form_id: SignupFormId,
) -> Result<Option<Form>, Error> {
    let row: Option<Sealed> = sqlx::query_as(
        "select form_id, email, email_proven_at, own_sealed, prefill_sealed, plan_id, company_id,
                area_code, partner, vouched_company_id, completed_at, created_at, updated_at
           from signup_form
          where form_id = $1",
    )
    .bind(form_id.0)
    .fetch_optional(db)
    .await?;
    row.map(|row| row.open(keyring)).transpose()
}

/// Reads a form and locks it until the transaction ends.
///
/// # Errors
/// [`Error::SignupFormNotFound`].
pub(crate) async fn lock(
    tx: &mut PgConnection,
    keyring: &Keyring,
    form_id: SignupFormId,
) -> Result<Form, Error> {
    let row: Option<Sealed> = sqlx::query_as(
        "select form_id, email, email_proven_at, own_sealed, prefill_sealed, plan_id, company_id,
                area_code, partner, vouched_company_id, completed_at, created_at, updated_at
           from signup_form
          where form_id = $1
            for update",
    )
    .bind(form_id.0)
    .fetch_optional(tx)
    .await?;
    row.ok_or(Error::SignupFormNotFound)?.open(keyring)
}

/// Gives a form its mailed link.
pub(crate) async fn put_link(
    tx: &mut PgConnection,
    form_id: SignupFormId,
    link: &Link,
) -> sqlx::Result<()> {
    sqlx::query("update signup_form set link_hash = $2, link_expires_at = $3 where form_id = $1")
        .bind(form_id.0)
        .bind(&link.token_hash)
        .bind(link.expires_at)
        .execute(tx)
        .await?;
    Ok(())
}

/// Takes a form's mailed link away, and tells what it was.
pub(crate) async fn take_link(
    tx: &mut PgConnection,
    form_id: SignupFormId,
) -> sqlx::Result<Option<Link>> {
    sqlx::query_as(
        "with old as (
             select form_id, link_hash as token_hash, link_expires_at as expires_at
               from signup_form
              where form_id = $1 and link_hash is not null
                for update
         ), gone as (
             update signup_form set link_hash = null, link_expires_at = null
              where form_id in (select form_id from old)
         )
         select token_hash, expires_at from old",
    )
    .bind(form_id.0)
    .fetch_optional(tx)
    .await
}

/// Closes a form that became a user. What it was given is the user's now; what a file knows is
/// kept until the e-mail is proven, if it is not.
pub(crate) async fn close(
    tx: &mut PgConnection,
    keyring: &Keyring,
    form: &Form,
    user_id: UserId,
    now: OffsetDateTime,
) -> Result<(), Error> {
    sqlx::query(
        "update signup_form
            set user_id = $2,
                completed_at = $3,
                updated_at = $3,
                own_sealed = $4,
                prefill_sealed = case when email_proven_at is null then prefill_sealed end
          where form_id = $1",
    )
    .bind(form.form_id.0)
    .bind(user_id.0)
    .bind(now)
    .bind(seal(keyring, OWN, &Person::default())?)
    .execute(tx)
    .await?;
    Ok(())
}

/// What an employee's file knew of the user when they signed up with this e-mail; told once.
pub(crate) async fn take_prefill(
    tx: &mut PgConnection,
    keyring: &Keyring,
    user_id: UserId,
    email: &Email,
) -> Result<Option<Person>, Error> {
    let sealed: Option<Vec<u8>> = sqlx::query_scalar(
        "with old as (
             select form_id, prefill_sealed
               from signup_form
              where user_id = $1 and email = $2 and prefill_sealed is not null
                for update
         ), gone as (
             update signup_form set prefill_sealed = null
              where form_id in (select form_id from old)
         )
         select prefill_sealed from old",
    )
    .bind(user_id.0)
    .bind(email.as_str())
    .fetch_optional(tx)
    .await?;
    let prefill: Option<Prefill> =
        sealed.map(|sealed| open(keyring, PREFILL, &sealed)).transpose()?;
    Ok(prefill.map(|prefill| prefill.person))
}

/// Forgets forms that nobody touched since `moment`.
pub(crate) async fn delete_untouched(
    db: impl PgExecutor<'_>,
    moment: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query("delete from signup_form where updated_at < $1").bind(moment).execute(db).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
