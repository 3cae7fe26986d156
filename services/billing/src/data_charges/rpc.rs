//! The event that charges a top-up.

use brazil::Cents;
use chassis::events::HandlerError;
use chassis::refusal::{Fields, Rule, invalid};
use chassis::{crash, timestamp};
use proto::events::v1::DataToppedUp;
use sqlx::PgConnection;
use tonic::Status;
use uuid::Uuid;

use super::{DataCharge, store};
use crate::line_charges::{self, Payer};
use crate::period::Period;

/// The path of what an event says.
const EVENT: &str = "event.data";

/// Charges a top-up, once, in the month in which it was given; in the next one that is still open
/// if the run of that month has begun.
///
/// # Errors
/// When the event does not say what is to be charged, or the database fails.
pub(crate) async fn data_topped_up(
    tx: &mut PgConnection,
    event: DataToppedUp,
) -> Result<(), HandlerError> {
    let charge = parse(&event)?;
    let closing = line_charges::closing(tx).await?;
    let period = closing.taken_by(Period::of(brazil::local_date(charge.given_at)));
    store::insert(tx, &charge, period).await?;
    crash::point("billing.data_topped_up.before_commit").await;
    Ok(())
}

fn parse(event: &DataToppedUp) -> Result<DataCharge, Status> {
    let mut fields = Fields::new();
    let line_id = fields.required("line_id", &event.line_id);
    let company_id = fields.optional("company_id", event.company_id.as_deref());
    let user_id = fields.optional("user_id", event.user_id.as_deref());
    let top_up_id = Uuid::parse_str(&event.top_up_id);
    let given_at = timestamp::parse(&mut fields, EVENT, event.given_at.as_ref());
    if event.quantity_mb <= 0 || event.unit_price_cents < 0 || event.total_cents < 0 {
        fields.refuse_as(EVENT, Rule::Format, "is no quantity at a price");
    }
    fields.check()?;
    let (Some(line_id), Ok(top_up_id), Some(payer), Some(given_at)) =
        (line_id, top_up_id, Payer::of(company_id, user_id), given_at)
    else {
        return Err(invalid(EVENT, "names no top-up, no payer, or no time"));
    };
    Ok(DataCharge {
        top_up_id,
        line_id,
        payer,
        quantity_mb: event.quantity_mb,
        unit_price: Cents::new(event.unit_price_cents),
        total: Cents::new(event.total_cents),
        given_at,
    })
}

#[cfg(test)]
mod tests;
