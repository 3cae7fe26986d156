//! The closing of a month, at the tester's command.

use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use proto::billing::v1::billing_run_service_client::BillingRunServiceClient;
use proto::billing::v1::{
    BillingRun, BillingRunState, GetBillingRunRequest, StartBillingRunRequest,
};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{PATIENCE, Refused, Sandbox, documents};

const LOOK_AGAIN: Duration = Duration::from_millis(50);

#[derive(Default, Deserialize, ToSchema)]
#[schema(as = BillingRunCommand)]
struct Command {
    /// The month: "2026-11". The one before now where it is absent.
    period: Option<String>,
}

/// Close a month
///
/// Or find that it is closed, and what it came to. A body is not needed.
#[utoipa::path(
    post, path = "/sandbox/billing/run", tag = "billing", operation_id = "closeMonth",
    request_body(content = Option<Command>, example = json!({"period": "2026-11"})),
    responses(
        (status = 200, description = "What it came to", body = documents::ClosedMonth),
        (status = 400, description = "The body cannot be read", body = documents::Refusal),
        (status = 422, description = "No such month, or it is not over", body = documents::Refusal),
        (status = 503, description = "The run goes on; ask again", body = documents::Refusal)
    )
)]
pub(super) async fn run(
    State(sandbox): State<Sandbox>,
    body: Bytes,
) -> Result<Json<Value>, Refused> {
    let command: Command = match body.is_empty() {
        true => Command::default(),
        false => serde_json::from_slice(&body).map_err(|error| Refused {
            status: StatusCode::BAD_REQUEST,
            code: "malformed-request",
            message: error.to_string(),
        })?,
    };
    // Whatever is on its way to billing belongs to the month.
    sandbox.activity.settle(PATIENCE).await;
    let mut runs = BillingRunServiceClient::new(sandbox.billing.clone());
    let request = StartBillingRunRequest { period: command.period.unwrap_or_default() };
    let run = runs.start_billing_run(request).await?.into_inner().run.unwrap_or_default();
    let period = run.period;
    let done = tokio::time::timeout(PATIENCE, finished(runs, &period)).await;
    sandbox.activity.settle(PATIENCE).await;
    let run = done.map_err(|_| Refused {
        status: StatusCode::SERVICE_UNAVAILABLE,
        code: "unavailable",
        message: format!("the run of {period} goes on; ask again"),
    })??;
    Ok(Json(json!({ "invoices": run.invoices, "lines": run.lines_done })))
}

async fn finished(
    mut runs: BillingRunServiceClient<chassis::client::Upstream>,
    period: &str,
) -> Result<BillingRun, Refused> {
    loop {
        let request = GetBillingRunRequest { period: period.to_owned() };
        let run = runs.get_billing_run(request).await?.into_inner().run.unwrap_or_default();
        if run.state() == BillingRunState::Done {
            return Ok(run);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
