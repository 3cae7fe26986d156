//! Nothing is lost and nothing is done twice, whatever is killed between any two steps.

mod billing_runs;
mod orders;
mod port_ins;
mod signups;
mod top_ups;

use std::time::Duration;

use chassis::crash;
use harness::{Answer, Rest, World, unique};
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
    crash::arm(point);
    let begun = tokio::spawn(begin);
    tokio::time::timeout(PATIENCE, crash::reached(point))
        .await
        .unwrap_or_else(|_| panic!("nobody came to {point}"));
    world.stack.kill(part);
    world.stack.restart(part).await.unwrap();
    world.stack.ready().await.unwrap();
    let done = begun.await.unwrap();
    world.settle().await;
    done
}

/// What a careful client does: the same request with the same key, until there is an answer.
async fn persist(rest: Rest, method: Method, path: String, body: Value, status: u16) -> Answer {
    let rest = rest.with_key(&format!("persist-{}", unique()));
    let answered = async {
        loop {
            match rest.try_send(method.clone(), &path, Some(&body)).await {
                Ok(answer) if answer.status == status => return answer,
                Ok(Answer { status: 503, .. }) | Err(_) => tokio::task::yield_now().await,
                Ok(answer) => panic!("{path}: {} {}", answer.status, answer.body),
            }
        }
    };
    tokio::time::timeout(PATIENCE, answered).await.expect("an answer in the end")
}
