//! What the outside says, and the periods that end in silence. Both are taken in as of the moment
//! they belong to: a clock that was moved far at once changes nothing.

use std::time::Duration;

use chassis::sweeps::Sweep;
use chassis::{Service, crash};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::administrator::{Message, Saying};
use super::{Event, PortIn, PortInId, Portability, Refusal, Timer, store};
use crate::error::Error;
use crate::lines::Line;
use crate::timeline::Actor;

const CHECK: Duration = Duration::from_secs(5);
const BATCH: i64 = 100;
const FORGET: Duration = Duration::from_hours(1);
const FORGOTTEN_BATCH: i64 = 1_000;
/// How long a message may come again, counted from when it came first. Of an open request nothing
/// is forgotten.
const REPEATED_FOR: time::Duration = time::Duration::days(90);

/// Takes in what the outside has to say, and ends the periods that are over.
pub(crate) fn sweep(portability: &Portability) -> Sweep {
    let portability = portability.clone();
    Sweep::new("port_ins", CHECK, move || {
        let portability = portability.clone();
        async move {
            // One period at a time, since what was said before the next one ends comes first.
            let mut any = false;
            while portability.take_in_messages().await? | portability.end_periods().await? {
                any = true;
            }
            Ok(any)
        }
    })
}

/// Forgets messages that will not come again.
pub(crate) fn forget_messages(service: &Service) -> Sweep {
    let service = service.clone();
    Sweep::new("forget_port_in_messages", FORGET, move || {
        let service = service.clone();
        async move {
            let before = service.clock.now() - REPEATED_FOR;
            while store::forget_messages(&service.db, before, FORGOTTEN_BATCH).await? {}
            Ok(false)
        }
    })
}

impl Portability {
    /// Takes in the messages that wait; tells whether there were any.
    pub(super) async fn take_in_messages(&self) -> Result<bool, Error> {
        let Ok(Ok(messages)) =
            tokio::time::timeout(self.timeout, self.administrator.messages()).await
        else {
            tracing::warn!("the administrator's messages cannot be read");
            return Ok(false);
        };
        if messages.is_empty() {
            return Ok(false);
        }
        let mut taken = Vec::with_capacity(messages.len());
        for message in messages {
            let message_id = message.message_id.clone();
            match self.receive(&message).await {
                Ok(_) => taken.push(message_id),
                Err(Error::PortIn(Refusal::NotFound)) => {
                    tracing::warn!(message_id, "a message is about no request of ours");
                    taken.push(message_id);
                }
                // It stays where it is, and the others go on.
                Err(error) => {
                    tracing::error!(message_id, %error, "a message cannot be taken in for now");
                }
            }
        }
        if taken.is_empty() {
            return Ok(false);
        }
        crash::point("telecom.port_in.messages_taken").await;
        let removed = tokio::time::timeout(self.timeout, self.administrator.taken_in(&taken)).await;
        // They come again, and change nothing then.
        Ok(matches!(removed, Ok(Ok(()))))
    }

