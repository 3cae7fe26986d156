//! What is asked of the switch and of billing about calls: durable jobs, each of which may be run
//! twice.

use std::time::Duration;

use brazil::CompanyId;
use chassis::jobs::{Job, retry_pause};
use chassis::{Service, crash};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use super::course::State;
use super::{Call, Calls, PLACE_PATIENCE, credit, store};
use crate::error::Error;
use crate::switch::{CallId, CallStatus, HangupCause, Happening, SwitchError};

const RETRY_MIN: Duration = Duration::from_millis(250);
const RETRY_MAX: Duration = Duration::from_secs(30);
const PLACE_RETRY_MAX: Duration = Duration::from_secs(5);
const END_ATTEMPTS_MAX: u32 = 100;
const RECORDING_ATTEMPTS_MAX: u32 = 20;
/// The largest sound that is kept.
pub(super) const RECORDING_BYTES_MAX: usize = 32 * 1_024 * 1_024;

/// Has the switch make a call.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PlaceCall {
    call_id: CallId,
    failures: u32,
}

impl PlaceCall {
    /// Has it done once the transaction is committed.
    pub(super) async fn enqueue(
        tx: &mut PgConnection,
        service: &Service,
        call_id: CallId,
    ) -> sqlx::Result<()> {
        service.jobs.enqueue(tx, &Self { call_id, failures: 0 }, &call_id.to_string()).await
    }
}

impl Job for PlaceCall {
    const NAME: &'static str = "place_call";
    type Context = Calls;

    async fn run(self, calls: Calls) -> anyhow::Result<()> {
        let found = store::find(&calls.service.db, self.call_id).await?;
        let Some(call) = found.filter(|call| call.course.state == State::Dialled) else {
            return Ok(());
        };
        crash::point("telecom.call.before_switch").await;
        let answer = calls.place(&call).await;
        crash::point("telecom.call.switch_told").await;
        let now = calls.service.clock.now();
        match answer {
            Ok(()) => {}
            Err(SwitchError::Refused(cause)) => {
                calls.happened(self.call_id, Happening::NotBegun { cause }, now).await?;
            }
            Err(SwitchError::Unavailable) if now - call.course.started_at > PLACE_PATIENCE => {
                let cause = HangupCause::NormalTemporaryFailure;
                calls.happened(self.call_id, Happening::NotBegun { cause }, now).await?;
            }
            Err(SwitchError::Unavailable) => {
                let pause = retry_pause(self.failures, RETRY_MIN, PLACE_RETRY_MAX);
                let job = Self { failures: self.failures + 1, ..self };
                let key = job.call_id.to_string();
                calls.service.try_again(&job, &key, pause).await?;
            }
        }
        // What the switch has to say about it may be there already.
        Ok(calls.take_in_events().await.map(drop)?)
    }
}

impl Calls {
    /// Asks for a call that the switch does not have.
    async fn place(&self, call: &Call) -> Result<(), SwitchError> {
        match self.in_time(self.switch.status(call.call_id)).await? {
            CallStatus::Unknown => self.in_time(self.switch.originate(&call.order())).await,
            CallStatus::Live { .. } | CallStatus::Ended(..) => Ok(()),
        }
    }

    /// The sound of a call; none while the switch still has the call, or makes the sound.
    async fn recording(&self, call_id: CallId) -> Result<Option<Vec<u8>>, SwitchError> {
        match self.in_time(self.switch.status(call_id)).await {
            Ok(CallStatus::Live { .. }) => Ok(None),
            Err(SwitchError::Unavailable) => Err(SwitchError::Unavailable),
            Ok(_) | Err(SwitchError::Refused(_)) => {
                self.in_time(self.switch.recording(call_id)).await
            }
        }
    }
}

/// Has the switch end a call that is over for us.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EndAtSwitch {
    call_id: CallId,
    cause: String,
    failures: u32,
}

impl EndAtSwitch {
    /// Has it done once the transaction is committed.
    pub(super) async fn enqueue(
        tx: &mut PgConnection,
        service: &Service,
        call_id: CallId,
        cause: HangupCause,
    ) -> sqlx::Result<()> {
        let job = Self { call_id, cause: cause.as_str().to_owned(), failures: 0 };
        service.jobs.enqueue(tx, &job, &call_id.to_string()).await
    }
}

impl Job for EndAtSwitch {
    const NAME: &'static str = "end_call_at_switch";
    type Context = Calls;

