//! Companies: registration data, and who may see and change it.

use futures::future::join_all;
use harness::{Sample, World, cnpj, email, unique};
use reqwest::Method;
use serde_json::{Value, json};

use crate::cast::{Cast, company, id, is_empty, no_id, without_times};

#[tokio::test]
async fn a_company_is_registered_and_read() {
    let operator = World::shared().await.operator().await;
    let sample = Sample::company();
    let created = operator.post("/companies", &sample).await.expect(201);

    let path = format!("/companies/{}", id(&created));
    assert_eq!(operator.get(&path).await.expect(200), created);
    assert_eq!(created["createdAt"], created["updatedAt"]);
    let plain: brazil::Cnpj = sample["cnpj"].as_str().unwrap().parse().unwrap();
    let mut expected = sample.clone();
    expected["id"] = created["id"].clone();
    expected["cnpj"] = plain.formatted().into();
    expected["kind"] = "customer".into();
    expected["status"] = "active".into();
    assert_eq!(without_times(created), expected);
}

#[tokio::test]
async fn what_is_not_said_of_a_company_is_null() {
    let operator = World::shared().await.operator().await;
    let minimal = json!({
        "officialName": format!("Minimal {} S.A.", unique()),
        "cnpj": cnpj(),
        "email": "Contato@Minimal.example",
        "id": "mine",
        "status": "inactive",
        "unknown": { "ignored": true }
    });
    let created = operator.post("/companies", &minimal).await.expect(201);
    let expected = json!({
        "id": created["id"],
        "kind": "customer",
        "officialName": minimal["officialName"],
        "tradingName": null,
        "cnpj": created["cnpj"],
        "phoneNumber": null,
        "email": created["email"],
        "billingEmail": null,
        "address": null,
        "status": "active"
    });
    assert!(created["email"].as_str().unwrap().eq_ignore_ascii_case("contato@minimal.example"));
    assert_eq!(without_times(created), expected);
}

#[tokio::test]
async fn the_seeds_change_of_registration_data() {
    let operator = World::shared().await.operator().await;
    let company_id = company(&operator).await;
    let path = format!("/companies/{company_id}");
    let sample = json!({
        "officialName": "New Official Name",
        "tradingName": "New Trading Name",
        "cnpj": cnpj(),
        "phoneNumber": "+5541987654321",
        "email": "new@email.com",
        "billingEmail": "new.billing@email.com",
        "address": {
            "zip_code": "11111-111",
            "street_name": "Rua Marechal Deodoro",
            "street_number": 666,
            "complement": "Apartamento 101",
            "neighborhood": "Centro",
            "city": "Curitiba",
            "state": "PR"
        }
    });
    is_empty(operator.patch(&path, &sample).await);
    let changed = operator.get(&path).await.expect(200);
    assert!(changed["updatedAt"].as_str() > changed["createdAt"].as_str());
    let mut expected = sample.clone();
    expected["id"] = company_id.into();
    expected["cnpj"] = changed["cnpj"].clone();
    expected["kind"] = "customer".into();
    expected["status"] = "active".into();
    assert_eq!(without_times(changed), expected);
}

#[tokio::test]
async fn a_change_touches_what_it_names() {
    let operator = World::shared().await.operator().await;
    let path = format!("/companies/{}", company(&operator).await);
    let before = without_times(operator.get(&path).await.expect(200));

    is_empty(operator.patch(&path, &json!({ "unknown": 1, "status": "inactive" })).await);
    is_empty(operator.patch(&path, &json!({})).await);
    assert_eq!(without_times(operator.get(&path).await.expect(200)), before);

    is_empty(operator.patch(&path, &json!({ "tradingName": "Só isto" })).await);
    let mut expected = before.clone();
    expected["tradingName"] = "Só isto".into();
    assert_eq!(without_times(operator.get(&path).await.expect(200)), expected);

    let nulls = json!({
        "tradingName": null, "phoneNumber": null, "billingEmail": null, "address": null
    });
    is_empty(operator.patch(&path, &nulls).await);
    for (member, value) in nulls.as_object().unwrap() {
        expected[member] = value.clone();
    }
    assert_eq!(without_times(operator.get(&path).await.expect(200)), expected);

    for member in ["officialName", "cnpj", "email"] {
        let refused = operator.patch(&path, &json!({ member: null })).await;
        assert_eq!(refused.wrong_fields(), [member]);
    }
    assert_eq!(without_times(operator.get(&path).await.expect(200)), expected);
}

