//! Employees: the people who work for companies, and what companies keep on file about them.

pub(crate) mod rpc;
mod store;

pub(crate) use store::{BIRTH_DATE, CPF, Sealed};

use std::fmt;
use std::str::FromStr;

use brazil::{CompanyId, Cpf, Email, EmployeeId, PhoneNumber, UserId, local_date};
use chassis::address::Address;
use time::format_description::StaticFormatDescription;
use time::macros::format_description;
use time::{Date, OffsetDateTime};

/// The most characters of a name, a position or a department.
pub(crate) const TEXT_MAX: usize = 200;

/// Employment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Status {
    Active,
    Terminated,
}

/// A person's file at a company.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Employee {
    pub(crate) employee_id: EmployeeId,
    pub(crate) file: File,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) updated_at: OffsetDateTime,
}

/// What the file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) company_id: CompanyId,
    pub(crate) full_name: String,
    pub(crate) social_name: Option<String>,
    pub(crate) status: Status,
    pub(crate) work_email: Option<Email>,
    pub(crate) personal_email: Option<Email>,
    pub(crate) work_phone_number: Option<PhoneNumber>,
    pub(crate) personal_phone_number: Option<PhoneNumber>,
    pub(crate) cpf: Option<Cpf>,
    pub(crate) position: Option<String>,
    pub(crate) area: Option<String>,
    pub(crate) birth_date: Option<BirthDate>,
    pub(crate) user_id: Option<UserId>,
    pub(crate) admitted_at: Option<OffsetDateTime>,
    pub(crate) terminated_at: Option<OffsetDateTime>,
    pub(crate) address: Option<Address>,
}

impl Employee {
    /// Opens a file.
    pub(crate) fn register(file: File, now: OffsetDateTime) -> Self {
        Self { employee_id: EmployeeId::generate(), file, created_at: now, updated_at: now }
    }
}

/// Whether an employment may begin and end so; an end without a known beginning may.
pub(crate) fn ends_after_it_began(
    admitted_at: Option<OffsetDateTime>,
    terminated_at: Option<OffsetDateTime>,
) -> bool {
    admitted_at.zip(terminated_at).is_none_or(|(admitted, terminated)| terminated >= admitted)
}

const ISO_DATE: StaticFormatDescription = format_description!("[year]-[month]-[day]");
const YEAR_MIN: i32 = 1900;

/// The day a person was born. Personal data: `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct BirthDate(Date);

/// The text is not a date on which a living person was born.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a date of birth, YYYY-MM-DD")]
pub(crate) struct InvalidBirthDate;

impl BirthDate {
    /// Whether it has passed at `now`, as calendars in Brazil show it.
    pub(crate) fn is_past(self, now: OffsetDateTime) -> bool {
        self.0 < local_date(now)
    }
}

impl FromStr for BirthDate {
    type Err = InvalidBirthDate;

    fn from_str(text: &str) -> Result<Self, InvalidBirthDate> {
        Date::parse(text, ISO_DATE)
            .ok()
            .filter(|date| date.year() >= YEAR_MIN)
            .map(Self)
            .ok_or(InvalidBirthDate)
    }
}

impl fmt::Display for BirthDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), u8::from(self.0.month()), self.0.day())
    }
}

impl fmt::Debug for BirthDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BirthDate(***)")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    pub(crate) fn file(company_id: CompanyId, full_name: &str) -> File {
        File {
            company_id,
            full_name: full_name.to_owned(),
            social_name: None,
            status: Status::Active,
            work_email: None,
            personal_email: None,
            work_phone_number: None,
            personal_phone_number: None,
            cpf: None,
            position: None,
            area: None,
            birth_date: None,
            user_id: None,
            admitted_at: None,
            terminated_at: None,
            address: None,
        }
    }

    #[test]
    fn a_birth_date_is_a_day_of_the_calendar_that_has_passed() {
        // 22:00 of 9 March in São Paulo.
        let now = datetime!(2026-03-10 01:00 UTC);
        assert!("2026-03-08".parse::<BirthDate>().unwrap().is_past(now));
        assert!(!"2026-03-09".parse::<BirthDate>().unwrap().is_past(now));
        for text in ["", "1899-12-31", "2025-02-29", "10/03/1990", "1990-3-1", "1990-03-01 "] {
            assert_eq!(text.parse::<BirthDate>(), Err(InvalidBirthDate), "{text:?}");
        }
    }

    #[test]
    fn a_file_keeps_its_secrets_out_of_logs() {
        let mut file = file(CompanyId::generate(), "Ana");
        file.birth_date = "1990-12-31".parse().ok();
        file.cpf = "52998224725".parse().ok();
        let shown = format!("{file:?}");
        assert!(!shown.contains("1990") && !shown.contains("52998224725"), "{shown}");
    }

    #[test]
    fn an_employment_ends_after_it_began() {
        let (early, late) = (datetime!(2026-01-01 0:00 UTC), datetime!(2026-01-02 0:00 UTC));
        assert!(ends_after_it_began(Some(early), Some(late)));
        assert!(ends_after_it_began(Some(early), Some(early)));
        assert!(ends_after_it_began(None, Some(early)) && ends_after_it_began(Some(late), None));
        assert!(!ends_after_it_began(Some(late), Some(early)));
    }

    proptest! {
        #[test]
        fn a_birth_date_reads_as_written(days in 0i64..60_000) {
            let date = Date::from_calendar_date(1900, time::Month::January, 1).unwrap();
            let date = BirthDate(date + time::Duration::days(days));
            prop_assert_eq!(date.to_string().parse(), Ok(date));
        }
    }
}
