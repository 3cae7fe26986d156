use proto::common::v1::condition::Kind as Which;
use proto::common::v1::query_value::Kind as Given;
use proto::common::v1::{Comparison, Condition, ConditionList, Operator, OrderBy, QueryValue};
use time::Duration;
use time::macros::datetime;

use super::*;
use crate::calls::testing::World;

const START: OffsetDateTime = datetime!(2025-01-01 00:00 UTC);
const CALLS_MADE: i64 = 500;

/// Calls of three extensions over twenty days, as the service writes them.
async fn fill(world: &World) {
    let statement = "
        insert into call (
            call_id, company_id, extension_id, domain, direction, extension, phone, email,
            first_name, metadata, record_audio, state, started_at, answered_at, ended_at,
            duration_seconds, hangup_cause, seen_at
        )
        select gen_random_uuid(), $1, 1 + n % 3, 'acme.example.com',
               case when n % 5 = 0 then 'inbound' else 'outbound' end,
               (1000 + n % 3)::text, (4833328500 + n % 7)::text,
               case when n % 3 = 0 then 'user@domain.com' end, 'Silvio', '{}', false, 'ended',
               $2 + n * interval '57 minutes', $2 + n * interval '57 minutes',
               $2 + n * interval '57 minutes' + interval '1 second', 1,
               case when n % 4 = 0 then 'USER_BUSY' else 'NORMAL_CLEARING' end, $2
          from generate_series(0, $3 - 1) as n";
    sqlx::query(statement)
        .bind(world.company_id.0)
        .bind(START)
        .bind(CALLS_MADE)
        .execute(&world.service().db)
        .await
        .unwrap();
    sqlx::query(
        "insert into call_count
         select company_id, (started_at at time zone 'UTC')::date, extension_id, extension,
                direction, hangup_cause, email, count(*)
           from call
          group by 1, 2, 3, 4, 5, 6, 7",
    )
    .execute(&world.service().db)
    .await
    .unwrap();
}

fn compare(field: &str, operator: Operator, values: Vec<Given>) -> Condition {
    let values = values.into_iter().map(|value| QueryValue { kind: Some(value) }).collect();
    let comparison = Comparison {
        field: field.to_owned(),
        operator: operator.into(),
        values,
        flags: String::new(),
    };
    Condition { kind: Some(Which::Comparison(comparison)) }
}

fn text(text: &str) -> Given {
    Given::Text(text.to_owned())
}

fn moment(hours: i64) -> Given {
    Given::Time(chassis::timestamp::to_proto(START + Duration::hours(hours)))
}

fn all(conditions: Vec<Condition>) -> Condition {
    Condition { kind: Some(Which::AllOf(ConditionList { conditions })) }
}

fn questions() -> Vec<Option<Condition>> {
    use Operator::{Between, Equal, Greater, GreaterOrEqual, In, Less, LessOrEqual, NotEqual};
    let busy = || compare("hangup_cause", Equal, vec![text("USER_BUSY")]);
    vec![
        None,
        Some(busy()),
        Some(compare("call_type", NotEqual, vec![text("inbound")])),
        Some(compare("from", Equal, vec![text("1001")])),
        Some(compare("to", In, vec![text("1001"), text("1002")])),
        Some(compare("email", Equal, vec![text("user@domain.com")])),
        Some(compare("started_at", GreaterOrEqual, vec![moment(50)])),
        Some(compare("started_at", Between, vec![moment(3), moment(5)])),
        Some(compare("started_at", Between, vec![moment(24), moment(48)])),
        Some(compare("started_at", Between, vec![moment(48), moment(24)])),
        Some(compare("started_at", Equal, vec![moment(57)])),
        Some(all(vec![
            compare("started_at", Greater, vec![moment(24)]),
            all(vec![compare("started_at", Less, vec![moment(333)]), busy()]),
        ])),
        Some(compare("started_at", LessOrEqual, vec![moment(0)])),
        Some(all(vec![busy(), compare("from", Equal, vec![text("nobody")])])),
    ]
}

