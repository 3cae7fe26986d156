//! Places where tests stop a service dead.

/// Never comes back if a test armed the point `name`: whoever armed it then ends the service,
/// as a crash at this line would. Does nothing without the feature `crash-points`.
pub async fn point(name: &str) {
    if fail::eval(name, |_| ()).is_some() {
        #[cfg(feature = "crash-points")]
        armed::note(name);
        std::future::pending::<()>().await;
    }
}

#[cfg(feature = "crash-points")]
pub use armed::{arm, reached};

#[cfg(feature = "crash-points")]
mod armed {
    use std::sync::LazyLock;

    use tokio::sync::watch;

    // Crash points are global to the process, and so is the list of those that were reached.
    static REACHED: LazyLock<watch::Sender<Vec<String>>> = LazyLock::new(watch::Sender::default);

    /// Lets whoever comes to the point next, and nobody after, stay there.
    ///
    /// # Panics
    /// Never: the action is a valid one.
    pub fn arm(name: &str) {
        REACHED.send_modify(|reached| reached.retain(|other| other != name));
        fail::cfg(name, "1*return->off").expect("a valid action");
    }

    /// Waits until somebody came to the armed point.
    pub async fn reached(name: &str) {
        let mut reached = REACHED.subscribe();
        // The sender is never dropped.
        let _ = reached.wait_for(|names| names.iter().any(|other| other == name)).await;
    }

    pub(super) fn note(name: &str) {
        tracing::warn!(name, "crash point reached");
        REACHED.send_modify(|reached| reached.push(name.to_owned()));
    }
}
