//! When an enterprise may go, and what happens to it meanwhile.

use harness::invariants::assert_invariants;
use harness::{World, iccid};
use local::Part;
use tonic::Code;

use super::{Family, refused};
use crate::cast::invited;

#[tokio::test]
async fn the_first_reason_not_to_delete_is_told() {
    let world = World::shared().await;
    let (family, other) = (Family::new(world).await, Family::new(world).await);
    let (admin, operator) = (&family.admin, &family.operator);
    let path = |id: &str| format!("/v2/enterprises/{id}");
    refused(admin.delete(&path(&family.id)).await, 400, "Cannot Delete Self Enterprise");

    let child = family.adds("Filha", "1").await;
    operator.marks_main_client(&child, true).await;
    refused(admin.delete(&path(&child)).await, 400, "Cannot Delete a Main Client Enterprise");
    operator.marks_main_client(&child, false).await;

    let company_id = family.company_of(&child).await;
    let token = invited(world, &operator.rest, &company_id, "managers").await;
    let below = world.rest().with_token(&token);
    let grandchild = below.post("/v2/enterprises", &super::new("Neta", "2")).await.expect(200);
    let grandchild = grandchild["data"]["id"].as_str().unwrap();
    refused(admin.delete(&path(grandchild)).await, 400, "Enterprise Not Affiliated");
    let as_operator = operator.rest.with_header("x-company", &family.id);
    refused(as_operator.delete(&path(&child)).await, 400, "Enterprise Not Affiliated");

    let elsewhere = "Cannot Delete Enterprise With Other Affiliations";
    refused(admin.delete(&path(&child)).await, 400, elsewhere);
    let shared = family.adds("Comum", "3").await;
    operator.affiliates(&other.id, &shared).await;
    refused(admin.delete(&path(&shared)).await, 400, elsewhere);
    operator.suspends(&family.id, &shared).await;
    refused(admin.delete(&path(&shared)).await, 400, "Invalid Affiliation");
    admin.get(&path(&shared)).await.expect(200);
    refused(admin.patch(&path(&shared), &serde_json::json!({})).await, 401, "Unauthorized");

    below.delete(&path(grandchild)).await.expect(200);
    let in_use = "Cannot Delete Enterprise With Devices, Chips, Vehicles or Users";
    refused(admin.delete(&path(&child)).await, 400, in_use);
}

#[tokio::test]
async fn whatever_it_has_keeps_it() {
    let world = World::shared().await;
    let family = Family::new(world).await;
    let in_use = "Cannot Delete Enterprise With Devices, Chips, Vehicles or Users";
    for what in ["chip", "vehicle", "user"] {
        let id = family.adds("Filha", what).await;
        let (company_id, operator) = (family.company_of(&id).await, &family.operator);
        match what {
            "chip" => operator.adds_chip(&company_id, &iccid(), "L1").await,
            "vehicle" => operator.adds_vehicle(&company_id).await,
            _ => drop(invited(world, &operator.rest, &company_id, "members").await),
        }
        let path = format!("/v2/enterprises/{id}");
        refused(family.admin.delete(&path).await, 400, in_use);
    }
    let id = family.adds("Filha", "device").await;
    let (company_id, path) = (family.company_of(&id).await, format!("/v2/enterprises/{id}"));
    let operator = &family.operator;
    let device = operator.adds_device(&company_id, "Rastreador", "R").await.unwrap();
    refused(family.admin.delete(&path).await, 400, in_use);
    operator.adds_device(&company_id, "Outro", "R").await.expect("it is not held any more");
    refused(family.admin.delete(&path).await, 400, in_use);
    for id in [&device, &last_device(&family, &company_id).await] {
        operator.removes_device(&company_id, id).await;
    }
    family.admin.delete(&path).await.expect(200);
    let late = operator.adds_device(&company_id, "Mais um", "R").await.unwrap_err();
    assert!([Code::InvalidArgument, Code::FailedPrecondition].contains(&late.code()), "{late}");
}

async fn last_device(family: &Family<'_>, company_id: &str) -> String {
    sqlx::query_scalar(
        "select device_id from telecom.device where company_id = $1::uuid
          order by created_at desc limit 1",
    )
    .bind(company_id)
    .fetch_one(&family.world.database().await)
    .await
    .expect("a device")
}

#[tokio::test]
async fn two_deletions_at_once_delete_once_and_nothing_slips_in() {
    let world = World::shared().await;
    let family = Family::new(world).await;
    for round in 0..5 {
        let id = family.adds("Filha", &format!("2{round}")).await;
        let (company_id, path) = (family.company_of(&id).await, format!("/v2/enterprises/{id}"));
        let (first, second, device) = futures::join!(
            family.admin.delete(&path),
            family.admin.delete(&path),
            family.operator.adds_device(&company_id, "Rastreador", "R"),
        );
        let mut statuses = [first.status, second.status];
        statuses.sort_unstable();
        let found = family.admin.get(&path).await.status;
        match device {
            Ok(_) => assert_eq!((statuses, found), ([400, 400], 200)),
            Err(_) if found == 200 => assert!(!statuses.contains(&200)),
            Err(_) => assert_eq!((statuses, found), ([200, 404], 404)),
        }
    }
    assert_invariants(&world.database().await, "after deletions at once").await;
}

#[tokio::test]
async fn what_cannot_be_counted_is_not_deleted() {
    let mut world = World::own().await;
    let (id, admin, path) = {
        let family = Family::new(&world).await;
        let id = family.adds("Filha", "1").await;
        let path = format!("/v2/enterprises/{id}");
        (id, family.admin, path)
    };
    for part in [Part::Telecom, Part::Identity] {
        world.stack.kill(part);
        let answer = admin.delete(&path).await;
        assert!(answer.headers.contains_key("retry-after"));
        refused(answer, 503, "Service Unavailable");
        assert_eq!(admin.get(&path).await.expect(200)["data"]["id"], id.as_str());
        world.stack.restart(part).await.unwrap();
        world.stack.ready().await.unwrap();
    }
    if admin.get("/v2/enterprises?filters[chips.serial][eq]=1").await.status == 503 {
        world.settle().await;
    }
    let deleted = admin.delete(&path).await;
    assert!([200, 503].contains(&deleted.status), "{}", deleted.body);
    world.advance("PT5M").await;
    world.settle().await;
    assert_invariants(&world.database().await, "after counts that could not be had").await;
}
