//! Against a peer of ours that answers in the documented shapes, and misbehaves.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chassis::address::Address;
use chassis::resealing::reseal;
use chassis::testing::peer::Peer;
use postgres_local::testing::TestDatabase;
use sha2::Digest;
use time::OffsetDateTime;
use time::macros::datetime;

use super::*;
use crate::SEALED;
use crate::parcels::ParcelProgress;

const TOKEN: &str = "POST /oauth/token";
const QUOTE: &str = "POST /api/v2/me/shipment/calculate";
const CART: &str = "POST /api/v2/me/cart";
const ORDER: &str = "GET /api/v2/me/orders/o-1";
const PAY: &str = "POST /api/v2/me/shipment/checkout";
const LABEL: &str = "POST /api/v2/me/shipment/generate";
const TRACK: &str = "POST /api/v2/me/shipment/tracking";
const CANCEL: &str = "POST /api/v2/me/shipment/cancel";
const DROP: &str = "DELETE /api/v2/me/cart/o-1";

const SENDER: &str = r#"{
    "name": "Operadora Exemplo S.A.", "cnpj": "45.874.123/0001-90",
    "phone_number": "+554130001000", "email": "envios@operadora.example",
    "address": {
        "zip_code": "80010000", "street_name": "Rua XV de Novembro", "street_number": "1",
        "neighborhood": "Centro", "city": "Curitiba", "state": "PR"
    }
}"#;

struct World {
    peer: Peer,
    service: Service,
    carrier: MelhorEnvio,
    request: ParcelRequest,
    _database: TestDatabase,
}

fn config(peer: &Peer, refresh_token: &str) -> MelhorEnvioConfig {
    MelhorEnvioConfig {
        melhor_envio_url: peer.url.parse().unwrap(),
        melhor_envio_client_id: Some("77".to_owned()),
        melhor_envio_client_secret: "secret".parse().ok(),
        melhor_envio_refresh_token: refresh_token.parse().ok(),
        melhor_envio_contact: "ti@operadora.example".parse().ok(),
        melhor_envio_services: Some("1,2".to_owned()),
        parcel_sender: SENDER.parse().ok(),
    }
}

fn customer() -> Company {
    Company {
        official_name: "Padaria Pão Quente Ltda".to_owned(),
        cnpj: "11.222.333/0001-81".to_owned(),
        email: "compras@padaria.example".to_owned(),
        phone_number: Some("+5511912345678".to_owned()),
        ..Company::default()
    }
}

fn carrier(service: &Service, peer: &Peer, refresh_token: &str, to: Company) -> MelhorEnvio {
    let config = config(peer, refresh_token);
    let timeout = Duration::from_millis(500);
    let carrier = MelhorEnvio::new(&config, timeout, service.clone()).unwrap();
    let find_company: FindCompany = Box::new(move |_| {
        let to = to.clone();
        Box::pin(async move { Ok(Some(to)) })
    });
    MelhorEnvio { find_company, ..carrier }
}

fn granted(number: u32) -> Value {
    json!({
        "token_type": "Bearer", "expires_in": 2_592_000,
        "access_token": format!("access-{number}"), "refresh_token": format!("refresh-{number}"),
    })
}

fn address() -> Address {
    Address {
        zip_code: "01310-100".parse().ok(),
        street_name: Some("Avenida Paulista".to_owned()),
        street_number: Some("1000".to_owned()),
        complement: Some("Sala 3".to_owned()),
        neighborhood: Some("Bela Vista".to_owned()),
        city: Some("São Paulo".to_owned()),
        state: "SP".parse().ok(),
    }
}

impl World {
    /// An account that can be entered, and a shipment that is to be booked.
    async fn new() -> Self {
        let (service, _database) =
            chassis::testing::service("telecom", &crate::MIGRATIONS, vec![]).await;
        let peer = Peer::start().await;
        peer.answer(TOKEN, 200, granted(1));
        let carrier = carrier(&service, &peer, "refresh-0", customer());
        let request = ParcelRequest {
            shipment_id: ShipmentId::generate(),
            company_id: CompanyId::generate(),
            quantity: 10,
            address: address(),
        };
        sqlx::query(
            "insert into shipment
                 (shipment_id, company_id, status, address, booking, created_at, updated_at)
             values ($1, $2, 'processing', '{}', 'wanted', now(), now())",
        )
        .bind(request.shipment_id.0)
        .bind(request.company_id.0)
        .execute(&service.db)
        .await
        .unwrap();
        Self { peer, service, carrier, request, _database }
    }

