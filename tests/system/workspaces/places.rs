//! Locations, countries, languages, meetings, addresses.

use harness::World;
use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Client, MERGE_PATCH, Owner};

#[tokio::test]
async fn a_merge_patch_sets_and_clears() {
    let world = World::shared().await;
    let owner = Owner::new(world, "production").await;
    let location =
        json!({"name": "Matriz", "officeOpenHour": 8, "officeCloseHour": 18, "id": 7, "new": 1});
    let location = owner.client.post("/locations", location).await.expect(201);
    let path = location["@id"].as_str().unwrap();
    let kept = owner.client.patch(path, json!({})).await.expect(200);
    assert_eq!(kept, location);
    let cleared = owner.client.patch(path, json!({"officeOpenHour": null, "name": "Filial"})).await;
    let cleared = cleared.expect(200);
    assert_eq!(
        (&cleared["officeOpenHour"], &cleared["officeCloseHour"]),
        (&Value::Null, &json!(18))
    );
    assert_eq!(cleared["name"], "Filial");
    owner.client.patch(path, json!({"name": null})).await.breaks("name", "not-blank");
    owner
        .client
        .patch(path, json!({"officeOpenHour": 18}))
        .await
        .breaks("officeCloseHour", "out-of-range");
    owner
        .client
        .patch(path, json!({"officeOpenHour": 25}))
        .await
        .breaks("officeOpenHour", "out-of-range");
    owner.client.patch(path, json!({"officeOpenHour": "8"})).await.expect(400);
    owner.client.patch(path, json!([])).await.expect(400);
    let other = Owner::new(world, "production").await;
    other.client.get(path).await.expect(404);
    other.client.patch(path, json!({"name": null})).await.expect(404);
    other.client.get("/locations/x").await.expect(404);
}

#[tokio::test]
async fn countries_and_languages() {
    let world = World::shared().await;
    let owner = Owner::new(world, "production").await;
    let brazil = owner.client.get("/countries/BR").await.expect(200);
    let expected = json!({
        "@context": "/contexts/Country", "@id": "/countries/BR", "@type": "Country", "id": "BR"
    });
    assert_eq!(brazil, expected);
    owner.client.get("/countries/br").await.expect(404);
    let languages = owner.client.walk("/languages").await;
    let ids: Vec<_> = languages.iter().map(|language| &language["id"]).collect();
    assert_eq!(ids, ["en", "pt-BR"]);
    let added = owner.client.post("/languages", json!({"id": "zh-hant-tw"})).await;
    assert_eq!(added.header("location"), "/languages/zh-Hant-TW");
    added.expect(201);
    owner.client.get("/languages/zh-Hant-TW").await.expect(200);
    owner.client.post("/languages", json!({"id": "PT-br"})).await.breaks("id", "not-unique");
    owner.client.post("/languages", json!({"id": "português"})).await.breaks("id", "invalid-value");
    owner.client.post("/languages", json!({})).await.breaks("id", "not-blank");
    owner.client.get("/languages/xx").await.expect(404);
}

/// What can be null: where, under which name, and what else it can be.
const NULLABLE: [(&str, &str, &str); 9] = [
    ("/locations", "officeOpenHour", "8"),
    ("/locations", "officeCloseHour", "18"),
    ("/meetings", "employee", ""),
    ("/meetings", "notes", "\"Pauta\""),
    ("/meetings", "time", "\"2026-11-22T10:30:00+00:00\""),
    ("/organization-addresses", "complement", "\"Sala 2\""),
    ("/organization-addresses", "neighborhood", "\"Centro\""),
    ("/organizations/mail-footer", "mailFooter", "\"<p>Acme</p>\""),
    ("/organizations/mail-footer", "mailFooter", "\"\""),
];

