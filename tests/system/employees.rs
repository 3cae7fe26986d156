//! Employees, from registration to another employer.

use harness::{Sample, World, email};
use reqwest::Method;
use serde_json::{Value, json};

use crate::cast::{Cast, company, id, no_id};

/// The seed's employee, with values that can exist.
fn seed(company_id: &str, user_id: &Value) -> Value {
    json!({
        "fullName": "Test McTest",
        "socialName": "The Scatman",
        "status": "active",
        "workEmail": email(),
        "personalEmail": "personal.email@email.com",
        "workPhoneNumber": "+5541987654321",
        "personalPhoneNumber": "+5541912345678",
        "cpf": "123.456.789-09",
        "position": "CEO",
        "area": "Marketing",
        "birthDate": "1990-01-01",
        "companyId": company_id,
        "userId": user_id,
        "admittedAt": "2020-01-01T00:00:00Z",
        "terminatedAt": "2021-01-01T00:00:00Z",
        "address": {
            "zipCode": "80000-000",
            "streetName": "Rua da rua",
            "streetNumber": "123",
            "complement": "Apto apartamento",
            "neighborhood": "Bairro do bairro",
            "city": "Cidade da cidade",
            "state": "PR"
        }
    })
}

/// Signs somebody up; returns the user's id.
async fn user_id(world: &World) -> Value {
    let form = Sample::signup_form(&email(), world.plan_id(), 41);
    let form = world.rest().post("/signup-forms", &form).await.expect(200);
    let path = format!("/signup-forms/{}/complete", id(&form));
    world.rest().post(&path, &Sample::password()).await.expect(200)["user"]["id"].clone()
}

#[tokio::test]
async fn the_seeds_employee_is_registered_read_listed_and_replaced() {
    let world = World::shared().await;
    let operator = world.operator().await;
    let company_id = company(&operator).await;
    let sample = seed(&company_id, &user_id(world).await);
    let created = operator.post("/employees", &sample).await.expect(201);
    let mut expected = sample.clone();
    expected["id"] = created["id"].clone();
    assert_eq!(created, expected);

    let path = format!("/employees/{}", id(&created));
    assert_eq!(operator.get(&path).await.expect(200), expected);
    let list = operator.get(&format!("/companies/{company_id}/employees")).await.expect(200);
    assert_eq!(list, json!({ "employees": [expected] }));

    let mut changed = sample;
    changed["fullName"] = "Test McTested".into();
    changed["cpf"] = "11144477735".into();
    changed["admittedAt"] = "2020-01-01T01:30:00.5-03:00".into();
    changed["address"]["streetNumber"] = json!(666);
    let answer = operator.put(&path, &changed).await.expect(200);
    changed["id"] = created["id"].clone();
    changed["cpf"] = "111.444.777-35".into();
    changed["admittedAt"] = "2020-01-01T04:30:00.5Z".into();
    changed["address"]["streetNumber"] = "666".into();
    assert_eq!(answer, changed);
    assert_eq!(operator.get(&path).await.expect(200), changed);
}

#[tokio::test]
async fn a_replacement_clears_what_it_does_not_say() {
    let operator = World::shared().await.operator().await;
    let company_id = company(&operator).await;
    let created = operator.post("/employees", &seed(&company_id, &Value::Null)).await.expect(201);
    let path = format!("/employees/{}", id(&created));
    let minimal = json!({
        "id": no_id(),
        "fullName": "Only Name",
        "status": "terminated",
        "companyId": company_id,
        "unknown": [1, 2]
    });
    let answer = operator.put(&path, &minimal).await.expect(200);
    let expected = json!({
        "id": created["id"],
        "fullName": "Only Name",
        "socialName": null,
        "status": "terminated",
        "workEmail": null,
        "personalEmail": null,
        "workPhoneNumber": null,
        "personalPhoneNumber": null,
        "cpf": null,
        "position": null,
        "area": null,
        "birthDate": null,
        "companyId": company_id,
        "userId": null,
        "admittedAt": null,
        "terminatedAt": null,
        "address": null
    });
    assert_eq!(answer, expected);
    assert_eq!(operator.get(&path).await.expect(200), expected);
}

