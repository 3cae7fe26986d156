//! What requests may look like.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use proto::billing::v1 as billing;
use proto::common::v1 as common;
use proto::company::v1 as company;
use proto::telecom::v1 as telecom;
use serde_json::{Value, json};

use crate::lines::{ID, credentials, login};
use crate::support::{Answer, World};

const LIST_COMPANIES: &str = "/linha.company.v1.CompanyService/ListCompanies";
const LIST_EMPLOYEES: &str = "/linha.company.v1.EmployeeService/ListEmployees";

#[tokio::test]
async fn an_id_that_cannot_be_one_names_nothing() {
    let world = World::new().await;
    for path in
        ["/phone-accounts/7", "/companies/%F0%28%8C", "/employees/..", "/companies/x/sim-cards"]
    {
        let answer = world.ask_as("GET", path, None).await;
        assert_eq!(answer.error(), (404, "resource-not-found".to_owned()), "{path}");
    }
    let price = json!({"priceCents": 1});
    let path = format!("/companies/{ID}/subscription-plans/7");
    assert_eq!(world.ask_as("PATCH", &path, Some(&price)).await.error().0, 404);
}

async fn post_raw(world: &World, path: &str, kind: Option<&str>, body: Vec<u8>) -> Answer {
    let request = Request::post(path).header("authorization", format!("Bearer {}", world.token));
    let request = match kind {
        Some(kind) => request.header("content-type", kind),
        None => request,
    };
    world.send(request.body(Body::from(body)).unwrap()).await
}

#[tokio::test]
async fn bodies_must_be_json_of_a_fair_size() {
    let world = World::new().await;
    login(&world);
    let body = credentials().to_string().into_bytes();
    for kind in ["application/json; charset=utf-8", "Application/JSON", "application/x+json"] {
        let answer = post_raw(&world, "/login", Some(kind), body.clone()).await;
        assert_eq!(answer.status, StatusCode::OK, "{kind}: {}", answer.text);
    }
    for kind in [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("json")]
    {
        let answer = post_raw(&world, "/login", kind, body.clone()).await;
        assert_eq!(answer.error(), (415, "unsupported-media-type".to_owned()), "{kind:?}");
    }
    let json = Some("application/json");
    for body in ["", "{", "[]", "{\"email\": 1, \"password\": \"x\"}"] {
        let answer = post_raw(&world, "/login", json, body.into()).await;
        assert_eq!(answer.error(), (400, "malformed-request".to_owned()), "{body}");
    }
    let huge = |bytes: usize| format!("{{\"x\": \"{}\"}}", "y".repeat(bytes)).into_bytes();
    let answer = post_raw(&world, "/login", json, huge(256 * 1024)).await;
    assert_eq!(answer.error(), (413, "payload-too-large".to_owned()));
    let answer = post_raw(&world, "/sim-cards", json, huge(256 * 1024)).await;
    assert_eq!(answer.keys(), ["company_id", "iccids"]);
    let answer = post_raw(&world, "/sim-cards", json, huge(1024 * 1024)).await;
    assert_eq!(answer.error(), (413, "payload-too-large".to_owned()));

    // A body that grows while it is sent has no length to be refused by.
    let chunks = (0..300).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1024]));
    let request = Request::post("/login")
        .header("content-type", "application/json")
        .body(Body::from_stream(tokio_stream::iter(chunks)))
        .unwrap();
    assert_eq!(world.send(request).await.error().0, 413);
}

#[tokio::test]
async fn values_that_are_wrong_are_named() {
    let world = World::new().await;
    let named = async |method: &str, path: &str, body: Value| {
        world.ask_as(method, path, Some(&body)).await.keys()
    };
    assert_eq!(named("POST", "/login", json!({})).await, ["email", "password"]);
    assert_eq!(
        named("POST", "/login", json!({"email": "a@example.com", "password": 1})).await,
        ["password"]
    );
    let path = format!("/companies/{ID}/phone-accounts");
    for area_code in [json!(0), json!(10), json!(100), json!(-41), json!(u64::MAX)] {
        let order = json!({"subscription_plan_id": ID, "area_code": area_code});
        assert_eq!(named("POST", &path, order).await, ["area_code"], "{area_code}");
    }
    let path = format!("/signup-forms/{ID}/complete");
    let passwords = json!({"password": "Passw0rd!", "confirm_password": "passw0rd!"});
    assert_eq!(named("POST", &path, passwords).await, ["confirm_password"]);
    let path = format!("/password-resets/{ID}/complete");
    assert_eq!(named("POST", &path, json!({"new_password": 123456})).await, ["new_password"]);
    assert_eq!(named("POST", &path, json!({"new_password": null})).await, ["new_password"]);
    let path = format!("/companies/{ID}/phone-accounts");
    assert_eq!(named("POST", &path, json!({})).await, ["subscription_plan_id", "area_code"]);
    let employee = json!({"fullName": "x", "status": "active", "companyId": ID,
        "admittedAt": "x", "terminatedAt": "2020-01-01"});
    assert_eq!(named("POST", "/employees", employee).await, ["admittedAt", "terminatedAt"]);
}

#[tokio::test]
async fn members_of_the_wrong_type_are_named() {
    let world = World::new().await;
    let malformed = async |path: &str, body: Value, member: &str| {
        let answer = world.ask_as("POST", path, Some(&body)).await;
        assert_eq!(answer.error(), (400, "malformed-request".to_owned()), "{body}");
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(message.contains(&format!("`{member}`")), "{message}");
    };
    let form = |member: &str, value: Value| json!({"email": "a@example.com", member: value});
    for (member, value) in [
        ("email", json!(1)),
        ("area_code", json!("41")),
        ("area_code", json!(41.5)),
        ("address", json!("Rua")),
        ("address", json!(["80010-010"])),
        ("cpf", json!(11_144_477_735_i64)),
    ] {
        malformed("/signup-forms", form(member, value), member).await;
    }
    let address = form("address", json!({"street_number": 1.5}));
    malformed("/signup-forms", address, "address.street_number").await;
    let employee = json!({"fullName": "x", "status": "resting", "companyId": ID});
    malformed("/employees", employee, "status").await;
    let cards = json!({"company_id": ID, "iccids": ["8955", 1]});
    malformed("/sim-cards", cards, "iccids[1]").await;
}

