use brazil::PlanId;
use chassis::Service;
use time::Duration;

use super::*;
use crate::testing::{area, service};

/// A company's lines: so many that work, one stolen, one pending, one ended.
async fn lines_of(service: &Service, company_id: CompanyId, working: i32) {
    sqlx::query(
        "insert into line (
             line_id, company_id, visible_to_user, provider, phone_number, number_assigned_at,
             activated_at, status, blocks, plan_id, area_code, awaiting_approval,
             created_at, updated_at
         )
         select gen_random_uuid(), $1, false, 'x', '+55419' || lpad((index)::text, 8, '0'), $2, $2,
                case index when 1 then 'blocked' when 2 then 'pending' when 3 then 'cancelled'
                     else 'active' end,
                case index when 1 then array['theft'] else '{}' end,
                $3, 41, false, $2, $2
           from generate_series(1, $4 + 3) as index",
    )
    .bind(company_id.0)
    .bind(service.clock.now())
    .bind(PlanId::generate().0)
    .bind(working)
    .execute(&service.db)
    .await
    .unwrap();
}

async fn hear(lines: &Lines, company_id: CompanyId, standing: Standing) {
    lines
        .service()
        .transaction(|mut tx| {
            Box::pin(async move { note(lines, &mut tx, &company_id.to_string(), standing).await })
        })
        .await
        .unwrap();
}

async fn settle_all(lines: &Lines, company_id: CompanyId) {
    SettleCompany { company_id }.run(lines.clone()).await.unwrap();
}

/// How many lines of a company are in which state.
async fn states(service: &Service, company_id: CompanyId) -> Vec<(String, String, i64)> {
    sqlx::query_as(
        "select status, array_to_string(blocks, '+'), count(*)
           from line
          where company_id = $1
          group by 1, 2
          order by 1, 2",
    )
    .bind(company_id.0)
    .fetch_all(&service.db)
    .await
    .unwrap()
}

fn state(status: &str, blocks: &str, count: i64) -> (String, String, i64) {
    (status.to_owned(), blocks.to_owned(), count)
}

#[tokio::test]
async fn a_suspended_company_is_barred_freed_and_ended_line_by_line() {
    let (service, _database) = service().await;
    let lines = &Lines::new(service.clone(), "americanet".into());
    let (company_id, other) = (CompanyId::generate(), CompanyId::generate());
    let working = i32::try_from(BATCH).unwrap() + 10;
    lines_of(&service, company_id, working).await;

    hear(lines, other, Standing::Suspended).await;
    settle_all(lines, other).await;
    let free = [
        state("active", "", working.into()),
        state("blocked", "theft", 1),
        state("cancelled", "", 1),
        state("pending", "", 1),
    ];
    assert_eq!(states(&service, company_id).await, free);

    hear(lines, company_id, Standing::Suspended).await;
    settle_all(lines, company_id).await;
    let barred = [
        state("blocked", "no-pay", working.into()),
        state("blocked", "theft+no-pay", 1),
        state("cancelled", "", 1),
        state("pending", "", 1),
    ];
    assert_eq!(states(&service, company_id).await, barred);
    settle_all(lines, company_id).await;
    assert_eq!(states(&service, company_id).await, barred, "once more, nothing is left to do");
    let (told, asked): (i64, i64) = sqlx::query_as(
        "select (select count(*) from timeline_entry
                  where company_id = $1 and action = 'blocked' and actor_id = 'billing'),
                (select count(*) from telecom_jobs.jobs where task_identifier = 'tell_carrier')",
    )
    .bind(company_id.0)
    .fetch_one(&service.db)
    .await
    .unwrap();
    assert_eq!((told, asked), (i64::from(working) + 1, i64::from(working) + 1));

    hear(lines, company_id, Standing::Good).await;
    settle_all(lines, company_id).await;
    assert_eq!(states(&service, company_id).await, free, "payment clears no-pay alone");

    hear(lines, company_id, Standing::Terminated).await;
    settle_all(lines, company_id).await;
    let ended = [state("cancelled", "", i64::from(working) + 3)];
    assert_eq!(states(&service, company_id).await, ended);
    let events: i64 =
        sqlx::query_scalar("select count(*) from outbox where subscriber = 'billing'")
            .fetch_one(&service.db)
            .await
            .unwrap();
    assert_eq!(events, i64::from(working) + 2, "billing hears of each end");
}

#[tokio::test]
async fn a_company_stands_well_until_billing_says_otherwise() {
    let (service, _database) = service().await;
    let lines = &Lines::new(service.clone(), "americanet".into());
    let company_id = CompanyId::generate();
    let unpaid = async || {
        let mut tx = service.db.begin().await.unwrap();
        is_unpaid(&mut tx, company_id).await.unwrap()
    };
    assert!(!unpaid().await);
    for (standing, expected) in
        [(Standing::Suspended, true), (Standing::Good, false), (Standing::Terminated, true)]
    {
        hear(lines, company_id, standing).await;
        assert_eq!(unpaid().await, expected, "{standing:?}");
    }
}

#[tokio::test]
async fn a_numbers_end_with_their_lines_is_a_quarantine() {
    let (service, _database) = service().await;
    let lines = &Lines::new(service.clone(), "x".into()).with_quarantine(Duration::days(7));
    let company_id = CompanyId::generate();
    lines_of(&service, company_id, 1).await;
    sqlx::query(
        "insert into phone_number (number, area_code, state, line_id, created_at, updated_at)
         select phone_number, $1, case status when 'active' then 'ported_in' else 'assigned' end,
                line_id, $2, $2
           from line where status <> 'cancelled'",
    )
    .bind(i16::from(u8::from(area())))
    .bind(service.clock.now())
    .execute(&service.db)
    .await
    .unwrap();
    hear(lines, company_id, Standing::Terminated).await;
    settle_all(lines, company_id).await;
    let numbers: Vec<(String, bool, i64)> = sqlx::query_as(
        "select state, coalesce(free_from > $1, false), count(*)
           from phone_number
          where line_id is null
          group by 1, 2
          order by 1",
    )
    .bind(service.clock.now() + Duration::days(6))
    .fetch_all(&service.db)
    .await
    .unwrap();
    assert_eq!(numbers, [("ported_in".to_owned(), false, 1), ("quarantined".to_owned(), true, 2)]);
}
