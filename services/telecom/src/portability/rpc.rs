//! Port-ins over gRPC.

use brazil::{LineId, MobileNumber, start_of_day};
use chassis::auth::Caller;
use chassis::refusal::{Fields, Rule, internal, refuse_field};
use chassis::timestamp;
use proto::telecom::v1 as pb;
use proto::telecom::v1::portability_service_server::PortabilityService;
use sqlx::PgConnection;
use time::OffsetDateTime;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::administrator::{Message, Saying};
use super::neighbours::owner_document;
use super::tasks::DOCUMENT_CONTEXT;
use super::{DenialReason, HolderKind, NewPortIn, PortIn, Portability, Refusal, store};
use crate::error::Error;
use crate::timeline::Actor;

const MESSAGE_ID_MAX: usize = 100;

#[tonic::async_trait]
impl PortabilityService for Portability {
    async fn request_port_in(
        &self,
        request: Request<pb::RequestPortInRequest>,
    ) -> Result<Response<pb::RequestPortInResponse>, Status> {
        let input = request.get_ref();
        let line = self.lines.line_with_permission(&request, &input.line_id).await?;
        let number: MobileNumber = input.phone_number.parse().map_err(invalid_number)?;
        let (owner, company_id, user_id) = (line.owner(), line.company_id(), line.user_id());
        let (document, number_holder) =
            tokio::join!(owner_document(&self.service, owner), self.number_holder(&number),);
        let document = document?.ok_or(Refusal::DocumentMissing)?;
        let document_sealed = self.service.keyring.seal_text(DOCUMENT_CONTEXT, &document);
        let new = &NewPortIn {
            line_id: line.line_id(),
            owner,
            company_id,
            user_id,
            number,
            document_sealed,
        };
        let actor = &Actor::of(Caller::of(&request)?, company_id);
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let line = self.lines.lock(&mut tx, new.line_id).await?;
                    let concerned = (line.owner(), line.company_id(), line.user_id());
                    if concerned != (owner, company_id, user_id) {
                        return Err(Status::aborted("the line has just changed hands").into());
                    }
                    let port_in =
                        self.request(&mut tx, &line, new.clone(), number_holder, actor).await?;
                    Ok::<_, Error>(pb::RequestPortInResponse { port_in: Some(port_in.into()) })
                })
            })
            .await
    }

    async fn get_port_in(
        &self,
        request: Request<pb::GetPortInRequest>,
    ) -> Result<Response<pb::GetPortInResponse>, Status> {
        let line = self.lines.line_with_permission(&request, &request.get_ref().line_id).await?;
        let port_in = store::newest_of_line(&self.service.db, line.line_id())
            .await
            .map_err(|error| internal(&error))?
            .ok_or(Refusal::NotFound)?;
        Ok(Response::new(pb::GetPortInResponse { port_in: Some(port_in.into()) }))
    }

    async fn cancel_port_in(
        &self,
        request: Request<pb::CancelPortInRequest>,
    ) -> Result<Response<pb::CancelPortInResponse>, Status> {
        let line = self.lines.line_with_permission(&request, &request.get_ref().line_id).await?;
        let line_id = line.line_id();
        let actor = &Actor::of(Caller::of(&request)?, line.company_id());
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let port_in = self.cancel(&mut tx, line_id, actor).await?;
                    Ok::<_, Error>(pb::CancelPortInResponse { port_in: Some(port_in.into()) })
                })
            })
            .await
    }

    async fn receive_port_in_message(
        &self,
        request: Request<pb::ReceivePortInMessageRequest>,
    ) -> Result<Response<pb::ReceivePortInMessageResponse>, Status> {
        let message = parse_message(request.into_inner(), self.service.clock.now())?;
        let port_in = self.receive(&message).await?;
        Ok(Response::new(pb::ReceivePortInMessageResponse { port_in: Some(port_in.into()) }))
    }
}

