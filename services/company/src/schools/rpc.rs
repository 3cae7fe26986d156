//! `SchoolService`.

mod wire;

use std::pin::Pin;

use chassis::Service;
use chassis::auth::Caller;
use chassis::refusal::{Fields, invalid, upstream};
use futures::stream::{self, Stream};
use proto::company::v1 as pb;
use proto::company::v1::school_service_server::SchoolService;
use proto::identity::v1::CheckClientAppsRequest;
use proto::identity::v1::client_app_service_client::ClientAppServiceClient;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::store::{self, PAGE};
use super::{Input, TermKind, Viewer, input};
use crate::error::Error;

const RESOLVED_MAX: usize = 1_000;

type Parts<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The rpcs.
pub(crate) struct Schools {
    pub(crate) service: Service,
}

impl Schools {
    /// The school that a caller calls so.
    async fn called(&self, viewer: &Viewer, school_external_id: &str) -> Result<Uuid, Error> {
        let school = store::called(&self.service.db, viewer, school_external_id).await?;
        school.map(|school| school.school_id).ok_or(Error::SchoolNotFound)
    }

    /// Lists the shifts or stages of a school, or of all in sight.
    async fn terms<T>(
        &self,
        request: &Request<impl Sync>,
        school_external_id: Option<&str>,
        kind: TermKind,
        part: fn(Vec<pb::SchoolTerm>) -> T,
    ) -> Result<Parts<T>, Status>
    where
        T: Send + 'static,
    {
        let viewer = Viewer::of(Caller::of(request)?);
        let school_id = match school_external_id {
            Some(called) => Some(self.called(&viewer, called).await?),
            None => None,
        };
        let (all, db) = (self.service.db.clone(), self.service.reader(request).await?);
        Ok(parts(None::<(String, String)>, move |after| {
            let (all, db, viewer) = (all.clone(), db.clone(), viewer.clone());
            async move {
                let after = after.as_ref().map(|(name, text)| (name.as_str(), text.as_str()));
                let rows = match school_id {
                    Some(school_id) => {
                        store::terms(&db, kind, school_id, after.map(|(name, _)| name)).await?
                    }
                    None => store::all_terms(&all, kind, &viewer, after).await?,
                };
                let last = rows.last().map(|row| (row.name.clone(), row.description.clone()));
                let last = last.filter(|_| is_full(&rows));
                Ok((part(rows.into_iter().map(Into::into).collect()), last))
            }
        }))
    }

    /// Puts something; answers its id.
    async fn put<Req, Res>(
        &self,
        request: &Request<Req>,
        prefix: &'static str,
        input: Input,
        answer: impl Fn(Uuid) -> Res + Send + Sync,
    ) -> Result<Response<Res>, Status>
    where
        Req: prost::Message,
        Res: prost::Message + Default,
    {
        let (input, answer, service) = (&input, &answer, &self.service);
        self.service
            .once(request, |mut tx| {
                Box::pin(async move {
                    store::lock(&mut tx).await?;
                    match store::put(service, &mut tx, input).await? {
                        Ok(id) => Ok(answer(id)),
                        Err(bad) => {
                            let field = format!("{prefix}{}", bad.field);
                            Err(Error::from(invalid(&field, bad.reason)))
                        }
                    }
                })
            })
            .await
    }
}

/// Those of the programs that identity does not know as programs that read the data of schools.
pub(super) async fn unknown_clients(
    service: &Service,
    client_ids: Vec<String>,
) -> Result<Vec<String>, Status> {
    let mut unknown = vec![];
    for client_ids in client_ids.chunks(RESOLVED_MAX) {
        let request = CheckClientAppsRequest { client_ids: client_ids.to_vec() };
        let known = ClientAppServiceClient::new(service.identity.clone())
            .check_client_apps(request)
            .await
            .map_err(upstream)?
            .into_inner()
            .client_ids;
        unknown.extend(client_ids.iter().filter(|id| !known.contains(id)).cloned());
    }
    Ok(unknown)
}

