//! A partner's program has a token, and no company.

use harness::World;
use reqwest::Method;
use serde_json::{Value, json};

use crate::cast::Cast;
use crate::openapi::Document;
use crate::wire::Wire;

/// Registers a partner; returns its token.
async fn partner(world: &World) -> String {
    let body = json!({ "name": "Escola Parceira", "product": "lines" });
    let credentials = world.operator().await.post("/partners", &body).await.expect(201);
    let text = |name: &str| credentials[name].as_str().unwrap().to_owned();
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        text("client_id"),
        text("client_secret")
    );
    let form_type = "application/x-www-form-urlencoded";
    let answer = world.rest().post_raw("/oauth2/token", form_type, form).await.expect(200);
    answer["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_partners_token_opens_signup_forms_and_nothing_of_a_company() {
    let world = World::shared().await;
    let cast = Cast::shared().await;
    let document = Document::of(world).await;
    let rest = world.rest().with_token(&partner(world).await);
    let ids = [
        ("{id}", cast.company_id.as_str()),
        ("{companyId}", &cast.company_id),
        ("{subscriptionPlanId}", world.plan_id()),
        ("{domain}", "aurora.example"),
    ];
    let before = cast.operator.get(&format!("/companies/{}", cast.company_id)).await.expect(200);
    let mut asked = 0;
    for operation in document.operations() {
        if operation.value["security"] != json!([{ "bearer": [] }]) {
            continue;
        }
        let mut path = operation.path.to_owned();
        for (name, id) in ids {
            path = path.replace(name, id);
        }
        let mut body = operation.example(&document).cloned();
        for (member, id) in [("companyId", &cast.company_id), ("company_id", &cast.company_id)] {
            if let Some(named) = body.as_mut().and_then(|body| body.get_mut(member)) {
                *named = Value::from(id.as_str());
            }
        }
        let answer = rest.send(operation.method.clone(), &path, body.as_ref()).await;
        let may_see_that_nothing_is_its_own = path == "/phone-accounts";
        if may_see_that_nothing_is_its_own {
            assert_eq!(answer.expect(200), json!({ "phone_accounts": [] }));
        } else {
            let refused = [403, 404, 422].contains(&answer.status);
            assert!(refused, "{} {path}: {} {}", operation.method, answer.status, answer.body);
        }
        asked += 1;
    }
    assert!(asked > 25, "only {asked} operations were asked for");
    let after = cast.operator.get(&format!("/companies/{}", cast.company_id)).await.expect(200);
    assert_eq!(after["email"], before["email"]);

    let form = json!({ "email": harness::email() });
    rest.post("/signup-forms", &form).await.expect(200);
}

#[tokio::test]
async fn a_token_in_a_url_is_none() {
    let world = World::shared().await;
    let token = partner(world).await;
    let wire = Wire::of(world);
    for path in [format!("/phone-accounts?access_token={token}"), format!("/?token={token}")] {
        let reply = Wire::send(wire.request(Method::GET, &path)).await;
        assert!([401, 404].contains(&reply.status), "{}", reply.status);
        assert!(!String::from_utf8_lossy(&reply.bytes).contains(&token));
    }
}
