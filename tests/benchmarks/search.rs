//! Searches among 1,000,000 lines of one company, against the same among 10,000: at most three
//! times as long.

use std::time::{Duration, Instant};

use harness::{Rest, World};
use serde_json::Value;
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, PgPool};
use uuid::Uuid;

const FILL: &str = include_str!("search.sql");
const SEARCH: &str = include_str!("../../services/telecom/src/search/search.sql");
const SMALL: i64 = 10_000;
const LARGE: i64 = 1_000_000;
const REPEATS: usize = 15;
const PAGE: i64 = 50;
const RATIO_MAX: f64 = 3.0;
const COUNTED_WITHIN: Duration = Duration::from_secs(3_600);
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What is searched for, and how far into the list.
struct Search {
    name: &'static str,
    term: &'static str,
    /// Lines left out, as a share of those that are found.
    skip: f64,
}

const fn search(name: &'static str, term: &'static str, skip: f64) -> Search {
    Search { name, term, skip }
}

const SEARCHES: [Search; 23] = [
    search("all, first page", "", 0.0),
    search("all, middle", "", 0.5),
    search("all, last page", "", 0.999),
    search("common name", "silva", 0.0),
    search("common name, deep", "silva", 0.9),
    search("two common names", "joao da silva", 0.0),
    search("one name in 2,652", "maria da silva alves", 0.0),
    search("every e-mail", "@empresa.example", 0.0),
    search("every e-mail, deep", "@empresa.example", 0.9),
    search("one e-mail", "costa.1777", 0.0),
    search("part of some e-mails", "costa.17", 0.0),
    search("tag", "LOGÍSTICA", 0.0),
    search("custom field of a third", "motorola", 0.5),
    search("custom field, 1 in 500", "cc-123", 0.0),
    search("custom field, 1 in 5,000", "cc-4321", 0.0),
    search("one letter", "a", 0.0),
    search("two letters, common", "an", 0.9),
    search("two letters, nowhere", "zx", 0.0),
    search("nowhere", "nobody at all", 0.0),
    search("four digits of numbers", "98-76", 0.0),
    search("five digits of numbers", "987-65", 0.0),
    search("end of a card", "0070479", 0.0),
    search("a whole number", "+55 41 91158-0000", 0.0),
];

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a benchmark"]
async fn a_search_takes_no_longer_however_many_lines_there_are() {
    let world = World::own().await;
    let database = database(&world).await;
    let (small, large) = (world.company_id(), world.other_company_id());
    let manager = world.manager().await;
    let other_manager = world.other_manager().await;
    let begun = Instant::now();
    sqlx::raw_sql("drop index line_search_by_gram").execute(&database).await.unwrap();
    fill(&database, small, world.plan_id(), 0, SMALL).await;
    fill(&database, large, world.plan_id(), SMALL, LARGE).await;
    let index = "create index line_search_by_gram on line_search
        using gin (search_grams(company_id, text)) with (fastupdate = off);
        alter index line_search_by_gram alter column 1 set statistics 0;
        vacuum analyze line; vacuum analyze person; vacuum analyze line_search";
    for statement in index.split(';') {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&database).await.unwrap();
    }
    say(&format!("{} lines made in {:.0?}", SMALL + LARGE, begun.elapsed()));

    let uncounted = time(&other_manager, large, "", 0).await;
    time(&manager, small, "", 0).await;
    let begun = Instant::now();
    until_counted(&database).await;
    say(&format!("before the first count: {uncounted:.1?}; counted in {:.0?}", begun.elapsed()));
    sqlx::raw_sql("analyze").execute(&database).await.unwrap();

    let mut worst = 0.0_f64;
    for search in SEARCHES {
        let here = measure(&manager, small, &search).await;
        let there = measure(&other_manager, large, &search).await;
        let ratio = there.median.as_secs_f64() / here.median.as_secs_f64();
        worst = worst.max(ratio);
        say(&format!(
            "{:<22} {:>7} found in {:>6.1} ms, {:>7} found in {:>6.1} ms, ratio {ratio:.2}",
            search.name,
            here.total,
            here.median.as_secs_f64() * 1e3,
            there.total,
            there.median.as_secs_f64() * 1e3,
        ));
    }
    for term in ["", "silva", "9876", "maria da silva alves"] {
        say(&format!("\nplan for {term:?} among {LARGE} lines:"));
        explain(&database, large, term).await;
    }
    assert!(worst <= RATIO_MAX, "the worst ratio is {worst:.2}");
}

