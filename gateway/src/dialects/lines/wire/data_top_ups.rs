//! Data on top of a line's plan.

use proto::common::v1::Money;
use proto::telecom::v1 as telecom;
use serde::Deserialize;
use utoipa::ToSchema;

use super::number::Decimal;
use super::{Checks, Fault, Integer, Names};
use crate::body::{Input, Written};

/// What the members are called in the contract.
pub(crate) const NAMES: Names = Names::new(
    "",
    &[
        ("quantity_gb", "quantity_mb"),
        ("unit_amount_cents", "unit_price"),
        ("unit_amount_cents", "unit_price.cents"),
    ],
);

/// Data to be added to a line.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({"quantity_gb": 1.5, "unit_amount_cents": 10000}))]
pub(crate) struct NewData {
    /// Gigabytes, with at most three decimals and no exponent.
    #[serde(default)]
    #[schema(required = true, value_type = f64, minimum = 0.001, maximum = 10_000)]
    quantity_gb: Decimal,
    /// Price of a gigabyte.
    #[serde(default)]
    #[schema(required = true, value_type = i64, minimum = 0, maximum = 100_000_000)]
    unit_amount_cents: Integer,
}

impl Input for NewData {
    const REQUIRED: &'static [&'static str] = &["quantity_gb", "unit_amount_cents"];

    fn exactly(self, written: Written<'_>) -> Self {
        Self { quantity_gb: Decimal::written(written, "quantity_gb"), ..self }
    }
}

impl NewData {
    /// The request for a line.
    ///
    /// # Errors
    /// [`Fault::Invalid`] for a quantity that has no whole number of megabytes.
    pub(crate) fn request(&self, line_id: String) -> Result<telecom::AddDataRequest, Fault> {
        let mut checks = Checks::new();
        let quantity_mb = self.quantity_gb.thousandths().unwrap_or_else(|| {
            checks.refuse("quantity_gb", "must have at most three decimals and no exponent");
            0
        });
        checks.pass()?;
        Ok(telecom::AddDataRequest {
            line_id,
            quantity_mb,
            unit_price: Some(Money { cents: self.unit_amount_cents.0 }),
        })
    }
}
