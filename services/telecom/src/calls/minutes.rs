//! The minutes of a call: each is paid for before it starts, and a call whose next minute cannot
//! be paid for ends with the one that is.

use chassis::crash;
use time::OffsetDateTime;

use super::course::State;
use super::credit::{self, Credit};
use super::{CREDIT_PATIENCE, Call, Calls, store};
use crate::error::Error;
use crate::switch::{CallId, HangupCause};

const BATCH: i64 = 100;
/// A day: whoever talks longer has forgotten to hang up. Billing takes no more either.
const MINUTES_MAX: i32 = 1_440;

impl Calls {
    /// Pays for the minutes that are about to start. Tells whether something was done.
    pub(super) async fn pay_minutes(&self) -> Result<bool, Error> {
        let mut any = false;
        loop {
            let now = self.service.clock.now();
            // A call that ended by now starts no further minute.
            any |= self.take_in_events().await?;
            let due = store::minutes_due(&self.service.db, now, BATCH).await?;
            let mut went_on = false;
            for (call_id, check_first) in &due {
                let done = match check_first {
                    // It may have ended without our hearing of it.
                    true => self.check_call(*call_id).await.map(|()| true),
                    false => self.pay_due_minute(*call_id, now).await,
                };
                match done {
                    Ok(done) => went_on |= done,
                    Err(error) => {
                        tracing::error!(%call_id, %error, "a minute cannot be paid for for now");
                    }
                }
            }
            if !went_on {
                return Ok(any);
            }
            any = true;
        }
    }

    /// Pays for the minutes of a call that started before a moment.
    pub(super) async fn pay_minutes_of(
        &self,
        call_id: CallId,
        until: OffsetDateTime,
    ) -> Result<(), Error> {
        while self.pay_due_minute(call_id, until).await? {}
        Ok(())
    }

    /// Pays for the next minute of a call, if that is due before a moment. Tells whether something
    /// was done about it.
    async fn pay_due_minute(&self, call_id: CallId, until: OffsetDateTime) -> Result<bool, Error> {
        let Some(call) = store::find(&self.service.db, call_id).await? else { return Ok(false) };
        // What happens exactly then happened before the minute.
        let Some(due_at) = call.minute_at.filter(|due_at| *due_at < until) else {
            return Ok(false);
        };
        let Some(boundary) = call.course.end_of_minute(call.minutes_reserved) else {
            return Ok(false);
        };
        let credit = match call.minutes_reserved {
            MINUTES_MAX.. => Ok(Credit::Insufficient),
            minutes => credit::reserve(&self.service, &call, minutes + 1).await,
        };
        match credit {
            Ok(Credit::Reserved(_)) => {
                crash::point("telecom.call.minute_reserved").await;
                self.minute_paid(&call).await?;
            }
            Ok(Credit::Insufficient | Credit::Settled) if due_at < boundary => {
                self.minute_refused(&call).await?;
            }
            Ok(Credit::Insufficient | Credit::Settled) => self.cut_off(&call, boundary).await?,
            // Nobody is cut off because billing is away for a moment.
            Err(_) if self.service.clock.now() < boundary + CREDIT_PATIENCE => return Ok(false),
            Err(_) => self.cut_off(&call, boundary).await?,
        }
        Ok(true)
    }

    async fn minute_paid(&self, seen: &Call) -> Result<(), Error> {
        self.update(seen, |call| {
            call.minutes_reserved += 1;
            call.minute_refused = false;
        })
        .await
    }

    /// There is a last chance when the minute that is paid for is over.
    async fn minute_refused(&self, seen: &Call) -> Result<(), Error> {
        self.update(seen, |call| call.minute_refused = true).await
    }

    async fn update(&self, seen: &Call, set: impl Fn(&mut Call) + Sync) -> Result<(), Error> {
        let set = &set;
        let updated = self.service.transaction(|mut tx| {
            Box::pin(async move {
                let found = store::lock(&mut tx, seen.call_id).await?;
                let same = |call: &Call| {
                    call.course.state == State::Answered
                        && call.minutes_reserved == seen.minutes_reserved
                };
                if let Some(mut call) = found.filter(same) {
                    set(&mut call);
                    call.time_minute(&self.rules);
                    store::save(&mut tx, &call).await?;
                }
                Ok::<_, Error>(())
            })
        });
        updated.await
    }

    async fn cut_off(&self, call: &Call, at: OffsetDateTime) -> Result<(), Error> {
        let cause = HangupCause::AllottedTimeout;
        let cut_off = self.service.transaction(|mut tx| {
            Box::pin(async move { self.end(&mut tx, call.call_id, (cause, at)).await })
        });
        cut_off.await.map(drop)
    }
}
