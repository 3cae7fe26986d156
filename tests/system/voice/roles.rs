//! Who may do what: every route of the document, asked by a USER of the account and by the ADMIN
//! of another one. A route without a row fails.

use std::collections::BTreeSet;

use harness::{Answer, World};
use reqwest::Method;
use serde_json::{Value, json};

use super::cast::{Admin, PASSWORD, User};
use super::{credit, financial, refused};
use crate::openapi::{Document, Operation};

/// What a USER may do with a route.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ByUser {
    /// It needs no token.
    Open,
    /// As much as anybody: it shows, or changes, what is theirs.
    May,
    /// Nothing: 403.
    MayNot,
}

/// What another account's ADMIN is told of what the route names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Other {
    /// It names nothing: they get what is theirs.
    Own,
    /// 404 with this code.
    Absent(&'static str),
}

use ByUser::{May, MayNot, Open};
use Other::{Absent, Own};

const ROUTES: &[(&str, &str, ByUser, Other)] = &[
    ("POST", "/users/login", Open, Own),
    ("GET", "/users/confirm", Open, Own),
    ("POST", "/users/confirm/resend", Open, Own),
    ("POST", "/accounts/signup", Open, Own),
    ("GET", "/users/me", May, Own),
    ("GET", "/users", May, Own),
    ("POST", "/users", MayNot, Own),
    ("PATCH", "/users", May, Absent("USER_NOT_FOUND")),
    ("POST", "/users/logout", May, Own),
    ("POST", "/users/accessTokens", May, Own),
    ("GET", "/users/accessTokens", May, Own),
    ("DELETE", "/users/accessTokens/{prefix}", May, Absent("MODEL_NOT_FOUND")),
    ("GET", "/accounts", May, Own),
    ("GET", "/accounts/financial", MayNot, Own),
    ("POST", "/accounts/financial", MayNot, Own),
    ("PUT", "/accounts/financial", MayNot, Own),
    ("POST", "/charges", MayNot, Own),
    ("GET", "/charges", MayNot, Own),
    ("GET", "/charges/{charge}", MayNot, Absent("MODEL_NOT_FOUND")),
    ("GET", "/credits/balance", May, Own),
    ("GET", "/extensions", May, Own),
    ("POST", "/extensions", MayNot, Own),
    ("GET", "/extensions/{extension}", MayNot, Absent("MODEL_NOT_FOUND")),
    ("PUT", "/extensions/{extension}", MayNot, Absent("MODEL_NOT_FOUND")),
    ("DELETE", "/extensions/{extension}", MayNot, Absent("MODEL_NOT_FOUND")),
    ("GET", "/extensions/next-available", MayNot, Own),
    ("POST", "/extensions/next-available", MayNot, Own),
    ("GET", "/integrations", MayNot, Own),
    ("PATCH", "/integrations", MayNot, Own),
    ("DELETE", "/integrations/{integration}", MayNot, Absent("MODEL_NOT_FOUND")),
    ("GET", "/integrations/{integration}/deliveries", MayNot, Absent("MODEL_NOT_FOUND")),
    ("GET", "/calls", May, Own),
    ("POST", "/calls", MayNot, Absent("EXTENSION_NOT_FOUND")),
    ("POST", "/dialer", MayNot, Absent("EXTENSION_NOT_FOUND")),
    ("POST", "/calls/{call}/hangup", MayNot, Absent("CALL_NOT_FOUND")),
    ("GET", "/recordings/{recording}", May, Absent("MODEL_NOT_FOUND")),
];

const RAMAL: &str = "1001";

fn nameless(path: &str) -> String {
    let mut parts = path.split('{');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |path, part| {
        let rest = part.split_once('}').map_or("", |(_, rest)| rest);
        format!("{path}{{}}{rest}")
    })
}

/// An account with one of everything.
struct Theirs {
    admin: Admin,
    user: User,
    charge: String,
    extension: i64,
    integration: i64,
    call: String,
}

