use super::*;

fn message(message: pb::PortInMessage) -> pb::ReceivePortInMessageRequest {
    pb::ReceivePortInMessageRequest {
        message_id: "1".to_owned(),
        phone_number: "+5541987654321".to_owned(),
        message: message.into(),
        reason: Some("number-inactive".to_owned()),
        ticket_id: None,
    }
}

fn said(request: pb::ReceivePortInMessageRequest) -> Result<Saying, Vec<String>> {
    let read = parse_message(request, OffsetDateTime::UNIX_EPOCH).map(|message| message.saying);
    read.map_err(|status| {
        let refusal = chassis::refusal::Refusal::of(&status);
        refusal.violations.into_iter().map(|broken| broken.field).collect()
    })
}

#[test]
fn a_message_is_read() {
    use pb::PortInMessage as M;
    for (name, saying) in [
        (M::Confirm, Saying::Confirm),
        (M::Refuse, Saying::Refuse),
        (M::Acknowledge, Saying::Acknowledge),
        (M::Approve, Saying::Approve),
        (M::Deny, Saying::Deny(DenialReason::NumberInactive)),
        (M::Complete, Saying::Complete),
        (M::Fail, Saying::Fail(Some("number-inactive".to_owned()))),
    ] {
        assert_eq!(said(message(name)), Ok(saying));
    }
}

#[test]
fn a_message_that_makes_no_sense_is_refused() {
    let deny = message(pb::PortInMessage::Deny);
    let unknown = pb::ReceivePortInMessageRequest { reason: Some("x".to_owned()), ..deny.clone() };
    assert_eq!(said(unknown), Err(vec!["reason".to_owned()]));
    let without = pb::ReceivePortInMessageRequest { reason: None, ..deny };
    assert_eq!(said(without), Err(vec!["reason".to_owned()]));
    let nothing = pb::ReceivePortInMessageRequest {
        ticket_id: Some("x".to_owned()),
        ..pb::ReceivePortInMessageRequest::default()
    };
    let fields = ["message_id", "phone_number", "ticket_id", "message"].map(str::to_owned);
    assert_eq!(said(nothing), Err(fields.to_vec()));
}

#[test]
fn refusals_have_names() {
    let named = |refusal: Refusal| {
        let status = Status::from(refusal);
        (status.code(), chassis::refusal::Refusal::of(&status).reason)
    };
    use tonic::Code::{AlreadyExists, FailedPrecondition, InvalidArgument, NotFound};
    for (refusal, code, reason) in [
        (Refusal::NotFound, NotFound, "PORT_IN_NOT_FOUND"),
        (Refusal::InProgress, AlreadyExists, "PORT_IN_IN_PROGRESS"),
        (Refusal::NumberNotPortable, InvalidArgument, "INVALID_PHONE_NUMBER"),
        (Refusal::LineNotActive, FailedPrecondition, "LINE_NOT_ACTIVE"),
        (Refusal::DocumentMissing, FailedPrecondition, "HOLDER_DOCUMENT_MISSING"),
        (Refusal::TooLateToCancel, FailedPrecondition, "PORT_IN_TOO_LATE_TO_CANCEL"),
        (Refusal::Closed, FailedPrecondition, "PORT_IN_CLOSED"),
    ] {
        assert_eq!(named(refusal), (code, reason.to_owned()));
    }
}
