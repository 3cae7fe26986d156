//! What becomes of calls: what the switch says, and what is done when it says nothing. All of it
//! is taken in as of the moment it belongs to: a clock that was moved far at once changes nothing.

use std::time::Duration as Pause;

use chassis::sweeps::Sweep;
use chassis::{crash, timestamp};
use proto::events::v1::{self as events, CallAnswered, CallCreated, CallEnded};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::course::{State, Told, to_millisecond};
use super::tasks::{EndAtSwitch, FetchRecording, SettleEnded};
use super::{CHECK, CHECK_LOST, Call, Calls, store};
use crate::error::Error;
use crate::switch::{CallId, CallStatus, Direction, HangupCause, Happening, SwitchError};

const LISTEN: Pause = Pause::from_millis(100);
const LOOK: Pause = Pause::from_millis(500);
const BATCH: i64 = 100;

/// Takes in what the switch says.
pub(crate) fn listen(calls: &Calls) -> Sweep {
    let calls = calls.clone();
    Sweep::new("call_events", LISTEN, move || {
        let calls = calls.clone();
        async move { Ok(calls.take_in_events().await?) }
    })
}

/// Pays for minutes that are about to start, and asks what has become of calls of which nothing
/// was heard.
pub(crate) fn look_after(calls: &Calls) -> Sweep {
    let calls = calls.clone();
    Sweep::new("calls", LOOK, move || {
        let calls = calls.clone();
        async move {
            let paid = calls.pay_minutes().await?;
            Ok(paid | calls.check().await?)
        }
    })
}

impl Calls {
    /// Takes in what the switch has to say. Tells whether that was anything.
    ///
    /// # Errors
    /// The database's. What was not taken in stays.
    pub(super) async fn take_in_events(&self) -> Result<bool, Error> {
        let mut any = false;
        loop {
            let said = self.switch.events().await;
            if said.is_empty() {
                return Ok(any);
            }
            let mut taken = Vec::with_capacity(said.len());
            for event in &said {
                match self.happened(event.call_id, event.happening, event.at).await {
                    Ok(()) => taken.push(event.event_id),
                    // It stays where it is, and the others go on.
                    Err(error) => {
                        tracing::error!(call_id = %event.call_id, %error, "an event of a call cannot be taken in for now");
                    }
                }
            }
            crash::point("telecom.call.events_taken").await;
            self.switch.taken_in(&taken).await;
            any |= !taken.is_empty();
            if taken.len() < said.len() {
                return Ok(any);
            }
        }
    }

    /// Takes in what happened to a call.
    pub(super) async fn happened(
        &self,
        call_id: CallId,
        happening: Happening,
        at: OffsetDateTime,
    ) -> Result<(), Error> {
        let at = to_millisecond(at);
        if let Happening::Ended { answered_at: Some(answered_at), .. } = happening {
            // What was said of the answer may be lost, and its minutes are paid for all the same.
            self.take_in(call_id, Happening::Answered, to_millisecond(answered_at)).await?;
        }
        // A minute that started before is paid for before.
        self.pay_minutes_of(call_id, at).await?;
        self.take_in(call_id, happening, at).await
    }

    async fn take_in(
        &self,
        call_id: CallId,
        happening: Happening,
        at: OffsetDateTime,
    ) -> Result<(), Error> {
        let point = match happening {
            Happening::Ringing => "ringing",
            Happening::Answered => "answered",
            Happening::Ended { .. } | Happening::NotBegun { .. } => "ended",
        };
        crash::point(&format!("telecom.call.before_{point}")).await;
        let taken_in = self.service.transaction(|mut tx| {
            Box::pin(async move {
                let Some(mut call) = store::lock(&mut tx, call_id).await? else { return Ok(()) };
                match call.course.apply(happening, at) {
                    Some(told) => self.write(&mut tx, &mut call, told, at).await,
                    None => Ok::<_, Error>(()),
                }
            })
        });
        taken_in.await?;
        crash::point(&format!("telecom.call.{point}")).await;
        Ok(())
    }

