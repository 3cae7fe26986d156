//! The closing of a month over 1,000,000 lines, against a bare `INSERT … SELECT` of the same item
//! rows in the same database: at most twice its time, in memory that does not grow with the number
//! of lines.

use std::time::{Duration, Instant};

use harness::{World, with_token};
use local::{Options, Part, Stack};
use proto::billing::v1::billing_run_service_client::BillingRunServiceClient;
use proto::billing::v1::{
    BillingRun, BillingRunState, GetBillingRunRequest, StartBillingRunRequest,
};
use sqlx::{AssertSqlSafe, PgPool};
use tonic::transport::Channel;

const COMPANIES: i64 = 2_000;
const LINES_OF_A_COMPANY: i64 = 500;
const BARE_REPEATS: usize = 3;
const RATIO_MAX: f64 = 2.0;
const MEMORY_GROWTH_MAX_MB: i64 = 64;
const LOOK_AGAIN: Duration = Duration::from_millis(100);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a benchmark"]
async fn a_billing_run_costs_no_more_than_twice_its_items() {
    let options = Options { no_demo: true, ..World::options() };
    let stack = Stack::start(options, |_| ()).await.unwrap();
    let database = PgPool::connect(&stack.addresses().postgres).await.unwrap();
    prepare(&database).await;
    let runs = Runs {
        client: BillingRunServiceClient::new(stack.channel(Part::Billing).unwrap()),
        token: stack.gateway_token().await.unwrap(),
    };
    let periods: Vec<String> = sqlx::query_scalar(
        "select to_char(now() - make_interval(months => ago), 'YYYY-MM')
           from generate_series(3, 1, -1) as ago",
    )
    .fetch_all(&database)
    .await
    .unwrap();

    // The first one opens connections and fills caches.
    fill(&database, 1, COMPANIES / 100).await;
    runs.run(&database, &stack, &periods[0]).await;
    fill(&database, COMPANIES / 100 + 1, COMPANIES / 10).await;
    let (_, small_mb) = runs.run(&database, &stack, &periods[1]).await;
    fill(&database, COMPANIES / 10 + 1, COMPANIES).await;
    let (seconds, large_mb) = runs.run(&database, &stack, &periods[2]).await;

    let bare_seconds = bare(&database, &periods[2]).await;
    let ratio = seconds / bare_seconds;
    say(&format!("run {seconds:.2} s, bare insert {bare_seconds:.2} s, ratio {ratio:.2}"));
    say(&format!(
        "memory at most: {small_mb} MB with a tenth of the lines, {large_mb} MB with all"
    ));
    assert!(large_mb - small_mb < MEMORY_GROWTH_MAX_MB, "memory grows with the lines");
    assert!(ratio <= RATIO_MAX, "ratio {ratio:.2}");
    drop(database);
    stack.stop().await.unwrap();
}

struct Runs {
    client: BillingRunServiceClient<Channel>,
    token: String,
}

impl Runs {
    /// Closes a month: how many seconds it took, and the most megabytes that were resident.
    async fn run(&self, database: &PgPool, stack: &Stack, period: &str) -> (f64, i64) {
        for statement in ["vacuum analyze billing.line_charge", "checkpoint"] {
            sqlx::query(statement).execute(database).await.unwrap();
        }
        let mut client = self.client.clone();
        let request = StartBillingRunRequest { period: period.to_owned() };
        client.start_billing_run(with_token(request, &self.token)).await.unwrap();
        let mut peak_mb = 0;
        let run = loop {
            peak_mb = peak_mb.max(resident_mb());
            let run = self.get(period).await;
            if run.state() == BillingRunState::Done {
                break run;
            }
            say(&format!(
                "{period}: {}/{} companies, {}/{} lines, {:.0} lines/s, {:?} s left",
                run.companies_done,
                run.companies_total,
                run.lines_done,
                run.lines_total,
                run.lines_per_second,
                run.seconds_left
            ));
            tokio::time::sleep(LOOK_AGAIN).await;
        };
        let lines = run.lines_done;
        let seconds = lines as f64 / run.lines_per_second;
        say(&format!(
            "{period}: {lines} lines, {} invoices, {seconds:.2} s, {peak_mb} MB",
            run.invoices
        ));
        assert!(stack.settle(Duration::from_secs(600)).await, "something is still going on");
        (seconds, peak_mb)
    }

