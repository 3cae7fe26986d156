use brazil::{CompanyId, LineId, PlanId};
use time::macros::datetime;

use super::*;
use crate::billing_runs::store::tests::World;

#[test]
fn a_month_is_due_on_its_day_in_brasilia() {
    let due = |day, at| Automatic { day }.last_due(at).to_string();
    assert_eq!(due(1, datetime!(2026-12-01 02:59 UTC)), "2026-10");
    assert_eq!(due(1, datetime!(2026-12-01 03:00 UTC)), "2026-11");
    assert_eq!(due(5, datetime!(2026-12-05 02:59 UTC)), "2026-10");
    assert_eq!(due(5, datetime!(2026-12-05 03:00 UTC)), "2026-11");
}

#[tokio::test]
async fn every_month_since_the_last_one_is_begun_once() {
    let world = World::new().await;
    let begun = async || -> Vec<String> {
        begin(&world.service, Automatic { day: 1 }).await.unwrap();
        sqlx::query_scalar("select to_char(period, 'YYYY-MM') from billing_run order by period")
            .fetch_all(&world.service.db)
            .await
            .unwrap()
    };
    assert_eq!(begun().await, Vec::<String>::new(), "nothing was ever charged");

    let now = world.service.clock.now();
    let activated_at = now - time::Duration::days(1);
    let first = Period::of(brazil::local_date(activated_at));
    let line = (LineId::generate(), CompanyId::generate(), PlanId::generate());
    world.activate(line.0, line.1, line.2, activated_at).await;
    world.service.clock.advance(time::Duration::days(70)).unwrap();
    let last = Period::ended_by(world.service.clock.now());
    let expected: Vec<String> =
        std::iter::successors(Some(first), |period| Some(period.next()).filter(|p| *p <= last))
            .map(|period| period.to_string())
            .collect();
    assert!(expected.len() >= 2);
    assert_eq!(begun().await, expected);
    assert_eq!(begun().await, expected);
    let waiting = world.service.jobs.due(&world.service.db).await.unwrap();
    assert_eq!(waiting, i64::try_from(expected.len()).unwrap());
}
