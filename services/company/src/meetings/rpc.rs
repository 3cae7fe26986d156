//! `MeetingService`.

use brazil::{CompanyId, EmployeeId};
use chassis::auth::Caller;
use chassis::page::Page;
use chassis::refusal::{Fields, Rule, invalid_as};
use chassis::{Service, timestamp};
use proto::common::v1::Permission;
use proto::company::v1 as pb;
use proto::company::v1::meeting_service_server::MeetingService;
use time::OffsetDateTime;
use tonic::{Request, Response, Status};

use super::store::{self, View};
use super::{Filter, Meeting, Misfit, NOTES_MAX};
use crate::error::Error;
use crate::organizations::refusals::reference_not_found;
use crate::organizations::rpc::whole;
use crate::organizations::{locate, permit, readable, writable};

const MEMBERS: [&str; 5] = ["employee_id", "date_from", "date_to", "notes", "time"];

/// The rpcs.
pub(crate) struct Meetings {
    pub(crate) service: Service,
}

#[tonic::async_trait]
impl MeetingService for Meetings {
    async fn list_meetings(
        &self,
        request: Request<pb::ListMeetingsRequest>,
    ) -> Result<Response<pb::ListMeetingsResponse>, Status> {
        let (caller, given) = (Caller::of(&request)?, request.get_ref());
        let page = Page::parse(given.page.clone())?;
        let filter = parse_filter(given)?;
        let organization = readable(&self.service, caller, &given.organization_id).await?;
        let company_id = organization.company_id;
        if let Some(employee_id) = filter.employee_id {
            let known = store::employee(&self.service.db, company_id, employee_id).await;
            if known.map_err(Error::from)?.is_none() {
                return Err(reference_not_found("employee_id"));
            }
        }
        let db = &self.service.reader(&request).await?;
        let found = store::list(db, view(caller, company_id), &filter, &page).await;
        let (found, total) = found.map_err(Error::from)?;
        Ok(Response::new(pb::ListMeetingsResponse {
            meetings: found.into_iter().map(Into::into).collect(),
            page: Some(whole(total)),
        }))
    }

    async fn get_meeting(
        &self,
        request: Request<pb::GetMeetingRequest>,
    ) -> Result<Response<pb::GetMeetingResponse>, Status> {
        let caller = Caller::of(&request)?;
        let pb::GetMeetingRequest { organization_id, meeting_id } = request.get_ref();
        let organization = readable(&self.service, caller, organization_id).await?;
        let view = view(caller, organization.company_id);
        let found = store::find(&self.service.db, view, *meeting_id).await?;
        Ok(Response::new(pb::GetMeetingResponse { meeting: Some(found.into()) }))
    }

    async fn create_meeting(
        &self,
        request: Request<pb::CreateMeetingRequest>,
    ) -> Result<Response<pb::CreateMeetingResponse>, Status> {
        let (caller, given) = (Caller::of(&request)?, request.get_ref());
        let organization = writable(&self.service, caller, &given.organization_id).await?;
        let employee_given = given.employee_given;
        let given = &given.meeting.clone().unwrap_or_default();
        let view = view(caller, organization.company_id);

        let mut fields = Fields::new();
        if !employee_given {
            fields.refuse_as("employee_id", Rule::Required, "is required");
        }
        let mut changes = Changes::parse(&mut fields, given, MEMBERS)?;
        let employee_id = changes.employee_id.flatten();
        self.check_employee(view, employee_id, employee_given).await?;
        let (Some(date_from), Some(date_to)) = (changes.date_from.take(), changes.date_to.take())
        else {
            return Err(fields.into_status());
        };
        fields.check()?;
        let meeting = &Meeting {
            meeting_id: 0,
            employee_id,
            date_from,
            date_to,
            notes: changes.notes.flatten(),
            time: changes.time.flatten(),
        };
        check_fit(meeting)?;
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let meeting_id = store::insert(&mut tx, view.company_id, meeting).await?;
                    let meeting = Some(Meeting { meeting_id, ..meeting.clone() }.into());
                    Ok::<_, Error>(pb::CreateMeetingResponse { meeting })
                })
            })
            .await
    }

    async fn update_meeting(
        &self,
        request: Request<pb::UpdateMeetingRequest>,
    ) -> Result<Response<pb::UpdateMeetingResponse>, Status> {
        let caller = Caller::of(&request)?;
        let given = &request.get_ref().meeting.clone().unwrap_or_default();
        let organization =
            locate(&self.service, caller, &request.get_ref().organization_id).await?;
        let view = view(caller, organization.company_id);
        store::find(&self.service.db, view, given.id).await?;
        permit(caller, &organization)?;

        let mut fields = Fields::new();
        let mask = request.get_ref().update_mask.clone().unwrap_or_default();
        let names = mask.paths.iter().map(String::as_str);
        let changes = &Changes::parse(&mut fields, given, names)?;
        if let Some(employee_id) = changes.employee_id {
            self.check_employee(view, employee_id, true).await?;
        }
        fields.check()?;
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let mut meeting = store::lock(&mut tx, view, given.id).await?;
                    changes.apply(&mut meeting);
                    check_fit(&meeting)?;
                    store::save(&mut tx, &meeting).await?;
                    let meeting = Some(meeting.into());
                    Ok::<_, Error>(pb::UpdateMeetingResponse { meeting })
                })
            })
            .await
    }
}

