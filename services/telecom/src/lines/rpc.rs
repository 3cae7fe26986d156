//! Lines over gRPC.

mod change;
mod checks;
mod wire;

use std::fmt::Display;
use std::str::FromStr;

use brazil::{CompanyId, LineId, UserId};
use chassis::auth::{Caller, Scope};
use chassis::refusal::{Fields, Rule, internal, invalid};
use proto::common::v1::Permission;
use proto::telecom::v1 as pb;
use proto::telecom::v1::line_service_server::LineService;
use sqlx::PgConnection;
use tonic::{Request, Response, Status};

use self::change::Change;
use super::{BlockReason, Cause, Line, Lines, store};
use crate::error::Error;
use crate::neighbours::invite_person;
use crate::sim_cards::SimCardName;
use crate::timeline::Actor;

#[tonic::async_trait]
impl LineService for Lines {
    async fn order_line(
        &self,
        request: Request<pb::OrderLineRequest>,
    ) -> Result<Response<pb::OrderLineResponse>, Status> {
        let caller = Caller::of(&request)?;
        let input = request.get_ref();
        let company_id: CompanyId = parse("company_id", &input.company_id)?;
        caller.enter(company_id, Error::CompanyNotFound(company_id).into())?;
        let order = checks::order(&self.service, company_id, input, &caller.scope()).await?;
        let order = &order;
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let cause = Cause::from(Actor::of(caller, order.company_id));
                    let line = self.order(&mut tx, order.clone(), &cause).await?;
                    Ok::<_, Error>(pb::OrderLineResponse { line: Some(line.into()) })
                })
            })
            .await
    }

    async fn get_line(
        &self,
        request: Request<pb::GetLineRequest>,
    ) -> Result<Response<pb::GetLineResponse>, Status> {
        let line = self.visible_line(&request, &request.get_ref().line_id).await?;
        Ok(Response::new(pb::GetLineResponse { line: Some(line.into()) }))
    }

    async fn list_my_lines(
        &self,
        request: Request<pb::ListMyLinesRequest>,
    ) -> Result<Response<pb::ListMyLinesResponse>, Status> {
        let lines = match Caller::of(&request)?.user_id() {
            Some(user_id) => store::list_of_user(&self.service.reader(&request).await?, user_id)
                .await
                .map_err(|error| internal(&error))?,
            None => vec![],
        };
        let lines = lines.into_iter().map(pb::Line::from).collect();
        Ok(Response::new(pb::ListMyLinesResponse { lines }))
    }

    async fn approve_line(
        &self,
        request: Request<pb::ApproveLineRequest>,
    ) -> Result<Response<pb::ApproveLineResponse>, Status> {
        let line_id = parse("line_id", &request.get_ref().line_id)?;
        self.change(&request, line_id, Change::Approve, |line| pb::ApproveLineResponse { line })
            .await
    }

    async fn activate_sim_card(
        &self,
        request: Request<pb::ActivateSimCardRequest>,
    ) -> Result<Response<pb::ActivateSimCardResponse>, Status> {
        let input = request.get_ref();
        let (line_id, card) = sim_card(&input.line_id, &input.sim_card_number)?;
        self.change(&request, line_id, Change::FirstSimCard(card), |line| {
            pb::ActivateSimCardResponse { line }
        })
        .await
    }

    async fn list_line_permissions(
        &self,
        request: Request<pb::ListLinePermissionsRequest>,
    ) -> Result<Response<pb::ListLinePermissionsResponse>, Status> {
        let line = self.visible_line(&request, &request.get_ref().line_id).await?;
        let caller = Caller::of(&request)?;
        let manages = manages(caller, &line);
        let permissions = line
            .permissions(manages, caller.user_id())
            .iter()
            .map(|permission| pb::LinePermission::from(*permission).into())
            .collect();
        Ok(Response::new(pb::ListLinePermissionsResponse { permissions }))
    }

    async fn change_plan(
        &self,
        request: Request<pb::ChangePlanRequest>,
    ) -> Result<Response<pb::ChangePlanResponse>, Status> {
        let caller = Caller::of(&request)?;
        let mut fields = Fields::new();
        let line_id = fields.required("line_id", &request.get_ref().line_id);
        let plan_id = fields.required("plan_id", &request.get_ref().plan_id);
        let (Some(line_id), Some(plan_id)) = (line_id, plan_id) else {
            return Err(fields.into_status());
        };
        self.managed(caller, line_id).await?;
        checks::plan(&self.service, plan_id).await?;
        self.change(&request, line_id, Change::Plan(plan_id), |line| pb::ChangePlanResponse {
            line,
        })
        .await
    }

    async fn change_company(
        &self,
        request: Request<pb::ChangeCompanyRequest>,
    ) -> Result<Response<pb::ChangeCompanyResponse>, Status> {
        let caller = Caller::of(&request)?;
        let mut fields = Fields::new();
        let line_id = fields.required("line_id", &request.get_ref().line_id);
        let company_id = fields.required("company_id", &request.get_ref().company_id);
        let (Some(line_id), Some(company_id)) = (line_id, company_id) else {
            return Err(fields.into_status());
        };
        self.managed(caller, line_id).await?;
        checks::new_company(&self.service, &caller.scope(), company_id).await?;
        self.change(&request, line_id, Change::Company(company_id), |line| {
            pb::ChangeCompanyResponse { line }
        })
        .await
    }

    async fn attribute_user(
        &self,
        request: Request<pb::AttributeUserRequest>,
    ) -> Result<Response<pb::AttributeUserResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (line_id, email, name) = checks::new_user(request.get_ref())?;
        // Nobody is invited for a line that cannot be theirs.
        let line = self.managed(caller, line_id).await?;
        line.is_live().map_err(|why| line.refused(why))?;
        let person = invite_person(&self.service, &email, &name).await?;
        self.change(&request, line_id, Change::User(person), |line| pb::AttributeUserResponse {
            line,
        })
        .await
    }

    async fn set_tag(
        &self,
        request: Request<pb::SetTagRequest>,
    ) -> Result<Response<pb::SetTagResponse>, Status> {
        let line_id = parse("line_id", &request.get_ref().line_id)?;
        let tag = checks::tag(request.get_ref().tag.as_deref())?;
        self.change(&request, line_id, Change::Tag(tag), |line| pb::SetTagResponse { line }).await
    }

    async fn block_line(
        &self,
        request: Request<pb::BlockLineRequest>,
    ) -> Result<Response<pb::BlockLineResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (line_id, reason) = block(&request.get_ref().line_id, request.get_ref().reason())?;
        let line = self.seen(caller, line_id).await?;
        checks::may_block(caller, &line, reason)?;
        checks::block(&self.service, &line, reason).await?;
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let line = lock_seen(&mut tx, line_id, caller).await?;
                    checks::may_block(caller, &line, reason)?;
                    let cause = by(caller, &line);
                    let line = self.block(&mut tx, line, reason, &cause).await?;
                    Ok::<_, Error>(pb::BlockLineResponse { line: Some(line.into()) })
                })
            })
            .await
    }

    async fn unblock_line(
        &self,
        request: Request<pb::UnblockLineRequest>,
    ) -> Result<Response<pb::UnblockLineResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (line_id, reason) = block(&request.get_ref().line_id, request.get_ref().reason())?;
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let line = lock_seen(&mut tx, line_id, caller).await?;
                    checks::may_block(caller, &line, reason)?;
                    let cause = by(caller, &line);
                    let line = self.unblock(&mut tx, line, reason, &cause).await?;
                    Ok::<_, Error>(pb::UnblockLineResponse { line: Some(line.into()) })
                })
            })
            .await
    }

    async fn cancel_line(
        &self,
        request: Request<pb::CancelLineRequest>,
    ) -> Result<Response<pb::CancelLineResponse>, Status> {
        let line_id = parse("line_id", &request.get_ref().line_id)?;
        let reason = checks::cancel_reason(request.get_ref().reason.as_deref())?;
        self.change(&request, line_id, Change::End(reason), |line| pb::CancelLineResponse { line })
            .await
    }

    async fn change_sim_card(
        &self,
        request: Request<pb::ChangeSimCardRequest>,
    ) -> Result<Response<pb::ChangeSimCardResponse>, Status> {
        let input = request.get_ref();
        let (line_id, card) = sim_card(&input.line_id, &input.sim_card_number)?;
        self.change(&request, line_id, Change::SimCard(card), |line| pb::ChangeSimCardResponse {
            line,
        })
        .await
    }

    async fn provision_number(
        &self,
        request: Request<pb::ProvisionNumberRequest>,
    ) -> Result<Response<pb::ProvisionNumberResponse>, Status> {
        let line_id = parse("line_id", &request.get_ref().line_id)?;
        let area_code = checks::area_code(request.get_ref().area_code)?;
        self.change(&request, line_id, Change::Number(area_code), |line| {
            pb::ProvisionNumberResponse { line }
        })
        .await
    }
}

