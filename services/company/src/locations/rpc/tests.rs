use brazil::CompanyId;
use chassis::auth::{Grant, Role};
use chassis::refusal::Refusal;
use chassis::testing;
use postgres_local::testing::TestDatabase;
use proto::common::v1::{PageRequest, Permission};
use tonic::Code;

use super::*;
use crate::MIGRATIONS;
use crate::locations::LOCATIONS_MAX;
use crate::organizations::testing::workspace;

async fn locations() -> (Locations, TestDatabase) {
    let (service, database) = testing::service("company", &MIGRATIONS, vec![]).await;
    (Locations { service }, database)
}

fn at(role: Role, company_id: CompanyId) -> Vec<Grant> {
    vec![Grant { role, company_id: Some(company_id.0) }]
}

fn matriz() -> pb::Location {
    let name = "Matriz".to_owned();
    pb::Location { id: 0, name, office_open_hour: Some(8), office_close_hour: None }
}

async fn create(
    rpcs: &Locations,
    grants: Vec<Grant>,
    location: pb::Location,
) -> Result<pb::Location, Status> {
    let organization_id = String::new();
    let request = pb::CreateLocationRequest { organization_id, location: Some(location) };
    let request = testing::request(request, grants, Permission::OrganizationsManage);
    Ok(rpcs.create_location(request).await?.into_inner().location.unwrap())
}

async fn update(
    rpcs: &Locations,
    grants: Vec<Grant>,
    location: pb::Location,
    paths: &[&str],
) -> Result<pb::Location, Status> {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    let request = pb::UpdateLocationRequest {
        organization_id: String::new(),
        location: Some(location),
        update_mask: Some(prost_types::FieldMask { paths }),
    };
    let request = testing::request(request, grants, Permission::OrganizationsManage);
    Ok(rpcs.update_location(request).await?.into_inner().location.unwrap())
}

fn wrong_fields(status: &Status) -> Vec<String> {
    assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    Refusal::of(status).violations.into_iter().map(|broken| broken.field).collect()
}

#[tokio::test]
async fn a_location_is_added_changed_and_listed() {
    let (rpcs, _database) = locations().await;
    let acme = workspace(&rpcs.service.db, "production").await;
    let manager = || at(Role::Manager, acme);
    let first = create(&rpcs, manager(), matriz()).await.unwrap();
    let second = create(&rpcs, manager(), matriz()).await.unwrap();
    assert!(first.id < second.id);
    let change = pb::Location { office_close_hour: Some(18), ..first.clone() };
    let paths = ["office_open_hour", "office_close_hour"];
    let changed = update(&rpcs, manager(), change.clone(), &paths).await.unwrap();
    assert_eq!(changed, change);
    let cleared = pb::Location { id: first.id, ..Default::default() };
    let cleared = update(&rpcs, manager(), cleared, &["office_open_hour"]).await.unwrap();
    assert_eq!((cleared.office_open_hour, cleared.office_close_hour), (None, Some(18)));

    let page = Some(PageRequest { page_size: 1, skip: 1, page_token: String::new() });
    let request = pb::ListLocationsRequest { organization_id: String::new(), page };
    let request = testing::request(request, at(Role::Member, acme), Permission::OrganizationsRead);
    let listed = rpcs.list_locations(request).await.unwrap().into_inner();
    assert_eq!((listed.locations, listed.page.unwrap().total_size), (vec![second], 2));
}

#[tokio::test]
async fn every_wrong_member_of_a_location_is_named() {
    let (rpcs, _database) = locations().await;
    let acme = workspace(&rpcs.service.db, "production").await;
    let wrong = pb::Location {
        id: 0,
        name: "x".repeat(256),
        office_open_hour: Some(-1),
        office_close_hour: Some(25),
    };
    let refusal = create(&rpcs, at(Role::Manager, acme), wrong).await.unwrap_err();
    assert_eq!(wrong_fields(&refusal), ["name", "office_open_hour", "office_close_hour"]);
    let early = pb::Location { office_close_hour: Some(8), ..matriz() };
    let refusal = create(&rpcs, at(Role::Manager, acme), early).await.unwrap_err();
    assert_eq!(wrong_fields(&refusal), ["office_close_hour"]);
    // The rest of the location counts too.
    let stored = create(&rpcs, at(Role::Manager, acme), matriz()).await.unwrap();
    let early = pb::Location { office_close_hour: Some(7), ..stored };
    let refusal = update(&rpcs, at(Role::Manager, acme), early, &["office_close_hour"]).await;
    assert_eq!(wrong_fields(&refusal.unwrap_err()), ["office_close_hour"]);
}

#[tokio::test]
async fn others_locations_do_not_exist_and_members_only_read() {
    let (rpcs, _database) = locations().await;
    let acme = workspace(&rpcs.service.db, "production").await;
    let other = workspace(&rpcs.service.db, "production").await;
    let location = create(&rpcs, at(Role::Manager, acme), matriz()).await.unwrap();
    let code = |answer: Result<pb::Location, Status>| answer.unwrap_err().code();
    let by_member = create(&rpcs, at(Role::Member, acme), matriz()).await;
    assert_eq!(code(by_member), Code::PermissionDenied);
    let by_member = update(&rpcs, at(Role::Member, acme), location.clone(), &["name"]).await;
    assert_eq!(code(by_member), Code::PermissionDenied);
    for role in [Role::Manager, Role::Member] {
        let by_other = update(&rpcs, at(role, other), location.clone(), &["name"]).await;
        assert_eq!(code(by_other), Code::NotFound);
    }
    let request =
        pb::GetLocationRequest { organization_id: String::new(), location_id: location.id };
    let read =
        testing::request(request.clone(), at(Role::Member, acme), Permission::OrganizationsRead);
    assert_eq!(rpcs.get_location(read).await.unwrap().into_inner().location, Some(location));
    let read = testing::request(request, at(Role::Manager, other), Permission::OrganizationsRead);
    assert_eq!(rpcs.get_location(read).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn an_organization_has_ten_thousand_locations_at_the_most() {
    let (rpcs, _database) = locations().await;
    let db = &rpcs.service.db;
    let (acme, other) = (workspace(db, "production").await, workspace(db, "production").await);
    sqlx::query(
        "insert into location (company_id, name) select $1, 'x' from generate_series(2, $2)",
    )
    .bind(acme.0)
    .bind(LOCATIONS_MAX)
    .execute(db)
    .await
    .unwrap();
    let add = |company_id| create(&rpcs, at(Role::Manager, company_id), matriz());
    let (last, refused) = match tokio::join!(add(acme), add(acme)) {
        (Ok(last), Err(refused)) | (Err(refused), Ok(last)) => (last, refused),
        outcomes => panic!("{outcomes:?}"),
    };
    assert_eq!(Refusal::of(&refused).reason, "TOO_MANY_LOCATIONS");
    let stored: i64 = sqlx::query_scalar("select count(*) from location where company_id = $1")
        .bind(acme.0)
        .fetch_one(db)
        .await
        .unwrap();
    assert_eq!(stored, LOCATIONS_MAX);
    update(&rpcs, at(Role::Manager, acme), last, &["name"]).await.unwrap();
    add(other).await.unwrap();
}
