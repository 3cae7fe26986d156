//! Questions put to a real Postgres, and to a model that answers them in Rust.

use postgres_local::testing::TestDatabase;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use proto::common::v1::condition::Kind as Which;
use proto::common::v1::query_value::Kind as Given;
use proto::common::v1::{Comparison, Condition, ConditionList, Operator, OrderBy, QueryValue};
use regex::Regex;
use sqlx::migrate::Migrator;
use time::OffsetDateTime;
use uuid::Uuid;

use super::*;
use crate::refusal::Refusal;
use crate::{Service, testing, timestamp};

static NONE: Migrator = Migrator::DEFAULT;

const OURS: i64 = 1;
const THEIRS: i64 = 2;

static THINGS: Table = Table {
    columns: &[
        Column::new("id", "thing_id", Kind::Uuid),
        Column::new("name", "name", Kind::Text).nullable(),
        Column::new("number", "number", Kind::Integer).nullable(),
        Column::new("price", "price", Kind::Cents),
        Column::new("good", "good", Kind::Boolean),
        Column::new("made", "made", Kind::Time),
    ],
    order: "made desc, thing_id",
    limit: 1_000,
};

#[derive(Clone, Debug, sqlx::FromRow)]
struct Thing {
    thing_id: Uuid,
    owner: i64,
    name: Option<String>,
    number: Option<i64>,
    price: i64,
    good: bool,
    made: OffsetDateTime,
}

const COLUMNS: &str = "thing_id, owner, name, number, price, good, made";

fn own(sql: &mut Sql) {
    sql.push("thing where owner = ").push_bind(OURS);
}

fn moment(second: i64) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(second)
}

fn things() -> Vec<Thing> {
    let names = [None, Some(""), Some("ana"), Some("bia"), Some("a%b"), Some("ab\\"), Some("anna")];
    let mut things = Vec::new();
    for owner in [OURS, THEIRS] {
        for (number, name) in (0_i64..).zip(names.iter().cycle().take(21)) {
            things.push(Thing {
                thing_id: Uuid::from_u128((owner as u128) << 64 | number as u128),
                owner,
                name: name.map(str::to_owned),
                number: (number % 3 != 0).then_some(number % 5),
                price: number % 4,
                good: number % 2 == 0,
                made: moment(number % 6),
            });
        }
    }
    things
}

async fn stocked() -> (Service, TestDatabase) {
    let (service, database) = testing::service("company", &NONE, vec![]).await;
    sqlx::raw_sql(
        "create table thing (thing_id uuid primary key, owner bigint not null, name text,
             number bigint, price bigint not null, good boolean not null, made timestamptz not null)",
    )
    .execute(&service.db)
    .await
    .unwrap();
    for thing in things() {
        sqlx::query("insert into thing values ($1, $2, $3, $4, $5, $6, $7)")
            .bind(thing.thing_id)
            .bind(thing.owner)
            .bind(thing.name)
            .bind(thing.number)
            .bind(thing.price)
            .bind(thing.good)
            .bind(thing.made)
            .execute(&service.db)
            .await
            .unwrap();
    }
    (service, database)
}

fn given(kind: Option<Given>) -> QueryValue {
    QueryValue { kind }
}

fn text(text: &str) -> QueryValue {
    given(Some(Given::Text(text.to_owned())))
}

fn compare(field: &str, operator: Operator, values: Vec<QueryValue>) -> Condition {
    let (field, operator) = (field.to_owned(), operator.into());
    let comparison = Comparison { field, operator, values, flags: String::new() };
    Condition { kind: Some(Which::Comparison(comparison)) }
}

fn list(which: fn(ConditionList) -> Which, conditions: Vec<Condition>) -> Condition {
    Condition { kind: Some(which(ConditionList { conditions })) }
}

fn about(condition: Condition) -> Query {
    Query { r#where: Some(condition), ..Query::default() }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => "[ab%_]{0,3}",
        1 => Just("ana".to_owned()),
        1 => Just("ab\\\\".to_owned()),
        1 => Just("'; drop table thing; --".to_owned()),
        1 => Just("$1 or true) or (true".to_owned()),
    ]
}