impl Theirs {
    async fn make(world: &World) -> Self {
        let admin = Admin::sign_up(world).await;
        let user = admin.adds(world, "USER").await;
        admin.rest.post("/accounts/financial", &financial()).await.expect(200);
        let charge = credit(world, &admin, 10.0, 1).await;
        let extension = admin.extension(RAMAL, None).await["id"].as_i64().expect("an id");
        let integration = admin.rest.patch("/integrations", &json!({"gateway": "crm"})).await;
        let integration = integration.expect(200)["id"].as_i64().expect("an id");
        let dial = json!({"extension": RAMAL, "phone": "4833328530"});
        let call = admin.rest.post("/dialer", &dial).await.expect(200);
        let call = call["id"].as_str().expect("an id").to_owned();
        Self { admin, user, charge, extension, integration, call }
    }

    fn path(&self, path: &str) -> String {
        path.replace("{prefix}", "aaaaaaaa")
            .replace("{charge}", &self.charge)
            .replace("{extension}", &self.extension.to_string())
            .replace("{integration}", &self.integration.to_string())
            .replace("{recording}", &format!("{}.mp3", self.call))
            .replace("{call}", &self.call)
    }

    /// What is asked of a route: the document's example, about what is theirs.
    fn body(&self, document: &Document, operation: &Operation<'_>, path: &str) -> Option<Value> {
        let mut body = operation.example(document).cloned()?;
        match path {
            "/dialer" => body["extension"] = RAMAL.into(),
            "/calls" => body = json!({"extension": RAMAL, "called": "4833328530"}),
            "/users" if operation.method == "PATCH" => {
                body = json!({"uuid": self.admin.user_id, "name": "Outro Nome"});
            }
            _ => {}
        }
        Some(body)
    }
}

#[tokio::test]
async fn a_route_has_a_row() {
    let document = Document::of_dialect(World::shared().await, "voice").await;
    let served: BTreeSet<(String, String)> = document
        .operations()
        .iter()
        .map(|operation| {
            let path = operation.path.strip_prefix("/api/v1").expect("the base path");
            (operation.method.to_string(), nameless(path))
        })
        .collect();
    let known: BTreeSet<(String, String)> =
        ROUTES.iter().map(|(method, path, ..)| ((*method).to_owned(), nameless(path))).collect();
    assert_eq!(served, known);
}

#[tokio::test]
async fn a_user_may_do_what_is_theirs_and_another_account_sees_nothing() {
    let world = World::own().await;
    let document = Document::of_dialect(&world, "voice").await;
    let theirs = Theirs::make(&world).await;
    let intruder = Admin::sign_up(&world).await;
    for (method, path, user, other) in ROUTES {
        let operations = document.operations();
        let operation = operations
            .iter()
            .find(|operation| {
                operation.method == *method
                    && nameless(operation.path) == nameless(&format!("/api/v1{path}"))
            })
            .unwrap_or_else(|| panic!("{method} {path} is not served"));
        let body = theirs.body(&document, operation, path);
        let target = theirs.path(path);
        let ask = async |rest: &harness::Rest| -> Answer {
            rest.send(operation.method.clone(), &target, body.as_ref()).await
        };
        if *user != Open {
            refused(ask(&world.voice()).await, 401, "AUTHORIZATION_REQUIRED");
        }
        if *user == MayNot {
            let answer = ask(&theirs.user.rest).await;
            assert_eq!(answer.status, 403, "{method} {path} by a USER: {}", answer.body);
            refused(answer, 403, "ACCESS_DENIED");
        }
        if let Absent(code) = other {
            let answer = ask(&intruder.rest).await;
            assert_eq!(answer.status, 404, "{method} {path} by another: {}", answer.body);
            refused(answer, 404, code);
        }
    }
    let own = |answer: Value| answer.as_array().expect("a list").clone();
    for path in ["/extensions", "/integrations", "/charges"] {
        assert_eq!(own(intruder.rest.get(path).await.expect(200)), Vec::<Value>::new(), "{path}");
    }
    let users = own(intruder.rest.get("/users").await.expect(200));
    assert_eq!(users.len(), 1);
    let sneaky = "/extensions?filter[where][or][0][ramal]=1001&filter[where][or][1][id][gt]=0";
    assert_eq!(own(intruder.rest.get(sneaky).await.expect(200)), Vec::<Value>::new());

    let themselves = own(theirs.user.rest.get("/users").await.expect(200));
    assert_eq!(themselves.len(), 1);
    assert_eq!(themselves[0]["uuid"], theirs.user.user_id.as_str());
}

