//! The fiscal issuer, at the tester's command.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use billing::FiscalOperation;
use chassis::simulator::Script;

use super::{Body, Refused, Sandbox, documents};

/// Script the fiscal issuer
///
/// Operation: `authorize`, which may also be written `issue`.
#[utoipa::path(
    post, path = "/sandbox/fiscal", tag = "simulators", operation_id = "scriptFiscalIssuer",
    request_body(content = documents::Script, example = json!({"next": [
        {"operation": "authorize", "outcome": "refuse", "reason": "unknown service code"}
    ]})),
    responses(
        (status = 204, description = "It will"),
        (status = 400, description = "The script cannot be read", body = documents::Refusal)
    )
)]
pub(super) async fn script(
    State(sandbox): State<Sandbox>,
    body: Body<Script<FiscalOperation>>,
) -> Result<StatusCode, Refused> {
    let Json(script) = body?;
    sandbox.fiscal_issuer.script(script.next);
    Ok(StatusCode::NO_CONTENT)
}