fn any_value(field: &'static str) -> BoxedStrategy<QueryValue> {
    let some = match field {
        "id" => (1_u128..3, 0_u128..22)
            .prop_map(|(owner, number)| {
                Given::Text(Uuid::from_u128(owner << 64 | number).to_string())
            })
            .boxed(),
        "name" => any_text().prop_map(Given::Text).boxed(),
        "number" => (0_i64..6).prop_map(Given::Integer).boxed(),
        "price" => (0_i64..5).prop_map(Given::Cents).boxed(),
        "good" => any::<bool>().prop_map(Given::Boolean).boxed(),
        _ => (0_i64..7).prop_map(|at| Given::Time(timestamp::to_proto(moment(at)))).boxed(),
    };
    prop_oneof![9 => some.prop_map(|kind| given(Some(kind))), 1 => Just(given(None))].boxed()
}

fn any_comparison() -> impl Strategy<Value = Condition> {
    let field = prop::sample::select(vec!["id", "name", "number", "price", "good", "made"]);
    (field, 1_i32..15).prop_flat_map(|(field, operator)| {
        let operator = Operator::try_from(operator).unwrap();
        let operator = match (field, operator) {
            ("name", Operator::Greater | Operator::GreaterOrEqual | Operator::Less) => {
                Operator::Equal
            }
            ("name", Operator::LessOrEqual | Operator::Between) => Operator::NotEqual,
            ("name", operator) => operator,
            (_, operator) if operator as i32 >= Operator::Like as i32 => Operator::In,
            ("good", Operator::NotEqual | Operator::Equal | Operator::NotIn) => operator,
            ("good", _) => Operator::In,
            (_, operator) => operator,
        };
        let size = match operator {
            Operator::Between => 2..=2,
            Operator::In | Operator::NotIn => 0..=3,
            _ => 1..=1,
        };
        let values = if operator == Operator::Regexp {
            prop::collection::vec("[ab.]{0,2}[an]?\\$?".prop_map(|found| text(&found)), size)
                .boxed()
        } else {
            prop::collection::vec(any_value(field), size).boxed()
        };
        values.prop_map(move |values| compare(field, operator, values))
    })
}

fn any_condition() -> impl Strategy<Value = Condition> {
    any_comparison().prop_recursive(4, 12, 3, |inner| {
        let which = prop_oneof![
            Just(Which::AllOf as fn(ConditionList) -> Which),
            Just(Which::AnyOf as fn(ConditionList) -> Which),
            Just(Which::NoneOf as fn(ConditionList) -> Which),
        ];
        (which, prop::collection::vec(inner, 1..4))
            .prop_map(|(which, conditions)| list(which, conditions))
    })
}

/// Whether a text matches a pattern of `like`.
fn is_like(text: &[char], pattern: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['%', rest @ ..] => (0..=text.len()).any(|from| is_like(&text[from..], rest)),
        ['_', rest @ ..] => !text.is_empty() && is_like(&text[1..], rest),
        ['\\', literal, rest @ ..] | [literal, rest @ ..] => {
            text.first() == Some(literal) && is_like(&text[1..], rest)
        }
    }
}

/// A field's value as something to compare: its text, or its rank.
fn value_of(thing: &Thing, field: &str) -> Option<Given> {
    match field {
        "id" => Some(Given::Text(thing.thing_id.to_string())),
        "name" => thing.name.clone().map(Given::Text),
        "number" => thing.number.map(Given::Integer),
        "price" => Some(Given::Cents(thing.price)),
        "good" => Some(Given::Boolean(thing.good)),
        _ => Some(Given::Time(timestamp::to_proto(thing.made))),
    }
}

fn rank(given: &Given) -> (i64, String) {
    match given {
        Given::Text(text) => (0, text.clone()),
        Given::Integer(number) | Given::Cents(number) => (*number, String::new()),
        Given::Boolean(answer) => (i64::from(*answer), String::new()),
        Given::Time(moment) => (moment.seconds, String::new()),
    }
}

fn holds(thing: &Thing, condition: &Condition) -> bool {
    match condition.kind.as_ref().unwrap() {
        Which::AllOf(list) => list.conditions.iter().all(|inner| holds(thing, inner)),
        Which::AnyOf(list) => list.conditions.iter().any(|inner| holds(thing, inner)),
        Which::NoneOf(list) => !list.conditions.iter().any(|inner| holds(thing, inner)),
        Which::Comparison(comparison) => compares(thing, comparison),
    }
}