#[tokio::test]
async fn the_counts_answer_as_the_calls_themselves_do() {
    let world = World::new(0).await;
    fill(&world).await;
    let db = &world.service().db;
    for condition in questions() {
        for extension_ids in [None, Some(vec![1]), Some(vec![1, 3]), Some(vec![])] {
            for (order, skip) in [(None, 0), (None, 7), (Some(false), 130), (Some(true), 61)] {
                let owned =
                    Owned { company_id: world.company_id, extension_ids: extension_ids.clone() };
                let order_by = order
                    .map(|ascending: bool| OrderBy {
                        field: "started_at".to_owned(),
                        descending: !ascending,
                    })
                    .into_iter()
                    .collect();
                let query = Query { r#where: condition.clone(), order_by, skip, limit: 30 };
                assert!(Counted::read(query.clone()).is_some(), "{query:?}");
                let (calls, total) = list(db, &owned, Some(query.clone())).await.unwrap();
                let own = |sql: &mut Sql| owned.calls(sql);
                let question = CALLS.ask(db, Some(query.clone()), own).await.unwrap();
                let (expected, expected_total) = whole(db, &owned, &question).await.unwrap();
                let ids = |calls: &[EndedCall]| -> Vec<CallId> {
                    calls.iter().map(|call| call.call_id).collect()
                };
                assert_eq!(total, expected_total, "{query:?}");
                assert_eq!(ids(&calls), ids(&expected), "{query:?}");
            }
        }
    }
}

#[tokio::test]
async fn what_the_counts_do_not_know_is_counted_from_the_calls() {
    let world = World::new(0).await;
    fill(&world).await;
    let owned = Owned { company_id: world.company_id, extension_ids: None };
    for (condition, expected) in [
        (compare("to", Operator::Equal, vec![text("4833328500")]), 57),
        (compare("duration", Operator::Greater, vec![Given::Integer(0)]), CALLS_MADE),
        (compare("from", Operator::Like, vec![text("100_")]), 400),
        (compare("hangup_cause", Operator::Regexp, vec![text("^USER")]), 125),
    ] {
        let query = Query { r#where: Some(condition), ..Query::default() };
        assert!(Counted::read(query.clone()).is_none(), "{query:?}");
        let (calls, total) = list(&world.service().db, &owned, Some(query)).await.unwrap();
        assert_eq!(total, expected);
        assert_eq!(calls.len(), 100.min(usize::try_from(expected).unwrap()));
    }
    let stranger = Owned { company_id: CompanyId::generate(), extension_ids: None };
    let (calls, total) = list(&world.service().db, &stranger, None).await.unwrap();
    assert_eq!((calls.len(), total), (0, 0));
}

#[tokio::test]
async fn lists_are_read_by_their_indexes() {
    let world = World::new(0).await;
    fill(&world).await;
    let db = &world.service().db;
    sqlx::query("analyze call").execute(db).await.unwrap();
    for (condition, index) in [
        ("", "call_by_start"),
        ("and caller = '1001'", "call_by_caller"),
        ("and called = '4833328500'", "call_by_called"),
        ("and extension_id = 1", "call_by_extension"),
    ] {
        let mut tx = db.begin().await.unwrap();
        sqlx::query("set local enable_seqscan = off").execute(&mut *tx).await.unwrap();
        sqlx::query("set local enable_bitmapscan = off").execute(&mut *tx).await.unwrap();
        sqlx::query("set local enable_sort = off").execute(&mut *tx).await.unwrap();
        let explain = format!(
            "explain select * from call where state = 'ended' and company_id = $1 {condition}
              order by started_at desc, call_id desc limit 100"
        );
        let plan: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(explain))
            .bind(world.company_id.0)
            .fetch_all(&mut *tx)
            .await
            .unwrap();
        assert!(plan.iter().any(|line| line.contains(index)), "{condition}: {plan:#?}");
    }
}
