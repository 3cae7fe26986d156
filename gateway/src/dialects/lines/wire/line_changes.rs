//! What is changed of a line, on the wire.

use proto::telecom::v1 as telecom;
use serde::Deserialize;
use utoipa::ToSchema;

use super::number::NumberOrText;
use super::{Integer, Names, area_code};
use crate::body::Input;
use crate::fault::Checks;

/// What the members of a new SIM card are called in the contract.
pub(crate) const SIM_CARD_NAMES: Names = Names::new("", &[("newSimCard", "sim_card_number")]);

/// A new number for a line.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({"area_code": "41"}))]
pub(crate) struct NumberProvision {
    /// The area code wanted; the line's own where absent.
    pub(crate) area_code: Option<NumberOrText>,
}

impl Input for NumberProvision {
    const REQUIRED: &'static [&'static str] = &[];
    const MAY_BE_ABSENT: bool = true;
}

impl NumberProvision {
    /// The area code, checked.
    pub(crate) fn area_code(&self, checks: &mut Checks) -> Option<u32> {
        let NumberOrText(text) = self.area_code.as_ref()?;
        // What is no number is no area code either.
        Some(area_code(checks, "area_code", Integer(text.parse().unwrap_or_default())))
    }
}

/// Another SIM card for a line.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({"newSimCard": "1233211"}))]
pub(crate) struct SimCardChange {
    /// The whole number, or its last seven digits.
    #[serde(default, rename = "newSimCard")]
    #[schema(required = true)]
    pub(crate) new_sim_card: String,
}

impl Input for SimCardChange {
    const REQUIRED: &'static [&'static str] = &["newSimCard"];
}

/// Another owner of a line's contract.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({"company_id": "e885e8e1-8925-4e2a-a9e1-d6326b719209"}))]
pub(crate) struct NewOwner {
    /// The company.
    #[serde(default)]
    #[schema(required = true, format = Uuid)]
    pub(crate) company_id: String,
}

impl Input for NewOwner {
    const REQUIRED: &'static [&'static str] = &["company_id"];
}

/// A word for a line.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({"tag": "Support team"}))]
pub(crate) struct Tag {
    /// At most 100 characters; absent or empty removes it.
    #[schema(max_length = 100)]
    pub(crate) tag: Option<String>,
}

impl Input for Tag {
    const REQUIRED: &'static [&'static str] = &[];
    const MAY_BE_ABSENT: bool = true;
}

/// Why a line ends.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({"reason": "The employee left"}))]
pub(crate) struct Cancellation {
    /// In your own words, at most 200 characters.
    #[schema(max_length = 200)]
    pub(crate) reason: Option<String>,
}

impl Input for Cancellation {
    const REQUIRED: &'static [&'static str] = &[];
    const MAY_BE_ABSENT: bool = true;
}

/// Why a line is barred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = BlockReason)]
pub(crate) enum Reason {
    /// Stolen.
    Theft,
    /// Lost.
    Loss,
    /// Misused.
    Misuse,
    /// Not paid for.
    NoPay,
}

impl From<Reason> for telecom::BlockReason {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Theft => Self::Theft,
            Reason::Loss => Self::Loss,
            Reason::Misuse => Self::Misuse,
            Reason::NoPay => Self::NoPay,
        }
    }
}

/// A reason to bar a line, or one that is gone.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({"reason": "theft"}))]
pub(crate) struct Block {
    #[schema(required = true)]
    reason: Option<Reason>,
}

impl Input for Block {
    const REQUIRED: &'static [&'static str] = &["reason"];
}

impl Block {
    /// The reason as the contract has it.
    pub(crate) fn reason(&self) -> telecom::BlockReason {
        self.reason.map(Into::into).unwrap_or_default()
    }
}