fn compares(thing: &Thing, comparison: &Comparison) -> bool {
    let operator = comparison.operator();
    let value = value_of(thing, &comparison.field);
    let wanted: Vec<_> = comparison.values.iter().map(|value| value.kind.clone()).collect();
    match (operator, &wanted[..]) {
        (Operator::Equal, [None]) => return value.is_none(),
        (Operator::NotEqual, [None]) => return value.is_some(),
        _ => {}
    }
    let Some(value) = value else { return false };
    let value = rank(&value);
    let ranks: Vec<_> = wanted.iter().flatten().map(rank).collect();
    match operator {
        Operator::In => return ranks.contains(&value),
        Operator::NotIn => return !ranks.contains(&value),
        _ if ranks.len() < wanted.len() => return false,
        _ => {}
    }
    let like = || {
        let (text, pattern) = (&value.1, &ranks[0].1);
        is_like(&text.chars().collect::<Vec<_>>(), &pattern.chars().collect::<Vec<_>>())
    };
    match operator {
        Operator::Equal => value == ranks[0],
        Operator::NotEqual => value != ranks[0],
        Operator::Greater => value > ranks[0],
        Operator::GreaterOrEqual => value >= ranks[0],
        Operator::Less => value < ranks[0],
        Operator::LessOrEqual => value <= ranks[0],
        Operator::Between => (&ranks[0]..=&ranks[1]).contains(&&value),
        Operator::Like | Operator::Ilike => like(),
        Operator::NotLike | Operator::NotIlike => !like(),
        Operator::Regexp => Regex::new(&ranks[0].1).unwrap().is_match(&value.1),
        _ => unreachable!("{operator:?}"),
    }
}

