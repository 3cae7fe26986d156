//! The services' clock: the system's, moved forward at will in a sandbox.

use std::sync::Arc;

use time::{Duration, OffsetDateTime};
use tokio::sync::watch;

/// Tells the time. Clones tell the same time and move together.
#[derive(Clone, Debug)]
pub struct Clock {
    offset: Arc<watch::Sender<Duration>>,
}

/// The clock was asked to go backwards.
#[derive(Debug, thiserror::Error)]
#[error("the clock never goes backwards")]
pub struct Backwards;

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self { offset: Arc::new(watch::Sender::new(Duration::ZERO)) }
    }

    /// The present moment in UTC, in whole microseconds, which is what Postgres keeps.
    pub fn now(&self) -> OffsetDateTime {
        let now = OffsetDateTime::now_utc() + *self.offset.borrow();
        now.replace_nanosecond(now.microsecond() * 1_000).unwrap_or(now)
    }

    /// Moves the clock forward.
    ///
    /// # Errors
    /// [`Backwards`] when `by` is negative.
    pub fn advance(&self, by: Duration) -> Result<(), Backwards> {
        if by.is_negative() {
            return Err(Backwards);
        }
        self.offset.send_modify(|offset| *offset += by);
        Ok(())
    }

    /// Moves the clock to a moment that is still to come.
    ///
    /// # Errors
    /// [`Backwards`] when the moment has passed.
    pub fn set(&self, moment: OffsetDateTime) -> Result<(), Backwards> {
        self.advance(moment - self.now())
    }

    /// Becomes ready each time the clock is moved by hand.
    pub fn moves(&self) -> watch::Receiver<Duration> {
        self.offset.subscribe()
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_move_together_and_never_backwards() {
        let clock = Clock::system();
        let other = clock.clone();
        let before = other.now();
        clock.advance(Duration::days(3)).unwrap();
        assert!(other.now() - before >= Duration::days(3));
        assert!(clock.advance(-Duration::SECOND).is_err());
        assert!(clock.set(before).is_err());
    }

    #[test]
    fn tells_whole_microseconds() {
        assert_eq!(Clock::system().now().nanosecond() % 1_000, 0);
    }
}