/// A list in parts, each read when it is wanted: `read` gives a part and, while there is more,
/// where it ended.
fn parts<K, T, F>(start: Option<K>, read: impl Fn(Option<K>) -> F + Send + 'static) -> Parts<T>
where
    K: Send + 'static,
    T: Send + 'static,
    F: Future<Output = Result<(T, Option<K>), Error>> + Send + 'static,
{
    let first = Some(start);
    Box::pin(stream::try_unfold((first, read), async |(at, read)| {
        let Some(after) = at else { return Ok(None) };
        let (part, last) = read(after).await?;
        Ok::<_, Status>(Some((part, (last.map(Some), read))))
    }))
}

fn is_full<T>(rows: &[T]) -> bool {
    i64::try_from(rows.len()).is_ok_and(|count| count >= PAGE)
}

/// Goes on with what was read, unless a field was wrong.
fn checked<T>(fields: Fields, read: Option<T>) -> Result<T, Status> {
    match read {
        Some(read) => fields.check().map(|()| read),
        None => Err(fields.into_status()),
    }
}

#[tonic::async_trait]
impl SchoolService for Schools {
    async fn get_tenant(
        &self,
        request: Request<pb::GetTenantRequest>,
    ) -> Result<Response<pb::GetTenantResponse>, Status> {
        let viewer = Viewer::of(Caller::of(&request)?);
        let id = request.get_ref().tenant_id.parse().map_err(|_| Error::TenantNotFound)?;
        let tenant = store::tenant(&self.service.db, &viewer, id).await?;
        Ok(Response::new(pb::GetTenantResponse { tenant: Some(tenant.into()) }))
    }

    async fn get_school(
        &self,
        request: Request<pb::GetSchoolRequest>,
    ) -> Result<Response<pb::GetSchoolResponse>, Status> {
        let viewer = Viewer::of(Caller::of(&request)?);
        let id = request.get_ref().school_id.parse().map_err(|_| Error::SchoolNotFound)?;
        let school = store::school(&self.service.db, &viewer, id).await?;
        Ok(Response::new(pb::GetSchoolResponse { school: Some(school.into()) }))
    }

    type ListSchoolsStream = Parts<pb::ListSchoolsResponse>;

    async fn list_schools(
        &self,
        request: Request<pb::ListSchoolsRequest>,
    ) -> Result<Response<Self::ListSchoolsStream>, Status> {
        let viewer = Viewer::of(Caller::of(&request)?);
        let integration = request.into_inner().external_integration_id;
        let db = self.service.db.clone();
        Ok(Response::new(parts(None::<(String, Uuid)>, move |after| {
            let (db, viewer, integration) = (db.clone(), viewer.clone(), integration.clone());
            async move {
                let after = after.as_ref().map(|(name, id)| (name.as_str(), *id));
                let rows = store::schools(&db, &viewer, integration.as_deref(), after).await?;
                let last = rows.last().map(|row| (row.trade_name.clone(), row.school_id));
                let last = last.filter(|_| is_full(&rows));
                let schools = rows.into_iter().map(Into::into).collect();
                Ok((pb::ListSchoolsResponse { schools }, last))
            }
        })))
    }

    type ListShiftsStream = Parts<pb::ListShiftsResponse>;

    async fn list_shifts(
        &self,
        request: Request<pb::ListShiftsRequest>,
    ) -> Result<Response<Self::ListShiftsStream>, Status> {
        let called = request.get_ref().school_external_id.as_deref();
        let part = |shifts| pb::ListShiftsResponse { shifts };
        self.terms(&request, called, TermKind::Shift, part).await.map(Response::new)
    }

    type ListStagesStream = Parts<pb::ListStagesResponse>;

    async fn list_stages(
        &self,
        request: Request<pb::ListStagesRequest>,
    ) -> Result<Response<Self::ListStagesStream>, Status> {
        let called = request.get_ref().school_external_id.as_deref();
        let part = |stages| pb::ListStagesResponse { stages };
        self.terms(&request, called, TermKind::Stage, part).await.map(Response::new)
    }

    type ListClassesStream = Parts<pb::ListClassesResponse>;

    async fn list_classes(
        &self,
        request: Request<pb::ListClassesRequest>,
    ) -> Result<Response<Self::ListClassesStream>, Status> {
        let viewer = Viewer::of(Caller::of(&request)?);
        let school_id = self.called(&viewer, &request.get_ref().school_external_id).await?;
        let db = self.service.reader(&request).await?;
        Ok(Response::new(parts(None::<(String, Uuid)>, move |after| {
            let db = db.clone();
            async move {
                let after = after.as_ref().map(|(name, id)| (name.as_str(), *id));
                let rows = store::classes(&db, school_id, after).await?;
                let last = rows.last().map(|row| (row.name.clone(), row.class_id));
                let last = last.filter(|_| is_full(&rows));
                let classes = rows.into_iter().map(Into::into).collect();
                Ok((pb::ListClassesResponse { classes }, last))
            }
        })))
    }

    async fn resolve_schools(
        &self,
        request: Request<pb::ResolveSchoolsRequest>,
    ) -> Result<Response<pb::ResolveSchoolsResponse>, Status> {
        let (viewer, school_ids) = wire::viewer(request.get_ref(), RESOLVED_MAX)?;
        let db = &self.service.db;
        let schools = match &request.get_ref().school_external_id {
            None => store::sighted(db, &viewer, &school_ids).await.map_err(Error::from)?,
            Some(called) => store::called(db, &viewer, called)
                .await
                .map_err(Error::from)?
                .into_iter()
                .filter(|school| school_ids.is_empty() || school_ids.contains(&school.school_id))
                .collect(),
        };
        let schools = schools.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ResolveSchoolsResponse { schools }))
    }

    async fn put_tenant(
        &self,
        request: Request<pb::PutTenantRequest>,
    ) -> Result<Response<pb::PutTenantResponse>, Status> {
        let given = request.get_ref().tenant.clone().unwrap_or_default();
        let mut fields = Fields::new();
        let read = input::tenant(&mut fields, "tenant.", &given);
        let input = Input::Tenant(checked(fields, read)?);
        let answer = |id: Uuid| pb::PutTenantResponse { tenant_id: id.to_string() };
        self.put(&request, "tenant.", input, answer).await
    }

    async fn put_school(
        &self,
        request: Request<pb::PutSchoolRequest>,
    ) -> Result<Response<pb::PutSchoolResponse>, Status> {
        let given = request.get_ref().school.clone().unwrap_or_default();
        let mut fields = Fields::new();
        let read = input::school(&mut fields, "school.", &given);
        let input = Input::School(checked(fields, read)?);
        let answer = |id: Uuid| pb::PutSchoolResponse { school_id: id.to_string() };
        self.put(&request, "school.", input, answer).await
    }

    async fn put_school_integration(
        &self,
        request: Request<pb::PutSchoolIntegrationRequest>,
    ) -> Result<Response<pb::PutSchoolIntegrationResponse>, Status> {
        let given = request.get_ref().integration.clone().unwrap_or_default();
        let mut fields = Fields::new();
        let read = input::integration(&mut fields, "integration.", &given);
        let input = checked(fields, read)?;
        let client_ids = vec![input.client_id.clone()];
        if !unknown_clients(&self.service, client_ids).await?.is_empty() {
            return Err(invalid("integration.client_id", "is not known"));
        }
        let answer = |_| pb::PutSchoolIntegrationResponse {};
        self.put(&request, "integration.", Input::Integration(input), answer).await
    }

    async fn put_shift(
        &self,
        request: Request<pb::PutShiftRequest>,
    ) -> Result<Response<pb::PutShiftResponse>, Status> {
        let given = request.get_ref().shift.clone().unwrap_or_default();
        let mut fields = Fields::new();
        let read = input::term(&mut fields, "shift.", TermKind::Shift, &given);
        let input = Input::Term(checked(fields, read)?);
        self.put(&request, "shift.", input, |_| pb::PutShiftResponse {}).await
    }

    async fn put_stage(
        &self,
        request: Request<pb::PutStageRequest>,
    ) -> Result<Response<pb::PutStageResponse>, Status> {
        let given = request.get_ref().stage.clone().unwrap_or_default();
        let mut fields = Fields::new();
        let read = input::term(&mut fields, "stage.", TermKind::Stage, &given);
        let input = Input::Term(checked(fields, read)?);
        self.put(&request, "stage.", input, |_| pb::PutStageResponse {}).await
    }

    async fn put_class(
        &self,
        request: Request<pb::PutClassRequest>,
    ) -> Result<Response<pb::PutClassResponse>, Status> {
        let given = request.get_ref().class.clone().unwrap_or_default();
        let mut fields = Fields::new();
        let read = input::class(&mut fields, "class.", &given);
        let input = Input::Class(checked(fields, read)?);
        let answer = |id: Uuid| pb::PutClassResponse { class_id: id.to_string() };
        self.put(&request, "class.", input, answer).await
    }
}

#[cfg(test)]
mod tests;