    fn quoted(&self) -> &Self {
        self.peer.answer(QUOTE, 200, quotes()).answer(CART, 201, order(&[]));
        self
    }

    async fn book(&self) -> Result<Parcel, ParcelCarrierError> {
        self.carrier.book(self.request.clone()).await
    }

    /// What was done, apart from looking.
    fn done(&self) -> Vec<String> {
        let operations = self.peer.operations().into_iter();
        operations.filter(|operation| !operation.starts_with("GET")).collect()
    }
}

fn quotes() -> Value {
    json!([
        {"id": 1, "name": "PAC", "price": "21.61", "custom_price": "19.90",
         "delivery_time": 6, "company": {"id": 1, "name": "Correios"}},
        {"id": 2, "name": "SEDEX", "price": "45.10", "custom_price": "45.10"},
        {"id": 3, "name": ".Package", "error": "Transportadora não atende este trecho."}
    ])
}

/// An order after these times were noted at it.
fn order(times: &[&str]) -> Value {
    let mut order = json!({
        "id": "o-1", "protocol": "ORD-20261122", "status": "pending", "tracking": null,
        "service": {"id": 1, "name": "PAC", "company": {"id": 1, "name": "Correios"}},
        "paid_at": null, "generated_at": null, "posted_at": null, "delivered_at": null,
        "canceled_at": null, "expired_at": null,
    });
    for (day, time) in (10..).zip(times) {
        order[*time] = json!(format!("2026-11-{day} 09:30:00"));
    }
    order
}

fn refused(reason: &str) -> ParcelCarrierError {
    ParcelCarrierError::Refused(reason.to_owned())
}

#[tokio::test]
async fn a_parcel_is_quoted_put_into_the_cart_paid_and_labeled() {
    let world = World::new().await;
    let mut labeled = order(&["paid_at", "generated_at"]);
    labeled["tracking"] = json!("AB123456789BR");
    world
        .quoted()
        .peer
        .answer(ORDER, 404, json!({}))
        .answer(ORDER, 200, order(&["paid_at"]))
        .answer(ORDER, 200, labeled)
        .answer(PAY, 200, json!({"purchase": {"id": "p-1", "status": "paid"}}))
        .answer(LABEL, 200, json!({"o-1": {"status": true}}));
    let parcel = world.book().await.unwrap();
    let expected = Parcel {
        provider: "Correios".to_owned(),
        provider_id: "o-1".to_owned(),
        tracking_code: "AB123456789BR".to_owned(),
    };
    assert_eq!(parcel, expected);
    assert_eq!(world.done(), [TOKEN, QUOTE, CART, PAY, LABEL]);

    let asked = world.peer.asked();
    assert_eq!(
        String::from_utf8_lossy(&asked[0].body),
        "grant_type=refresh_token&client_id=77&client_secret=secret&refresh_token=refresh-0"
    );
    for asked in &asked {
        assert_eq!(asked.header("user-agent"), "Linha (ti@operadora.example)");
    }
    assert_eq!(asked[1].header("authorization"), "Bearer access-1");
    let quote = asked[1].json();
    assert_eq!(quote["from"]["postal_code"], "80010000");
    assert_eq!(quote["to"]["postal_code"], "01310100");
    assert_eq!((&quote["package"]["weight"], &quote["services"]), (&json!("0.100"), &json!("1,2")));
    let cart = asked[2].json();
    assert_eq!(cart["service"], 1, "the cheapest that brings it");
    assert_eq!(cart["from"]["company_document"], "45874123000190");
    assert_eq!(cart["from"]["phone"], "4130001000");
    let to = json!({
        "name": "Padaria Pão Quente Ltda", "company_document": "11222333000181",
        "email": "compras@padaria.example", "phone": "11912345678", "address": "Avenida Paulista",
        "number": "1000", "complement": "Sala 3", "district": "Bela Vista", "city": "São Paulo",
        "state_abbr": "SP", "country_id": "BR", "postal_code": "01310100",
    });
    assert_eq!(cart["to"], to);
    assert_eq!(cart["options"]["tags"][0]["tag"], world.request.shipment_id.to_string());
    assert_eq!(cart["options"]["insurance_value"], "10.00");
    assert_eq!(asked[4].json(), json!({"orders": ["o-1"]}));
}

