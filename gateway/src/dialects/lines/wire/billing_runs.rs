//! The closing of months.

use proto::billing::v1 as billing;
use serde::Serialize;
use utoipa::ToSchema;

use crate::body::FromPath;

/// A month as paths name it: "2026-10".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Month(String);

impl From<Month> for String {
    fn from(month: Month) -> Self {
        month.0
    }
}

impl FromPath for Month {
    fn take<'a>(values: &mut impl Iterator<Item = &'a str>) -> Option<Self> {
        let text = values.next()?;
        let (year, month) = text.split_once('-')?;
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let well_formed = year.len() == 4 && month.len() == 2 && digits(year) && digits(month);
        let exists = well_formed && ("01"..="12").contains(&month);
        exists.then(|| Self(text.to_owned()))
    }
}

/// Where a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = BillingRunState)]
enum State {
    /// Under way, or to be gone on with.
    Running,
    /// Every invoice stands.
    Done,
}

/// The run of a month.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "state": "running",
    "companies_done": 480,
    "companies_failed": 0,
    "companies_total": 2000,
    "lines_done": 240_000,
    "lines_total": 1_000_000,
    "lines_per_second": 200_000.0,
    "seconds_left": 4
}))]
pub(crate) struct BillingRun {
    /// Where it is.
    state: State,
    /// Companies whose invoices stand.
    companies_done: i64,
    /// Companies whose invoices could not be made yet, and are tried again.
    companies_failed: i64,
    /// Companies with something to pay.
    companies_total: i64,
    /// Lines on these invoices.
    lines_done: i64,
    /// Lines with something to pay.
    lines_total: i64,
    /// Lines a second so far.
    lines_per_second: f64,
    /// What is left at that rate; null before the rate is known.
    #[schema(required = true)]
    seconds_left: Option<i64>,
}

impl From<billing::BillingRun> for BillingRun {
    fn from(run: billing::BillingRun) -> Self {
        use billing::BillingRunState as Known;
        Self {
            state: match run.state() {
                Known::Unspecified | Known::Running => State::Running,
                Known::Done => State::Done,
            },
            companies_done: run.companies_done,
            companies_failed: run.companies_failed,
            companies_total: run.companies_total,
            lines_done: run.lines_done,
            lines_total: run.lines_total,
            lines_per_second: run.lines_per_second,
            seconds_left: run.seconds_left,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_has_a_year_and_twelve_names() {
        let month = |text: &str| Month::take(&mut [text].into_iter()).map(String::from);
        assert_eq!(month("2026-10").as_deref(), Some("2026-10"));
        for text in ["", "2026", "2026-13", "2026-00", "2026-1", "26-01", "2026-1x", "2026-10-01"] {
            assert_eq!(month(text), None, "{text}");
        }
    }
}