#[tokio::test]
async fn a_merge_patch_client_sets_and_clears_every_nullable_field() {
    let world = World::shared().await;
    let owner = Owner::new(world, "production").await;
    let client = &owner.client;
    let fresh = Owner {
        client: super::client::log_in(world, &owner.email).await,
        email: owner.email.clone(),
        organization: owner.organization.clone(),
    };
    let employee = employee(&fresh, &company_id(world, &owner).await, None).await;
    let meeting = json!({
        "employee": null, "dateFrom": "2026-11-22T10:00:00Z", "dateTo": "2026-11-22T11:00:00Z"
    });
    let meeting = client.post("/meetings", meeting).await.expect(201);
    let location = client.post("/locations", json!({"name": "Matriz"})).await.expect(201);
    let address = owner.address().await;
    for (collection, member, value) in NULLABLE {
        let path = match collection {
            "/locations" => location["@id"].as_str().unwrap(),
            "/meetings" => meeting["@id"].as_str().unwrap(),
            "/organization-addresses" => &address,
            path => path,
        };
        let value = match value {
            "" => json!(employee),
            text => serde_json::from_str(text).unwrap(),
        };
        let before = client.get(path).await.expect(200);
        assert_eq!(before[member], Value::Null, "{collection} {member}");
        let expected = |value: &Value| {
            let mut expected = before.clone();
            expected[member] = value.clone();
            expected
        };
        let change = |value: &Value| client.patch(path, json!({member: value, "unknown": 1}));
        let set = change(&value).await.expect(200);
        assert_eq!(set, expected(&value), "{collection} {member} is set, the rest stays");
        if collection != "/organizations/mail-footer" {
            let kept = client.patch(path, json!({})).await.expect(200);
            assert_eq!(kept, set, "{collection} {member} stays where it is absent");
        }
        assert_eq!(client.get(path).await.expect(200), set, "{collection} {member}");
        for _ in 0..2 {
            let cleared = change(&Value::Null).await.expect(200);
            assert_eq!(cleared, before, "{collection} {member} is cleared");
        }
    }
    for (path, member) in [
        (location["@id"].as_str().unwrap(), "name"),
        (meeting["@id"].as_str().unwrap(), "dateFrom"),
        (meeting["@id"].as_str().unwrap(), "dateTo"),
        (address.as_str(), "street"),
        (address.as_str(), "number"),
        (address.as_str(), "city"),
        (address.as_str(), "state"),
        (address.as_str(), "postalCode"),
        (address.as_str(), "country"),
    ] {
        client.patch(path, json!({member: null})).await.breaks(member, "not-blank");
    }
    for (kind, body) in [
        (Some("application/json"), "{}"),
        (Some("application/ld+json"), "{}"),
        (Some("application/json-patch+json"), "[]"),
        (None, ""),
    ] {
        let path = location["@id"].as_str().unwrap();
        let answer = client.raw(Method::PATCH, path, kind, body.into()).await;
        assert_eq!((answer.status, answer.header("accept-patch")), (415, MERGE_PATCH), "{kind:?}");
    }
}

/// What the other dialects call an organization.
async fn company_id(world: &World, owner: &Owner) -> String {
    let company_id: uuid::Uuid =
        sqlx::query_scalar("select company_id from company.workspace where organization_id = $1")
            .bind(owner.id())
            .fetch_one(&world.database().await)
            .await
            .unwrap();
    company_id.to_string()
}

async fn employee(owner: &Owner, company_id: &str, user_id: Option<&str>) -> String {
    let employee = json!({
        "fullName": "Ana Souza", "status": "active", "companyId": company_id, "userId": user_id
    });
    let kind = Some("application/json");
    let body = employee.to_string().into_bytes();
    let made = owner.client.raw(Method::POST, "/employees", kind, body).await;
    format!("/employees/{}", made.expect(201)["id"].as_str().unwrap())
}