#[tokio::test]
async fn lists_are_paged_within_bounds() {
    let world = World::new().await;
    world.services.on(LIST_COMPANIES, |_: company::ListCompaniesRequest| {
        Ok(company::ListCompaniesResponse {
            companies: vec![company::Company::default()],
            page: Some(common::PageResponse { next_page_token: "n".to_owned(), total_size: 7 }),
        })
    });
    for (query, size, skip) in [
        ("", 50, 0),
        ("?limit=10&offset=20", 10, 20),
        ("?limit=201", 200, 0),
        ("?limit=99999999999999", 200, 0),
        ("?offset=99999999999999", 50, i32::MAX),
    ] {
        let answer = world.ask_as("GET", &format!("/companies{query}"), None).await;
        assert_eq!(answer.status, StatusCode::OK, "{query} {}", answer.text);
        assert_eq!(answer.json()["pagination"], json!({"hasMore": true, "totalCount": 7}));
        let (_, sent) = world.services.last::<company::ListCompaniesRequest>(LIST_COMPANIES);
        let page = sent.page.unwrap();
        assert_eq!((page.page_size, page.skip), (size, skip), "{query}");
    }
    world.ask_as("GET", "/companies?searchTerm=S%C3%A3o+Paulo", None).await;
    let (_, sent) = world.services.last::<company::ListCompaniesRequest>(LIST_COMPANIES);
    assert_eq!(sent.search_term, "São Paulo");
    for (query, keys) in [
        ("limit=0", vec!["limit"]),
        ("limit=-1", vec!["limit"]),
        ("limit=x", vec!["limit"]),
        ("limit=", vec!["limit"]),
        ("offset=-1", vec!["offset"]),
        ("limit=1.5&offset=x", vec!["limit", "offset"]),
    ] {
        let answer = world.ask_as("GET", &format!("/companies?{query}"), None).await;
        assert_eq!(answer.keys(), keys, "{query}");
        let path = format!("/companies/{ID}/sim-cards?{query}");
        assert_eq!(world.ask_as("GET", &path, None).await.keys(), keys, "{query}");
    }
}

#[tokio::test]
async fn employees_are_listed_to_the_last_page_unless_a_limit_is_asked_for() {
    let world = World::new().await;
    world.services.on(LIST_EMPLOYEES, |request: company::ListEmployeesRequest| {
        let page = request.page.unwrap();
        let number: usize = page.page_token.parse().unwrap_or(0);
        let next = if number < 2 { (number + 1).to_string() } else { String::new() };
        Ok(company::ListEmployeesResponse {
            employees: vec![company::Employee::default(); 3],
            page: Some(common::PageResponse { next_page_token: next, total_size: 9 }),
        })
    });
    let count = async |query: &str| {
        let path = format!("/companies/{ID}/employees{query}");
        let answer = world.ask_as("GET", &path, None).await;
        answer.json()["employees"].as_array().unwrap().len()
    };
    assert_eq!(count("").await, 9);
    assert_eq!(world.services.calls(LIST_EMPLOYEES).len(), 3);
    assert_eq!(count("?limit=3").await, 3);
    assert_eq!(world.services.calls(LIST_EMPLOYEES).len(), 4);
}

#[tokio::test]
async fn permissions_need_a_line() {
    let world = World::new().await;
    for query in ["", "?phoneAccountId=", "?phoneAccountId=7", "?other=1"] {
        let answer = world.ask_as("GET", &format!("/permissions{query}"), None).await;
        assert_eq!(answer.keys(), ["phoneAccountId"], "{query}");
    }
    let path = "/linha.telecom.v1.LineService/ListLinePermissions";
    world.services.on(path, |_: telecom::ListLinePermissionsRequest| {
        use telecom::LinePermission as P;
        let permissions = vec![P::Read.into(), P::ManageBilling.into()];
        Ok(telecom::ListLinePermissionsResponse { permissions })
    });
    let answer = world.ask_as("GET", &format!("/permissions?phoneAccountId={ID}"), None).await;
    assert_eq!(answer.json(), json!(["app:stripe-manage-billing", "app:read-phone-account"]));
}

#[tokio::test]
async fn plans_have_prices() {
    let world = World::new().await;
    world.services.on(
        "/linha.billing.v1.PlanService/CreatePlan",
        |request: billing::CreatePlanRequest| {
            let plan = request.plan.unwrap();
            if plan.price.unwrap().cents < 0 {
                return Err(chassis::refusal::invalid("plan.price", "must not be negative"));
            }
            let plan = billing::Plan { id: ID.to_owned(), ..plan };
            Ok(billing::CreatePlanResponse { plan: Some(plan) })
        },
    );
    let mut plan = json!({
        "name": "10GB", "available_data_gb": 10.5, "price_cents": 4990,
        "data_unit_amount_cents": 1000
    });
    let answer = world.ask_as("POST", "/subscription-plans", Some(&plan)).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    plan["id"] = ID.into();
    assert_eq!(answer.json(), plan);
    plan["price_cents"] = json!(-1);
    let answer = world.ask_as("POST", "/subscription-plans", Some(&plan)).await;
    assert_eq!(answer.keys(), ["price_cents"]);
}