impl Lines {
    /// Reads a line that the caller of the request may read.
    async fn visible_line<T>(&self, request: &Request<T>, line_id: &str) -> Result<Line, Status> {
        self.seen(Caller::of(request)?, parse("line_id", line_id)?).await
    }

    /// Reads a line that the caller sees and has the request's permission for: in its company, or
    /// as its holder.
    pub(crate) async fn line_with_permission<T>(
        &self,
        request: &Request<T>,
        line_id: &str,
    ) -> Result<Line, Status> {
        let caller = Caller::of(request)?;
        let line_id = parse("line_id", line_id)?;
        let line = self.seen(caller, line_id).await?;
        if is_within(&caller.scope(), &line) { Ok(line) } else { Err(forbidden()) }
    }

    /// Reads a line whose company's lines the caller manages.
    async fn managed(&self, caller: &Caller, line_id: LineId) -> Result<Line, Status> {
        let line = self.seen(caller, line_id).await?;
        if manages(caller, &line) { Ok(line) } else { Err(forbidden()) }
    }

    async fn seen(&self, caller: &Caller, line_id: LineId) -> Result<Line, Status> {
        let seen = caller.scope_of(Permission::LinesRead);
        let line = store::find_in_scope(&self.service.db, line_id, &seen)
            .await
            .map_err(|error| internal(&error))?;
        line.ok_or_else(|| Error::LineNotFound(line_id).into())
    }
}