impl Meetings {
    /// Whether a meeting may be that employee's: whoever does not manage the organization writes
    /// their own only.
    async fn check_employee(
        &self,
        view: View,
        employee_id: Option<EmployeeId>,
        is_given: bool,
    ) -> Result<(), Status> {
        let own_only = || Status::permission_denied("this is not a meeting of one's own");
        let Some(employee_id) = employee_id else {
            let is_nobodys = is_given && view.user_id.is_some();
            return if is_nobodys { Err(own_only()) } else { Ok(()) };
        };
        let known = store::employee(&self.service.db, view.company_id, employee_id).await;
        match (known.map_err(Error::from)?, view.user_id) {
            (None, _) => Err(reference_not_found("employee_id")),
            (Some(owner), Some(user_id)) if owner != Some(user_id) => Err(own_only()),
            _ => Ok(()),
        }
    }
}

/// Which meetings of the organization the caller has to do with.
fn view(caller: &Caller, company_id: CompanyId) -> View {
    let manages = caller.scope_of(Permission::OrganizationsManage).reaches(company_id);
    View { company_id, user_id: caller.user_id().filter(|_| !manages) }
}

fn check_fit(meeting: &Meeting) -> Result<(), Status> {
    match meeting.misfit() {
        Some(Misfit(member, message)) => Err(invalid_as(member, Rule::OutOfRange, message)),
        None => Ok(()),
    }
}

/// New values of some members: the outer `None` leaves one as it is.
#[derive(Clone, Debug, Default)]
struct Changes {
    employee_id: Option<Option<EmployeeId>>,
    date_from: Option<OffsetDateTime>,
    date_to: Option<OffsetDateTime>,
    notes: Option<Option<String>>,
    time: Option<Option<OffsetDateTime>>,
}

impl Changes {
    fn parse<'a>(
        fields: &mut Fields,
        given: &pb::Meeting,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, Status> {
        let mut changes = Self::default();
        for name in names {
            match name {
                "employee_id" => {
                    changes.employee_id = Some(employee_id(given.employee_id.as_deref())?);
                }
                "date_from" => {
                    changes.date_from = required(fields, name, given.date_from.as_ref());
                }
                "date_to" => changes.date_to = required(fields, name, given.date_to.as_ref()),
                "notes" => changes.notes = Some(notes(fields, given.notes.as_deref())),
                "time" => {
                    changes.time = Some(timestamp::parse(fields, name, given.time.as_ref()));
                }
                _ => fields.refuse("update_mask", "names what cannot be changed"),
            }
        }
        Ok(changes)
    }

    fn apply(&self, meeting: &mut Meeting) {
        set(&mut meeting.employee_id, &self.employee_id);
        set(&mut meeting.date_from, &self.date_from);
        set(&mut meeting.date_to, &self.date_to);
        set(&mut meeting.notes, &self.notes);
        set(&mut meeting.time, &self.time);
    }
}

fn set<T: Clone>(member: &mut T, value: &Option<T>) {
    if let Some(value) = value {
        *member = value.clone();
    }
}

fn required(
    fields: &mut Fields,
    name: &str,
    moment: Option<&prost_types::Timestamp>,
) -> Option<OffsetDateTime> {
    if moment.is_none() {
        fields.refuse_as(name, Rule::Required, "is required");
    }
    timestamp::parse(fields, name, moment)
}

/// What is no id is nobody's.
fn employee_id(text: Option<&str>) -> Result<Option<EmployeeId>, Status> {
    text.map(|id| id.parse().map_err(|_| reference_not_found("employee_id"))).transpose()
}

/// Notes have lines.
fn notes(fields: &mut Fields, text: Option<&str>) -> Option<String> {
    let text = text?;
    if text.chars().count() > NOTES_MAX {
        let message = format!("has more than {NOTES_MAX} characters");
        fields.refuse_as("notes", Rule::TooLong, message);
    } else if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        fields.refuse_as("notes", Rule::Format, "has control characters");
    }
    Some(text.to_owned())
}

fn parse_filter(given: &pb::ListMeetingsRequest) -> Result<Filter, Status> {
    let mut fields = Fields::new();
    let mut moment = |name: &str, moment: &Option<prost_types::Timestamp>| {
        timestamp::parse(&mut fields, name, moment.as_ref())
    };
    let mut filter = Filter {
        employee_id: None,
        date_from_after: moment("date_from_after", &given.date_from_after),
        date_from_before: moment("date_from_before", &given.date_from_before),
        date_to_after: moment("date_to_after", &given.date_to_after),
        date_to_before: moment("date_to_before", &given.date_to_before),
    };
    filter.employee_id = employee_id(given.employee_id.as_deref())?;
    fields.check()?;
    Ok(filter)
}

impl From<Meeting> for pb::Meeting {
    fn from(meeting: Meeting) -> Self {
        Self {
            id: meeting.meeting_id,
            employee_id: meeting.employee_id.map(|id| id.to_string()),
            date_from: Some(timestamp::to_proto(meeting.date_from)),
            date_to: Some(timestamp::to_proto(meeting.date_to)),
            notes: meeting.notes,
            time: meeting.time.map(timestamp::to_proto),
        }
    }
}

#[cfg(test)]
mod tests;
