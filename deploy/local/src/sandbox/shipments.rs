//! The parcel carrier, at the tester's command.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chassis::simulator::Script;
use telecom::ParcelOperation;

use super::{Body, Refused, Sandbox, documents};

/// Script the parcel carrier
///
/// Operations: `book`; `track`, which when refused means that the parcel is lost for the reason
/// given; `cancel`.
#[utoipa::path(
    post, path = "/sandbox/shipments", tag = "simulators", operation_id = "scriptParcelCarrier",
    request_body(content = documents::Script, example = json!({"next": [
        {"operation": "book", "outcome": "lose-answer"},
        {"operation": "track", "outcome": "refuse", "reason": "damaged on the way"}
    ]})),
    responses(
        (status = 204, description = "It will"),
        (status = 400, description = "The script cannot be read", body = documents::Refusal)
    )
)]
pub(super) async fn script(
    State(sandbox): State<Sandbox>,
    body: Body<Script<ParcelOperation>>,
) -> Result<StatusCode, Refused> {
    let Json(script) = body?;
    sandbox.parcel_carrier.script(script.next);
    Ok(StatusCode::NO_CONTENT)
}
