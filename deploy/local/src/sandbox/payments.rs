//! The payment provider, at the tester's command.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use billing::PaymentOperation;
use chassis::simulator::{Script, ScriptStep};
use proto::billing::v1::payment_service_client::PaymentServiceClient;
use proto::billing::v1::{PaymentOutcome, ReceivePaymentNoticeRequest};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Body, PATIENCE, Refused, Sandbox, documents};

const TIMES_MAX: u32 = 100;

/// A notice to be delivered, or how the provider answers next.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Command {
    Script(Script<PaymentOperation>),
    Notice(Notice),
}

/// What the provider says of an invoice, which is named by either of the two ids.
#[derive(Deserialize, ToSchema)]
#[schema(as = PaymentNotice)]
pub(super) struct Notice {
    /// The invoice, as the API names it or by its UUID.
    invoice_id: Option<String>,
    /// What the provider calls it.
    charge_id: Option<String>,
    /// `paid`, `failed` or `refunded`.
    event: Option<String>,
    /// How often the same notice arrives.
    #[schema(minimum = 1, maximum = 100, default = 1)]
    times: Option<u32>,
}

/// Have a payment notified, or script the payment provider
///
/// Operation: `register`, which has an invoice collected.
#[utoipa::path(
    post, path = "/sandbox/payments", tag = "simulators", operation_id = "commandPayments",
    request_body(content = documents::PaymentCommand, examples(
        ("notice" = (value = json!({
            "invoice_id": "0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9d", "event": "paid", "times": 2
        }))),
        ("script" = (value = json!({
            "next": [{"operation": "register", "outcome": "fail", "times": 2}]
        })))
    )),
    responses(
        (status = 204, description = "It was taken in, or it will be so"),
        (status = 400, description = "The body cannot be read", body = documents::Refusal),
        (status = 404, description = "No such invoice", body = documents::Refusal),
        (
            status = 409, body = documents::Refusal,
            description = "The invoice's status does not allow it"
        ),
        (status = 422, description = "A value makes no sense", body = documents::Refusal),
        (status = 503, description = "Billing does not answer", body = documents::Refusal)
    )
)]
pub(super) async fn inject(
    State(sandbox): State<Sandbox>,
    body: Body<Command>,
) -> Result<StatusCode, Refused> {
    let Json(command) = body?;
    match command {
        Command::Script(Script { next }) => script(&sandbox, next),
        Command::Notice(notice) => deliver(&sandbox, notice).await?,
    }
    Ok(StatusCode::NO_CONTENT)
}

fn script(sandbox: &Sandbox, steps: Vec<ScriptStep<PaymentOperation>>) {
    sandbox.payments.script(steps);
}

async fn deliver(sandbox: &Sandbox, notice: Notice) -> Result<(), Refused> {
    let (request, times) = read(notice)?;
    let deliveries = (0..times).map(|_| {
        let mut payments = PaymentServiceClient::new(sandbox.billing.clone());
        let request = request.clone();
        async move { payments.receive_payment_notice(request).await }
    });
    futures::future::try_join_all(deliveries).await?;
    sandbox.activity.settle(PATIENCE).await;
    Ok(())
}

fn read(notice: Notice) -> Result<(ReceivePaymentNoticeRequest, u32), Refused> {
    let name = match (notice.invoice_id, notice.charge_id) {
        (Some(name), None) | (None, Some(name)) => name,
        _ => return Err(Refused::invalid("either invoice_id or charge_id is required")),
    };
    let outcome = match notice.event.as_deref() {
        Some("paid") => PaymentOutcome::Paid,
        Some("failed") => PaymentOutcome::Failed,
        Some("refunded") => PaymentOutcome::Refunded,
        _ => return Err(Refused::invalid("event is paid, failed or refunded")),
    };
    let times = notice.times.unwrap_or(1);
    if !(1..=TIMES_MAX).contains(&times) {
        return Err(Refused::invalid(format!("times is between 1 and {TIMES_MAX}")));
    }
    let request = ReceivePaymentNoticeRequest {
        notice_id: format!("sandbox-{}", Uuid::now_v7()),
        invoice_id: invoice_id(&name)?.to_string(),
        outcome: outcome.into(),
        amount: None,
        occurred_at: None,
    };
    Ok((request, times))
}

/// The simulated provider calls a charge what its invoice is called: "provider:uuid", or the bare
/// UUID. Anything else names nothing.
fn invoice_id(name: &str) -> Result<Uuid, Refused> {
    let bare = name.rsplit_once(':').map_or(name, |(_, id)| id);
    bare.parse().map_err(|_| Refused::not_found("no invoice has this id"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(json: &str) -> Result<(ReceivePaymentNoticeRequest, u32), StatusCode> {
        match serde_json::from_str(json).unwrap() {
            Command::Notice(notice) => read(notice).map_err(|refused| refused.status),
            Command::Script(_) => panic!("a script"),
        }
    }

    #[test]
    fn an_invoice_is_named_with_and_without_its_provider() {
        let id = "0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9d";
        for named in [
            format!(r#"{{"invoice_id": "{id}", "event": "paid"}}"#),
            format!(r#"{{"invoice_id": "sandbox:{id}", "event": "paid"}}"#),
            format!(r#"{{"charge_id": "{id}", "event": "paid", "times": 1}}"#),
        ] {
            let (request, times) = command(&named).unwrap();
            assert_eq!((request.invoice_id.as_str(), times), (id, 1));
            assert_eq!(request.outcome(), PaymentOutcome::Paid);
        }
    }

    #[test]
    fn what_cannot_be_delivered_is_refused() {
        let invalid = Err(StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(command("{}"), invalid);
        assert_eq!(command(r#"{"invoice_id": "x", "event": "lost"}"#), invalid);
        assert_eq!(command(r#"{"invoice_id": "x", "event": "paid", "times": 0}"#), invalid);
        assert_eq!(command(r#"{"invoice_id": "x", "event": "paid"}"#), Err(StatusCode::NOT_FOUND));
    }

    #[test]
    fn a_script_is_told_from_a_notice() {
        let json = r#"{"next": [{"operation": "register", "outcome": "fail", "times": 2}]}"#;
        let Command::Script(script) = serde_json::from_str(json).unwrap() else {
            panic!("a notice")
        };
        assert_eq!(script.next.len(), 1);
    }
}
