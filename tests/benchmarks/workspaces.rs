//! Lists of an organization with 100,000 of each thing, in a Linha with 100,000 organizations,
//! against those of one with 10,000: at most three times as long.

use std::time::{Duration, Instant};

use harness::{Rest, World};
use serde_json::json;
use sqlx::{AssertSqlSafe, PgPool, Row};

const FILL: &str = include_str!("workspaces.sql");
const SMALL: i64 = 10_000;
const LARGE: i64 = 100_000;
const REPEATS: usize = 15;
const RATIO_MAX: f64 = 3.0;

/// What is asked, and how far into the list: a share of its pages. Names with a $ are replaced.
const QUESTIONS: [(&str, &str, f64); 16] = [
    ("organizations", "/organizations?", 0.0),
    ("one organization", "/organizations/$id?", 0.0),
    ("locations, first page", "/locations?", 0.0),
    ("locations, middle", "/locations?", 0.5),
    ("locations, last page", "/locations?", 0.99),
    ("meetings, first page", "/meetings?", 0.0),
    ("meetings, middle", "/meetings?", 0.5),
    ("meetings, last page", "/meetings?", 0.99),
    ("meetings of somebody", "/meetings?employee=/employees/$employee", 0.0),
    (
        "meetings of a day",
        "/meetings?dateFrom[after]=2020-02-01T00:00:00Z&dateFrom[before]=2020-02-02T00:00:00Z",
        0.0,
    ),
    ("meetings that end by a day", "/meetings?dateTo[before]=2020-01-02T00:00:00Z", 0.0),
    ("meetings that end after a day", "/meetings?dateTo[after]=$late", 0.0),
    ("transactions, first page", "$connection/transactions?", 0.0),
    ("transactions, middle", "$connection/transactions?", 0.5),
    ("transactions, last page", "$connection/transactions?", 0.99),
    ("languages", "/languages?", 0.0),
];

/// An organization and what it is asked for by.
struct Asked {
    rest: Rest,
    id: String,
    company_id: String,
    connection: String,
    employee: String,
    /// When only the last meetings have not ended.
    late: String,
    count: i64,
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a benchmark"]
async fn a_list_takes_no_longer_however_much_an_organization_has() {
    let world = World::own().await;
    let database = world.database().await;
    let account = world.demo.workspace.as_ref().expect("the demo has an organization");
    let owner = world.rest().log_in(&account.email, &account.password).await;
    let small = filled(&owner, &database, SMALL).await;
    strangers(&database, SMALL).await;
    sqlx::raw_sql("vacuum analyze").execute(&database).await.unwrap();
    let mut here = Vec::new();
    for question in QUESTIONS {
        here.push(measure(&small, question).await);
    }
    let large = filled(&owner, &database, LARGE).await;
    strangers(&database, LARGE - SMALL).await;
    sqlx::raw_sql("vacuum analyze").execute(&database).await.unwrap();
    let mut worst = 0.0_f64;
    for (question, here) in QUESTIONS.into_iter().zip(here) {
        let there = measure(&large, question).await;
        let ratio = there.as_secs_f64() / here.as_secs_f64();
        worst = worst.max(ratio);
        let [here, there] = [here, there].map(|time| time.as_secs_f64() * 1e3);
        say(&format!("{:<28} {here:>7.1} ms, {there:>7.1} ms, ratio {ratio:.2}", question.0));
    }
    for (table, order) in
        [("company.location", "location_id"), ("company.meeting", "date_from, meeting_id")]
    {
        say(&format!("\nplan of the middle of {table}:"));
        explain(&database, table, order, &large.company_id).await;
    }
    assert!(worst <= RATIO_MAX, "the worst ratio is {worst:.2}");
}

/// An organization with so much of everything.
async fn filled(owner: &Rest, database: &PgPool, count: i64) -> Asked {
    let opened = owner.post("/organizations", &json!({"name": "Acme"})).await.expect(201);
    let id = opened["id"].as_str().unwrap().to_owned();
    let rest = owner.with_header("x-company", &id);
    let setup = json!({"sessionId": "s", "sessionIdSignature": "x", "target": "Banco"});
    let setup = rest.post("/integrations/kontomatik/setup", &setup).await.expect(201);
    let connection = setup["bankConnection"].as_str().unwrap().to_owned();
    let company_id: String = sqlx::query_scalar(
        "select company_id::text from company.workspace where organization_id = $1",
    )
    .bind(&id)
    .fetch_one(database)
    .await
    .unwrap();
    let script = FILL
        .replace("$company", &company_id)
        .replace("$connection", connection.strip_prefix("/bank-connections/").unwrap())
        .replace("$count", &count.to_string());
    sqlx::raw_sql(AssertSqlSafe(script)).execute(database).await.unwrap();
    let employee: String = sqlx::query_scalar(
        "select employee_id::text from company.employee where company_id = $1::uuid limit 1",
    )
    .bind(&company_id)
    .fetch_one(database)
    .await
    .unwrap();
    let late: String = sqlx::query_scalar(
        "select to_char((max(date_to) - interval '1 day') at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')
           from company.meeting where company_id = $1::uuid",
    )
    .bind(&company_id)
    .fetch_one(database)
    .await
    .unwrap();
    Asked { rest, id, company_id, connection, employee, late, count }
}

/// Organizations that somebody else has.
async fn strangers(database: &PgPool, count: i64) {
    sqlx::query(
        "with made as (
             insert into company.company
                    (company_id, kind, official_name, status, search, created_at, updated_at)
             select gen_random_uuid(), 'organization', 'Filial', 'active', 'filial', now(), now()
               from generate_series(1, $1)
             returning company_id)
         insert into company.workspace
                (company_id, organization_id, type, status, slug, opened_by)
         select company_id, left(md5(company_id::text), 8), 'production', 'active',
                company_id::text, company_id
           from made
         on conflict do nothing",
    )
    .bind(count)
    .execute(database)
    .await
    .unwrap();
}

async fn measure(asked: &Asked, (name, template, share): (&str, &str, f64)) -> Duration {
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "small")]
    let page = ((asked.count as f64 * share) as i64 / 100).max(1);
    let path = template
        .replace("$id", &asked.id)
        .replace("$connection", &asked.connection)
        .replace("$employee", &asked.employee)
        .replace("$late", &asked.late);
    let path = format!("{path}&itemsPerPage=100&page={page}");
    let mut times = vec![];
    for _ in 0..REPEATS {
        let begun = Instant::now();
        let page = asked.rest.get(&path).await.expect(200);
        times.push(begun.elapsed());
        let is_empty = page["hydra:member"].as_array().is_some_and(Vec::is_empty);
        assert!(!is_empty, "{name}");
    }
    times.sort_unstable();
    times[REPEATS / 2]
}

async fn explain(database: &PgPool, table: &str, order: &str, company_id: &str) {
    let statement = format!(
        "explain (analyze, buffers)
         select * from {table} where company_id = $1::uuid order by {order} limit 100 offset 50000"
    );
    let plan = sqlx::query(AssertSqlSafe(statement)).bind(company_id).fetch_all(database).await;
    plan.unwrap().iter().for_each(|line| say(line.get(0)));
}

#[expect(clippy::print_stdout, reason = "what a benchmark is for")]
fn say(text: &str) {
    println!("{text}");
}
