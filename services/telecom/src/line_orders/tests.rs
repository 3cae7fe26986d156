use proptest::prelude::*;
use time::macros::datetime;

use super::*;

const NOW: OffsetDateTime = datetime!(2026-11-03 12:00 UTC);

fn all() -> Progress {
    Progress::new(|_| true, NOW)
}

fn states(progress: &Progress) -> Vec<StepState> {
    progress.steps.iter().map(|step| step.state).collect()
}

#[test]
fn steps_follow_each_other() {
    let mut progress = all();
    assert!(!progress.complete(StepName::User, NOW), "the line comes first");
    for name in StepName::ALL {
        assert_eq!((progress.current(), progress.state()), (Some(name), State::Running));
        assert!(progress.wait(name, "not yet", NOW));
        assert!(!progress.wait(name, "not yet", NOW), "that is known");
        assert!(progress.complete(name, NOW));
        assert!(!progress.complete(name, NOW));
    }
    assert_eq!((progress.current(), progress.state()), (None, State::Done));
    assert!(progress.steps.iter().all(|step| step.reason.is_none()));
}

#[test]
fn what_is_not_asked_for_is_skipped() {
    let mut progress = Progress::new(|name| name == StepName::Line, NOW);
    assert!(progress.complete(StepName::Line, NOW));
    assert_eq!(progress.state(), State::Done);
    assert_eq!(states(&progress)[1..], [StepState::Skipped; 3]);
}

#[test]
fn a_refusal_undoes_what_was_done_before() {
    use StepState::{Compensated, Failed, Pending, Skipped};
    let mut progress = Progress::new(|name| name != StepName::User, NOW);
    progress.complete(StepName::Line, NOW);
    assert!(progress.refuse(StepName::Ownership, "no", NOW));
    assert_eq!(states(&progress), [Compensated, Skipped, Failed, Pending]);
    assert_eq!((progress.current(), progress.state()), (None, State::Failed));
    assert_eq!(progress.failure(), Some("no"));
}

#[derive(Clone, Copy, Debug)]
enum Action {
    Wait(usize),
    Complete(usize),
    Refuse(usize),
}

fn actions() -> impl Strategy<Value = Action> {
    prop_oneof![
        4 => (0..4usize).prop_map(Action::Wait),
        8 => (0..4usize).prop_map(Action::Complete),
        1 => (0..4usize).prop_map(Action::Refuse),
    ]
}

proptest! {
    #[test]
    fn whatever_comes_an_order_goes_one_way(
        asked_for in prop::collection::vec(any::<bool>(), 4),
        actions in prop::collection::vec(actions(), 0..60),
    ) {
        let mut progress = Progress::new(|name| asked_for[name as usize], NOW);
        for action in actions {
            let before = progress.clone();
            let (name, changed) = match action {
                Action::Wait(step) => {
                    (StepName::ALL[step], progress.wait(StepName::ALL[step], "later", NOW))
                }
                Action::Complete(step) => {
                    (StepName::ALL[step], progress.complete(StepName::ALL[step], NOW))
                }
                Action::Refuse(step) => {
                    (StepName::ALL[step], progress.refuse(StepName::ALL[step], "never", NOW))
                }
            };
            prop_assert!(!changed || before.current() == Some(name));
            prop_assert!(changed || before == progress);
            prop_assert!(before.state() == State::Running || before == progress);

            // What is done lies before what is open, and an order undoes all or nothing.
            let states = states(&progress);
            let first_open = states.iter().position(|state| *state == StepState::Pending);
            let last_done = states.iter().rposition(|state| *state == StepState::Done);
            prop_assert!(last_done.is_none_or(|done| first_open.is_none_or(|open| done < open)));
            let failed = states.contains(&StepState::Failed);
            prop_assert_eq!(failed, progress.state() == State::Failed);
            prop_assert!(!failed || last_done.is_none());
            prop_assert!(failed || !states.contains(&StepState::Compensated));
            prop_assert!(progress.state() != State::Done || first_open.is_none());
        }
    }
}
