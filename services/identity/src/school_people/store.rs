//! Rows of school_person and what is around it. Who sees a record is decided here, in SQL.

pub(crate) mod putting;
#[cfg(test)]
mod tests;

use anyhow::Context;
use brazil::UserId;
use chassis::crypto::Keyring;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgExecutor, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use super::seen::Seen;
use super::{PeopleReadId, Person, Private, Profile, SchoolPersonId};
use crate::error::Error;

pub(crate) const PRIVATE: &str = "identity.school_person";

/// The most records that are read at a time.
pub(super) const PAGE: i64 = 500;

/// A record with what is sealed still sealed.
struct Sealed {
    person: Person,
    private: Vec<u8>,
}

impl FromRow<'_, PgRow> for Sealed {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let person = Person {
            person_id: SchoolPersonId(row.try_get("person_id")?),
            school_id: row.try_get("school_id")?,
            user_id: UserId(row.try_get("user_id")?),
            external_id: row.try_get("external_id")?,
            name: row.try_get("name")?,
            email: row.try_get("email")?,
            academic_email: row.try_get("academic_email")?,
            ddi: row.try_get("ddi")?,
            cell_phone_number: row.try_get("cell_phone_number")?,
            private: Private::default(),
            profiles: row.try_get("profiles")?,
            active: row.try_get("active")?,
            made_here: row.try_get("made_here")?,
        };
        Ok(Self { person, private: row.try_get("private_sealed")? })
    }
}

impl Sealed {
    fn open(self, keyring: &Keyring) -> Result<Person, Error> {
        let text = keyring.open(PRIVATE, &self.private).context("a record cannot be opened")?;
        let private = serde_json::from_slice(&text).context("a record cannot be read")?;
        Ok(Person { private, ..self.person })
    }
}

fn opened(rows: Vec<Sealed>, keyring: &Keyring) -> Result<Vec<Person>, Error> {
    rows.into_iter().map(|row| row.open(keyring)).collect()
}

fn seal(private: &Private, keyring: &Keyring) -> Result<Vec<u8>, Error> {
    let text = serde_json::to_vec(private).context("a record cannot be written")?;
    Ok(keyring.seal(PRIVATE, &text))
}

/// The 16, in their order.
pub(super) async fn profiles(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<Profile>> {
    sqlx::query_as(
        "select code, type, name, description, id, is_staff from school_profile order by position",
    )
    .fetch_all(db)
    .await
}

/// Those whom somebody answers for.
pub(super) async fn dependents(
    db: impl PgExecutor<'_>,
    guardian_id: UserId,
) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar("select dependent_id from guardianship where guardian_id = $1 and active")
        .bind(guardian_id.0)
        .fetch_all(db)
        .await
}

/// The records of accounts that somebody sees, the one that changed last first.
pub(super) async fn of_accounts(
    db: impl PgExecutor<'_>,
    keyring: &Keyring,
    seen: &Seen,
    user_ids: &[Uuid],
) -> Result<Vec<Person>, Error> {
    let rows: Vec<Sealed> = sqlx::query_as(
        "select person_id, school_id, user_id, external_id, name, email, academic_email, ddi,
                cell_phone_number, private_sealed, profiles, active, made_here
           from school_person p
          where user_id = any($5)
            and ($1 or school_id = any($2) or user_id = any($3) or exists (
                select from school_consumption c
                 where c.person_id = p.person_id and c.client_id = $4 and c.active))
          order by updated_at desc, person_id",
    )
    .bind(seen.everything)
    .bind(&seen.staff_of)
    .bind(&seen.own)
    .bind(&seen.client_id)
    .bind(user_ids)
    .fetch_all(db)
    .await?;
    opened(rows, keyring)
}

/// The record of an account in a school that somebody sees.
pub(super) async fn in_school(
    db: impl PgExecutor<'_>,
    keyring: &Keyring,
    seen: &Seen,
    user_id: UserId,
    school_id: Uuid,
) -> Result<Option<Person>, Error> {
    let row: Option<Sealed> = sqlx::query_as(
        "select person_id, school_id, user_id, external_id, name, email, academic_email, ddi,
                cell_phone_number, private_sealed, profiles, active, made_here
           from school_person p
          where user_id = $5 and school_id = $6
            and ($1 or school_id = any($2) or user_id = any($3) or exists (
                select from school_consumption c
                 where c.person_id = p.person_id and c.client_id = $4 and c.active))",
    )
    .bind(seen.everything)
    .bind(&seen.staff_of)
    .bind(&seen.own)
    .bind(&seen.client_id)
    .bind(user_id.0)
    .bind(school_id)
    .fetch_optional(db)
    .await?;
    row.map(|row| row.open(keyring)).transpose()
}

