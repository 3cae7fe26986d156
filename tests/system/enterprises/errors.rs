//! Each documented error, in its envelope, and in the documented order.

use harness::World;
use local::Options;
use reqwest::Method;
use serde_json::json;

use super::{Family, new, refused};

#[tokio::test]
async fn who_asks_comes_before_what_is_asked() {
    let world = World::shared().await;
    for path in ["/v2/enterprises", "/v2/enterprises/x", "/v2/nothing", "/v2", "/v2/countries"] {
        let answer = world.rest().get(path).await;
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
        refused(answer, 401, "Unauthorized");
    }
    let nonsense = world.rest().with_token("nonsense");
    refused(nonsense.delete("/v2/enterprises").await, 401, "Unauthorized");
}

#[tokio::test]
async fn in_whose_name_it_is_asked_comes_before_what_is_asked() {
    let world = World::shared().await;
    let (family, other) = (Family::new(world).await, Family::new(world).await);
    let path = format!("/v2/enterprises/{}", family.id);
    for own in [&*other.id, &*other.company_id, "ABC1234567890DE", "?"] {
        let foreign = family.admin.with_header("x-company", own);
        for asked in [
            "/v2/enterprises?limit=x",
            "/v2/enterprises?a[b=1",
            "/v2/enterprises/short",
            "/v2/nothing",
            "/v2/",
            &format!("{path}?attributes[]=x"),
        ] {
            refused(foreign.get(asked).await, 401, "Unauthorized");
        }
        refused(foreign.patch(&path, &json!([])).await, 401, "Unauthorized");
        refused(foreign.post("/v2/enterprises/", &json!({})).await, 401, "Unauthorized");
        refused(
            foreign.with_key(&"k".repeat(256)).post("/v2/enterprises/", &new("A", "1")).await,
            401,
            "Unauthorized",
        );
        refused(foreign.put("/v2/enterprises/", &json!({})).await, 401, "Unauthorized");
        let text = foreign.post_raw("/v2/enterprises/", "text/plain", "x").await;
        refused(text, 401, "Unauthorized");
    }
    let own = family.admin.with_header("x-company", &family.id);
    refused(own.get("/v2/enterprises?limit=x").await, 400, "Bad Request");
    refused(own.get("/v2/nothing").await, 404, "Not Found");
    refused(own.put("/v2/enterprises/", &json!({})).await, 405, "Method Not Allowed");
}

#[tokio::test]
async fn routes_methods_and_media_are_told_apart() {
    let world = World::shared().await;
    let family = Family::new(world).await;
    let (admin, path) = (&family.admin, format!("/v2/enterprises/{}", family.id));
    for unknown in ["/v2/nothing", "/v2", "/v2/", "/v2/enterprises/a/b", &format!("{path}/")] {
        refused(admin.get(unknown).await, 404, "Not Found");
    }
    for (method, path, allow) in [
        (Method::PUT, "/v2/enterprises", "GET,HEAD,POST"),
        (Method::DELETE, "/v2/enterprises/", "GET,HEAD,POST"),
        (Method::POST, path.as_str(), "GET,HEAD,PATCH,DELETE"),
        (Method::POST, "/v2/countries", "GET,HEAD"),
        (Method::GET, &format!("{path}/status/activation"), "PATCH"),
    ] {
        let answer = admin.send(method, path, None).await;
        let mut told: Vec<_> = answer.headers["allow"].to_str().unwrap().split(',').collect();
        let mut expected: Vec<_> = allow.split(',').collect();
        told.sort_unstable();
        expected.sort_unstable();
        assert_eq!(told, expected, "{path}");
        refused(answer, 405, "Method Not Allowed");
    }
    let post = async |kind: &str, body: &str| admin.post_raw("/v2/enterprises", kind, body).await;
    for kind in ["text/plain", "application/merge-patch+json", "application/x-www-form-urlencoded"]
    {
        refused(post(kind, "{").await, 415, "Unsupported Media Type");
    }
    refused(admin.send(Method::POST, "/v2/enterprises", None).await, 415, "Unsupported Media Type");
    refused(admin.send(Method::PATCH, &path, None).await, 415, "Unsupported Media Type");
    refused(
        admin.send(Method::PATCH, "/v2/enterprises/short", None).await,
        415,
        "Unsupported Media Type",
    );
    for body in ["", "{", "[]", "{}", "{\"data\": 1}"] {
        refused(post("application/json; charset=utf-8", body).await, 400, "Bad Request");
    }
    let long = new(&"x".repeat(66_000), "1").to_string();
    refused(post("application/json", &long).await, 413, "Payload Too Large");
}

