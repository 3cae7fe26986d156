//! `GET /calls` of an account with 5,000,000 calls, against the same with 50,000: any page by the
//! start, and the usual filters, in at most three times the time. Prints the plans of what is
//! slower.

use std::time::{Duration, Instant};

use harness::{Rest, World};
use local::Options;
use sqlx::{AssertSqlSafe, PgPool};

const FEW: i64 = 50_000;
const MANY: i64 = 5_000_000;
const BATCH: i64 = 250_000;
const REPEATS: usize = 9;
const RATIO_MAX: f64 = 3.0;
// What answers faster than this is not worth a comparison: it is the noise of the machine.
const NOISE: Duration = Duration::from_millis(2);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a benchmark"]
async fn a_page_of_many_calls_takes_as_long_as_one_of_few() {
    let world = World::start(Options { no_rate_limits: true, ..World::options() }).await;
    let token = &world.demo.voice.as_ref().expect("a voice account").token;
    let rest = world.rest().with_token(token);
    let account = rest.get("/api/v1/accounts").await.expect(200);
    let account = account["uuid"].as_str().expect("an id").to_owned();
    let database = PgPool::connect(&world.stack.addresses().postgres).await.unwrap();

    fill(&database, &account, 0, FEW).await;
    let few = measure(&rest, FEW).await;
    let mut from = FEW;
    while from < MANY {
        fill(&database, &account, from, (from + BATCH).min(MANY)).await;
        from = (from + BATCH).min(MANY);
        say(&format!("{from} calls"));
    }
    let many = measure(&rest, MANY).await;
    let mut slow = vec![];
    for ((question, few), (_, many)) in few.iter().zip(&many) {
        let ratio = many.as_secs_f64() / few.max(&NOISE).as_secs_f64();
        say(&format!("{ratio:5.2}  {few:>10.2?}  {many:>10.2?}  {question}"));
        if ratio > RATIO_MAX {
            slow.push(question);
        }
    }
    plans(&database, &account).await;
    assert!(slow.is_empty(), "{slow:?}");
    drop(database);
    world.stack.stop().await.unwrap();
}

/// Pages and filters, for an account with so many calls.
fn questions(calls: i64) -> Vec<String> {
    let pages = calls / 100;
    let mut questions: Vec<String> =
        [1, pages / 4, pages / 2, pages].iter().map(|page| format!("?page={page}")).collect();
    questions.extend(
        [
            r#"{"order":"started_at ASC","skip":777}"#,
            r#"{"where":{"hangup_cause":"NORMAL_CLEARING"}}"#,
            r#"{"where":{"hangup_cause":"USER_BUSY"}}"#,
            r#"{"where":{"call_type":"inbound"}}"#,
            r#"{"where":{"from":"1007"}}"#,
            r#"{"where":{"from":"1007","call_type":"outbound","hangup_cause":"NORMAL_CLEARING"}}"#,
            r#"{"where":{"to":"48330000007"}}"#,
            r#"{"where":{"email":"user7@example.com"}}"#,
            r#"{"where":{"started_at":{"between":["2025-03-03T10:00:00Z","2025-09-09T15:30:00Z"]}}}"#,
            r#"{"where":{"started_at":{"gte":"2025-06-01T00:00:00Z"},"hangup_cause":"USER_BUSY"}}"#,
        ]
        .map(|filter| format!("?filter={}", encoded(filter))),
    );
    questions
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// The median of several answers to each question.
async fn measure(rest: &Rest, calls: i64) -> Vec<(String, Duration)> {
    let mut measured = vec![];
    for question in questions(calls) {
        let path = format!("/api/v1/calls{question}");
        let mut times = vec![];
        for _ in 0..REPEATS {
            let begun = Instant::now();
            rest.get(&path).await.expect(200);
            times.push(begun.elapsed());
        }
        times.sort();
        measured.push((question, times[REPEATS / 2]));
    }
    measured
}

/// Calls of fifty extensions, spread over a year, and their counts, as telecom writes them.
async fn fill(database: &PgPool, account: &str, from: i64, until: i64) {
    let start = "timestamptz '2025-01-01 00:00Z' + make_interval(
                     secs => ((n * 7919) % 5000000) * 6.3)";
    sqlx::query(AssertSqlSafe(format!(
        "insert into telecom.call (
             call_id, company_id, extension_id, domain, direction, extension, phone, email,
             first_name, metadata, record_audio, state, started_at, answered_at, ended_at,
             duration_seconds, hangup_cause, seen_at
         )
         select gen_random_uuid(), '{account}', 1000000 + n % 50, 'bench.example.com',
                case when n % 5 = 0 then 'inbound' else 'outbound' end,
                (1000 + n % 50)::text, (48330000000 + n % 99991)::text,
                'user' || n % 50 || '@example.com', 'Bench', '{{}}', false, 'ended',
                {start}, {start}, {start} + interval '30 seconds', 30,
                case when n % 10 = 3 then 'USER_BUSY' else 'NORMAL_CLEARING' end, {start}
           from generate_series({from}::bigint, {until} - 1) as n"
    )))
    .execute(database)
    .await
    .unwrap();
    for statement in [
        format!("delete from telecom.call_count where company_id = '{account}'"),
        format!(
            "insert into telecom.call_count
             select company_id, (started_at at time zone 'UTC')::date, extension_id, extension,
                    direction, hangup_cause, email, count(*)
               from telecom.call
              where company_id = '{account}' and state = 'ended'
              group by 1, 2, 3, 4, 5, 6, 7"
        ),
    ] {
        if until == FEW || until == MANY {
            sqlx::query(AssertSqlSafe(statement)).execute(database).await.unwrap();
        }
    }
    if until == FEW || until == MANY {
        for statement in ["vacuum analyze telecom.call", "vacuum analyze telecom.call_count"] {
            sqlx::query(statement).execute(database).await.unwrap();
        }
    }
}

/// How the database answers what is behind a page.
async fn plans(database: &PgPool, account: &str) {
    let own = format!("company_id = '{account}'");
    for statement in [
        format!(
            "select day, sum(calls) from telecom.call_count where {own} group by day
              order by day desc"
        ),
        format!(
            "select call_id from telecom.call
              where state = 'ended' and {own} and started_at >= '2025-07-01'
                and started_at < '2025-07-02'
              order by started_at desc, call_id desc offset 5000 limit 100"
        ),
        format!(
            "select call_id from telecom.call
              where state = 'ended' and {own} and caller = '1007'
                and started_at >= '2025-07-01' and started_at < '2025-07-02'
              order by started_at desc, call_id desc limit 100"
        ),
        format!(
            "select count(*) from telecom.call
              where state = 'ended' and {own} and called = '48330000007'"
        ),
    ] {
        let explain = AssertSqlSafe(format!("explain (analyze, buffers) {statement}"));
        let plan: Vec<String> = sqlx::query_scalar(explain).fetch_all(database).await.unwrap();
        say(&format!("{statement}\n{}\n", plan.join("\n")));
    }
}

#[expect(clippy::print_stderr, reason = "a benchmark prints what it measures")]
fn say(text: &str) {
    eprintln!("{text}");
}
