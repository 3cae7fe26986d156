//! Numbers that come over from other operators.

use harness::World;
use serde_json::json;

use crate::cast::{company, id};

#[tokio::test]
async fn a_number_is_here_after_one_long_jump_of_the_clock() {
    let world = World::own().await;
    let operator = world.operator().await;
    let company_id = company(&operator).await;
    let mut lines = vec![];
    for index in 0..5 {
        let order = json!({ "subscription_plan_id": world.plan_id(), "area_code": 41 });
        let path = format!("/companies/{company_id}/phone-accounts");
        let line = operator.post(&path, &order).await.expect(201);
        lines.push((id(&line).to_owned(), format!("+55419876{index:05}")));
    }
    world.settle().await;
    for (line_id, number) in &lines {
        let path = format!("/phone-accounts/{line_id}/portability");
        operator.post(&path, &json!({ "phone_number": number })).await.expect(204);
    }
    world.advance("P7D").await;

    let operator = world.operator().await;
    for (line_id, number) in &lines {
        let path = format!("/phone-accounts/{line_id}");
        let ported = operator.get(&format!("{path}/portability")).await.expect(200);
        assert_eq!(ported["status"], "SUCCESSFUL", "{ported}");
        let line = operator.get(&path).await.expect(200);
        assert_eq!(line["phone_number"], *number);
    }
}
