//! A voice account is opened whole or not at all, and its people change once.

use harness::invariants::assert_invariants;
use harness::{Rest, World, email, unique};
use local::Part;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{crash_at, persist};

pub(crate) const POINTS: [(&str, Part); 5] = [
    ("identity.voice_account.before_reserved", Part::Identity),
    ("identity.voice_account.reserved", Part::Identity),
    ("identity.voice_account.company_asked", Part::Identity),
    ("identity.voice_account.before_open", Part::Identity),
    ("identity.voice_account.open", Part::Identity),
];

pub(crate) const OTHER_POINTS: [(&str, Part); 2] = [
    ("identity.voice_account.before_undone", Part::Identity),
    ("identity.account_user.before_commit", Part::Identity),
];

const PASSWORD: &str = "s3nh4-secreta";

/// Whoever opened a voice account, logged in.
pub(crate) struct Admin {
    pub(crate) rest: Rest,
}

impl Admin {
    pub(crate) async fn sign_up(world: &World) -> Self {
        let email = email();
        world.voice().post("/accounts/signup", &signup(&email, &domain())).await.expect(200);
        Self::confirm(world, &email).await
    }

    async fn confirm(world: &World, email: &str) -> Self {
        let link = world.mailed_path(email).await;
        world.rest().get(&link).await.expect(204);
        let credentials = json!({ "email": email, "password": PASSWORD });
        let token = world.voice().post("/users/login", &credentials).await.expect(200);
        Self { rest: world.voice().with_token(token["id"].as_str().unwrap()) }
    }

    pub(crate) async fn says_who_pays(&self) {
        let payer = json!({
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
            "addressZipCode": "80010010",
        });
        self.rest.post("/accounts/financial", &payer).await.expect(200);
    }

    pub(crate) async fn buys_credit(&self, world: &World, reais: i64) {
        self.says_who_pays().await;
        let charge = json!({ "value": reais, "billingType": "PIX" });
        let charge = self.rest.post("/charges", &charge).await.expect(200);
        self.pays(world, charge["id"].as_str().unwrap()).await;
    }

    /// Pays a charge, which the provider tells of twice.
    pub(crate) async fn pays(&self, world: &World, charge_id: &str) {
        let paid = json!({ "chargeId": charge_id, "event": "paid", "times": 2 });
        world.rest().post("/sandbox/payments", &paid).await.expect(204);
    }
}

fn domain() -> String {
    format!("conta{}.example.com", unique())
}

fn signup(email: &str, domain: &str) -> Value {
    json!({
        "email": email,
        "password": PASSWORD,
        "organization_name": "Empresa de Teste",
        "phone": "(48) 3332-8530",
        "domain": domain,
    })
}

#[tokio::test]
async fn an_account_survives_the_death_of_identity_at_any_step() {
    let mut world = World::own().await;
    let database = world.database().await;
    for (point, part) in POINTS {
        let (email, domain) = (email(), domain());
        let wanted = signup(&email, &domain);
        let opening = persist(world.voice(), Method::POST, "/accounts/signup".into(), wanted, 200);
        let account = crash_at(&mut world, point, part, opening).await.body;
        assert_eq!(account["domain"], domain, "after a crash at {point}");
        let admin = Admin::confirm(&world, &email).await;
        assert_eq!(admin.rest.get("/accounts").await.expect(200), account, "{point}");
        let companies: i64 =
            sqlx::query_scalar("select count(*) from company.company where domain = $1")
                .bind(&domain)
                .fetch_one(&database)
                .await
                .unwrap();
        assert_eq!(companies, 1, "after a crash at {point}");
        assert_invariants(&database, point).await;
    }
}

#[tokio::test]
async fn an_opening_that_company_refuses_is_undone_whoever_dies() {
    let mut world = World::own().await;
    let database = world.database().await;
    let (email, domain) = (email(), domain());
    // Company knows the domain, and identity does not.
    sqlx::query(
        "update company.company set kind = 'voice_account', domain = $1
          where company_id = (select max(company_id::text)::uuid
                                from company.company
                               where kind = 'customer')",
    )
    .bind(&domain)
    .execute(&database)
    .await
    .unwrap();
    let [(point, part), _] = OTHER_POINTS;
    let wanted = signup(&email, &domain);
    let again = wanted.clone();
    let asking = persist(world.voice(), Method::POST, "/accounts/signup".into(), wanted, 422);
    crash_at(&mut world, point, part, asking).await;
    let refused = world.voice().post("/accounts/signup", &again).await.expect(422);
    assert_eq!(refused["error"]["details"]["codes"], json!({ "domain": ["uniqueness"] }));
    let free = signup(&email, &self::domain());
    world.voice().post("/accounts/signup", &free).await.expect(200);
}

#[tokio::test]
async fn a_person_changes_whole_whoever_dies() {
    let mut world = World::own().await;
    let admin = Admin::sign_up(&world).await;
    let [_, (point, part)] = OTHER_POINTS;
    let (rest, change) =
        (admin.rest.clone(), json!({ "name": "Nome Novo", "phone": "1133334444" }));
    let changing = persist(rest, Method::PATCH, "/users".to_owned(), change, 200);
    crash_at(&mut world, point, part, changing).await;
    let me = admin.rest.get("/users/me").await.expect(200);
    assert_eq!((&me["name"], &me["phone"]), (&json!("Nome Novo"), &json!("1133334444")));
}
