use brazil::UserId;
use chassis::auth::{Grant, Role};
use chassis::refusal::Refusal;
use chassis::testing::request_of;
use futures::TryStreamExt;
use proto::common::v1::Permission;
use tonic::Code;

use super::*;
use crate::MIGRATIONS;
use crate::schools::testing::{self, by_client, by_operator};

async fn schools() -> (Schools, postgres_local::testing::TestDatabase) {
    let (service, database) = chassis::testing::service("company", &MIGRATIONS, vec![]).await;
    (Schools { service }, database)
}

async fn school(rpc: &Schools, reference: &str) -> String {
    let tenant = Some(testing::tenant("t"));
    rpc.put_tenant(by_operator(pb::PutTenantRequest { tenant })).await.unwrap();
    let school = Some(testing::school(reference, "t"));
    let put = rpc.put_school(by_operator(pb::PutSchoolRequest { school })).await.unwrap();
    put.into_inner().school_id
}

#[tokio::test]
async fn a_person_sees_the_schools_of_their_profiles() {
    let (rpc, _database) = schools().await;
    let (own, other) = (school(&rpc, "s1").await, school(&rpc, "s2").await);
    let grants = |role| vec![Grant { role, company_id: Some(own.parse().unwrap()) }];
    let get = async |school_id: &str, role: Role| {
        let message = pb::GetSchoolRequest { school_id: school_id.to_owned() };
        let request =
            request_of(UserId::generate(), message, grants(role), Permission::SchoolsRead);
        rpc.get_school(request).await.map(|answer| answer.into_inner().school.unwrap().school_id)
    };
    assert_eq!(get(&own, Role::SchoolPerson).await.unwrap(), own);
    assert_eq!(get(&own, Role::SchoolStaff).await.unwrap(), own);
    for (school_id, role) in [
        (other.as_str(), Role::SchoolStaff),
        (&own, Role::Member),
        (&own, Role::Manager),
        ("no id", Role::SchoolStaff),
    ] {
        let refused = get(school_id, role).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound, "{school_id} {role:?}");
        assert_eq!(Refusal::of(&refused).reason, "SCHOOL_NOT_FOUND");
    }
}

#[tokio::test]
async fn programs_of_another_kind_see_nothing() {
    let (rpc, _database) = schools().await;
    school(&rpc, "s1").await;
    let count = async |client_id: &str, role: Role| {
        let request = by_client(client_id, role, pb::ListSchoolsRequest::default());
        let listed = rpc.list_schools(request).await.unwrap().into_inner();
        let parts: Vec<_> = listed.try_collect().await.unwrap();
        parts.into_iter().map(|part: pb::ListSchoolsResponse| part.schools.len()).sum::<usize>()
    };
    // A role on the platform must not be taken for one in all schools.
    assert_eq!(count("a", Role::Partner).await, 0);
    assert_eq!(count("a", Role::SchoolPartner).await, 0);
    let mut connection = rpc.service.db.acquire().await.unwrap();
    let integration = testing::integration("a", "s1", "ONE");
    let integration = input::integration(&mut Fields::new(), "", &integration).unwrap();
    let input = Input::Integration(integration);
    store::put(&rpc.service, &mut connection, &input).await.unwrap().unwrap();
    assert_eq!(count("a", Role::Partner).await, 0);
    assert_eq!(count("a", Role::SchoolPartner).await, 1);
}

#[tokio::test]
async fn a_list_comes_in_parts() {
    let (rpc, _database) = schools().await;
    let school_id: Uuid = school(&rpc, "s1").await.parse().unwrap();
    sqlx::query(
        "insert into school_shift (school_id, name, description, active)
         select $1, to_char(n, 'FM0000'), 'x', true from generate_series(1, 1201) n",
    )
    .bind(school_id)
    .execute(&rpc.service.db)
    .await
    .unwrap();
    let listed = rpc.list_shifts(by_operator(pb::ListShiftsRequest::default())).await.unwrap();
    let parts: Vec<_> = listed.into_inner().try_collect().await.unwrap();
    let sizes: Vec<usize> = parts.iter().map(|part| part.shifts.len()).collect();
    assert_eq!(sizes, [500, 500, 201]);
    let names: Vec<_> =
        parts.iter().flat_map(|part| &part.shifts).map(|shift| &shift.name).collect();
    assert!(names.is_sorted());
}

#[tokio::test]
async fn a_refused_put_names_its_field() {
    let (rpc, _database) = schools().await;
    let school = Some(testing::school("s1", "nobody"));
    let refused = rpc.put_school(by_operator(pb::PutSchoolRequest { school })).await.unwrap_err();
    let violations = Refusal::of(&refused).violations;
    let named: Vec<_> =
        violations.iter().map(|broken| (broken.field.as_str(), broken.message.as_str())).collect();
    assert_eq!(named, [("school.tenant_reference", "is not known")]);
    let unknown = pb::ListClassesRequest { school_external_id: "X".to_owned() };
    let Err(refused) = rpc.list_classes(by_operator(unknown)).await else { panic!("listed") };
    assert_eq!(Refusal::of(&refused).reason, "SCHOOL_NOT_FOUND");
}