#[tokio::test]
async fn an_address_is_replaced_as_a_whole_and_keeps_numbers_that_are_none() {
    let operator = World::shared().await.operator().await;
    let path = format!("/companies/{}", company(&operator).await);
    let address = json!({ "address": { "zip_code": "01310100", "street_number": "S/N" } });
    is_empty(operator.patch(&path, &address).await);
    let expected = json!({
        "zip_code": "01310-100",
        "street_name": null,
        "street_number": "S/N",
        "complement": null,
        "neighborhood": null,
        "city": null,
        "state": null
    });
    assert_eq!(operator.get(&path).await.expect(200)["address"], expected);
}

#[tokio::test]
async fn every_wrong_member_is_named() {
    let operator = World::shared().await.operator().await;
    let path = format!("/companies/{}", company(&operator).await);
    let long = "x".repeat(201);
    let wrong = [
        ("officialName", json!("")),
        ("officialName", json!("   ")),
        ("officialName", json!(long)),
        ("officialName", json!("zero\u{0}byte")),
        ("tradingName", json!(long)),
        ("cnpj", json!("11.222.333/0001-82")),
        ("cnpj", json!("00000000000000")),
        ("cnpj", json!("' or 1=1 --")),
        ("phoneNumber", json!("+5511123456789")),
        ("phoneNumber", json!("+12025550123")),
        ("email", json!("nobody")),
        ("billingEmail", json!("a@b@c")),
        ("address.zip_code", json!({ "zip_code": "1" })),
        ("address.state", json!({ "state": "ST" })),
    ];
    let before = operator.get(&path).await.expect(200);
    for (member, value) in wrong {
        let top = member.split('.').next().unwrap();
        let answer = operator.patch(&path, &json!({ top: value })).await;
        assert_eq!(answer.wrong_fields(), [member], "{value}");
        let mut sample = Sample::company();
        sample[top] = value.clone();
        let answer = operator.post("/companies", &sample).await;
        assert_eq!(answer.wrong_fields(), [member], "{value}");
    }
    assert_eq!(operator.get(&path).await.expect(200), before);
    let answer = operator.post("/companies", &json!({})).await;
    assert_eq!(answer.wrong_fields(), ["officialName", "cnpj", "email"]);
    let several = json!({ "cnpj": "1", "email": "x", "address": { "state": "XX" } });
    let answer = operator.patch(&path, &several).await;
    let mut named = answer.wrong_fields();
    named.sort_unstable();
    assert_eq!(named, ["address.state", "cnpj", "email"]);
}

#[tokio::test]
async fn contact_numbers_are_of_any_brazilian_kind() {
    let operator = World::shared().await.operator().await;
    let path = format!("/companies/{}", company(&operator).await);
    for (given, answered) in [
        ("(41) 98765-4321", "+5541987654321"),
        ("+554133334444", "+554133334444"),
        ("4133334444", "+554133334444"),
        ("0800 591 2117", "+558005912117"),
    ] {
        is_empty(operator.patch(&path, &json!({ "phoneNumber": given })).await);
        let read = operator.get(&path).await.expect(200);
        assert_eq!(read["phoneNumber"], answered, "{given}");
    }
}

#[tokio::test]
async fn a_cnpj_is_one_companys() {
    let operator = World::shared().await.operator().await;
    let first = Sample::company();
    let created = operator.post("/companies", &first).await.expect(201);
    let mut second = Sample::company();
    second["cnpj"] = created["cnpj"].clone();
    operator.post("/companies", &second).await.refused(409, "conflict");
    second["cnpj"] = first["cnpj"].clone();
    operator.post("/companies", &second).await.refused(409, "conflict");

    let path = format!("/companies/{}", company(&operator).await);
    let before = operator.get(&path).await.expect(200);
    let taken = json!({ "cnpj": first["cnpj"], "officialName": "Not taken over" });
    operator.patch(&path, &taken).await.refused(409, "conflict");
    assert_eq!(operator.get(&path).await.expect(200), before);
    // One's own is no conflict.
    is_empty(operator.patch(&path, &json!({ "cnpj": before["cnpj"] })).await);
}

