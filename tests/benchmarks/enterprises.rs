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

/// What is asked, and how far into what is found: a share of its pages. How much of the list that is
/// at all is said by a share, too.
const QUESTIONS: [(&str, &str, f64, f64); 32] = [
    ("all, first page", "", 1.0, 0.0),
    ("all, middle", "", 1.0, 0.5),
    ("all, last page", "", 1.0, 0.99),
    ("all, counted", "count=true", 1.0, 0.0),
    ("newest first", "sort[created_at]=-1", 1.0, 0.0),
    ("names, backwards", "sort[name]=-1", 1.0, 0.5),
    ("common name", "filters[enterprise.name][sw]=frota", 0.14, 0.0),
    ("common name, middle", "filters[enterprise.name][sw]=frota", 0.14, 0.5),
    ("common name, counted", "filters[enterprise.name][sw]=frota&count=1", 0.14, 0.0),
    ("part of few names", "filters[enterprise.name][ilk]=abcd1", 0.0, 0.0),
    ("another name", "filters[enterprise.name][neq]=nobody", 1.0, 0.0),
    ("one CNPJ", "filters[enterprise.cnpj][eq]=1777", 0.0, 0.0),
    ("search, few", "search=abcd1", 0.0, 0.0),
    ("search, many", "search=norte", 0.2, 0.0),
    ("search, nowhere", "search=nobody at all", 0.0, 0.0),
    ("one batch of chips", "filters[chips.batch][eq]=L10", 0.01, 0.0),
    ("one batch, counted", "filters[chips.batch][eq]=L10&count=1", 0.01, 0.0),
    ("one chip", "filters[chips.serial][eq]=8955000000000001000", 0.0, 0.0),
    ("one number", "filters[chips.number][ew]=7", 0.005, 0.0),
    ("a carrier", "filters[chips.carrier][ilk]=viv", 0.1, 0.0),
    ("a carrier, middle", "filters[chips.carrier][ilk]=viv", 0.1, 0.5),
    ("not a batch, counted", "filters[chips.batch][neq]=L10&count=1", 0.09, 0.0),
    ("devices by name", "filters[device.name][sw]=rastreador", 0.05, 0.0),
    ("a device by code", "filters[device.code][eq]=R-20", 0.001, 0.0),
    ("by number", "sort[number]=1", 0.05, 0.0),
    ("by number, backwards", "sort[number]=-1", 0.05, 0.5),
    ("by number, without one", "sort[number]=1", 1.0, 0.5),
    ("by serial", "sort[serial]=1", 0.1, 0.0),
    ("by serial, backwards", "sort[serial]=-1", 0.1, 0.5),
    ("by serial and name", "sort[serial]=1&sort[name]=-1&count=true", 1.0, 0.9),
    ("by serial, of a carrier", "filters[chips.carrier][eq]=Vivo&sort[serial]=1", 0.1, 0.0),
    ("with devices and parents", "includes[device]=&includes[enterprise]=", 1.0, 0.0),
];

/// Statements that the lists consist of.
const PLANS: [(&str, &str); 5] = [
    (
        "the middle page",
        "select r.company_id from company.enterprise_reach r where r.top_id = '$top'
          order by r.sort_name, r.public_id limit 100 offset 50000",
    ),
    (
        "a common name",
        "select r.company_id from company.enterprise_reach r
           join company.enterprise e on e.company_id = r.company_id
          where r.top_id = '$top' and e.name_lower like 'frota%' and r.sort_name like 'frota%'
          order by r.sort_name, r.public_id limit 100",
    ),
    (
        "those whom telecom named",
        "select r.company_id from company.enterprise_reach r
           join unnest((select array_agg(company_id) from telecom.sim_card where batch = 'L10'))
                as m (company_id) on m.company_id = r.company_id
          where r.top_id = '$top' order by r.sort_name, r.public_id limit 100",
    ),
    (
        "a batch of chips, anywhere",
        "select s.company_id from telecom.sim_card s
           left join telecom.line l on l.line_id = s.line_id
          where true and s.batch = 'L10' limit 50001",
    ),
    (
        "the first by number, anywhere",
        "select s.company_id, min(l.phone_number collate \"C\") as number from telecom.sim_card s
           left join telecom.line l on l.line_id = s.line_id
          group by s.company_id order by number, s.company_id limit 5001",
    ),
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
    for (name, query, found, place) in QUESTIONS {
        let here = measure(small, query, SMALL, found * place).await;
        let there = measure(large, query, LARGE, found * place).await;
        let ratio = there.as_secs_f64() / here.as_secs_f64();
        worst = worst.max(ratio);
        let [here, there] = [here, there].map(|time| time.as_secs_f64() * 1e3);
        say(&format!("{name:<26} {here:>7.1} ms, {there:>7.1} ms, ratio {ratio:.2}"));
    }
    for (name, statement) in PLANS {
        say(&format!("\nplan of {name}:"));
        explain(&database, statement, top).await;
    }
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

async fn explain(database: &PgPool, statement: &str, top: &str) {
    let statement = statement.replace("$top", top);
    let plan = sqlx::query(AssertSqlSafe(format!("explain (analyze, buffers) {statement}")))
        .fetch_all(database)
        .await
        .unwrap();
    plan.iter().for_each(|line| say(line.get(0)));
}

#[expect(clippy::print_stdout, reason = "what a benchmark is for")]
fn say(text: &str) {
    println!("{text}");
}
