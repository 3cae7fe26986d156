//! Data on top of what a line's plan has: the carrier gives it, then billing charges it.

mod giving;
pub(crate) mod rpc;
mod store;
#[cfg(test)]
mod testing;

use brazil::{Cents, CompanyId, LineId, UserId};
use time::OffsetDateTime;

use crate::timeline::Facts;

pub(crate) use giving::{GiveData, Giving};

brazil::id!(
    /// A top-up.
    TopUpId
);

const QUANTITY_MB_MAX: i64 = 10_000_000;

/// Highest price of a gigabyte, the same as of plans. An invoice has to have room for the sum of
/// many: one that had not would stop the run that bills everybody.
const UNIT_MAX: Cents = Cents::new(100_000_000);

/// Where a top-up is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
enum State {
    /// The carrier is asked for it.
    Asked,
    /// The line has it.
    Given,
    /// The carrier will not give it: nothing is charged.
    Refused,
}

/// Data for a line, and what it costs.
#[derive(Clone, Debug, PartialEq, Eq)]
struct TopUp {
    top_up_id: TopUpId,
    line_id: LineId,
    /// Who pays; none for a person's own line.
    company_id: Option<CompanyId>,
    /// Who uses the line.
    user_id: Option<UserId>,
    price: Price,
    created_at: OffsetDateTime,
}

impl TopUp {
    /// What the timeline shows of it.
    fn facts(&self) -> Facts {
        Facts::from([
            ("top_up_id", self.top_up_id.to_string()),
            ("quantity_mb", self.price.quantity_mb.to_string()),
            ("unit_price_cents", self.price.unit.get().to_string()),
            ("total_cents", self.price.total.get().to_string()),
        ])
    }
}

/// A quantity and what it costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Price {
    /// Thousandths of a gigabyte.
    quantity_mb: i64,
    /// Of a gigabyte.
    unit: Cents,
    /// Half a cent goes to the even neighbour.
    total: Cents,
}

/// Why there is no such price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum InvalidPrice {
    Quantity,
    Unit,
}

impl Price {
    /// What a quantity costs at a price for a gigabyte.
    fn new(quantity_mb: i64, unit: Cents) -> Result<Self, InvalidPrice> {
        if !(1..=QUANTITY_MB_MAX).contains(&quantity_mb) {
            return Err(InvalidPrice::Quantity);
        }
        let total = unit.times(quantity_mb);
        let total = total.filter(|_| (Cents::ZERO..=UNIT_MAX).contains(&unit));
        let total = total.ok_or(InvalidPrice::Unit)?;
        Ok(Self { quantity_mb, unit, total })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn total(quantity_mb: i64, unit: i64) -> Option<i64> {
        Price::new(quantity_mb, Cents::new(unit)).ok().map(|price| price.total.get())
    }

    #[test]
    fn half_a_cent_goes_to_the_even_neighbour() {
        assert_eq!(total(1_500, 10_000), Some(15_000));
        assert_eq!(total(500, 5), Some(2));
        assert_eq!(total(500, 7), Some(4));
        assert_eq!(total(1, 499), Some(0));
        assert_eq!(total(1, 501), Some(1));
    }

    #[test]
    fn a_price_has_its_limits() {
        let price = |quantity_mb, unit| Price::new(quantity_mb, Cents::new(unit)).unwrap_err();
        for quantity in [0, -1, QUANTITY_MB_MAX + 1] {
            assert_eq!(price(quantity, 1), InvalidPrice::Quantity);
        }
        for unit in [-1, UNIT_MAX.get() + 1, i64::MAX, i64::MIN] {
            assert_eq!(price(1, unit), InvalidPrice::Unit);
            assert_eq!(price(QUANTITY_MB_MAX, unit), InvalidPrice::Unit);
        }
        let most = total(QUANTITY_MB_MAX, UNIT_MAX.get()).unwrap();
        assert!(i64::MAX / most > 1_000_000, "an invoice has room for very many");
        assert_eq!(total(QUANTITY_MB_MAX, 0), Some(0));
    }

    proptest! {
        #[test]
        fn a_total_is_never_half_a_cent_off(quantity in 1..=QUANTITY_MB_MAX, unit in 0i64..1_000_000) {
            let total = i128::from(total(quantity, unit).unwrap());
            let exact = i128::from(quantity) * i128::from(unit);
            prop_assert!((total * 1_000 - exact).abs() <= 500);
        }
    }
}
