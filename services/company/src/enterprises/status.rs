//! Whether an enterprise is served.

use brazil::CompanyId;
use chassis::Service;
use chassis::auth::Caller;
use proto::company::v1 as pb;
use sqlx::PgConnection;
use time::OffsetDateTime;
use tonic::{Request, Response, Status};

use super::own::own;
use super::rpc::public_id;
use super::{Refusal, affiliations, may_change, may_stop, store};
use crate::companies;
use crate::error::Error;

/// Takes down who had an enterprise served, or stopped that; of other companies nothing.
pub(crate) async fn note_status(
    tx: &mut PgConnection,
    company_id: CompanyId,
    actor: &str,
    is_active: bool,
    now: OffsetDateTime,
) -> Result<(), Error> {
    let action = if is_active { "activated" } else { "deactivated" };
    if !store::batch_find(&mut *tx, &[company_id.0]).await?.is_empty() {
        store::note_change(tx, company_id, actor, action, &["deactivated_at"], now).await?;
    }
    Ok(())
}

/// Answers SetEnterpriseStatus.
pub(super) async fn set(
    service: &Service,
    request: Request<pb::SetEnterpriseStatusRequest>,
) -> Result<Response<pb::SetEnterpriseStatusResponse>, Status> {
    let given = request.get_ref();
    let caller = Caller::of(&request)?;
    let own = own(&service.db, caller, &given.own_enterprise).await?;
    let id = &public_id(&given.enterprise_id)?;
    let own = own.ok_or(Error::from(Refusal::NotFound))?;
    let (is_active, actor) = (given.is_active, &caller.key());
    let now = service.clock.now();
    let answer = service
        .once(&request, |mut tx| {
            Box::pin(async move {
                let seen = store::find_seen(&mut *tx, own.company_id, id).await?;
                let mut target = store::lock(&mut tx, seen.company_id).await?;
                let (own_id, target_id) = (own.company_id, target.company_id);
                let standing = affiliations::standing(&mut *tx, own_id, target_id).await?;
                may_change(&own, target_id, standing.affiliation)?;
                if !is_active {
                    may_stop(&own, &target)?;
                }
                if companies::status::set(service, &mut tx, target_id, is_active, now).await? {
                    note_status(&mut tx, target_id, actor, is_active, now).await?;
                    target = store::lock(&mut tx, target_id).await?;
                }
                let enterprise = Some(target.into());
                Ok::<_, Error>(pb::SetEnterpriseStatusResponse { enterprise })
            })
        })
        .await?;
    let enterprise = answer.get_ref().enterprise.as_ref();
    if let Some(Ok(company_id)) = enterprise.map(|enterprise| enterprise.company_id.parse()) {
        let company_id: CompanyId = company_id;
        service.handed_over(company_id).await;
    }
    Ok(answer)
}
