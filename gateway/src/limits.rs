//! How often somebody may ask.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderName};
use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use tokio_util::sync::CancellationToken;

use crate::address::ClientAddress;
use crate::caller::Presented;
use crate::config::Limits;
use crate::fault::Fault;

type Keyed<K> = RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock>;

/// How often keys that have fully recovered are forgotten, which is what bounds the memory.
const FORGET_EVERY: Duration = Duration::from_secs(10);

const WINDOW: Duration = Duration::from_mins(1);

/// What an answer tells of a limit: how many requests it lets through, how many are left, and the
/// seconds after which it starts anew.
pub(crate) const HEADERS: [HeaderName; 3] = [
    HeaderName::from_static("ratelimit-limit"),
    HeaderName::from_static("ratelimit-remaining"),
    HeaderName::from_static("ratelimit-reset"),
];

/// Tells of a limit that was reached.
pub(crate) fn tell(headers: &mut HeaderMap, limit: u32, seconds: u64) {
    let [through, remaining, reset] = HEADERS;
    headers.insert(through, limit.into());
    headers.insert(remaining, 0.into());
    headers.insert(reset, seconds.into());
}

/// Counts requests by caller and by address.
pub(crate) struct RateLimits {
    callers: Keyed<String>,
    addresses: Keyed<IpAddr>,
    sensitive: Keyed<(IpAddr, &'static str)>,
    tokens: Windows<[u8; 32]>,
    enterprise_tokens: Windows<[u8; 32]>,
}

impl RateLimits {
    /// None when limits are lifted.
    pub(crate) fn new(limits: &Limits) -> Option<Self> {
        (!limits.no_rate_limits).then(|| Self {
            callers: keyed(limits.caller_rate),
            addresses: keyed(limits.address_rate),
            sensitive: keyed(limits.sensitive_rate),
            tokens: Windows::new(limits.voice_token_rate),
            enterprise_tokens: Windows::new(limits.enterprise_token_rate),
        })
    }

    /// Counts a request; `sensitive` names the operation if it is one of those.
    ///
    /// # Errors
    /// [`Fault::TooManyRequests`].
    pub(crate) fn count(
        &self,
        presented: &Presented,
        address: ClientAddress,
        sensitive: Option<&'static str>,
    ) -> Result<(), Fault> {
        let network = address.network();
        match presented {
            Presented::Token { subject, .. } => check(&self.callers, subject)?,
            _ => self.count_address(address)?,
        }
        sensitive.map_or(Ok(()), |operation| check(&self.sensitive, &(network, operation)))
    }

    /// Counts a request with the token of this hash, in the voice dialect.
    ///
    /// # Errors
    /// [`Fault::TooManyRequests`].
    pub(crate) fn count_token(&self, hash: [u8; 32]) -> Result<(), Fault> {
        self.tokens.count(hash, Instant::now()).map_err(Fault::TooManyRequests)
    }

    /// Counts a request with the token of this hash, in the enterprises dialect.
    ///
    /// # Errors
    /// [`Fault::TooManyRequests`].
    pub(crate) fn count_enterprise_token(&self, hash: [u8; 32]) -> Result<(), Fault> {
        self.enterprise_tokens.count(hash, Instant::now()).map_err(Fault::TooManyRequests)
    }

    /// Counts a request from an address.
    ///
    /// # Errors
    /// [`Fault::TooManyRequests`].
    pub(crate) fn count_address(&self, address: ClientAddress) -> Result<(), Fault> {
        check(&self.addresses, &address.network())
    }

    /// Forgets those who have not asked for a while, until `shutdown`.
    pub(crate) async fn forget(&self, shutdown: CancellationToken) {
        let mut ticks = tokio::time::interval(FORGET_EVERY);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = ticks.tick() => {}
            }
            forget(&self.callers);
            forget(&self.addresses);
            forget(&self.sensitive);
            self.tokens.forget(Instant::now());
            self.enterprise_tokens.forget(Instant::now());
        }
    }
}

/// Counts by the minute, so that whoever is told of a limit gets exactly that many.
struct Windows<K> {
    limit: u32,
    open: Mutex<HashMap<K, (Instant, u32)>>,
}

impl<K: Hash + Eq> Windows<K> {
    fn new(limit: u32) -> Self {
        Self { limit, open: Mutex::default() }
    }

    /// Counts once; otherwise says how long the window still lasts.
    fn count(&self, key: K, now: Instant) -> Result<(), Duration> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, count) = open.entry(key).or_insert((now, 0));
        let passed = now.saturating_duration_since(*since);
        if passed >= WINDOW {
            (*since, *count) = (now, 0);
        } else if *count >= self.limit {
            return Err(WINDOW - passed);
        }
        *count += 1;
        Ok(())
    }

    fn forget(&self, now: Instant) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, (since, _)| now.saturating_duration_since(*since) < WINDOW);
        open.shrink_to_fit();
    }
}

fn keyed<K: Hash + Eq + Clone>(per_minute: u32) -> Keyed<K> {
    RateLimiter::keyed(Quota::per_minute(NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN)))
}

fn check<K: Hash + Eq + Clone>(limiter: &Keyed<K>, key: &K) -> Result<(), Fault> {
    limiter
        .check_key(key)
        .map_err(|refused| Fault::TooManyRequests(refused.wait_time_from(limiter.clock().now())))
}

fn forget<K: Hash + Eq + Clone>(limiter: &Keyed<K>) {
    limiter.retain_recent();
    limiter.shrink_to_fit();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits { address_rate: 3, sensitive_rate: 2, caller_rate: 4, ..Limits::default() }
    }

    fn address(text: &str) -> ClientAddress {
        ClientAddress(text.parse().unwrap())
    }

    #[test]
    fn addresses_are_counted_apart_and_operations_more_strictly() {
        let rates = RateLimits::new(&limits()).unwrap();
        let (here, there) = (address("192.0.2.1"), address("192.0.2.2"));
        let count = |address, operation| rates.count(&Presented::Nothing, address, operation);
        assert!(count(here, Some("/login")).is_ok());
        assert!(count(here, Some("/login")).is_ok());
        assert!(matches!(count(here, Some("/login")), Err(Fault::TooManyRequests(_))));
        assert!(matches!(count(here, None), Err(Fault::TooManyRequests(_))));
        assert!(count(there, Some("/login")).is_ok());
    }

    #[test]
    fn callers_are_counted_wherever_they_are() {
        let rates = RateLimits::new(&limits()).unwrap();
        let token = |subject: &str| Presented::Token {
            bearer: "Bearer x".parse().unwrap(),
            subject: subject.to_owned(),
        };
        for last in 1..=4 {
            assert!(rates.count(&token("a"), address(&format!("192.0.2.{last}")), None).is_ok());
        }
        assert!(rates.count(&token("a"), address("192.0.2.9"), None).is_err());
        assert!(rates.count(&token("b"), address("192.0.2.9"), None).is_ok());
    }

    #[test]
    fn a_minute_has_exactly_its_requests() {
        let windows = Windows::new(2);
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(windows.count("a", at(0)), Ok(()));
        assert_eq!(windows.count("a", at(30)), Ok(()));
        assert_eq!(windows.count("a", at(40)), Err(Duration::from_secs(20)));
        assert_eq!(windows.count("b", at(40)), Ok(()));
        windows.forget(at(60));
        assert_eq!(windows.open.lock().unwrap().len(), 1);
        assert_eq!(windows.count("a", at(60)), Ok(()));
    }

    #[test]
    fn limits_can_be_lifted() {
        assert!(RateLimits::new(&Limits { no_rate_limits: true, ..limits() }).is_none());
    }
}
