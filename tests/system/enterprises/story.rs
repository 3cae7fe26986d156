//! The life of an enterprise, as the samples tell it.

use harness::World;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Family, names, new, refused};
use crate::cast::invited;

const BRAZIL: &str = "c8a098d7b6932c2";

/// The seed's payload, with the id of a country that there is.
pub(super) fn sample() -> Value {
    json!({"body": {"data": {
        "attributes": {
            "name": "Example Company",
            "cnpj": "12345678901234",
            "timezone": "America/New_York",
            "phone1": "(123) 456-7890",
            "phone2": "(123) 123-4567",
            "email": "info@example.com",
            "contact_name": "John Doe",
            "webpage": "http://example.com",
            "assistance_emergency_tel": "911",
            "theft_emergency_tel": "911",
            "fantasy_name": "Example"
        },
        "relationships": {"country": {"type": "country", "id": BRAZIL}}
    }}})
}

#[tokio::test]
async fn an_enterprise_is_made_changed_stopped_and_deleted() {
    let world = World::shared().await;
    let family = Family::new(world).await;
    let made = family.admin.post("/v2/enterprises/", &sample()).await;
    assert_eq!(made.headers["content-type"], "application/json; charset=utf-8");
    let made = made.expect(200);
    let id = made["data"]["id"].as_str().unwrap();
    assert!(id.len() == 15 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{id}");
    assert_eq!(made["data"]["type"], "enterprises");
    let mut expected = sample()["body"]["data"]["attributes"].clone();
    let attributes = &made["data"]["attributes"];
    for time in ["created_at", "updated_at"] {
        let text = attributes[time].as_str().unwrap();
        assert!(text.len() == 24 && text.ends_with('Z'), "{text}");
        expected[time] = text.into();
    }
    expected["deactivated_at"] = Value::Null;
    assert_eq!(attributes, &expected);
    let country = json!({"country": {"type": "country", "id": BRAZIL}});
    assert_eq!(made["data"]["relationships"], country);
    let path = format!("/v2/enterprises/{id}");
    assert_eq!(family.admin.get(&path).await.expect(200), made);
    assert_eq!(family.member.get(&path).await.expect(200), made);

    let nothing = family.admin.patch(&path, &json!({})).await.expect(200);
    assert_eq!(nothing, made, "nothing changed");
    let change = json!({"data": {
        "attributes": {"email": null, "phone1": "", "name": "Outra"},
        "relationships": {"country": null}
    }});
    let changed = family.admin.patch(&path, &change).await.expect(200);
    let attributes = &changed["data"]["attributes"];
    assert_eq!((&attributes["email"], &attributes["phone1"]), (&Value::Null, &Value::Null));
    assert_eq!(
        (&attributes["name"], &attributes["phone2"]),
        (&"Outra".into(), &expected["phone2"])
    );
    assert_ne!(attributes["updated_at"], expected["updated_at"]);
    assert_eq!(changed["data"]["relationships"], json!({}));

    let status = async |situation: &str| {
        let path = format!("{path}/status/{situation}");
        family.admin.send(Method::PATCH, &path, None).await.expect(200)
    };
    let stopped = status("deactivation").await;
    assert!(stopped["data"]["attributes"]["deactivated_at"].is_string());
    assert_eq!(status("deactivation").await, stopped);
    assert_eq!(family.get("").await["data"].as_array().unwrap().len(), 2, "it is listed too");
    let again = status("activation").await;
    assert_eq!(again["data"]["attributes"]["deactivated_at"], Value::Null);

    let deleted = family.admin.delete(&path).await.expect(200);
    assert_eq!(deleted, json!({"data": {"id": id, "type": "enterprises"}}));
    refused(family.admin.get(&path).await, 404, "Not Found");
    refused(family.admin.delete(&path).await, 404, "Not Found");
    assert_eq!(names(&family.get("").await), ["Topo"]);
    family.admin.post("/v2/enterprises/", &sample()).await.expect(200);
}

#[tokio::test]
async fn a_repeat_makes_nothing_twice() {
    let world = World::shared().await;
    let family = Family::new(world).await;
    let admin = family.admin.with_key("the-same");
    let first = admin.post("/v2/enterprises", &new("Filha", "1")).await.expect(200);
    let second = admin.post("/v2/enterprises", &new("Filha", "1")).await;
    assert_eq!(second.headers["idempotency-replayed"], "true");
    assert_eq!(second.expect(200), first);
    refused(admin.post("/v2/enterprises", &new("Outra", "2")).await, 400, "Bad Request");
}

#[tokio::test]
async fn countries_can_be_known() {
    let world = World::shared().await;
    let family = Family::new(world).await;
    let countries = family.member.get("/v2/countries").await.expect(200);
    let countries = countries["data"].as_array().unwrap();
    assert_eq!(countries.len(), 249);
    let brazil = json!({
        "id": BRAZIL, "type": "country", "attributes": {"code": "BR", "name": "Brazil"}
    });
    assert!(countries.contains(&brazil));
}

#[tokio::test]
async fn people_of_a_stopped_enterprise_are_out() {
    let world = World::shared().await;
    let family = Family::new(world).await;
    let id = family.adds("Filha", "1").await;
    let company_id = family.company_of(&id).await;
    let email = harness::email();
    let body = json!({ "user_email": email, "user_name": "Somebody Invited" });
    let managers = format!("/companies/{company_id}/managers");
    family.operator.rest.put(&managers, &body).await.expect(204);
    let link = world.mailed_path(&email).await;
    let (path, secret) = link.split_once("?token=").unwrap();
    let accept = json!({ "token": secret, "password": "Passw0rd!" });
    world.rest().post(&format!("{path}/accept"), &accept).await.expect(200);
    let child = world.rest().log_in(&email, "Passw0rd!").await;
    assert_eq!(names(&child.get("/v2/enterprises").await.expect(200)), ["Filha"]);

    let stop = format!("/v2/enterprises/{id}/status/deactivation");
    family.admin.send(Method::PATCH, &stop, None).await.expect(200);
    let login = json!({ "email": email, "password": "Passw0rd!" });
    world.rest().post("/login", &login).await.refused(401, "unauthorized");
    let out = async {
        while child.get("/v2/enterprises").await.status != 401 {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    let patience = std::time::Duration::from_secs(30);
    tokio::time::timeout(patience, out).await.expect("the session ends");

    let start = format!("/v2/enterprises/{id}/status/activation");
    family.admin.send(Method::PATCH, &start, None).await.expect(200);
    world.rest().log_in(&email, "Passw0rd!").await.get("/v2/enterprises").await.expect(200);
    refused(child.get("/v2/enterprises").await, 401, "Unauthorized");
}

#[tokio::test]
async fn everybody_sees_their_own_and_what_is_below() {
    let world = World::shared().await;
    let (family, other) = (Family::new(world).await, Family::new(world).await);
    let child = family.adds("Filha", "1").await;
    let company_id = family.company_of(&child).await;
    let token = invited(world, &family.operator.rest, &company_id, "managers").await;
    let below = world.rest().with_token(&token);
    assert_eq!(names(&below.get("/v2/enterprises").await.expect(200)), ["Filha"]);
    refused(below.get(&format!("/v2/enterprises/{}", family.id)).await, 404, "Not Found");
    let path = format!("/v2/enterprises/{child}");
    for method in [Method::GET, Method::DELETE] {
        refused(other.admin.send(method, &path, None).await, 404, "Not Found");
    }
    refused(other.admin.patch(&path, &json!({})).await, 404, "Not Found");

    let grandchild = below.post("/v2/enterprises", &new("Neta", "2")).await.expect(200);
    let grandchild = grandchild["data"]["id"].as_str().unwrap();
    let list = family.get("?includes[enterprise][]=name&sort[created_at]=1").await;
    assert_eq!(names(&list), ["Topo", "Filha", "Neta"]);
    let parents: Vec<_> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            item.pointer("/relationships/enterprise/attributes/name").cloned().unwrap_or_default()
        })
        .collect();
    assert_eq!(parents, [Value::Null, "Topo".into(), "Filha".into()]);
    let path = format!("/v2/enterprises/{grandchild}");
    refused(family.admin.patch(&path, &json!({})).await, 401, "Unauthorized");
    let stop = format!("{path}/status/deactivation");
    refused(family.admin.send(Method::PATCH, &stop, None).await, 401, "Unauthorized");

    // In another's name only who belongs there, or runs the platform.
    let named = |rest: &harness::Rest, id: &str| rest.with_header("x-company", id);
    refused(named(&other.admin, &family.id).get("/v2/enterprises").await, 401, "Unauthorized");
    let operator = named(&family.operator.rest, &family.id);
    assert_eq!(
        operator.get("/v2/enterprises").await.expect(200)["data"][0]["id"].as_str().map(str::len),
        Some(15)
    );
    let empty = family.operator.rest.get("/v2/enterprises?count=1").await.expect(200);
    assert_eq!(empty, json!({"data": [], "meta": {"page": 1, "limit": 15, "total": 0}}));
    refused(family.operator.rest.get(&path).await, 404, "Not Found");
    refused(
        family.operator.rest.post("/v2/enterprises", &new("X", "1")).await,
        401,
        "Unauthorized",
    );
}

#[tokio::test]
async fn companies_of_every_kind_are_listed_by_the_operator() {
    let world = World::shared().await;
    let family = Family::new(world).await;
    let list = async |query: &str| {
        let path = format!("/companies?searchTerm=Topo&limit=200{query}");
        family.operator.rest.get(&path).await.expect(200)
    };
    let found = list("&kind=enterprise").await;
    let items = found["items"].as_array().or(found["companies"].as_array());
    let items = items.or(found["data"].as_array()).expect("companies");
    let own = items.iter().find(|item| item["id"] == family.company_id.as_str()).expect("it");
    assert_eq!(own["kind"], "enterprise");
    let customers = list("&kind=customer").await.to_string();
    assert!(!customers.contains(&family.company_id));
    assert!(list("").await.to_string().contains(&family.company_id));
}
