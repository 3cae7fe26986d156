//! Who asks: people with every role, around two companies of their own.

use harness::{Answer, Rest, Sample, World, email};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

static SHARED: OnceCell<Tokens> = OnceCell::const_new();

/// People with tokens. Only the first company is theirs to change in tests.
pub(crate) struct Cast {
    pub(crate) operator: Rest,
    pub(crate) manager: Rest,
    pub(crate) other_manager: Rest,
    pub(crate) member: Rest,
    pub(crate) person: Rest,
    pub(crate) nobody: Rest,
    /// The manager's and the member's.
    pub(crate) company_id: String,
    /// The other manager's.
    pub(crate) other_company_id: String,
}

struct Tokens {
    operator: String,
    manager: String,
    other_manager: String,
    member: String,
    person: String,
    company_id: String,
    other_company_id: String,
}

impl Cast {
    /// The people of the shared world.
    pub(crate) async fn shared() -> Self {
        let world = World::shared().await;
        let tokens = SHARED.get_or_init(|| Tokens::make(world)).await;
        let with = |token: &str| world.rest().with_token(token);
        Self {
            operator: with(&tokens.operator),
            manager: with(&tokens.manager),
            other_manager: with(&tokens.other_manager),
            member: with(&tokens.member),
            person: with(&tokens.person),
            nobody: world.rest(),
            company_id: tokens.company_id.clone(),
            other_company_id: tokens.other_company_id.clone(),
        }
    }

    /// Has everybody ask in turn and compares the statuses with the expected ones: of nobody, a
    /// person, a member, another company's manager, the manager, the operator.
    pub(crate) async fn may(
        &self,
        method: Method,
        path: &str,
        body: impl Fn() -> Option<Value>,
        expected: [u16; 6],
    ) {
        let everybody = [
            ("nobody", &self.nobody),
            ("person", &self.person),
            ("member", &self.member),
            ("other manager", &self.other_manager),
            ("manager", &self.manager),
            ("operator", &self.operator),
        ];
        for ((who, rest), expected) in everybody.into_iter().zip(expected) {
            let answer = rest.send(method.clone(), path, body().as_ref()).await;
            assert_eq!(answer.status, expected, "{method} {path} by {who}: {}", answer.body);
            match expected {
                401 => drop(answer.refused(401, "unauthorized")),
                403 => drop(answer.refused(403, "forbidden")),
                404 => drop(answer.refused(404, "resource-not-found")),
                _ => {}
            }
        }
    }
}

impl Tokens {
    async fn make(world: &World) -> Self {
        let account = &world.demo.operator;
        let body = json!({ "email": account.email, "password": account.password });
        let operator = token(world.rest().post("/login", &body).await.expect(200));
        let rest = world.rest().with_token(&operator);
        let (company_id, other_company_id) = (company(&rest).await, company(&rest).await);
        Self {
            manager: invited(world, &rest, &company_id, "managers").await,
            other_manager: invited(world, &rest, &other_company_id, "managers").await,
            member: invited(world, &rest, &company_id, "members").await,
            person: person(world).await,
            operator,
            company_id,
            other_company_id,
        }
    }
}

fn token(session: Value) -> String {
    session["access_token"].as_str().expect("a token").to_owned()
}

/// Registers a company; returns its id.
pub(crate) async fn company(operator: &Rest) -> String {
    let company = operator.post("/companies", &Sample::company()).await.expect(201);
    id(&company).to_owned()
}

/// Invites somebody to a company as one of its "managers" or "members"; returns their token.
pub(crate) async fn invited(world: &World, by: &Rest, company_id: &str, role: &str) -> String {
    let email = email();
    let body = json!({ "user_email": email, "user_name": "Somebody Invited" });
    by.put(&format!("/companies/{company_id}/{role}"), &body).await.expect(204);
    let link = world.mailed_path(&email).await;
    let (path, secret) = link.split_once("?token=").expect("a secret");
    let body = json!({ "token": secret, "password": "Passw0rd!" });
    token(world.rest().post(&format!("{path}/accept"), &body).await.expect(200))
}

/// Signs somebody up who belongs to no company; returns their token.
pub(crate) async fn person(world: &World) -> String {
    let form = Sample::signup_form(&email(), world.plan_id(), 41);
    let form = world.rest().post("/signup-forms", &form).await.expect(200);
    let path = format!("/signup-forms/{}/complete", id(&form));
    token(world.rest().post(&path, &Sample::password()).await.expect(200))
}

/// The id of what was answered.
#[track_caller]
pub(crate) fn id(answer: &Value) -> &str {
    answer["id"].as_str().expect("an id")
}

/// An id that names nothing.
pub(crate) fn no_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// Asserts that an answer has no body.
#[track_caller]
pub(crate) fn is_empty(answer: Answer) {
    assert_eq!(answer.expect(204), Value::Null);
}

/// The answer without the members that the service chooses, which are checked for their form.
#[track_caller]
pub(crate) fn without_times(mut answer: Value) -> Value {
    for member in ["createdAt", "updatedAt", "created_at", "updated_at"] {
        if let Some(moment) = answer.as_object_mut().expect("an object").remove(member) {
            let moment = moment.as_str().expect("a time").to_owned();
            assert!(moment.ends_with('Z') && moment.contains('T'), "{member}: {moment}");
        }
    }
    answer
}
