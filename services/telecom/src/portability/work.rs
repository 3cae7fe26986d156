//! What is done with requests for numbers, each within a transaction: steps, and their effects.

use std::sync::Arc;
use std::time::Duration;

use brazil::{LineId, MobileNumber};
use chassis::{Service, timestamp};
use proto::events::v1::PortInChanged;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::administrator::{PortabilityAdministrator, Sms};
use super::machine::Step;
use super::tasks::{Errand, RunErrand};
use super::{
    Effect, Event, HolderKind, NewPortIn, PortIn, PortabilityConfig, Refusal, Rules, store,
};
use crate::error::Error;
use crate::lines::{Line, Lines};
use crate::timeline::{self, Actor, Entry, Facts};

/// Requests for numbers, and the outside that they depend on.
#[derive(Clone)]
pub(crate) struct Portability {
    pub(super) service: Service,
    pub(super) lines: Lines,
    pub(super) administrator: Arc<dyn PortabilityAdministrator>,
    pub(super) sms: Arc<dyn Sms>,
    pub(super) rules: Arc<Rules>,
    /// Longest that the outside may take to answer.
    pub(super) timeout: Duration,
}

impl Portability {
    /// Requests for these lines.
    pub(crate) fn new(
        lines: Lines,
        administrator: Arc<dyn PortabilityAdministrator>,
        sms: Arc<dyn Sms>,
        config: &PortabilityConfig,
    ) -> Self {
        Self {
            service: lines.service().clone(),
            lines,
            administrator,
            sms,
            rules: Arc::new(config.rules()),
            timeout: Duration::from_millis(config.port_in_timeout_ms),
        }
    }

    /// Takes on a request for a line that the transaction has locked.
    ///
    /// # Errors
    /// [`Refusal::LineNotActive`], [`Refusal::NumberNotPortable`], [`Refusal::InProgress`].
    pub(super) async fn request(
        &self,
        tx: &mut PgConnection,
        line: &Line,
        new: NewPortIn,
        number_holder: Option<HolderKind>,
        actor: &Actor,
    ) -> Result<PortIn, Error> {
        if !line.is_active() {
            return Err(Refusal::LineNotActive.into());
        }
        let area_code = line.phone_number().map(MobileNumber::area_code);
        if area_code != Some(new.number.area_code()) || store::is_ours(tx, &new.number).await? {
            return Err(Refusal::NumberNotPortable.into());
        }
        let now = self.service.clock.now();
        let mut port_in = PortIn::request(new, now);
        store::insert(tx, &port_in).await?;
        tell(tx, &self.service, line, &port_in, None, actor).await?;
        self.advance(tx, line, &mut port_in, Event::HolderKnown { number_holder }, now, actor)
            .await?;
        Ok(port_in)
    }

    /// Takes in an event about a request of a line, both of which the transaction has locked.
    pub(super) async fn advance(
        &self,
        tx: &mut PgConnection,
        line: &Line,
        port_in: &mut PortIn,
        event: Event,
        at: OffsetDateTime,
        actor: &Actor,
    ) -> Result<(), Error> {
        let event = match event {
            // Somebody may have added it to the stock meanwhile.
            Event::Complete if store::is_ours(tx, &port_in.number).await? => {
                Event::failed(Some("number-taken"))
            }
            event => event,
        };
        match port_in.apply(event, at, &self.rules) {
            Some(step) => self.carry_out(tx, line, port_in, step, actor).await,
            None => Ok(()),
        }
    }

    /// Writes a step, and does or enqueues what follows from it.
    pub(super) async fn carry_out(
        &self,
        tx: &mut PgConnection,
        line: &Line,
        port_in: &PortIn,
        step: Step,
        actor: &Actor,
    ) -> Result<(), Error> {
        let due_at = port_in.due(&self.rules).map(|(due_at, _)| due_at);
        store::save(tx, port_in, due_at).await?;
        for effect in step.effects {
            match effect {
                Effect::TakeNumber => {
                    self.lines.number_ported_in(tx, line, &port_in.number, actor).await?;
                }
                effect => perform(tx, &self.service, line, port_in, step, *effect, actor).await?,
            }
        }
        Ok(())
    }
}