    /// Writes a call that went on, tells of it, and has done what follows.
    pub(super) async fn write(
        &self,
        tx: &mut PgConnection,
        call: &mut Call,
        told: &[Told],
        at: OffsetDateTime,
    ) -> Result<(), Error> {
        call.seen(at, &self.rules);
        store::save(tx, call).await?;
        self.tell(tx, call, told).await?;
        if call.course.state == State::Ended {
            self.finish(tx, call).await?;
        }
        Ok(())
    }

    /// What follows from the end of a call.
    async fn finish(&self, tx: &mut PgConnection, call: &Call) -> Result<(), Error> {
        store::count_ended(tx, call).await?;
        if call.direction == Direction::Outbound {
            SettleEnded::enqueue(tx, &self.service, call).await?;
        }
        if call.record_audio && call.course.answered_at.is_some() {
            FetchRecording::enqueue(tx, &self.service, call.call_id).await?;
        }
        Ok(())
    }

    async fn tell(&self, tx: &mut PgConnection, call: &Call, told: &[Told]) -> sqlx::Result<()> {
        let outbox = &self.service.outbox;
        for told in told {
            let event = Some(event(call, *told));
            match told {
                Told::Created => {
                    outbox.publish(tx, call.call_id, &CallCreated { call: event }).await?;
                }
                Told::Answered => {
                    outbox.publish(tx, call.call_id, &CallAnswered { call: event }).await?;
                }
                Told::Ended => {
                    outbox.publish(tx, call.call_id, &CallEnded { call: event }).await?;
                }
            }
        }
        Ok(())
    }

    /// Ends a call here, and has the switch end it; false when it was over before.
    pub(super) async fn end(
        &self,
        tx: &mut PgConnection,
        call_id: CallId,
        (cause, at): (HangupCause, OffsetDateTime),
    ) -> Result<bool, Error> {
        let Some(mut call) = store::lock(tx, call_id).await? else { return Ok(false) };
        let end = match call.course.state {
            State::Requested | State::Ended => return Ok(false),
            State::Dialled => Happening::NotBegun { cause },
            State::Ringing | State::Answered => Happening::Ended { cause, answered_at: None },
        };
        let Some(told) = call.course.apply(end, at) else { return Ok(false) };
        self.write(tx, &mut call, told, at).await?;
        EndAtSwitch::enqueue(tx, &self.service, call_id, cause).await?;
        Ok(true)
    }

    /// Asks what has become of calls of which nothing was heard. Tells whether there were any.
    pub(super) async fn check(&self) -> Result<bool, Error> {
        let mut any = false;
        loop {
            let now = self.service.clock.now();
            let due = store::checks_due(&self.service.db, now, BATCH).await?;
            let mut went_on = false;
            for call_id in &due {
                match self.check_call(*call_id).await {
                    Ok(()) => went_on = true,
                    Err(error) => {
                        tracing::error!(%call_id, %error, "a call cannot be looked after for now");
                    }
                }
            }
            if !went_on {
                return Ok(any);
            }
            any = true;
        }
    }

    pub(super) async fn check_call(&self, call_id: CallId) -> Result<(), Error> {
        let Some(call) = store::find(&self.service.db, call_id).await? else { return Ok(()) };
        if call.course.state == State::Requested {
            return self.abandon(call_id).await;
        }
        let now = self.service.clock.now();
        match self.in_time(self.switch.status(call_id)).await {
            Ok(CallStatus::Ended(happening, at)) => {
                self.happened(call_id, happening, at).await?;
                Ok(())
            }
            Ok(CallStatus::Live { answered_at }) => {
                if let Some(answered_at) = answered_at {
                    self.happened(call_id, Happening::Answered, answered_at).await?;
                }
                self.put_off(call_id, |call| call.seen(now, &self.rules)).await
            }
            Ok(CallStatus::Unknown) | Err(SwitchError::Refused(_)) => self.lost(&call, true).await,
            Err(SwitchError::Unavailable) => self.lost(&call, false).await,
        }
    }

