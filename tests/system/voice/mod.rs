//! The voice dialect, through its front door.

mod cast;
mod dialers;
mod errors;
mod filters;
mod fuzz;
mod roles;
mod story;

use harness::{Answer, World};
use serde_json::{Value, json};

use self::cast::Admin;

/// The error's message, if status and code are the expected ones; no code is "".
#[track_caller]
fn refused(answer: Answer, status: u16, code: &str) -> String {
    let error = &answer.body["error"];
    let said = error["code"].as_str().unwrap_or_default();
    assert_eq!((answer.status, said), (status, code), "{}", answer.body);
    assert_eq!(error["statusCode"], status, "{}", answer.body);
    error["message"].as_str().expect("a message").to_owned()
}

/// The broken rules, by member, of a refusal of input.
#[track_caller]
fn broken(answer: Answer) -> Value {
    let error = &answer.body["error"];
    assert_eq!((answer.status, &error["name"]), (422, &"ValidationError".into()), "{error}");
    assert!(error.get("code").is_none(), "{error}");
    let (codes, messages) = (&error["details"]["codes"], &error["details"]["messages"]);
    let names = |members: &Value| -> Vec<String> {
        members.as_object().expect("members").keys().cloned().collect()
    };
    assert_eq!(names(codes), names(messages), "{error}");
    codes.clone()
}

/// Who pays, as the contract's form wants it.
fn financial() -> Value {
    json!({
        "name": "Empresa de Teste",
        "email": "financeiro@mail.example",
        "phone": "4833328530",
        "personType": "JURIDICA",
        "cpfCnpj": "11222333000181",
        "address": "Rua Marechal Deodoro",
        "addressNumber": "666",
        "addressProvince": "Centro",
        "addressCity": "Curitiba",
        "addressState": "PR",
        "addressCountry": "BR",
        "addressZipCode": "80010-010",
    })
}

/// Buys credit, and has it paid as often as `times` says.
async fn credit(world: &World, admin: &Admin, reais: f64, times: u32) -> String {
    let charge = json!({"value": reais, "billingType": "PIX"});
    let charge = admin.rest.post("/charges", &charge).await.expect(200);
    assert_eq!(charge["status"], "PENDING", "{charge}");
    let id = charge["id"].as_str().expect("an id").to_owned();
    let paid = json!({"chargeId": id, "event": "paid", "times": times});
    world.rest().post("/sandbox/payments", &paid).await.expect(204);
    id
}

async fn balance(admin: &Admin) -> String {
    let answer = admin.rest.get("/credits/balance").await.expect(200);
    assert_eq!(answer["status"], "200");
    let balance = answer["balance"].as_str().expect("a text").to_owned();
    assert_eq!(answer["message"], format!("seu saldo é de R$ {balance}"));
    balance
}
