//! What lines are made of: phone numbers and SIM cards.

use harness::{World, iccid};
use reqwest::Method;
use serde_json::{Value, json};

use crate::cast::{Cast, company, no_id};

fn range(area_code: u32, first: u32, last: u32) -> Value {
    json!({
        "area_code": area_code,
        "first_number": format!("+55{area_code}{first}"),
        "last_number": format!("+55{area_code}{last}")
    })
}

#[tokio::test]
async fn numbers_are_added_once() {
    let operator = World::shared().await.operator().await;
    let add = async |first, last| {
        operator.post("/phone-numbers", &range(95, first, last)).await.expect(200)
    };
    let (one, ten) = (991_000_001, 991_000_010);
    assert_eq!(add(one, ten).await, json!({ "created": 10, "existing": 0 }));
    assert_eq!(add(one, ten).await, json!({ "created": 0, "existing": 10 }));
    assert_eq!(add(ten, ten + 5).await, json!({ "created": 5, "existing": 1 }));
    assert_eq!(add(ten + 6, ten + 6).await, json!({ "created": 1, "existing": 0 }));
    // However they are written.
    let formatted = json!({
        "area_code": 95,
        "first_number": "(95) 99100-0001",
        "last_number": "95991000010"
    });
    let answer = operator.post("/phone-numbers", &formatted).await.expect(200);
    assert_eq!(answer, json!({ "created": 0, "existing": 10 }));
}

#[tokio::test]
async fn a_range_holds_a_hundred_thousand_numbers() {
    let operator = World::shared().await.operator().await;
    let whole = range(95, 980_000_000, 980_099_999);
    let added = operator.post("/phone-numbers", &whole).await.expect(200);
    assert_eq!(added, json!({ "created": 100_000, "existing": 0 }));
    let more = range(95, 970_000_000, 970_100_000);
    assert_eq!(operator.post("/phone-numbers", &more).await.wrong_fields(), ["last_number"]);
    let one = range(95, 970_000_000, 970_000_000);
    let added = operator.post("/phone-numbers", &one).await.expect(200);
    assert_eq!(added["created"], 1, "nothing of a refused range was added");
}

#[tokio::test]
async fn what_is_no_range_is_named() {
    let operator = World::shared().await.operator().await;
    let ends = |first: &str, last: &str| json!({ "area_code": 95, "first_number": first, "last_number": last });
    let good = "+5595990000000";
    for (body, member) in [
        (ends("+5595990000001", good), "last_number"),
        (ends("+5511990000000", good), "first_number"),
        (ends(good, "+5511990000001"), "last_number"),
        (ends("+559532240000", good), "first_number"),
        (ends(good, "+559532240000"), "last_number"),
        (ends("+5595123456789", good), "first_number"),
        (ends("' or 1=1", good), "first_number"),
        (ends(good, ""), "last_number"),
        (range(20, 990_000_000, 990_000_001), "area_code"),
    ] {
        let answer = operator.post("/phone-numbers", &body).await;
        assert!(answer.wrong_fields().contains(&member), "{body}: {}", answer.body);
    }
    for area_code in [0, 10, 100, -1, i64::MAX] {
        let mut body = ends(good, good);
        body["area_code"] = json!(area_code);
        assert_eq!(operator.post("/phone-numbers", &body).await.wrong_fields(), ["area_code"]);
    }
    for wrong in [json!("95"), json!(95.0), json!(95.5)] {
        let mut body = ends(good, good);
        body["area_code"] = wrong;
        let message =
            operator.post("/phone-numbers", &body).await.refused(400, "malformed-request");
        assert!(message.contains("area_code"), "{message}");
    }
    let answer = operator.post("/phone-numbers", &json!({})).await;
    assert_eq!(answer.wrong_fields(), ["area_code", "first_number", "last_number"]);
}