#[tokio::test]
async fn a_cnpj_may_have_letters() {
    let operator = World::shared().await.operator().await;
    let mut sample = Sample::company();
    sample["cnpj"] = "12abc34501de35".into();
    let created = operator.post("/companies", &sample).await.expect(201);
    assert_eq!(created["cnpj"], "12.ABC.345/01DE-35");
    let found = operator.get("/companies?searchTerm=12.abc.345/01de").await.expect(200);
    assert_eq!(found["companies"][0]["id"], created["id"]);
    sample["cnpj"] = "12.ABC.345/01DE-36".into();
    assert_eq!(operator.post("/companies", &sample).await.wrong_fields(), ["cnpj"]);
}

#[tokio::test]
async fn a_registration_with_a_key_is_made_once() {
    let operator = World::shared().await.operator().await.with_key(&email());
    let sample = Sample::company();
    let first = operator.post("/companies", &sample).await;
    assert!(!first.headers.contains_key("idempotency-replayed"));
    let first = first.expect(201);
    let again = operator.post("/companies", &sample).await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.expect(201), first);
    operator.post("/companies", &Sample::company()).await.refused(422, "idempotency-mismatch");
}

#[tokio::test]
async fn who_may_read_and_change_companies() {
    let cast = Cast::shared().await;
    let path = format!("/companies/{}", cast.company_id);
    let none = || None;
    let change = || Some(json!({ "tradingName": format!("Changed {}", unique()) }));
    cast.may(Method::GET, &path, none, [401, 404, 200, 404, 200, 200]).await;
    cast.may(Method::PATCH, &path, change, [401, 404, 403, 404, 204, 204]).await;
    cast.may(Method::GET, "/companies", none, [401, 403, 403, 403, 403, 200]).await;
    let new = || Some(Sample::company());
    cast.may(Method::POST, "/companies", new, [401, 403, 403, 403, 403, 201]).await;
    // What is wrong with a body is nobody else's business either.
    let wrong = || Some(json!({ "email": "wrong" }));
    cast.may(Method::PATCH, &path, wrong, [401, 404, 403, 404, 422, 422]).await;
}

#[tokio::test]
async fn a_company_that_is_none_is_not_found() {
    let cast = Cast::shared().await;
    for name in [no_id().as_str(), "1", "x", "%00", "..%2F..", "%27%20or%201%3D1", "null"] {
        let path = format!("/companies/{name}");
        for rest in [&cast.manager, &cast.operator] {
            rest.get(&path).await.refused(404, "resource-not-found");
            let change = rest.patch(&path, &json!({ "tradingName": "x" })).await;
            change.refused(404, "resource-not-found");
        }
    }
    let shouted = format!("/companies/{}", cast.company_id.to_uppercase());
    assert_eq!(cast.manager.get(&shouted).await.expect(200)["id"], Value::from(cast.company_id));
}

#[tokio::test]
async fn at_the_same_moment_a_cnpj_is_still_one_companys() {
    let operator = World::shared().await.operator().await;
    let sample = Sample::company();
    let answers = join_all((0..8).map(|_| operator.post("/companies", &sample))).await;
    let (made, refused): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status == 201);
    assert_eq!(made.len(), 1);
    for answer in refused {
        answer.refused(409, "conflict");
    }
}

#[tokio::test]
async fn changes_at_the_same_moment_are_all_made() {
    let operator = World::shared().await.operator().await;
    let path = format!("/companies/{}", company(&operator).await);
    let changes = [
        json!({ "officialName": "At Once" }),
        json!({ "tradingName": "At once" }),
        json!({ "phoneNumber": "+554133330000" }),
        json!({ "email": "at@once.example" }),
        json!({ "billingEmail": null }),
        json!({ "address": null }),
    ];
    for answer in join_all(changes.iter().map(|change| operator.patch(&path, change))).await {
        is_empty(answer);
    }
    let changed = operator.get(&path).await.expect(200);
    for (member, value) in changes.iter().flat_map(|change| change.as_object().unwrap()) {
        assert_eq!(changed[member], *value, "{member}");
    }
}
