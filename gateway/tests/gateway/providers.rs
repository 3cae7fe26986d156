//! What payment providers and parcel carriers send by themselves.

use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use proto::billing::v1::{ReceiveProviderMessageRequest, ReceiveProviderMessageResponse};
use proto::telecom::v1::{ReceiveCarrierMessageRequest, ReceiveCarrierMessageResponse};
use tonic::Status;

use crate::support::World;

const PAYMENTS: &str = "/linha.billing.v1.PaymentService/ReceiveProviderMessage";
const PARCELS: &str = "/linha.telecom.v1.ShipmentService/ReceiveCarrierMessage";

fn message(path: &str, header: &str, body: &'static str) -> Request {
    Request::post(path).header(header, "signed").body(Body::from(body)).unwrap()
}

#[tokio::test]
async fn a_message_arrives_as_it_was_sent_with_its_signature() {
    let world = World::new().await;
    world.services.on(PAYMENTS, |request: ReceiveProviderMessageRequest| {
        assert_eq!(request.body, b"{ \"id\": 1 }");
        assert_eq!(request.signature, "signed");
        Ok(ReceiveProviderMessageResponse {})
    });
    world.services.on(PARCELS, |request: ReceiveCarrierMessageRequest| {
        assert_eq!((request.body.as_slice(), request.signature.as_str()), (&b"[]"[..], "signed"));
        Ok(ReceiveCarrierMessageResponse {})
    });
    let paid = message("/providers/payments", "Stripe-Signature", "{ \"id\": 1 }");
    assert_eq!(world.send(paid).await.status, StatusCode::NO_CONTENT);
    let posted = message("/providers/parcels", "X-ME-Signature", "[]");
    assert_eq!(world.send(posted).await.status, StatusCode::NO_CONTENT);
    assert_eq!((world.services.calls(PAYMENTS), world.services.calls(PARCELS)), (1, 1));
}

#[tokio::test]
async fn whoever_sends_learns_whether_to_send_it_again() {
    for (status, expected) in [
        (Status::invalid_argument("signature is not theirs"), StatusCode::BAD_REQUEST),
        (Status::unimplemented("sends none"), StatusCode::NOT_FOUND),
        (Status::not_found("no such invoice"), StatusCode::NOT_FOUND),
        (Status::failed_precondition("not paid yet"), StatusCode::CONFLICT),
        (Status::unavailable("later"), StatusCode::SERVICE_UNAVAILABLE),
        (Status::internal("oh"), StatusCode::INTERNAL_SERVER_ERROR),
    ] {
        let world = World::new().await;
        world.services.on(PAYMENTS, move |_: ReceiveProviderMessageRequest| {
            Err::<ReceiveProviderMessageResponse, _>(status.clone())
        });
        let sent = message("/providers/payments", "Stripe-Signature", "{}");
        let answer = world.send(sent).await;
        assert_eq!((answer.status, answer.text.as_str()), (expected, ""));
    }
}

#[tokio::test]
async fn nothing_too_long_is_read() {
    let world = World::new().await;
    let long = "x".repeat(3 << 20);
    let sent = Request::post("/providers/payments").body(Body::from(long)).unwrap();
    assert_eq!(world.send(sent).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(world.services.calls(PAYMENTS), 0);
}
