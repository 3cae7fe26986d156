use brazil::UserId;
use chassis::auth::{Grant, Role};
use chassis::refusal::Refusal;
use chassis::testing;
use postgres_local::testing::TestDatabase;
use time::macros::datetime;
use tonic::Code;

use super::*;
use crate::MIGRATIONS;
use crate::meetings::MEETINGS_MAX;
use crate::organizations::testing::workspace;

async fn meetings() -> (Meetings, TestDatabase) {
    let (service, database) = testing::service("company", &MIGRATIONS, vec![]).await;
    (Meetings { service }, database)
}

/// Somebody in an organization.
#[derive(Clone, Copy)]
struct Person {
    user_id: UserId,
    role: Role,
    company_id: CompanyId,
}

impl Person {
    fn new(role: Role, company_id: CompanyId) -> Self {
        Self { user_id: UserId::generate(), role, company_id }
    }

    fn asks<T>(self, message: T) -> Request<T> {
        let grants = vec![Grant { role: self.role, company_id: Some(self.company_id.0) }];
        testing::request_of(self.user_id, message, grants, Permission::MeetingsUse)
    }

    async fn file(self, rpcs: &Meetings) -> String {
        let employee_id = EmployeeId::generate();
        sqlx::query(
            "insert into employee
                 (employee_id, company_id, full_name, status, user_id, created_at, updated_at)
             values ($1, $2, 'x', 'active', $3, now(), now())",
        )
        .bind(employee_id.0)
        .bind(self.company_id.0)
        .bind(self.user_id.0)
        .execute(&rpcs.service.db)
        .await
        .unwrap();
        employee_id.to_string()
    }
}

fn meeting(employee_id: Option<&str>) -> pb::Meeting {
    pb::Meeting {
        id: 0,
        employee_id: employee_id.map(str::to_owned),
        date_from: Some(timestamp::to_proto(datetime!(2026-11-22 10:00 UTC))),
        date_to: Some(timestamp::to_proto(datetime!(2026-11-22 11:00 UTC))),
        notes: Some("Pauta:\n1. Café".to_owned()),
        time: None,
    }
}

async fn create(
    rpcs: &Meetings,
    person: Person,
    meeting: pb::Meeting,
) -> Result<pb::Meeting, Status> {
    let organization_id = String::new();
    let request =
        pb::CreateMeetingRequest { organization_id, meeting: Some(meeting), employee_given: true };
    Ok(rpcs.create_meeting(person.asks(request)).await?.into_inner().meeting.unwrap())
}

async fn update(
    rpcs: &Meetings,
    person: Person,
    meeting: pb::Meeting,
    paths: &[&str],
) -> Result<pb::Meeting, Status> {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    let request = pb::UpdateMeetingRequest {
        organization_id: String::new(),
        meeting: Some(meeting),
        update_mask: Some(prost_types::FieldMask { paths }),
    };
    Ok(rpcs.update_meeting(person.asks(request)).await?.into_inner().meeting.unwrap())
}

async fn list(rpcs: &Meetings, person: Person, filter: pb::ListMeetingsRequest) -> Vec<i64> {
    let listed = rpcs.list_meetings(person.asks(filter)).await.unwrap().into_inner();
    let ids: Vec<_> = listed.meetings.into_iter().map(|meeting| meeting.id).collect();
    assert_eq!(listed.page.unwrap().total_size, i64::try_from(ids.len()).unwrap());
    ids
}

fn wrong_fields(status: &Status) -> Vec<String> {
    assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    Refusal::of(status).violations.into_iter().map(|broken| broken.field).collect()
}

