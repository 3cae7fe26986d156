//! Lists of an enterprise with 100,000 below it, against those of one with 10,000: at most three
//! times as long.

use std::time::{Duration, Instant};

use harness::{Rest, World};
use sqlx::{AssertSqlSafe, PgPool, Row};

const FILL: &str = include_str!("enterprises.sql");
const SMALL: i64 = 10_000;
const LARGE: i64 = 100_000;
const REPEATS: usize = 15;
const RATIO_MAX: f64 = 3.0;

/// What is asked, and how far into the list: a share of its pages.
const QUESTIONS: [(&str, &str, f64); 14] = [
    ("all, first page", "", 0.0),
    ("all, middle", "", 0.5),
    ("all, last page", "", 0.99),
    ("all, counted", "count=true", 0.0),
    ("newest first", "sort[created_at]=-1", 0.0),
    ("names, backwards", "sort[name]=-1", 0.5),
    ("common name", "filters[enterprise.name][sw]=frota", 0.0),
    ("common name, counted", "filters[enterprise.name][sw]=frota&count=1", 0.0),
    ("part of few names", "filters[enterprise.name][ilk]=abcd1", 0.0),
    ("one CNPJ", "filters[enterprise.cnpj][eq]=1777", 0.0),
    ("search, few", "search=abcd1", 0.0),
    ("search, nowhere", "search=nobody at all", 0.0),
    ("one batch of chips", "filters[chips.batch][eq]=L10", 0.0),
    ("with devices and parents", "includes[device]=&includes[enterprise]=", 0.0),
];

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a benchmark"]
async fn a_list_takes_no_longer_however_many_enterprises_there_are() {
    let world = World::own().await;
    let database = world.database().await;
    let mut tops = Vec::new();
    let accounts = [&world.demo.enterprise, &world.demo.other_enterprise];
    for (account, (first, count)) in accounts.into_iter().zip([(0, SMALL), (SMALL, LARGE)]) {
        let account = account.as_ref().expect("the demo has enterprises");
        let top: String = sqlx::query_scalar(
            "select company_id::text from company.enterprise where public_id = $1",
        )
        .bind(&account.enterprise_id)
        .fetch_one(&database)
        .await
        .unwrap();
        let script = FILL
            .replace("$top", &top)
            .replace("$first", &first.to_string())
            .replace("$count", &count.to_string());
        sqlx::raw_sql(AssertSqlSafe(script)).execute(&database).await.unwrap();
        tops.push((world.rest().log_in(&account.email, &account.password).await, top));
    }
    sqlx::raw_sql("vacuum analyze").execute(&database).await.unwrap();

    let [(small, _), (large, top)] = &tops[..] else { unreachable!("two of them") };
    let mut worst = 0.0_f64;
    for (name, query, share) in QUESTIONS {
        let here = measure(small, query, SMALL, share).await;
        let there = measure(large, query, LARGE, share).await;
        let ratio = there.as_secs_f64() / here.as_secs_f64();
        worst = worst.max(ratio);
        let [here, there] = [here, there].map(|time| time.as_secs_f64() * 1e3);
        say(&format!("{name:<26} {here:>7.1} ms, {there:>7.1} ms, ratio {ratio:.2}"));
    }
    say("\nplan of the middle page:");
    explain(&database, top).await;
    assert!(worst <= RATIO_MAX, "the worst ratio is {worst:.2}");
}

async fn measure(rest: &Rest, query: &str, count: i64, share: f64) -> Duration {
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "small")]
    let page = ((count as f64 * share) as i64 / 100).max(1);
    let path = format!("/v2/enterprises?limit=100&page={page}&{query}");
    let mut times = vec![];
    for _ in 0..REPEATS {
        let begun = Instant::now();
        rest.get(&path).await.expect(200);
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    times[REPEATS / 2]
}

async fn explain(database: &PgPool, top: &str) {
    let plan = sqlx::query(
        "explain (analyze, buffers)
         select r.company_id from company.enterprise_reach r where r.top_id = $1::uuid
          order by r.sort_name, r.public_id limit 100 offset 50000",
    )
    .bind(top)
    .fetch_all(database)
    .await
    .unwrap();
    plan.iter().for_each(|line| say(line.get(0)));
}

#[expect(clippy::print_stdout, reason = "what a benchmark is for")]
fn say(text: &str) {
    println!("{text}");
}