/// The next records of a school that somebody sees, by name. Each of the three ways to see some
/// has an index of its own, so that none looks at more than it shows.
pub(super) async fn of_school(
    db: impl PgExecutor<'_>,
    keyring: &Keyring,
    seen: &Seen,
    school_id: Uuid,
    after: Option<(&str, SchoolPersonId)>,
) -> Result<Vec<Person>, Error> {
    let (name, id) = after.unzip();
    let (name, id) = (name.unwrap_or_default(), id.unwrap_or(SchoolPersonId(Uuid::nil())).0);
    let all = "select person_id, school_id, user_id, external_id, name, email, academic_email, ddi,
                      cell_phone_number, private_sealed, profiles, active, made_here
                 from school_person
                where school_id = $1 and (name, person_id) > ($2, $3)
                order by name, person_id
                limit $4";
    let of_program = "select p.person_id, p.school_id, p.user_id, p.external_id, p.name, p.email,
                             p.academic_email, p.ddi, p.cell_phone_number, p.private_sealed,
                             p.profiles, p.active, p.made_here
                        from school_consumption c
                        join school_person p using (person_id)
                       where c.school_id = $1 and (c.name, c.person_id) > ($2, $3)
                         and c.client_id = $5 and c.active
                       order by c.name, c.person_id
                       limit $4";
    let own = "select person_id, school_id, user_id, external_id, name, email, academic_email, ddi,
                      cell_phone_number, private_sealed, profiles, active, made_here
                 from school_person
                where school_id = $1 and (name, person_id) > ($2, $3) and user_id = any($5)
                order by name, person_id
                limit $4";
    let query =
        |sql: &'static str| sqlx::query_as(sql).bind(school_id).bind(name).bind(id).bind(PAGE);
    let rows: Vec<Sealed> = if seen.everything || seen.staff_of.contains(&school_id) {
        query(all).fetch_all(db).await?
    } else if let Some(client_id) = &seen.client_id {
        query(of_program).bind(client_id).fetch_all(db).await?
    } else {
        query(own).bind(&seen.own).fetch_all(db).await?
    };
    opened(rows, keyring)
}

/// A record.
pub(super) async fn find(
    db: impl PgExecutor<'_>,
    keyring: &Keyring,
    person_id: SchoolPersonId,
) -> Result<Option<Person>, Error> {
    let row: Option<Sealed> = sqlx::query_as(
        "select person_id, school_id, user_id, external_id, name, email, academic_email, ddi,
                cell_phone_number, private_sealed, profiles, active, made_here
           from school_person
          where person_id = $1",
    )
    .bind(person_id.0)
    .fetch_optional(db)
    .await?;
    row.map(|row| row.open(keyring)).transpose()
}

/// What a school calls those who answer for somebody.
pub(super) async fn guardians_in(
    db: impl PgExecutor<'_>,
    dependent_id: UserId,
    school_id: Uuid,
) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar(
        "select p.external_id
           from guardianship g
           join school_person p on p.user_id = g.guardian_id
          where g.dependent_id = $1 and g.active and p.school_id = $2
            and p.external_id is not null
          order by p.external_id",
    )
    .bind(dependent_id.0)
    .bind(school_id)
    .fetch_all(db)
    .await
}

/// Notes who read about whom.
pub(super) async fn note_read(
    db: impl PgExecutor<'_>,
    reader: &str,
    operation: &str,
    people: &[Person],
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    let mut school_ids: Vec<Uuid> = people.iter().map(|person| person.school_id).collect();
    school_ids.sort_unstable();
    school_ids.dedup();
    let mut account_ids: Vec<Uuid> = people.iter().map(|person| person.user_id.0).collect();
    account_ids.sort_unstable();
    account_ids.dedup();
    sqlx::query(
        "insert into school_people_read
             (read_id, reader, operation, school_ids, account_ids, read_at)
         values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(PeopleReadId::generate().0)
    .bind(reader)
    .bind(operation)
    .bind(school_ids)
    .bind(account_ids)
    .bind(now)
    .execute(db)
    .await?;
    Ok(())
}

/// Whether the account has no login yet, locked until the transaction ends.
pub(crate) async fn lock_imported(tx: &mut PgConnection, user_id: UserId) -> sqlx::Result<bool> {
    let imported: Option<i32> = sqlx::query_scalar(
        "select 1 from app_user where user_id = $1 and state = 'imported' for update",
    )
    .bind(user_id.0)
    .fetch_optional(tx)
    .await?;
    Ok(imported.is_some())
}

/// Gives a locked account that had no login an address that is nobody else's.
pub(crate) async fn give_login(
    tx: &mut PgConnection,
    user_id: UserId,
    email: &str,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "update app_user
            set state = 'active', email = $2, updated_at = $3,
                full_name = coalesce(full_name, (
                    select name from school_person where user_id = $1
                     order by updated_at desc limit 1))
          where user_id = $1 and state = 'imported'",
    )
    .bind(user_id.0)
    .bind(email)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}
