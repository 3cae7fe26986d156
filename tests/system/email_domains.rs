//! E-mail domains whose people sign up on a company's account.

use harness::{World, unique};
use reqwest::Method;
use serde_json::json;

use crate::cast::{Cast, company, is_empty, no_id};

fn domain() -> String {
    format!("domain{}.com.br", unique())
}

#[tokio::test]
async fn the_seeds_domain_is_set_and_taken_away_in_both_ways() {
    let world = World::shared().await;
    let cast = Cast::shared().await;
    let path = format!("/companies/{}/email-domains", cast.company_id);
    let domain = domain();
    let sample = json!({ "email_domain": domain, "default_subscription_plan_id": world.plan_id() });
    let named = json!({ "email_domain": domain });

    is_empty(cast.manager.put(&path, &sample).await);
    is_empty(cast.manager.send(Method::DELETE, &path, Some(&named)).await);
    let gone = cast.manager.send(Method::DELETE, &path, Some(&named)).await;
    assert_eq!(gone.refused(404, "resource-not-found"), "Resource not found!");

    is_empty(cast.manager.put(&path, &sample).await);
    // Case does not count, and a second time changes the plan.
    let again = json!({
        "email_domain": domain.to_uppercase(),
        "default_subscription_plan_id": world.demo.subscription_plan_ids[1]
    });
    is_empty(cast.manager.put(&path, &again).await);
    let named_by_path = format!("{path}/{}", domain.to_uppercase());
    is_empty(cast.manager.delete(&named_by_path).await);
    cast.manager.delete(&named_by_path).await.refused(404, "resource-not-found");
}

#[tokio::test]
async fn a_domain_is_one_companys() {
    let world = World::shared().await;
    let cast = Cast::shared().await;
    let path = |company_id: &str| format!("/companies/{company_id}/email-domains");
    let domain = domain();
    let body = json!({ "email_domain": domain, "default_subscription_plan_id": world.plan_id() });
    is_empty(cast.manager.put(&path(&cast.company_id), &body).await);
    let other = path(&cast.other_company_id);
    cast.other_manager.put(&other, &body).await.refused(409, "conflict");
    // It cannot be taken away through another company.
    let not_theirs = cast.other_manager.delete(&format!("{other}/{domain}")).await;
    not_theirs.refused(404, "resource-not-found");
    let named = json!({ "email_domain": domain });
    let through_another = cast.operator.send(Method::DELETE, &other, Some(&named)).await;
    through_another.refused(404, "resource-not-found");
    cast.other_manager.put(&other, &body).await.refused(409, "conflict");

    is_empty(cast.operator.delete(&format!("{}/{domain}", path(&cast.company_id))).await);
    is_empty(cast.other_manager.put(&other, &body).await);
}

#[tokio::test]
async fn what_is_no_domain_or_no_plan_is_named() {
    let world = World::shared().await;
    let cast = Cast::shared().await;
    let path = format!("/companies/{}/email-domains", cast.company_id);
    let put = async |domain: &str, plan_id: &str| {
        let body = json!({ "email_domain": domain, "default_subscription_plan_id": plan_id });
        cast.manager.put(&path, &body).await
    };
    for wrong in ["", "@domain.com", "domain", "a b.com", "x@domain.com", "gmail.com", "d\u{0}.com"]
    {
        assert_eq!(put(wrong, world.plan_id()).await.wrong_fields(), ["email_domain"], "{wrong}");
    }
    for wrong in ["", "x", &no_id()] {
        let answer = put(&domain(), wrong).await;
        assert_eq!(answer.wrong_fields(), ["default_subscription_plan_id"], "{wrong}");
    }
    let nothing = cast.manager.put(&path, &json!({})).await;
    assert_eq!(nothing.wrong_fields(), ["email_domain", "default_subscription_plan_id"]);
    let nothing = cast.manager.send(Method::DELETE, &path, Some(&json!({}))).await;
    assert_eq!(nothing.wrong_fields(), ["email_domain"]);
    cast.manager.delete(&path).await.refused(400, "malformed-request");
}

#[tokio::test]
async fn who_may_set_domains() {
    let world = World::shared().await;
    let cast = Cast::shared().await;
    let path = format!("/companies/{}/email-domains", cast.company_id);
    let domain = domain();
    let body =
        || Some(json!({ "email_domain": domain, "default_subscription_plan_id": world.plan_id() }));
    cast.may(Method::PUT, &path, body, [401, 404, 403, 404, 204, 204]).await;
    let named = || Some(json!({ "email_domain": domain }));
    cast.may(Method::DELETE, &path, named, [401, 404, 403, 404, 204, 404]).await;
    cast.manager.put(&path, &body().unwrap()).await.expect(204);
    let by_path = format!("{path}/{domain}");
    cast.may(Method::DELETE, &by_path, || None, [401, 404, 403, 404, 204, 404]).await;
}

#[tokio::test]
async fn a_company_that_is_none_has_no_domains() {
    let world = World::shared().await;
    let operator = world.operator().await;
    let body = json!({ "email_domain": domain(), "default_subscription_plan_id": world.plan_id() });
    let path = format!("/companies/{}/email-domains", no_id());
    operator.put(&path, &body).await.refused(404, "resource-not-found");
    let path = format!("/companies/{}/email-domains", company(&operator).await);
    is_empty(operator.put(&path, &body).await);
}
