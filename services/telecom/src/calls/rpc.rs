//! Calls over gRPC.

use brazil::CompanyId;
use chassis::auth::Caller;
use chassis::refusal::{Fields, Rule, internal};
use chassis::timestamp;
use proto::common::v1::Money;
use proto::telecom::v1 as pb;
use proto::telecom::v1::call_service_server::CallService;
use tonic::{Request, Response, Status};

use super::course::State;
use super::dialling::Wanted;
use super::lists::{EndedCall, Owned};
use super::tasks::PlaceCall;
use super::{Call, Calls, dialable, lists, store};
use crate::error::Error;
use crate::extensions::{self, Extension, ExtensionNumber, View, VoiceAccount, voice_account};
use crate::switch::{CallId, Direction, HangupCause};

const METADATA_BYTES_MAX: usize = 4_096;

#[tonic::async_trait]
impl CallService for Calls {
    async fn dial(
        &self,
        request: Request<pb::DialRequest>,
    ) -> Result<Response<pb::DialResponse>, Status> {
        let caller = Caller::of(&request)?;
        let input = request.get_ref();
        let account = self.enter(caller, &input.company_id).await?;
        // Whatever has become of extension and telephone since.
        if let Some(response) = self.service.earlier(&request).await? {
            return self.go_on(&request, response).await;
        }
        let mut fields = Fields::new();
        let number: Option<ExtensionNumber> = fields.required("extension", &input.extension);
        if input.phone.trim().is_empty() {
            fields.refuse_as("phone", Rule::Required, "is required");
        }
        let metadata = read_metadata(&mut fields, &input.metadata_json);
        let Some(number) = number else { return Err(fields.into_status()) };
        fields.check()?;
        let extension = self.extension(&account, &number).await?;
        if !View::of(caller, account.company_id).has(&extension) {
            return Err(Error::NotTheirs.into());
        }
        let phone = dialable(&input.phone).ok_or(Error::InvalidPhone)?;
        let wanted = Wanted { extension: &extension, phone: &phone, metadata: &metadata };
        self.make(&request, &wanted).await
    }

    async fn hang_up(
        &self,
        request: Request<pb::HangUpRequest>,
    ) -> Result<Response<pb::HangUpResponse>, Status> {
        let caller = Caller::of(&request)?;
        let input = request.get_ref();
        let account = self.enter(caller, &input.company_id).await?;
        let call_id: CallId = input.call_id.parse().map_err(|_| Error::CallNotFound)?;
        let call = self.call_of(&account, caller, call_id).await?;
        // It may be over already, or answered.
        self.take_in_events().await.map_err(Status::from)?;
        let now = self.service.clock.now();
        self.pay_minutes_of(call.call_id, now).await.map_err(Status::from)?;
        let response = self
            .service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let found = store::lock(&mut tx, call_id).await?;
                    let answered = found.is_some_and(|call| call.course.state == State::Answered);
                    let cause = match answered {
                        true => HangupCause::NormalClearing,
                        false => HangupCause::OriginatorCancel,
                    };
                    match self.end(&mut tx, call_id, (cause, now)).await? {
                        true => Ok(pb::HangUpResponse {}),
                        false => Err(Error::CallNotFound),
                    }
                })
            })
            .await?;
        self.service.handed_over(call_id).await;
        Ok(response)
    }

    async fn list_calls(
        &self,
        request: Request<pb::ListCallsRequest>,
    ) -> Result<Response<pb::ListCallsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let input = request.get_ref();
        let account = self.enter(caller, &input.company_id).await?;
        let extension_ids = self.own_extensions(&account, caller).await?;
        let owned = Owned { company_id: account.company_id, extension_ids };
        let db = &self.service.reader(&request).await?;
        let (calls, total_size) = lists::list(db, &owned, input.query.clone()).await?;
        let calls = calls.into_iter().map(pb::Call::from).collect();
        Ok(Response::new(pb::ListCallsResponse { calls, total_size }))
    }

    async fn get_recording(
        &self,
        request: Request<pb::GetRecordingRequest>,
    ) -> Result<Response<pb::GetRecordingResponse>, Status> {
        let caller = Caller::of(&request)?;
        let input = request.get_ref();
        let account = self.enter(caller, &input.company_id).await?;
        let call_id: CallId = input.call_id.parse().map_err(|_| Error::RecordingNotFound)?;
        let (extension_id, content) =
            store::find_recording(&self.service.db, account.company_id, call_id)
                .await
                .map_err(|error| internal(&error))?
                .ok_or(Error::RecordingNotFound)?;
        let own = self.own_extensions(&account, caller).await?;
        if own.is_some_and(|own| !own.contains(&extension_id)) {
            return Err(Error::NotTheirs.into());
        }
        Ok(Response::new(pb::GetRecordingResponse { content }))
    }

    async fn call_in(
        &self,
        request: Request<pb::CallInRequest>,
    ) -> Result<Response<pb::CallInResponse>, Status> {
        let caller = Caller::of(&request)?;
        let input = request.get_ref();
        let account = self.enter(caller, &input.company_id).await?;
        if !self.switch.is_simulated() {
            return Err(Error::NoSimulatedSwitch.into());
        }
        let mut fields = Fields::new();
        let number: Option<ExtensionNumber> = fields.required("extension", &input.extension);
        let Some(number) = number else { return Err(fields.into_status()) };
        let extension = self.extension(&account, &number).await?;
        let phone = dialable(&input.phone).ok_or(Error::InvalidPhone)?;
        self.check_online(&extension).await?;
        let (extension, phone) = (&extension, &phone);
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let begin = (Direction::Inbound, State::Dialled, "{}");
                    let call = self.begin(&mut tx, extension, phone, begin).await?;
                    PlaceCall::enqueue(&mut tx, &self.service, call.call_id).await?;
                    let call_id = call.call_id.to_string();
                    Ok::<_, Error>(pb::CallInResponse { call_id })
                })
            })
            .await
    }
}

