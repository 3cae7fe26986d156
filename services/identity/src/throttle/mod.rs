//! Counted attempts. Counts are kept where all replicas see them; what is counted is kept as a
//! keyed fingerprint only.

pub(crate) mod store;

use std::net::IpAddr;
use std::time::Duration as Pause;

use brazil::Email;
use chassis::crypto::Keyring;
use time::{Duration, OffsetDateTime};

use crate::identity::Identity;

/// How many attempts there may be in a window, which opens with the first of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    pub(crate) attempts_max: u32,
    pub(crate) window: Duration,
}

/// Attempts counted so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) attempts: u32,
    pub(crate) started_at: OffsetDateTime,
}

/// Something that attempts are counted of.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) fingerprint: Vec<u8>,
    pub(crate) limit: Limit,
}

impl Subject {
    /// `what` names the kind of attempt, `who` whose it is.
    pub(crate) fn new(keyring: &Keyring, what: &str, who: &str, limit: Limit) -> Self {
        let context = format!("identity.throttle.{what}");
        Self { fingerprint: keyring.fingerprint(&context, who.as_bytes()), limit }
    }
}

impl Limit {
    /// How long to wait before the next attempt; None when it may be made now. An attempt that
    /// is turned away does not count, so that nobody can keep another person out for ever.
    pub(crate) fn pause(&self, count: Count, now: OffsetDateTime) -> Option<Pause> {
        if count.attempts < self.attempts_max {
            return None;
        }
        Pause::try_from(count.started_at + self.window - now).ok().filter(|pause| !pause.is_zero())
    }

    /// The count after one more attempt.
    pub(crate) fn add(&self, count: Count, now: OffsetDateTime) -> Count {
        if now < count.started_at + self.window {
            Count { attempts: count.attempts + 1, ..count }
        } else {
            Count { attempts: 1, started_at: now }
        }
    }
}

/// Whose asking for mailed links of a kind is counted: the recipient's, and the network's that it
/// comes from.
pub(crate) fn links_asked_for(
    identity: &Identity,
    kind: &str,
    email: &Email,
    remote_address: &str,
) -> Vec<Subject> {
    let (policy, keyring) = (&identity.policy, &identity.service.keyring);
    let window = policy.reset_window();
    let email_limit = Limit { attempts_max: policy.resets_max, window };
    let network_limit = Limit { attempts_max: policy.resets_address_max, window };
    let network = network(remote_address)
        .map(|network| Subject::new(keyring, &format!("{kind}.network"), &network, network_limit));
    let email = Subject::new(keyring, &format!("{kind}.email"), email.as_str(), email_limit);
    [Some(email), network].into_iter().flatten().collect()
}

/// What an address is counted as: an IPv6 subscriber has a whole /64. None where it is not said.
pub(crate) fn network(remote_address: &str) -> Option<String> {
    let text = remote_address.trim();
    match text.parse().ok()? {
        IpAddr::V4(address) => Some(address.to_string()),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => Some(address.to_string()),
            None => {
                let [a, b, c, d, ..] = address.segments();
                Some(format!("{a:x}:{b:x}:{c:x}:{d:x}::/64"))
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    const LIMIT: Limit = Limit { attempts_max: 10, window: Duration::minutes(15) };

    #[test]
    fn an_ipv6_subscriber_is_one_address() {
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:192.0.2.7"), network("192.0.2.7"));
        assert_eq!(network(""), None);
        assert_eq!(network("somewhere"), None);
    }

    proptest! {
        /// However attempts fall, a window lets no more than the limit through, and nobody waits
        /// longer than a window.
        #[test]
        fn the_limit_holds(gaps in prop::collection::vec(0_i64..400, 1..200)) {
            let mut now = datetime!(2026-01-01 00:00 UTC);
            let mut count = Count { attempts: 0, started_at: now };
            let mut let_through = 0;
            for gap in gaps {
                now += Duration::seconds(gap);
                match LIMIT.pause(count, now) {
                    Some(pause) => prop_assert!(pause <= LIMIT.window.unsigned_abs()),
                    None => {
                        let next = LIMIT.add(count, now);
                        if count.started_at != next.started_at {
                            prop_assert!(now - count.started_at >= LIMIT.window);
                            let_through = 0;
                        }
                        let_through += 1;
                        count = next;
                        prop_assert!(let_through <= LIMIT.attempts_max);
                    }
                }
            }
        }

        #[test]
        fn after_the_pause_it_may_be_tried(attempts in 10_u32..50, age in 0_i64..900) {
            let now = datetime!(2026-01-01 00:00 UTC);
            let count = Count { attempts, started_at: now - Duration::seconds(age) };
            let pause = LIMIT.pause(count, now).unwrap();
            prop_assert!(LIMIT.pause(count, now + pause).is_none());
        }
    }
}