#[tokio::test]
async fn what_is_wrong_comes_before_what_is_absent_and_that_before_the_right() {
    let world = World::shared().await;
    let family = Family::new(world).await;
    let (admin, member) = (&family.admin, &family.member);
    let own = format!("/v2/enterprises/{}", family.id);
    for id in ["short", "ABC1234567890DEF", "ABC1234567890D-", "%C3%81BC1234567890D"] {
        let path = format!("/v2/enterprises/{id}");
        refused(admin.get(&path).await, 400, "Bad Request");
        refused(admin.delete(&path).await, 400, "Bad Request");
        refused(admin.patch(&path, &json!({})).await, 400, "Bad Request");
        refused(
            admin.patch(&format!("{path}/status/activation"), &json!({})).await,
            400,
            "Bad Request",
        );
    }
    let absent = "/v2/enterprises/ABC1234567890DE";
    refused(admin.get(absent).await, 404, "Not Found");
    refused(admin.delete(absent).await, 404, "Not Found");
    refused(admin.get(&format!("{absent}?attributes[]=x")).await, 400, "Bad Request");
    refused(member.patch(absent, &json!({})).await, 404, "Not Found");
    refused(member.patch(absent, &json!({"data": 1})).await, 400, "Bad Request");
    refused(member.patch(&own, &json!({})).await, 401, "Unauthorized");
    refused(member.delete(&own).await, 401, "Unauthorized");
    refused(
        member.patch(&format!("{own}/status/activation"), &json!({})).await,
        401,
        "Unauthorized",
    );
    refused(member.post("/v2/enterprises", &new("A", "1")).await, 401, "Unauthorized");
    refused(member.post("/v2/enterprises", &new("", "1")).await, 400, "Bad Request");
    for word in ["stop", "Activation", "activations"] {
        let path = format!("{own}/status/{word}");
        refused(admin.patch(&path, &json!({})).await, 400, "Bad Request");
    }
}

#[tokio::test]
async fn what_cannot_be_made_is_told_from_what_is_wrong() {
    let world = World::shared().await;
    let family = Family::new(world).await;
    let admin = &family.admin;
    let child = family.adds("Filha", "77-A").await;
    let taken = admin.post("/v2/enterprises", &new("Outra", "7.7/a")).await;
    refused(taken, 400, "Failed to Create Enterprise");
    let own = admin.post("/v2/enterprises", &new("Outra", "0-0")).await;
    refused(own, 400, "Failed to Create Enterprise");
    let mut nowhere = new("Outra", "78");
    nowhere["data"]["relationships"] =
        json!({"country": {"type": "country", "id": "abc1234567890de"}});
    let answer = admin.post("/v2/enterprises", &nowhere).await;
    refused(answer, 400, "Failed to Create Enterprise");
    let path = format!("/v2/enterprises/{child}");
    nowhere["data"]["attributes"] = json!({});
    refused(admin.patch(&path, &nowhere).await, 400, "Bad Request");
    let taken = json!({"data": {"attributes": {"cnpj": "00"}}});
    refused(admin.patch(&path, &taken).await, 400, "Bad Request");
    for attributes in [
        json!({"name": " "}),
        json!({"name": null}),
        json!({"cnpj": "çã/"}),
        json!({"cnpj": ""}),
        json!({"timezone": "Nowhere/City"}),
        json!({"phone1": "x".repeat(101)}),
        json!({"webpage": "x".repeat(256)}),
        json!({"email": "a\u{0}b"}),
        json!({"updated_at": null}),
        json!({"batch": "1"}),
    ] {
        let change = json!({"data": { "attributes": attributes }});
        refused(admin.patch(&path, &change).await, 400, "Bad Request");
    }
    let own = format!("/v2/enterprises/{}/status/deactivation", family.id);
    refused(admin.patch(&own, &json!({})).await, 400, "Bad Request");
    family.operator.marks_main_client(&child, true).await;
    let stop = format!("{path}/status/deactivation");
    refused(admin.patch(&stop, &json!({})).await, 400, "Bad Request");
    let operator = family.operator.rest.with_header("x-company", &family.id);
    operator.patch(&stop, &json!({})).await.expect(200);
}