    async fn get(&self, period: &str) -> BillingRun {
        let request = GetBillingRunRequest { period: period.to_owned() };
        let answer =
            self.client.clone().get_billing_run(with_token(request, &self.token)).await.unwrap();
        answer.into_inner().run.unwrap()
    }
}

async fn prepare(database: &PgPool) {
    for statement in [
        "create table billing.bench_company as
         select n, gen_random_uuid() as company_id from generate_series(1, 2000) as n",
        "insert into billing.plan
         select gen_random_uuid(), 'Bench ' || n, 10000, 2990 + n * 1000, 1000,
                now() - interval '1 year'
           from generate_series(1, 8) as n",
        // Some companies have prices of their own, some of these within the months.
        "insert into billing.company_price
         select company_id, plan_id, price_cents - n % 7, now() - make_interval(days => 20 * n), 'bench'
           from billing.bench_company, billing.plan
          where n % 4 = 0 and n <= 40",
    ] {
        sqlx::query(statement).execute(database).await.unwrap();
    }
}

/// Adds the lines of some companies: most are charged all the time, some began or ended lately.
async fn fill(database: &PgPool, first: i64, last: i64) {
    sqlx::query(
        "with plan as (select array_agg(plan_id) as ids from billing.plan)
         insert into billing.line_charge
             (charge_id, line_id, company_id, plan_id, started_at, ended_at, first_day, billed_from,
              billed_to)
         select gen_random_uuid(), gen_random_uuid(), company_id, plan.ids[1 + line % 8],
                started_at, ended_at, started_at::date, started_at::date, ended_at::date
           from generate_series(1, $3) as line
          cross join billing.bench_company
          cross join plan,
                lateral (
                    select now() - make_interval(days => case line % 20 when 0 then 45 else 200 end)
                               as started_at,
                           case line % 25 when 0 then now() - interval '40 days' end as ended_at
                ) as charged
          where n between $1 and $2",
    )
    .bind(first)
    .bind(last)
    .bind(LINES_OF_A_COMPANY)
    .execute(database)
    .await
    .unwrap();
}

/// The least time of writing a month's items once more into a table of the same make.
async fn bare(database: &PgPool, period: &str) -> f64 {
    let mut seconds = vec![];
    for _ in 0..BARE_REPEATS {
        for statement in [
            "drop table if exists billing.bench_item",
            "create table billing.bench_item (like billing.invoice_item including all)",
            "checkpoint",
        ] {
            sqlx::query(statement).execute(database).await.unwrap();
        }
        let begun = Instant::now();
        let copied = sqlx::query(AssertSqlSafe(format!(
            "insert into billing.bench_item
             select item.*
               from billing.invoice_item as item
              where invoice_id in (
                    select invoice_id from billing.invoice where period = '{period}-01')"
        )))
        .execute(database)
        .await
        .unwrap();
        seconds.push(begun.elapsed().as_secs_f64());
        say(&format!("bare insert of {} rows: {:?}", copied.rows_affected(), begun.elapsed()));
    }
    seconds.into_iter().fold(f64::INFINITY, f64::min)
}

/// Of this process, which is all of Linha but Postgres.
fn resident_mb() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<i64>().ok());
    kilobytes.unwrap_or_default() / 1024
}

#[expect(clippy::print_stderr, reason = "a benchmark prints what it measures")]
fn say(text: &str) {
    eprintln!("{text}");
}
