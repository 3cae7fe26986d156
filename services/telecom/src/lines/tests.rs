use proptest::prelude::*;

use super::access::LinePermission::{Block, Manage, ManageBilling, Read, RequestPortability};
use super::*;
use crate::testing::{iccid, new_line};

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

fn number() -> MobileNumber {
    "+5541987654321".parse().unwrap()
}

/// Whatever is done to a line, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Approve,
    TakeNumber,
    Activate,
    RefuseActivation,
    PutSimCard,
}

impl Deed {
    fn to(self, line: &mut Line) -> Result<Option<LineEvent>, Refusal> {
        match self {
            Self::Approve => line.approve(NOW).map(Some),
            Self::TakeNumber => line.take_number(number(), NOW).map(Some),
            Self::Activate => line.activate(NOW).map(Some),
            Self::RefuseActivation => line.refuse_activation("no".to_owned(), NOW).map(|_| None),
            Self::PutSimCard => line.put_sim_card(iccid(1), NOW).map(|_| None),
        }
    }
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        Just(Deed::Approve),
        Just(Deed::TakeNumber),
        Just(Deed::Activate),
        Just(Deed::RefuseActivation),
        Just(Deed::PutSimCard),
    ];
    prop::collection::vec(deed, 0..20)
}

/// What the table's row checks say.
fn is_sound(line: &Line) -> bool {
    let numbered = line.phone_number.is_some();
    let state = match line.status {
        Status::Ordered => !numbered,
        Status::Pending => line.awaiting_approval != numbered,
        Status::Active | Status::Blocked => numbered && line.activated_at.is_some(),
        Status::Cancelled => true,
    };
    state
        && numbered == line.number_assigned_at.is_some()
        && (!line.awaiting_approval || line.status == Status::Pending)
        && (line.activation_refused.is_none() || line.status == Status::Pending)
}

proptest! {
    #[test]
    fn a_line_takes_its_steps_once_and_in_order(approved: bool, deeds in deeds()) {
        let (mut line, mut expected) = if approved {
            (Line::order(new_line(), "x", NOW).0, vec![LineEvent::NumberTaken])
        } else {
            let (line, _) = Line::request(new_line(), "x", NOW);
            (line, vec![LineEvent::Approved, LineEvent::NumberTaken])
        };
        expected.push(LineEvent::Activated);

        let mut happened = vec![];
        for deed in deeds {
            let before = line.clone();
            match deed.to(&mut line) {
                Ok(event) => happened.extend(event),
                Err(_) => prop_assert_eq!(&line, &before, "a refusal changes nothing"),
            }
            prop_assert!(is_sound(&line), "{:?}", line);
            prop_assert!(!line.awaiting_approval || line.phone_number.is_none());
        }
        prop_assert!(expected.starts_with(&happened), "{:?}", happened);
    }

    #[test]
    fn nothing_brings_back_an_end(deeds in deeds()) {
        for status in [Status::Blocked, Status::Cancelled] {
            let mut line = Line::order(new_line(), "x", NOW).0;
            line.status = status;
            for deed in &deeds {
                let refused = deed.to(&mut line);
                prop_assert!(*deed == Deed::PutSimCard || refused.is_err());
                prop_assert_eq!(line.status, status);
            }
            prop_assert!(status == Status::Blocked || line.iccid.is_none());
        }
    }
}

#[test]
fn each_refusal_says_what_is_wrong() {
    let mut line = Line::order(new_line(), "x", NOW).0;
    assert_eq!(line.approve(NOW), Err(Refusal::NotAwaitingApproval));
    assert_eq!(line.activate(NOW), Err(Refusal::NotAwaitingCarrier));
    assert_eq!(line.take_number(number(), NOW), Ok(LineEvent::NumberTaken));
    assert_eq!(line.take_number(number(), NOW), Err(Refusal::NotWaitingForNumber));
    assert_eq!(line.put_sim_card(iccid(1), NOW), Ok(LineEvent::SimCardPut));
    assert_eq!(line.put_sim_card(iccid(2), NOW), Err(Refusal::HasSimCard));
    line.status = Status::Cancelled;
    assert_eq!(line.put_sim_card(iccid(2), NOW), Err(Refusal::Cancelled));
}

#[test]
fn an_unapproved_line_takes_no_number() {
    let (mut line, _) = Line::request(new_line(), "x", NOW);
    assert_eq!(line.take_number(number(), NOW), Err(Refusal::NotWaitingForNumber));
    assert_eq!(line.activate(NOW), Err(Refusal::NotAwaitingCarrier));
    assert_eq!(line.awaits_carrier(), None);
}

#[test]
fn a_refused_line_is_not_asked_for_again() {
    let mut line = Line::order(new_line(), "x", NOW).0;
    assert_eq!(line.take_number(number(), NOW), Ok(LineEvent::NumberTaken));
    assert_eq!(line.awaits_carrier(), Some(&number()));
    let refused = line.refuse_activation("no-such-card".to_owned(), NOW);
    assert_eq!(refused, Ok(LineEvent::ActivationRefused));
    assert_eq!(line.awaits_carrier(), None);
}

#[test]
fn who_may_do_what_with_a_line() {
    let all = [Read, RequestPortability, Block, Manage, ManageBilling];
    let of_company = Line::order(new_line(), "x", NOW).0;
    let holder = of_company.user_id;
    let somebody = Some(UserId::generate());
    assert_eq!(of_company.permissions(true, somebody), all);
    assert_eq!(of_company.permissions(true, holder), all);
    assert_eq!(of_company.permissions(false, somebody), [Read]);
    assert_eq!(of_company.permissions(false, None), [Read]);
    assert_eq!(of_company.permissions(false, holder), [Read, RequestPortability, Block]);

    let own = Line { company_id: None, ..of_company.clone() };
    assert_eq!(own.permissions(false, holder), [Read, RequestPortability, Block, ManageBilling]);

    let hidden = Line { visible_to_user: false, ..of_company };
    assert_eq!(hidden.permissions(false, holder), [Read]);
}
