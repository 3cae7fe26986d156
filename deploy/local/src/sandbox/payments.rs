//! The payment provider, at the tester's command.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use billing::{BillingType, NewCharge, Payable, PaymentOperation};
use chassis::simulator::{Script, ScriptStep};
use proto::billing::v1::payment_service_client::PaymentServiceClient;
use proto::billing::v1::{PaymentOutcome, ReceivePaymentNoticeRequest};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Body, PATIENCE, Refused, Sandbox, documents};

const TIMES_MAX: u32 = 100;
const ONE_OF: &str = "one of invoice_id, charge_id and chargeId is required";

/// A notice to be delivered, or how the provider answers next.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Command {
    Script(Script<PaymentOperation>),
    Notice(Notice),
}

/// What the provider says of an invoice, which is named by either of two ids, or of a charge for
/// credit.
#[derive(Deserialize, ToSchema)]
#[schema(as = PaymentNotice)]
pub(super) struct Notice {
    /// The invoice, as the API names it or by its UUID.
    invoice_id: Option<String>,
    /// What the provider calls the invoice.
    charge_id: Option<String>,
    /// A charge for credit.
    #[serde(rename = "chargeId")]
    credit_charge_id: Option<String>,
    /// `paid`, `failed` or `refunded`.
    event: Option<String>,
    /// How often the same notice arrives.
    #[schema(minimum = 1, maximum = 100, default = 1)]
    times: Option<u32>,
}

/// Have a payment notified, or script the payment provider
///
/// Operations: `register`, which has an invoice or a charge collected, and `cancel`, which ends that
/// when it was paid otherwise.
#[utoipa::path(
    post, path = "/sandbox/payments", tag = "simulators", operation_id = "commandPayments",
    request_body(content = documents::PaymentCommand, examples(
        ("notice" = (value = json!({
            "invoice_id": "0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9d", "event": "paid", "times": 2
        }))),
        ("credit" = (value = json!({
            "chargeId": "0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9d", "event": "paid"
        }))),
        ("script" = (value = json!({
            "next": [{"operation": "register", "outcome": "fail", "times": 2}]
        })))
    )),
    responses(
        (status = 204, description = "It was taken in, or it will be so"),
        (status = 400, description = "The body cannot be read", body = documents::Refusal),
        (status = 404, description = "No such invoice or charge", body = documents::Refusal),
        (
            status = 409, body = documents::Refusal,
            description = "Its status does not allow it"
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
    let (name, of_charge) = match (notice.invoice_id, notice.charge_id, notice.credit_charge_id) {
        (Some(name), None, None) | (None, Some(name), None) => (name, false),
        (None, None, Some(name)) => (name, true),
        _ => return Err(Refused::invalid(ONE_OF)),
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
    let id = id(&name)?.to_string();
    let (invoice_id, charge_id) = if of_charge { (String::new(), id) } else { (id, String::new()) };
    let request = ReceivePaymentNoticeRequest {
        notice_id: format!("sandbox-{}", Uuid::now_v7()),
        invoice_id,
        outcome: outcome.into(),
        amount: None,
        occurred_at: None,
        charge_id,
    };
    Ok((request, times))
}

/// The simulated provider calls everything what we call it: "provider:uuid", or the bare UUID.
/// Anything else names nothing.
fn id(name: &str) -> Result<Uuid, Refused> {
    let bare = name.rsplit_once(':').map_or(name, |(_, id)| id);
    bare.parse().map_err(|_| Refused::not_found("nothing that can be paid has this id"))
}

/// A charge for credit, as the provider has it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CollectedCharge)]
pub(super) struct Collected {
    /// The charge.
    charge_id: Uuid,
    /// Who is to pay.
    company_id: Uuid,
    /// How much, in cents.
    amount_cents: i64,
    /// How.
    #[schema(value_type = String)]
    billing_type: BillingType,
    /// Until when: ISO 8601.
    due_date: String,
}

/// Read a charge that the payment provider has
///
/// A charge's `invoiceUrl` leads here. A new one arrives within a few seconds.
#[utoipa::path(
    get, path = "/sandbox/payments/{chargeId}", tag = "simulators",
    operation_id = "readCollectedCharge",
    params(("chargeId" = Uuid, Path, description = "A charge for credit")),
    responses(
        (status = 200, description = "As the provider has it", body = Collected),
        (status = 404, description = "The provider has no such charge", body = documents::Refusal)
    )
)]
pub(super) async fn read_collected(
    State(sandbox): State<Sandbox>,
    Path(name): Path<String>,
) -> Result<Json<Collected>, Refused> {
    let charge_id = id(&name)?;
    let charge = sandbox.payments.charge(Payable::Charge(charge_id.into()));
    let Some(NewCharge { company_id, amount, billing_type, due, .. }) = charge else {
        return Err(Refused::not_found("the payment provider has no such charge"));
    };
    Ok(Json(Collected {
        charge_id,
        company_id: company_id.0,
        amount_cents: amount.get(),
        billing_type,
        due_date: due.to_string(),
    }))
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
    fn a_charge_for_credit_has_a_name_of_its_own() {
        let id = "0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9d";
        let named = format!(r#"{{"chargeId": "{id}", "event": "paid"}}"#);
        let (request, _) = command(&named).unwrap();
        assert_eq!((request.invoice_id.as_str(), request.charge_id.as_str()), ("", id));
        let both = format!(r#"{{"chargeId": "{id}", "invoice_id": "{id}", "event": "paid"}}"#);
        assert_eq!(command(&both), Err(StatusCode::UNPROCESSABLE_ENTITY));
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
