//! What payment providers and parcel carriers send by themselves. It is passed on as it came, with
//! its signature, to the service that knows who signs: nothing is believed here.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use proto::billing::v1::ReceiveProviderMessageRequest;
use proto::billing::v1::payment_service_client::PaymentServiceClient;
use proto::telecom::v1::ReceiveCarrierMessageRequest;
use proto::telecom::v1::shipment_service_client::ShipmentServiceClient;
use tonic::{Code, Status};

use crate::caller::Stranger;
use crate::dialects::Dialect;
use crate::dialects::lines::Lines;
use crate::stack;

const STRIPE_SIGNATURE: &str = "stripe-signature";
const MELHOR_ENVIO_SIGNATURE: &str = "x-me-signature";

/// The routes, with the limits of every address.
pub(crate) fn routes(lines: &Lines) -> Router {
    let routes = Router::new()
        .route("/providers/payments", post(payments))
        .route("/providers/parcels", post(parcels));
    stack::guarded(routes.with_state(lines.clone()), lines)
}

async fn payments(
    State(lines): State<Lines>,
    Stranger(caller): Stranger,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let signature = signature(&headers, STRIPE_SIGNATURE);
    let request = ReceiveProviderMessageRequest { body: body.to_vec(), signature };
    let billing = &lines.gateway().clients.billing;
    let taken = billing.ask(&caller, request, |upstream, request| async move {
        PaymentServiceClient::new(upstream).receive_provider_message(request).await
    });
    taken.await.map_or_else(refused, |_| StatusCode::NO_CONTENT)
}

async fn parcels(
    State(lines): State<Lines>,
    Stranger(caller): Stranger,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let signature = signature(&headers, MELHOR_ENVIO_SIGNATURE);
    let request = ReceiveCarrierMessageRequest { body: body.to_vec(), signature };
    let telecom = &lines.gateway().clients.telecom;
    let taken = telecom.ask(&caller, request, |upstream, request| async move {
        ShipmentServiceClient::new(upstream).receive_carrier_message(request).await
    });
    taken.await.map_or_else(refused, |_| StatusCode::NO_CONTENT)
}

fn signature(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

/// Whoever sends learns whether to send it again, and nothing else.
fn refused(status: Status) -> StatusCode {
    match status.code() {
        Code::InvalidArgument => StatusCode::BAD_REQUEST,
        Code::Unimplemented | Code::NotFound => StatusCode::NOT_FOUND,
        Code::FailedPrecondition | Code::Aborted => StatusCode::CONFLICT,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    }
}
