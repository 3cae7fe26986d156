//! People of voice accounts.

use harness::{Rest, World, email, unique};
use serde_json::{Value, json};

pub(super) const PASSWORD: &str = "s3nh4-secreta";

/// Whoever opened an account.
pub(super) struct Admin {
    pub(super) rest: Rest,
    pub(super) email: String,
    pub(super) account: Value,
    pub(super) user_id: String,
}

/// Somebody else in it.
pub(super) struct User {
    pub(super) rest: Rest,
    pub(super) email: String,
    pub(super) user_id: String,
}

/// What it takes to open an account.
pub(super) fn signup(email: &str) -> Value {
    json!({
        "email": email,
        "password": PASSWORD,
        "organization_name": format!("Organização {}", unique()),
        "phone": "(48) 3332-8530",
        "domain": format!("conta{}.example.com", unique()),
    })
}

impl Admin {
    /// Opens an account, confirms the e-mail and logs in.
    pub(super) async fn sign_up(world: &World) -> Self {
        let email = email();
        let account = world.voice().post("/accounts/signup", &signup(&email)).await.expect(200);
        let (rest, user_id) = confirmed(world, &email).await;
        Self { rest, email, account, user_id }
    }

    /// Adds somebody with a role, who confirms the e-mail and logs in.
    pub(super) async fn adds(&self, world: &World, role: &str) -> User {
        let email = email();
        let user = json!({
            "name": "Alguém da Conta", "email": email, "password": PASSWORD, "role": role
        });
        let user = self.rest.post("/users", &user).await.expect(200);
        assert_eq!((&user["role"], &user["emailVerified"]), (&role.into(), &false.into()));
        let (rest, user_id) = confirmed(world, &email).await;
        assert_eq!(user["uuid"], user_id.as_str());
        User { rest, email, user_id }
    }

    /// Makes an extension of somebody's.
    pub(super) async fn extension(&self, ramal: &str, email: Option<&str>) -> Value {
        let extension = json!({"ramal": ramal, "first_name": "Alguém", "email_address": email});
        self.rest.post("/extensions", &extension).await.expect(200)
    }
}

/// Follows the mailed link and logs in.
pub(super) async fn confirmed(world: &World, email: &str) -> (Rest, String) {
    let link = world.mailed_path(email).await;
    assert_eq!(world.rest().get(&link).await.expect(204), Value::Null);
    log_in(world, email).await
}

pub(super) async fn log_in(world: &World, email: &str) -> (Rest, String) {
    let credentials = json!({"email": email, "password": PASSWORD});
    let token = world.voice().post("/users/login", &credentials).await.expect(200);
    let rest = world.voice().with_token(token["id"].as_str().expect("a token"));
    (rest, token["userId"].as_str().expect("a person").to_owned())
}
