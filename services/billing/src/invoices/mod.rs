//! What companies owe.

pub(crate) mod rpc;
pub(crate) mod store;

use std::fmt;
use std::str::FromStr;

use brazil::{Cents, CompanyId, InvoiceId, LineId};
use time::{Date, OffsetDateTime};

use crate::period::Period;

/// What a company owes for a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invoice {
    pub(crate) invoice_id: InvoiceId,
    pub(crate) company_id: CompanyId,
    pub(crate) period: Period,
    pub(crate) items: Vec<Item>,
    /// The sum of its items.
    pub(crate) amount: Cents,
    pub(crate) status: Status,
    pub(crate) due_date: Date,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) paid_at: Option<OffsetDateTime>,
}

/// A part of an invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) description: String,
    pub(crate) amount: Cents,
    pub(crate) line_id: Option<LineId>,
}

/// Where an invoice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// To be paid.
    Pending,
    /// To be paid, and late.
    Overdue,
    /// Paid, or nothing was to be paid.
    Paid,
    /// Paid, and paid back.
    Refunded,
}

/// The text is no status of an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a status of an invoice")]
pub(crate) struct InvalidStatus;

impl FromStr for Status {
    type Err = InvalidStatus;

    fn from_str(text: &str) -> Result<Self, InvalidStatus> {
        match text {
            "pending" => Ok(Self::Pending),
            "overdue" => Ok(Self::Overdue),
            "paid" => Ok(Self::Paid),
            "refunded" => Ok(Self::Refunded),
            _ => Err(InvalidStatus),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pending => "pending",
            Self::Overdue => "overdue",
            Self::Paid => "paid",
            Self::Refunded => "refunded",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_as_it_is_written() {
        for status in [Status::Pending, Status::Overdue, Status::Paid, Status::Refunded] {
            assert_eq!(status.to_string().parse(), Ok(status));
        }
        assert_eq!("".parse::<Status>(), Err(InvalidStatus));
    }
}
