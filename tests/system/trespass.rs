//! Nobody gets in: every route, asked for somebody else's things by those who have no right to
//! them. The routes are read from the dialect's document, and one without a row here fails.

use std::collections::BTreeSet;

use harness::{Rest, World, cnpj, email, iccid};
use reqwest::Method;
use serde_json::{Value, json};

use crate::cast::{company, id, invited, person};
use crate::openapi::Document;
use crate::people::partner;

/// What a route says to those who have no right to what they name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    /// Anybody may ask, without a token; what protects it is a secret in the request.
    Open,
    /// It shows what belongs to whoever asks.
    Own,
    /// What they name does not exist.
    NotFound,
    /// What they name in the body names nothing.
    NamesNothing,
    /// It is the operator's alone.
    Forbidden,
}

use Says::{Forbidden, NamesNothing, NotFound, Open, Own};

const ROUTES: &[(&str, &str, Says)] = &[
    ("POST", "/login", Open),
    ("POST", "/login/email-domain", Open),
    ("GET", "/login/email-domain/{secret}", Open),
    ("POST", "/login/email-domain/{secret}/complete", Open),
    ("POST", "/oauth2/token", Open),
    ("POST", "/signup-forms", Open),
    ("GET", "/signup-forms/{secret}", Open),
    ("PATCH", "/signup-forms/{secret}", Open),
    ("POST", "/signup-forms/{secret}/complete", Open),
    ("POST", "/password-resets", Open),
    ("GET", "/password-resets/{secret}", Open),
    ("GET", "/password-resets/{secret}/form", Open),
    ("POST", "/password-resets/{secret}/complete", Open),
    ("GET", "/invitations/{secret}", Open),
    ("POST", "/invitations/{secret}/accept", Open),
    ("GET", "/email-proofs/{secret}", Open),
    ("GET", "/.well-known/jwks.json", Open),
    ("GET", "/healthz", Open),
    ("GET", "/readyz", Open),
    ("GET", "/phone-accounts", Own),
    ("GET", "/phone-accounts/{line}", NotFound),
    ("GET", "/permissions", NotFound),
    ("GET", "/phone-accounts/{line}/timeline", NotFound),
    ("POST", "/phone-accounts/{line}/approve", NotFound),
    ("POST", "/phone-accounts/{line}/activate-sim-card", NotFound),
    ("PUT", "/phone-accounts/{line}/sim-card", NotFound),
    ("PUT", "/phone-accounts/{line}/user", NotFound),
    ("PUT", "/phone-accounts/{line}/company", NotFound),
    ("PUT", "/phone-accounts/{line}/tag", NotFound),
    ("PUT", "/phone-accounts/{line}/subscription-plan/{plan}", NotFound),
    ("PUT", "/phone-accounts/{line}/custom-fields/{field}", NotFound),
    ("DELETE", "/phone-accounts/{line}/custom-fields/{field}", NotFound),
    ("POST", "/phone-accounts/{line}/provision-number", NotFound),
    ("POST", "/phone-accounts/{line}/add-data", NotFound),
    ("POST", "/phone-accounts/{line}/block", NotFound),
    ("POST", "/phone-accounts/{line}/unblock", NotFound),
    ("POST", "/phone-accounts/{line}/cancel", NotFound),
    ("POST", "/phone-accounts/{line}/portability", NotFound),
    ("GET", "/phone-accounts/{line}/portability", NotFound),
    ("DELETE", "/phone-accounts/{line}/portability", NotFound),
    ("POST", "/companies", Forbidden),
    ("GET", "/companies", Forbidden),
    ("GET", "/companies/{company}", NotFound),
    ("PATCH", "/companies/{company}", NotFound),
    ("PUT", "/companies/{company}/email-domains", NotFound),
    ("DELETE", "/companies/{company}/email-domains", NotFound),
    ("DELETE", "/companies/{company}/email-domains/{domain}", NotFound),
    ("PUT", "/companies/{company}/managers", NotFound),
    ("DELETE", "/companies/{company}/managers", NotFound),
    ("PUT", "/companies/{company}/members", NotFound),
    ("DELETE", "/companies/{company}/members", NotFound),
    ("GET", "/companies/{company}/employees", NotFound),
    ("POST", "/employees", NamesNothing),
    ("GET", "/employees/{employee}", NotFound),
    ("PUT", "/employees/{employee}", NotFound),
    ("GET", "/companies/{company}/phone-accounts", NotFound),
    ("POST", "/companies/{company}/phone-accounts", NotFound),
    ("POST", "/companies/{company}/phone-account-requests", NotFound),
    ("GET", "/phone-account-requests/{order}", NotFound),
    ("PATCH", "/companies/{company}/custom-fields", NotFound),
    ("GET", "/companies/{company}/sim-cards", NotFound),
    ("POST", "/sim-cards", Forbidden),
    ("POST", "/phone-numbers", Forbidden),
    ("GET", "/companies/{company}/sim-card-shipments", NotFound),
    ("POST", "/sim-card-shipments", Forbidden),
    ("PATCH", "/sim-card-shipments/{shipment}", Forbidden),
    ("GET", "/companies/{company}/subscription-plans", NotFound),
    ("PATCH", "/companies/{company}/subscription-plans/{plan}", Forbidden),
    ("POST", "/subscription-plans", Forbidden),
    ("GET", "/subscription-plans", Forbidden),
    ("GET", "/companies/{company}/invoices", NotFound),
    ("GET", "/companies/{company}/invoices/{invoice}", NotFound),
    ("GET", "/companies/{company}/invoices/{invoice}.pdf", NotFound),
    ("GET", "/billing/runs/{period}", Forbidden),
    ("POST", "/companies/{company}/service-invoices", Forbidden),
    ("POST", "/users/{user}/service-invoices", Forbidden),
    ("PATCH", "/users/{user}", NotFound),
    ("POST", "/partners", Forbidden),
    ("POST", "/webhook-endpoints", NamesNothing),
    ("GET", "/webhook-endpoints", NotFound),
    ("DELETE", "/webhook-endpoints/{endpoint}", NotFound),
    ("GET", "/webhook-endpoints/{endpoint}/deliveries", NotFound),
    ("POST", "/webhook-endpoints/{endpoint}/replay", NotFound),
];

