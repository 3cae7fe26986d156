//! Filters, on lists of every model.

use harness::World;
use serde_json::{Value, json};

use super::cast::Admin;
use super::refused;

#[track_caller]
fn ramais(answer: Value) -> Vec<String> {
    let list = answer.as_array().expect("a list");
    list.iter().map(|item| item["ramal"].as_str().expect("a number").to_owned()).collect()
}

#[tokio::test]
async fn extensions_are_found_in_both_forms() {
    let world = World::shared().await;
    let admin = Admin::sign_up(world).await;
    for (ramal, first_name, last_name) in [
        ("1001", "Ana", Some("Souza")),
        ("1002", "Bia", None),
        ("1003", "ana_paula", Some("Silva")),
        ("2001", "Caio", Some("Souza")),
    ] {
        let extension = json!({"ramal": ramal, "first_name": first_name, "last_name": last_name});
        admin.rest.post("/extensions", &extension).await.expect(200);
    }
    for (filter, found) in [
        (json!({}), &["1001", "1002", "1003", "2001"][..]),
        (json!({"where": {"ramal": "1002"}}), &["1002"]),
        (json!({"where": {"ramal": {"inq": ["1002", "2001"]}}}), &["1002", "2001"]),
        (json!({"where": {"ramal": {"between": ["1002", "1003"]}}}), &["1002", "1003"]),
        (json!({"where": {"last_name": null}}), &["1002"]),
        (json!({"where": {"last_name": {"neq": "Souza"}}}), &["1003"]),
        (json!({"where": {"last_name": {"neq": null}}}), &["1001", "1003", "2001"]),
        (json!({"where": {"nor": [{"last_name": "Souza"}]}}), &["1002", "1003"]),
        (json!({"where": {"first_name": {"like": "A%"}}}), &["1001"]),
        (json!({"where": {"first_name": {"ilike": "a%"}}}), &["1001", "1003"]),
        (json!({"where": {"first_name": {"like": "%\\_%"}}}), &["1003"]),
        (json!({"where": {"first_name": {"regexp": "/^ANA/i"}}}), &["1001", "1003"]),
        (json!({"where": {"gravar_audio": 0, "ramal": {"gt": "1002"}}}), &["1003", "2001"]),
        (
            json!({"where": {"or": [{"ramal": "1001"}, {"and": [{"first_name": "Caio"}]}]}}),
            &["1001", "2001"],
        ),
        (json!({"order": "ramal DESC", "limit": 2}), &["2001", "1003"]),
        (json!({"order": ["last_name asc", "ramal"], "skip": 1}), &["1001", "2001", "1002"]),
        (json!({"order": "ramal", "offset": 3}), &["2001"]),
    ] {
        let mut query = url(&[("filter", &filter.to_string())]);
        assert_eq!(ramais(admin.rest.get(&query).await.expect(200)), found, "{filter}");
        let mut pairs = vec![];
        if flatten("filter", &filter, &mut pairs) {
            let pairs: Vec<_> =
                pairs.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
            query = url(&pairs);
            assert_eq!(ramais(admin.rest.get(&query).await.expect(200)), found, "{query}");
        }
    }
    let shown = admin.rest.get("/extensions?filter[limit]=1&filter[fields][0]=senha").await;
    assert_eq!(shown.expect(200), json!([{"senha": "********"}]));
}

fn url(pairs: &[(&str, &str)]) -> String {
    let url = reqwest::Url::parse_with_params("http://gateway/extensions", pairs).unwrap();
    format!("{}?{}", url.path(), url.query().unwrap_or_default())
}

/// Writes a filter in brackets; false when that cannot be.
fn flatten(path: &str, value: &Value, pairs: &mut Vec<(String, String)>) -> bool {
    match value {
        Value::Object(members) => {
            members.iter().all(|(name, value)| flatten(&format!("{path}[{name}]"), value, pairs))
        }
        Value::Array(items) => items
            .iter()
            .enumerate()
            .all(|(index, value)| flatten(&format!("{path}[{index}]"), value, pairs)),
        Value::Null => false,
        Value::String(text) => {
            pairs.push((path.to_owned(), text.clone()));
            true
        }
        other => {
            pairs.push((path.to_owned(), other.to_string()));
            true
        }
    }
}

#[tokio::test]
async fn a_filter_that_is_none_is_refused_on_every_list() {
    let world = World::shared().await;
    let admin = Admin::sign_up(world).await;
    for path in ["/users", "/users/accessTokens", "/extensions", "/calls"] {
        for filter in [
            "filter=Test",
            "filter={}&filter[limit]=1",
            "filter[where][nothing]=1",
            "filter[include]=x",
            "filter[limit]=0",
            "filter[order]=nothing",
            "filter[fields][nothing]=true",
        ] {
            let cause =
                refused(admin.rest.get(&format!("{path}?{filter}")).await, 400, "INVALID_FILTER");
            assert!(!cause.is_empty());
        }
        admin.rest.get(&format!("{path}?filter[limit]=100&other=1")).await.expect(200);
    }
}

#[tokio::test]
async fn people_and_tokens_are_found_by_their_fields() {
    let world = World::shared().await;
    let admin = Admin::sign_up(world).await;
    let user = admin.adds(world, "USER").await;
    let found = async |filter: Value| -> Vec<String> {
        let path = url(&[("filter", &filter.to_string())]).replace("/extensions", "/users");
        let list = admin.rest.get(&path).await.expect(200);
        let uuids = list.as_array().expect("a list").iter();
        uuids.map(|user| user["uuid"].as_str().expect("an id").to_owned()).collect()
    };
    let (first, second) = (admin.user_id.clone(), user.user_id.clone());
    assert_eq!(found(json!({})).await, [first.clone(), second.clone()]);
    assert_eq!(found(json!({"order": "createdAt DESC"})).await, [second.clone(), first.clone()]);
    assert_eq!(found(json!({"where": {"role": "ADMIN"}})).await, std::slice::from_ref(&first));
    assert_eq!(found(json!({"where": {"uuid": second}})).await, std::slice::from_ref(&second));
    assert_eq!(found(json!({"where": {"emailVerified": true}})).await.len(), 2);
    let later = json!({"where": {"createdAt": {"gt": "2999-01-01T00:00:00Z"}}});
    assert_eq!(found(later).await, Vec::<String>::new());
    admin.rest.post("/users/accessTokens", &json!({"ttl": 77})).await.expect(200);
    let tokens = admin.rest.get("/users/accessTokens?filter[where][ttl]=77").await.expect(200);
    assert_eq!(tokens.as_array().expect("a list").len(), 1);
}