#[tokio::test]
async fn every_wrong_member_is_named() {
    let world = World::shared().await;
    let operator = world.operator().await;
    let company_id = company(&operator).await;
    let sample = seed(&company_id, &Value::Null);
    let created = operator.post("/employees", &sample).await.expect(201);
    let path = format!("/employees/{}", id(&created));
    let long = "x".repeat(201);
    for (member, value) in [
        ("fullName", json!("")),
        ("fullName", json!(long)),
        ("socialName", json!(long)),
        ("socialName", json!("a\u{0}b")),
        ("position", json!(long)),
        ("area", json!(long)),
        ("workEmail", json!("work")),
        ("personalEmail", json!("@")),
        ("workPhoneNumber", json!("+5511123456789")),
        ("personalPhoneNumber", json!("999")),
        ("cpf", json!("123.456.789-00")),
        ("cpf", json!("111.111.111-11")),
        ("birthDate", json!("01/01/1990")),
        ("birthDate", json!("1990-02-30")),
        ("birthDate", json!("2999-01-01")),
        ("companyId", json!("x")),
        ("companyId", json!(no_id())),
        ("userId", json!("x")),
        ("userId", json!(no_id())),
        ("admittedAt", json!("2020-01-01")),
        ("admittedAt", json!("yesterday")),
        ("terminatedAt", json!("2020-13-01T00:00:00Z")),
        ("terminatedAt", json!("2019-12-31T23:59:59Z")),
        ("address.zipCode", json!({ "zipCode": "80000" })),
        ("address.state", json!({ "state": "ST" })),
    ] {
        let mut body = sample.clone();
        body["workEmail"] = email().into();
        body[member.split('.').next().unwrap()] = value.clone();
        let answer = operator.post("/employees", &body).await;
        assert_eq!(answer.wrong_fields(), [member], "POST {value}");
        let answer = operator.put(&path, &body).await;
        assert_eq!(answer.wrong_fields(), [member], "PUT {value}");
    }
    assert_eq!(operator.get(&path).await.expect(200), created);
    for body in [json!({}), json!({ "fullName": null, "status": null, "companyId": null })] {
        let answer = operator.post("/employees", &body).await;
        assert_eq!(answer.wrong_fields(), ["fullName", "status", "companyId"]);
    }
    let mut body = sample.clone();
    body["status"] = "retired".into();
    let message = operator.post("/employees", &body).await.refused(400, "malformed-request");
    assert!(message.contains("status"), "{message}");
}

#[tokio::test]
async fn moments_at_the_ends_of_time_are_kept_or_refused() {
    let operator = World::shared().await.operator().await;
    let company_id = company(&operator).await;
    for moment in [
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-03:00",
        "0000-01-01T00:00:00Z",
        "0000-01-01T00:00:00+03:00",
        "2016-12-31T23:59:60Z",
        "2020-01-01T00:00:00.123456789Z",
    ] {
        let mut body = seed(&company_id, &Value::Null);
        body["terminatedAt"] = Value::Null;
        body["admittedAt"] = moment.into();
        let answer = operator.post("/employees", &body).await;
        if answer.status == 201 {
            let read = operator.get(&format!("/employees/{}", id(&answer.body))).await.expect(200);
            assert_eq!(read, answer.body, "{moment}");
            assert!(!read["admittedAt"].is_null(), "{moment}");
        } else {
            assert_eq!(answer.wrong_fields(), ["admittedAt"], "{moment}");
        }
    }
}

