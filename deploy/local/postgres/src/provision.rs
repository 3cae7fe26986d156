//! One role and one schema for each service.

use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};

use crate::Error;

/// Any number will do, as long as nobody else uses it.
const PROVISION_LOCK: i64 = 0x006c_696e_6861;
const NAME_BYTES_MAX: usize = 63;
/// Where extensions live that more than one service needs: a database has each of them once.
const SHARED_SCHEMA: &str = "extensions";
/// What searches are indexed with. Without them services search without an index.
const EXTENSIONS: [&str; 2] = ["btree_gin", "pg_trgm"];

/// A service's login. Its schema has the name of the role without `linha_`.
#[derive(Clone)]
pub struct ServiceRole {
    /// For example `linha_telecom`.
    pub name: String,
    /// Set at every provisioning.
    pub password: String,
}

impl ServiceRole {
    /// The schema that the role owns.
    pub fn schema(&self) -> &str {
        self.name.strip_prefix("linha_").unwrap_or(&self.name)
    }
}

/// Makes the database and, for each service, a role that may connect, create schemas, and see its
/// own schema only. May be repeated: it adds what is missing and sets the passwords.
pub async fn provision(
    superuser_url: &str,
    database: &str,
    roles: &[ServiceRole],
) -> Result<(), Error> {
    let server: PgConnectOptions = superuser_url.parse()?;
    let mut admin = server.connect().await?;
    // Two launchers on one server take turns. The lock ends with the connection.
    sqlx::query("select pg_advisory_lock($1)").bind(PROVISION_LOCK).execute(&mut admin).await?;
    create_database(&mut admin, database).await?;

    let mut inside = server.database(database).connect().await?;
    close_to_public(&mut inside, database).await?;
    create_extensions(&mut inside).await?;
    for role in roles {
        create_role(&mut inside, database, &role.name, &role.password).await?;
        create_schema(&mut inside, database, &role.name, role.schema()).await?;
        let role = name(&role.name)?;
        run(&mut inside, format!("grant usage on schema {SHARED_SCHEMA} to {role}")).await?;
    }
    inside.close().await?;
    admin.close().await?;
    Ok(())
}

/// Makes the extensions that this server has, and moves here what a service made for itself.
async fn create_extensions(inside: &mut PgConnection) -> Result<(), Error> {
    run(inside, format!("create schema if not exists {SHARED_SCHEMA}")).await?;
    let available: Vec<String> =
        sqlx::query_scalar("select name from pg_available_extensions where name = any($1)")
            .bind(EXTENSIONS)
            .fetch_all(&mut *inside)
            .await?;
    for extension in available {
        let extension = name(&extension)?;
        let create = format!("create extension if not exists {extension} schema {SHARED_SCHEMA}");
        run(inside, create).await?;
        run(inside, format!("alter extension {extension} set schema {SHARED_SCHEMA}")).await?;
    }
    Ok(())
}

async fn create_database(admin: &mut PgConnection, database: &str) -> Result<(), Error> {
    let exists = sqlx::query_scalar("select exists (select from pg_database where datname = $1)");
    if !exists.bind(database).fetch_one(&mut *admin).await? {
        run(admin, format!("create database {}", name(database)?)).await?;
    }
    Ok(())
}

/// Without this, every role could connect to and make temporary tables in every database.
pub(crate) async fn close_to_public(
    inside: &mut PgConnection,
    database: &str,
) -> Result<(), Error> {
    let database = name(database)?;
    run(inside, format!("revoke all on database {database} from public")).await?;
    run(inside, "revoke all on schema public from public".to_owned()).await
}

pub(crate) async fn create_role(
    inside: &mut PgConnection,
    database: &str,
    role: &str,
    password: &str,
) -> Result<(), Error> {
    let (database, role_name) = (name(database)?, name(role)?);
    let exists = sqlx::query_scalar("select exists (select from pg_roles where rolname = $1)");
    if !exists.bind(role).fetch_one(&mut *inside).await? {
        run(inside, format!("create role {role_name}")).await?;
    }
    let password = literal(password);
    run(
        inside,
        format!(
            "alter role {role_name} with login nosuperuser nocreatedb nocreaterole noreplication
             nobypassrls password {password}"
        ),
    )
    .await?;
    run(inside, format!("grant connect, create, temporary on database {database} to {role_name}"))
        .await
}

pub(crate) async fn create_schema(
    inside: &mut PgConnection,
    database: &str,
    role: &str,
    schema: &str,
) -> Result<(), Error> {
    let (database, role, schema) = (name(database)?, name(role)?, name(schema)?);
    run(inside, format!("create schema if not exists {schema} authorization {role}")).await?;
    run(inside, format!("alter schema {schema} owner to {role}")).await?;
    run(inside, format!("revoke all on schema {schema} from public")).await?;
    run(inside, format!("alter role {role} in database {database} set search_path = {schema}"))
        .await
}

/// For statements that take no parameters. Whoever builds one uses [`name`] and [`literal`].
pub(crate) async fn run(connection: &mut PgConnection, statement: String) -> Result<(), Error> {
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await?;
    Ok(())
}

/// A quoted identifier. Stricter than Postgres, because the name goes into URLs as well.
pub(crate) fn name(name: &str) -> Result<String, Error> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.chars().all(plain) {
        return Err(Error::Name(name.to_owned()));
    }
    Ok(format!("\"{name}\""))
}

/// A string in SQL, whatever it holds and however the server reads backslashes.
fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_pass() {
        assert_eq!(name("linha_telecom").unwrap(), "\"linha_telecom\"");
        for bad in ["", "Linha", "a-b", "a\"b", &"a".repeat(64)] {
            assert!(matches!(name(bad), Err(Error::Name(_))), "{bad}");
        }
    }

    #[test]
    fn a_password_cannot_end_its_literal() {
        assert_eq!(literal(r"a'b\'c"), r"E'a''b\\''c'");
    }
}
