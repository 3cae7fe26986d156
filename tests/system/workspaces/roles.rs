//! Who may do what, for every operation of the document.

use std::collections::HashSet;

use harness::{World, email};
use local::Part;
use proto::company::v1::organization_service_client::OrganizationServiceClient;
use proto::company::v1::{OrganizationStatus, SetOrganizationStatusRequest};
use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, Client, MERGE_PATCH, Owner, PASSWORD, PNG, by_operator};
use crate::openapi::Document;

const LD: &str = "application/ld+json";

/// One of each thing that a path can name.
struct Things {
    organization: String,
    location: String,
    language: String,
    meeting: String,
    address: String,
    payment_method: String,
    subscription: String,
    invoice: String,
    connection: String,
    integration: String,
    membership: String,
}

impl Things {
    async fn of(owner: &Owner) -> Self {
        let client = &owner.client;
        let iri = |value: &Value| value["@id"].as_str().unwrap().to_owned();
        let location = client.post("/locations", json!({"name": "Matriz"})).await.expect(201);
        let language = client.post("/languages", json!({"id": "fr"})).await.expect(201);
        let meeting = json!({
            "employee": null, "dateFrom": "2026-11-22T10:00:00Z", "dateTo": "2026-11-22T11:00:00Z"
        });
        let meeting = client.post("/meetings", meeting).await.expect(201);
        let method = client.post("/payment-methods", json!({"type": "pix"})).await.expect(201);
        let subscription = owner.subscribed().await;
        let invoices = format!("{}/invoices", iri(&subscription));
        let invoices = client.get(&invoices).await.expect(200);
        let setup = json!({"sessionId": "s", "sessionIdSignature": "x", "target": "Banco"});
        let setup = client.post("/integrations/kontomatik/setup", setup).await.expect(201);
        client.upload("/organizations/icon", PNG).await.expect(201);
        client.upload("/organizations/logo", PNG).await.expect(201);
        let owners = &owner.organization["organizationUsers"];
        Self {
            organization: iri(&owner.organization),
            location: iri(&location),
            language: iri(&language),
            meeting: iri(&meeting),
            address: subscription["organizationAddress"].as_str().unwrap().to_owned(),
            payment_method: iri(&method),
            subscription: iri(&subscription),
            invoice: iri(&invoices["hydra:member"][0]),
            connection: setup["bankConnection"].as_str().unwrap().to_owned(),
            integration: iri(&setup),
            membership: format!("/organization-users/{}", owners[0]["id"].as_str().unwrap()),
        }
    }

    /// The path of an operation, at these things.
    fn path(&self, template: &str) -> String {
        let invoices = "/subscriptions/{id}/invoices/{invoiceId}";
        for (named, place) in [
            (invoices, &self.invoice),
            ("/organizations/{id}", &self.organization),
            ("/locations/{id}", &self.location),
            ("/languages/{id}", &self.language),
            ("/meetings/{id}", &self.meeting),
            ("/organization-addresses/{id}", &self.address),
            ("/payment-methods/{id}", &self.payment_method),
            ("/subscriptions/{id}", &self.subscription),
            ("/bank-connections/{id}", &self.connection),
            ("/integrations/{id}", &self.integration),
            ("/organization-users/{id}", &self.membership),
            ("/countries/{id}", &"/countries/BR".to_owned()),
        ] {
            if let Some(rest) = template.strip_prefix(named) {
                return format!("{place}{rest}");
            }
        }
        assert!(!template.contains('{'), "{template} names something else");
        template.to_owned()
    }

