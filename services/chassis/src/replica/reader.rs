//! Where a list is read, as an executor of statements.

use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{FutureExt, TryFutureExt, TryStreamExt};
use sqlx::postgres::{PgQueryResult, PgRow, PgStatement, PgTypeInfo};
use sqlx::{Describe, Either, Execute, Executor, PgPool, Postgres, SqlStr, pool::PoolConnection};
use tokio::sync::Mutex;

/// Executes statements as `&PgPool` does. Those of a replica go over one connection, one after
/// another: another connection may lead to another replica.
#[derive(Clone, Debug)]
pub struct Reader(Source);

#[derive(Clone, Debug)]
enum Source {
    Primary(PgPool),
    Replica(Arc<Mutex<PoolConnection<Postgres>>>),
}

impl Reader {
    pub(super) fn primary(pool: PgPool) -> Self {
        Self(Source::Primary(pool))
    }

    pub(super) fn replica(connection: PoolConnection<Postgres>) -> Self {
        Self(Source::Replica(Arc::new(Mutex::new(connection))))
    }
}

impl<'p> Executor<'p> for &'p Reader {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, sqlx::Result<Either<PgQueryResult, PgRow>>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        match &self.0 {
            Source::Primary(pool) => pool.fetch_many(query),
            Source::Replica(connection) => {
                // A list is a page: as many rows as an answer may have anyway.
                let page = async {
                    let mut connection = connection.lock().await;
                    connection.fetch_many(query).try_collect::<Vec<_>>().await
                };
                Box::pin(
                    page.map_ok(|rows| stream::iter(rows.into_iter().map(Ok))).try_flatten_stream(),
                )
            }
        }
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, sqlx::Result<Option<PgRow>>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        match &self.0 {
            Source::Primary(pool) => pool.fetch_optional(query),
            Source::Replica(connection) => {
                async { connection.lock().await.fetch_optional(query).await }.boxed()
            }
        }
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, sqlx::Result<PgStatement>>
    where
        'p: 'e,
    {
        match &self.0 {
            Source::Primary(pool) => pool.prepare_with(sql, parameters),
            Source::Replica(connection) => {
                async { connection.lock().await.prepare_with(sql, parameters).await }.boxed()
            }
        }
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, sqlx::Result<Describe<Postgres>>>
    where
        'p: 'e,
    {
        match &self.0 {
            Source::Primary(pool) => pool.describe(sql),
            Source::Replica(connection) => {
                async { connection.lock().await.describe(sql).await }.boxed()
            }
        }
    }
}