/// Whether a line has an open request. The transaction has locked the line.
pub(crate) async fn has_open_port_in(
    tx: &mut PgConnection,
    line_id: LineId,
) -> Result<bool, Error> {
    Ok(store::lock_open_of_line(tx, line_id).await?.is_some())
}

/// Ends the open requests of lines that end. The transaction has locked the lines.
pub(crate) async fn cancel_for_lines(
    tx: &mut PgConnection,
    service: &Service,
    lines: &[Line],
    actor: &Actor,
) -> Result<(), Error> {
    let line_ids: Vec<Uuid> = lines.iter().map(|line| line.line_id().into()).collect();
    let with_request = store::with_open(tx, &line_ids).await?;
    for line in lines.iter().filter(|line| with_request.contains(&line.line_id())) {
        cancel_for_line(tx, service, line, actor).await?;
    }
    Ok(())
}

async fn cancel_for_line(
    tx: &mut PgConnection,
    service: &Service,
    line: &Line,
    actor: &Actor,
) -> Result<(), Error> {
    let Some(mut port_in) = store::lock_open_of_line(tx, line.line_id()).await? else {
        return Ok(());
    };
    // What has ended waits for nothing, so no period matters.
    let now = service.clock.now();
    let Some(step) = port_in.apply(Event::LineEnded, now, &Rules::default()) else {
        return Ok(());
    };
    store::save(tx, &port_in, None).await?;
    for effect in step.effects {
        perform(tx, service, line, &port_in, step, *effect, actor).await?;
    }
    Ok(())
}

/// Carries out an effect other than the number's coming.
async fn perform(
    tx: &mut PgConnection,
    service: &Service,
    line: &Line,
    port_in: &PortIn,
    step: Step,
    effect: Effect,
    actor: &Actor,
) -> Result<(), Error> {
    let errand = match effect {
        Effect::SendSms => Errand::SendSms { ask: port_in.asks },
        Effect::SubmitTicket => Errand::Submit,
        Effect::PollTicket => Errand::Poll,
        Effect::CancelTicket => Errand::Cancel,
        Effect::Announce => {
            return Ok(tell(tx, service, line, port_in, Some(step), actor).await?);
        }
        Effect::Alarm => {
            tracing::error!(
                port_in_id = %port_in.port_in_id,
                protocol = port_in.protocol,
                "a number has not changed over, though its window is open for long"
            );
            return Ok(());
        }
        Effect::TakeNumber => return Ok(()),
    };
    Ok(RunErrand::enqueue(tx, service, port_in.port_in_id, errand).await?)
}

/// Records a request's new status, and tells whom it concerns.
async fn tell(
    tx: &mut PgConnection,
    service: &Service,
    line: &Line,
    port_in: &PortIn,
    step: Option<Step>,
    actor: &Actor,
) -> sqlx::Result<()> {
    let mut after = Facts::from([
        ("port_in_status", port_in.status.as_str().to_owned()),
        ("port_in_number", port_in.number.to_string()),
    ]);
    let before = step.map(|step| ("port_in_status", step.from.as_str().to_owned()));
    if before.is_none() {
        after.insert("protocol", port_in.protocol.clone());
    }
    let entry = Entry {
        line_id: port_in.line_id,
        company_id: line.company_id(),
        at: port_in.since,
        actor: actor.clone(),
        action: if before.is_none() { "port_in_requested" } else { "port_in_changed" },
        before: before.into_iter().collect(),
        after,
        reason: port_in.status_reason.clone(),
    };
    timeline::record(tx, &entry).await?;
    let changed = PortInChanged {
        line_id: port_in.line_id.to_string(),
        company_id: line.company_id().map(|id| id.to_string()),
        user_id: line.user_id().map(|id| id.to_string()),
        port_in_id: port_in.port_in_id.to_string(),
        phone_number: port_in.number.to_string(),
        status: port_in.status.as_str().to_owned(),
        status_reason: port_in.status_reason.clone(),
        changed_at: Some(timestamp::to_proto(port_in.since)),
    };
    service.outbox.publish(tx, port_in.line_id, &changed).await
}
