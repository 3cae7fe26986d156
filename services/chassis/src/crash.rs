//! Places where tests stop a service dead.

#[cfg(feature = "crash-points")]
pub use armed::{Armed, arm};

/// Never comes back if a test armed the point `name` for the runtime that comes here: whoever armed
/// it then ends the service, as a crash at this line would. Does nothing without the feature
/// `crash-points`.
pub async fn point(name: &str) {
    #[cfg(feature = "crash-points")]
    if armed::is_armed(name) {
        tracing::warn!(name, "crash point reached");
        std::future::pending::<()>().await;
    }
    #[cfg(not(feature = "crash-points"))]
    let _ = name;
}

#[cfg(feature = "crash-points")]
mod armed {
    use std::collections::HashMap;
    use std::sync::LazyLock;

    use tokio::runtime::{Handle, Id};
    use tokio::sync::watch;

    /// Whether somebody has come to a point. A service runs in a runtime of its own, also where
    /// many run in one process, so that none stops at a point that is meant for another.
    type Points = HashMap<(Id, String), bool>;

    static POINTS: LazyLock<watch::Sender<Points>> = LazyLock::new(watch::Sender::default);

    /// A point where whoever comes next, and nobody after, stays. Nobody does when this is dropped.
    pub struct Armed {
        point: (Id, String),
    }

    /// Arms the point `name` for whoever comes to it in `runtime`.
    pub fn arm(runtime: Id, name: &str) -> Armed {
        let point = (runtime, name.to_owned());
        POINTS.send_modify(|points| {
            points.insert(point.clone(), false);
        });
        Armed { point }
    }

    impl Armed {
        /// Waits until somebody came.
        pub async fn reached(&self) {
            let mut points = POINTS.subscribe();
            // The sender is never dropped.
            let _ = points.wait_for(|points| points.get(&self.point) == Some(&true)).await;
        }
    }

    impl Drop for Armed {
        fn drop(&mut self) {
            POINTS.send_modify(|points| {
                points.remove(&self.point);
            });
        }
    }

    /// Whether the point is armed for this runtime and nobody came to it before.
    pub(super) fn is_armed(name: &str) -> bool {
        let point = (Handle::current().id(), name.to_owned());
        POINTS.send_if_modified(|points| match points.get_mut(&point) {
            Some(reached) => !std::mem::replace(reached, true),
            None => false,
        })
    }
}

#[cfg(all(test, feature = "crash-points"))]
mod tests {
    use std::time::Duration;

    use tokio::runtime::Runtime;

    use super::*;

    const POINT: &str = "test.step";

    #[test]
    fn only_the_first_to_come_in_the_runtime_meant_stays() {
        let [own, other] = [(); 2].map(|()| Runtime::new().unwrap());
        let armed = arm(own.handle().id(), POINT);
        other.block_on(point(POINT));
        own.block_on(point("test.other_step"));
        let staying = own.spawn(point(POINT));
        own.block_on(armed.reached());
        own.block_on(point(POINT));
        assert!(!staying.is_finished());
        own.shutdown_background();
        assert!(other.block_on(staying).unwrap_err().is_cancelled());
    }

    #[test]
    fn nobody_stays_at_a_point_that_is_armed_no_more() {
        let runtime = Runtime::new().unwrap();
        drop(arm(runtime.handle().id(), POINT));
        let passing = async { tokio::time::timeout(Duration::from_secs(10), point(POINT)).await };
        runtime.block_on(passing).unwrap();
    }
}
