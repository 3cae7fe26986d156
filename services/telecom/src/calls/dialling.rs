//! The making of a call: checked, written down, paid for, and only then given to the switch. Each
//! step may be the last before a crash, and may be done again.

use brazil::{Cents, PhoneNumber};
use chassis::refusal::{internal, refuse_until};
use chassis::{crash, idempotency};
use proto::telecom::v1 as pb;
use sqlx::PgConnection;
use time::Duration;
use tonic::{Code, Request, Response, Status};

use super::course::{Course, State};
use super::credit::{self, Credit};
use super::tasks::{PlaceCall, SettleEnded};
use super::{Call, Calls, REQUEST_PATIENCE, store};
use crate::error::Error;
use crate::extensions::{self, Extension};
use crate::switch::{CallId, Direction, Endpoint, SwitchError};

const WINDOW: Duration = Duration::minutes(1);

fn given_up() -> Status {
    Status::unavailable("the call was given up before it was paid for")
}

/// What somebody wants to be dialled.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) extension: &'a Extension,
    pub(super) phone: &'a PhoneNumber,
    pub(super) metadata: &'a str,
}

impl Calls {
    /// Whether a telephone can take part in a call.
    ///
    /// # Errors
    /// [`Error::ExtensionOffline`]; UNAVAILABLE while the switch does not answer.
    pub(super) async fn check_online(&self, extension: &Extension) -> Result<(), Status> {
        let endpoint =
            Endpoint { domain: extension.domain.clone(), number: extension.number.to_string() };
        match self.in_time(self.switch.is_registered(&endpoint)).await {
            Ok(true) => Ok(()),
            Ok(false) | Err(SwitchError::Refused(_)) => Err(Error::ExtensionOffline.into()),
            Err(SwitchError::Unavailable) => {
                Err(Status::unavailable("the telephone switch does not answer"))
            }
        }
    }

    /// Makes a call. A repeated request finds the call of the first one, and brings it to where
    /// the first one left it.
    ///
    /// # Errors
    /// [`Error::ExtensionOffline`], [`Error::ExtensionBusy`],
    /// [`Error::InsufficientCredits`], RESOURCE_EXHAUSTED /
    /// TOO_MANY_DIALS; UNAVAILABLE while billing does not answer.
    pub(super) async fn make(
        &self,
        request: &Request<pb::DialRequest>,
        wanted: &Wanted<'_>,
    ) -> Result<Response<pb::DialResponse>, Status> {
        self.check_online(wanted.extension).await?;
        let response = self
            .service
            .once(request, |mut tx| {
                Box::pin(async move {
                    let call_id = self.request(&mut tx, wanted).await?;
                    Ok::<_, Error>(pb::DialResponse { call_id: call_id.to_string() })
                })
            })
            .await?;
        crash::point("telecom.dial.requested").await;
        self.go_on(request, response).await
    }

    /// Brings a call to where a request wants it, from wherever an earlier one left it.
    ///
    /// # Errors
    /// [`Error::InsufficientCredits`]; UNAVAILABLE while billing does not answer.
    pub(super) async fn go_on(
        &self,
        request: &Request<pb::DialRequest>,
        response: Response<pb::DialResponse>,
    ) -> Result<Response<pb::DialResponse>, Status> {
        let call_id = response.get_ref().call_id.parse();
        let call_id = call_id.map_err(|error: brazil::InvalidId| internal(&error))?;
        match self.pay(call_id).await {
            // A repeated request may have had more luck.
            Err(refusal) if !self.withdraw(request, call_id, &refusal).await? => Err(refusal),
            _ => Ok(response),
        }
    }

    /// Writes a request down, as long as the extension and the account may.
    async fn request(&self, tx: &mut PgConnection, wanted: &Wanted<'_>) -> Result<CallId, Error> {
        let Wanted { extension, phone, metadata } = *wanted;
        let company_id = extension.company_id;
        let now = self.service.clock.now();
        let limit = self.rules.dials_per_minute;
        if limit > 0 {
            extensions::store::lock_account(tx, company_id).await?;
        }
        let oldest = match limit {
            0 => None,
            limit => store::dialled_since(tx, company_id, now - WINDOW, limit).await?,
        };
        let call = self
            .begin(tx, extension, phone, (Direction::Outbound, State::Requested, metadata))
            .await?;
        if let Some(oldest) = oldest {
            let wait = (oldest + WINDOW - now).max(Duration::SECOND);
            let message = format!("an account makes at most {limit} calls in a minute");
            let wait = wait.try_into().unwrap_or(std::time::Duration::from_secs(60));
            let reason = "TOO_MANY_DIALS";
            let code = Code::ResourceExhausted;
            return Err(refuse_until(code, "telecom", reason, wait, message).into());
        }
        Ok(call.call_id)
    }

