//! SIM cards and phone numbers.

use proto::telecom::v1::{self as telecom, SimCardRejection, SimCardStatus};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Integer, Pagination};
use crate::body::Input;

/// SIM cards for a company's stock.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({
    "company_id": "9df54b15-1a57-4e11-917a-5a5ddedb99ea",
    "iccids": ["8955060000000000012", "89550600000000000127"],
    "provider": "americanet"
}))]
pub(crate) struct NewSimCards {
    /// The company.
    #[serde(default)]
    #[schema(required = true, format = Uuid)]
    pub(crate) company_id: String,
    /// Whole numbers.
    #[serde(default)]
    #[schema(required = true, min_items = 1, max_items = 10000)]
    pub(crate) iccids: Vec<String>,
    /// The carrier they belong to; absent means the operator's default.
    pub(crate) provider: Option<String>,
}

impl Input for NewSimCards {
    const REQUIRED: &'static [&'static str] = &["company_id", "iccids"];

    /// Ten thousand numbers, and room to spare.
    const BYTES_MAX: Option<usize> = Some(1024 * 1024);
}

/// What became of the cards.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "created": 1,
    "rejected": [{"iccid": "8955060000000000013", "code": "invalid-iccid"}]
}))]
pub(crate) struct AddedSimCards {
    /// Cards added.
    created: i64,
    /// Cards refused, in the order of the request.
    rejected: Vec<RejectedSimCard>,
}

/// A card that was refused.
#[derive(Debug, Serialize, ToSchema)]
struct RejectedSimCard {
    /// As given.
    iccid: String,
    /// Why.
    code: Rejection,
}

/// Why a card was refused.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum Rejection {
    /// Not an ICCID.
    InvalidIccid,
    /// Twice in the request, or in this company's stock already.
    DuplicateIccid,
    /// In another company's stock.
    OtherCompany,
}

impl From<telecom::AddSimCardsResponse> for AddedSimCards {
    fn from(added: telecom::AddSimCardsResponse) -> Self {
        let rejected = added.rejected.into_iter().map(|card| RejectedSimCard {
            code: match card.reason() {
                SimCardRejection::Unspecified | SimCardRejection::InvalidIccid => {
                    Rejection::InvalidIccid
                }
                SimCardRejection::DuplicateIccid => Rejection::DuplicateIccid,
                SimCardRejection::OtherCompany => Rejection::OtherCompany,
            },
            iccid: card.iccid,
        });
        Self { created: added.created, rejected: rejected.collect() }
    }
}

/// Where a SIM card is in its life.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = SimCardStatus)]
enum Status {
    /// In stock.
    Available,
    /// In a line.
    InUse,
    /// Taken out of a line; never used again.
    Retired,
}

/// A SIM card.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "iccid": "8955060000000000012",
    "status": "in-use",
    "phone_account_id": "53af5437-dd2b-4efb-84c2-d16c6fffd376"
}))]
struct SimCard {
    /// Its number.
    iccid: String,
    /// Where it is in its life.
    status: Status,
    /// The line it is in.
    #[schema(required = true)]
    phone_account_id: Option<String>,
}

/// A page of a company's SIM cards.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SimCards {
    /// How the page lies in the list.
    pagination: Pagination,
    /// By number.
    sim_cards: Vec<SimCard>,
}

impl From<telecom::ListSimCardsResponse> for SimCards {
    fn from(list: telecom::ListSimCardsResponse) -> Self {
        let sim_cards = list.sim_cards.into_iter().map(|card| SimCard {
            status: match card.status() {
                SimCardStatus::Unspecified | SimCardStatus::Available => Status::Available,
                SimCardStatus::InUse => Status::InUse,
                SimCardStatus::Retired => Status::Retired,
            },
            iccid: card.iccid,
            phone_account_id: card.line_id,
        });
        Self { pagination: list.page.into(), sim_cards: sim_cards.collect() }
    }
}

/// A range of phone numbers.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({
    "area_code": 41,
    "first_number": "+5541999990000",
    "last_number": "+5541999999999"
}))]
pub(crate) struct NewPhoneNumbers {
    /// Area code of both ends.
    #[serde(default)]
    #[schema(required = true, value_type = i32, minimum = 11, maximum = 99)]
    pub(crate) area_code: Integer,
    /// First number.
    #[serde(default)]
    #[schema(required = true)]
    pub(crate) first_number: String,
    /// Last number, included; at most 100,000 in all.
    #[serde(default)]
    #[schema(required = true)]
    pub(crate) last_number: String,
}

impl Input for NewPhoneNumbers {
    const REQUIRED: &'static [&'static str] = &["area_code", "first_number", "last_number"];
}

/// What became of the range.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"created": 9990, "existing": 10}))]
pub(crate) struct AddedPhoneNumbers {
    /// Numbers added.
    created: i64,
    /// Numbers that were there already.
    existing: i64,
}

impl From<telecom::AddPhoneNumbersResponse> for AddedPhoneNumbers {
    fn from(added: telecom::AddPhoneNumbersResponse) -> Self {
        Self { created: added.created, existing: added.existing }
    }
}