    /// Takes in a message, once.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub(super) async fn receive(&self, message: &Message) -> Result<PortIn, Error> {
        let meant = self.meant(message).await?;
        self.take_in(&meant, message).await
    }

    /// The request that a message is about.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub(crate) async fn meant(&self, message: &Message) -> Result<PortIn, Error> {
        let meant = message.ticket_id.map(PortInId);
        let found = store::meant(&self.service.db, &message.number, meant).await?;
        Ok(found.ok_or(Refusal::NotFound)?)
    }

    /// Takes in a message about a request, once.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn take_in(&self, meant: &PortIn, message: &Message) -> Result<PortIn, Error> {
        let now = self.service.clock.now();
        let said_at = message.said_at.min(now);
        let port_in = self
            .service
            .transaction(|mut tx| {
                Box::pin(async move {
                    let (line, mut port_in) = self.lock(&mut tx, meant).await?;
                    let message_id = &message.message_id;
                    if !store::take_in(&mut tx, message_id, port_in.port_in_id, now).await? {
                        return Ok(port_in);
                    }
                    self.end_periods_before(&mut tx, &line, &mut port_in, said_at).await?;
                    self.hear(&mut tx, &line, &mut port_in, &message.saying, said_at).await?;
                    if message.saying == Saying::Complete {
                        crash::point("telecom.port_in.before_completion").await;
                    }
                    Ok::<_, Error>(port_in)
                })
            })
            .await?;
        if message.saying == Saying::Complete {
            crash::point("telecom.port_in.completed").await;
        }
        Ok(port_in)
    }

    async fn hear(
        &self,
        tx: &mut PgConnection,
        line: &Line,
        port_in: &mut PortIn,
        saying: &Saying,
        said_at: OffsetDateTime,
    ) -> Result<(), Error> {
        let actor = match (saying, line.user_id()) {
            (Saying::Confirm | Saying::Refuse, Some(user_id)) => Actor::holder(user_id),
            _ => Actor::administrator(),
        };
        self.advance(tx, line, port_in, Event::from(saying), said_at, &actor).await
    }

    /// Ends the periods that were over when something was said.
    async fn end_periods_before(
        &self,
        tx: &mut PgConnection,
        line: &Line,
        port_in: &mut PortIn,
        said_at: OffsetDateTime,
    ) -> Result<(), Error> {
        while let Some((due_at, timer)) = port_in.due(&self.rules)
            && due_at <= said_at
        {
            self.end_period(tx, line, port_in, due_at, timer).await?;
        }
        Ok(())
    }

    async fn end_period(
        &self,
        tx: &mut PgConnection,
        line: &Line,
        port_in: &mut PortIn,
        due_at: OffsetDateTime,
        timer: Timer,
    ) -> Result<(), Error> {
        let at = if timer.is_about_asking() { self.service.clock.now() } else { due_at };
        let actor = Actor::service(self.service.name);
        self.advance(tx, line, port_in, Event::Timer(timer), at, &actor).await
    }

    /// Ends one period of each of the requests whose time has come; tells whether there were any.
    pub(super) async fn end_periods(&self) -> Result<bool, Error> {
        let now = self.service.clock.now();
        let mut any = false;
        for port_in_id in store::due(&self.service.db, now, BATCH).await? {
            match self.end_period_of(port_in_id, now).await {
                Ok(()) => any = true,
                Err(error) => {
                    tracing::error!(%port_in_id, %error, "a period of a port-in cannot be ended");
                }
            }
        }
        Ok(any)
    }

    async fn end_period_of(&self, port_in_id: PortInId, now: OffsetDateTime) -> Result<(), Error> {
        let Some(port_in) = store::find(&self.service.db, port_in_id).await? else {
            return Ok(());
        };
        if port_in.due(&self.rules).is_some_and(|(_, timer)| timer == Timer::WindowOver) {
            // The last chance to hear of a number that has changed over after all.
            self.ask(&port_in).await?;
        }
        let port_in = &port_in;
        self.service
            .transaction(|mut tx| {
                Box::pin(async move {
                    let (line, mut port_in) = self.lock(&mut tx, port_in).await?;
                    match port_in.due(&self.rules) {
                        Some((due_at, timer)) if due_at <= now => {
                            self.end_period(&mut tx, &line, &mut port_in, due_at, timer).await
                        }
                        // The periods are not what they were when it was written.
                        later => {
                            let due_at = later.map(|(due_at, _)| due_at);
                            Ok(store::save(&mut tx, &port_in, due_at).await?)
                        }
                    }
                })
            })
            .await
    }

    /// Locks a request's line, and then the request.
    pub(super) async fn lock(
        &self,
        tx: &mut PgConnection,
        port_in: &PortIn,
    ) -> Result<(Line, PortIn), Error> {
        let line = self.lines.lock(tx, port_in.line_id).await?;
        let port_in = store::lock(tx, port_in).await?.ok_or(Refusal::NotFound)?;
        Ok((line, port_in))
    }
}

impl From<&Saying> for Event {
    fn from(saying: &Saying) -> Self {
        match saying {
            Saying::Confirm => Self::Confirm,
            Saying::Refuse => Self::Refuse,
            Saying::Acknowledge => Self::Acknowledge,
            Saying::Approve => Self::Approve,
            Saying::Deny(reason) => Self::Deny(*reason),
            Saying::Complete => Self::Complete,
            Saying::Fail(reason) => Self::failed(reason.as_deref()),
        }
    }
}
