//! Rows of app_user and credential.

use anyhow::Context;
use brazil::{Email, UserId};
use chassis::auth::Scope;
use chassis::crypto::Keyring;
use chassis::db::{broken_constraint, parsed, parsed_optional};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgExecutor, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Person, State, User, parse_date};
use crate::error::Error;

pub(crate) const CPF: &str = "identity.user.cpf";
pub(crate) const DATE_OF_BIRTH: &str = "identity.user.date_of_birth";
pub(crate) const ADDRESS: &str = "identity.user.address";

/// A user as the row has it: with what is sealed still sealed.
pub(crate) struct Sealed {
    user: User,
    cpf: Option<Vec<u8>>,
    date_of_birth: Option<Vec<u8>>,
    address: Option<Vec<u8>>,
}

impl FromRow<'_, PgRow> for Sealed {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            user: User {
                user_id: UserId(row.try_get("user_id")?),
                email: parsed(row, "email")?,
                email_proven_at: row.try_get("email_proven_at")?,
                announced_at: row.try_get("announced_at")?,
                person: Person {
                    full_name: row.try_get("full_name")?,
                    social_name: row.try_get("social_name")?,
                    phone_number: parsed_optional(row, "phone_number")?,
                    ..Person::default()
                },
                state: row.try_get("state")?,
                epoch: row.try_get("epoch")?,
                created_at: row.try_get("created_at")?,
                updated_at: row.try_get("updated_at")?,
            },
            cpf: row.try_get("cpf_sealed")?,
            date_of_birth: row.try_get("date_of_birth_sealed")?,
            address: row.try_get("address_sealed")?,
        })
    }
}

impl Sealed {
    fn open(self, keyring: &Keyring) -> Result<User, Error> {
        let Self { mut user, cpf, date_of_birth, address } = self;
        let open = |context, sealed: Option<Vec<u8>>| {
            let text = sealed.map(|sealed| keyring.open_text(context, &sealed)).transpose();
            text.with_context(|| format!("{context} cannot be opened"))
        };
        let person = &mut user.person;
        person.cpf = open(CPF, cpf)?
            .map(|text| text.parse().context("a kept CPF is not one"))
            .transpose()?;
        person.date_of_birth = open(DATE_OF_BIRTH, date_of_birth)?
            .map(|text| parse_date(&text).context("a kept date is not one"))
            .transpose()?;
        person.address = open(ADDRESS, address)?
            .map(|text| serde_json::from_str(&text).context("a kept address is not one"))
            .transpose()?;
        Ok(user)
    }
}

/// The sealed parts of a person, as columns.
struct Seals {
    cpf: Option<Vec<u8>>,
    cpf_fingerprint: Option<Vec<u8>>,
    date_of_birth: Option<Vec<u8>>,
    address: Option<Vec<u8>>,
}

fn seal(keyring: &Keyring, person: &Person) -> Result<Seals, Error> {
    let cpf = person.cpf.as_ref();
    let address = person.address.as_ref().map(serde_json::to_string).transpose();
    let address = address.context("an address cannot be written")?;
    Ok(Seals {
        cpf: cpf.map(|cpf| keyring.seal_text(CPF, cpf.as_str())),
        cpf_fingerprint: cpf.map(|cpf| keyring.fingerprint(CPF, cpf.as_str().as_bytes())),
        date_of_birth: person
            .date_of_birth
            .map(|date| keyring.seal_text(DATE_OF_BIRTH, &date.to_string())),
        address: address.map(|address| keyring.seal_text(ADDRESS, &address)),
    })
}

