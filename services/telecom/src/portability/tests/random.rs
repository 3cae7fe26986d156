//! Whatever happens, in the database too.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use time::Duration;

use super::*;

const SEQUENCES: u64 = 12;
const LENGTH: usize = 25;

/// Each returns a row where something is wrong.
const INVARIANTS: [&str; 6] = [
    "select phone_number from line where status <> 'cancelled'
      group by phone_number having count(*) > 1",
    "select phone_number from port_in
      where status not in ('successful', 'denied', 'cancelled', 'failed')
      group by phone_number having count(*) > 1",
    "select line_id::text from port_in
      where status not in ('successful', 'denied', 'cancelled', 'failed')
      group by line_id having count(*) > 1",
    "select line.phone_number from line
       left join phone_number on phone_number.number = line.phone_number
      where phone_number.line_id is distinct from line.line_id
         or line.is_portability <> (phone_number.state = 'ported_in')",
    "select port_in_id::text from port_in
      where status not in ('successful', 'denied', 'cancelled', 'failed') and due_at is null",
    "select line_id::text from line
      where is_portability <> exists (
                select from port_in
                 where port_in.line_id = line.line_id and port_in.status = 'successful'
            )",
];

#[tokio::test]
async fn whatever_happens_the_database_stays_sound() {
    let (setting, _database) = setting().await;
    for seed in 0..SEQUENCES {
        let mut rng = StdRng::seed_from_u64(seed);
        let first = u32::try_from(seed).unwrap() * 3;
        let lines = [setting.line(true).await, setting.line(false).await];
        for _ in 0..LENGTH {
            let line_id = lines[rng.random_range(0..2)];
            let number = number(first + rng.random_range(0..3));
            happen(&setting, &mut rng, line_id, &number).await;
            check(&setting, seed).await;
        }
    }
}

async fn happen(setting: &Setting, rng: &mut StdRng, line_id: LineId, number: &MobileNumber) {
    match rng.random_range(0..10) {
        0..3 => {
            if rng.random_bool(0.5) {
                setting.administrator.script(number, script(rng));
            }
            if let Err(error) = setting.request(line_id, number, None).await {
                assert!(matches!(error, Error::PortIn(_)), "{error}");
            }
        }
        3..5 => {
            setting.administrator.inject(number, saying(rng));
        }
        5 => {
            if let Err(error) = setting.cancel(line_id).await {
                assert!(matches!(error, Error::PortIn(_)), "{error}");
            }
        }
        6 => {
            setting.service.clock.advance(Duration::hours(rng.random_range(0..90))).unwrap();
        }
        _ => setting.pass(Duration::hours(rng.random_range(0..40))).await,
    }
}

fn script(rng: &mut StdRng) -> Vec<PlannedEvent> {
    (0..rng.random_range(0..6))
        .map(|_| PlannedEvent {
            after: Duration::hours(rng.random_range(0..20)),
            times: rng.random_range(1..3),
            lose: rng.random_bool(0.2),
            ..say(saying(rng))
        })
        .collect()
}

fn saying(rng: &mut StdRng) -> Saying {
    match rng.random_range(0..11) {
        0..2 => Saying::Confirm,
        2 => Saying::Refuse,
        3..5 => Saying::Acknowledge,
        5..7 => Saying::Approve,
        7 => Saying::Deny(DenialReason::AreaNotServed),
        8..10 => Saying::Complete,
        _ => Saying::Fail(None),
    }
}

async fn check(setting: &Setting, seed: u64) {
    for invariant in INVARIANTS {
        let broken: Option<String> =
            sqlx::query_scalar(invariant).fetch_optional(&setting.service.db).await.unwrap();
        assert_eq!(broken, None, "sequence {seed}: {invariant}");
    }
}
