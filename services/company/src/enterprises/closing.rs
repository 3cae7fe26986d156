//! The end of an enterprise. Whether it may end depends on what others count; so it is marked as
//! closing first, then the others hold it, which keeps it from getting anything new, and count.
//! Then it is deleted, or the holds are lifted. Wherever that is cut short, it is taken up again.

use std::time::Duration;

use brazil::{CompanyId, PublicId};
use chassis::auth::Caller;
use chassis::sweeps::Sweep;
use chassis::{Service, crash};
use proto::company::v1 as pb;
use sqlx::{FromRow, PgConnection, PgExecutor};
use time::OffsetDateTime;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::own::own;
use super::rpc::public_id;
use super::{Own, Refusal, affiliations, may_delete, store, telecom};
use crate::error::Error;

/// Longer than a caller waits for its answer.
const PATIENCE: time::Duration = time::Duration::seconds(30);
const PAUSE: time::Duration = time::Duration::seconds(10);
const SWEEP_EVERY: Duration = Duration::from_secs(5);
const SWEEP_MAX: i64 = 20;
const ATTEMPTS_MAX: u32 = 3;

/// An enterprise on its way to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Closing {
    pub(super) closing_id: Uuid,
    pub(super) company_id: CompanyId,
    pub(super) own_id: CompanyId,
    pub(super) actor: String,
    pub(super) state: State,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(super) enum State {
    /// The others are asked to hold it and to count.
    Counting,
    /// It is not to end, and the holds are to be lifted.
    Lifting,
}

impl FromRow<'_, sqlx::postgres::PgRow> for Closing {
    fn from_row(row: &sqlx::postgres::PgRow) -> sqlx::Result<Self> {
        use sqlx::Row;
        Ok(Self {
            closing_id: row.try_get("closing_id")?,
            company_id: CompanyId(row.try_get("company_id")?),
            own_id: CompanyId(row.try_get("own_id")?),
            actor: row.try_get("actor")?,
            state: row.try_get("state")?,
        })
    }
}

/// Answers DeleteEnterprise.
pub(super) async fn delete(
    service: &Service,
    request: Request<pb::DeleteEnterpriseRequest>,
) -> Result<Response<pb::DeleteEnterpriseResponse>, Status> {
    let given = request.get_ref();
    let caller = Caller::of(&request)?;
    let own = own(&service.db, caller, &given.own_enterprise).await?;
    let id = &public_id(&given.enterprise_id)?;
    let own = own.ok_or(Error::from(Refusal::NotFound))?;
    let actor = &caller.key();
    for _ in 0..ATTEMPTS_MAX {
        let closing = match mark(service, &own, id, actor).await {
            Err(Error::Enterprise(Refusal::NotFound)) => {
                // Unless this is a repeat of the request that deleted it.
                return service
                    .once(&request, |_| Box::pin(async { Err(Error::from(Refusal::NotFound)) }))
                    .await;
            }
            marked => &marked?,
        };
        crash::point("company.enterprise_closing.marked").await;
        let counted = telecom::hold_and_count(service, closing.company_id, closing.closing_id);
        let refused = match counted.await {
            Ok(0) => {
                crash::point("company.enterprise_closing.counted").await;
                let deleted = service
                    .once(&request, |mut tx| {
                        Box::pin(async move {
                            finish(&mut tx, &own, closing, service.clock.now()).await?;
                            let enterprise_id = id.to_string();
                            Ok::<_, Error>(pb::DeleteEnterpriseResponse { enterprise_id })
                        })
                    })
                    .await;
                match deleted {
                    Ok(answer) => {
                        crash::point("company.enterprise_closing.deleted").await;
                        return Ok(answer);
                    }
                    Err(status) => status,
                }
            }
            Ok(_) => Error::from(Refusal::InUse).into(),
            Err(status) => status,
        };
        if give_up(service, closing).await? {
            return Err(refused);
        }
        // Somebody else was faster: it is gone, or may be tried again.
    }
    Err(Status::unavailable("the enterprise is being closed by somebody else"))
}

/// Marks an enterprise as closing, if nothing speaks against its end as far as is known here. One
/// that is marked already stays so.
async fn mark(service: &Service, own: &Own, id: &PublicId, actor: &str) -> Result<Closing, Error> {
    let now = service.clock.now();
    service
        .transaction(|mut tx| {
            Box::pin(async move {
                affiliations::share(&mut tx).await?;
                let seen = store::find_seen(&mut *tx, own.company_id, id).await?;
                let target = store::lock(&mut tx, seen.company_id).await?;
                let (own_id, target_id) = (own.company_id, target.company_id);
                let standing = affiliations::standing(&mut *tx, own_id, target_id).await?;
                may_delete(own, &target, &standing)?;
                if let Some(closing) = counting(&mut *tx, target_id).await? {
                    return Ok(closing);
                }
                let closing = Closing {
                    closing_id: Uuid::now_v7(),
                    company_id: target_id,
                    own_id,
                    actor: actor.to_owned(),
                    state: State::Counting,
                };
                insert(&mut tx, &closing, now).await?;
                Ok(closing)
            })
        })
        .await
}

