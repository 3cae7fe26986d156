//! Every limit: what just fits is taken, what is just too much is refused, and changes nothing.

use harness::{World, unique};
use serde_json::{Value, json};

use super::client::{Owner, PASSWORD, PNG, log_in};

/// A member of a body: the most that it may be, what is too much, and how that is refused.
struct Limit {
    path: &'static str,
    member: &'static str,
    most: Value,
    too_much: Value,
    refused_as: &'static str,
}

fn text(path: &'static str, member: &'static str, length: usize) -> Limit {
    // Letters outside of ASCII count as one.
    let of = |length| json!("ç".repeat(length));
    let (most, too_much) = (of(length), of(length + 1));
    Limit { path, member, most, too_much, refused_as: "too-long" }
}

fn number(path: &'static str, member: &'static str, most: i64, too_much: i64) -> Limit {
    let (most, too_much) = (json!(most), json!(too_much));
    Limit { path, member, most, too_much, refused_as: "out-of-range" }
}

fn limits() -> Vec<Limit> {
    let setup = "/integrations/kontomatik/setup";
    let tag = |length: usize| json!(format!("{:a<length$}", "x-aaaaaaaa-aaaaaaaa-aaaaaaaa-"));
    let token = |length: usize| json!("t".repeat(length));
    let session = |member| Limit {
        path: setup,
        member,
        most: token(255),
        too_much: token(256),
        refused_as: "too-long",
    };
    vec![
        text("/organizations", "name", 250),
        text("/locations", "name", 255),
        number("/locations", "officeOpenHour", 24, 25),
        number("/locations", "officeOpenHour", 0, -1),
        number("/locations", "officeCloseHour", 24, 25),
        number("/locations", "officeCloseHour", 0, -1),
        Limit {
            path: "/languages",
            member: "id",
            most: tag(35),
            too_much: tag(36),
            refused_as: "too-long",
        },
        text("/meetings", "notes", 5_000),
        text("/organization-addresses", "street", 255),
        text("/organization-addresses", "number", 20),
        text("/organization-addresses", "complement", 255),
        text("/organization-addresses", "neighborhood", 255),
        text("/organization-addresses", "city", 255),
        text("/organization-addresses", "state", 100),
        text("/organization-addresses", "postalCode", 20),
        text("/payment-methods", "label", 100),
        text("/payment-methods", "providerToken", 255),
        session("sessionId"),
        session("sessionIdSignature"),
        session("target"),
        session("ownerExternalId"),
    ]
}

fn body(path: &str) -> Value {
    match path {
        "/organizations" | "/locations" => json!({"name": "x"}),
        "/meetings" => json!({
            "employee": null, "dateFrom": "2026-11-22T10:00:00Z", "dateTo": "2026-11-22T11:00:00Z"
        }),
        "/organization-addresses" => json!({
            "street": "Rua XV", "number": "1", "city": "Curitiba", "state": "PR",
            "postalCode": "80010-010", "country": "/countries/BR"
        }),
        "/payment-methods" => json!({"type": "card", "providerToken": "tok"}),
        "/integrations/kontomatik/setup" => {
            json!({"sessionId": "s", "sessionIdSignature": "x", "target": "Banco"})
        }
        _ => json!({}),
    }
}

#[tokio::test]
async fn every_member_takes_what_just_fits() {
    let world = World::shared().await;
    let owner = Owner::new(world, "production").await;
    for Limit { path, member, most, too_much, refused_as } in limits() {
        let with = |value: &Value| {
            let mut body = body(path);
            body[member] = value.clone();
            owner.client.post(path, body)
        };
        let total = async || {
            let listed = if path.contains("kontomatik") { "/bank-connections" } else { path };
            owner.client.get(listed).await.expect(200)["hydra:totalItems"].as_u64().unwrap()
        };
        let before = total().await;
        with(&too_much).await.breaks(member, refused_as);
        assert_eq!(total().await, before, "{path} {member}: nothing changes");
        let made = with(&most).await;
        assert_eq!(made.status, 201, "{path} {member}: {}", made.body);
        assert_eq!(total().await, before + 1, "{path} {member}");
    }
}

