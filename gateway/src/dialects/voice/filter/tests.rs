use axum::response::IntoResponse;
use proptest::prelude::*;
use proto::common::v1::condition::Kind as Which;
use serde_json::{Value, json};

use super::*;

fn params(pairs: &[(String, String)]) -> Params {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs);
    let uri = format!("/list?{}", query.finish()).parse().unwrap();
    Params::of(&uri).unwrap()
}

fn json_form<M: Listed>(filter: &Value) -> Result<Filter<M>, Error> {
    Filter::of(&params(&[("filter".to_owned(), filter.to_string())]))
}

/// Writes a filter in brackets.
fn flatten(path: &str, value: &Value, pairs: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                flatten(&format!("{path}[{name}]"), value, pairs);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                flatten(&format!("{path}[{index}]"), value, pairs);
            }
        }
        Value::String(text) => pairs.push((path.to_owned(), text.clone())),
        other => pairs.push((path.to_owned(), other.to_string())),
    }
}

fn bracket_form<M: Listed>(filter: &Value) -> Result<Filter<M>, Error> {
    let mut pairs = Vec::new();
    flatten("filter", filter, &mut pairs);
    Filter::of(&params(&pairs))
}

async fn cause<M: Listed>(parsed: Result<Filter<M>, Error>) -> String {
    let Err(error) = parsed else { panic!("understood") };
    let response = error.into_response();
    assert_eq!(response.status(), 400);
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let body: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(body["error"]["code"], "INVALID_FILTER");
    body["error"]["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let many: Vec<Value> = (0..51).map(|n| json!({"ramal": n.to_string()})).collect();
    let deep = (0..6).fold(json!({"ramal": "1"}), |inner, _| json!({"or": [inner]}));
    for (filter, named) in [
        (json!({"wehre": {}}), "\"wehre\""),
        (json!({"include": "x"}), "include"),
        (json!({"limit": 0}), "limit"),
        (json!({"limit": 1001}), "limit"),
        (json!({"limit": "10"}), "limit"),
        (json!({"limit": 1.5}), "limit"),
        (json!({"skip": -1}), "skip"),
        (json!({"offset": "x"}), "offset"),
        (json!({"skip": 1, "offset": 1}), "skip and offset"),
        (json!({"order": "ramall"}), "\"ramall\""),
        (json!({"order": "ramal UP"}), "\"UP\""),
        (json!({"order": "ramal ASC id"}), "too much"),
        (json!({"order": "ramal,"}), "empty"),
        (json!({"order": 1}), "order"),
        (json!({"order": [1]}), "order"),
        (json!({"order": "senha"}), "senha"),
        (json!({"fields": {"x": true}}), "\"x\""),
        (json!({"fields": {"id": 1}}), "id"),
        (json!({"fields": "id"}), "fields"),
        (json!({"fields": [1]}), "fields"),
        (json!({"where": []}), "where"),
        (json!({"where": {"number": "1"}}), "\"number\""),
        (json!({"where": {"senha": "x"}}), "senha"),
        (json!({"where": {"ramal": 1001}}), "ramal"),
        (json!({"where": {"ramal": ["1001"]}}), "ramal"),
        (json!({"where": {"ramal": {}}}), "ramal"),
        (json!({"where": {"ramal": {"$ne": "1"}}}), "\"$ne\""),
        (json!({"where": {"ramal": {"near": "1"}}}), "\"near\""),
        (json!({"where": {"ramal": {"inq": "1"}}}), "inq"),
        (json!({"where": {"ramal": {"inq": [1]}}}), "ramal"),
        (json!({"where": {"ramal": {"inq": vec!["1"; 501]}}}), "500"),
        (json!({"where": {"ramal": {"between": ["1"]}}}), "between"),
        (json!({"where": {"ramal": {"like": "a\\"}}}), "escape"),
        (json!({"where": {"ramal": {"like": 1}}}), "pattern"),
        (json!({"where": {"ramal": {"regexp": "x".repeat(201)}}}), "200"),
        (json!({"where": {"ramal": {"regexp": "/x/g"}}}), "\"g\""),
        (json!({"where": {"id": {"like": "1"}}}), "like"),
        (json!({"where": {"id": "1"}}), "id"),
        (json!({"where": {"id": 1.5}}), "id"),
        (json!({"where": {"gravar_audio": 2}}), "gravar_audio"),
        (json!({"where": {"ramal": "\0"}}), "NUL"),
        (json!({"where": {"and": {}}}), "and"),
        (json!({"where": {"or": []}}), "or"),
        (json!({"where": {"nor": [{}]}}), "nor"),
        (json!({"where": {"or": [1]}}), "not an object"),
        (json!({"where": {"or": many}}), "50"),
        (json!({"where": deep}), "5 levels"),
    ] {
        let cause = cause(json_form::<Extensions>(&filter)).await;
        assert!(cause.contains(named), "{filter}: {cause}");
    }
    for (filter, named) in [
        (json!({"where": {"emailVerified": {"gt": true}}}), "emailVerified"),
        (json!({"where": {"emailVerified": "true"}}), "emailVerified"),
        (json!({"where": {"createdAt": "yesterday"}}), "createdAt"),
        (json!({"where": {"uuid": "x"}}), "uuid"),
    ] {
        let cause = cause(json_form::<Users>(&filter)).await;
        assert!(cause.contains(named), "{filter}: {cause}");
    }
    assert!(cause(json_form::<Tokens>(&json!({"where": {"id": "x"}}))).await.contains("id"));
    let price = json_form::<Calls>(&json!({"where": {"call_price": 0.001}}));
    assert!(cause(price).await.contains("call_price"));
}

#[tokio::test]
async fn what_has_no_form_is_refused() {
    for (pairs, named) in [
        (vec![("filter", "Test")], "JSON"),
        (vec![("filter", "[]")], "object"),
        (vec![("filter", "{}"), ("filter", "{}")], "two"),
        (vec![("filter", "{}"), ("filter[limit]", "1")], "brackets"),
        (vec![("filter[limit", "1")], "match"),
        (vec![("filter[]x", "1")], "match"),
        (vec![("filter[a]]", "1")], "match"),
        (vec![("filter[where]", "1"), ("filter[where][ramal]", "1")], "parts"),
        (vec![("filter[where][ramal]", "1"), ("filter[where]", "1")], "parts"),
        (vec![("filter[limit]", "1"), ("filter[limit]", "2")], "limit"),
        (vec![("filter[0]", "1")], "object"),
    ] {
        let owned: Vec<_> =
            pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let cause = cause(Filter::<Extensions>::of(&params(&owned))).await;
        assert!(cause.contains(named), "{pairs:?}: {cause}");
    }
    let long = json!({"where": {"ramal": "1".repeat(8 * 1024)}});
    assert!(cause(json_form::<Extensions>(&long)).await.contains("8192"));
    assert!(cause(bracket_form::<Extensions>(&long)).await.contains("8192"));
    let segments = format!("filter{}", "[a]".repeat(40));
    let deep = Filter::<Extensions>::of(&params(&[(segments, "1".to_owned())]));
    assert!(cause(deep).await.contains("levels"));
}

#[test]
fn nothing_asked_is_everything() {
    for pairs in [
        &[][..],
        &[("filter".to_owned(), String::new())],
        &[("filter".to_owned(), "{}".to_owned())],
        &[("filtered".to_owned(), "x".to_owned()), ("other".to_owned(), "y".to_owned())],
        &[("filter".to_owned(), r#"{"where": {}, "order": null}"#.to_owned())],
    ] {
        let filter = Filter::<Users>::of(&params(pairs)).unwrap();
        assert_eq!(filter.query, Query::default());
        assert_eq!(filter.selection, Selection::everything());
    }
}

#[test]
fn samples_of_both_generations_mean_the_same() {
    let own = |name: &str, text: &str| params(&[(name.to_owned(), text.to_owned())]);
    let old = Filter::<Extensions>::of(&own("filter", r#"{"limit":100}"#)).unwrap();
    let new = Filter::<Extensions>::of(&own("filter[limit]", "100")).unwrap();
    assert_eq!((old.query.limit, &old.query), (100, &new.query));
    let appended = [("filter[order][]", "ramal DESC"), ("filter[order][]", "id")]
        .map(|(name, text)| (name.to_owned(), text.to_owned()));
    let filter = Filter::<Extensions>::of(&params(&appended)).unwrap();
    let order: Vec<_> =
        filter.query.order_by.iter().map(|by| (by.field.as_str(), by.descending)).collect();
    assert_eq!(order, [("number", true), ("id", false)]);
    let text = json_form::<Extensions>(&json!({"order": "ramal desc, id"})).unwrap();
    assert_eq!(text.query, filter.query);
}

#[test]
fn several_operators_and_levels_are_kept_apart() {
    let filter = json_form::<Calls>(&json!({"where": {
        "duration": {"gt": 1, "lte": 60},
        "or": [{"from": "1001", "to": "1002"}, {"BINA": null}],
    }}))
    .unwrap();
    let Some(Which::AllOf(all)) = filter.query.r#where.unwrap().kind else { panic!("no list") };
    assert_eq!(all.conditions.len(), 3);
    let any = all.conditions.iter().find_map(|condition| match &condition.kind {
        Some(Which::AnyOf(any)) => Some(any),
        _ => None,
    });
    let [both, null] = any.unwrap().conditions.as_slice() else { panic!("not two") };
    assert!(matches!(both.kind, Some(Which::AllOf(_))));
    let Some(Which::Comparison(null)) = &null.kind else { panic!("no comparison") };
    assert_eq!((null.field.as_str(), null.values[0].kind.clone()), ("caller_id", None));
}

#[test]
fn fields_are_selected() {
    let item = json!({"id": 1, "ramal": "1001", "senha": "********"});
    for (fields, shown) in [
        (json!({"ramal": true}), json!({"ramal": "1001"})),
        (json!({"senha": false}), json!({"id": 1, "ramal": "1001"})),
        (json!({"id": true, "senha": false}), json!({"id": 1})),
        (json!(["id", "senha"]), json!({"id": 1, "senha": "********"})),
        (json!([]), item.clone()),
    ] {
        let filter = json_form::<Extensions>(&json!({"fields": fields})).unwrap();
        assert_eq!(serde_json::to_value(filter.select(&item)).unwrap(), shown);
    }
    let all = json_form::<Extensions>(&json!({})).unwrap();
    assert_eq!(serde_json::to_value(all.select(&item)).unwrap(), item);
}

#[test]
fn pages_lie_where_the_contract_says() {
    let paging = |query: &str| {
        Paging::<Calls>::of(&Params::of(&format!("/calls?{query}").parse().unwrap()).unwrap())
    };
    for (query, (page, limit, skip)) in [
        ("", (1, 100, 0)),
        ("page=3", (3, 100, 200)),
        ("page=3&limit=10", (3, 10, 20)),
        ("page=3&limit=10&filter[limit]=7", (3, 7, 14)),
        ("filter[skip]=25&limit=10", (3, 10, 25)),
        ("filter[offset]=9&limit=10", (1, 10, 9)),
        ("page=4294967295&limit=1000", (4_294_967_295, 1_000, u32::MAX)),
    ] {
        let paging = paging(query).unwrap();
        assert_eq!((paging.page, paging.limit, paging.skip), (page, limit, skip), "{query}");
    }
    for query in
        ["page=0", "page=x", "limit=0", "limit=1001", "page=-1", "page=1&filter[skip]=1", "limit="]
    {
        assert!(paging(query).is_err(), "{query}");
    }
    let meta =
        |query: &str, total| serde_json::to_value(paging(query).unwrap().meta(total)).unwrap();
    let lies = |total: u64, pages: u64, current: u64| {
        json!({
            "totalItemCount": total,
            "totalPageCount": pages,
            "itemsPerPage": 10,
            "currentPage": current,
        })
    };
    assert_eq!(meta("limit=10", 0), lies(0, 0, 1));
    let mut middle = lies(25, 3, 2);
    (middle["nextPage"], middle["previousPage"]) = (3.into(), 1.into());
    assert_eq!(meta("page=2&limit=10", 25), middle);
    let mut last = lies(30, 3, 3);
    last["previousPage"] = 2.into();
    assert_eq!(meta("page=3&limit=10", 30), last);
}

fn any_scalar(field: &'static Field) -> BoxedStrategy<Value> {
    match field.kind {
        Kind::Text | Kind::Shown => "[^\0\\\\]{0,6}".prop_map(Value::from).boxed(),
        Kind::Uuid => {
            any::<u128>().prop_map(|id| Value::from(uuid::Uuid::from_u128(id).to_string())).boxed()
        }
        Kind::Integer => any::<i64>().prop_map(Value::from).boxed(),
        Kind::Flag => (0_i64..2).prop_map(Value::from).boxed(),
        Kind::Reais => (0_i64..1_000_000).prop_map(|cents| json!(cents as f64 / 100.0)).boxed(),
        Kind::Boolean => any::<bool>().prop_map(Value::from).boxed(),
        Kind::Time => (0_i64..4_000_000_000)
            .prop_map(|seconds| {
                let moment = prost_types::Timestamp { seconds, nanos: 0 };
                Value::from(crate::dialects::voice::wire::milliseconds(Some(&moment)))
            })
            .boxed(),
    }
}

fn any_comparison() -> impl Strategy<Value = Value> {
    let comparable: Vec<&'static Field> =
        Calls::FIELDS.iter().filter(|field| field.kind != Kind::Shown).collect();
    prop::sample::select(comparable).prop_flat_map(|field| {
        let mut operators = vec!["", "eq", "neq", "inq", "nin"];
        if field.kind != Kind::Boolean {
            operators.extend(["gt", "gte", "lt", "lte", "between"]);
        }
        if field.kind == Kind::Text {
            operators.extend(["like", "nlike", "ilike", "nilike", "regexp"]);
        }
        prop::sample::select(operators).prop_flat_map(move |operator| {
            let size = match operator {
                "inq" | "nin" => 1..=3,
                "between" => 2..=2,
                _ => 1..=1,
            };
            prop::collection::vec(any_scalar(field), size).prop_map(move |values| {
                let value = match operator {
                    "inq" | "nin" | "between" => Value::from(values),
                    _ => values[0].clone(),
                };
                if operator.is_empty() {
                    json!({field.name: value})
                } else {
                    json!({field.name: {operator: value}})
                }
            })
        })
    })
}

fn any_where() -> impl Strategy<Value = Value> {
    any_comparison().prop_recursive(4, 12, 3, |inner| {
        (prop::sample::select(vec!["and", "or", "nor"]), prop::collection::vec(inner, 1..4))
            .prop_map(|(name, conditions)| json!({name: conditions}))
    })
}

prop_compose! {
    fn any_filter()(
        condition in any_where(),
        limit in 1..=1_000,
        skip in 0..1_000_000,
        order in prop::sample::subsequence(vec!["id", "started_at DESC", "BINA asc"], 1..=3),
        shown in prop::sample::subsequence(vec!["id", "metadata", "from"], 1..=3),
    ) -> Value {
        json!({
            "where": condition,
            "limit": limit,
            "skip": skip,
            "order": order,
            "fields": shown,
        })
    }
}

proptest! {
    #[test]
    fn both_forms_of_a_filter_ask_the_same(filter in any_filter()) {
        let json = json_form::<Calls>(&filter).map_err(|error| format!("{error:?}"));
        let brackets = bracket_form::<Calls>(&filter).map_err(|error| format!("{error:?}"));
        match (json, brackets) {
            (Ok(json), Ok(brackets)) => {
                prop_assert_eq!(json.query, brackets.query);
                prop_assert_eq!(json.selection, brackets.selection);
            }
            // A regular expression may happen to be delimited and have no flags.
            (Err(json), Err(brackets)) => prop_assert_eq!(json, brackets),
            (json, brackets) => prop_assert!(false, "{:?} {:?}", json, brackets),
        }
    }

    #[test]
    fn any_text_is_understood_or_refused(text in any::<String>(), name in any::<String>()) {
        let _ = Filter::<Calls>::of(&params(&[("filter".to_owned(), text.clone())]));
        let _ = Filter::<Calls>::of(&params(&[(format!("filter[{name}"), text.clone())]));
        let _ = Filter::<Calls>::of(&params(&[(format!("filter[where][{name}]"), text)]));
    }

    #[test]
    fn anything_that_looks_like_a_filter_is_understood_or_refused(
        text in "[\\{\\}\\[\\]:,\"a-z0-9 .-]{0,80}",
        path in "(\\[(where|and|or|ramal|inq|like|[0-9]|)\\]){0,6}",
    ) {
        let _ = Filter::<Extensions>::of(&params(&[("filter".to_owned(), text.clone())]));
        let _ = Filter::<Extensions>::of(&params(&[(format!("filter{path}"), text)]));
    }

    #[test]
    fn any_json_is_understood_or_refused(key in "[a-z]{1,6}", depth in 0_usize..200, leaf in any::<i64>()) {
        let nested = format!("{}{leaf}{}", format!("{{\"{key}\":").repeat(depth), "}".repeat(depth));
        let _ = Filter::<Users>::of(&params(&[("filter".to_owned(), nested)]));
    }
}