#[tokio::test]
async fn who_may_ask_comes_before_what_is_wrong_with_a_body() {
    let world = World::shared().await;
    let (admin, other) = (Admin::sign_up(world).await, Admin::sign_up(world).await);
    let theirs = other.account["uuid"].as_str().expect("an id");
    let signed = world.rest().log_in(&admin.email, PASSWORD).await;
    let foreign = signed.with_header("x-company", theirs);
    let wrong = [
        ("POST", "/users/accessTokens", json!({"ttl": "x"})),
        ("POST", "/users", json!({"email": 1})),
        ("PATCH", "/users", json!({"email": 1})),
        ("POST", "/dialer", json!({"extension": 1})),
        ("POST", "/calls", json!({})),
        ("POST", "/extensions", json!({"ramal": []})),
        ("POST", "/charges", json!({})),
    ];
    for (method, path, body) in &wrong {
        let method: Method = method.parse().expect("a method");
        let ask = async |rest: &harness::Rest| {
            rest.send(method.clone(), &format!("/api/v1{path}"), Some(body)).await
        };
        refused(ask(&foreign).await, 403, "ACCESS_DENIED");
        assert_eq!(ask(&signed).await.status, 422, "{path}");
    }
    let user = admin.adds(world, "USER").await;
    refused(user.rest.post("/users", &json!({"email": 1})).await, 403, "ACCESS_DENIED");
    let change = async |rest: &harness::Rest, uuid: &str, mut wrong: Value| {
        wrong["uuid"] = uuid.into();
        rest.patch("/users", &wrong).await
    };
    let before = admin.rest.get("/users").await.expect(200);
    for wrong in [json!({"name": 1}), json!({"role": 1}), json!({"currentPassword": 1})] {
        refused(change(&user.rest, &admin.user_id, wrong.clone()).await, 403, "ACCESS_DENIED");
        refused(change(&admin.rest, &other.user_id, wrong.clone()).await, 404, "USER_NOT_FOUND");
        let member = wrong.as_object().expect("an object").keys().next().expect("a member");
        let named = json!({ member: ["format"] });
        let answer = change(&admin.rest, &user.user_id, wrong.clone()).await;
        assert_eq!(super::broken(answer), named);
        let answer = change(&user.rest, &user.user_id, wrong.clone()).await;
        if member == "role" {
            refused(answer, 403, "ACCESS_DENIED");
        } else {
            assert_eq!(super::broken(answer), named);
        }
    }
    assert_eq!(admin.rest.get("/users").await.expect(200), before);
}

#[tokio::test]
async fn a_user_has_the_extension_that_bears_their_email() {
    let world = World::shared().await;
    let admin = Admin::sign_up(world).await;
    let user = admin.adds(world, "USER").await;
    let own = admin.extension("1001", Some(&user.email)).await;
    let other = admin.extension("1002", None).await;
    let listed = user.rest.get("/extensions").await.expect(200);
    assert_eq!(listed.as_array().expect("a list").len(), 1);
    assert_eq!(listed[0]["ramal"], "1001");
    assert_eq!(listed[0]["senha"], "********");
    let read =
        async |extension: &Value| user.rest.get(&format!("/extensions/{}", extension["id"])).await;
    read(&own).await.expect(200);
    refused(read(&other).await, 403, "ACCESS_DENIED");
    let dial = json!({"extension": "1001", "phone": "4833328530"});
    refused(user.rest.post("/dialer", &dial).await, 402, "INSUFFICIENT_CREDITS");
    let role = json!({"role": "ADMIN"});
    refused(user.rest.patch("/users", &role).await, 403, "ACCESS_DENIED");
    let last = json!({"role": "USER"});
    assert_eq!(super::broken(admin.rest.patch("/users", &last).await), json!({"role": ["custom"]}));
}