#[tokio::test]
async fn a_route_has_a_row() {
    fn nameless(path: &str) -> String {
        let mut parts = path.split('{');
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |path, part| {
            let rest = part.split_once('}').map_or("", |(_, rest)| rest);
            format!("{path}{{}}{rest}")
        })
    }
    let world = World::shared().await;
    let document = Document::of(world).await;
    let served: BTreeSet<(String, String)> = document
        .operations()
        .iter()
        .map(|operation| (operation.method.to_string(), nameless(operation.path)))
        .collect();
    let known: BTreeSet<(String, String)> =
        ROUTES.iter().map(|(method, path, _)| ((*method).to_owned(), nameless(path))).collect();
    assert_eq!(served, known);
}

/// What belongs to a company that none of the intruders has to do with.
struct Theirs {
    company: String,
    line: String,
    employee: String,
    order: String,
    shipment: String,
    invoice: String,
    endpoint: String,
    user: String,
}

impl Theirs {
    async fn make(world: &World, operator: &Rest) -> Self {
        let company = company(operator).await;
        let of_company = |things: &str| format!("/companies/{company}/{things}");
        let numbers = json!({
            "area_code": 96,
            "first_number": "+5596993000000",
            "last_number": "+5596993000009"
        });
        operator.post("/phone-numbers", &numbers).await.expect(200);
        let order = json!({ "subscription_plan_id": world.plan_id(), "area_code": 96 });
        let line = operator.post(&of_company("phone-accounts"), &order).await.expect(201);
        let line = id(&line).to_owned();
        let user = json!({ "user_email": email(), "user_name": "Their User" });
        let user = operator.put(&format!("/phone-accounts/{line}/user"), &user).await.expect(200);
        let employee = operator.post("/employees", &harness::Sample::employee(&company)).await;
        let order = json!({ "subscriptionPlanId": world.plan_id(), "areaCode": 96,
            "user": { "email": email(), "name": "Their Other" }, "changeOwnership": true });
        let order = operator.post(&of_company("phone-account-requests"), &order).await;
        assert_eq!(order.status, 202, "{}", order.body);
        let order = order.headers["location"].to_str().unwrap().to_owned();
        let shipment = json!({ "companyId": company, "quantity": 1, "status": "LABELED" });
        let shipment = operator.post("/sim-card-shipments", &shipment).await.expect(201);
        let endpoint = json!({ "company_id": company, "url": "https://example.com/hook",
            "event_types": ["line.activated"] });
        let endpoint = operator.post("/webhook-endpoints", &endpoint).await.expect(201);
        world.settle().await;
        world.advance("P32D").await;
        world.rest().post("/sandbox/billing/run", &json!({})).await.expect(200);
        // Tokens are younger than the leap of the clock.
        let operator = world.operator().await;
        let invoices = operator.get(&of_company("invoices")).await.expect(200);
        Self {
            invoice: id(&invoices["invoices"][0]).to_owned(),
            employee: id(&employee.expect(201)).to_owned(),
            order: order.rsplit('/').next().unwrap().to_owned(),
            shipment: id(&shipment).to_owned(),
            endpoint: id(&endpoint).to_owned(),
            user: user["user_id"].as_str().unwrap().to_owned(),
            line,
            company,
        }
    }

