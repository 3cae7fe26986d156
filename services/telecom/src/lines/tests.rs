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
    ChangeSimCard,
    ChangeNumber,
    ChangePlan,
    ChangeCompany,
    Attribute,
    SetTag,
    Block(BlockReason),
    Unblock(BlockReason),
    Cancel,
}

impl Deed {
    fn to(self, line: &mut Line) -> Result<Option<LineEvent>, Refusal> {
        match self {
            Self::Approve => line.approve(NOW).map(Some),
            Self::TakeNumber => line.take_number(number(), NOW).map(Some),
            Self::Activate => line.activate(NOW).map(Some),
            Self::RefuseActivation => line.refuse_activation("no".to_owned(), NOW).map(Some),
            Self::ChangeSimCard => line.change_sim_card(iccid(1), NOW).map(Some),
            Self::ChangeNumber => line.change_number(number(), false, NOW).map(Some),
            Self::ChangePlan => line.change_plan(PlanId::generate(), NOW),
            Self::ChangeCompany => line.change_company(CompanyId::generate(), NOW),
            Self::Attribute => line.attribute(UserId::generate(), false, NOW),
            Self::SetTag => line.set_tag(Some("Support".to_owned()), NOW),
            Self::Block(reason) => line.block(reason, NOW),
            Self::Unblock(reason) => line.unblock(reason, NOW),
            Self::Cancel => Ok(line.cancel(NOW)),
        }
    }
}

fn deed() -> impl Strategy<Value = Deed> {
    let reason = prop_oneof![
        Just(BlockReason::Theft),
        Just(BlockReason::Loss),
        Just(BlockReason::Misuse),
        Just(BlockReason::NoPay),
    ];
    prop_oneof![
        2 => Just(Deed::Approve),
        2 => Just(Deed::TakeNumber),
        2 => Just(Deed::Activate),
        1 => Just(Deed::RefuseActivation),
        1 => Just(Deed::ChangeSimCard),
        1 => Just(Deed::ChangeNumber),
        1 => Just(Deed::ChangePlan),
        1 => Just(Deed::ChangeCompany),
        1 => Just(Deed::Attribute),
        1 => Just(Deed::SetTag),
        4 => reason.clone().prop_map(Deed::Block),
        4 => reason.prop_map(Deed::Unblock),
        1 => Just(Deed::Cancel),
    ]
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    prop::collection::vec(deed(), 0..40)
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
        && (line.status == Status::Blocked) != line.blocks.is_empty()
        && (!line.awaiting_approval || line.status == Status::Pending)
        && (line.activation_refused.is_none() || line.status == Status::Pending)
}

/// Statuses that may follow one another without a word, as the contract has it.
fn may_follow(before: Status, after: Status) -> bool {
    use Status::{Active, Blocked, Cancelled, Ordered, Pending};
    before == after
        || matches!(
            (before, after),
            (Pending, Ordered)
                | (Ordered, Pending)
                | (Pending, Active)
                | (Active, Blocked)
                | (Blocked, Active)
                | (Ordered | Pending | Active | Blocked, Cancelled)
        )
}

proptest! {
    #[test]
    fn whatever_is_done_to_a_line_it_stays_sound(approved: bool, deeds in deeds()) {
        let mut line = if approved {
            Line::order(new_line(), "x", NOW).0
        } else {
            Line::request(new_line(), "x", NOW).0
        };
        let mut reasons = BTreeSet::new();
        for deed in deeds {
            let before = line.clone();
            let outcome = deed.to(&mut line);
            match outcome {
                Ok(Some(LineEvent::Blocked(reason))) => prop_assert!(reasons.insert(reason)),
                Ok(Some(LineEvent::Unblocked(reason))) => prop_assert!(reasons.remove(&reason)),
                Ok(Some(LineEvent::Cancelled)) => reasons.clear(),
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => prop_assert_eq!(&line, &before, "nothing changed"),
            }
            prop_assert!(is_sound(&line), "{:?}", line);
            prop_assert!(may_follow(before.status, line.status), "{:?} {:?}", before, line);
            prop_assert_eq!(&line.blocks, &reasons);
            prop_assert!(!line.awaiting_approval || line.phone_number.is_none());
            if before.status == Status::Cancelled {
                prop_assert_eq!(&line, &before, "nothing brings back an end");
                let says_so = !matches!(outcome, Ok(Some(_)));
                prop_assert!(says_so, "{:?}", outcome);
            }
        }
    }

    #[test]
    fn a_line_is_born_once_and_in_order(approved: bool, deeds in deeds()) {
        let mut line = Line::order(new_line(), "x", NOW).0;
        let mut expected = vec![LineEvent::NumberTaken, LineEvent::Activated];
        if !approved {
            line = Line::request(new_line(), "x", NOW).0;
            expected.insert(0, LineEvent::Approved);
        }
        let mut happened = vec![];
        for deed in deeds {
            let event = deed.to(&mut line).ok().flatten();
            happened.extend(event.filter(|event| expected.contains(event)));
        }
        prop_assert!(expected.starts_with(&happened), "{:?}", happened);
    }
}

