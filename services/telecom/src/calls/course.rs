//! The life of a call, from what the switch says: pure, and by one table.

use time::{Duration, OffsetDateTime};

use crate::switch::{HangupCause, Happening};

const MINUTE: Duration = Duration::minutes(1);

/// Where a call is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum State {
    /// Asked for, and not paid for so far: the switch does not know of it.
    Requested,
    /// The switch is to make it.
    Dialled,
    /// It rings.
    Ringing,
    /// The parties talk.
    Answered,
    /// It is over.
    Ended,
}

/// What others are told, once each for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Told {
    Created,
    Answered,
    Ended,
}

/// The kinds of what happens, as the table knows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Ringing,
    Answered,
    /// It ended without an answer, as far as the switch knows.
    Ended,
    /// It ended, and the switch says when it was answered.
    EndedAnswered,
    NotBegun,
}

/// From where, by what, to where, and what is told. What is not in it changes nothing: what was
/// said before or too late.
const TABLE: [(State, Kind, State, &[Told]); 14] = {
    use State::{Answered, Dialled, Ended, Ringing};
    use Told as T;
    [
        (Dialled, Kind::Ringing, Ringing, &[T::Created]),
        (Dialled, Kind::Answered, Answered, &[T::Created, T::Answered]),
        (Dialled, Kind::Ended, Ended, &[T::Created, T::Ended]),
        (Dialled, Kind::EndedAnswered, Ended, &[T::Created, T::Answered, T::Ended]),
        (Dialled, Kind::NotBegun, Ended, &[T::Ended]),
        (Ringing, Kind::Answered, Answered, &[T::Answered]),
        (Ringing, Kind::Ended, Ended, &[T::Ended]),
        (Ringing, Kind::EndedAnswered, Ended, &[T::Answered, T::Ended]),
        (Ringing, Kind::NotBegun, Ended, &[T::Ended]),
        (Answered, Kind::Ended, Ended, &[T::Ended]),
        (Answered, Kind::EndedAnswered, Ended, &[T::Ended]),
        (Answered, Kind::NotBegun, Ended, &[T::Ended]),
        // A request that was never paid for ends without having been a call.
        (State::Requested, Kind::NotBegun, Ended, &[]),
        (State::Requested, Kind::Ended, Ended, &[]),
    ]
};

/// What a call went through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Course {
    pub(crate) state: State,
    pub(crate) started_at: OffsetDateTime,
    pub(crate) answered_at: Option<OffsetDateTime>,
    /// When and why it ended.
    pub(crate) end: Option<(OffsetDateTime, HangupCause)>,
}

/// A moment as exactly as it is shown, so that lists find a call by the times that they show.
pub(crate) fn to_millisecond(moment: OffsetDateTime) -> OffsetDateTime {
    moment.truncate_to_millisecond()
}

impl Course {
    /// A call that was just asked for.
    pub(crate) fn begin(state: State, now: OffsetDateTime) -> Self {
        let now = to_millisecond(now);
        Self { state, started_at: now, answered_at: None, end: None }
    }