fn is_within(scope: &Scope, line: &Line) -> bool {
    let of_company = line.company_id.is_some_and(|company_id| scope.reaches(company_id));
    scope.everything || of_company || line.is_own(scope.user_id.map(UserId))
}

fn forbidden() -> Status {
    Status::permission_denied("the caller may not do this with the line")
}

/// Locks a line that the caller sees.
async fn lock_seen(tx: &mut PgConnection, line_id: LineId, caller: &Caller) -> Result<Line, Error> {
    let seen = caller.scope_of(Permission::LinesRead);
    let line = store::lock_in_scope(tx, line_id, &seen).await?;
    line.ok_or(Error::LineNotFound(line_id))
}

/// Locks a line whose company's lines the caller manages.
pub(crate) async fn lock_managed(
    tx: &mut PgConnection,
    line_id: LineId,
    caller: &Caller,
) -> Result<Line, Error> {
    let line = lock_seen(tx, line_id, caller).await?;
    if manages(caller, &line) { Ok(line) } else { Err(forbidden().into()) }
}

fn manages(caller: &Caller, line: &Line) -> bool {
    let scope = caller.scope_of(Permission::LinesManage);
    line.company_id.map_or(scope.everything, |company_id| scope.reaches(company_id))
}

/// The caller, as they stand to the line.
fn by(caller: &Caller, line: &Line) -> Cause {
    Actor::of(caller, line.company_id).into()
}

fn parse<T: FromStr<Err: Display>>(field: &str, text: &str) -> Result<T, Status> {
    text.parse().map_err(|error: T::Err| invalid(field, error.to_string()))
}

fn sim_card(line_id: &str, number: &str) -> Result<(LineId, SimCardName), Status> {
    let mut fields = Fields::new();
    let line_id = fields.required("line_id", line_id);
    let card = fields.required("sim_card_number", number);
    match (line_id, card) {
        (Some(line_id), Some(card)) => Ok((line_id, card)),
        _ => Err(fields.into_status()),
    }
}

fn block(line_id: &str, reason: pb::BlockReason) -> Result<(LineId, BlockReason), Status> {
    let mut fields = Fields::new();
    let line_id = fields.required("line_id", line_id);
    let reason = wire::block_reason(reason);
    if reason.is_none() {
        fields.refuse_as("reason", Rule::Required, "is required");
    }
    match (line_id, reason) {
        (Some(line_id), Some(reason)) => Ok((line_id, reason)),
        _ => Err(fields.into_status()),
    }
}

#[cfg(test)]
mod tests;
