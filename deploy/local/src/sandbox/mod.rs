//! The outside world, at the tester's command: `/sandbox/…` of the gateway. Calls that set
//! something off return when its consequences are done, or after a while.

mod bank;
mod billing_runs;
mod documents;
mod fiscal;
mod payments;
mod portability;
mod shipments;
mod switch;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use billing::{BankAggregatorSimulator, FiscalIssuerSimulator, PaymentProviderSimulator};
use chassis::client::Upstream;
use chassis::clock::Clock;
use chassis::host::Activity;
use chassis::mail::FolderMailer;
use chassis::simulator::Script;
use gateway::Extra;
use serde::Deserialize;
use serde_json::{Value, json};
use telecom::{
    AdministratorSimulator, CarrierOperation, CarrierSimulator, ParcelCarrierSimulator,
    SwitchSimulator,
};
use time::OffsetDateTime;
use time::format_description::well_known::{Iso8601, Rfc3339};
use tonic::{Code, Status};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

const PATIENCE: Duration = Duration::from_secs(10);
const MAIL_PATIENCE: Duration = Duration::from_secs(3);
const ADVANCE_SECONDS_MAX: f64 = 100.0 * 365.25 * 86_400.0;

/// What can be commanded.
#[derive(Clone)]
pub(crate) struct Sandbox {
    pub(crate) clock: Clock,
    pub(crate) activity: Activity,
    pub(crate) carrier: Arc<CarrierSimulator>,
    pub(crate) parcel_carrier: Arc<ParcelCarrierSimulator>,
    pub(crate) fiscal_issuer: Arc<FiscalIssuerSimulator>,
    pub(crate) administrator: Arc<AdministratorSimulator>,
    pub(crate) payments: Arc<PaymentProviderSimulator>,
    pub(crate) bank: Arc<BankAggregatorSimulator>,
    pub(crate) switch: Arc<SwitchSimulator>,
    pub(crate) billing: Upstream,
    pub(crate) mail_folder: PathBuf,
}

/// The routes under `/sandbox`, and what describes them.
pub(crate) fn extra(sandbox: &Sandbox) -> Extra {
    let (router, document) = routes().with_state(sandbox.clone()).split_for_parts();
    Extra { router, documents: vec![(documents::PATH, document)] }
}

fn routes() -> OpenApiRouter<Sandbox> {
    OpenApiRouter::with_openapi(documents::document())
        .routes(routes!(read_clock, move_clock))
        .routes(routes!(read_mail))
        .routes(routes!(bank::script))
        .routes(routes!(billing_runs::run))
        .routes(routes!(script_carrier))
        .routes(routes!(fiscal::script))
        .routes(routes!(payments::inject))
        .routes(routes!(payments::read_collected))
        .routes(routes!(portability::command))
        .routes(routes!(shipments::script))
        .routes(routes!(switch::command))
}

/// A command that cannot be carried out, in the words of the `lines` dialect.
struct Refused {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Refused {
    fn invalid(message: impl Into<String>) -> Self {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self { status, code: "input-validation-error", message: message.into() }
    }

    fn not_found(message: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, code: "resource-not-found", message: message.into() }
    }
}

impl From<Status> for Refused {
    /// What a service does not take in.
    fn from(refusal: Status) -> Self {
        let (status, code) = match refusal.code() {
            Code::NotFound => (StatusCode::NOT_FOUND, "resource-not-found"),
            Code::InvalidArgument => (StatusCode::UNPROCESSABLE_ENTITY, "input-validation-error"),
            Code::FailedPrecondition => (StatusCode::CONFLICT, "invalid-status"),
            _ => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        };
        Self { status, code, message: refusal.message().to_owned() }
    }
}

impl From<JsonRejection> for Refused {
    fn from(rejection: JsonRejection) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: "malformed-request",
            message: rejection.body_text(),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = json!({ "code": self.code, "message": self.message });
        (self.status, Json(body)).into_response()
    }
}

type Body<T> = Result<Json<T>, JsonRejection>;

/// Read the clock
#[utoipa::path(
    get, path = "/sandbox/clock", tag = "clock", operation_id = "readClock",
    responses((status = 200, description = "What time it is", body = documents::Now))
)]
async fn read_clock(State(sandbox): State<Sandbox>) -> Json<Value> {
    Json(json!({ "now": in_rfc3339(sandbox.clock.now()) }))
}

/// One of the two.
#[derive(Deserialize, ToSchema)]
struct MoveClock {
    /// By how much: an ISO 8601 duration without months and years.
    advance: Option<String>,
    /// To when: RFC 3339.
    set: Option<String>,
}

