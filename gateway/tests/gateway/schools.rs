//! The schools dialect, before services that do as they are told.

use axum::http::Request;
use chassis::refusal::refuse;
use proto::company::v1 as company;
use proto::identity::v1 as identity;
use serde_json::{Value, json};
use tonic::{Code, Status};

use crate::support::{Answer, World};

const GET_TENANT: &str = "/linha.company.v1.SchoolService/GetTenant";
const LIST_SHIFTS: &str = "/linha.company.v1.SchoolService/ListShifts";
const LIST_SCHOOLS: &str = "/linha.company.v1.SchoolService/ListSchools";
const GET_PARTNER_ACCOUNT: &str = "/linha.identity.v1.SchoolPeopleService/GetPartnerAccount";
const ID: &str = "0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9d";

/// The eleven, each with parameters that are good.
const READS: [&str; 11] = [
    "/data/v1/tenants/0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9d",
    "/data/v1/schools/0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9d",
    "/data/v1/profiles",
    "/data/v1/accounts/0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9d/dependents",
    "/data/v1/accounts/0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9d",
    "/data/partner/v1/accounts/0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9d?school_external_id=A",
    "/data/v1/educational-shifts",
    "/data/v1/educational-stages",
    "/data/partner/v1/schools",
    "/data/partner/v1/classes?school_external_id=A",
    "/data/partner/v1/user?schoolExternalId=A",
];

async fn ask(world: &World, method: &str, path: &str, authorization: Option<&str>) -> Answer {
    let mut request: Request<_> = world.request(method, path, None);
    if let Some(authorization) = authorization {
        request.headers_mut().insert("authorization", authorization.parse().unwrap());
    }
    world.send(request).await
}

async fn get(world: &World, path: &str) -> Answer {
    ask(world, "GET", path, Some(&format!("Bearer {}", world.token))).await
}

fn absent(reason: &'static str) -> Status {
    refuse(Code::NotFound, "company", reason, [], "secret")
}

#[tokio::test]
async fn nobody_reads_without_a_good_token() {
    let world = World::with(|_| ()).await;
    for path in READS {
        let answer = ask(&world, "GET", path, None).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (401, ""), "{path}");
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{path}");
        for bad in ["Bearer x", "Basic eDp5", "x"] {
            let answer = ask(&world, "GET", path, Some(bad)).await;
            assert_eq!((answer.status.as_u16(), answer.text.as_str()), (401, ""), "{path}");
            let challenge = answer.header("www-authenticate");
            assert_eq!(challenge, "Bearer error=\"invalid_token\"", "{path}");
        }
    }
    // A token in a URL is none.
    let path = format!("{}?access_token={}", READS[2], world.token);
    assert_eq!(ask(&world, "GET", &path, None).await.status, 401);
}

#[tokio::test]
async fn unknown_routes_and_methods_are_in_the_envelope() {
    let world = World::with(|_| ()).await;
    let route = json!({"Error": {"Code": "CLA001", "Message": "Route not found."}});
    let method = json!({"Error": {"Code": "CLA001", "Message": "Method not allowed."}});
    for path in [
        "/data/v1/nothing",
        "/data/v1/tenants/",
        "/data/v1/tenants",
        "/data/partner/v1",
        "/data/v2/profiles",
        "/data/v1/profiles/",
        "/data",
        "/data/",
    ] {
        for answer in [ask(&world, "GET", path, None).await, get(&world, path).await] {
            assert_eq!((answer.status.as_u16(), answer.json()), (404, route.clone()), "{path}");
            assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
        }
    }
    for path in READS {
        for name in ["POST", "PUT", "PATCH", "DELETE"] {
            let answer = ask(&world, name, path, None).await;
            assert_eq!((answer.status.as_u16(), answer.json()), (405, method.clone()), "{path}");
            assert_eq!(answer.header("allow"), "GET,HEAD", "{name} {path}");
        }
    }
}

#[tokio::test]
async fn every_wrong_parameter_is_told_before_anything_is_looked_up() {
    let world = World::with(|_| ()).await;
    let long = "x".repeat(51);
    let base = format!("/data/partner/v1/accounts/{ID}");
    for (path, expected) in [
        ("/data/v1/tenants/7".to_owned(), &[("tenant_id", "tenant_id is invalid.")][..]),
        ("/data/v1/tenants/%ff".to_owned(), &[("tenant_id", "tenant_id is invalid.")]),
        ("/data/v1/schools/x".to_owned(), &[("school_id", "school_id is invalid.")]),
        (
            format!("/data/v1/accounts/{}", ID.replace('-', "")),
            &[("account_id", "account_id is invalid.")],
        ),
        ("/data/v1/accounts/x/dependents".to_owned(), &[("account_id", "account_id is invalid.")]),
        (base.clone(), &[("school_id", "school_id or school_external_id is required.")]),
        (
            format!("{base}x?school_id=1&schoolExternalId={long}"),
            &[
                ("account_id", "account_id is invalid."),
                ("school_id", "school_id is invalid."),
                ("school_external_id", "school_external_id must not exceed 50 characters."),
            ],
        ),
        (
            format!("/data/v1/educational-shifts?school_external_id={long}"),
            &[("school_external_id", "school_external_id must not exceed 50 characters.")],
        ),
        (
            "/data/v1/educational-stages?school_external_id=a&school_external_id=a".to_owned(),
            &[("school_external_id", "school_external_id must be sent once.")],
        ),
        (
            format!("/data/partner/v1/schools?external_integration_id={long}"),
            &[(
                "external_integration_id",
                "external_integration_id must not exceed 50 characters.",
            )],
        ),
        (
            "/data/partner/v1/classes".to_owned(),
            &[("school_external_id", "school_external_id is required.")],
        ),
        (
            "/data/partner/v1/user?schoolExternalId=".to_owned(),
            &[("school_external_id", "school_external_id is required.")],
        ),
        (
            "/data/partner/v1/user?schoolExternalId=a&school_external_id=b".to_owned(),
            &[("school_external_id", "school_external_id must have one value.")],
        ),
    ] {
        let answer = get(&world, &path).await;
        let properties: Vec<Value> = expected
            .iter()
            .map(|(name, message)| json!({"PropertyName": name, "ErrorMessage": message}))
            .collect();
        let body = json!({"Error": {
            "Code": "FLU001",
            "Message": "Error validating properties",
            "ErrorProperties": properties
        }});
        assert_eq!((answer.status.as_u16(), answer.json()), (409, body), "{path}");
    }
    assert_eq!(world.services.calls(GET_PARTNER_ACCOUNT), 0);
}

