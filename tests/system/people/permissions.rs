//! What somebody may do with a line.

use harness::{World, email};
use serde_json::{Value, json};

use super::{company_form, complete, follow, open, refuses, sign_up};
use crate::cast::{invited, no_id};

fn path(line_id: &str) -> String {
    format!("/permissions?phoneAccountId={line_id}")
}

const BILLING: &str = "app:stripe-manage-billing";
const READ: &str = "app:read-phone-account";
const PORTABILITY: &str = "app:request-portability";
const BLOCK: &str = "app:block-phone-account";
const MANAGE: &str = "app:manage-phone-account";

#[tokio::test]
async fn each_role_has_its_permissions() {
    let world = World::shared().await;
    let operator = world.operator().await;
    let member = invited(world, &operator, world.company_id(), "members").await;
    let path = path(&world.demo.holder.phone_account_id);
    for (rest, expected) in [
        (operator, json!([BILLING, READ, PORTABILITY, BLOCK, MANAGE])),
        (world.manager().await, json!([BILLING, READ, PORTABILITY, BLOCK, MANAGE])),
        (world.rest().with_token(&member), json!([READ])),
        (world.holder().await, json!([READ, PORTABILITY, BLOCK])),
    ] {
        assert_eq!(rest.get(&path).await.expect(200), expected);
    }
    world.rest().get(&path).await.refused(401, "unauthorized");
    for rest in [world.other_manager().await, sign_up(world).await.rest] {
        rest.get(&path).await.refused(404, "resource-not-found");
    }
}

#[tokio::test]
async fn the_line_is_named_and_exists() {
    let world = World::shared().await;
    let operator = world.operator().await;
    refuses(&operator.get("/permissions").await, &["phoneAccountId"]);
    operator.get(&path(&no_id())).await.refused(404, "resource-not-found");
}

#[tokio::test]
async fn a_line_of_ones_own_is_ones_own() {
    let world = World::shared().await;
    let person = sign_up(world).await;
    let listed = person.rest.get(&path(&person.line_id)).await.expect(200);
    let listed: Vec<&str> = listed.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!([READ, PORTABILITY, BLOCK].iter().all(|one| listed.contains(one)), "{listed:?}");
    assert!(!listed.contains(&MANAGE));
    world.manager().await.get(&path(&person.line_id)).await.refused(404, "resource-not-found");
}

#[tokio::test]
async fn a_holder_who_manages_another_company_is_a_holder() {
    let world = World::shared().await;
    let manager = world.manager().await;
    let form = company_form(world, &email(), world.company_id());
    let person = complete(world, &open(&manager, &form).await).await;
    follow(world, &person.email).await;
    let body = json!({ "user_email": person.email, "user_name": "Ana" });
    let managers = format!("/companies/{}/managers", world.other_company_id());
    world.operator().await.put(&managers, &body).await.expect(204);
    let rest = world.rest().log_in(&person.email, super::PASSWORD).await;
    let listed = rest.get(&path(&person.line_id)).await.expect(200);
    assert_eq!(listed, json!([READ, PORTABILITY, BLOCK]));
}
