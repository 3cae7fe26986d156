use time::{Date, Duration};

use crate::{BusinessCalendar, Cents};

/// What late payment adds to an amount due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LateFee {
    /// 2 %, once.
    pub fine: Cents,
    /// 1 % a month of 30 days, by the day.
    pub interest: Cents,
    /// The principal, the fine and the interest.
    pub total: Cents,
}

/// The fine and interest on `principal` paid `days_late` days after it was due, each cut to the
/// centavo, never rounded up. The fine is the most that the consumer code allows (Law 8.078/1990,
/// art. 52 §1). Nothing is added to a payment in time or to a credit. Sums beyond
/// [`Cents::MAX`] stay there.
pub fn late_fee(principal: Cents, days_late: u32) -> LateFee {
    if days_late == 0 || principal < Cents::ZERO {
        return LateFee { fine: Cents::ZERO, interest: Cents::ZERO, total: principal };
    }
    let amount = i128::from(principal.get());
    let fine = amount * 2 / 100;
    let interest = amount * i128::from(days_late) / 3_000;
    let capped = |value: i128| Cents::new(i64::try_from(value).unwrap_or(i64::MAX));
    LateFee {
        fine: capped(fine),
        interest: capped(interest),
        total: capped(amount + fine + interest),
    }
}

/// Days a payment made on `paid` is late. What falls due on no business day is payable on the
/// next one, and lateness counts from there.
pub fn days_late(due: Date, paid: Date, calendar: &BusinessCalendar) -> u32 {
    let payable = calendar.business_day_from(due);
    u32::try_from((paid - payable).whole_days()).unwrap_or(0)
}

/// How long an operator waits before it acts on non-payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NonPaymentTerms {
    /// Days between the notice and the suspension.
    pub suspension_after_days: u16,
    /// Days between the suspension and the termination.
    pub termination_after_days: u16,
}

/// The first dates on which an operator may act on non-payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NonPaymentDates {
    /// From this date on the line may be suspended.
    pub suspend_from: Date,
    /// From this date on the line may be terminated, if it was suspended at the first date.
    pub terminate_from: Date,
}

impl Default for NonPaymentTerms {
    /// The periods of Anatel's consumer rules: 15 days, then 60.
    fn default() -> Self {
        Self { suspension_after_days: 15, termination_after_days: 60 }
    }
}

impl NonPaymentTerms {
    /// The dates that follow from a notice given on `notice`.
    pub fn dates(self, notice: Date) -> NonPaymentDates {
        let suspend_from = later(notice, self.suspension_after_days);
        NonPaymentDates { suspend_from, terminate_from: self.terminate_from(suspend_from) }
    }

    /// The first date of termination for a line suspended on `suspended`.
    pub fn terminate_from(self, suspended: Date) -> Date {
        later(suspended, self.termination_after_days)
    }
}

fn later(date: Date, days: u16) -> Date {
    date.saturating_add(Duration::days(days.into()))
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn a_due_date_on_a_holiday_moves_on_at_no_charge() {
        let calendar = BusinessCalendar::national();
        let good_friday = date!(2026 - 04 - 03);
        assert_eq!(days_late(good_friday, date!(2026 - 04 - 06), &calendar), 0);
        assert_eq!(days_late(good_friday, date!(2026 - 04 - 07), &calendar), 1);
        assert_eq!(days_late(date!(2026 - 04 - 02), date!(2026 - 04 - 03), &calendar), 1);
        assert_eq!(days_late(good_friday, date!(2026 - 03 - 01), &calendar), 0);
    }

    #[test]
    fn a_credit_grows_no_fee() {
        let fee = late_fee(Cents::new(-10_000), 30);
        assert_eq!((fee.fine, fee.interest, fee.total.get()), (Cents::ZERO, Cents::ZERO, -10_000));
    }

    #[test]
    fn what_does_not_fit_stays_at_the_limit() {
        assert_eq!(late_fee(Cents::MAX, u32::MAX).total, Cents::MAX);
    }
}
