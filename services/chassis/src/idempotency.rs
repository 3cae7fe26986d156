//! Nothing is done twice: a repeated call gets the first one's answer.

use futures::future::BoxFuture;
use prost::Message;
use sqlx::{PgConnection, PgExecutor, PgPool};
use tonic::{Code, Request, Response, Status};

use crate::auth::Caller;
use crate::crypto::Keyring;
use crate::db::{self, Tx, WorkError};
use crate::refusal::{internal, invalid, refuse};

/// Metadata in which a caller names its attempt.
pub const KEY_HEADER: &str = "idempotency-key";
/// Metadata that marks an answer as a repeat: "true".
pub const REPLAYED_HEADER: &str = "idempotency-replayed";

const KEY_LENGTH_MAX: usize = 255;
/// What answers are sealed as.
pub(crate) const CONTEXT: &str = "idempotency_key.answer";

/// Runs `work` in one transaction and gives back its answer.
///
/// With an `idempotency-key` in the request's metadata, the answer is kept by the same
/// transaction: the same caller's next call of the same rpc with the same key gets it again and
/// changes nothing. A failed call keeps nothing, so it may be tried again.
///
/// # Errors
/// Those of `work`; INVALID_ARGUMENT / IDEMPOTENCY_MISMATCH when the key came with another
/// request before.
pub async fn once<'env, Req, Res, E, W>(
    pool: &PgPool,
    keyring: &Keyring,
    request: &Request<Req>,
    work: W,
) -> Result<Response<Res>, Status>
where
    W: for<'t> Fn(Tx<'t, 'env>) -> BoxFuture<'t, Result<Res, E>> + Sync,
    Req: Message,
    Res: Message + Default,
    E: WorkError + Into<Status> + Send,
{
    let Some(attempt) = Attempt::of(request, keyring)? else {
        return db::transaction(pool, work).await.map(Response::new).map_err(Into::into);
    };
    let (attempt, work) = (&attempt, &work);
    let outcome = db::transaction(pool, |mut tx| {
        Box::pin(async move {
            if let Some(earlier) = attempt.claim(&mut tx).await? {
                return Ok::<_, E>(Outcome::Repeat(earlier));
            }
            let answer = work(tx.lend()).await?;
            attempt.keep(&mut tx, keyring.seal(CONTEXT, &answer.encode_to_vec())).await?;
            Ok(Outcome::First(answer))
        })
    })
    .await
    .map_err(Into::into)?;
    match outcome {
        Outcome::First(answer) => Ok(Response::new(answer)),
        Outcome::Repeat(earlier) => attempt.replay(keyring, earlier),
    }
}

/// The answer to an earlier request with the same key, if there is one: for work that must not
/// even begin again. Where there is none, [`once`] is to follow.
///
/// # Errors
/// Those of [`once`] about the key, and the database's.
pub async fn earlier<Req, Res>(
    pool: &PgPool,
    keyring: &Keyring,
    request: &Request<Req>,
) -> Result<Option<Response<Res>>, Status>
where
    Req: Message,
    Res: Message + Default,
{
    let Some(attempt) = Attempt::of(request, keyring)? else { return Ok(None) };
    let earlier = attempt.find(pool).await.map_err(|error| internal(&error))?;
    earlier.map(|earlier| attempt.replay(keyring, earlier)).transpose()
}

/// Forgets, with the transaction `tx`, that a request was answered: what it began has come to
/// nothing, so the same request may be made again.
///
/// # Errors
/// Those of [`once`] about the key, and the database's.
pub async fn forget<Req: Message>(
    tx: &mut PgConnection,
    keyring: &Keyring,
    request: &Request<Req>,
) -> Result<(), Status> {
    let Some(attempt) = Attempt::of(request, keyring)? else { return Ok(()) };
    sqlx::query(
        "delete from idempotency_key
          where caller = $1 and method = $2 and key = $3 and request_hash = any($4)",
    )
    .bind(&attempt.caller)
    .bind(&attempt.method)
    .bind(&attempt.key)
    .bind(&attempt.request_hashes)
    .execute(tx)
    .await
    .map_err(|error| internal(&error))?;
    Ok(())
}

enum Outcome<Res> {
    First(Res),
    Repeat(Earlier),
}

#[derive(sqlx::FromRow)]
struct Earlier {
    request_hash: Vec<u8>,
    answer: Option<Vec<u8>>,
}

struct Attempt {
    caller: String,
    method: String,
    key: String,
    /// What the request may have been kept as, and first as it is kept now.
    request_hashes: Vec<Vec<u8>>,
}

impl Attempt {
    fn of<Req: Message>(request: &Request<Req>, keyring: &Keyring) -> Result<Option<Self>, Status> {
        let Some(key) = request.metadata().get(KEY_HEADER) else { return Ok(None) };
        let key = key
            .to_str()
            .ok()
            .filter(|key| !key.is_empty() && key.len() <= KEY_LENGTH_MAX)
            .ok_or_else(|| invalid("Idempotency-Key", "has 1 to 255 printable characters"))?;
        let caller = Caller::of(request)?;
        Ok(Some(Self {
            caller: caller.key(),
            method: caller.path().to_owned(),
            key: key.to_owned(),
            // Keyed, since a request may hold a password.
            request_hashes: keyring.fingerprints(CONTEXT, &request.get_ref().encode_to_vec()),
        }))
    }

    /// Takes the key, or finds who took it before. A concurrent call with the same key waits here
    /// until the first one is through.
    async fn claim(&self, tx: &mut PgConnection) -> sqlx::Result<Option<Earlier>> {
        let claimed = sqlx::query(
            "insert into idempotency_key (caller, method, key, request_hash)
             values ($1, $2, $3, $4)
             on conflict do nothing",
        )
        .bind(&self.caller)
        .bind(&self.method)
        .bind(&self.key)
        .bind(self.request_hashes.first())
        .execute(&mut *tx)
        .await?;
        if claimed.rows_affected() == 1 {
            return Ok(None);
        }
        self.find(tx).await
    }

    async fn find(&self, db: impl PgExecutor<'_>) -> sqlx::Result<Option<Earlier>> {
        sqlx::query_as(
            "select request_hash, answer
               from idempotency_key
              where caller = $1 and method = $2 and key = $3",
        )
        .bind(&self.caller)
        .bind(&self.method)
        .bind(&self.key)
        .fetch_optional(db)
        .await
    }

    async fn keep(&self, tx: &mut PgConnection, answer: Vec<u8>) -> sqlx::Result<()> {
        sqlx::query(
            "update idempotency_key
                set answer = $4
              where caller = $1 and method = $2 and key = $3",
        )
        .bind(&self.caller)
        .bind(&self.method)
        .bind(&self.key)
        .bind(answer)
        .execute(tx)
        .await?;
        Ok(())
    }

    fn replay<Res: Message + Default>(
        &self,
        keyring: &Keyring,
        earlier: Earlier,
    ) -> Result<Response<Res>, Status> {
        if !self.request_hashes.contains(&earlier.request_hash) {
            return Err(refuse(
                Code::InvalidArgument,
                "linha",
                "IDEMPOTENCY_MISMATCH",
                [],
                "this idempotency key came with another request before",
            ));
        }
        let answer = keyring
            .open(CONTEXT, &earlier.answer.unwrap_or_default())
            .map_err(|error| internal(&error))?;
        let answer = Res::decode(answer.as_slice()).map_err(|error| internal(&error))?;
        let mut response = Response::new(answer);
        response
            .metadata_mut()
            .insert(REPLAYED_HEADER, tonic::metadata::MetadataValue::from_static("true"));
        Ok(response)
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests;
