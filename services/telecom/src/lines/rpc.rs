//! Lines over gRPC.

use std::fmt::Display;
use std::str::FromStr;

use brazil::{AreaCode, CompanyId, LineId, PlanId, UserId};
use chassis::auth::{Caller, Scope};
use chassis::neighbours::{company_exists, plan_exists};
use chassis::refusal::{Fields, internal, invalid};
use chassis::{Service, timestamp};
use proto::common::v1::Permission;
use proto::telecom::v1 as pb;
use proto::telecom::v1::line_service_server::LineService;
use sqlx::PgConnection;
use tonic::{Request, Response, Status};

use super::access::LinePermission;
use super::{Line, Lines, NewLine, store};
use crate::error::Error;
use crate::neighbours::find_person;
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
        let order = check_order(&self.service, company_id, input, &caller.scope()).await?;
        let order = &order;
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let actor = Actor::of(caller, order.company_id);
                    let line = self.order(&mut tx, order.clone(), &actor).await?;
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
            Some(user_id) => store::list_of_user(&self.service.db, user_id)
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
        let caller = Caller::of(&request)?;
        let line_id = parse("line_id", &request.get_ref().line_id)?;
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let line = lock_managed(&mut tx, line_id, caller).await?;
                    let actor = Actor::of(caller, line.company_id);
                    let line = self.approve(&mut tx, line, &actor).await?;
                    Ok::<_, Error>(pb::ApproveLineResponse { line: Some(line.into()) })
                })
            })
            .await
    }

    async fn activate_sim_card(
        &self,
        request: Request<pb::ActivateSimCardRequest>,
    ) -> Result<Response<pb::ActivateSimCardResponse>, Status> {
        let caller = Caller::of(&request)?;
        let mut fields = Fields::new();
        let line_id = fields.required("line_id", &request.get_ref().line_id);
        let card: Option<SimCardName> =
            fields.required("sim_card_number", &request.get_ref().sim_card_number);
        let (Some(line_id), Some(card)) = (line_id, card) else {
            return Err(fields.into_status());
        };
        let card = &card;
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let line = lock_managed(&mut tx, line_id, caller).await?;
                    let actor = Actor::of(caller, line.company_id);
                    let line = self.put_sim_card(&mut tx, line, card, &actor).await?;
                    Ok::<_, Error>(pb::ActivateSimCardResponse { line: Some(line.into()) })
                })
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
        _request: Request<pb::ChangePlanRequest>,
    ) -> Result<Response<pb::ChangePlanResponse>, Status> {
        Err(Status::unimplemented("not yet"))
    }

    async fn change_company(
        &self,
        _request: Request<pb::ChangeCompanyRequest>,
    ) -> Result<Response<pb::ChangeCompanyResponse>, Status> {
        Err(Status::unimplemented("not yet"))
    }

    async fn attribute_user(
        &self,
        _request: Request<pb::AttributeUserRequest>,
    ) -> Result<Response<pb::AttributeUserResponse>, Status> {
        Err(Status::unimplemented("not yet"))
    }

    async fn set_tag(
        &self,
        _request: Request<pb::SetTagRequest>,
    ) -> Result<Response<pb::SetTagResponse>, Status> {
        Err(Status::unimplemented("not yet"))
    }

    async fn block_line(
        &self,
        _request: Request<pb::BlockLineRequest>,
    ) -> Result<Response<pb::BlockLineResponse>, Status> {
        Err(Status::unimplemented("not yet"))
    }

    async fn unblock_line(
        &self,
        _request: Request<pb::UnblockLineRequest>,
    ) -> Result<Response<pb::UnblockLineResponse>, Status> {
        Err(Status::unimplemented("not yet"))
    }

    async fn cancel_line(
        &self,
        _request: Request<pb::CancelLineRequest>,
    ) -> Result<Response<pb::CancelLineResponse>, Status> {
        Err(Status::unimplemented("not yet"))
    }

    async fn change_sim_card(
        &self,
        _request: Request<pb::ChangeSimCardRequest>,
    ) -> Result<Response<pb::ChangeSimCardResponse>, Status> {
        Err(Status::unimplemented("not yet"))
    }

    async fn provision_number(
        &self,
        _request: Request<pb::ProvisionNumberRequest>,
    ) -> Result<Response<pb::ProvisionNumberResponse>, Status> {
        Err(Status::unimplemented("not yet"))
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

/// Locks a line whose company's lines the caller manages.
async fn lock_managed(
    tx: &mut PgConnection,
    line_id: LineId,
    caller: &Caller,
) -> Result<Line, Error> {
    let seen = caller.scope_of(Permission::LinesRead);
    let line = store::lock_in_scope(tx, line_id, &seen).await?;
    let line = line.ok_or(Error::LineNotFound(line_id))?;
    if manages(caller, &line) { Ok(line) } else { Err(forbidden().into()) }
}

fn manages(caller: &Caller, line: &Line) -> bool {
    let scope = caller.scope_of(Permission::LinesManage);
    line.company_id.map_or(scope.everything, |company_id| scope.reaches(company_id))
}

fn parse<T: FromStr<Err: Display>>(field: &str, text: &str) -> Result<T, Status> {
    text.parse().map_err(|error: T::Err| invalid(field, error.to_string()))
}

/// Checks an order of a line for a company, also with those who know what it names. The company
/// of a caller who may do this in some companies only is one of theirs, and needs no check.
async fn check_order(
    service: &Service,
    company_id: CompanyId,
    input: &pb::OrderLineRequest,
    scope: &Scope,
) -> Result<NewLine, Status> {
    let mut fields = Fields::new();
    let plan_id: Option<PlanId> = fields.required("plan_id", &input.plan_id);
    let user_id: Option<UserId> = fields.optional("user_id", input.user_id.as_deref());
    let area_code = AreaCode::try_from(input.area_code)
        .map_err(|error| fields.refuse("area_code", error.to_string()));

    let company = async {
        if scope.everything { company_exists(service, company_id).await } else { Ok(true) }
    };
    let plan = async {
        match plan_id {
            Some(plan_id) => plan_exists(service, plan_id).await,
            None => Ok(true),
        }
    };
    let person = async {
        match user_id {
            Some(user_id) => find_person(service, user_id).await,
            None => Ok(None),
        }
    };
    let (company_exists, plan_exists, person) = tokio::try_join!(company, plan, person)?;
    if !company_exists {
        return Err(Error::CompanyNotFound(company_id).into());
    }
    if !plan_exists {
        fields.refuse("plan_id", "is not a plan of the catalogue");
    }
    if user_id.is_some() && person.is_none() {
        fields.refuse("user_id", "is not a user");
    }
    let (Some(plan_id), Ok(area_code)) = (plan_id, area_code) else {
        return Err(fields.into_status());
    };
    fields.check()?;
    Ok(NewLine {
        line_id: LineId::generate(),
        company_id: Some(company_id),
        user_id,
        // Somebody else ties the line to the person, who inherits it with a proven e-mail only.
        visible_to_user: person.is_some_and(|person| person.email_is_proven),
        plan_id,
        area_code,
    })
}

impl From<Line> for pb::Line {
    fn from(line: Line) -> Self {
        Self {
            id: line.line_id.to_string(),
            user_id: line.user_id.map(|id| id.to_string()),
            company_id: line.company_id.map(|id| id.to_string()),
            provider: line.provider,
            phone_number: line.phone_number.map(String::from),
            is_portability: line.is_portability,
            iccid: line.iccid.map(|iccid| iccid.to_string()),
            status: pb::LineStatus::from(line.status).into(),
            plan_id: line.plan_id.to_string(),
            awaiting_approval: line.awaiting_approval,
            created_at: Some(timestamp::to_proto(line.created_at)),
            updated_at: Some(timestamp::to_proto(line.updated_at)),
            area_code: u8::from(line.area_code).into(),
            ..Self::default()
        }
    }
}

impl From<super::Status> for pb::LineStatus {
    fn from(status: super::Status) -> Self {
        match status {
            super::Status::Ordered => Self::Ordered,
            super::Status::Pending => Self::Pending,
            super::Status::Active => Self::Active,
            super::Status::Blocked => Self::Blocked,
            super::Status::Cancelled => Self::Cancelled,
        }
    }
}

impl From<LinePermission> for pb::LinePermission {
    fn from(permission: LinePermission) -> Self {
        match permission {
            LinePermission::Read => Self::Read,
            LinePermission::RequestPortability => Self::RequestPortability,
            LinePermission::Block => Self::Block,
            LinePermission::Manage => Self::Manage,
            LinePermission::ManageBilling => Self::ManageBilling,
        }
    }
}

#[cfg(test)]
mod tests;