    /// A body with which the owner could do it.
    fn body(&self, template: &str) -> Value {
        let address = json!({
            "street": "Rua XV", "number": "1", "city": "Curitiba", "state": "PR",
            "postalCode": "80010-010", "country": "/countries/BR"
        });
        match template {
            "/locations" => json!({"name": "Filial"}),
            "/languages" => json!({"id": "de"}),
            "/meetings" => json!({
                "employee": null, "dateFrom": "2026-11-22T10:00:00Z",
                "dateTo": "2026-11-22T11:00:00Z"
            }),
            "/organizations/mail-footer" => json!({"mailFooter": "x"}),
            "/organization-addresses" => address,
            "/payment-methods" => json!({"type": "pix"}),
            "/organization-user-invitations" => json!({"email": email(), "role": "member"}),
            "/integrations/kontomatik/setup" => {
                json!({"sessionId": "s", "sessionIdSignature": "x", "target": "Banco"})
            }
            "/subscriptions" => json!({
                "organization": self.organization, "organizationAddress": self.address,
                "type": "monthly", "products": ["workspace"]
            }),
            "/subscriptions/apply-coupon" => json!({"coupon": "NONE"}),
            _ => json!({}),
        }
    }

    async fn ask(&self, client: &Client, method: &Method, template: &str) -> Answer {
        let path = self.path(template);
        if ["/organizations/icon", "/organizations/logo"].contains(&template) {
            return client.upload(&path, PNG).await;
        }
        let kind = match *method {
            Method::POST => Some(LD),
            Method::PATCH => Some(MERGE_PATCH),
            _ => None,
        };
        let body = self.body(template).to_string().into_bytes();
        client.raw(method.clone(), &path, kind, body).await
    }
}

/// Operations that need a token: method, path, and whether it changes something.
async fn guarded(world: &World) -> Vec<(Method, String)> {
    let document = Document::of_dialect(world, "workspaces").await;
    let is_guarded = |value: &Value| {
        let parameters = value["parameters"].as_array().into_iter().flatten();
        parameters.into_iter().any(|of| of["name"] == "X-Company")
    };
    let operations = document.operations().into_iter().filter(|of| is_guarded(of.value));
    operations.map(|of| (of.method, of.path.to_owned())).collect()
}

#[tokio::test]
async fn members_read_what_administrators_change() {
    let world = World::shared().await;
    let owner = Owner::new(world, "demo").await;
    let things = Things::of(&owner).await;
    let (member, _) = owner.joined(world, "member").await;
    let mut seen = HashSet::new();
    for (method, path) in guarded(world).await {
        let status = things.ask(&member, &method, &path).await.status;
        let expected = match (method.as_str(), path.as_str()) {
            // A meeting of nobody in particular is not theirs.
            (_, "/meetings/{id}") => 404,
            ("GET", _) => 200,
            // Everybody may open an organization of their own.
            ("POST", "/organizations") => 422,
            _ => 403,
        };
        assert_eq!(status, expected, "{method} {path}");
        seen.insert(status);
    }
    assert_eq!(seen, HashSet::from([200, 403, 404, 422]));
}

