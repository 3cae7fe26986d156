//! Checks of requests, also with those who know what they name, before the work begins.

use brazil::{AreaCode, CompanyId, Email, LineId, PlanId, UserId, local_date};
use chassis::Service;
use chassis::auth::{Caller, Scope};
use chassis::neighbours::{company_exists, plan_exists};
use chassis::refusal::{Fields, invalid};
use proto::telecom::v1 as pb;
use tonic::Status;

use crate::error::Error;
use crate::lines::{BlockReason, Line, NewLine};
use crate::neighbours::{earliest_suspension, find_person};

const NAME_MAX: usize = 200;
const TAG_MAX: usize = 100;
const REASON_MAX: usize = 200;

/// Checks an order of a line for a company, also with those who know what it names. The company
/// of a caller who may do this in some companies only is one of theirs, and needs no check.
pub(super) async fn order(
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

/// Checks that a plan is in the catalogue.
pub(super) async fn plan(service: &Service, plan_id: PlanId) -> Result<(), Status> {
    if plan_exists(service, plan_id).await? {
        Ok(())
    } else {
        Err(invalid("plan_id", "is not a plan of the catalogue"))
    }
}

/// Checks that a line may be brought to a company by somebody who manages lines in `managed`.
pub(super) async fn new_company(
    service: &Service,
    managed: &Scope,
    company_id: CompanyId,
) -> Result<(), Status> {
    let known = match managed.everything {
        true => company_exists(service, company_id).await?,
        false => managed.reaches(company_id),
    };
    if known { Ok(()) } else { Err(invalid("company_id", "is not a company")) }
}

/// Reads the person that a line is to be given to.
pub(super) fn new_user(
    input: &pb::AttributeUserRequest,
) -> Result<(LineId, Email, String), Status> {
    let mut fields = Fields::new();
    let line_id = fields.required("line_id", &input.line_id);
    let email = fields.required("user_email", &input.user_email);
    let name = fields.text("user_name", &input.user_name, 1, NAME_MAX);
    match (line_id, email, name) {
        (Some(line_id), Some(email), Some(name)) => Ok((line_id, email, name)),
        _ => Err(fields.into_status()),
    }
}

/// Reads a tag; none removes it.
pub(super) fn tag(text: Option<&str>) -> Result<Option<String>, Status> {
    let mut fields = Fields::new();
    let tag = fields.text("tag", text.unwrap_or_default(), 0, TAG_MAX);
    fields.check()?;
    Ok(tag.filter(|tag| !tag.is_empty()))
}

/// Reads why a line is to end, if somebody says so.
pub(super) fn cancel_reason(text: Option<&str>) -> Result<Option<String>, Status> {
    let mut fields = Fields::new();
    let reason = fields.text("reason", text.unwrap_or_default(), 0, REASON_MAX);
    fields.check()?;
    Ok(reason.filter(|reason| !reason.is_empty()))
}

/// Reads the area of a new number, if it is said.
pub(super) fn area_code(code: Option<u32>) -> Result<Option<AreaCode>, Status> {
    code.map(AreaCode::try_from)
        .transpose()
        .map_err(|error| invalid("area_code", error.to_string()))
}

/// Whether somebody may bar a line that they see for this reason, or lift that.
///
/// # Errors
/// PERMISSION_DENIED.
pub(super) fn may_block(caller: &Caller, line: &Line, reason: BlockReason) -> Result<(), Status> {
    let scope = caller.scope();
    let by_anybody = matches!(reason, BlockReason::Theft | BlockReason::Loss);
    if scope.everything || (by_anybody && super::is_within(&scope, line)) {
        Ok(())
    } else {
        Err(super::forbidden())
    }
}

/// Checks that a line can be barred for a reason, for not paying also with billing: unless that
/// changes nothing.
pub(super) async fn block(
    service: &Service,
    line: &Line,
    reason: BlockReason,
) -> Result<(), Error> {
    let now = service.clock.now();
    let changed = line.clone().block(reason, now).map_err(|why| line.refused(why))?;
    if reason != BlockReason::NoPay || changed.is_none() {
        return Ok(());
    }
    let earliest = match line.company_id {
        Some(company_id) => earliest_suspension(service, company_id).await?,
        None => None,
    };
    if earliest.is_some_and(|earliest| earliest <= now) {
        Ok(())
    } else {
        Err(Error::NoPayTooEarly(earliest.map(local_date)))
    }
}