    fn path(&self, path: &str, world: &World) -> String {
        let path = path
            .replace("{company}", &self.company)
            .replace("{line}", &self.line)
            .replace("{employee}", &self.employee)
            .replace("{order}", &self.order)
            .replace("{shipment}", &self.shipment)
            .replace("{invoice}", &self.invoice)
            .replace("{endpoint}", &self.endpoint)
            .replace("{user}", &self.user)
            .replace("{plan}", world.plan_id())
            .replace("{domain}", "theirs.com.br")
            .replace("{field}", "team")
            .replace("{period}", "2026-01");
        match path.as_str() {
            path if path.ends_with("/managers") || path.ends_with("/members") => {
                format!("{path}?user_email=somebody@mail.example")
            }
            "/permissions" => format!("/permissions?phoneAccountId={}", self.line),
            "/webhook-endpoints" => format!("/webhook-endpoints?company_id={}", self.company),
            _ => path,
        }
    }

    /// A body that would do, if whoever sends it had the right.
    fn body(&self, method: &str, path: &str, world: &World) -> Option<Value> {
        let plan = world.plan_id();
        let named = path.rsplit('/').next().unwrap_or_default();
        let body = match (method, named) {
            ("GET", _) | ("DELETE", "{domain}" | "{field}" | "portability" | "{endpoint}") => {
                return None;
            }
            (_, "email-domains") => {
                json!({ "email_domain": "theirs.com.br", "default_subscription_plan_id": plan })
            }
            ("DELETE", _) => return None,
            (_, "activate-sim-card") => json!({ "sim_card_number": iccid() }),
            (_, "sim-card") => json!({ "newSimCard": iccid() }),
            (_, "user" | "managers" | "members") => {
                json!({ "user_email": email(), "user_name": "Intruder" })
            }
            (_, "company") => json!({ "company_id": world.company_id() }),
            (_, "tag") => json!({ "tag": "mine" }),
            (_, "{field}") => json!({ "fieldValue": "mine" }),
            (_, "add-data") => json!({ "quantity_gb": 1, "unit_amount_cents": 1000 }),
            (_, "block" | "unblock") => json!({ "reason": "theft" }),
            (_, "portability") => json!({ "phone_number": "+5596991234567" }),
            (_, "companies") => harness::Sample::company(),
            (_, "{company}") => json!({ "tradingName": "Mine" }),
            (_, "employees" | "{employee}") => harness::Sample::employee(&self.company),
            (_, "phone-accounts") => json!({ "subscription_plan_id": plan, "area_code": 96 }),
            (_, "phone-account-requests") => json!({ "subscriptionPlanId": plan, "areaCode": 96,
                "user": { "email": email(), "name": "Intruder" }, "changeOwnership": true }),
            (_, "custom-fields") => json!({ "currentKey": "team", "newKey": "mine" }),
            (_, "sim-cards") => json!({ "company_id": self.company, "iccids": [iccid()] }),
            (_, "phone-numbers") => json!({ "area_code": 96, "first_number": "+5596994000000",
                "last_number": "+5596994000000" }),
            (_, "sim-card-shipments") => json!({ "companyId": self.company, "quantity": 1 }),
            (_, "{shipment}") => json!({ "statusReason": "mine" }),
            ("PATCH", "{plan}") => json!({ "priceCents": 1 }),
            (_, "subscription-plans") => json!({ "name": cnpj(), "available_data_gb": 1,
                "price_cents": 1, "data_unit_amount_cents": 1 }),
            (_, "service-invoices") => json!({ "amount": 1.5, "sendEmail": false }),
            (_, "{user}") => json!({ "fullName": "Intruder" }),
            (_, "partners") => json!({ "name": "Mine", "product": "agenda" }),
            (_, "webhook-endpoints") => json!({ "company_id": self.company,
                "url": "https://example.com/mine", "event_types": ["line.activated"] }),
            (_, "replay") => {
                json!({ "from": "2026-01-01T00:00:00Z", "to": "2030-01-01T00:00:00Z" })
            }
            _ => json!({}),
        };
        Some(body)
    }