    /// Notes that the switch does not have a call, or does not say so; after long enough, the call
    /// is over as of the moment at which it was there last.
    async fn lost(&self, call: &Call, known: bool) -> Result<(), Error> {
        let Some(checked_at) = call.check_at else { return Ok(()) };
        let since = call.lost_at.unwrap_or(call.seen_at);
        let give_up_at = since + self.rules.lost_after;
        if checked_at >= give_up_at {
            let (cause, seen_at) = (HangupCause::RecoveryOnTimerExpire, call.seen_at);
            tracing::warn!(call_id = %call.call_id, "a call that the switch lost is settled");
            let ended = self.service.transaction(|mut tx| {
                Box::pin(async move { self.end(&mut tx, call.call_id, (cause, seen_at)).await })
            });
            ended.await?;
            return Ok(());
        }
        let (rules, now) = (self.rules, self.service.clock.now());
        self.put_off(call.call_id, |call| {
            if known {
                call.lost_at = call.lost_at.or(Some(checked_at));
                call.time_minute(&rules);
            }
            let give_up_at = call.lost_at.unwrap_or(call.seen_at) + rules.lost_after;
            let pause = if call.lost_at.is_some() { CHECK_LOST } else { CHECK };
            call.check_at = Some((now + pause).min(give_up_at));
        })
        .await
    }

    /// Sets the timers of a call that goes on.
    async fn put_off(&self, call_id: CallId, set: impl Fn(&mut Call) + Sync) -> Result<(), Error> {
        let set = &set;
        let set_anew = self.service.transaction(|mut tx| {
            Box::pin(async move {
                let found = store::lock(&mut tx, call_id).await?;
                if let Some(mut call) = found.filter(|call| call.course.state != State::Ended) {
                    set(&mut call);
                    store::save(&mut tx, &call).await?;
                }
                Ok::<_, Error>(())
            })
        });
        set_anew.await
    }

    /// Removes a request that nobody paid for; what may be reserved for it is freed.
    async fn abandon(&self, call_id: CallId) -> Result<(), Error> {
        let abandoned = self.service.transaction(|mut tx| {
            Box::pin(async move {
                let found = store::lock(&mut tx, call_id).await?;
                if let Some(call) = found.filter(|call| call.course.state == State::Requested) {
                    SettleEnded::enqueue(&mut tx, &self.service, &call).await?;
                    store::delete_request(&mut tx, call_id).await?;
                }
                Ok::<_, Error>(())
            })
        });
        abandoned.await
    }
}

/// A call as others hear of it.
fn event(call: &Call, told: Told) -> events::Call {
    let (caller, called) = call.parties();
    // Told at once with what came later, it still says what was true then.
    let answered_at = call.course.answered_at.filter(|_| told != Told::Created);
    let end = call.course.end.filter(|_| told == Told::Ended);
    events::Call {
        call_id: call.call_id.to_string(),
        company_id: call.company_id.to_string(),
        domain: call.domain.clone(),
        direction: call.direction.as_str().to_owned(),
        caller: caller.to_owned(),
        called: called.to_owned(),
        started_at: Some(timestamp::to_proto(call.course.started_at)),
        answered_at: answered_at.map(timestamp::to_proto),
        ended_at: end.map(|(ended_at, _)| timestamp::to_proto(ended_at)),
        duration: end.map(|_| call.course.duration_seconds()).unwrap_or_default(),
        hangup_cause: end.map(|(_, cause)| cause.as_str().to_owned()).unwrap_or_default(),
        hangup_cause_code: end.map(|(_, cause)| cause.code()).unwrap_or_default(),
        is_recorded: call.record_audio && call.course.answered_at.is_some(),
        metadata_json: call.metadata.clone(),
    }
}
