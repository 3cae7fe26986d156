//! The fiscal issuer, at the tester's command.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use billing::FiscalOperation;
use chassis::simulator::Script;

use super::{Body, Refused, Sandbox};

/// Says how the fiscal issuer answers next: `authorize`.
pub(super) async fn script(
    State(sandbox): State<Sandbox>,
    body: Body<Script<FiscalOperation>>,
) -> Result<StatusCode, Refused> {
    let Json(script) = body?;
    sandbox.fiscal_issuer.script(script.next);
    Ok(StatusCode::NO_CONTENT)
}
