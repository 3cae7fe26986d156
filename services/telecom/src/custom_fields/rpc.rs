//! Custom fields over gRPC.

use brazil::{CompanyId, LineId};
use chassis::Service;
use chassis::auth::Caller;
use chassis::neighbours::is_no_company;
use chassis::refusal::{Fields, invalid};
use proto::telecom::v1 as pb;
use proto::telecom::v1::custom_field_service_server::CustomFieldService;
use sqlx::PgConnection;
use tonic::{Request, Response, Status};

use super::{has_room, name, store, value};
use crate::error::Error;
use crate::lines::{self, Line, Refusal};
use crate::timeline::{self, Actor, AlikeEntry, Entry, Facts};

/// Answers the rpcs of CustomFieldService.
#[derive(Clone)]
pub(crate) struct CustomFieldRpcs {
    pub(crate) service: Service,
}

#[tonic::async_trait]
impl CustomFieldService for CustomFieldRpcs {
    async fn set_custom_field(
        &self,
        request: Request<pb::SetCustomFieldRequest>,
    ) -> Result<Response<pb::SetCustomFieldResponse>, Status> {
        let caller = Caller::of(&request)?;
        let input = request.get_ref();
        let mut fields = Fields::new();
        let line_id: Option<LineId> = fields.required("line_id", &input.line_id);
        let name = name(&mut fields, "name", &input.name);
        let value = value(&mut fields, "value", &input.value);
        let (Some(line_id), Some(name), Some(value)) = (line_id, name, value) else {
            return Err(fields.into_status());
        };
        let (name, value) = (&name, &value);
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let line = lines::lock_managed(&mut tx, line_id, caller).await?;
                    let actor = Actor::of(caller, line.company_id());
                    self.set(&mut tx, &line, name, value, actor).await?;
                    Ok::<_, Error>(pb::SetCustomFieldResponse {})
                })
            })
            .await
    }

    async fn remove_custom_field(
        &self,
        request: Request<pb::RemoveCustomFieldRequest>,
    ) -> Result<Response<pb::RemoveCustomFieldResponse>, Status> {
        let caller = Caller::of(&request)?;
        let input = request.get_ref();
        let line_id: LineId = input
            .line_id
            .parse()
            .map_err(|error: brazil::InvalidId| invalid("line_id", error.to_string()))?;
        let name = input.name.trim();
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let line = lines::lock_managed(&mut tx, line_id, caller).await?;
                    let actor = Actor::of(caller, line.company_id());
                    self.remove(&mut tx, &line, name, actor).await?;
                    Ok::<_, Error>(pb::RemoveCustomFieldResponse {})
                })
            })
            .await
    }

    async fn rename_custom_field(
        &self,
        request: Request<pb::RenameCustomFieldRequest>,
    ) -> Result<Response<pb::RenameCustomFieldResponse>, Status> {
        let caller = Caller::of(&request)?;
        let input = request.get_ref();
        let mut fields = Fields::new();
        let company_id: Option<CompanyId> = fields.required("company_id", &input.company_id);
        let current = name(&mut fields, "current_name", &input.current_name);
        let new = name(&mut fields, "new_name", &input.new_name);
        let (Some(company_id), Some(current), Some(new)) = (company_id, current, new) else {
            return Err(fields.into_status());
        };
        let absent = || Status::from(Error::CompanyNotFound(company_id));
        caller.enter(company_id, absent())?;
        if is_no_company(&self.service, caller, company_id).await? {
            return Err(absent());
        }
        let (current, new) = (&current, &new);
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let actor = Actor::of(caller, Some(company_id));
                    let lines = self.rename(&mut tx, company_id, current, new, actor).await?;
                    Ok::<_, Error>(pb::RenameCustomFieldResponse { lines })
                })
            })
            .await
    }
}

impl CustomFieldRpcs {
    async fn set(
        &self,
        tx: &mut PgConnection,
        line: &Line,
        name: &str,
        value: &str,
        actor: Actor,
    ) -> Result<(), Error> {
        if line.is_cancelled() {
            return Err(Error::Line(line.line_id(), Refusal::Cancelled));
        }
        let mut fields = line.custom_fields().clone();
        if !has_room(&fields, name) {
            return Err(invalid("name", "is one more than the 50 fields of a line").into());
        }
        let before = fields.insert(name.to_owned(), value.to_owned());
        if before.as_deref() == Some(value) {
            return Ok(());
        }
        let at = self.service.clock.now();
        store::save(tx, line.line_id(), &fields, at).await?;
        let entry = Entry {
            line_id: line.line_id(),
            company_id: line.company_id(),
            at,
            actor,
            action: "custom_field_set",
            before: before.map(|before| facts(name, &before)).unwrap_or_default(),
            after: facts(name, value),
            reason: None,
        };
        Ok(timeline::record(tx, &entry).await?)
    }

    async fn remove(
        &self,
        tx: &mut PgConnection,
        line: &Line,
        name: &str,
        actor: Actor,
    ) -> Result<(), Error> {
        let mut fields = line.custom_fields().clone();
        let before = fields.remove(name).ok_or(Error::CustomFieldNotFound)?;
        let at = self.service.clock.now();
        store::save(tx, line.line_id(), &fields, at).await?;
        let entry = Entry {
            line_id: line.line_id(),
            company_id: line.company_id(),
            at,
            actor,
            action: "custom_field_removed",
            before: facts(name, &before),
            after: Facts::new(),
            reason: None,
        };
        Ok(timeline::record(tx, &entry).await?)
    }

    /// Renames a field on all lines of a company, or on none; tells on how many.
    async fn rename(
        &self,
        tx: &mut PgConnection,
        company_id: CompanyId,
        current: &str,
        new: &str,
        actor: Actor,
    ) -> Result<i64, Error> {
        let at = self.service.clock.now();
        let renamed = store::rename(tx, company_id, current, new, at).await?;
        let story = AlikeEntry {
            company_id,
            at,
            actor,
            action: "custom_field_renamed",
            before: Facts::from([("name", current.to_owned())]),
            after: Facts::from([("name", new.to_owned())]),
        };
        timeline::record_alike(tx, &renamed, &story).await?;
        Ok(i64::try_from(renamed.len()).unwrap_or(i64::MAX))
    }
}

fn facts(name: &str, value: &str) -> Facts {
    Facts::from([("name", name.to_owned()), ("value", value.to_owned())])
}

#[cfg(test)]
mod tests;