#[tokio::test]
async fn members_meet_for_themselves_and_managers_for_everybody() {
    let (rpcs, _database) = meetings().await;
    let company_id = workspace(&rpcs.service.db, "production").await;
    let [ana, bia] = [Person::new(Role::Member, company_id); 2]
        .map(|person| Person { user_id: UserId::generate(), ..person });
    let boss = Person::new(Role::Manager, company_id);
    let (ana_file, bia_file) = (ana.file(&rpcs).await, bia.file(&rpcs).await);

    let of_ana = create(&rpcs, ana, meeting(Some(&ana_file))).await.unwrap();
    let of_bia = create(&rpcs, boss, meeting(Some(&bia_file))).await.unwrap();
    let of_nobody = create(&rpcs, boss, meeting(None)).await.unwrap();
    for not_own in [meeting(Some(&bia_file)), meeting(None)] {
        let refusal = create(&rpcs, ana, not_own).await.unwrap_err();
        assert_eq!(refusal.code(), Code::PermissionDenied);
    }
    let all = pb::ListMeetingsRequest::default;
    assert_eq!(list(&rpcs, ana, all()).await, [of_ana.id]);
    assert_eq!(list(&rpcs, boss, all()).await, [of_ana.id, of_bia.id, of_nobody.id]);
    let of_bia_only = pb::ListMeetingsRequest { employee_id: Some(bia_file.clone()), ..all() };
    assert_eq!(list(&rpcs, boss, of_bia_only.clone()).await, [of_bia.id]);
    assert!(list(&rpcs, ana, of_bia_only).await.is_empty());

    let get = pb::GetMeetingRequest { organization_id: String::new(), meeting_id: of_bia.id };
    assert_eq!(rpcs.get_meeting(ana.asks(get.clone())).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(
        rpcs.get_meeting(bia.asks(get)).await.unwrap().into_inner().meeting,
        Some(of_bia.clone())
    );
    let refusal = update(&rpcs, ana, of_bia.clone(), &["notes"]).await.unwrap_err();
    assert_eq!(refusal.code(), Code::NotFound);
    let given_away = pb::Meeting { employee_id: Some(bia_file), ..of_ana.clone() };
    let refusal = update(&rpcs, ana, given_away, &["employee_id"]).await.unwrap_err();
    assert_eq!(refusal.code(), Code::PermissionDenied);
    let cleared = pb::Meeting { id: of_ana.id, ..Default::default() };
    let cleared = update(&rpcs, ana, cleared, &["notes"]).await.unwrap();
    assert_eq!(cleared, pb::Meeting { notes: None, ..of_ana });
}

#[tokio::test]
async fn a_meeting_fits_together() {
    let (rpcs, _database) = meetings().await;
    let company_id = workspace(&rpcs.service.db, "production").await;
    let boss = Person::new(Role::Manager, company_id);
    let early = Some(timestamp::to_proto(datetime!(2026-11-22 9:00 UTC)));
    let backwards = pb::Meeting { date_to: early, ..meeting(None) };
    let refusal = create(&rpcs, boss, backwards).await.unwrap_err();
    assert_eq!(wrong_fields(&refusal), ["date_to"]);
    let outside = pb::Meeting { time: early, ..meeting(None) };
    let refusal = create(&rpcs, boss, outside).await.unwrap_err();
    assert_eq!(wrong_fields(&refusal), ["time"]);
    let empty = pb::CreateMeetingRequest::default();
    let refusal = rpcs.create_meeting(boss.asks(empty)).await.unwrap_err();
    assert_eq!(wrong_fields(&refusal), ["employee_id", "date_from", "date_to"]);
    let long = pb::Meeting { notes: Some("x".repeat(5_001)), ..meeting(None) };
    assert_eq!(wrong_fields(&create(&rpcs, boss, long).await.unwrap_err()), ["notes"]);

    let stored = create(&rpcs, boss, meeting(None)).await.unwrap();
    let shorter = pb::Meeting { date_to: early, ..stored };
    let refusal = update(&rpcs, boss, shorter, &["date_to"]).await.unwrap_err();
    assert_eq!(wrong_fields(&refusal), ["date_to"]);
    let stranger = Person::new(Role::Member, workspace(&rpcs.service.db, "test").await);
    let of_stranger = meeting(Some(&stranger.file(&rpcs).await));
    let refusal = create(&rpcs, boss, of_stranger).await.unwrap_err();
    assert_eq!(Refusal::of(&refusal).reason, "REFERENCE_NOT_FOUND");
}

#[tokio::test]
async fn meetings_are_found_by_when_they_are_both_ends_included() {
    let (rpcs, _database) = meetings().await;
    let company_id = workspace(&rpcs.service.db, "production").await;
    let boss = Person::new(Role::Manager, company_id);
    let later = create(&rpcs, boss, meeting(None)).await.unwrap();
    let at = |hour| {
        Some(timestamp::to_proto(datetime!(2026-11-22 0:00 UTC).replace_hour(hour).unwrap()))
    };
    let earlier = pb::Meeting { date_from: at(8), date_to: at(9), ..meeting(None) };
    let earlier = create(&rpcs, boss, earlier).await.unwrap();
    let all = pb::ListMeetingsRequest::default;
    assert_eq!(list(&rpcs, boss, all()).await, [earlier.id, later.id]);
    let asked = pb::ListMeetingsRequest { date_from_after: at(10), ..all() };
    assert_eq!(list(&rpcs, boss, asked).await, [later.id]);
    let asked = pb::ListMeetingsRequest { date_from_before: at(8), ..all() };
    assert_eq!(list(&rpcs, boss, asked).await, [earlier.id]);
    let asked = pb::ListMeetingsRequest { date_to_after: at(9), date_to_before: at(9), ..all() };
    assert_eq!(list(&rpcs, boss, asked).await, [earlier.id]);
}

#[tokio::test]
async fn an_organization_has_a_hundred_thousand_meetings_at_the_most() {
    let (rpcs, _database) = meetings().await;
    let db = &rpcs.service.db;
    let (acme, other) = (workspace(db, "production").await, workspace(db, "production").await);
    sqlx::query(
        "insert into meeting (company_id, date_from, date_to)
         select $1, now(), now() from generate_series(2, $2)",
    )
    .bind(acme.0)
    .bind(MEETINGS_MAX)
    .execute(db)
    .await
    .unwrap();
    let add = |company_id| create(&rpcs, Person::new(Role::Manager, company_id), meeting(None));
    let refused = match tokio::join!(add(acme), add(acme)) {
        (Ok(_), Err(refused)) | (Err(refused), Ok(_)) => refused,
        outcomes => panic!("{outcomes:?}"),
    };
    assert_eq!(Refusal::of(&refused).reason, "TOO_MANY_MEETINGS");
    let stored: i64 = sqlx::query_scalar("select count(*) from meeting where company_id = $1")
        .bind(acme.0)
        .fetch_one(db)
        .await
        .unwrap();
    assert_eq!(stored, MEETINGS_MAX);
    add(other).await.unwrap();
}