#[tokio::test]
async fn good_cards_stand_and_bad_ones_are_named() {
    let operator = World::shared().await.operator().await;
    let (company_id, other_id) = (company(&operator).await, company(&operator).await);
    let add = async |company_id: &str, iccids: &[&str]| {
        let body = json!({ "company_id": company_id, "iccids": iccids, "provider": "americanet" });
        operator.post("/sim-cards", &body).await.expect(200)
    };
    let (one, two, three) = (iccid(), iccid(), iccid());
    let answer = add(&company_id, &[&one]).await;
    assert_eq!(answer, json!({ "created": 1, "rejected": [] }));
    let answer = add(&other_id, &[&two]).await;
    assert_eq!(answer, json!({ "created": 1, "rejected": [] }));

    // The seed's card fails its check digit.
    let bad = "89552600000001234567";
    let answer = add(&company_id, &[bad, &three, &one, "", &three, &two, "x\u{0}"]).await;
    let rejected = json!([
        { "iccid": bad, "code": "invalid-iccid" },
        { "iccid": one, "code": "duplicate-iccid" },
        { "iccid": "", "code": "invalid-iccid" },
        { "iccid": three, "code": "duplicate-iccid" },
        { "iccid": two, "code": "other-company" },
        { "iccid": "x\u{0}", "code": "invalid-iccid" }
    ]);
    assert_eq!(answer, json!({ "created": 1, "rejected": rejected }));
    let list = operator.get(&format!("/companies/{company_id}/sim-cards")).await.expect(200);
    assert_eq!(list["pagination"], json!({ "hasMore": false, "totalCount": 2 }));
}

#[tokio::test]
async fn ten_thousand_cards_come_at_once() {
    let operator = World::shared().await.operator().await;
    let company_id = company(&operator).await;
    let mut iccids: Vec<_> = (0..10_000).map(|_| iccid()).collect();
    let body = |iccids: &[String]| json!({ "company_id": company_id, "iccids": iccids });
    let answer = operator.post("/sim-cards", &body(&iccids)).await.expect(200);
    assert_eq!(answer, json!({ "created": 10_000, "rejected": [] }));
    iccids.push(iccid());
    let answer = operator.post("/sim-cards", &body(&iccids)).await;
    assert_eq!(answer.wrong_fields(), ["iccids"]);
    assert_eq!(operator.post("/sim-cards", &body(&[])).await.wrong_fields(), ["iccids"]);
}

#[tokio::test]
async fn what_is_no_delivery_of_cards_is_named() {
    let operator = World::shared().await.operator().await;
    let company_id = company(&operator).await;
    for (company_id, iccids) in [(no_id(), json!([iccid()])), ("x".into(), json!([iccid()]))] {
        let body = json!({ "company_id": company_id, "iccids": iccids });
        assert_eq!(operator.post("/sim-cards", &body).await.wrong_fields(), ["company_id"]);
    }
    let answer = operator.post("/sim-cards", &json!({})).await;
    assert_eq!(answer.wrong_fields(), ["company_id", "iccids"]);
    let body = json!({ "company_id": company_id, "iccids": [iccid()], "provider": "x\u{0}y" });
    assert_eq!(operator.post("/sim-cards", &body).await.wrong_fields(), ["provider"]);
    for (iccids, member) in [(json!("1"), "iccids"), (json!([iccid(), 1]), "iccids[1]")] {
        let body = json!({ "company_id": company_id, "iccids": iccids });
        let message = operator.post("/sim-cards", &body).await.refused(400, "malformed-request");
        assert!(message.contains(member), "{message}");
    }
}

#[tokio::test]
async fn who_may_fill_and_see_the_stock() {
    let cast = Cast::shared().await;
    let number = || Some(range(95, 960_000_000, 960_000_000));
    cast.may(Method::POST, "/phone-numbers", number, [401, 403, 403, 403, 403, 200]).await;
    let cards = || Some(json!({ "company_id": cast.company_id, "iccids": [iccid()] }));
    cast.may(Method::POST, "/sim-cards", cards, [401, 403, 403, 403, 403, 200]).await;
    let list = format!("/companies/{}/sim-cards", cast.company_id);
    cast.may(Method::GET, &list, || None, [401, 404, 200, 404, 200, 200]).await;
    let nowhere = format!("/companies/{}/sim-cards", no_id());
    cast.operator.get(&nowhere).await.refused(404, "resource-not-found");
}
