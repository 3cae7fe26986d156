//! The stock of phone numbers.

pub(crate) mod rpc;
pub(crate) mod store;

use std::time::Duration;

use brazil::{AreaCode, MobileNumber};
use chassis::Service;
use chassis::sweeps::Sweep;

use crate::error::Error;
use crate::lines::ServeWaitingLines;

/// The most numbers that a range holds.
pub(crate) const RANGE_MAX: u32 = 100_000;
const QUARANTINE_CHECK: Duration = Duration::from_secs(60);

/// Mobile numbers of one area, without a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NumberRange {
    area_code: AreaCode,
    first: u32,
    last: u32,
}

/// Why two numbers are no range of an area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InvalidRange {
    /// The first number is of another area.
    FirstElsewhere,
    /// The last number is of another area.
    LastElsewhere,
    /// The last number comes before the first.
    Backwards,
    /// It has more than [`RANGE_MAX`] numbers.
    TooLong,
}

impl NumberRange {
    /// From `first` to `last`, both included.
    pub(crate) fn new(
        area_code: AreaCode,
        first: &MobileNumber,
        last: &MobileNumber,
    ) -> Result<Self, InvalidRange> {
        if first.area_code() != area_code {
            return Err(InvalidRange::FirstElsewhere);
        }
        if last.area_code() != area_code {
            return Err(InvalidRange::LastElsewhere);
        }
        let (first, last) = (first.subscriber(), last.subscriber());
        match last.checked_sub(first) {
            None => Err(InvalidRange::Backwards),
            Some(distance) if distance >= RANGE_MAX => Err(InvalidRange::TooLong),
            Some(_) => Ok(Self { area_code, first, last }),
        }
    }

    /// The area.
    pub(crate) fn area_code(&self) -> AreaCode {
        self.area_code
    }

    /// How many numbers it holds.
    pub(crate) fn size(&self) -> i64 {
        i64::from(self.last - self.first) + 1
    }
}

/// Frees the numbers whose quarantine is over, and has waiting lines served with them.
pub(crate) fn end_quarantines(service: &Service) -> Sweep {
    let service = service.clone();
    Sweep::new("end_quarantines", QUARANTINE_CHECK, move || {
        let service = service.clone();
        async move { Ok(end_due_quarantines(&service).await?) }
    })
}

/// Tells whether there were any.
async fn end_due_quarantines(service: &Service) -> Result<bool, Error> {
    let mut any = false;
    loop {
        let more = service
            .transaction(|mut tx| {
                Box::pin(async move {
                    let freed = store::end_quarantines(&mut tx, service.clock.now()).await?;
                    for area_code in &freed {
                        ServeWaitingLines::enqueue(&mut tx, service, *area_code).await?;
                    }
                    Ok::<_, Error>(!freed.is_empty())
                })
            })
            .await?;
        if !more {
            return Ok(any);
        }
        any = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: &str, last: &str) -> Result<NumberRange, InvalidRange> {
        let area_code = "41".parse().unwrap();
        NumberRange::new(area_code, &first.parse().unwrap(), &last.parse().unwrap())
    }

    #[test]
    fn both_ends_belong_to_a_range() {
        assert_eq!(range("+5541900000000", "+5541900000000").unwrap().size(), 1);
        assert_eq!(range("+5541900000000", "+5541900099999").unwrap().size(), 100_000);
    }

    #[test]
    fn a_range_lies_in_its_area_in_order_and_is_bounded() {
        use InvalidRange::{Backwards, FirstElsewhere, LastElsewhere, TooLong};
        assert_eq!(range("+5511900000000", "+5541900000001"), Err(FirstElsewhere));
        assert_eq!(range("+5541900000000", "+5511900000001"), Err(LastElsewhere));
        assert_eq!(range("+5541900000001", "+5541900000000"), Err(Backwards));
        assert_eq!(range("+5541900000000", "+5541900100000"), Err(TooLong));
    }
}
