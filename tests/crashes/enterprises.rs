//! An enterprise is deleted whole or not at all, and nothing that could not be deleted stays held.

use std::time::Duration;

use harness::invariants::assert_invariants;
use harness::{Rest, World, with_token};
use local::Part;
use proto::telecom::v1::device_service_client::DeviceServiceClient;
use proto::telecom::v1::{Device, RegisterDeviceRequest};
use reqwest::Method;
use serde_json::{Value, json};
use tonic::transport::Channel;

use crate::crash_at;

pub(crate) const POINTS: [(&str, Part); 4] = [
    ("company.enterprise_closing.marked", Part::Company),
    ("company.enterprise_closing.counted", Part::Company),
    ("company.enterprise_closing.deleted", Part::Company),
    ("company.enterprise_closing.given_up", Part::Company),
];

const PAUSE: Duration = Duration::from_millis(100);

/// An enterprise below the demo's: its id, and the UUID of its company.
async fn enterprise(world: &World, admin: &Rest, cnpj: &str) -> (String, String) {
    let attributes = json!({"name": "Filha", "cnpj": cnpj, "timezone": null});
    let new = json!({"data": {"attributes": attributes, "relationships": {}}});
    let made = admin.post("/v2/enterprises", &new).await.expect(200);
    let id = made["data"]["id"].as_str().unwrap().to_owned();
    let company_id =
        sqlx::query_scalar("select company_id::text from company.enterprise where public_id = $1")
            .bind(&id)
            .fetch_one(&world.database().await)
            .await
            .unwrap();
    (id, company_id)
}

/// Deletes until there is an answer.
async fn delete(admin: Rest, id: String) -> (u16, Value) {
    loop {
        match admin.try_send(Method::DELETE, &format!("/v2/enterprises/{id}"), None).await {
            Ok(answer) if ![502, 503].contains(&answer.status) => {
                return (answer.status, answer.body);
            }
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
}

async fn add_device(channel: Channel, token: &str, company_id: &str) {
    let device = Device {
        company_id: company_id.to_owned(),
        name: "Rastreador".to_owned(),
        ..Device::default()
    };
    let register = RegisterDeviceRequest { device: Some(device) };
    let request = with_token(register, token);
    DeviceServiceClient::new(channel).register_device(request).await.unwrap();
}

#[tokio::test]
async fn a_deletion_survives_the_death_of_company_at_any_step() {
    let mut world = World::own().await;
    let database = world.database().await;
    let account = world.demo.enterprise.clone().unwrap();
    let admin = world.rest().log_in(&account.email, &account.password).await;
    let operator = world.demo.operator.clone();
    let session = json!({ "email": operator.email, "password": operator.password });
    let session = world.rest().post("/login", &session).await.expect(200);
    let token = session["access_token"].as_str().unwrap();
    for (round, (point, part)) in POINTS.into_iter().enumerate() {
        let (id, company_id) = enterprise(&world, &admin, &format!("9{round}")).await;
        let is_kept = point.ends_with("given_up");
        if is_kept {
            add_device(world.channel(Part::Telecom), token, &company_id).await;
        }
        let deleting = delete(admin.clone(), id.clone());
        let (status, body) = crash_at(&mut world, point, part, deleting).await;
        // Whoever died may have left it to somebody else to finish.
        world.advance("PT2M").await;
        world.settle().await;
        let found = admin.get(&format!("/v2/enterprises/{id}")).await.status;
        if is_kept {
            assert_eq!((status, found), (400, 200), "after a crash at {point}: {body}");
            add_device(world.channel(Part::Telecom), token, &company_id).await;
        } else {
            assert!([200, 404].contains(&status), "after a crash at {point}: {status} {body}");
            assert_eq!(found, 404, "after a crash at {point}");
        }
        assert_invariants(&database, point).await;
    }
}

#[tokio::test]
async fn a_deletion_that_nobody_asks_for_again_comes_to_its_end() {
    let mut world = World::own().await;
    let database = world.database().await;
    let account = world.demo.enterprise.clone().unwrap();
    let admin = world.rest().log_in(&account.email, &account.password).await;
    for (round, point) in ["marked", "counted"].into_iter().enumerate() {
        let point = format!("company.enterprise_closing.{point}");
        let (id, _) = enterprise(&world, &admin, &format!("8{round}")).await;
        let path = format!("/v2/enterprises/{id}");
        let asking = admin.clone();
        let once = async move { asking.try_send(Method::DELETE, &path, None).await.is_ok() };
        crash_at(&mut world, &point, Part::Company, once).await;
        world.advance("PT2M").await;
        world.settle().await;
        let found = admin.get(&format!("/v2/enterprises/{id}")).await.status;
        assert_eq!(found, 404, "after a crash at {point}");
        assert_invariants(&database, &point).await;
    }
}