    async fn run(self, calls: Calls) -> anyhow::Result<()> {
        let cause = self.cause.parse().unwrap_or(HangupCause::NormalClearing);
        let answer = calls.in_time(calls.switch.hang_up(self.call_id, cause)).await;
        if matches!(answer, Ok(()) | Err(SwitchError::Refused(_))) {
            return Ok(calls.take_in_events().await.map(drop)?);
        }
        if self.failures >= END_ATTEMPTS_MAX {
            tracing::error!(call_id = %self.call_id, "the switch cannot be told to end a call");
            return Ok(());
        }
        let pause = retry_pause(self.failures, RETRY_MIN, RETRY_MAX);
        let job = Self { failures: self.failures + 1, ..self };
        Ok(calls.service.try_again(&job, &job.call_id.to_string(), pause).await?)
    }
}

/// Has billing charge a call that is over, once, and free what else is reserved for it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SettleEnded {
    company_id: CompanyId,
    call_id: CallId,
    minutes: i32,
    failures: u32,
}

impl SettleEnded {
    /// Has it done once the transaction is committed.
    pub(super) async fn enqueue(
        tx: &mut PgConnection,
        service: &Service,
        call: &Call,
    ) -> sqlx::Result<()> {
        let job = Self {
            company_id: call.company_id,
            call_id: call.call_id,
            minutes: call.charged_minutes(),
            failures: 0,
        };
        service.jobs.enqueue(tx, &job, &call.call_id.to_string()).await
    }
}

impl Job for SettleEnded {
    const NAME: &'static str = "settle_call";
    type Context = Calls;

    async fn run(self, calls: Calls) -> anyhow::Result<()> {
        crash::point("telecom.call.before_settlement").await;
        let Self { company_id, call_id, minutes, failures } = self;
        match credit::settle(&calls.service, company_id, call_id, minutes).await {
            Ok(price) => {
                crash::point("telecom.call.charged").await;
                let now = calls.service.clock.now();
                store::settled(&calls.service.db, call_id, price, now).await?;
                crash::point("telecom.call.settled").await;
                Ok(())
            }
            Err(status) => {
                let pause = retry_pause(failures, RETRY_MIN, RETRY_MAX);
                tracing::warn!(%call_id, code = ?status.code(), "a call is not settled yet");
                let job = Self { company_id, call_id, minutes, failures: failures + 1 };
                Ok(calls.service.try_again(&job, &call_id.to_string(), pause).await?)
            }
        }
    }
}

/// Keeps the sound of a call.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FetchRecording {
    call_id: CallId,
    failures: u32,
}

impl FetchRecording {
    /// Has it done once the transaction is committed.
    pub(super) async fn enqueue(
        tx: &mut PgConnection,
        service: &Service,
        call_id: CallId,
    ) -> sqlx::Result<()> {
        service.jobs.enqueue(tx, &Self { call_id, failures: 0 }, &call_id.to_string()).await
    }
}

impl Job for FetchRecording {
    const NAME: &'static str = "fetch_recording";
    type Context = Calls;

    async fn run(self, calls: Calls) -> anyhow::Result<()> {
        let found = store::find(&calls.service.db, self.call_id).await?;
        let Some(call) = &found else { return Ok(()) };
        match calls.recording(self.call_id).await {
            Ok(Some(content)) if content.len() <= RECORDING_BYTES_MAX => {
                let (now, content) = (calls.service.clock.now(), &content);
                let kept = calls.service.transaction(|mut tx| {
                    Box::pin(async move {
                        store::keep_recording(&mut tx, call, content, now).await?;
                        Ok::<_, Error>(())
                    })
                });
                Ok(kept.await?)
            }
            Ok(Some(content)) => {
                tracing::error!(call_id = %self.call_id, bytes = content.len(), "too long a sound");
                Ok(())
            }
            Err(SwitchError::Refused(_)) => Ok(()),
            Ok(None) | Err(SwitchError::Unavailable) if self.failures < RECORDING_ATTEMPTS_MAX => {
                let pause = retry_pause(self.failures, RETRY_MIN, RETRY_MAX);
                let job = Self { failures: self.failures + 1, ..self };
                Ok(calls.service.try_again(&job, &job.call_id.to_string(), pause).await?)
            }
            Ok(None) | Err(SwitchError::Unavailable) => {
                tracing::warn!(call_id = %self.call_id, "there is no sound of a recorded call");
                Ok(())
            }
        }
    }
}
