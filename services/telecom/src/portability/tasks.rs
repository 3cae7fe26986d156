//! What the outside is asked for: durable jobs, each of which may be run twice.

use std::time::Duration;

use brazil::start_of_day;
use chassis::jobs::{Job, retry_pause};
use chassis::refusal::internal;
use chassis::{Service, crash};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use super::administrator::{AdministratorError, TextMessage, Ticket, TicketStatus};
use super::{DenialReason, Event, PortIn, PortInId, Portability, Status, store};
use crate::error::Error;
use crate::timeline::Actor;

const RETRY_MIN: Duration = Duration::from_millis(500);
const RETRY_MAX: Duration = Duration::from_secs(60);
/// What a document is sealed for.
pub(crate) const DOCUMENT_CONTEXT: &str = "telecom.port_in.document";

/// Something that the outside is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Errand {
    /// Ask the holder; the first time is 0.
    SendSms { ask: i32 },
    /// Submit the ticket.
    Submit,
    /// Ask where the ticket is.
    Poll,
    /// Withdraw the ticket.
    Cancel,
}

/// Runs an errand for a request, until the outside answers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RunErrand {
    port_in_id: PortInId,
    errand: Errand,
    failures: u32,
}

impl RunErrand {
    /// Has it run once the transaction is committed.
    pub(super) async fn enqueue(
        tx: &mut PgConnection,
        service: &Service,
        port_in_id: PortInId,
        errand: Errand,
    ) -> sqlx::Result<()> {
        let job = Self { port_in_id, errand, failures: 0 };
        service.jobs.enqueue(tx, &job, &job.key()).await
    }

    fn key(&self) -> String {
        format!("{}:{:?}", self.port_in_id, self.errand)
    }
}

impl Job for RunErrand {
    const NAME: &'static str = "run_port_in_errand";
    type Context = Portability;

    async fn run(self, portability: Portability) -> anyhow::Result<()> {
        let found = store::find(&portability.service.db, self.port_in_id).await?;
        let Some(port_in) = found else { return Ok(()) };
        let next = match self.errand {
            Errand::SendSms { ask } => portability.send_sms(&port_in, ask).await?,
            Errand::Submit => portability.submit(&port_in).await?,
            Errand::Poll => portability.poll(&port_in).await?,
            Errand::Cancel => portability.withdraw(&port_in).await,
        };
        if let Some(errand) = next {
            portability.later(self, errand).await?;
        }
        // What the outside has to say about it may be there already.
        Ok(portability.take_in_messages().await.map(drop)?)
    }
}

/// What to run after a pause, if anything.
pub(super) type Next = Option<Errand>;

impl Portability {
    async fn send_sms(&self, port_in: &PortIn, ask: i32) -> Result<Next, Error> {
        if !matches!(port_in.status, Status::AwaitingConfirmation | Status::Parked) {
            return Ok(None);
        }
        let text = TextMessage {
            key: format!("{}:{ask}", port_in.port_in_id),
            ticket_id: port_in.port_in_id.0,
            to: port_in.number.clone(),
            text: format!(
                "Portabilidade {}: responda SIM para trazer este numero para a Linha, ou NAO \
                 para cancelar.",
                port_in.protocol
            ),
            sent_at: port_in.asked_at,
        };
        let sent = self.in_time(self.sms.send(text)).await;
        Ok(sent.is_none_or(|sent| sent.is_err()).then_some(Errand::SendSms { ask }))
    }

    /// Submits a ticket. When nothing is known of what became of it, the administrator is asked
    /// before anything is sent again.
    pub(super) async fn submit(&self, port_in: &PortIn) -> Result<Next, Error> {
        if !matches!(port_in.status, Status::Submitted | Status::InTransition) {
            return Ok(None);
        }
        let ticket = self.ticket(port_in)?;
        crash::point("telecom.port_in.before_submission").await;
        let answer = self.in_time(self.administrator.submit(ticket)).await;
        crash::point("telecom.port_in.submitted").await;
        match answer.unwrap_or(Err(AdministratorError::Unavailable)) {
            Ok(()) => self.withdraw_if_closed(port_in).await,
            Err(AdministratorError::Refused(reason)) => {
                self.take_in_events(port_in, denied(reason)).await?;
                Ok(None)
            }
            Err(AdministratorError::Unavailable) => Ok(Some(Errand::Poll)),
        }
    }