#[tokio::test]
async fn a_subscription_has_so_much_and_no_more() {
    let world = World::shared().await;
    let owner = Owner::new(world, "production").await;
    let good = owner.subscription().await;
    let with = |member: &str, value: Value| {
        let mut wanted = good.clone();
        wanted[member] = value;
        owner.client.post("/subscriptions", wanted)
    };
    let note =
        |key: usize, value: usize| json!({"key": "k".repeat(key), "value": "v".repeat(value)});
    with("seats", json!(0)).await.breaks("seats", "out-of-range");
    with("seats", json!(10_001)).await.breaks("seats", "out-of-range");
    with("metadata", json!(vec![note(1, 1); 21])).await.breaks("metadata", "out-of-range");
    with("metadata", json!([note(101, 1)])).await.breaks("metadata[0].key", "too-long");
    with("metadata", json!([note(1, 1), note(1, 501)]))
        .await
        .breaks("metadata[1].value", "too-long");
    with("metadata", json!([{"value": "x"}])).await.breaks("metadata[0].key", "not-blank");
    with("metadata", json!([{"key": 1}])).await.expect(400);
    let mut most = good.clone();
    most["seats"] = json!(10_000);
    most["metadata"] = json!(vec![note(100, 500); 20]);
    let made = owner.client.post("/subscriptions", most.clone()).await.expect(201);
    assert_eq!((&made["seats"], &made["metadata"]), (&most["seats"], &most["metadata"]));
}

#[tokio::test]
async fn slugs_footers_and_passwords_have_their_lengths() {
    let world = World::shared().await;
    let owner = Owner::new(world, "production").await;
    let client = &owner.client;
    let slug = |slug: String| client.post("/organizations", json!({"name": "x", "slug": slug}));
    slug("a".repeat(64)).await.breaks("slug", "too-long");
    slug("Acme".to_owned()).await.breaks("slug", "invalid-value");
    slug(String::new()).await.breaks("slug", "not-blank");
    let longest = format!("{:-<63}", unique());
    assert_eq!(slug(longest.clone()).await.expect(201)["slug"], longest);
    let footer = |length| {
        let change = json!({"mailFooter": "ç".repeat(length)});
        client.patch("/organizations/mail-footer", change)
    };
    footer(20_001).await.breaks("mailFooter", "too-long");
    footer(20_000).await.expect(200);

    let email = harness::email();
    let invitation = json!({"email": email, "role": "member"});
    client.post("/organization-user-invitations", invitation).await.expect(201);
    let link = world.mailed_path(&email).await;
    let token = link.split_once("?token=").unwrap().1.to_owned();
    let accept = |password: String| {
        let accepted = json!({"token": token, "password": password});
        client.post("/organization-user-invitations/accept", accepted)
    };
    accept(String::new()).await.breaks("password", "not-blank");
    accept("seven77".to_owned()).await.breaks("password", "invalid-value");
    accept("x".repeat(129)).await.breaks("password", "too-long");
    accept("password".to_owned()).await.breaks("password", "invalid-value");
    accept(PASSWORD.to_owned()).await.expect(200);
    log_in(world, &email).await;
}

#[tokio::test]
async fn one_person_opens_ten_organizations() {
    let world = World::shared().await;
    let owner = Owner::new(world, "production").await;
    let open = || owner.client.post("/organizations", json!({"name": "Filial"}));
    for _ in 1..10 {
        open().await.expect(201);
    }
    open().await.breaks("", "invalid-state");
    assert_eq!(owner.client.get("/organizations").await.expect(200)["hydra:totalItems"], 10);
}

#[tokio::test]
async fn a_hundred_wait_to_be_let_in() {
    let world = World::shared().await;
    let owner = Owner::new(world, "production").await;
    let invite = |email: &str| {
        let invitation = json!({"email": email, "role": "member"});
        owner.client.post("/organization-user-invitations", invitation)
    };
    let first = harness::email();
    invite(&first).await.expect(201);
    sqlx::query(
        "insert into identity.organization_invitation
             (invitation_id, company_id, email, role, token_hash, invited_by, created_at,
              expires_at)
         select gen_random_uuid(), company_id, number || email, role,
                decode(md5(number || email), 'hex'), invited_by, created_at, expires_at
           from identity.organization_invitation, generate_series(1, 99) as number
          where email = $1",
    )
    .bind(&first)
    .execute(&world.database().await)
    .await
    .unwrap();
    let waiting = async || {
        let path = format!("/organizations/{}", owner.id());
        let organization = owner.client.get(&path).await.expect(200);
        organization["organizationUserInvitations"].as_array().unwrap().len()
    };
    assert_eq!(waiting().await, 100);
    invite(&harness::email()).await.breaks("", "invalid-state");
    invite(&first).await.expect(201);
    assert_eq!(waiting().await, 100);
}

