//! Many who dial at once.

use std::collections::BTreeMap;

use futures::{StreamExt, stream};
use harness::invariants::assert_invariants;
use harness::{Answer, Rest, World};
use serde_json::json;

use super::cast::Admin;
use super::{balance, credit, financial};

const DIALERS: usize = 500;
const PAID_FOR: usize = 100;
const AT_ONCE: usize = 16;
const ATTEMPTS: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_dial_on_credit_for_a_hundred() {
    let world = World::own().await;
    let admin = Admin::sign_up(&world).await;
    admin.rest.post("/accounts/financial", &financial()).await.expect(200);
    credit(&world, &admin, 8.0, 1).await;
    let ramais: Vec<String> = stream::iter(0..DIALERS)
        .map(|number| {
            let rest = admin.rest.clone();
            async move {
                let extension = json!({"first_name": format!("Ramal {number}")});
                let made = rest.post("/extensions/next-available", &extension).await.expect(200);
                made["ramal"].as_str().expect("a number").to_owned()
            }
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let mut sorted: Vec<u32> = ramais.iter().map(|ramal| ramal.parse().unwrap()).collect();
    sorted.sort_unstable();
    // Numbers that end in 99 are telephones that are off.
    assert_eq!(sorted, (1_000..1_500).collect::<Vec<_>>(), "without gaps or collisions");

    let dialled = ramais.iter().map(|ramal| dialled(admin.rest.with_key(ramal), ramal));
    let dialled: Vec<Answer> = futures::future::join_all(dialled).await;
    let mut statuses: BTreeMap<u16, usize> = BTreeMap::new();
    for answer in &dialled {
        *statuses.entry(answer.status).or_default() += 1;
    }
    // Telephones that are off pay for nothing, and those that are on find no credit left.
    let off = ramais.iter().filter(|ramal| ramal.ends_with("99")).count();
    let wanted = [(200, PAID_FOR), (402, DIALERS - PAID_FOR - off), (422, off)];
    assert_eq!(statuses, BTreeMap::from(wanted));
    let made: Vec<&str> = dialled.iter().filter_map(|answer| answer.body["id"].as_str()).collect();

    world.advance("PT5S").await;
    world.settle().await;
    let hang_ups = made.iter().map(|id| {
        let rest = admin.rest.clone();
        async move { rest.post(&format!("/calls/{id}/hangup"), &json!({})).await.expect(200) }
    });
    stream::iter(hang_ups).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await;
    world.advance("PT1S").await;
    world.settle().await;
    assert_eq!(balance(&admin).await, "0,00");
    let calls = admin.rest.get("/calls?filter[fields][call_price]=true&limit=1000").await;
    let calls = calls.expect(200);
    assert_eq!(calls["meta"]["totalItemCount"], PAID_FOR);
    let prices = calls["data"].as_array().expect("calls");
    assert!(prices.iter().all(|call| *call == json!({"call_price": 0.08})), "{calls}");
    assert_invariants(&world.database().await, "after five hundred dialled").await;
}

/// Dials until there is an answer: a machine that is busy may ask to be asked again, and the key
/// says that it is the same call.
async fn dialled(rest: Rest, ramal: &str) -> Answer {
    let dial = json!({"extension": ramal, "phone": "4833328530"});
    for _ in 0..ATTEMPTS {
        let answer = rest.post("/dialer", &dial).await;
        if answer.status != 503 {
            return answer;
        }
    }
    panic!("{ramal} gets no answer");
}
