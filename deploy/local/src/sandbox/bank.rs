//! The bank aggregator, at the tester's command.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use billing::BankOperation;
use chassis::simulator::Script;

use super::{Body, Refused, Sandbox, documents};

/// Script the bank aggregator
///
/// Operations: `connect`, `read`, `revoke`.
#[utoipa::path(
    post, path = "/sandbox/bank", tag = "simulators", operation_id = "scriptBankAggregator",
    request_body(content = documents::Script, example = json!({"next": [
        {"operation": "read", "outcome": "fail", "times": 2}
    ]})),
    responses(
        (status = 204, description = "It will"),
        (status = 400, description = "The script cannot be read", body = documents::Refusal)
    )
)]
pub(super) async fn script(
    State(sandbox): State<Sandbox>,
    body: Body<Script<BankOperation>>,
) -> Result<StatusCode, Refused> {
    let Json(script) = body?;
    sandbox.bank.script(script.next);
    Ok(StatusCode::NO_CONTENT)
}