#[tokio::test]
async fn an_organization_has_a_hundred_addresses() {
    let world = World::shared().await;
    let owner = Owner::new(world, "production").await;
    let first = owner.address().await;
    sqlx::query(
        "insert into company.organization_address
             (address_id, company_id, street, number, city, state, postal_code, country,
              created_at, updated_at)
         select gen_random_uuid(), company_id, street, number, city, state, postal_code, country,
                created_at, updated_at
           from company.organization_address, generate_series(1, 98)
          where address_id = $1::uuid",
    )
    .bind(first.rsplit('/').next().unwrap())
    .execute(&world.database().await)
    .await
    .unwrap();
    owner.address().await;
    let path = "/organization-addresses";
    owner.client.post(path, body(path)).await.breaks("", "invalid-state");
    assert_eq!(owner.client.get(path).await.expect(200)["hydra:totalItems"], 100);
    owner.client.patch(&first, json!({"number": "2"})).await.expect(200);
}

#[tokio::test]
async fn bodies_and_files_are_only_so_long() {
    let world = World::shared().await;
    let owner = Owner::new(world, "production").await;
    let client = &owner.client;
    let padded = |length: usize| {
        let body = format!("{{\"name\": \"x\"{}}}", " ".repeat(length - 13));
        assert_eq!(body.len(), length);
        client.raw(reqwest::Method::POST, "/locations", Some("application/json"), body.into())
    };
    padded(256 * 1024).await.expect(201);
    padded(256 * 1024 + 1).await.expect(413);
    // What follows a picture is not kept, but counts.
    let file = |length: usize| {
        let mut file = PNG.to_vec();
        file.resize(length, 0);
        file
    };
    client.upload("/organizations/icon", &file(1024 * 1024)).await.expect(201);
    client.upload("/organizations/icon", &file(1024 * 1024 + 1)).await.expect(413);
    let huge = client.upload("/organizations/icon", &file(4 * 1024 * 1024)).await;
    assert_eq!(huge.status, 413);
    let picture = client.get(&format!("/organizations/{}/icon", owner.id())).await;
    assert!(picture.bytes.len() < 1024, "the picture alone is kept");
}

#[tokio::test]
async fn a_page_has_a_hundred_at_the_most() {
    let world = World::shared().await;
    let owner = Owner::new(world, "production").await;
    let shown = async |query: &str| {
        let page = owner.client.get(&format!("/countries?{query}")).await.expect(200);
        (page["hydra:member"].as_array().unwrap().len(), page["hydra:totalItems"].clone())
    };
    for (query, length) in [
        ("", 30),
        ("page=9", 9),
        ("page=10", 0),
        ("page=99999999999999999999", 0),
        ("itemsPerPage=1", 1),
        ("itemsPerPage=100", 100),
        ("itemsPerPage=101", 100),
        ("itemsPerPage=99999999999999999999", 100),
        ("itemsPerPage=100&page=3", 49),
        ("pagination=false&partial=true", 30),
    ] {
        assert_eq!(shown(query).await, (length, json!(249)), "{query}");
    }
    for query in ["page=0", "page=-1", "page=1.5", "page=x", "page=", "itemsPerPage=0"] {
        let refused = owner.client.get(&format!("/countries?{query}")).await.expect(400);
        let name = query.split_once('=').unwrap().0;
        let expected = json!({
            "@context": "/contexts/Error", "@id": "/errors/400", "@type": "hydra:Error",
            "type": "/errors/400", "title": "An error occurred", "status": 400,
            "detail": format!("\"{name}\" is not a positive integer."),
            "hydra:title": "An error occurred",
            "hydra:description": format!("\"{name}\" is not a positive integer.")
        });
        assert_eq!(refused, expected, "{query}");
    }
}