    /// Writes down a call of an extension as it is now.
    ///
    /// # Errors
    /// [`Error::ExtensionBusy`], [`Error::ExtensionNotFound`].
    pub(super) async fn begin(
        &self,
        tx: &mut PgConnection,
        extension: &Extension,
        phone: &PhoneNumber,
        (direction, state, metadata): (Direction, State, &str),
    ) -> Result<Call, Error> {
        let (company_id, extension_id) = (extension.company_id, extension.extension_id);
        let extension = extensions::store::hold(tx, company_id, extension_id).await?;
        let now = self.service.clock.now();
        // The line may have gone since: then nothing is shown rather than a false number.
        let caller_id = match extension.profile.caller_id {
            Some(number) if direction == Direction::Outbound => {
                let own = extensions::store::is_own_number(tx, company_id, &number).await?;
                own.then(|| extensions::store::national(&number).to_owned())
            }
            _ => None,
        };
        let check_after = if state == State::Requested { REQUEST_PATIENCE } else { super::CHECK };
        let call = Call {
            call_id: CallId::generate(),
            company_id,
            extension_id,
            domain: extension.domain,
            direction,
            extension: extension.number,
            phone: phone.clone(),
            caller_id,
            email: extension.profile.email,
            first_name: extension.profile.first_name,
            last_name: extension.profile.last_name,
            metadata: metadata.to_owned(),
            record_audio: extension.profile.record_audio,
            course: Course::begin(state, now),
            minutes_reserved: 0,
            minute_price: Cents::ZERO,
            minute_at: None,
            minute_refused: false,
            check_at: Some(now + check_after),
            seen_at: now,
            lost_at: None,
        };
        store::insert(tx, &call).await?;
        Ok(call)
    }

    /// Has the first minute of a requested call reserved, and gives the call to the switch.
    async fn pay(&self, call_id: CallId) -> Result<(), Status> {
        let found = store::find(&self.service.db, call_id).await.map_err(Error::from)?;
        let Some(call) = found else {
            return Err(given_up());
        };
        if call.course.state != State::Requested {
            return Ok(());
        }
        let price = match credit::reserve(&self.service, &call, 1).await? {
            Credit::Reserved(price) => price,
            Credit::Insufficient => return Err(Error::InsufficientCredits.into()),
            Credit::Settled => return Err(given_up()),
        };
        crash::point("telecom.dial.reserved").await;
        self.service
            .transaction(|mut tx| Box::pin(async move { self.paid(&mut tx, call_id, price).await }))
            .await?;
        crash::point("telecom.dial.committed").await;
        Ok(())
    }

    async fn paid(
        &self,
        tx: &mut PgConnection,
        call_id: CallId,
        price: Cents,
    ) -> Result<(), Error> {
        let Some(mut call) = store::lock(tx, call_id).await? else {
            return Err(given_up().into());
        };
        if call.course.state == State::Requested {
            call.course.state = State::Dialled;
            call.minutes_reserved = 1;
            call.minute_price = price;
            call.check_at = Some(self.service.clock.now() + super::CHECK);
            store::save(tx, &call).await?;
            PlaceCall::enqueue(tx, &self.service, call_id).await?;
        }
        Ok(())
    }

    /// Forgets a request that was not paid for, so that it may be made again; true when it was paid
    /// for after all. What billing may have reserved is freed.
    async fn withdraw(
        &self,
        request: &Request<pb::DialRequest>,
        call_id: CallId,
        refusal: &Status,
    ) -> Result<bool, Status> {
        let unsure = refusal.code() != Code::FailedPrecondition;
        let went_on = self.service.transaction(|mut tx| {
            Box::pin(async move {
                if let Some(call) = store::lock(&mut tx, call_id).await? {
                    if call.course.state != State::Requested {
                        return Ok(true);
                    }
                    if unsure {
                        SettleEnded::enqueue(&mut tx, &self.service, &call).await?;
                    }
                    store::delete_request(&mut tx, call_id).await?;
                }
                idempotency::forget(&mut tx, &self.service.keyring, request).await?;
                Ok::<_, Error>(false)
            })
        });
        Ok(went_on.await?)
    }
}