/// Deletes an enterprise that has nothing anywhere, and gets nothing.
///
/// # Errors
/// [`Refusal::NotFound`] when its closing was given up; those of [`may_delete`], when something
/// has changed since it was marked.
async fn finish(
    tx: &mut PgConnection,
    own: &Own,
    closing: &Closing,
    now: OffsetDateTime,
) -> Result<(), Error> {
    affiliations::share(tx).await?;
    let target = store::lock(tx, closing.company_id).await?;
    let current = counting(&mut *tx, closing.company_id).await?;
    if current.map(|current| current.closing_id) != Some(closing.closing_id) {
        return Err(Refusal::NotFound.into());
    }
    let standing = affiliations::standing(&mut *tx, own.company_id, target.company_id).await?;
    may_delete(own, &target, &standing)?;
    store::delete(tx, target.company_id, now).await?;
    store::note_change(tx, target.company_id, &closing.actor, "deleted", &[], now).await?;
    Ok(())
}

/// Lets an enterprise live on; false when somebody has decided on that before.
async fn give_up(service: &Service, closing: &Closing) -> Result<bool, Error> {
    let (closing_id, now) = (closing.closing_id, service.clock.now());
    let given_up = service
        .transaction(|mut tx| {
            Box::pin(async move { Ok::<_, Error>(set_lifting(&mut tx, closing_id, now).await?) })
        })
        .await?;
    crash::point("company.enterprise_closing.given_up").await;
    if given_up && let Err(status) = lift(service, closing).await {
        tracing::warn!(code = ?status.code(), "holds are lifted a little later");
    }
    Ok(given_up)
}

/// Lifts the holds of a closing that was given up, and forgets it.
async fn lift(service: &Service, closing: &Closing) -> Result<(), Status> {
    telecom::lift(service, closing.company_id, closing.closing_id).await?;
    forget(&service.db, closing.closing_id).await.map_err(Error::from)?;
    Ok(())
}

/// Brings to an end what was cut short.
pub(crate) fn take_up_closings(service: &Service) -> Sweep {
    let service = service.clone();
    Sweep::new("enterprise closings", SWEEP_EVERY, move || {
        let service = service.clone();
        async move {
            let now = service.clock.now();
            let due = claim_due(&service.db, now).await?;
            for closing in &due {
                take_up(&service, closing).await?;
            }
            Ok(!due.is_empty())
        }
    })
}

async fn take_up(service: &Service, closing: &Closing) -> Result<(), Status> {
    if closing.state == State::Lifting {
        return lift(service, closing).await;
    }
    let counted = telecom::hold_and_count(service, closing.company_id, closing.closing_id).await?;
    let own = Own { company_id: closing.own_id, may_manage: true, is_operator: false };
    let deleted = if counted > 0 {
        Err(Refusal::InUse.into())
    } else {
        let own = &own;
        service
            .transaction(|mut tx| {
                Box::pin(async move { finish(&mut tx, own, closing, service.clock.now()).await })
            })
            .await
    };
    match deleted {
        Ok(()) => Ok(()),
        Err(Error::Enterprise(_)) => Ok(give_up(service, closing).await.map(drop)?),
        Err(error) => Err(error.into()),
    }
}

async fn counting(db: impl PgExecutor<'_>, company_id: CompanyId) -> sqlx::Result<Option<Closing>> {
    sqlx::query_as(
        "select closing_id, company_id, own_id, actor, state
           from enterprise_closing
          where company_id = $1 and state = 'counting'",
    )
    .bind(company_id.0)
    .fetch_optional(db)
    .await
}

async fn insert(tx: &mut PgConnection, closing: &Closing, now: OffsetDateTime) -> sqlx::Result<()> {
    sqlx::query(
        "insert into enterprise_closing
             (closing_id, company_id, own_id, actor, state, started_at, due_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(closing.closing_id)
    .bind(closing.company_id.0)
    .bind(closing.own_id.0)
    .bind(&closing.actor)
    .bind(closing.state)
    .bind(now)
    .bind(now + PATIENCE)
    .execute(tx)
    .await?;
    Ok(())
}

/// Gives a closing up; false when it was given up, or brought to its end, before.
async fn set_lifting(
    tx: &mut PgConnection,
    closing_id: Uuid,
    now: OffsetDateTime,
) -> sqlx::Result<bool> {
    let set = sqlx::query(
        "update enterprise_closing set state = 'lifting', due_at = $2
          where closing_id = $1 and state = 'counting'",
    )
    .bind(closing_id)
    .bind(now + PAUSE)
    .execute(tx)
    .await?;
    Ok(set.rows_affected() == 1)
}

async fn forget(db: impl PgExecutor<'_>, closing_id: Uuid) -> sqlx::Result<()> {
    sqlx::query("delete from enterprise_closing where closing_id = $1 and state = 'lifting'")
        .bind(closing_id)
        .execute(db)
        .await?;
    Ok(())
}

/// Those that nobody has looked after for too long; for a while they are this caller's.
async fn claim_due(db: impl PgExecutor<'_>, now: OffsetDateTime) -> sqlx::Result<Vec<Closing>> {
    sqlx::query_as(
        "update enterprise_closing
            set due_at = $2
          where closing_id in (
                    select closing_id from enterprise_closing
                     where due_at <= $1
                     order by due_at
                     limit $3
                       for update skip locked)
         returning closing_id, company_id, own_id, actor, state",
    )
    .bind(now)
    .bind(now + PATIENCE)
    .bind(SWEEP_MAX)
    .fetch_all(db)
    .await
}

#[cfg(test)]
mod tests;