#[tokio::test]
async fn active_colleagues_share_no_work_email() {
    let operator = World::shared().await.operator().await;
    let company_id = company(&operator).await;
    let sample = seed(&company_id, &Value::Null);
    let first = operator.post("/employees", &sample).await.expect(201);
    let mut shouted = sample.clone();
    shouted["workEmail"] = sample["workEmail"].as_str().unwrap().to_uppercase().into();
    operator.post("/employees", &shouted).await.refused(409, "conflict");
    // One who left does not keep it, and another company is another matter.
    let mut left = sample.clone();
    left["status"] = "terminated".into();
    operator.put(&format!("/employees/{}", id(&first)), &left).await.expect(200);
    operator.post("/employees", &sample).await.expect(201);
    let back = operator.put(&format!("/employees/{}", id(&first)), &sample).await;
    back.refused(409, "conflict");
    let mut elsewhere = sample;
    elsewhere["companyId"] = company(&operator).await.into();
    operator.post("/employees", &elsewhere).await.expect(201);
}

#[tokio::test]
async fn who_may_register_read_and_change_employees() {
    let cast = Cast::shared().await;
    let company_id = &cast.company_id;
    let body = || Some(seed(company_id, &Value::Null));
    // A company that is not the caller's is a body that names nothing.
    cast.may(Method::POST, "/employees", body, [401, 422, 403, 422, 201, 201]).await;
    let answer = cast.other_manager.post("/employees", &body().unwrap()).await;
    assert_eq!(answer.wrong_fields(), ["companyId"]);

    let created = cast.manager.post("/employees", &body().unwrap()).await.expect(201);
    let path = format!("/employees/{}", id(&created));
    let all = [401, 404, 200, 404, 200, 200];
    cast.may(Method::GET, &path, || None, all).await;
    cast.may(Method::GET, &format!("/companies/{company_id}/employees"), || None, all).await;
    cast.may(Method::PUT, &path, body, [401, 404, 403, 404, 200, 200]).await;
    let wrong = || Some(json!({ "fullName": "", "status": "active", "companyId": company_id }));
    cast.may(Method::PUT, &path, wrong, [401, 404, 403, 404, 422, 422]).await;
}

#[tokio::test]
async fn an_employee_moves_with_rights_in_both_companies() {
    let cast = Cast::shared().await;
    let sample = seed(&cast.company_id, &Value::Null);
    let created = cast.manager.post("/employees", &sample).await.expect(201);
    let path = format!("/employees/{}", id(&created));
    let mut moved = sample.clone();
    moved["companyId"] = cast.other_company_id.clone().into();

    assert_eq!(cast.manager.put(&path, &moved).await.wrong_fields(), ["companyId"]);
    cast.other_manager.put(&path, &moved).await.refused(404, "resource-not-found");
    assert_eq!(cast.manager.get(&path).await.expect(200), created);

    let answer = cast.operator.put(&path, &moved).await.expect(200);
    assert_eq!(answer["companyId"], moved["companyId"]);
    cast.manager.get(&path).await.refused(404, "resource-not-found");
    assert_eq!(cast.other_manager.get(&path).await.expect(200), answer);
}

#[tokio::test]
async fn an_employee_that_is_none_is_not_found() {
    let cast = Cast::shared().await;
    let body = seed(&cast.company_id, &Value::Null);
    for name in [no_id().as_str(), "1", "%00", "' or 1=1"] {
        let path = format!("/employees/{name}");
        for rest in [&cast.manager, &cast.operator] {
            rest.get(&path).await.refused(404, "resource-not-found");
            rest.put(&path, &body).await.refused(404, "resource-not-found");
        }
    }
    let path = format!("/companies/{}/employees", no_id());
    cast.operator.get(&path).await.refused(404, "resource-not-found");
}

#[tokio::test]
async fn a_registration_with_a_key_is_made_once() {
    let cast = Cast::shared().await;
    let manager = cast.manager.with_key(&email());
    let body = seed(&cast.company_id, &Value::Null);
    let first = manager.post("/employees", &body).await.expect(201);
    let again = manager.post("/employees", &body).await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.expect(201), first);
    // A key is its caller's own.
    let operator = cast.operator.with_key(&email());
    operator.post("/employees", &body).await.refused(409, "conflict");
}