#[tokio::test]
async fn an_order_is_paid_once_wherever_an_answer_was_lost() {
    let world = World::new().await;
    world.quoted().peer.answer(ORDER, 404, json!({})).silence(PAY);
    assert_eq!(world.book().await, Err(ParcelCarrierError::Unavailable));
    // It was paid all the same; and then the label's answer is lost.
    world.peer.answer(ORDER, 404, json!({}));
    let peer = Peer::start().await;
    peer.answer(ORDER, 200, order(&["paid_at"])).silence(LABEL);
    let second = carrier(&world.service, &peer, "refresh-0", customer());
    let answer = second.book(world.request.clone()).await;
    assert_eq!(answer, Err(ParcelCarrierError::Unavailable));
    assert_eq!(peer.operations(), [ORDER, LABEL], "the token of the other replica is good");

    let peer = Peer::start().await;
    peer.answer(ORDER, 200, order(&["paid_at", "generated_at"]));
    let third = carrier(&world.service, &peer, "refresh-0", customer());
    let parcel = third.book(world.request.clone()).await.unwrap();
    assert_eq!(parcel.tracking_code, "ORD-20261122", "until the carrier gives one");
    assert_eq!(peer.operations(), [ORDER]);
}

#[tokio::test]
async fn a_label_that_takes_its_time_is_waited_for() {
    let world = World::new().await;
    world.quoted().peer.answer(ORDER, 200, order(&["paid_at"])).answer(LABEL, 200, json!({}));
    assert_eq!(world.book().await, Err(ParcelCarrierError::Unavailable));
    assert_eq!(world.done(), [TOKEN, QUOTE, CART, LABEL, LABEL, LABEL]);
}

#[tokio::test]
async fn an_empty_wallet_makes_parcels_wait() {
    let world = World::new().await;
    let empty = json!({"error": "Saldo insuficiente para concluir a compra."});
    world.quoted().peer.answer(ORDER, 404, json!({})).answer(PAY, 422, empty);
    assert_eq!(world.book().await, Err(ParcelCarrierError::Unavailable));
    assert_eq!(world.book().await, Err(ParcelCarrierError::Unavailable));
    assert_eq!(world.done(), [TOKEN, QUOTE, CART, PAY, PAY], "it lies in the cart once");
}

#[tokio::test]
async fn what_is_wrong_is_told_by_the_names_of_its_fields() {
    let world = World::new().await;
    let wrong = json!({
        "message": "The given data was invalid.",
        "errors": {"to.postal_code": ["CEP 01310100 inválido"], "to.address": ["x"]},
    });
    world.peer.answer(QUOTE, 200, quotes()).answer(CART, 422, wrong);
    assert_eq!(world.book().await, Err(refused("422 to.address, to.postal_code")));

    let nobody = World::new().await;
    nobody.peer.answer(QUOTE, 200, json!([{"id": 3, "error": "x"}]));
    assert_eq!(nobody.book().await, Err(refused("nobody brings it there")));

    let elsewhere =
        ParcelRequest { address: Address { city: None, ..address() }, ..nobody.request.clone() };
    let answer = nobody.carrier.book(elsewhere).await;
    assert_eq!(answer, Err(refused("the address is not complete")));

    let stranger = Company { cnpj: String::new(), ..customer() };
    let carrier = carrier(&nobody.service, &nobody.peer, "refresh-0", stranger);
    assert_eq!(carrier.book(nobody.request).await, Err(refused("the company has no CNPJ")));
}

#[tokio::test]
async fn limits_and_faults_pass() {
    let world = World::new().await;
    for (status, answer) in [
        (403, json!({})),
        (429, json!({"message": "Too Many Attempts."})),
        (500, json!({})),
        (503, json!({})),
        (200, json!("<html>")),
    ] {
        let peer = Peer::start().await;
        peer.answer(TOKEN, 200, granted(1)).answer(QUOTE, status, answer);
        let carrier = carrier(&world.service, &peer, "refresh-0", customer());
        let booked = carrier.book(world.request.clone()).await;
        assert_eq!(booked, Err(ParcelCarrierError::Unavailable), "{status}");
        let asked = peer.operations().into_iter().filter(|operation| operation == QUOTE);
        assert_eq!(asked.count(), 1, "one attempt: the queue makes the next");
    }
}