#[tokio::test]
async fn questions_that_cannot_be_asked_are_refused() {
    let world = World::shared().await;
    let family = Family::new(world).await;
    for query in [
        "limit=0",
        "limit=101",
        "limit=x",
        "page=-1",
        "count=maybe",
        "sort[cnpj]=1",
        "sort[name]=2",
        "filters[enterprise.name][like]=x",
        "filters[lines.name][eq]=x",
        "attributes[]=x",
        "includes[x][]=y",
        "includes[device][]=x",
        "a[b][c][d][e]=1",
        "a[b=1",
        "filters[enterprise.name][eq]=%00",
        "search=%0A",
        &format!("search={}", "a".repeat(101)),
        "count=yes",
        "filters[enterprise.name]=x",
        "filters%5Bchips.serial%5D%5Blike%5D=x",
        "search=%ff",
        "filters[device.name][eq]=%00",
    ] {
        let path = format!("/v2/enterprises?{query}");
        refused(family.admin.get(&path).await, 400, "Bad Request");
    }
    let many = format!("/v2/enterprises?{}", "a=1&".repeat(101));
    refused(family.admin.get(&many).await, 400, "Bad Request");
    family.get("?colour=red").await;
}

#[tokio::test]
async fn one_token_asks_so_often_and_no_more() {
    let options = Options { no_rate_limits: false, ..World::options() };
    let world = World::start(options).await;
    let account = world.demo.enterprise.as_ref().expect("the demo has enterprises");
    let admin = world.rest().log_in(&account.email, &account.password).await;
    for _ in 0..50 {
        admin.get("/v2/enterprises?limit=1").await.expect(200);
    }
    let answer = admin.get("/v2/enterprises?limit=1").await;
    for (name, value) in [("ratelimit-limit", "50"), ("ratelimit-remaining", "0")] {
        assert_eq!(answer.headers[name], value);
    }
    let header = |name: &str| answer.headers[name].to_str().unwrap().parse::<u64>().unwrap();
    assert!((1..=60).contains(&header("retry-after")));
    assert_eq!(header("retry-after"), header("ratelimit-reset"));
    refused(answer, 429, "Too Many Requests");
    // However the header is written, it is the same token.
    let session = json!({ "email": account.email, "password": account.password });
    let session = world.rest().post("/login", &session).await.expect(200);
    let other = session["access_token"].as_str().unwrap();
    for place in 0..=50 {
        let scheme = ["Bearer", "bearer", "BEARER"][place % 3];
        let spaces = " ".repeat(place % 2);
        let written =
            world.rest().with_header("authorization", &format!("{scheme} {spaces}{other}"));
        let status = written.get("/v2/enterprises?limit=1").await.status;
        assert_eq!(status, if place < 50 { 200 } else { 429 }, "{place}");
    }
    let again = world.rest().log_in(&account.email, &account.password).await;
    again.get("/v2/enterprises?limit=1").await.expect(200);
}
