//! How often somebody may ask.

use futures::StreamExt;
use futures::stream;
use harness::{Answer, Rest, World};
use local::Options;
use serde_json::json;

use crate::wire::{Wire, envelope};

/// More than any limit, and what comes back to it while a slow machine asks.
const MANY: usize = 200;

/// A world with small limits: what comes back to large ones is more than a busy machine asks.
async fn limited(rates: [u32; 3]) -> World {
    let options = Options { no_rate_limits: false, rates: Some(rates), ..World::options() };
    World::start(options).await
}

#[track_caller]
fn is_too_many(answer: &Answer) {
    assert_eq!(answer.status, 429, "{}", answer.body);
    assert_eq!(envelope(&answer.body), "too-many-requests");
    let after: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&after), "{after}");
}

/// Asks until it is too much, once after the other, since those that are under way together may
/// be counted in any order; returns how often that went well.
async fn exhaust(rest: &Rest, path: &str, status: u16) -> usize {
    for well in 0..MANY {
        let answer = rest.get(path).await;
        if answer.status != status {
            is_too_many(&answer);
            return well;
        }
    }
    panic!("{path} has no limit");
}

#[tokio::test]
async fn callers_addresses_and_logins_are_counted_apart() {
    let world = limited([12, 8, 6]).await;
    let (manager, holder) = (world.manager().await, world.holder().await);
    let operator = world.operator().await;

    // Per caller, and what comes back meanwhile.
    let own = exhaust(&manager, "/phone-accounts", 200).await;
    assert!((12..MANY).contains(&own), "{own}");
    // What is no route counts as well: little is left of this minute's.
    let left = exhaust(&manager, "/x", 404).await;
    assert!(left < 12, "{left}");
    holder.get("/phone-accounts").await.expect(200);
    operator.get("/companies").await.expect(200);

    // Per address, for those without a token: three have logged in.
    let anonymous = exhaust(&world.rest(), "/phone-accounts", 401).await;
    assert!((5..MANY).contains(&anonymous), "{anonymous}");
    holder.get("/phone-accounts").await.expect(200);
    // Tokens that are none count as none, and a header does not make another address.
    is_too_many(&world.rest().with_token("forged").get("/phone-accounts").await);
    let wire = Wire::of(&world);
    let elsewhere = wire
        .request(reqwest::Method::GET, "/phone-accounts")
        .header("x-forwarded-for", "203.0.113.9");
    assert_eq!(Wire::send(elsewhere).await.status, 429);
    // Probes are counted by nobody.
    for _ in 0..50 {
        world.rest().get("/healthz").await.expect(200);
    }
}

#[tokio::test]
async fn guessing_has_a_limit_of_its_own() {
    let world = limited([30, 60, 6]).await;
    let holder = world.holder().await;
    let body = json!({ "email": "nobody@example.com" });
    let mut well = 0;
    let refused = loop {
        let answer = world.rest().post("/password-resets", &body).await;
        if answer.status != 204 {
            break answer;
        }
        well += 1;
        assert!(well < MANY, "password resets have no limit");
    };
    is_too_many(&refused);
    assert!((6..MANY).contains(&well), "{well}");
    // Other operations have counts of their own.
    holder.get("/phone-accounts").await.expect(200);
    world.rest().get("/companies").await.refused(401, "unauthorized");
    world.holder().await.get("/phone-accounts").await.expect(200);
}

#[tokio::test]
async fn lifted_limits_are_lifted() {
    let world = World::shared().await;
    let rest = world.rest();
    let answers = stream::iter(0..700).map(|_| rest.get("/phone-accounts")).buffered(16);
    let statuses: Vec<_> = answers.map(|answer| answer.status).collect().await;
    assert!(statuses.iter().all(|status| *status == 401));
}