struct Measured {
    median: Duration,
    total: i64,
}

async fn measure(rest: &Rest, company_id: &str, search: &Search) -> Measured {
    let total =
        page(rest, company_id, search.term, 0).await["pagination"]["totalCount"].as_i64().unwrap();
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "small")]
    let skip = ((total as f64 * search.skip) as i64).min((total - PAGE).max(0));
    let mut times = vec![];
    for _ in 0..REPEATS {
        times.push(time(rest, company_id, search.term, skip).await);
    }
    times.sort_unstable();
    Measured { median: times[REPEATS / 2], total }
}

async fn time(rest: &Rest, company_id: &str, term: &str, skip: i64) -> Duration {
    let begun = Instant::now();
    page(rest, company_id, term, skip).await;
    begun.elapsed()
}

async fn page(rest: &Rest, company_id: &str, term: &str, skip: i64) -> Value {
    let encoded: String = term.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let path = format!(
        "/companies/{company_id}/phone-accounts?limit={PAGE}&offset={skip}&searchTerm={encoded}"
    );
    rest.get(&path).await.expect(200)
}

/// The database, as the superuser, seen as telecom sees it.
async fn database(world: &World) -> PgPool {
    let options: sqlx::postgres::PgConnectOptions =
        world.stack.addresses().postgres.parse().unwrap();
    let options = options.options([
        ("search_path", "telecom,extensions"),
        ("jit", "off"),
        ("max_parallel_workers_per_gather", "0"),
        ("maintenance_work_mem", "512MB"),
    ]);
    PgPoolOptions::new().max_connections(1).connect_with(options).await.unwrap()
}

async fn fill(database: &PgPool, company_id: &str, plan_id: &str, first: i64, lines: i64) {
    let script = FILL
        .replace("$company", company_id)
        .replace("$plan", plan_id)
        .replace("$first", &first.to_string())
        .replace("$lines", &lines.to_string());
    sqlx::raw_sql(AssertSqlSafe(script)).execute(database).await.unwrap();
}

async fn until_counted(database: &PgPool) {
    let deadline = Instant::now() + COUNTED_WITHIN;
    let counted = "select count(*) >= 2 from search_count_base where complete >= 0";
    while !sqlx::query_scalar::<_, bool>(counted).fetch_one(database).await.unwrap() {
        assert!(Instant::now() < deadline, "the lines are not counted");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Prints how the database finds a term that has neither letters with accents nor formatting.
async fn explain(database: &PgPool, company_id: &str, term: &str) {
    let digits = !term.is_empty() && term.bytes().all(|byte| byte.is_ascii_digit());
    let card_digit = |digit: u8| char::from(digit - b'0' + b'A');
    let card: Option<String> = digits.then(|| term.bytes().map(card_digit).chain(['\n']).collect());
    let plan: Vec<String> =
        sqlx::query_scalar(AssertSqlSafe(format!("explain (analyze, buffers) {SEARCH}")))
            .bind(company_id.parse::<Uuid>().unwrap())
            .bind(term)
            .bind(i32::try_from(term.len()).unwrap())
            .bind(card)
            .bind(None::<Uuid>)
            .bind(0_i64)
            .bind(PAGE + 1)
            .persistent(false)
            .fetch_all(database)
            .await
            .unwrap();
    plan.iter().filter(|line| !line.contains("never executed")).for_each(|line| say(line));
}

#[expect(clippy::print_stdout, reason = "what a benchmark is for")]
fn say(text: &str) {
    println!("{text}");
}
