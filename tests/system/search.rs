//! Lists: which part of them is given, and what a search finds.

use harness::{Rest, Sample, World, iccid, unique};
use serde_json::{Value, json};

use crate::cast::{Cast, company, id};

async fn named(operator: &Rest, official_name: &str) -> Value {
    let mut sample = Sample::company();
    sample["officialName"] = official_name.into();
    operator.post("/companies", &sample).await.expect(201)
}

/// The ids that a search finds.
async fn found(operator: &Rest, term: &str) -> Vec<String> {
    let encoded: String = term.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let page =
        operator.get(&format!("/companies?limit=200&searchTerm={encoded}")).await.expect(200);
    let companies = page["companies"].as_array().unwrap();
    assert_eq!(page["pagination"]["totalCount"], json!(companies.len()));
    companies.iter().map(|company| id(company).to_owned()).collect()
}

#[tokio::test]
async fn companies_are_found_by_what_is_written() {
    let operator = World::shared().await.operator().await;
    let mark = format!("Zq{}w", unique());
    let odd = [
        format!("{mark} 100% Açaí D'Água \"Ltda\" \\ _x"),
        format!("{mark} 1000 Acai"),
        format!("{mark} ÁÉÍÓÚ ção"),
    ];
    let mut ids = vec![];
    for name in &odd {
        ids.push(id(&named(&operator, name).await).to_owned());
    }
    for (term, expected) in [
        ("100%", vec![0]),
        ("açaí", vec![1, 0]),
        ("ACAI", vec![1, 0]),
        ("D'Água", vec![0]),
        ("\"ltda\"", vec![0]),
        (" \\ ", vec![0]),
        ("_x", vec![0]),
        ("aeiou CAO", vec![2]),
        ("%", vec![0]),
        ("' or '1'='1", vec![]),
    ] {
        let mut searched = vec![];
        for index in found(&operator, term).await {
            // Other tests' companies may fit as well.
            searched.extend(ids.iter().position(|id| *id == index));
        }
        assert_eq!(searched, expected, "{term}");
    }
    assert_eq!(found(&operator, &mark).await, [&*ids[2], &ids[1], &ids[0]]);
    assert_eq!(found(&operator, &mark.to_uppercase()).await.len(), 3);
}

#[tokio::test]
async fn companies_are_found_by_cnpj_and_email() {
    let operator = World::shared().await.operator().await;
    let sample = Sample::company();
    let created = operator.post("/companies", &sample).await.expect(201);
    for member in ["cnpj", "email", "officialName"] {
        for text in [&sample[member], &created[member]] {
            let term = text.as_str().unwrap();
            let found = found(&operator, term).await;
            assert!(found.contains(&id(&created).to_owned()), "{term}");
        }
    }
    let parts = created["cnpj"].as_str().unwrap();
    assert!(found(&operator, &parts[3..]).await.contains(&id(&created).to_owned()));
}

#[tokio::test]
async fn a_search_term_has_its_limits() {
    let operator = World::shared().await.operator().await;
    let answer = operator.get(&format!("/companies?searchTerm={}", "x".repeat(201))).await;
    assert_eq!(answer.wrong_fields(), ["searchTerm"]);
    operator.get(&format!("/companies?searchTerm={}", "x".repeat(200))).await.expect(200);
    let all = operator.get("/companies?searchTerm=").await.expect(200);
    assert!(all["pagination"]["totalCount"].as_u64() >= Some(2));
    let odd = operator.get("/companies?searchTerm=%00").await;
    assert!(odd.status == 200 || odd.wrong_fields() == ["searchTerm"], "{}", odd.body);
}