#[tokio::test]
async fn others_things_do_not_exist() {
    let world = World::shared().await;
    let owner = Owner::new(world, "demo").await;
    let things = Things::of(&owner).await;
    let stranger = Owner::new(world, "demo").await;
    let foreign = stranger.client.with("x-company", owner.id());
    for (method, path) in guarded(world).await {
        let everybodys = path == "/countries/{id}";
        if path.contains('{') && !everybodys {
            for client in [&stranger.client, &foreign] {
                let answer = things.ask(client, &method, &path).await;
                assert_eq!(answer.status, 404, "{method} {path}: {}", answer.body);
                assert_eq!(answer.body["detail"], "Not Found", "{method} {path}");
            }
        }
    }
    // Where the organization is not in the path, it is in a header or in the body.
    for (method, path) in [
        (Method::POST, "/locations"),
        (Method::GET, "/locations"),
        (Method::GET, "/languages"),
        (Method::POST, "/languages"),
        (Method::GET, "/meetings"),
        (Method::POST, "/meetings"),
        (Method::POST, "/organizations/clear"),
        (Method::POST, "/organizations/icon"),
        (Method::POST, "/organizations/logo"),
        (Method::GET, "/organizations/mail-footer"),
        (Method::PATCH, "/organizations/mail-footer"),
        (Method::POST, "/organization-addresses"),
        (Method::POST, "/payment-methods"),
        (Method::POST, "/organization-user-invitations"),
        (Method::POST, "/integrations/kontomatik/setup"),
        (Method::POST, "/integrations/kontomatik/pull"),
        (Method::POST, "/integrations/kontomatik/revoke"),
        (Method::POST, "/subscriptions/apply-coupon"),
        (Method::POST, "/subscriptions/clear-coupon"),
    ] {
        let answer = things.ask(&foreign, &method, path).await;
        assert_eq!(answer.status, 404, "{method} {path}: {}", answer.body);
    }
    let named = |path: &'static str, body: Value| stranger.client.post(path, body);
    let connection = json!({"bankConnection": things.connection});
    named("/integrations/kontomatik/pull", connection.clone()).await.expect(400);
    named("/integrations/kontomatik/revoke", connection).await.expect(400);
    let subscription = json!({"coupon": "NONE", "subscription": things.subscription});
    named("/subscriptions/apply-coupon", subscription.clone()).await.expect(400);
    named("/subscriptions/clear-coupon", subscription).await.expect(400);
    let (client, own) = (&stranger.client, stranger.subscription().await);
    for (member, foreign) in [
        ("organization", &things.organization),
        ("organizationAddress", &things.address),
        ("paymentMethod", &things.payment_method),
    ] {
        let mut wanted = own.clone();
        wanted[member] = json!(foreign);
        client.post("/subscriptions", wanted).await.expect(400);
    }
    for path in ["/organizations", "/subscriptions", "/bank-connections", "/payment-methods"] {
        for thing in client.walk(path).await {
            let place = thing["@id"].as_str().unwrap();
            let others = [
                &things.organization,
                &things.subscription,
                &things.connection,
                &things.payment_method,
            ];
            assert!(others.iter().all(|other| *other != place), "{place}");
        }
    }
}

#[tokio::test]
async fn what_is_suspended_or_pending_is_only_read() {
    let world = World::shared().await;
    for status in [OrganizationStatus::Suspended, OrganizationStatus::Pending] {
        let owner = Owner::new(world, "demo").await;
        let things = Things::of(&owner).await;
        let email = email();
        let invitation = json!({"email": email, "role": "member"});
        owner.client.post("/organization-user-invitations", invitation).await.expect(201);
        let link = world.mailed_path(&email).await;
        let token = link.split_once("?token=").unwrap().1;
        let accept = async || {
            let accepted = json!({"token": token, "password": PASSWORD});
            Client::new(world).post("/organization-user-invitations/accept", accepted).await
        };
        let turn = async |status: OrganizationStatus| {
            let request = SetOrganizationStatusRequest {
                organization_id: owner.id().to_owned(),
                status: status.into(),
            };
            OrganizationServiceClient::new(world.channel(Part::Company))
                .set_organization_status(by_operator(world, request).await)
                .await
                .unwrap();
        };
        turn(status).await;
        for (method, path) in guarded(world).await {
            let answer = things.ask(&owner.client, &method, &path).await;
            let expected = match (method.as_str(), path.as_str()) {
                ("GET", _) => 200,
                ("POST", "/organizations") => 422,
                _ => 403,
            };
            assert_eq!(answer.status, expected, "{method} {path}: {}", answer.body);
        }
        // Whoever was invited waits, with a link that stays good.
        accept().await.expect(403);
        let refused = Client::new(world)
            .post("/api/login", json!({"username": email, "password": PASSWORD}))
            .await;
        refused.expect(401);
        turn(OrganizationStatus::Active).await;
        assert_eq!(accept().await.expect(200)["id"], owner.organization["id"]);
    }
}