impl Portability {
    /// What the administrator knows of the number's present holder. Without an answer the
    /// request goes on: the donor looks at the holder in any case.
    async fn number_holder(&self, number: &MobileNumber) -> Option<HolderKind> {
        let asked = tokio::time::timeout(self.timeout, self.administrator.holder_kind(number));
        asked.await.ok()?.ok()?
    }

    pub(super) async fn cancel(
        &self,
        tx: &mut PgConnection,
        line_id: LineId,
        actor: &Actor,
    ) -> Result<PortIn, Error> {
        let line = self.lines.lock(tx, line_id).await?;
        let mut port_in =
            store::lock_newest_of_line(tx, line_id).await?.ok_or(Refusal::NotFound)?;
        let step = port_in.cancel(self.service.clock.now(), &self.rules)?;
        self.carry_out(tx, &line, &port_in, step, actor).await?;
        Ok(port_in)
    }
}

fn invalid_number(error: brazil::InvalidMobileNumber) -> Status {
    refuse_field("telecom", "INVALID_PHONE_NUMBER", "phone_number", error.to_string())
}

fn parse_message(
    input: pb::ReceivePortInMessageRequest,
    said_at: OffsetDateTime,
) -> Result<Message, Status> {
    let mut fields = Fields::new();
    let message_id = fields.text("message_id", &input.message_id, 1, MESSAGE_ID_MAX);
    let number = fields.required("phone_number", &input.phone_number);
    let ticket_id: Option<Uuid> = fields.optional("ticket_id", input.ticket_id.as_deref());
    let saying = parse_saying(&mut fields, input.message(), input.reason.as_deref());
    match (message_id, number, saying) {
        (Some(message_id), Some(number), Some(saying)) => {
            fields.check()?;
            Ok(Message { message_id, number, ticket_id, saying, said_at })
        }
        _ => Err(fields.into_status()),
    }
}

fn parse_saying(
    fields: &mut Fields,
    message: pb::PortInMessage,
    reason: Option<&str>,
) -> Option<Saying> {
    Some(match message {
        pb::PortInMessage::Unspecified => {
            fields.refuse_as("message", Rule::Required, "is required");
            return None;
        }
        pb::PortInMessage::Confirm => Saying::Confirm,
        pb::PortInMessage::Refuse => Saying::Refuse,
        pb::PortInMessage::Acknowledge => Saying::Acknowledge,
        pb::PortInMessage::Approve => Saying::Approve,
        pb::PortInMessage::Deny => {
            Saying::Deny(fields.required::<DenialReason>("reason", reason.unwrap_or_default())?)
        }
        pb::PortInMessage::Complete => Saying::Complete,
        pb::PortInMessage::Fail => Saying::Fail(reason.map(str::to_owned)),
    })
}

impl From<PortIn> for pb::PortIn {
    fn from(port_in: PortIn) -> Self {
        let window_at = port_in.window_on.map(start_of_day);
        Self {
            id: port_in.port_in_id.to_string(),
            line_id: port_in.line_id.to_string(),
            phone_number: port_in.number.into(),
            status: pb::PortInStatus::from(port_in.status).into(),
            status_reason: port_in.status_reason,
            protocol: port_in.protocol,
            window_at: window_at.map(timestamp::to_proto),
            created_at: Some(timestamp::to_proto(port_in.created_at)),
            updated_at: Some(timestamp::to_proto(port_in.updated_at)),
        }
    }
}

impl From<super::Status> for pb::PortInStatus {
    fn from(status: super::Status) -> Self {
        match status {
            super::Status::Requested => Self::Requested,
            super::Status::AwaitingConfirmation => Self::AwaitingConfirmation,
            super::Status::Parked => Self::Parked,
            super::Status::Submitted => Self::Submitted,
            super::Status::InValidation => Self::InValidation,
            super::Status::Scheduled => Self::Scheduled,
            super::Status::InTransition => Self::InTransition,
            super::Status::Successful => Self::Successful,
            super::Status::Denied => Self::Denied,
            super::Status::Cancelled => Self::Cancelled,
            super::Status::Failed => Self::Failed,
        }
    }
}

#[cfg(test)]
mod tests;