#[test]
fn each_refusal_says_what_is_wrong() {
    let theft = BlockReason::Theft;
    let mut line = Line::order(new_line(), "x", NOW).0;
    assert_eq!(line.approve(NOW), Err(Refusal::NotAwaitingApproval));
    assert_eq!(line.activate(NOW), Err(Refusal::NotAwaitingCarrier));
    assert_eq!(line.block(theft, NOW), Err(Refusal::NotInService));
    assert_eq!(line.unblock(theft, NOW), Ok(None), "it is without it");
    assert_eq!(line.take_number(number(), NOW), Ok(LineEvent::NumberTaken));
    assert_eq!(line.take_number(number(), NOW), Err(Refusal::NotWaitingForNumber));
    assert_eq!(line.takes_first_sim_card(), Ok(()));
    assert_eq!(line.change_sim_card(iccid(1), NOW), Ok(LineEvent::SimCardChanged));
    assert_eq!(line.takes_first_sim_card(), Err(Refusal::HasSimCard));
    assert_eq!(line.block(theft, NOW), Err(Refusal::NotInService));
    assert_eq!(line.activate(NOW), Ok(LineEvent::Activated));
    assert_eq!(line.block(theft, NOW), Ok(Some(LineEvent::Blocked(theft))));
    assert_eq!(line.block(theft, NOW), Ok(None));
    assert_eq!(line.cancel(NOW), Some(LineEvent::Cancelled));
    assert_eq!(line.cancel(NOW), None);
    let cancelled = Err(Refusal::Cancelled);
    assert_eq!(line.block(theft, NOW), cancelled);
    assert_eq!(line.unblock(theft, NOW), cancelled);
    assert_eq!(line.change_plan(line.plan_id, NOW), cancelled);
    assert_eq!(line.set_tag(None, NOW), cancelled);
    assert_eq!(line.attribute(UserId::generate(), true, NOW), cancelled);
    assert_eq!(line.change_company(CompanyId::generate(), NOW), cancelled);
    assert_eq!(line.change_number(number(), false, NOW), Err(Refusal::Cancelled));
    assert_eq!(line.change_sim_card(iccid(2), NOW), Err(Refusal::Cancelled));

    let mut line = Line::request(new_line(), "x", NOW).0;
    let waits = Refusal::AwaitingApproval;
    assert_eq!(line.change_company(CompanyId::generate(), NOW), Err(waits));
    assert_eq!(line.change_number(number(), false, NOW), Err(waits));
    assert_eq!(line.cancel(NOW), Some(LineEvent::Cancelled));
    assert!(!line.awaiting_approval);
}

#[test]
fn another_number_brings_its_area_along() {
    let mut line = Line::order(new_line(), "x", NOW).0;
    let elsewhere: MobileNumber = "+5511987654321".parse().unwrap();
    assert_eq!(line.change_number(elsewhere.clone(), false, NOW), Ok(LineEvent::NumberTaken));
    assert_eq!(line.area_code, elsewhere.area_code());
    assert_eq!(line.activate(NOW), Ok(LineEvent::Activated));
    assert_eq!(line.change_number(number(), true, NOW), Ok(LineEvent::NumberChanged));
    assert!(line.is_portability && line.area_code == number().area_code());
    assert_eq!(line.change_number(elsewhere, false, NOW), Ok(LineEvent::NumberChanged));
    assert!(!line.is_portability);
}

#[test]
fn another_card_is_a_new_try_at_the_carrier() {
    let mut line = Line::order(new_line(), "x", NOW).0;
    assert_eq!(line.take_number(number(), NOW), Ok(LineEvent::NumberTaken));
    let refused = line.refuse_activation("no-such-card".to_owned(), NOW);
    assert_eq!(refused, Ok(LineEvent::ActivationRefused));
    assert!(!line.awaits_carrier());
    assert_eq!(line.change_sim_card(iccid(1), NOW), Ok(LineEvent::SimCardChanged));
    assert!(line.awaits_carrier());
}

#[test]
fn a_line_is_shown_but_never_hidden_again() {
    let mut line = Line::order(new_line(), "x", NOW).0;
    let user_id = UserId::generate();
    assert_eq!(line.attribute(user_id, false, NOW), Ok(Some(LineEvent::UserChanged)));
    assert!(!line.visible_to_user);
    assert_eq!(line.attribute(user_id, false, NOW), Ok(None));
    assert_eq!(line.attribute(user_id, true, NOW), Ok(Some(LineEvent::Shown)));
    assert_eq!(line.attribute(user_id, false, NOW), Ok(None));
    assert!(line.visible_to_user);
}

#[test]
fn an_unapproved_line_takes_no_number() {
    let (mut line, _) = Line::request(new_line(), "x", NOW);
    assert_eq!(line.take_number(number(), NOW), Err(Refusal::NotWaitingForNumber));
    assert_eq!(line.activate(NOW), Err(Refusal::NotAwaitingCarrier));
    assert!(!line.awaits_carrier());
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
