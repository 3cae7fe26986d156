//! Why calls end.

use std::str::FromStr;

/// Why a call ended, of ITU-T Q.850 and, above 127, of what switches add to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HangupCause {
    /// There is no such number.
    UnallocatedNumber,
    /// Somebody hung up.
    NormalClearing,
    /// The called party is in another call.
    UserBusy,
    /// Its telephone did not react.
    NoUserResponse,
    /// Nobody answered.
    NoAnswer,
    /// It does not want the call.
    CallRejected,
    /// The number cannot be dialled.
    InvalidNumberFormat,
    /// The network or the switch failed.
    NormalTemporaryFailure,
    /// It was lost.
    RecoveryOnTimerExpire,
    /// The caller gave up before the answer.
    OriginatorCancel,
    /// The credit was used up.
    AllottedTimeout,
}

/// The text is not the name of a cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a hangup cause")]
pub struct InvalidHangupCause;

impl HangupCause {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::UnallocatedNumber,
        Self::NormalClearing,
        Self::UserBusy,
        Self::NoUserResponse,
        Self::NoAnswer,
        Self::CallRejected,
        Self::InvalidNumberFormat,
        Self::NormalTemporaryFailure,
        Self::RecoveryOnTimerExpire,
        Self::OriginatorCancel,
        Self::AllottedTimeout,
    ];

    /// Its name: `NORMAL_CLEARING`.
    pub fn as_str(self) -> &'static str {
        self.name_and_code().0
    }

    /// Its code: 16.
    pub fn code(self) -> i32 {
        self.name_and_code().1
    }

    fn name_and_code(self) -> (&'static str, i32) {
        match self {
            Self::UnallocatedNumber => ("UNALLOCATED_NUMBER", 1),
            Self::NormalClearing => ("NORMAL_CLEARING", 16),
            Self::UserBusy => ("USER_BUSY", 17),
            Self::NoUserResponse => ("NO_USER_RESPONSE", 18),
            Self::NoAnswer => ("NO_ANSWER", 19),
            Self::CallRejected => ("CALL_REJECTED", 21),
            Self::InvalidNumberFormat => ("INVALID_NUMBER_FORMAT", 28),
            Self::NormalTemporaryFailure => ("NORMAL_TEMPORARY_FAILURE", 41),
            Self::RecoveryOnTimerExpire => ("RECOVERY_ON_TIMER_EXPIRE", 102),
            Self::OriginatorCancel => ("ORIGINATOR_CANCEL", 487),
            Self::AllottedTimeout => ("ALLOTTED_TIMEOUT", 602),
        }
    }
}

impl FromStr for HangupCause {
    type Err = InvalidHangupCause;

    fn from_str(text: &str) -> Result<Self, InvalidHangupCause> {
        Self::ALL.into_iter().find(|cause| cause.as_str() == text).ok_or(InvalidHangupCause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_codes_are_those_of_the_standard() {
        for cause in HangupCause::ALL {
            assert_eq!(cause.as_str().parse(), Ok(cause));
        }
        let codes = HangupCause::ALL.map(HangupCause::code);
        assert_eq!(codes, [1, 16, 17, 18, 19, 21, 28, 41, 102, 487, 602]);
        assert_eq!("NORMAL".parse::<HangupCause>(), Err(InvalidHangupCause));
    }
}
