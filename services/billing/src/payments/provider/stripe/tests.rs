//! Against a peer of ours that answers in Stripe's shapes and misbehaves; and, with
//! `cargo test -p linha-billing localstripe -- --ignored`, against localstripe (PyPI), in the path
//! or where LINHA_LOCALSTRIPE says. What localstripe lacks is Pix, boleto, idempotency keys,
//! limits, faults, and the events of refunds: these are tested against the peer alone.

use std::process::Stdio;
use std::time::Duration;

use brazil::{Cents, CompanyId};
use chassis::testing::peer::Peer;
use serde_json::{Value, json};
use time::macros::date;

use super::super::PaymentResult;
use super::*;

const SECRET: &str = "whsec_one";
const CREATE: &str = "POST /v1/payment_intents";

fn config(url: &str) -> StripeConfig {
    StripeConfig {
        stripe_secret_key: "sk_test_12345".parse().ok(),
        stripe_webhook_secret: format!("whsec_older, {SECRET}").parse().ok(),
        stripe_url: url.parse().unwrap(),
    }
}

fn stripe(url: &str) -> Stripe {
    Stripe::new(&config(url), Duration::from_millis(500)).unwrap()
}

fn charge(billing_type: BillingType) -> NewCharge {
    NewCharge {
        key: Payable::Charge(CreditChargeId::generate()),
        company_id: CompanyId::generate(),
        amount: Cents::new(12_345),
        billing_type,
        due: date!(2026 - 12 - 05),
    }
}

fn intent(id: &str) -> Value {
    json!({"id": id, "object": "payment_intent", "status": "requires_payment_method"})
}