#[tokio::test]
async fn a_token_that_is_not_taken_is_renewed_once_and_kept_for_all() {
    let world = World::new().await;
    world
        .peer
        .answer(QUOTE, 401, json!({"message": "Unauthenticated."}))
        .answer(QUOTE, 200, json!([]))
        .answer(QUOTE, 401, json!({}));
    world.peer.answer(TOKEN, 200, granted(2));
    // The first token was got before.
    world.carrier.api.get::<Value>("/api/v2/me").await.unwrap_err();
    assert_eq!(world.book().await, Err(refused("nobody brings it there")));
    let asked = world.peer.asked();
    let renewals: Vec<_> = asked.iter().filter(|asked| asked.operation == TOKEN).collect();
    assert!(String::from_utf8_lossy(&renewals[1].body).ends_with("refresh_token=refresh-1"));
    assert_eq!(asked.last().unwrap().header("authorization"), "Bearer access-2");

    let replica = carrier(&world.service, &world.peer, "refresh-0", customer());
    assert_eq!(replica.book(world.request.clone()).await, Err(ParcelCarrierError::Unavailable));
    let tried: Vec<_> = world.peer.asked().into_iter().skip(asked.len()).collect();
    assert_eq!(tried[0].header("authorization"), "Bearer access-2", "not renewed without need");
    let operations: Vec<_> = tried.iter().map(|asked| asked.operation.as_str()).collect();
    assert_eq!(operations, [QUOTE, TOKEN, QUOTE], "and it is given up after one renewal");
}

#[tokio::test]
async fn one_replica_renews_at_a_time_and_a_new_authorization_begins_anew() {
    let world = World::new().await;
    world.peer.answer(QUOTE, 200, json!([]));
    let now = OffsetDateTime::now_utc();
    let begin = (sha2::Sha256::digest("refresh-0").to_vec(), vec![1_u8]);
    let begin = (begin.0.as_slice(), begin.1.as_slice());
    let until = now + time::Duration::minutes(1);
    store::claim_renewal(&world.service.db, "melhor-envio", begin, now, until).await.unwrap();
    assert_eq!(world.book().await, Err(ParcelCarrierError::Unavailable));
    assert_eq!(world.peer.operations(), [""; 0], "somebody else is about it");

    let anew = carrier(&world.service, &world.peer, "refresh-9", customer());
    assert_eq!(anew.book(world.request.clone()).await, Err(refused("nobody brings it there")));
    let body = world.peer.asked()[0].body.clone();
    assert!(String::from_utf8_lossy(&body).ends_with("refresh_token=refresh-9"));
}

#[tokio::test]
async fn an_account_that_forgot_us_is_no_reason_to_give_a_parcel_up() {
    let world = World::new().await;
    let peer = Peer::start().await;
    peer.answer(TOKEN, 401, json!({"error": "invalid_grant"}));
    let carrier = carrier(&world.service, &peer, "refresh-8", customer());
    assert_eq!(carrier.book(world.request).await, Err(ParcelCarrierError::Unavailable));
}

#[tokio::test]
async fn tokens_outlive_the_key_that_sealed_them() {
    let mut world = World::new().await;
    world.peer.answer(QUOTE, 200, json!([]));
    assert_eq!(world.book().await, Err(refused("nobody brings it there")));
    let (both, alone) = world.service.keyring.renewed();
    let resealed = reseal(&world.service.db, "telecom", &both, &SEALED).await.unwrap();
    assert!(resealed.is_complete(), "{resealed:?}");
    world.service.keyring = alone;
    let later = carrier(&world.service, &world.peer, "refresh-0", customer());
    assert_eq!(later.book(world.request.clone()).await, Err(refused("nobody brings it there")));
    assert_eq!(world.done(), [TOKEN, QUOTE, QUOTE]);
}

#[tokio::test]
async fn a_parcel_is_followed() {
    let world = World::new().await;
    let name = ParcelName { shipment_id: world.request.shipment_id, provider_id: "o-1".to_owned() };
    let mut undelivered = order(&["paid_at", "generated_at", "posted_at"]);
    undelivered["status"] = json!("undelivered");
    world
        .peer
        .answer(TRACK, 200, json!({"o-1": order(&["paid_at", "generated_at"])}))
        .answer(
            TRACK,
            200,
            json!({"o-1": order(&["paid_at", "generated_at", "posted_at", "delivered_at"])}),
        )
        .answer(TRACK, 200, json!({"o-1": undelivered}))
        .answer(TRACK, 200, json!([]));
    assert_eq!(world.carrier.track(name.clone()).await.unwrap(), []);
    let posted = datetime!(2026-11-12 12:30 UTC);
    let delivered =
        ParcelEvent { progress: ParcelProgress::Delivered, at: datetime!(2026-11-13 12:30 UTC) };
    let on_its_way = ParcelEvent { progress: ParcelProgress::InTransit, at: posted };
    let events = world.carrier.track(name.clone()).await.unwrap();
    assert_eq!(events, [on_its_way.clone(), delivered]);
    let failed =
        ParcelEvent { progress: ParcelProgress::Failed("undelivered".to_owned()), at: posted };
    assert_eq!(world.carrier.track(name.clone()).await.unwrap(), [on_its_way, failed]);
    assert_eq!(world.carrier.track(name).await, Err(ParcelCarrierError::Unavailable));
}

