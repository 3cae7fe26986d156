//! Meetings.

use axum::extract::State;
use axum::response::Response;
use prost_types::Timestamp;
use proto::company::v1 as company;
use proto::company::v1::meeting_service_client::MeetingServiceClient;

use super::Workspaces;
use super::body::{Given, Moment, Session};
use super::error::Error;
use super::iri;
use super::page::Paging;
use super::wire::{Meeting, MeetingInput};
use crate::body::{At, Params};

const EMPLOYEES: &str = "/employees";

/// Those of the current organization, by when they begin.
pub(super) async fn list(
    State(workspaces): State<Workspaces>,
    session: Session,
    paging: Paging,
    params: Params,
) -> Result<Response, Error> {
    let request = company::ListMeetingsRequest {
        organization_id: session.organization_id,
        page: paging.request(),
        employee_id: iri::optional("employee", EMPLOYEES, params.text("employee"))?,
        date_from_after: moment(&params, "dateFrom[after]")?,
        date_from_before: moment(&params, "dateFrom[before]")?,
        date_to_after: moment(&params, "dateTo[after]")?,
        date_to_before: moment(&params, "dateTo[before]")?,
    };
    let answer = workspaces
        .clients()
        .company
        .ask(&session.caller, request, |to, request| async move {
            MeetingServiceClient::new(to).list_meetings(request).await
        })
        .await?;
    let items: Vec<Meeting> = answer.message.meetings.into_iter().map(Into::into).collect();
    let total = answer.message.page.unwrap_or_default().total_size;
    Ok(session.form.collection(&paging, &items, total))
}

fn moment(params: &Params, name: &str) -> Result<Option<Timestamp>, Error> {
    let Some(text) = params.text(name) else { return Ok(None) };
    // A plus that nobody encoded has become a space.
    let moment = Moment::parse(text).or_else(|| Moment::parse(&text.replace(' ', "+")));
    let wrong = || Error::bad_request(format!("\"{name}\" is no date-time of RFC 3339."));
    moment.map(|moment| Some(moment.into())).ok_or_else(wrong)
}

/// Adds one.
pub(super) async fn create(
    State(workspaces): State<Workspaces>,
    session: Session,
    Given(new, members): Given<MeetingInput>,
) -> Result<Response, Error> {
    let employee_id = iri::optional("employee", EMPLOYEES, new.employee.as_deref())?;
    let request = company::CreateMeetingRequest {
        organization_id: session.organization_id,
        meeting: Some(new.with_id(0, employee_id)),
        employee_given: members.contains("employee"),
    };
    let answer = workspaces
        .clients()
        .company
        .ask(&session.caller, request, |to, request| async move {
            MeetingServiceClient::new(to).create_meeting(request).await
        })
        .await?;
    let meeting = Meeting::from(answer.message.meeting.unwrap_or_default());
    Ok(session.form.made(answer.replayed, &meeting))
}

/// Reads one.
pub(super) async fn get(
    State(workspaces): State<Workspaces>,
    session: Session,
    At(meeting_id): At<i64>,
) -> Result<Response, Error> {
    let organization_id = session.organization_id;
    let request = company::GetMeetingRequest { organization_id, meeting_id };
    let answer = workspaces
        .clients()
        .company
        .ask(&session.caller, request, |to, request| async move {
            MeetingServiceClient::new(to).get_meeting(request).await
        })
        .await?;
    let meeting = Meeting::from(answer.message.meeting.unwrap_or_default());
    Ok(session.form.item(&meeting))
}

/// Changes one.
pub(super) async fn update(
    State(workspaces): State<Workspaces>,
    session: Session,
    At(meeting_id): At<i64>,
    Given(change, members): Given<MeetingInput>,
) -> Result<Response, Error> {
    let employee_id = iri::optional("employee", EMPLOYEES, change.employee.as_deref())?;
    let request = company::UpdateMeetingRequest {
        organization_id: session.organization_id,
        meeting: Some(change.with_id(meeting_id, employee_id)),
        update_mask: Some(members.mask(MeetingInput::FIELDS)),
    };
    let answer = workspaces
        .clients()
        .company
        .ask(&session.caller, request, |to, request| async move {
            MeetingServiceClient::new(to).update_meeting(request).await
        })
        .await?;
    let meeting = Meeting::from(answer.message.meeting.unwrap_or_default());
    Ok(session.form.item(&meeting))
}
