//! Places where tests stop a service dead.

/// Never comes back if a test armed the point `name`: whoever armed it then ends the service,
/// as a crash at this line would. Does nothing without the feature `crash-points`.
pub async fn point(name: &str) {
    if fail::eval(name, |_| ()).is_some() {
        tracing::warn!(name, "crash point reached");
        std::future::pending::<()>().await;
    }
}
