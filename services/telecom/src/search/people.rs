//! Who people are: kept current by identity's events.

use brazil::UserId;
use chassis::events::{EventHandlers, HandlerError};
use chassis::refusal::{Fields, Rule};
use proto::events::v1::UserChanged;
use sqlx::PgConnection;

use super::{Person, store};

/// What searches do about identity's events.
pub(crate) fn hear(handlers: EventHandlers) -> EventHandlers {
    handlers.on::<UserChanged, _>(|tx, received| {
        Box::pin(async move { user_changed(tx, received.envelope.sequence, received.event).await })
    })
}

/// Takes what a person is called now. Events of one person come in order; one that was overtaken
/// all the same changes nothing.
async fn user_changed(
    tx: &mut PgConnection,
    sequence: i64,
    event: UserChanged,
) -> Result<(), HandlerError> {
    let mut fields = Fields::new();
    let user_id: Option<UserId> = fields.required("user_id", &event.user_id);
    if event.email.is_empty() {
        fields.refuse_as("email", Rule::Required, "is required");
    }
    let Some(user_id) = user_id else { return Err(fields.into_status().into()) };
    fields.check()?;
    let person =
        Person { email: event.email, full_name: event.full_name, social_name: event.social_name };
    Ok(store::change_person(tx, user_id, &person, sequence).await?)
}