#[tokio::test]
async fn a_list_of_companies_is_cut_into_pages() {
    let operator = World::shared().await.operator().await;
    let mark = format!("Page{}x", unique());
    let mut ids = vec![];
    for number in 0..5 {
        ids.insert(0, id(&named(&operator, &format!("{mark} {number}")).await).to_owned());
    }
    let page = async |query: &str| {
        operator.get(&format!("/companies?searchTerm={mark}{query}")).await.expect(200)
    };
    let ids_of = |page: &Value| -> Vec<String> {
        page["companies"].as_array().unwrap().iter().map(|c| id(c).to_owned()).collect()
    };
    for (query, wanted, more) in [
        ("", 0..5, false),
        ("&limit=2", 0..2, true),
        ("&limit=2&offset=2", 2..4, true),
        ("&limit=2&offset=4", 4..5, false),
        ("&limit=5", 0..5, false),
        ("&offset=5", 5..5, false),
        ("&offset=99999999999999999999", 5..5, false),
        ("&limit=201&offset=1", 1..5, false),
        ("&limit=99999999999999999999", 0..5, false),
    ] {
        let page = page(query).await;
        assert_eq!(ids_of(&page), ids[wanted], "{query}");
        let expected = json!({ "hasMore": more, "totalCount": 5 });
        assert_eq!(page["pagination"], expected, "{query}");
    }
}

#[tokio::test]
async fn what_is_no_part_of_a_list_is_refused() {
    let cast = Cast::shared().await;
    let company = &cast.company_id;
    for list in [
        "/companies".to_owned(),
        format!("/companies/{company}/sim-cards"),
        format!("/companies/{company}/employees"),
    ] {
        for limit in ["0", "-1", "x", "", "1.5", "1e2", "%20", "NaN"] {
            let answer = cast.operator.get(&format!("{list}?limit={limit}")).await;
            assert_eq!(answer.wrong_fields(), ["limit"], "{list} {limit}");
        }
        for offset in ["-1", "x", "1.5", "-99999999999999999999"] {
            let answer = cast.operator.get(&format!("{list}?offset={offset}")).await;
            assert_eq!(answer.wrong_fields(), ["offset"], "{list} {offset}");
        }
        let answer = cast.operator.get(&format!("{list}?limit=0&offset=-1")).await;
        assert_eq!(answer.wrong_fields(), ["limit", "offset"]);
    }
}

#[tokio::test]
async fn a_companys_cards_are_cut_into_pages() {
    let operator = World::shared().await.operator().await;
    let company_id = company(&operator).await;
    let list = format!("/companies/{company_id}/sim-cards");
    let nothing = operator.get(&list).await.expect(200);
    let none = json!({ "pagination": { "hasMore": false, "totalCount": 0 }, "sim_cards": [] });
    assert_eq!(nothing, none);

    let mut iccids: Vec<_> = (0..205).map(|_| iccid()).collect();
    let body = json!({ "company_id": company_id, "iccids": iccids });
    operator.post("/sim-cards", &body).await.expect(200);
    iccids.sort();
    for (query, wanted, more) in [
        ("", 0..50, true),
        ("?limit=1", 0..1, true),
        ("?limit=1000", 0..200, true),
        ("?limit=200&offset=4", 4..204, true),
        ("?limit=200&offset=5", 5..205, false),
        ("?offset=204", 204..205, false),
        ("?offset=1000", 205..205, false),
    ] {
        let page = operator.get(&format!("{list}{query}")).await.expect(200);
        assert_eq!(page["pagination"], json!({ "hasMore": more, "totalCount": 205 }), "{query}");
        let cards: Vec<_> = iccids[wanted]
            .iter()
            .map(|iccid| json!({ "iccid": iccid, "status": "available", "phone_account_id": null }))
            .collect();
        assert_eq!(page["sim_cards"], json!(cards), "{query}");
    }
}

#[tokio::test]
async fn a_company_with_many_employees_lists_them_all() {
    let operator = World::shared().await.operator().await;
    let company_id = company(&operator).await;
    let mut ids = vec![];
    for number in 0..203 {
        let employee = json!({
            "fullName": format!("Employee {number}"), "status": "active", "companyId": company_id
        });
        ids.push(operator.post("/employees", &employee).await.expect(201)["id"].clone());
    }
    let list = format!("/companies/{company_id}/employees");
    for (query, wanted) in [
        ("", 0..203),
        ("?limit=3&offset=200", 200..203),
        ("?limit=999", 0..200),
        ("?offset=1", 1..203),
    ] {
        let employees = operator.get(&format!("{list}{query}")).await.expect(200);
        assert_eq!(employees.as_object().unwrap().len(), 1);
        let listed: Vec<_> = employees["employees"].as_array().unwrap().iter().collect();
        let listed: Vec<_> = listed.into_iter().map(|employee| employee["id"].clone()).collect();
        assert_eq!(listed, ids[wanted], "{query}");
    }
}
