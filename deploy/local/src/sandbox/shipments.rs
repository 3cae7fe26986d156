//! The parcel carrier, at the tester's command.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chassis::simulator::Script;
use telecom::ParcelOperation;

use super::{Body, Refused, Sandbox};

/// Says how the parcel carrier answers next: `book`, `track` or `cancel`.
pub(super) async fn script(
    State(sandbox): State<Sandbox>,
    body: Body<Script<ParcelOperation>>,
) -> Result<StatusCode, Refused> {
    let Json(script) = body?;
    sandbox.parcel_carrier.script(script.next);
    Ok(StatusCode::NO_CONTENT)
}