#[tokio::test]
async fn what_is_to_be_paid_becomes_an_intent_with_our_id() {
    let peer = Peer::start().await;
    peer.answer(CREATE, 200, intent("pi_1"));
    let charge = charge(BillingType::Undefined);
    let (id, company_id) = (charge.key.id(), charge.company_id);
    assert_eq!(stripe(&peer.url).register(charge).await.unwrap(), "pi_1");

    let asked = peer.asked().remove(0);
    assert_eq!(asked.header("authorization"), "Bearer sk_test_12345");
    assert_eq!(asked.header("stripe-version"), VERSION);
    assert_eq!(asked.header("idempotency-key"), format!("linha-charge-{id}"));
    let form: Vec<(String, String)> =
        url::form_urlencoded::parse(&asked.body).into_owned().collect();
    let expected = [
        ("amount", "12345"),
        ("currency", "brl"),
        ("metadata[linha_kind]", "charge"),
        ("metadata[linha_id]", &id.to_string()),
        ("metadata[linha_company_id]", &company_id.to_string()),
        ("metadata[linha_due]", "2026-12-05"),
        ("payment_method_types[0]", "card"),
        ("payment_method_types[1]", "boleto"),
        ("payment_method_types[2]", "pix"),
    ];
    assert_eq!(form, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[tokio::test]
async fn each_way_to_pay_is_offered_alone() {
    let peer = Peer::start().await;
    peer.answer(CREATE, 200, intent("pi_1"));
    let stripe = stripe(&peer.url);
    let ways = [
        (BillingType::CreditCard, "card"),
        (BillingType::Boleto, "boleto"),
        (BillingType::Pix, "pix"),
    ];
    for (way, _) in ways {
        stripe.register(charge(way)).await.unwrap();
    }
    for (asked, (_, name)) in peer.asked().iter().zip(ways) {
        let body = String::from_utf8_lossy(&asked.body).into_owned();
        assert!(body.ends_with(&format!("payment_method_types%5B0%5D={name}")), "{body}");
    }
}

#[tokio::test]
async fn what_is_said_of_the_charge_is_for_good_and_everything_else_passes() {
    let refused = |reason: &str| Err(PaymentError::Refused(reason.to_owned()));
    let later = || Err(PaymentError::Unavailable);
    let error =
        |kind: &str, code: &str| json!({"error": {"type": kind, "code": code, "message": "m"}});
    let cases = [
        (
            400,
            error("invalid_request_error", "amount_too_small"),
            refused("400 Bad Request invalid_request_error amount_too_small"),
        ),
        (
            400,
            json!({"error": {"type": "idempotency_error"}}),
            refused("400 Bad Request idempotency_error"),
        ),
        (
            402,
            error("card_error", "card_declined"),
            refused("402 Payment Required card_error card_declined"),
        ),
        (401, error("invalid_request_error", "api_key_expired"), later()),
        (403, json!({}), later()),
        (409, error("invalid_request_error", "idempotency_key_in_use"), later()),
        (429, error("invalid_request_error", "rate_limit"), later()),
        (500, json!("what?"), later()),
        (503, json!(null), later()),
        (200, json!({"no": "id"}), later()),
        (301, json!({}), later()),
    ];
    for (status, body, expected) in cases {
        let peer = Peer::start().await;
        peer.answer(CREATE, status, body.clone());
        let answer = stripe(&peer.url).register(charge(BillingType::Pix)).await;
        assert_eq!(answer, expected, "{status} {body}");
        assert_eq!(peer.operations(), [CREATE], "one attempt: the queue makes the next");
    }
}

#[tokio::test]
async fn an_attempt_after_no_answer_bears_the_same_key() {
    let peer = Peer::start().await;
    peer.silence(CREATE).answer(CREATE, 200, intent("pi_1"));
    let (stripe, charge) = (stripe(&peer.url), charge(BillingType::Pix));
    assert_eq!(stripe.register(charge.clone()).await, Err(PaymentError::Unavailable));
    assert_eq!(stripe.register(charge).await.unwrap(), "pi_1");
    let asked = peer.asked();
    assert_eq!(asked[0].header("idempotency-key"), asked[1].header("idempotency-key"));
    assert_eq!(asked[0].body, asked[1].body);

    let nobody = self::stripe("http://127.0.0.1:1");
    assert_eq!(
        nobody.register(self::charge(BillingType::Pix)).await,
        Err(PaymentError::Unavailable)
    );
}

#[tokio::test]
async fn an_intent_is_cancelled_unless_it_has_ended_and_later_while_it_is_paid() {
    let cancel = "POST /v1/payment_intents/pi_1/cancel";
    let read = "GET /v1/payment_intents/pi_1";
    let error = |code: &str| json!({"error": {"type": "invalid_request_error", "code": code}});
    let peer = Peer::start().await;
    peer.answer(cancel, 200, json!({"id": "pi_1", "status": "canceled"}));
    stripe(&peer.url).cancel("pi_1").await.unwrap();
    assert_eq!(peer.operations(), [cancel]);
    assert!(!peer.asked()[0].headers.contains_key("idempotency-key"));

    let refused = Err(PaymentError::Refused(
        "400 Bad Request invalid_request_error payment_intent_unexpected_state".to_owned(),
    ));
    for (status, expected) in [
        ("succeeded", Ok(())),
        ("canceled", Ok(())),
        ("processing", Err(PaymentError::Unavailable)),
        ("requires_action", refused),
    ] {
        let peer = Peer::start().await;
        peer.answer(cancel, 400, error("payment_intent_unexpected_state"));
        peer.answer(read, 200, json!({"id": "pi_1", "status": status}));
        assert_eq!(stripe(&peer.url).cancel("pi_1").await, expected, "{status}");
        assert_eq!(peer.operations(), [cancel, read]);
    }

    let peer = Peer::start().await;
    let stripe = stripe(&peer.url);
    peer.silence(cancel).answer(cancel, 500, json!({}));
    assert_eq!(stripe.cancel("pi_1").await, Err(PaymentError::Unavailable));
    assert_eq!(stripe.cancel("pi_1").await, Err(PaymentError::Unavailable));
    let peer = Peer::start().await;
    let stripe = self::stripe(&peer.url);
    peer.answer(cancel, 404, error("resource_missing"));
    peer.answer(read, 404, error("resource_missing"));
    assert!(matches!(stripe.cancel("pi_1").await, Err(PaymentError::Refused(_))));
    let elsewhere = stripe.cancel("../customers").await;
    assert!(matches!(elsewhere, Err(PaymentError::Refused(_))), "{elsewhere:?}");
    assert_eq!(peer.operations(), [cancel, read], "nothing is asked with such a name");
}

#[test]
fn settings_that_miss_something_name_it() {
    let missing = |config: &StripeConfig| {
        Stripe::new(config, Duration::from_secs(1)).unwrap_err().to_string()
    };
    let whole = config("http://127.0.0.1:1");
    let no_key = StripeConfig { stripe_secret_key: None, ..whole.clone() };
    assert!(missing(&no_key).contains("LINHA_STRIPE_SECRET_KEY"));
    let no_secret = StripeConfig { stripe_webhook_secret: None, ..whole.clone() };
    assert!(missing(&no_secret).contains("LINHA_STRIPE_WEBHOOK_SECRET"));
    let told = format!("{:?}", Stripe::new(&whole, Duration::from_secs(1)).unwrap());
    assert!(!told.contains("sk_test") && !told.contains("whsec"), "{told}");
}

fn sign(secret: &str, time: i64, body: &str) -> String {
    use hmac::{Hmac, Mac};
    let mut mac = <Hmac<sha2::Sha256> as Mac>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{time}.{body}").as_bytes());
    let digits: Vec<String> =
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={time},v1={}", digits.concat())
}

fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

async fn read(stripe: &Stripe, event: &Value) -> Result<Option<PaymentNotice>, MessageError> {
    let body = event.to_string();
    stripe.read(body.as_bytes(), &sign(SECRET, now(), &body)).await
}

fn event(kind: &str, object: Value) -> Value {
    json!({
        "id": "evt_1", "object": "event", "api_version": VERSION, "created": 1_790_000_000,
        "livemode": true, "type": kind, "data": {"object": object},
    })
}

const ID: Uuid = Uuid::from_u128(0x0198_b1c2_7d3e_7c4a_9b1e_3f5d_6a7b_8c9d);

fn paid_intent(metadata: Value) -> Value {
    json!({
        "id": "pi_1", "object": "payment_intent", "amount": 10_000, "amount_received": 10_203,
        "currency": "brl", "status": "succeeded", "metadata": metadata,
    })
}

fn ours() -> Value {
    json!({"linha_kind": "invoice", "linha_id": ID})
}

fn notice(result: PaymentResult, cents: i64) -> PaymentNotice {
    PaymentNotice {
        notice_id: "evt_1".to_owned(),
        about: Payable::Invoice(InvoiceId(ID)),
        result,
        amount: Cents::new(cents),
        occurred_at: OffsetDateTime::from_unix_timestamp(1_790_000_000).unwrap(),
    }
}

#[tokio::test]
async fn events_become_notices() {
    let stripe = stripe("http://127.0.0.1:1");
    let paid = event("payment_intent.succeeded", paid_intent(ours()));
    assert_eq!(read(&stripe, &paid).await, Ok(Some(notice(PaymentResult::Paid, 10_203))));
    let failed = event("payment_intent.payment_failed", paid_intent(ours()));
    assert_eq!(read(&stripe, &failed).await, Ok(Some(notice(PaymentResult::Failed, 10_000))));
    for none_of_ours in [
        event("payment_intent.succeeded", paid_intent(json!({}))),
        event("payment_intent.succeeded", paid_intent(json!({"order": "7"}))),
        event("payment_intent.created", paid_intent(ours())),
        event("customer.created", json!({"id": "cus_1"})),
    ] {
        assert_eq!(read(&stripe, &none_of_ours).await, Ok(None), "{none_of_ours}");
    }
    for unreadable in [json!({}), event("payment_intent.succeeded", json!({"amount": "much"}))] {
        assert_eq!(read(&stripe, &unreadable).await, Err(MessageError::Unreadable));
    }
}

fn refund(total: i64, before: Option<i64>, metadata: Value) -> Value {
    let mut event = event(
        "charge.refunded",
        json!({"id": "ch_1", "amount_refunded": total, "payment_intent": "pi_1", "metadata": metadata}),
    );
    if let Some(before) = before {
        event["data"]["previous_attributes"] = json!({"amount_refunded": before});
    }
    event
}

#[tokio::test]
async fn each_refund_is_what_it_adds() {
    let peer = Peer::start().await;
    let stripe = stripe(&peer.url);
    let first = refund(300, Some(0), ours());
    assert_eq!(read(&stripe, &first).await, Ok(Some(notice(PaymentResult::Refunded, 300))));
    let second = refund(1_000, Some(300), ours());
    assert_eq!(read(&stripe, &second).await, Ok(Some(notice(PaymentResult::Refunded, 700))));

    // A charge that does not say what it pays.
    let silent = refund(300, None, json!({}));
    let path = "GET /v1/payment_intents/pi_1";
    peer.answer(path, 503, json!({})).answer(path, 404, json!({})).answer(
        path,
        200,
        paid_intent(ours()),
    );
    assert_eq!(read(&stripe, &silent).await, Err(MessageError::Unavailable));
    assert_eq!(read(&stripe, &silent).await, Ok(None));
    assert_eq!(read(&stripe, &silent).await, Ok(Some(notice(PaymentResult::Refunded, 300))));

    let mut elsewhere = silent;
    elsewhere["data"]["object"]["payment_intent"] = json!("../customers");
    assert_eq!(read(&stripe, &elsewhere).await, Err(MessageError::Unreadable));
}

#[tokio::test]
async fn only_what_stripe_signed_lately_is_believed() {
    let stripe = stripe("http://127.0.0.1:1");
    let body = event("payment_intent.succeeded", paid_intent(ours())).to_string();
    let good = sign(SECRET, now(), &body);
    let older = sign("whsec_older", now() - 290, &body);
    let both = format!("{good},v1=00,v0=zz");
    for signature in [&good, &older, &both] {
        assert!(stripe.read(body.as_bytes(), signature).await.is_ok(), "{signature}");
    }
    let changed = body.replace("10203", "99999");
    assert_eq!(stripe.read(changed.as_bytes(), &good).await, Err(MessageError::Untrusted));
    for bad in [
        sign("whsec_other", now(), &body),
        sign(SECRET, now() - 301, &body),
        sign(SECRET, now() + 301, &body),
        good.replacen("v1", "v0", 1),
        good.split_once(',').unwrap().1.to_owned(),
        "t=x,v1=0".to_owned(),
        String::new(),
    ] {
        assert_eq!(stripe.read(body.as_bytes(), &bad).await, Err(MessageError::Untrusted), "{bad}");
    }
}

/// localstripe on a port of its own; it ends with the test.
struct Localstripe {
    url: String,
    client: Client,
    _program: tokio::process::Child,
}

impl Localstripe {
    async fn start() -> Self {
        let program =
            std::env::var("LINHA_LOCALSTRIPE").unwrap_or_else(|_| "localstripe".to_owned());
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let program = tokio::process::Command::new(program)
            .args(["--from-scratch", "--port", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("localstripe is installed");
        let local = Self {
            url: format!("http://127.0.0.1:{port}"),
            client: Client::new(),
            _program: program,
        };
        let ready = async {
            while local.client.get(&local.url).send().await.is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), ready).await.expect("localstripe starts");
        local
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Value {
        let request = self.client.post(format!("{}{path}", self.url)).bearer_auth("sk_test_12345");
        let answer = request.form(form).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap());
        serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default()
    }

    async fn get(&self, path: &str) -> Value {
        let request = self.client.get(format!("{}{path}", self.url)).bearer_auth("sk_test_12345");
        let answer = request.send().await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default()
    }

    /// Somebody pays an intent with a card.
    async fn pay(&self, intent_id: &str, card: &str) {
        let method = [
            ("type", "card"),
            ("card[number]", card),
            ("card[exp_month]", "12"),
            ("card[exp_year]", "2040"),
            ("card[cvc]", "123"),
        ];
        let method = self.post("/v1/payment_methods", &method).await;
        let method_id = method["id"].as_str().unwrap();
        let path = format!("/v1/payment_intents/{intent_id}");
        self.post(&path, &[("payment_method", method_id)]).await;
        let confirm = self.client.post(format!("{}{path}/confirm", self.url));
        confirm.bearer_auth("sk_test_12345").send().await.unwrap();
    }
}

#[tokio::test]
#[ignore = "needs localstripe"]
async fn localstripe_takes_intents_and_tells_what_became_of_them() {
    let local = Localstripe::start().await;
    let stripe = stripe(&local.url);
    let hearer = Peer::start().await;
    hearer.answer("POST /hear", 200, json!({}));
    let hook = [("url", format!("{}/hear", hearer.url)), ("secret", SECRET.to_owned())];
    let hook: Vec<(&str, &str)> =
        hook.iter().map(|(name, value)| (*name, value.as_str())).collect();
    local.post("/_config/webhooks/linha", &hook).await;

    let good = charge(BillingType::CreditCard);
    let good_id = stripe.register(good.clone()).await.unwrap();
    assert!(good_id.starts_with("pi_"), "{good_id}");
    local.pay(&good_id, "4242424242424242").await;
    let bad = charge(BillingType::Undefined);
    let bad_id = stripe.register(bad.clone()).await.unwrap();
    local.pay(&bad_id, "4000000000000341").await;
    stripe.cancel(&good_id).await.expect("what is paid stays so");
    stripe.cancel(&bad_id).await.unwrap();
    stripe.cancel(&bad_id).await.expect("what is cancelled stays so");
    let intent = local.get(&format!("/v1/payment_intents/{bad_id}")).await;
    assert_eq!(intent["status"], "canceled");
    let nothing = NewCharge { amount: Cents::ZERO, ..charge(BillingType::Pix) };
    assert!(matches!(stripe.register(nothing).await, Err(PaymentError::Refused(_))));

    let mut told = Vec::new();
    let heard = async {
        while told.len() < 2 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            told.clear();
            for asked in hearer.asked() {
                let notice = stripe.read(&asked.body, asked.header("stripe-signature")).await;
                told.extend(notice.unwrap());
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), heard).await.expect("it tells of both");
    told.sort_by_key(|notice| notice.about != good.key);
    assert_eq!((told[0].about, told[0].result), (good.key, PaymentResult::Paid));
    assert_eq!(told[0].amount, good.amount);
    assert_eq!((told[1].about, told[1].result), (bad.key, PaymentResult::Failed));
}
