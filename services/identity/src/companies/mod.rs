//! What companies' lives mean for their people: those of one that is not served get no tokens, and
//! one that is being deleted gets no new people.

mod holds;
pub(crate) mod store;

use brazil::CompanyId;
use chassis::auth::{self, Grant};
use chassis::events::{EventHandlers, HandlerError};
use chassis::refusal::invalid;
use proto::events::v1::CompanyStatusChanged;
use sqlx::PgConnection;
use uuid::Uuid;

pub(crate) use holds::Holds;

use crate::error::Error;
use crate::identity::Identity;
use crate::tokens;

/// Hears which companies are served and which are not.
pub(crate) fn hear(handlers: EventHandlers, identity: &Identity) -> EventHandlers {
    let identity = identity.clone();
    handlers.on::<CompanyStatusChanged, _>(move |tx, received| {
        let identity = identity.clone();
        Box::pin(async move { take_note(&identity, tx, &received.event).await })
    })
}

async fn take_note(
    identity: &Identity,
    tx: &mut PgConnection,
    event: &CompanyStatusChanged,
) -> Result<(), HandlerError> {
    let company_id: CompanyId =
        event.company_id.parse().map_err(|_| invalid("company_id", "is not a valid id"))?;
    // Whoever is getting a token for it goes first; that one is ended then.
    store::lock(tx, company_id).await?;
    if event.is_active {
        store::reopen(tx, company_id).await?;
        return Ok(());
    }
    let now = identity.now();
    store::close(tx, company_id, now).await?;
    // Tokens of this very second are ended as well, and those of people who were let in again
    // after an earlier closing are of a later one.
    let subject = auth::company_subject(company_id.into());
    let again_from = tokens::store::epoch_min(&mut *tx, std::slice::from_ref(&subject)).await?;
    let newest = now.unix_timestamp().max(again_from);
    tokens::store::revoke(tx, &subject, newest + 1, now).await?;
    Ok(())
}

/// Those of a person's roles that they have now: not those in companies that are not served.
///
/// # Errors
/// [`Error::CompanyInactive`] when none is left of them.
pub(crate) async fn served(tx: &mut PgConnection, roles: Vec<Grant>) -> Result<Vec<Grant>, Error> {
    let company_ids: Vec<Uuid> = roles.iter().filter_map(|role| role.company_id).collect();
    let closed = store::closed_among(tx, &company_ids).await?;
    if closed.is_empty() {
        return Ok(roles);
    }
    let is_served = |role: &Grant| role.company_id.is_none_or(|id| !closed.contains(&id));
    let left: Vec<Grant> = roles.into_iter().filter(is_served).collect();
    if left.is_empty() { Err(Error::CompanyInactive) } else { Ok(left) }
}

#[cfg(test)]
mod tests;
