//! What people of schools see with their own tokens.

use harness::{Rest, World};
use serde_json::json;

use super::cast::{Operator, Place};
use super::{absent, column, reads_of};
use crate::people::until_so;

async fn users(rest: &Rest, place: &Place) -> Vec<String> {
    let path = format!("/data/partner/v1/user?schoolExternalId={}", place.called);
    let listed = rest.get(&path).await.expect(200);
    column(&listed["data"], "name").into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn those_who_look_after_a_school_see_all_its_people_and_others_their_own() {
    let world = World::shared().await;
    let operator = Operator::of(world).await;
    let place = operator.place().await;
    let school = &place.school_id;
    let student = operator.person(school, "aluno", "Student", |_| ()).await;
    operator.person(school, "outro", "Student", |_| ()).await;
    let everybody =
        ["Pessoa aluno", "Pessoa mae", "Pessoa outro", "Pessoa professor", "Pessoa secretaria"];
    let (_, secretary) = operator.logged_in(school, "secretaria", "Secretary").await;
    let (_, teacher) = operator.logged_in(school, "professor", "Teacher").await;
    let (mother, guardian) = operator.logged_in(school, "mae", "Sponsor").await;
    operator.guards(school, "mae", "aluno").await;

    assert_eq!(users(&secretary, &place).await, everybody);
    assert_eq!(users(&teacher, &place).await, ["Pessoa professor"]);
    assert_eq!(users(&guardian, &place).await, ["Pessoa aluno", "Pessoa mae"]);
    assert_eq!(users(&world.operator().await, &place).await, everybody);

    let path = format!("/data/v1/accounts/{}", student.account_id);
    guardian.get(&path).await.expect(200);
    secretary.get(&path).await.expect(200);
    absent(teacher.get(&path).await, "Account not found.");
    let dependents = format!("/data/v1/accounts/{}/dependents", mother.account_id);
    let told = guardian.get(&dependents).await.expect(200);
    assert_eq!(column(&told, "name"), ["Pessoa aluno"]);
    absent(teacher.get(&dependents).await, "Account not found.");
    let in_school = format!("/data/partner/v1/accounts/{}?school_id={school}", student.account_id);
    let told = guardian.get(&in_school).await.expect(200);
    assert_eq!(told["responsible_external_id"], json!(["EXT-mae"]));
    assert_eq!(told["school_external_id"], place.called.as_str());
    absent(teacher.get(&in_school).await, "Account not found.");
    let readers = reads_of(world, &student.account_id).await;
    assert!(readers.iter().any(|(reader, _)| *reader == format!("user:{}", mother.account_id)));
}

#[tokio::test]
async fn a_profile_that_ends_takes_its_tokens_along() {
    let world = World::shared().await;
    let operator = Operator::of(world).await;
    let place = operator.place().await;
    let (put, manager) = operator.logged_in(&place.school_id, "gestora", "Manager").await;
    assert_eq!(users(&manager, &place).await, ["Pessoa gestora"]);
    operator
        .person(&place.school_id, "gestora", "Manager", |person| {
            person.account_id = Some(put.account_id.clone());
            person.inactive = true;
        })
        .await;
    let path = format!("/data/v1/schools/{}", place.school_id);
    // The gateway hears of it within seconds.
    let last = until_so(|| manager.get(&path), |answer| answer.status == 401).await;
    assert_eq!(last.body, serde_json::Value::Null);
}

#[tokio::test]
async fn a_human_in_two_schools_has_one_account_seen_from_each_by_itself() {
    let world = World::shared().await;
    let operator = Operator::of(world).await;
    let (one, other) = (operator.place().await, operator.place().await);
    let first = operator.person(&one.school_id, "aluno", "Student", |_| ()).await;
    let second = operator
        .person(&other.school_id, "a7", "Student", |person| {
            person.account_id = Some(first.account_id.clone());
            person.name = "Nome Na Outra".to_owned();
            person.email = Some("outra@familia.example".to_owned());
        })
        .await;
    assert_eq!(first.account_id, second.account_id);
    operator.consumes(&one.school_id, "aluno", &one.client_id, true).await;
    operator.consumes(&other.school_id, "a7", &other.client_id, true).await;
    let path = format!("/data/v1/accounts/{}", first.account_id);
    let seen = one.program.get(&path).await.expect(200);
    assert_eq!(seen["name"], "Pessoa aluno");
    assert_eq!(seen["schools"], json!([one.school_id]));
    let seen = other.program.get(&path).await.expect(200);
    assert_eq!(
        (&seen["name"], &seen["email"]),
        (&json!("Nome Na Outra"), &json!("outra@familia.example"))
    );
    assert_eq!(seen["schools"], json!([other.school_id]));
    let everything = world.operator().await.get(&path).await.expect(200);
    assert_eq!(everything["schools"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_inactive_school_is_out_of_sight_everywhere() {
    let world = World::shared().await;
    let operator = Operator::of(world).await;
    let place = operator.place().await;
    let student = operator.person(&place.school_id, "aluno", "Student", |_| ()).await;
    operator.consumes(&place.school_id, "aluno", &place.client_id, true).await;
    let (_, manager) = operator.logged_in(&place.school_id, "gestora", "Manager").await;
    let school = format!("/data/v1/schools/{}", place.school_id);
    let school = place.program.get(&school).await.expect(200);
    let tenant_id = school["tenant_id"].as_str().unwrap();
    operator.school(&place.reference, true).await;
    for rest in [&place.program, &world.operator().await] {
        let Place { school_id, called, .. } = &place;
        let account = &student.account_id;
        for (path, message) in [
            (format!("v1/tenants/{tenant_id}"), "Tenant not found."),
            (format!("v1/schools/{school_id}"), "School not found."),
            (format!("v1/accounts/{account}/dependents"), "Account not found."),
            (format!("v1/accounts/{account}"), "Account not found."),
            (format!("partner/v1/accounts/{account}?school_id={school_id}"), "School not found."),
            (format!("v1/educational-shifts?school_external_id={called}"), "School not found."),
            (format!("v1/educational-stages?school_external_id={called}"), "School not found."),
            (format!("partner/v1/classes?school_external_id={called}"), "School not found."),
            (format!("partner/v1/user?schoolExternalId={called}"), "School not found."),
        ] {
            absent(rest.get(&format!("/data/{path}")).await, message);
        }
    }
    assert_eq!(
        place.program.get("/data/partner/v1/schools").await.expect(200),
        json!({"data": []})
    );
    // Its people's tokens end.
    until_so(|| manager.get("/data/v1/profiles"), |answer| answer.status == 401).await;
}