#[tokio::test]
async fn a_parcel_is_called_off_as_far_as_it_has_come() {
    let world = World::new().await;
    let id = world.request.shipment_id;
    world.carrier.cancel(id).await.unwrap();
    assert_eq!(world.done(), [""; 0], "nothing was ever asked for");

    store::note_order(&world.service.db, id, "o-1").await.unwrap();
    let mut ended = order(&["canceled_at"]);
    ended["status"] = json!("canceled");
    world
        .peer
        .answer(ORDER, 404, json!({}))
        .answer(ORDER, 200, order(&["paid_at"]))
        .answer(ORDER, 200, order(&["paid_at", "generated_at"]))
        .answer(ORDER, 200, order(&["paid_at", "generated_at", "posted_at"]))
        .answer(ORDER, 200, ended)
        .answer(DROP, 204, json!(null))
        .answer(CANCEL, 200, json!({"o-1": {"canceled": true}}))
        .answer(CANCEL, 200, json!({"o-1": {"canceled": false}}));
    world.carrier.cancel(id).await.unwrap();
    world.carrier.cancel(id).await.unwrap();
    assert_eq!(world.carrier.cancel(id).await, Err(refused("under-way")));
    assert_eq!(world.carrier.cancel(id).await, Err(refused("under-way")));
    world.carrier.cancel(id).await.unwrap();
    assert_eq!(world.done(), [TOKEN, DROP, CANCEL, CANCEL]);
    assert_eq!(world.book().await, Err(refused("canceled")), "it is not paid after that");
}

fn sign(body: &str) -> String {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(b"secret").unwrap();
    mac.update(body.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

#[tokio::test]
async fn only_what_the_account_signed_is_believed() {
    let world = World::new().await;
    let read = |body: &str, signature: &str| world.carrier.read(body.as_bytes(), signature);
    let body = json!({
        "event": "order.posted", "data": order(&["paid_at", "generated_at", "posted_at"]),
    })
    .to_string();
    let message = read(&body, &sign(&body)).unwrap().unwrap();
    let posted =
        ParcelEvent { progress: ParcelProgress::InTransit, at: datetime!(2026-11-12 12:30 UTC) };
    assert_eq!(message, ParcelMessage { provider_id: "o-1".to_owned(), events: vec![posted] });
    for bad in [sign("another"), "no base64!".to_owned(), String::new()] {
        assert_eq!(read(&body, &bad), Err(MessageError::Untrusted), "{bad}");
    }
    let trial = r#"{"event": "test"}"#;
    assert_eq!(read(trial, &sign(trial)), Ok(None));
    for unreadable in ["[]", r#"{"data": {"id": "o-1", "posted_at": "yesterday"}}"#] {
        assert_eq!(read(unreadable, &sign(unreadable)), Err(MessageError::Unreadable));
    }
}

#[tokio::test]
async fn settings_that_miss_something_name_it() {
    let world = World::new().await;
    let whole = config(&world.peer, "refresh-0");
    let missing = |config: MelhorEnvioConfig| {
        let made = MelhorEnvio::new(&config, Duration::from_secs(1), world.service.clone());
        made.err().unwrap().to_string()
    };
    let no_sender = MelhorEnvioConfig { parcel_sender: None, ..whole.clone() };
    assert!(missing(no_sender).contains("LINHA_PARCEL_SENDER"));
    let no_token = MelhorEnvioConfig { melhor_envio_refresh_token: None, ..whole };
    assert!(missing(no_token).contains("LINHA_MELHOR_ENVIO_REFRESH_TOKEN"));
    let wrong: Result<Sender, _> = SENDER.replace("45.874.123/0001-90", "1").parse();
    assert!(wrong.is_err());
}