#[tokio::test]
async fn what_is_absent_is_a_bad_request_and_not_a_missing_page() {
    let world = World::with(|_| ()).await;
    world.services.on(GET_TENANT, |_: company::GetTenantRequest| -> Result<(), _> {
        Err(absent("TENANT_NOT_FOUND"))
    });
    world.services.on(LIST_SHIFTS, |_: company::ListShiftsRequest| -> Result<(), _> {
        Err(absent("SCHOOL_NOT_FOUND"))
    });
    world.services.on(
        GET_PARTNER_ACCOUNT,
        |request: identity::GetPartnerAccountRequest| -> Result<(), _> {
            assert_eq!(request.school_id.as_deref(), Some(ID));
            assert_eq!(request.account_id, ID);
            Err(absent("ACCOUNT_NOT_FOUND"))
        },
    );
    let upper = ID.to_uppercase();
    for (path, message) in [
        (READS[0].to_owned(), "Tenant not found."),
        (format!("{}?school_external_id=x", READS[6]), "School not found."),
        (
            format!("/data/partner/v1/accounts/{upper}?school_id={upper}&other=1&other=2"),
            "Account not found.",
        ),
    ] {
        let answer = get(&world, &path).await;
        let body = json!({"Error": {"Code": "CLA001", "Message": message}});
        assert_eq!((answer.status.as_u16(), answer.json()), (400, body), "{path}");
    }
}

#[tokio::test]
async fn failures_are_told_without_their_causes() {
    let world = World::with(|_| ()).await;
    world.services.on(GET_TENANT, |_: company::GetTenantRequest| -> Result<(), _> {
        Err(Status::internal("secret"))
    });
    let answer = get(&world, READS[0]).await;
    let body = json!({"Error": {"Code": "INT500", "Message": "Internal server error."}});
    assert_eq!((answer.status.as_u16(), answer.json()), (500, body));
    world.services.on(LIST_SCHOOLS, |_: company::ListSchoolsRequest| -> Result<(), _> {
        Err(Status::unavailable("secret"))
    });
    let answer = get(&world, READS[8]).await;
    let body = json!({"Error": {"Code": "UNA503", "Message": "Service unavailable."}});
    assert_eq!((answer.status.as_u16(), answer.json()), (503, body));
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test]
async fn lists_have_their_frames_and_are_not_kept() {
    let world = World::with(|_| ()).await;
    world.services.on(LIST_SHIFTS, |_: company::ListShiftsRequest| {
        let shift = |name: &str, description: &str| company::SchoolTerm {
            name: name.to_owned(),
            description: description.to_owned(),
        };
        let shifts = vec![shift("Manhã", "Matutino"), shift("Noite", "Noturno")];
        Ok(company::ListShiftsResponse { shifts })
    });
    let answer = get(&world, READS[6]).await;
    let sample = json!([
        {"name": "Manhã", "description": "Matutino"},
        {"name": "Noite", "description": "Noturno"}
    ]);
    assert_eq!((answer.status.as_u16(), answer.json()), (200, sample));
    assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
    assert_eq!(answer.header("cache-control"), "no-store");

    world.services.on(LIST_SCHOOLS, |request: company::ListSchoolsRequest| {
        assert_eq!(request.external_integration_id, None, "an empty value counts as missing");
        Ok(company::ListSchoolsResponse::default())
    });
    let answer = get(&world, "/data/partner/v1/schools?external_integration_id=").await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, "{\"data\":[]}"));
}

#[tokio::test]
async fn a_caller_has_so_many_requests_a_minute() {
    let world = World::with(|config| config.limits.caller_rate = 2).await;
    for _ in 0..2 {
        assert_eq!(get(&world, "/data/v1/tenants/x").await.status, 409);
    }
    let answer = get(&world, "/data/v1/tenants/x").await;
    let body = json!({"Error": {"Code": "LIM429", "Message": "Too many requests."}});
    assert_eq!((answer.status.as_u16(), answer.json()), (429, body));
    assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
}

#[tokio::test]
async fn the_document_has_the_eleven_and_the_tokens_and_no_more() {
    let world = World::with(|_| ()).await;
    let document = world.ask("GET", "/openapi/schools.json", None).await.json();
    let paths: Vec<&str> =
        document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "/data/partner/v1/accounts/{AccountId}",
        "/data/partner/v1/classes",
        "/data/partner/v1/schools",
        "/data/partner/v1/user",
        "/data/v1/accounts/{account_id}",
        "/data/v1/accounts/{id}/dependents",
        "/data/v1/educational-shifts",
        "/data/v1/educational-stages",
        "/data/v1/profiles",
        "/data/v1/schools/{id}",
        "/data/v1/tenants/{id}",
        "/oauth2/token",
    ];
    assert_eq!(paths, expected);
    let user = &document["paths"]["/data/partner/v1/user"]["get"]["parameters"];
    assert_eq!(user[0]["name"], "schoolExternalId", "as it is printed");
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
}