/// Move the clock
///
/// Never backwards. What falls due on the way is done before the answer.
#[utoipa::path(
    post, path = "/sandbox/clock", tag = "clock", operation_id = "moveClock",
    request_body(content = MoveClock, examples(
        ("advance" = (value = json!({"advance": "P3DT2H"}))),
        ("set" = (value = json!({"set": "2026-12-01T12:00:00Z"})))
    )),
    responses(
        (status = 200, description = "What time it is now", body = documents::Now),
        (status = 400, description = "The body cannot be read", body = documents::Refusal),
        (status = 422, description = "No such time, or it is over", body = documents::Refusal)
    )
)]
async fn move_clock(
    State(sandbox): State<Sandbox>,
    body: Body<MoveClock>,
) -> Result<Json<Value>, Refused> {
    let Json(body) = body?;
    // What was asked for before the move happens before it.
    sandbox.activity.settle(PATIENCE).await;
    let moved = match (body.advance, body.set) {
        (Some(advance), None) => sandbox.clock.advance(parse_duration("advance", &advance)?),
        (None, Some(set)) => sandbox.clock.set(parse_moment(&set)?),
        _ => return Err(Refused::invalid("either advance or set is required")),
    };
    moved.map_err(|error| Refused::invalid(error.to_string()))?;
    sandbox.activity.settle(PATIENCE).await;
    Ok(read_clock(State(sandbox)).await)
}

/// Days, hours, minutes and seconds: months and years have no length of their own.
fn parse_duration(member: &str, text: &str) -> Result<time::Duration, Refused> {
    let wrong =
        || Refused::invalid(format!("{member} is an ISO 8601 duration without months and years"));
    let duration: iso8601_duration::Duration = text.parse().map_err(|_| wrong())?;
    if duration.year != 0.0 || duration.month != 0.0 {
        return Err(wrong());
    }
    let hours = f64::from(duration.day) * 24.0 + f64::from(duration.hour);
    let minutes = hours * 60.0 + f64::from(duration.minute);
    let seconds = minutes * 60.0 + f64::from(duration.second);
    if seconds > ADVANCE_SECONDS_MAX {
        return Err(Refused::invalid(format!("{member} is at most 100 years")));
    }
    Ok(time::Duration::seconds_f64(seconds))
}

fn parse_moment(text: &str) -> Result<OffsetDateTime, Refused> {
    OffsetDateTime::parse(text, &Rfc3339)
        .or_else(|_| OffsetDateTime::parse(text, &Iso8601::DEFAULT))
        .map_err(|_| Refused::invalid("set is a time in RFC 3339"))
}

fn in_rfc3339(moment: OffsetDateTime) -> String {
    moment.format(&Rfc3339).unwrap_or_default()
}

#[derive(Deserialize)]
struct MailQuery {
    to: Option<String>,
}

/// Read the mailbox
///
/// Mails that are on their way are waited for.
#[utoipa::path(
    get, path = "/sandbox/mail", tag = "mail", operation_id = "readMail",
    params(("to" = Option<String>, Query, description = "Only what was mailed to this address")),
    responses((status = 200, description = "The mails", body = documents::Mailbox))
)]
async fn read_mail(
    State(sandbox): State<Sandbox>,
    Query(query): Query<MailQuery>,
) -> Result<Json<Value>, Refused> {
    // A mail that an earlier request caused may still be in the queue.
    sandbox.activity.settle(MAIL_PATIENCE).await;
    let mails =
        FolderMailer::read(&sandbox.mail_folder, query.to.as_deref()).map_err(|error| Refused {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: "internal-error",
            message: format!("cannot read the mailbox: {error:#}"),
        })?;
    Ok(Json(json!({ "mails": mails })))
}

/// Script the carrier
///
/// Operations: `activate`, `change-number`, `change-sim-card`, `change-plan`, `block`, `unblock`,
/// `terminate`, `add-data`.
#[utoipa::path(
    post, path = "/sandbox/carrier", tag = "simulators", operation_id = "scriptCarrier",
    request_body(content = documents::Script, example = json!({"next": [
        {"operation": "activate", "outcome": "fail", "times": 2}
    ]})),
    responses(
        (status = 204, description = "It will"),
        (status = 400, description = "The script cannot be read", body = documents::Refusal)
    )
)]
async fn script_carrier(
    State(sandbox): State<Sandbox>,
    body: Body<Script<CarrierOperation>>,
) -> Result<StatusCode, Refused> {
    let Json(script) = body?;
    sandbox.carrier.script(script.next);
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_described_with_an_example() {
        let document = serde_json::to_value(routes().into_openapi()).unwrap();
        let paths = document["paths"].as_object().unwrap();
        assert!(paths.len() >= 8, "{paths:?}");
        for (path, operations) in paths {
            assert!(path.starts_with("/sandbox/"), "{path}");
            let Some(command) = operations.get("post") else { continue };
            let content = &command["requestBody"]["content"]["application/json"];
            assert!(content.get("example").or(content.get("examples")).is_some(), "{path}");
        }
    }
}