impl Calls {
    async fn enter(&self, caller: &Caller, company_id: &str) -> Result<VoiceAccount, Status> {
        let mut fields = Fields::new();
        let company_id: Option<CompanyId> = fields.required("company_id", company_id);
        let Some(company_id) = company_id else { return Err(fields.into_status()) };
        voice_account(&self.service, caller, company_id).await
    }

    async fn extension(
        &self,
        account: &VoiceAccount,
        number: &ExtensionNumber,
    ) -> Result<Extension, Status> {
        extensions::store::find_by_number(&self.service.db, account.company_id, number)
            .await
            .map_err(|error| internal(&error))?
            .ok_or_else(|| Error::ExtensionNotFound.into())
    }

    /// A call of the account that goes on, and that the caller may touch.
    async fn call_of(
        &self,
        account: &VoiceAccount,
        caller: &Caller,
        call_id: CallId,
    ) -> Result<Call, Status> {
        let call = store::find(&self.service.db, call_id)
            .await
            .map_err(|error| internal(&error))?
            .filter(|call| call.company_id == account.company_id)
            .ok_or(Error::CallNotFound)?;
        let own = self.own_extensions(account, caller).await?;
        if own.is_some_and(|own| !own.contains(&call.extension_id)) {
            return Err(Error::NotTheirs.into());
        }
        Ok(call)
    }

    /// Extensions whose calls the caller sees; absent means of all.
    async fn own_extensions(
        &self,
        account: &VoiceAccount,
        caller: &Caller,
    ) -> Result<Option<Vec<i64>>, Status> {
        let email = match View::of(caller, account.company_id) {
            View::Whole => return Ok(None),
            View::Own(None) => return Ok(Some(vec![])),
            View::Own(Some(email)) => email,
        };
        let (db, company_id) = (&self.service.db, account.company_id);
        let ids = extensions::store::ids_with_email(db, company_id, email.as_str())
            .await
            .map_err(|error| internal(&error))?;
        Ok(Some(ids))
    }
}

/// Takes a JSON object as it is; none is an empty one.
fn read_metadata(fields: &mut Fields, json: &str) -> String {
    if json.is_empty() {
        return "{}".to_owned();
    }
    let is_object =
        serde_json::from_str::<serde_json::Value>(json).is_ok_and(|value| value.is_object());
    if !is_object {
        fields.refuse_as("metadata_json", Rule::Format, "is not a JSON object");
    } else if json.len() > METADATA_BYTES_MAX {
        fields.refuse("metadata_json", "has more than 4 KiB");
    }
    json.to_owned()
}

impl From<EndedCall> for pb::Call {
    fn from(call: EndedCall) -> Self {
        Self {
            id: call.call_id.to_string(),
            domain: call.domain,
            call_type: call.direction,
            started_at: Some(timestamp::to_proto(call.started_at)),
            ended_at: Some(timestamp::to_proto(call.ended_at)),
            from: call.caller,
            to: call.called,
            duration: call.duration_seconds,
            hangup_cause: call.hangup_cause,
            is_recorded: call.is_recorded,
            email: call.email,
            first_name: Some(call.first_name),
            last_name: call.last_name,
            caller_id: call.caller_id,
            minute_price: Some(Money { cents: call.minute_price.get() }),
            call_price: Some(Money { cents: call.call_price.get() }),
            metadata_json: call.metadata,
        }
    }
}

#[cfg(test)]
mod tests;
