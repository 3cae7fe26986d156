//! `EnterpriseService`.

use std::collections::HashMap;

use brazil::{CompanyId, PublicId};
use chassis::Service;
use chassis::auth::Caller;
use chassis::refusal::Fields;
use proto::company::v1 as pb;
use proto::company::v1::enterprise_service_server::EnterpriseService;
use sqlx::{PgConnection, PgExecutor};
use time::OffsetDateTime;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::asking::{Asked, Includes};
use super::finding::{self, Found};
use super::own::own;
use super::parse::parse;
use super::{
    Changes, Enterprise, FIELDS, Own, Refusal, Values, affiliations, closing, may_change, related,
    status, store, telecom,
};
use crate::error::Error;

/// The rpcs.
pub(crate) struct Enterprises {
    pub(crate) service: Service,
}

#[tonic::async_trait]
impl EnterpriseService for Enterprises {
    async fn list_enterprises(
        &self,
        request: Request<pb::ListEnterprisesRequest>,
    ) -> Result<Response<pb::ListEnterprisesResponse>, Status> {
        let (service, given) = (&self.service, request.get_ref());
        let own = own(&service.db, Caller::of(&request)?, &given.own_enterprise).await?;
        let asked = Asked::parse(given)?;
        let Some(own) = own else {
            let total = given.count.then_some(0);
            return Ok(Response::new(pb::ListEnterprisesResponse { total, ..Default::default() }));
        };
        let db = &service.reader(&request).await?;
        let Found { page, total } =
            finding::find(service, db, own.company_id, &asked, given.count).await?;
        let found = store::batch_find(db, &page).await.map_err(Error::from)?;
        let mut found: HashMap<Uuid, Enterprise> =
            found.into_iter().map(|enterprise| (enterprise.company_id.0, enterprise)).collect();
        // In the order of the page; what was deleted in between is left out.
        let found = page.iter().filter_map(|id| found.remove(id)).collect();
        let enterprises = self.with_includes(db, own.company_id, found, &asked.includes).await?;
        Ok(Response::new(pb::ListEnterprisesResponse { enterprises, total }))
    }

    async fn get_enterprise(
        &self,
        request: Request<pb::GetEnterpriseRequest>,
    ) -> Result<Response<pb::GetEnterpriseResponse>, Status> {
        let (service, given) = (&self.service, request.get_ref());
        let own = own(&service.db, Caller::of(&request)?, &given.own_enterprise).await?;
        let id = public_id(&given.enterprise_id)?;
        let includes = Includes::parse(&given.includes)?;
        let own = own.ok_or(Error::from(Refusal::NotFound))?;
        let found = store::find_seen(&service.db, own.company_id, &id).await?;
        let enterprise =
            self.with_includes(&service.db, own.company_id, vec![found], &includes).await?.pop();
        Ok(Response::new(pb::GetEnterpriseResponse { enterprise }))
    }

    async fn create_enterprise(
        &self,
        request: Request<pb::CreateEnterpriseRequest>,
    ) -> Result<Response<pb::CreateEnterpriseResponse>, Status> {
        let (service, given) = (&self.service, request.get_ref());
        let caller = Caller::of(&request)?;
        let own = own(&service.db, caller, &given.own_enterprise).await?;
        let values = new_values(given.values.as_ref())?;
        let own = own.filter(|own| own.may_manage).ok_or(Error::from(Refusal::Forbidden))?;
        let (actor, now) = (&caller.key(), service.clock.now());
        let enterprise = &Enterprise::new(values, false, now);
        service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    affiliations::share(&mut tx).await?;
                    // One that is gone by now has nobody who could do this.
                    let above = store::lock(&mut tx, own.company_id).await;
                    above.map_err(|_| Refusal::Forbidden)?;
                    check_country(&mut tx, &enterprise.values).await?;
                    check_cnpj(&mut tx, own.company_id, enterprise).await?;
                    add(&mut tx, enterprise, actor, now).await?;
                    affiliations::add(&mut tx, own.company_id, enterprise.company_id, now).await?;
                    let enterprise = Some(enterprise.clone().into());
                    Ok::<_, Error>(pb::CreateEnterpriseResponse { enterprise })
                })
            })
            .await
    }

    async fn update_enterprise(
        &self,
        request: Request<pb::UpdateEnterpriseRequest>,
    ) -> Result<Response<pb::UpdateEnterpriseResponse>, Status> {
        let (service, given) = (&self.service, request.get_ref());
        let caller = Caller::of(&request)?;
        let own = own(&service.db, caller, &given.own_enterprise).await?;
        let id = &public_id(&given.enterprise_id)?;
        let paths = given.update_mask.as_ref().map(|mask| mask.paths.as_slice());
        let mut fields = Fields::new();
        let values = given.values.clone().unwrap_or_default();
        let changes =
            parse(&mut fields, &values, paths.unwrap_or_default().iter().map(String::as_str));
        fields.check()?;
        let own = own.ok_or(Error::from(Refusal::NotFound))?;
        let (changes, actor, now) = (&changes, &caller.key(), service.clock.now());
        service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    affiliations::share(&mut tx).await?;
                    let enterprise = change(&mut tx, &own, id, changes, actor, now).await?;
                    let enterprise = Some(enterprise.into());
                    Ok::<_, Error>(pb::UpdateEnterpriseResponse { enterprise })
                })
            })
            .await
    }

    async fn delete_enterprise(
        &self,
        request: Request<pb::DeleteEnterpriseRequest>,
    ) -> Result<Response<pb::DeleteEnterpriseResponse>, Status> {
        closing::delete(&self.service, request).await
    }

    async fn set_enterprise_status(
        &self,
        request: Request<pb::SetEnterpriseStatusRequest>,
    ) -> Result<Response<pb::SetEnterpriseStatusResponse>, Status> {
        status::set(&self.service, request).await
    }
}