#[tokio::test]
async fn members_meet_for_themselves_and_administrators_for_everybody() {
    let world = World::shared().await;
    let owner = Owner::new(world, "production").await;
    let (member, email) = owner.joined(world, "member").await;
    let database = world.database().await;
    let company_id = company_id(world, &owner).await;
    let user_id: uuid::Uuid =
        sqlx::query_scalar("select user_id from identity.app_user where email = $1")
            .bind(&email)
            .fetch_one(&database)
            .await
            .unwrap();
    // A new token, since other dialects take roles from it.
    let fresh = super::client::log_in(world, &owner.email).await;
    let fresh = Owner {
        client: fresh,
        email: owner.email.clone(),
        organization: owner.organization.clone(),
    };
    let own = employee(&fresh, &company_id, Some(&user_id.to_string())).await;
    let others = employee(&fresh, &company_id, None).await;

    let meeting = |employee: Value| {
        json!({
            "employee": employee, "dateFrom": "2026-11-22T10:00:00-03:00",
            "dateTo": "2026-11-22T14:00:00Z", "notes": "Pauta"
        })
    };
    let made = member.post("/meetings", meeting(json!(own))).await.expect(201);
    assert_eq!(
        (&made["employee"], &made["dateFrom"]),
        (&json!(own), &json!("2026-11-22T13:00:00+00:00"))
    );
    member.post("/meetings", meeting(json!(others))).await.expect(403);
    member.post("/meetings", meeting(Value::Null)).await.expect(403);
    let of_others = owner.client.post("/meetings", meeting(json!(others))).await.expect(201);
    let path = of_others["@id"].as_str().unwrap();
    member.get(path).await.expect(404);
    member.patch(path, json!({"notes": null})).await.expect(404);
    let cleared = member
        .patch(
            made["@id"].as_str().unwrap(),
            json!({"notes": null, "time": "2026-11-22T13:30:00Z"}),
        )
        .await;
    let cleared = cleared.expect(200);
    assert_eq!(
        (&cleared["notes"], &cleared["time"]),
        (&Value::Null, &json!("2026-11-22T13:30:00+00:00"))
    );

    let total = |client: Client, query: String| async move {
        client.get(&format!("/meetings{query}")).await.expect(200)["hydra:totalItems"].clone()
    };
    assert_eq!(total(member.clone(), String::new()).await, 1);
    assert_eq!(total(owner.client.clone(), String::new()).await, 2);
    assert_eq!(total(owner.client.clone(), format!("?employee={own}")).await, 1);
    assert_eq!(
        total(owner.client.clone(), "?dateFrom[after]=2026-11-22T13:00:00Z".to_owned()).await,
        2
    );
    assert_eq!(
        total(owner.client.clone(), "?dateFrom%5Bafter%5D=2026-11-22T13:00:01Z".to_owned()).await,
        0
    );
    owner.client.get("/meetings?dateTo[before]=x").await.expect(400);
    owner.client.get("/meetings?employee=x").await.expect(400);

    let client = &owner.client;
    let missing = client.post("/meetings", json!({})).await.violations();
    let names: Vec<_> = missing.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(names, ["employee", "dateFrom", "dateTo"]);
    let mut backwards = meeting(Value::Null);
    backwards["dateTo"] = json!("2026-11-22T00:00:00Z");
    client.post("/meetings", backwards.clone()).await.breaks("dateTo", "out-of-range");
    backwards["dateTo"] = json!("tomorrow");
    client.post("/meetings", backwards).await.expect(400);
    client.post("/meetings", meeting(json!("/locations/1"))).await.expect(400);
    client
        .post("/meetings", meeting(json!("/employees/0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9d")))
        .await
        .expect(400);
}

#[tokio::test]
async fn addresses_are_in_countries_that_exist() {
    let world = World::shared().await;
    let owner = Owner::new(world, "production").await;
    let path = owner.address().await;
    let changed = owner
        .client
        .patch(&path, json!({"complement": "Sala 2", "country": "/countries/AR"}))
        .await;
    let changed = changed.expect(200);
    assert_eq!(
        (&changed["complement"], &changed["country"]),
        (&json!("Sala 2"), &json!("/countries/AR"))
    );
    owner.client.patch(&path, json!({"country": "/countries/XX"})).await.expect(400);
    owner.client.patch(&path, json!({"street": null})).await.breaks("street", "not-blank");
    let missing = owner.client.post("/organization-addresses", json!({})).await.violations();
    assert_eq!(missing.len(), 6, "{missing:?}");
    let read = owner.client.get(&format!("/organizations/{}", owner.id())).await.expect(200);
    assert_eq!(read["organizationAddresses"], json!([path]));
    let other = Owner::new(world, "production").await;
    other.client.get(&path).await.expect(404);
    other.client.patch(&path, json!({"street": "x"})).await.expect(404);
}
