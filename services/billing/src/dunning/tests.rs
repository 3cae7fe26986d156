use proptest::prelude::*;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::*;

const TERMS: Terms = Terms { suspension_after_days: 15, termination_after_days: 60 };
const START: OffsetDateTime = datetime!(2026-12-08 15:00 UTC);

fn good() -> Standing {
    Standing::good(CompanyId::generate())
}

fn taken(standing: Standing, owes: bool, now: OffsetDateTime) -> (Step, Standing) {
    standing.next(owes, now, TERMS).unwrap()
}

#[test]
fn who_does_not_pay_is_noticed_suspended_and_terminated() {
    let (step, noticed) = taken(good(), true, START);
    assert_eq!((step, noticed.state), (Step::Notice, State::Noticed));
    assert_eq!(noticed.next(true, START + Duration::days(14), TERMS), None);

    let (step, suspended) = taken(noticed, true, START + Duration::days(15));
    assert_eq!((step, suspended.state), (Step::Suspend, State::Suspended));
    assert_eq!(suspended.noticed_at, Some(START));
    assert_eq!(suspended.next(true, START + Duration::days(74), TERMS), None);

    let (step, terminated) = taken(suspended, true, START + Duration::days(75));
    assert_eq!((step, terminated.state), (Step::Terminate, State::Terminated));
    assert_eq!(terminated.next(true, START + Duration::days(9_999), TERMS), None);
}

#[test]
fn a_clock_that_jumps_shortens_no_period() {
    let late = START + Duration::days(365);
    let (_, noticed) = taken(good(), true, late);
    assert_eq!(noticed.next(true, late, TERMS), None);
    assert_eq!(
        noticed.suspension_from(TERMS),
        Some(datetime!(2026-12-23 03:00 UTC) + Duration::days(365))
    );
    let later = late + Duration::days(200);
    let (step, suspended) = taken(noticed, true, later);
    assert_eq!(step, Step::Suspend);
    assert_eq!(suspended.next(true, later, TERMS), None);
}

#[test]
fn periods_end_at_midnight_in_brasilia() {
    let (_, noticed) = taken(good(), true, datetime!(2026-12-09 02:59 UTC));
    let from = datetime!(2026-12-23 03:00 UTC);
    assert_eq!(noticed.next(true, from - Duration::SECOND, TERMS), None);
    assert_eq!(taken(noticed, true, from).0, Step::Suspend);
}

#[test]
fn paying_clears_at_once_before_termination_and_lifts_nothing_after() {
    let (_, noticed) = taken(good(), true, START);
    let (step, cleared) = taken(noticed, false, START);
    assert_eq!((step, cleared), (Step::Clear, Standing::good(noticed.company_id)));

    let (_, suspended) = taken(noticed, true, START + Duration::days(15));
    assert_eq!(taken(suspended, false, START + Duration::days(15)).0, Step::Clear);

    let (_, terminated) = taken(suspended, true, START + Duration::days(99));
    let (step, acquitted) = taken(terminated, false, START + Duration::days(99));
    assert_eq!((step, acquitted.state), (Step::Acquit, State::Good));
    assert_eq!(good().next(false, START, TERMS), None);
}

#[derive(Clone, Copy, Debug)]
enum Event {
    FallsDue,
    PaysAll,
    Pass(i64),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        Just(Event::FallsDue),
        Just(Event::PaysAll),
        (1..4_000_i64).prop_map(Event::Pass),
    ];
    proptest::collection::vec(event, 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_story_skips_a_step_or_shortens_a_period(story in events()) {
        let mut standing = good();
        let (mut owes, mut now) = (false, START);
        for event in story {
            match event {
                Event::FallsDue => owes = true,
                Event::PaysAll => owes = false,
                Event::Pass(hours) => now += Duration::hours(hours),
            }
            let before = standing;
            if let Some((step, after)) = standing.next(owes, now, TERMS) {
                let declared = TRANSITIONS.iter().any(|(from, debt, _, by, to)| {
                    (*from, *debt, *by, *to) == (before.state, owes, step, after.state)
                });
                prop_assert!(declared);
                match step {
                    Step::Notice => prop_assert_eq!(after.noticed_at, Some(now)),
                    Step::Suspend => {
                        let noticed = before.noticed_at.unwrap();
                        prop_assert!(local_date(now) - local_date(noticed) >= Duration::days(15));
                        prop_assert_eq!(after.noticed_at, before.noticed_at);
                    }
                    Step::Terminate => {
                        let suspended = before.suspended_at.unwrap();
                        prop_assert!(local_date(now) - local_date(suspended) >= Duration::days(60));
                    }
                    Step::Clear => prop_assert!(before.state != State::Terminated),
                    Step::Acquit => prop_assert_eq!(before.state, State::Terminated),
                }
                standing = after;
                // One step at a time: the next one has a period of its own.
                prop_assert_eq!(standing.next(owes, now, TERMS), None);
            }
            prop_assert_eq!(standing.state == State::Good, !owes);
        }
    }
}