/// Inserts a user.
///
/// # Errors
/// [`Error::EmailAlreadyRegistered`], after which the transaction can go on.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    keyring: &Keyring,
    user: &User,
) -> Result<(), Error> {
    let seals = seal(keyring, &user.person)?;
    let inserted = sqlx::query(
        "insert into app_user
             (user_id, email, email_proven_at, announced_at, full_name, social_name, phone_number,
              cpf_sealed, cpf_fingerprint, date_of_birth_sealed, address_sealed, state, epoch,
              created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
         on conflict (email) where state <> 'replaced' do nothing",
    )
    .bind(user.user_id.0)
    .bind(user.email.as_str())
    .bind(user.email_proven_at)
    .bind(user.announced_at)
    .bind(&user.person.full_name)
    .bind(&user.person.social_name)
    .bind(user.person.phone_number.as_ref().map(|number| number.as_str()))
    .bind(seals.cpf)
    .bind(seals.cpf_fingerprint)
    .bind(seals.date_of_birth)
    .bind(seals.address)
    .bind(user.state)
    .bind(user.epoch)
    .bind(user.created_at)
    .bind(user.updated_at)
    .execute(tx)
    .await?;
    if inserted.rows_affected() == 1 { Ok(()) } else { Err(Error::EmailAlreadyRegistered) }
}

/// Saves a user that the transaction has locked.
///
/// # Errors
/// [`Error::EmailAlreadyRegistered`].
pub(crate) async fn save(
    tx: &mut PgConnection,
    keyring: &Keyring,
    user: &User,
) -> Result<(), Error> {
    let seals = seal(keyring, &user.person)?;
    sqlx::query(
        "update app_user
            set email = $2, email_proven_at = $3, announced_at = $4, full_name = $5,
                social_name = $6, phone_number = $7, cpf_sealed = $8, cpf_fingerprint = $9,
                date_of_birth_sealed = $10, address_sealed = $11, state = $12, epoch = $13,
                updated_at = $14
          where user_id = $1",
    )
    .bind(user.user_id.0)
    .bind(user.email.as_str())
    .bind(user.email_proven_at)
    .bind(user.announced_at)
    .bind(&user.person.full_name)
    .bind(&user.person.social_name)
    .bind(user.person.phone_number.as_ref().map(|number| number.as_str()))
    .bind(seals.cpf)
    .bind(seals.cpf_fingerprint)
    .bind(seals.date_of_birth)
    .bind(seals.address)
    .bind(user.state)
    .bind(user.epoch)
    .bind(user.updated_at)
    .execute(tx)
    .await
    .map_err(|error| match broken_constraint(&error) {
        Some("app_user_email") => Error::EmailAlreadyRegistered,
        _ => Error::Database(error),
    })?;
    Ok(())
}

/// Users of the list that are in the scope.
pub(crate) async fn find_all(
    db: impl PgExecutor<'_>,
    keyring: &Keyring,
    user_ids: &[Uuid],
    scope: &Scope,
) -> Result<Vec<User>, Error> {
    let rows: Vec<Sealed> = sqlx::query_as(
        "select user_id, email, email_proven_at, announced_at, full_name, social_name,
                phone_number, cpf_sealed, date_of_birth_sealed, address_sealed, state, epoch,
                created_at, updated_at
           from app_user
          where user_id = any($1) and state <> 'imported' and ($2 or user_id = $3)",
    )
    .bind(user_ids)
    .bind(scope.everything)
    .bind(scope.user_id)
    .fetch_all(db)
    .await?;
    rows.into_iter().map(|row| row.open(keyring)).collect()
}

/// Locks a user until the transaction ends.
pub(crate) async fn lock(
    tx: &mut PgConnection,
    keyring: &Keyring,
    user_id: UserId,
) -> Result<Option<User>, Error> {
    let row: Option<Sealed> = sqlx::query_as(
        "select user_id, email, email_proven_at, announced_at, full_name, social_name,
                phone_number, cpf_sealed, date_of_birth_sealed, address_sealed, state, epoch,
                created_at, updated_at
           from app_user
          where user_id = $1 and state <> 'imported'
            for update",
    )
    .bind(user_id.0)
    .fetch_optional(tx)
    .await?;
    row.map(|row| row.open(keyring)).transpose()
}

/// Locks the user who has the address until the transaction ends.
pub(crate) async fn lock_by_email(
    tx: &mut PgConnection,
    keyring: &Keyring,
    email: &Email,
) -> Result<Option<User>, Error> {
    let row: Option<Sealed> = sqlx::query_as(
        "select user_id, email, email_proven_at, announced_at, full_name, social_name,
                phone_number, cpf_sealed, date_of_birth_sealed, address_sealed, state, epoch,
                created_at, updated_at
           from app_user
          where email = $1 and state <> 'replaced'
            for update",
    )
    .bind(email.as_str())
    .fetch_optional(tx)
    .await?;
    row.map(|row| row.open(keyring)).transpose()
}

/// Forgets a user who held an address for a voice account that is not opened after all.
pub(crate) async fn delete_opening(tx: &mut PgConnection, user_id: UserId) -> sqlx::Result<()> {
    sqlx::query("delete from app_user where user_id = $1 and state = 'opening'")
        .bind(user_id.0)
        .execute(tx)
        .await?;
    Ok(())
}

/// Notes that a user logged in.
pub(crate) async fn note_login(
    tx: &mut PgConnection,
    user_id: UserId,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query("update app_user set last_login_at = $2 where user_id = $1")
        .bind(user_id.0)
        .bind(now)
        .execute(tx)
        .await?;
    Ok(())
}

/// What is kept of a user's password, if they have one.
pub(crate) async fn password_hash(
    db: impl PgExecutor<'_>,
    user_id: UserId,
) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar("select password_hash from credential where user_id = $1")
        .bind(user_id.0)
        .fetch_optional(db)
        .await
}

/// What a log-in is checked against: the user, whether they may, and the kept password.
pub(crate) async fn login_of(
    db: impl PgExecutor<'_>,
    email: &Email,
) -> sqlx::Result<Option<(UserId, State, Option<String>)>> {
    let row: Option<(Uuid, State, Option<String>)> = sqlx::query_as(
        "select u.user_id, u.state, c.password_hash
           from app_user u
           left join credential c using (user_id)
          where u.email = $1 and u.state <> 'replaced'",
    )
    .bind(email.as_str())
    .fetch_optional(db)
    .await?;
    Ok(row.map(|(user_id, state, hash)| (UserId(user_id), state, hash)))
}

/// Whether an account has the address whose owner has yet to prove it.
pub(crate) async fn is_unproven(db: impl PgExecutor<'_>, email: &Email) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "select exists (
             select from app_user
              where email = $1 and state <> 'replaced' and email_proven_at is null)",
    )
    .bind(email.as_str())
    .fetch_one(db)
    .await
}

/// Whether the user has a password, and was therefore not only invited.
pub(crate) async fn has_password(tx: &mut PgConnection, user_id: UserId) -> sqlx::Result<bool> {
    sqlx::query_scalar("select exists (select from credential where user_id = $1)")
        .bind(user_id.0)
        .fetch_one(tx)
        .await
}

/// Gives a user a password, in place of the one there may be.
pub(crate) async fn set_password(
    tx: &mut PgConnection,
    user_id: UserId,
    password_hash: &str,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into credential (user_id, password_hash, updated_at)
         values ($1, $2, $3)
         on conflict (user_id) do update
            set password_hash = excluded.password_hash, updated_at = excluded.updated_at",
    )
    .bind(user_id.0)
    .bind(password_hash)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