impl Enterprises {
    /// Reads along what was asked for, of all enterprises at once.
    async fn with_includes(
        &self,
        db: impl PgExecutor<'_> + Copy,
        own: CompanyId,
        enterprises: Vec<Enterprise>,
        includes: &Includes,
    ) -> Result<Vec<pb::Enterprise>, Status> {
        let company_ids: Vec<Uuid> =
            enterprises.iter().map(|enterprise| enterprise.company_id.0).collect();
        let ids = company_ids.as_slice();
        let own_data = async {
            let parents = async {
                if includes.parent {
                    related::parents(db, own, ids).await
                } else {
                    Ok(HashMap::new())
                }
            };
            let addresses = async {
                if includes.addresses {
                    related::addresses(db, ids).await
                } else {
                    Ok(HashMap::new())
                }
            };
            let documents = async {
                if includes.document {
                    related::documents(db, ids).await
                } else {
                    Ok(HashMap::new())
                }
            };
            let countries = async {
                if includes.country {
                    related::countries(db, ids).await
                } else {
                    Ok(HashMap::new())
                }
            };
            tokio::try_join!(parents, addresses, documents, countries)
                .map_err(|error| Status::from(Error::from(error)))
        };
        let devices = async {
            if includes.devices && !ids.is_empty() {
                telecom::devices(&self.service, ids).await
            } else {
                Ok(HashMap::new())
            }
        };
        let ((mut parents, mut addresses, mut documents, mut countries), mut devices) =
            tokio::try_join!(own_data, devices)?;
        let whole = |enterprise: Enterprise| {
            let id = enterprise.company_id.0;
            pb::Enterprise {
                parent: parents.remove(&id).map(Into::into),
                devices: devices.remove(&id).unwrap_or_default(),
                addresses: addresses
                    .remove(&id)
                    .map(|kept| kept.into_iter().map(Into::into).collect())
                    .unwrap_or_default(),
                document: documents.remove(&id).map(Into::into),
                country: countries.remove(&id).map(Into::into),
                ..enterprise.into()
            }
        };
        Ok(enterprises.into_iter().map(whole).collect())
    }
}

/// The id of an enterprise in a request.
///
/// # Errors
/// INVALID_ARGUMENT.
pub(super) fn public_id(text: &str) -> Result<PublicId, Status> {
    let mut fields = Fields::new();
    match fields.required("enterprise_id", text) {
        Some(id) => Ok(id),
        None => Err(fields.into_status()),
    }
}

/// The values of a new enterprise.
///
/// # Errors
/// INVALID_ARGUMENT with field violations.
pub(super) fn new_values(values: Option<&pb::EnterpriseValues>) -> Result<Values, Status> {
    let mut fields = Fields::new();
    let changes = parse(&mut fields, &values.cloned().unwrap_or_default(), FIELDS);
    let values = changes.into_values();
    fields.check()?;
    values.ok_or_else(|| Fields::new().into_status())
}

/// Stores a new enterprise.
pub(super) async fn add(
    tx: &mut PgConnection,
    enterprise: &Enterprise,
    actor: &str,
    now: OffsetDateTime,
) -> Result<(), Error> {
    store::insert(tx, enterprise).await?;
    let fields = enterprise.values.given();
    store::note_change(tx, enterprise.company_id, actor, "created", &fields, now).await?;
    Ok(())
}

/// Changes an enterprise that `own` sees.
async fn change(
    tx: &mut PgConnection,
    own: &Own,
    id: &PublicId,
    changes: &Changes,
    actor: &str,
    now: OffsetDateTime,
) -> Result<Enterprise, Error> {
    let seen = store::find_seen(&mut *tx, own.company_id, id).await?;
    // From above to below, as everybody does; and no two take the same CNPJ under one parent.
    store::lock(tx, own.company_id).await?;
    let mut enterprise = store::lock(tx, seen.company_id).await?;
    let company_id = enterprise.company_id;
    let standing = affiliations::standing(&mut *tx, own.company_id, company_id).await?;
    may_change(own, company_id, standing.affiliation)?;

    let before = enterprise.values.clone();
    let changed = enterprise.values.change(changes.clone());
    if changed.is_empty() {
        return Ok(enterprise);
    }
    if before.country_id != enterprise.values.country_id {
        check_country(tx, &enterprise.values).await?;
    }
    if before.cnpj.key != enterprise.values.cnpj.key {
        check_cnpj(tx, own.company_id, &enterprise).await?;
    }
    enterprise.updated_at = now;
    store::save(tx, &enterprise).await?;
    store::note_change(tx, company_id, actor, "updated", &changed, now).await?;
    Ok(enterprise)
}

/// # Errors
/// [`Refusal::CountryUnknown`].
pub(super) async fn check_country(tx: &mut PgConnection, values: &Values) -> Result<(), Error> {
    match &values.country_id {
        Some(country_id) if !store::country_exists(tx, country_id).await? => {
            Err(Refusal::CountryUnknown.into())
        }
        _ => Ok(()),
    }
}

async fn check_cnpj(
    tx: &mut PgConnection,
    own: CompanyId,
    enterprise: &Enterprise,
) -> Result<(), Error> {
    let cnpj = &enterprise.values.cnpj;
    if store::is_cnpj_taken(tx, own, cnpj, enterprise.company_id).await? {
        return Err(Refusal::CnpjTaken.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