    /// A request that was cancelled while its ticket was on the way has the ticket withdrawn
    /// once more: the first withdrawal may have overtaken it.
    async fn withdraw_if_closed(&self, port_in: &PortIn) -> Result<Next, Error> {
        match store::find(&self.service.db, port_in.port_in_id).await? {
            Some(port_in) if !port_in.status.is_open() => Ok(self.withdraw(&port_in).await),
            _ => Ok(None),
        }
    }

    async fn poll(&self, port_in: &PortIn) -> Result<Next, Error> {
        if !matches!(port_in.status, Status::Submitted | Status::InTransition) {
            return Ok(None);
        }
        Ok((!self.ask(port_in).await?).then_some(Errand::Poll))
    }

    /// Asks where a ticket is, and takes in the answer; false when there is none.
    pub(super) async fn ask(&self, port_in: &PortIn) -> Result<bool, Error> {
        let asked = self.in_time(self.administrator.status(port_in.port_in_id.0)).await;
        let Some(Ok(status)) = asked else { return Ok(false) };
        self.take_in_events(port_in, told_by(status)).await?;
        Ok(true)
    }

    async fn withdraw(&self, port_in: &PortIn) -> Next {
        match self.in_time(self.administrator.cancel(port_in.port_in_id.0)).await {
            Some(Ok(()) | Err(AdministratorError::Refused(_))) => None,
            _ => Some(Errand::Cancel),
        }
    }

    fn ticket(&self, port_in: &PortIn) -> Result<Ticket, Error> {
        let submitted_at = port_in.submitted_at.unwrap_or(port_in.updated_at);
        let window =
            port_in.window_on.unwrap_or_else(|| self.rules.window(submitted_at, submitted_at));
        let holder_document = self
            .service
            .keyring
            .open_text(DOCUMENT_CONTEXT, &port_in.document_sealed)
            .map_err(|error| internal(&error))?;
        Ok(Ticket {
            ticket_id: port_in.port_in_id.0,
            number: port_in.number.clone(),
            holder_kind: port_in.holder_kind,
            holder_document,
            window_at: start_of_day(window),
            submitted_at,
        })
    }

    async fn take_in_events(&self, port_in: &PortIn, events: Vec<Event>) -> Result<(), Error> {
        let at = self.service.clock.now();
        let events = &events;
        self.service
            .transaction(|mut tx| {
                Box::pin(async move {
                    let (line, mut port_in) = self.lock(&mut tx, port_in).await?;
                    let actor = Actor::administrator();
                    for event in events.iter().cloned() {
                        self.advance(&mut tx, &line, &mut port_in, event, at, &actor).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Tries again after a pause that doubles with each failure, up to a limit.
    async fn later(&self, job: RunErrand, errand: Errand) -> sqlx::Result<()> {
        let pause = retry_pause(job.failures, RETRY_MIN, RETRY_MAX);
        tracing::warn!(
            port_in_id = %job.port_in_id,
            errand = ?job.errand,
            failures = job.failures + 1,
            pause_ms = pause.as_millis(),
            "the outside does not answer, trying again"
        );
        let job = RunErrand { errand, failures: job.failures.saturating_add(1), ..job };
        self.service.try_again(&job, &job.key(), pause).await
    }

    async fn in_time<T>(&self, answer: impl Future<Output = T>) -> Option<T> {
        tokio::time::timeout(self.timeout, answer).await.ok()
    }
}

fn denied(reason: DenialReason) -> Vec<Event> {
    vec![Event::Acknowledge, Event::Deny(reason)]
}

/// What must have been said for a ticket to be where it is. What was heard already changes
/// nothing.
fn told_by(status: TicketStatus) -> Vec<Event> {
    match status {
        TicketStatus::Unknown => vec![Event::TicketUnknown],
        TicketStatus::Arrived | TicketStatus::Cancelled => vec![],
        TicketStatus::InValidation => vec![Event::Acknowledge],
        TicketStatus::Approved => vec![Event::Acknowledge, Event::Approve],
        TicketStatus::Denied(reason) => denied(reason),
        TicketStatus::Completed => vec![Event::Acknowledge, Event::Approve, Event::Complete],
        TicketStatus::Failed => vec![Event::Acknowledge, Event::Approve, Event::failed(None)],
    }
}