    /// All of it, as an operator sees it.
    async fn seen(&self, operator: &Rest) -> Vec<Value> {
        let mut seen = vec![];
        for path in [
            format!("/companies/{}", self.company),
            format!("/companies/{}/phone-accounts", self.company),
            format!("/companies/{}/employees", self.company),
            format!("/companies/{}/sim-cards", self.company),
            format!("/companies/{}/sim-card-shipments", self.company),
            format!("/companies/{}/subscription-plans", self.company),
            format!("/companies/{}/invoices", self.company),
            format!("/phone-accounts/{}/timeline", self.line),
            format!("/phone-account-requests/{}", self.order),
            format!("/webhook-endpoints?company_id={}", self.company),
        ] {
            seen.push(operator.get(&path).await.expect(200));
        }
        seen
    }
}

#[tokio::test]
async fn somebody_elses_things_do_not_exist() {
    let world = World::own().await;
    let operator = world.operator().await;
    let theirs = Theirs::make(&world, &operator).await;
    let operator = world.operator().await;
    let own = company(&operator).await;
    let with = |token: String| world.rest().with_token(&token);
    let intruders = [
        ("another manager", with(invited(&world, &operator, &own, "managers").await)),
        ("another member", with(invited(&world, &operator, &own, "members").await)),
        ("a holder", with(person(&world).await)),
        ("a partner", partner(&world).await),
    ];
    let before = theirs.seen(&operator).await;
    let mut wrong = vec![];
    for (method, template, says) in ROUTES {
        let path = theirs.path(template, &world);
        let body = theirs.body(method, template, &world);
        let ask = async |rest: &Rest| {
            rest.send(method.parse::<Method>().unwrap(), &path, body.as_ref()).await
        };
        let (status, code) = match says {
            Open | Own => continue,
            NotFound => (404, "resource-not-found"),
            NamesNothing => (422, "input-validation-error"),
            Forbidden => (403, "forbidden"),
        };
        let mut answers = vec![("nobody", 401, "unauthorized", ask(&world.rest()).await)];
        for (who, rest) in &intruders {
            answers.push((who, status, code, ask(rest).await));
        }
        for (who, status, code, answer) in answers {
            if (answer.status, &answer.body["code"]) != (status, &code.into()) {
                wrong
                    .push(format!("{who}: {method} {template}: {} {}", answer.status, answer.body));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(theirs.seen(&operator).await, before, "something was changed");
    for (who, rest) in &intruders {
        if *who != "a partner" {
            let own = rest.get("/phone-accounts").await.expect(200);
            assert!(!own.to_string().contains(&theirs.line), "{who} sees it");
        }
    }
}
