//! Random histories, of which much becomes known late, and runs in between: the invoices agree
//! with the rule of proration to the cent.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::*;
use crate::billing_runs::proration::{Prices, amounts};
use crate::period::Days;

const COMPANIES: usize = 4;
const PLANS: usize = 3;
const LINES: usize = 60;
/// The runs, in the order in which they are asked for. The last one takes what is late.
const RUNS: [&str; 7] =
    ["2026-01", "2026-02", "2026-04", "2026-03", "2026-05", "2026-06", "2026-07"];
const FIRST_DAY: Date = date!(2026 - 01 - 01);
const LAST_DAY: Date = date!(2026 - 07 - 31);

#[derive(Clone, Debug)]
struct Step {
    /// Half hours since the last one.
    after: i64,
    company: usize,
    plan: usize,
    /// Runs that have begun since the last step was told until this one is.
    told_after: usize,
}

#[derive(Clone, Debug)]
struct History {
    steps: Vec<Step>,
    cancelled: bool,
}

prop_compose! {
    fn step()(
        after in prop_oneof![0..40_i64, 0..2_500_i64],
        company in 0..COMPANIES,
        plan in 0..PLANS,
        told_after in prop_oneof![Just(0), Just(0), 0..3_usize],
    ) -> Step {
        Step { after, company, plan, told_after }
    }
}

prop_compose! {
    fn history()(
        steps in proptest::collection::vec(step(), 1..6),
        cancelled in any::<bool>(),
    ) -> History {
        History { steps, cancelled }
    }
}

/// What happened to a line: when, and after how many runs it became known.
struct Happening {
    at: OffsetDateTime,
    told_after: usize,
    company: usize,
    plan: usize,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Activated,
    Changed,
    Cancelled,
}

fn happenings(history: &History) -> Vec<Happening> {
    let (mut at, mut told_after) = (datetime!(2026-01-01 03:00 UTC), 0);
    let last = history.steps.len() - 1;
    let happened = history.steps.iter().enumerate().map(|(index, step)| {
        at += Duration::minutes(30 * step.after);
        told_after = (told_after + step.told_after).min(RUNS.len() - 1);
        let kind = match index {
            0 => Kind::Activated,
            _ if index == last && history.cancelled => Kind::Cancelled,
            _ => Kind::Changed,
        };
        Happening { at, told_after, company: step.company, plan: step.plan, kind }
    });
    happened.filter(|happening| brazil::local_date(happening.at) <= LAST_DAY).collect()
}

/// Which days were charged to whom for what: each to what the line was at the day's end.
fn charges(happened: &[Happening]) -> Vec<(usize, usize, Days)> {
    let mut charges: Vec<(usize, usize, Days)> = vec![];
    let mut last_change = None;
    let mut day = FIRST_DAY;
    while day <= LAST_DAY {
        let over = happened.iter().any(|happening| {
            happening.kind == Kind::Cancelled && brazil::local_date(happening.at) < day
        });
        let now = happened.iter().enumerate().rfind(|(_, happening)| {
            happening.kind != Kind::Cancelled && brazil::local_date(happening.at) <= day
        });
        if let Some((change, Happening { company, plan, .. })) = now.filter(|_| !over) {
            let goes_on = charges.last().is_some_and(|(c, p, _)| (c, p) == (company, plan))
                && last_change.is_some_and(|last| {
                    happened[last..=change].iter().all(|h| (h.company, h.plan) == (*company, *plan))
                });
            let first = match charges.pop_if(|_| goes_on) {
                Some((_, _, days)) => days.first(),
                None => day,
            };
            charges.push((*company, *plan, Days::between(first, day).unwrap()));
            last_change = Some(change);
        }
        day += Duration::DAY;
    }
    charges
}

impl World {
    async fn tell(
        &self,
        line_id: LineId,
        happening: &Happening,
        companies: &[CompanyId],
        plans: &[PlanId],
    ) {
        let (company, plan) = (companies[happening.company], plans[happening.plan]);
        match happening.kind {
            Kind::Activated => self.activate(line_id, company, plan, happening.at).await,
            Kind::Changed => self.move_to(line_id, company, plan, happening.at).await,
            Kind::Cancelled => self.cancel(line_id, happening.at).await,
        }
    }
}

#[tokio::test]
async fn invoices_agree_with_the_rule_on_random_histories() {
    let mut runner = TestRunner::deterministic();
    let generated = proptest::collection::vec(history(), LINES).new_tree(&mut runner);
    let lines: Vec<(LineId, Vec<Happening>)> = generated
        .unwrap()
        .current()
        .iter()
        .map(|history| (LineId::generate(), happenings(history)))
        .collect();

    let world = World::new().await;
    let companies = [(); COMPANIES].map(|()| CompanyId::generate());
    let mut plans = vec![];
    let mut prices: BTreeMap<(usize, usize), Prices> = BTreeMap::new();
    for plan in 0..PLANS {
        let list = 3_333 + 1_000 * i64::try_from(plan).unwrap();
        plans.push(world.plan(&format!("Plan {plan}"), list).await);
        for (company, company_id) in companies.iter().enumerate() {
            let mut own = BTreeMap::new();
            for change in 0..company {
                let seed = i64::try_from(company * 7 + plan * 3 + change * 11).unwrap();
                let (day, price) = (FIRST_DAY + Duration::days(seed * 13 % 200), 1_000 + seed * 97);
                let at = brazil::start_of_day(day) + Duration::hours(seed % 24);
                own.insert(day, price);
                world.price(*company_id, plans[plan], price, at).await;
            }
            prices.insert((company, plan), Prices { list, own });
        }
    }

    for (done, period) in RUNS.iter().enumerate() {
        for (line_id, happened) in &lines {
            for happening in happened.iter().filter(|happening| happening.told_after == done) {
                world.tell(*line_id, happening, &companies, &plans).await;
                // Doubled.
                world.tell(*line_id, happening, &companies, &plans).await;
            }
        }
        world.run(period).await;
    }
    assert!(late_ones(&world).await > 30, "too little was late");

    for (index, company_id) in companies.iter().enumerate() {
        let expected: i64 = lines
            .iter()
            .flat_map(|(_, happened)| charges(happened))
            .filter(|(company, ..)| *company == index)
            .flat_map(|(company, plan, days)| amounts(days, &prices[&(company, plan)]))
            .sum();
        assert_eq!(charged(&world, *company_id).await, expected, "company {index}");
    }
}

async fn late_ones(world: &World) -> i64 {
    sqlx::query_scalar("select count(*) from late_charge")
        .fetch_one(&world.service.db)
        .await
        .unwrap()
}

/// What a company's invoices come to, less what it has left; each is the sum of its items.
async fn charged(world: &World, company_id: CompanyId) -> i64 {
    let wrong: i64 = sqlx::query_scalar(
        "select count(*)
           from invoice
          where amount_cents <> (select sum(amount_cents) from invoice_item as item
                                  where item.invoice_id = invoice.invoice_id)",
    )
    .fetch_one(&world.service.db)
    .await
    .unwrap();
    assert_eq!(wrong, 0);
    let (charged, left): (i64, i64) = sqlx::query_as(
        "select (select sum(amount_cents)::int8 from invoice where company_id = $1),
                (select coalesce(sum(amount_cents), 0)::int8 from company_credit
                  where company_id = $1 and period > '2026-07-01')",
    )
    .bind(company_id.0)
    .fetch_one(&world.service.db)
    .await
    .unwrap();
    charged - left
}
