//! Effects across contexts: published with the transaction that caused them, handed over at
//! least once and in order for each subject, applied once.

mod bus;
mod inbox;
mod nats;
mod outbox;

pub use bus::{Bus, BusConfig, BusKind, DirectBus};
pub(crate) use inbox::Sink;
pub use inbox::{EventHandlers, HandlerError, Received};
pub(crate) use nats::Nats;
pub use outbox::{DeliverEvents, Outbox};

#[cfg(all(test, feature = "testing"))]
mod tests;