#[test]
fn any_question_gets_what_the_model_says_and_nothing_of_others() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (service, _database) = runtime.block_on(stocked());
    let cases = Config { cases: 600, ..Config::default() };
    TestRunner::new(cases)
        .run(&any_condition(), |condition| {
            let query = about(condition.clone());
            let (mut found, total): (Vec<Thing>, i64) = runtime.block_on(async {
                let asked = THINGS.ask(&service.db, Some(query), own).await.unwrap();
                let rows = asked
                    .select(COLUMNS, own)
                    .build_query_as()
                    .fetch_all(&service.db)
                    .await
                    .unwrap();
                let total = asked.count(own).build_query_scalar().fetch_one(&service.db).await;
                (rows, total.unwrap())
            });
            prop_assert!(found.iter().all(|thing| thing.owner == OURS));
            prop_assert_eq!(total, found.len() as i64);
            found.sort_by_key(|thing| thing.thing_id);
            let mut wanted = things();
            wanted.retain(|thing| thing.owner == OURS && holds(thing, &condition));
            let ids = |things: Vec<Thing>| -> Vec<Uuid> {
                things.into_iter().map(|thing| thing.thing_id).collect()
            };
            prop_assert_eq!(ids(found), ids(wanted));
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_statement_consists_of_the_tables_literals_and_parameters() {
    let token = Regex::new(concat!(
        r"^(select|count\(\*\)|from|where|owner|and|or|is|not|true|false|null|like|ilike|between",
        r"|any|all|thing_id|thing|name|number|price|good|made|::text|\$[0-9]+|[()=<>]|\s)",
    ))
    .unwrap();
    proptest!(|(condition in any_condition())| {
        let asked = parse::question(&THINGS, about(condition)).unwrap();
        let mut sql = asked.count(own);
        let statement = sql.build().sql_text();
        let mut rest = statement.as_str();
        while let Some(found) = token.find(rest) {
            rest = &rest[found.end()..];
        }
        prop_assert_eq!(rest, "", "{}", statement);
    });
}

trait SqlText {
    fn sql_text(self) -> String;
}

impl<'q, E: sqlx::Execute<'q, Postgres>> SqlText for E {
    fn sql_text(self) -> String {
        self.sql().as_str().to_owned()
    }
}

#[tokio::test]
async fn order_skip_and_limit_are_the_askers_and_ties_the_lists() {
    let (service, _database) = stocked().await;
    let query = Query {
        order_by: vec![OrderBy { field: "number".to_owned(), descending: true }],
        skip: 3,
        limit: 30,
        ..Query::default()
    };
    let asked = THINGS.ask(&service.db, Some(query), own).await.unwrap();
    let found: Vec<Thing> =
        asked.select(COLUMNS, own).build_query_as().fetch_all(&service.db).await.unwrap();
    let mut wanted = things();
    wanted.retain(|thing| thing.owner == OURS);
    wanted.sort_by_key(|thing| {
        (thing.number.map_or(1, |number| -number), -thing.made.unix_timestamp(), thing.thing_id)
    });
    let ids = |things: &[Thing]| things.iter().map(|thing| thing.thing_id).collect::<Vec<_>>();
    assert_eq!(ids(&found), ids(&wanted[3..]));

    let all = THINGS.ask(&service.db, None, own).await.unwrap();
    assert!(all.is_about_all());
    assert_eq!((all.skip(), all.limit()), (0, 1_000));
}

#[tokio::test]
async fn a_pattern_looks_at_no_more_than_its_share() {
    let (service, _database) = stocked().await;
    sqlx::query(
        "insert into thing
         select gen_random_uuid(), $1, 'x' || n, n, 0, true, to_timestamp(n)
         from generate_series(1, 50000) n",
    )
    .bind(OURS)
    .execute(&service.db)
    .await
    .unwrap();
    let pattern = compare("name", Operator::Regexp, vec![text("9{4}$")]);
    let refused = THINGS.ask(&service.db, Some(about(pattern.clone())), own).await.unwrap_err();
    assert_eq!(Refusal::of(&refused).violations[0].field, FIELD);

    let few = given(Some(Given::Integer(49_000)));
    let both = vec![pattern, compare("number", Operator::Greater, vec![few])];
    let asked = THINGS.ask(&service.db, Some(about(list(Which::AllOf, both))), own).await.unwrap();
    let found: i64 = asked.count(own).build_query_scalar().fetch_one(&service.db).await.unwrap();
    assert_eq!(found, 1, "x49999");
}

fn refusal(query: Query) -> String {
    let status = parse::question(&THINGS, query).expect_err("the question is refused");
    assert_eq!(status.code(), tonic::Code::InvalidArgument);
    let violations = Refusal::of(&status).violations;
    assert_eq!(violations[0].field, FIELD);
    violations[0].message.clone()
}

#[test]
fn what_the_contract_forbids_is_refused() {
    let yes = || given(Some(Given::Boolean(true)));
    let number = |number| given(Some(Given::Integer(number)));
    let fine = || compare("number", Operator::Equal, vec![number(1)]);
    let wrong = [
        (compare("owner", Operator::Equal, vec![number(2)]), "cannot be asked"),
        (compare("name", Operator::Unspecified, vec![text("x")]), "does not have"),
        (compare("good", Operator::Greater, vec![yes()]), "does not have"),
        (compare("number", Operator::Like, vec![text("1%")]), "does not have"),
        (compare("number", Operator::Equal, vec![text("1")]), "another type"),
        (compare("price", Operator::Equal, vec![number(1)]), "another type"),
        (compare("id", Operator::Equal, vec![text("1")]), "an id that is none"),
        (compare("name", Operator::Equal, vec![text("\0")]), "NUL"),
        (compare("name", Operator::Equal, vec![]), "another number of values"),
        (compare("number", Operator::Between, vec![number(1)]), "another number of values"),
        (compare("number", Operator::In, vec![number(1); 501]), "more than 500"),
        (compare("name", Operator::Like, vec![text("a\\")]), "middle of an escape"),
        (compare("name", Operator::Regexp, vec![text("(")]), "that is none"),
        (compare("name", Operator::Regexp, vec![text(r"(\pL{99}){99}")]), "too large"),
        (compare("name", Operator::Regexp, vec![text(&"a".repeat(201))]), "200 characters"),
        (list(Which::AnyOf, vec![]), "empty list"),
        (list(Which::AllOf, vec![fine(); 51]), "more than 50"),
        ((0..12).fold(fine(), |inner, _| list(Which::NoneOf, vec![inner])), "levels"),
        (Condition { kind: None }, "no kind"),
    ];
    for (condition, cause) in wrong {
        let told = refusal(about(condition.clone()));
        assert!(told.contains(cause), "{told}: {condition:?}");
    }
    let deep = (0..11).fold(fine(), |inner, _| list(Which::NoneOf, vec![inner]));
    parse::question(&THINGS, about(deep)).unwrap();
    assert!(refusal(Query { limit: 1_001, ..Query::default() }).contains("1000"));
    let unknown = OrderBy { field: "owner".to_owned(), descending: false };
    assert!(refusal(Query { order_by: vec![unknown], ..Query::default() }).contains("field"));
}

#[test]
fn what_is_shown_as_equal_is_still_in_order() {
    static MADE: Column =
        Column::new("made", "date_trunc('second', made)", Kind::Time).ordered_by("made");
    let mut sql = Sql::new("");
    Order { column: &MADE, descending: true }.push(&mut sql);
    assert_eq!(sql.sql(), "made desc");
}
