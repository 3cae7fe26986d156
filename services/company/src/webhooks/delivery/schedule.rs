//! When a message is tried again, as Standard Webhooks advises.

use std::time::Duration;

const SECOND: u64 = 1;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// Pauses before the second and each further attempt; the first is made at once.
const PAUSES_SECONDS: [u64; 9] = [
    5 * SECOND,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
    24 * HOUR,
];

/// How much of a pause chance may take away.
const JITTER: f64 = 0.1;

/// Longest pause that a receiver can ask for.
const ASKED_MAX: Duration = Duration::from_secs(24 * HOUR);

/// How long to wait after `attempts` failed attempts of at most `attempts_max`; none when it is
/// time to give up.
/// `chance` is between 0 and 1: it only shortens a pause, so that whoever moves a clock by the
/// whole of it is past the next attempt. `asked` is what the receiver wants at least.
pub(super) fn pause(
    attempts: u32,
    attempts_max: u32,
    chance: f64,
    asked: Option<Duration>,
) -> Option<Duration> {
    if attempts >= attempts_max {
        return None;
    }
    let index = usize::try_from(attempts).ok()?.checked_sub(1)?;
    let whole = Duration::from_secs(*PAUSES_SECONDS.get(index)?);
    let usual = whole.mul_f64(1.0 - JITTER * chance.clamp(0.0, 1.0));
    Some(usual.max(asked.unwrap_or_default().min(ASKED_MAX)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAX: u32 = 10;

    #[test]
    fn there_are_ten_attempts_over_three_days() {
        let whole: Vec<u64> = (1..)
            .map_while(|attempts| pause(attempts, MAX, 0.0, None))
            .map(|p| p.as_secs())
            .collect();
        assert_eq!(whole, [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]);
        assert_eq!(pause(10, MAX, 0.0, None), None);
        assert_eq!(pause(6, 7, 0.0, None), Some(Duration::from_secs(36_000)));
        assert_eq!(pause(7, 7, 0.0, None), None);
        assert_eq!(pause(0, MAX, 0.0, None), None);
    }

    #[test]
    fn a_receiver_may_ask_for_more_time_but_not_for_ever() {
        let asked =
            |seconds| pause(1, MAX, 0.0, Some(Duration::from_secs(seconds))).unwrap().as_secs();
        assert_eq!(asked(1), 5);
        assert_eq!(asked(120), 120);
        assert_eq!(asked(u64::MAX), 86_400);
    }

    proptest! {
        #[test]
        fn chance_takes_away_at_most_a_tenth(attempts in 1_u32..10, chance in -1.0_f64..2.0) {
            let whole = pause(attempts, MAX, 0.0, None).unwrap();
            let pause = pause(attempts, MAX, chance, None).unwrap();
            prop_assert!(pause <= whole && pause >= whole.mul_f64(0.899));
        }
    }
}
