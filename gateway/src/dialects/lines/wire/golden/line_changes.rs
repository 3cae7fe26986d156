//! What is changed of a line, and what happened to it. The line that operations 25, 27 and 28
//! answer is the one that operation 15 does.

use std::collections::HashMap;

use proto::telecom::v1 as telecom;
use serde_json::json;

use super::{YEAR_2022, at, no_complaints, read, written};
use crate::body::Body;
use crate::dialects::lines::wire::{line_changes, people, timeline};

// Operation 25.

#[test]
fn a_lines_user_is_read() {
    let sample = json!({"user_email": "test@mctest.com", "user_name": "Test McTest"});
    let Body(person, _) = read::<people::NamedPerson>(&sample);
    assert_eq!(person.user_email, "test@mctest.com");
    assert_eq!(person.user_name, "Test McTest");
}

// Operation 27.

#[test]
fn an_area_for_a_new_number_is_read() {
    let area_code = |body| {
        let Body(provision, _) = read::<line_changes::NumberProvision>(&body);
        no_complaints(|checks| provision.area_code(checks))
    };
    assert_eq!(area_code(json!({"area_code": "41"})), Some(41));
    assert_eq!(area_code(json!({"area_code": 41})), Some(41));
    assert_eq!(area_code(json!({})), None);
    for bad in ["4", "100", "PR", "", "-41"] {
        let sample = json!({"area_code": bad});
        let Body(provision, _) = read::<line_changes::NumberProvision>(&sample);
        let mut checks = super::Checks::new();
        provision.area_code(&mut checks);
        assert!(checks.pass().is_err(), "{bad}");
    }
}

// Operation 28.

#[test]
fn another_sim_card_is_read() {
    let sample = json!({"newSimCard": "1233211"});
    let Body(change, _) = read::<line_changes::SimCardChange>(&sample);
    assert_eq!(change.new_sim_card, "1233211");
}

// Operation 30.

#[test]
fn another_owner_is_read() {
    let sample = json!({"company_id": "e885e8e1-8925-4e2a-a9e1-d6326b719209"});
    let Body(owner, _) = read::<line_changes::NewOwner>(&sample);
    assert_eq!(owner.company_id, "e885e8e1-8925-4e2a-a9e1-d6326b719209");
}

// Operation 31.

#[test]
fn a_tag_is_read() {
    let Body(tag, _) = read::<line_changes::Tag>(&json!({"tag": "Support team"}));
    assert_eq!(tag.tag.as_deref(), Some("Support team"));
    let Body(tag, _) = read::<line_changes::Tag>(&json!({}));
    assert_eq!(tag.tag, None);
}

// Operation 33.

#[test]
fn a_reason_to_block_is_read() {
    use telecom::BlockReason::{Loss, Misuse, NoPay, Theft};
    for (name, reason) in [("theft", Theft), ("loss", Loss), ("misuse", Misuse), ("no-pay", NoPay)]
    {
        let Body(block, _) = read::<line_changes::Block>(&json!({"reason": name}));
        assert_eq!(block.reason(), reason);
    }
    let unknown = json!({"reason": "spite"}).to_string();
    let refused = crate::body::parse::<line_changes::Block>(unknown.as_bytes());
    assert!(matches!(refused, Err(super::Fault::Malformed(_))));
}

// What the samples do not show.

#[test]
fn a_timeline_is_answered() {
    let entry = telecom::TimelineEntry {
        at: at(YEAR_2022),
        actor_id: "billing".to_owned(),
        actor_kind: "service".to_owned(),
        action: "plan_changed".to_owned(),
        before: HashMap::from([("plan_id".to_owned(), "1".to_owned())]),
        after: HashMap::from([
            ("plan_id".to_owned(), "2".to_owned()),
            ("iccid".to_owned(), "3".to_owned()),
            ("tag".to_owned(), "Support team".to_owned()),
        ]),
        reason: None,
    };
    assert_eq!(
        written(timeline::Timeline::from(vec![entry])),
        json!({
            "entries": [{
                "at": "2022-01-01T00:00:00Z",
                "actor": {"id": "billing", "kind": "service"},
                "action": "plan_changed",
                "before": {"subscription_plan_id": "1"},
                "after": {
                    "simcard_number": "3",
                    "subscription_plan_id": "2",
                    "tag": "Support team"
                },
                "reason": null
            }]
        })
    );
}
