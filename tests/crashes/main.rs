//! Nothing is lost and nothing is done twice, whatever is killed between any two steps.

mod billing_runs;
mod bills;
mod calls;
mod dunning;
mod enterprises;
mod fiscal_notes;
mod line_changes;
mod orders;
mod points;
mod port_ins;
mod school_imports;
mod shipments;
mod signups;
mod top_ups;
mod voice_accounts;
mod webhooks;
mod workspaces;

use std::time::Duration;

use chassis::crash;
use harness::{Answer, Rest, World};
use local::Part;
use reqwest::Method;
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(60);

/// Begins what leads to the point, kills the service that gets there, starts it again, and waits
/// until everything that was begun is done.
async fn crash_at<T: Send + 'static>(
    world: &mut World,
    point: &str,
    part: Part,
    begin: impl Future<Output = T> + Send + 'static,
) -> T {
    let armed = crash::arm(world.stack.runtime(part).expect("the part runs"), point);
    let begun = tokio::spawn(begin);
    tokio::time::timeout(PATIENCE, armed.reached())
        .await
        .unwrap_or_else(|_| panic!("nobody came to {point}"));
    world.stack.kill(part);
    world.stack.restart(part).await.unwrap();
    world.stack.ready().await.unwrap();
    let done = begun.await.unwrap();
    world.settle().await;
    done
}

/// A careful client that loses patience in the end.
async fn persist(rest: Rest, method: Method, path: String, body: Value, status: u16) -> Answer {
    let answered = rest.persist(method, &path, &body, status);
    tokio::time::timeout(PATIENCE, answered).await.expect("an answer in the end")
}