    /// Takes in what happened; tells what others are to hear of it. Nothing when it is not new.
    pub(crate) fn apply(
        &mut self,
        happening: Happening,
        at: OffsetDateTime,
    ) -> Option<&'static [Told]> {
        let kind = match happening {
            Happening::Ringing => Kind::Ringing,
            Happening::Answered => Kind::Answered,
            Happening::Ended { answered_at: None, .. } => Kind::Ended,
            Happening::Ended { answered_at: Some(_), .. } => Kind::EndedAnswered,
            Happening::NotBegun { .. } => Kind::NotBegun,
        };
        let (.., to, told) =
            TABLE.iter().find(|(from, by, ..)| *from == self.state && *by == kind)?;
        let at = to_millisecond(at).max(self.started_at);
        match happening {
            Happening::Ringing => {}
            Happening::Answered => self.answered_at = Some(at),
            Happening::Ended { cause, answered_at } => {
                let answered_at =
                    answered_at.map(|answered| to_millisecond(answered).clamp(self.started_at, at));
                self.answered_at = self.answered_at.or(answered_at);
                self.end = Some((self.answered_at.map_or(at, |answered| answered.max(at)), cause));
            }
            Happening::NotBegun { cause } => {
                self.end = Some((self.answered_at.map_or(at, |answered| answered.max(at)), cause));
            }
        }
        self.state = *to;
        Some(told)
    }

    /// Whole seconds from answer to end, rounded up; 0 when it was not answered, or goes on.
    pub(crate) fn duration_seconds(&self) -> i64 {
        match (self.answered_at, self.end) {
            (Some(answered_at), Some((ended_at, _))) => {
                let talk = ended_at - answered_at;
                talk.whole_seconds() + i64::from(talk.subsec_nanoseconds() > 0)
            }
            _ => 0,
        }
    }

    /// Minutes that were started, by the duration.
    pub(crate) fn started_minutes(&self) -> i32 {
        let minutes = (self.duration_seconds() + 59) / 60;
        i32::try_from(minutes).unwrap_or(i32::MAX)
    }

    /// When so many minutes are over.
    pub(crate) fn end_of_minute(&self, minutes: i32) -> Option<OffsetDateTime> {
        Some(self.answered_at? + MINUTE * minutes)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    const START: OffsetDateTime = datetime!(2025-01-01 00:00 UTC);

    fn at(milliseconds: i64) -> OffsetDateTime {
        START + Duration::milliseconds(milliseconds)
    }

    fn ended(cause: HangupCause) -> Happening {
        Happening::Ended { cause, answered_at: None }
    }

    const CLEAR: HangupCause = HangupCause::NormalClearing;

    #[test]
    fn the_table_has_no_two_answers_and_never_leads_back() {
        let rank = |state| match state {
            State::Requested => 0,
            State::Dialled => 1,
            State::Ringing => 2,
            State::Answered => 3,
            State::Ended => 4,
        };
        for (index, (from, by, to, _)) in TABLE.iter().enumerate() {
            assert!(rank(*from) < rank(*to), "{from:?} {by:?}");
            let same = |row: &&(State, Kind, State, &[Told])| row.0 == *from && row.1 == *by;
            assert_eq!(TABLE.iter().position(|row| same(&row)), Some(index), "{from:?} {by:?}");
        }
    }

    #[test]
    fn a_call_is_dialled_rings_is_answered_and_ends() {
        let mut call = Course::begin(State::Dialled, START);
        assert_eq!(call.apply(Happening::Ringing, at(10)), Some(&[Told::Created][..]));
        assert_eq!(call.apply(Happening::Answered, at(1_010)), Some(&[Told::Answered][..]));
        assert_eq!(call.apply(ended(CLEAR), at(61_010)), Some(&[Told::Ended][..]));
        assert_eq!((call.duration_seconds(), call.started_minutes()), (60, 1));
        assert_eq!(call.apply(ended(CLEAR), at(70_000)), None);
        assert_eq!(call.end, Some((at(61_010), CLEAR)));
    }

    #[test]
    fn seconds_are_rounded_up_and_minutes_started() {
        for (talk, seconds, minutes) in [
            (0, 0, 0),
            (1, 1, 1),
            (59_999, 60, 1),
            (60_000, 60, 1),
            (60_001, 61, 2),
            (61_000, 61, 2),
            (120_000, 120, 2),
        ] {
            let mut call = Course::begin(State::Dialled, START);
            let _ = call.apply(Happening::Answered, at(0));
            let _ = call.apply(ended(CLEAR), at(talk));
            assert_eq!((call.duration_seconds(), call.started_minutes()), (seconds, minutes));
        }
    }

    #[test]
    fn moments_are_as_exact_as_they_are_shown() {
        let odd = Duration::microseconds(1_234_567);
        let mut call = Course::begin(State::Dialled, START + odd);
        let _ = call.apply(Happening::Answered, START + odd * 2);
        let _ = call.apply(ended(CLEAR), START + odd * 3);
        assert_eq!(call.started_at, at(1_234));
        assert_eq!(call.answered_at, Some(at(2_469)));
        assert_eq!(call.end, Some((at(3_703), CLEAR)));
    }

    #[test]
    fn an_answer_that_was_lost_is_known_at_the_end() {
        let mut call = Course::begin(State::Dialled, START);
        let end = Happening::Ended { cause: CLEAR, answered_at: Some(at(1_000)) };
        let told = [Told::Created, Told::Answered, Told::Ended];
        assert_eq!(call.apply(end, at(31_000)), Some(&told[..]));
        assert_eq!((call.answered_at, call.duration_seconds()), (Some(at(1_000)), 30));
    }

    #[test]
    fn what_never_began_costs_nothing_and_did_not_ring() {
        let mut call = Course::begin(State::Dialled, START);
        let cause = HangupCause::OriginatorCancel;
        assert_eq!(call.apply(Happening::NotBegun { cause }, at(5)), Some(&[Told::Ended][..]));
        assert_eq!((call.started_minutes(), call.answered_at), (0, None));
        let mut request = Course::begin(State::Requested, START);
        assert_eq!(request.apply(Happening::Answered, at(5)), None);
    }

    fn happening() -> impl Strategy<Value = Happening> {
        let cause = || prop::sample::select(HangupCause::ALL.to_vec());
        let answered_at = prop::option::of((-5_000_i64..100_000).prop_map(at));
        prop_oneof![
            Just(Happening::Ringing),
            Just(Happening::Answered),
            (cause(), answered_at)
                .prop_map(|(cause, answered_at)| Happening::Ended { cause, answered_at }),
            cause().prop_map(|cause| Happening::NotBegun { cause }),
        ]
    }

    proptest! {
        /// Whatever is said, in whatever order and however often.
        #[test]
        fn any_talk_of_the_switch_makes_a_call_that_makes_sense(
            said in prop::collection::vec((happening(), -5_000_i64..100_000), 0..20),
        ) {
            let mut call = Course::begin(State::Dialled, START);
            let mut told = Vec::new();
            for (happening, moment) in said {
                let before = call;
                match call.apply(happening, at(moment)) {
                    Some(news) => told.extend(news),
                    None => prop_assert_eq!(call, before),
                }
                prop_assert_eq!(call.apply(happening, at(moment)), None, "doubled");
            }
            let once: HashSet<&Told> = told.iter().collect();
            prop_assert_eq!(once.len(), told.len(), "each is told once");
            prop_assert_eq!(told.contains(&Told::Ended), call.state == State::Ended);
            prop_assert_eq!(told.last() == Some(&Told::Ended), call.end.is_some());
            prop_assert_eq!(told.contains(&Told::Answered), call.answered_at.is_some());
            if told.contains(&Told::Answered) {
                prop_assert_eq!(told.first(), Some(&Told::Created));
            }
            if let Some((ended_at, _)) = call.end {
                prop_assert!(ended_at >= call.answered_at.unwrap_or(call.started_at));
            }
            prop_assert!(call.answered_at.is_none_or(|answered| answered >= call.started_at));
            prop_assert_eq!(call.started_minutes() > 0, call.duration_seconds() > 0);
        }
    }
}
