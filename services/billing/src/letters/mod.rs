//! What companies are told by mail about what they owe. A letter is kept with the step that it
//! tells of, and leaves when the company's address was asked for.

mod delivery;
mod store;

use brazil::{Cents, PixCode, local_date};
use chassis::mail;
use serde::{Deserialize, Serialize};
use time::macros::format_description;
use time::{Date, OffsetDateTime};

pub(crate) use delivery::sweep;
pub(crate) use store::{keep, keep_all};

/// What a letter says; whom it greets is known when it leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Letter {
    subject: String,
    paragraphs: Vec<String>,
}

impl Letter {
    fn new(subject: String, paragraphs: impl IntoIterator<Item = String>) -> Self {
        Self { subject, paragraphs: paragraphs.into_iter().collect() }
    }

    /// As it is mailed to the company of that name.
    fn into_mail(self, name: &str) -> mail::Letter {
        let letter = mail::Letter::new(self.subject).paragraph(format!("Hello {name},"));
        self.paragraphs.into_iter().fold(letter, mail::Letter::paragraph)
    }
}

/// A new invoice. `period` is its month, "2026-10".
pub(crate) fn invoice_issued(period: &str, amount: Cents, due: Date, pix: &PixCode) -> Letter {
    Letter::new(
        format!("Your invoice for {period}"),
        [
            format!("Your invoice for {period} is R$ {}, due on {}.", amount.formatted(), day(due)),
            "Pay it by Pix with this code, or by the boleto of the invoice:".to_owned(),
            pix.to_string(),
        ],
    )
}

/// The notice of non-payment.
pub(crate) fn notice(amount: Cents, due: Date, suspension_from: OffsetDateTime) -> Letter {
    Letter::new(
        "Your invoice is overdue".to_owned(),
        [
            format!(
                "We have not received R$ {} that were due on {}.",
                amount.formatted(),
                day(due)
            ),
            format!(
                "If everything overdue is not paid before, your lines may be suspended from {} on. \
                 Emergency calls stay possible.",
                moment(suspension_from)
            ),
            "If you have paid in the meantime, you need not do anything.".to_owned(),
        ],
    )
}

/// The suspension, which is the prior notice of the termination too.
pub(crate) fn suspension(termination_from: OffsetDateTime) -> Letter {
    Letter::new(
        "Your lines are suspended".to_owned(),
        [
            "An invoice is still not paid, so your lines are suspended. Emergency calls stay \
             possible."
                .to_owned(),
            "They work again within a day, at no charge, when everything overdue is paid."
                .to_owned(),
            format!(
                "This is also the notice that the contract may be ended, and your lines with it, \
                 from {} on if it is not paid.",
                moment(termination_from)
            ),
        ],
    )
}

/// The termination.
pub(crate) fn termination() -> Letter {
    Letter::new(
        "Your lines have ended".to_owned(),
        [
            "An invoice was not paid within the period that we told you of. The contract and your \
             lines have ended."
                .to_owned(),
            "What is overdue stays to be paid.".to_owned(),
        ],
    )
}

/// The end of a notice, or of a suspension.
pub(crate) fn restoration(was_suspended: bool) -> Letter {
    let (subject, effect) = if was_suspended {
        ("Your lines are restored", "Your lines are no longer suspended for non-payment.")
    } else {
        ("Your payment has arrived", "The notice of non-payment is withdrawn.")
    };
    let thanks = "Everything that was overdue is paid. Thank you.".to_owned();
    Letter::new(subject.to_owned(), [thanks, effect.to_owned()])
}

fn day(date: Date) -> String {
    date.format(format_description!("[year]-[month]-[day]")).unwrap_or_default()
}

fn moment(at: OffsetDateTime) -> String {
    day(local_date(at))
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    #[test]
    fn a_letter_greets_the_company_and_says_what_is_due() {
        let letter =
            notice(Cents::new(123_456), date!(2026 - 12 - 05), datetime!(2026-12-23 03:00 UTC));
        let text = letter.into_mail("Padaria São João").text();
        assert!(text.starts_with("Hello Padaria São João,\n\n"));
        assert!(text.contains("R$ 1.234,56 that were due on 2026-12-05"));
        assert!(text.contains("from 2026-12-23 on"));
    }

    #[test]
    fn only_a_suspension_is_restored() {
        assert_eq!(restoration(true).subject, "Your lines are restored");
        assert_eq!(restoration(false).subject, "Your payment has arrived");
    }

    #[test]
    fn a_kept_letter_is_read_as_it_was_written() {
        let letter = suspension(datetime!(2027-02-21 03:00 UTC));
        let kept = serde_json::to_value(&letter).unwrap();
        assert_eq!(serde_json::from_value::<Letter>(kept).unwrap(), letter);
    }
}
