//! Numbers that lines bring along from other operators.

use proto::telecom::v1::{PortIn, PortInStatus};
use serde_json::{Value, json};

use super::{read, written};
use crate::body::Body;
use crate::dialects::lines::wire::portability::{NewPortability, Portability};

// Operations 9 and 29.

#[test]
fn a_request_is_read() {
    let sample = json!({"phone_number": "+5511123456789"});
    let Body(request, _) = read::<NewPortability>(&sample);
    // Not a mobile number; telecom refuses it.
    assert_eq!(request.phone_number, "+5511123456789");
}

// Operation 10.

fn port_in(status: PortInStatus, reason: Option<&str>) -> PortIn {
    PortIn {
        id: "53af5437-dd2b-4efb-84c2-d16c6fffd376".to_owned(),
        phone_number: "+5541999999999".to_owned(),
        status: status.into(),
        status_reason: reason.map(str::to_owned),
        ..PortIn::default()
    }
}

#[test]
fn a_portability_is_answered() {
    assert_eq!(
        written(Portability::from(port_in(PortInStatus::Successful, Some("Deu boa")))),
        json!({
            "id": "53af5437-dd2b-4efb-84c2-d16c6fffd376",
            "status": "SUCCESSFUL",
            "status_reason": "Deu boa",
            "phone_number": "+5541999999999"
        })
    );
}

// What the samples do not show.

#[test]
fn every_status_is_upper_case_and_an_absent_reason_is_null() {
    use PortInStatus as S;
    for (status, name) in [
        (S::Requested, "REQUESTED"),
        (S::AwaitingConfirmation, "AWAITING_CONFIRMATION"),
        (S::Parked, "PARKED"),
        (S::Submitted, "SUBMITTED"),
        (S::InValidation, "IN_VALIDATION"),
        (S::Scheduled, "SCHEDULED"),
        (S::InTransition, "IN_TRANSITION"),
        (S::Successful, "SUCCESSFUL"),
        (S::Denied, "DENIED"),
        (S::Cancelled, "CANCELLED"),
        (S::Failed, "FAILED"),
    ] {
        let answer = written(Portability::from(port_in(status, None)));
        assert_eq!(answer["status"], name);
        assert_eq!(answer["status_reason"], Value::Null);
    }
}
