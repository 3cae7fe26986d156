//! Finding lines of a company, out of telecom's own data.

mod counting;
mod people;
mod rpc;
mod store;
#[cfg(test)]
mod testing;

use unicode_normalization::UnicodeNormalization;

pub(crate) use counting::{CountTerms, Counting, CountingContext};
pub(crate) use people::hear;
pub(crate) use rpc::Search;

use crate::lines::Line;

/// Somebody who uses a line, as identity tells of them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Person {
    email: String,
    full_name: Option<String>,
    social_name: Option<String>,
}

/// A line that was found.
#[derive(Clone, Debug)]
struct FoundLine {
    line: Line,
    user: Option<Person>,
}

/// What is searched for, as the search texts have it; empty finds all.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Term(String);

impl Term {
    /// The most characters of a term.
    const LENGTH_MAX: usize = 200;
    /// A number from here on may begin with zeros that are dialled before it: no part of a
    /// Brazilian number that is as long begins with one.
    const DIALLED_DIGITS_MIN: usize = 12;

    /// A term that is taken literally but for case and accents. Of one that looks like a number
    /// only the digits count.
    fn new(text: &str) -> Self {
        let folded = folded(text);
        let term = folded.trim();
        if !looks_like_a_number(term) {
            return Self(term.to_owned());
        }
        let digits: String = term.chars().filter(char::is_ascii_digit).collect();
        if digits.len() < Self::DIALLED_DIGITS_MIN {
            return Self(digits);
        }
        Self(digits.trim_start_matches('0').to_owned())
    }

    fn text(&self) -> &str {
        &self.0
    }

    /// In characters.
    fn length(&self) -> i32 {
        i32::try_from(self.0.chars().count()).unwrap_or(i32::MAX)
    }

    /// What texts have where an ICCID ends in the term; none when it is no number.
    fn card_text(&self) -> Option<String> {
        card_end(&self.0)
    }
}

fn looks_like_a_number(term: &str) -> bool {
    term.contains(|c: char| c.is_ascii_digit())
        && term.chars().all(|c| c.is_ascii_digit() || "-+ ()./".contains(c))
}

/// The end of a card's number as the search texts have it; none unless all are digits.
fn card_end(digits: &str) -> Option<String> {
    let letter = |digit: u8| digit.is_ascii_digit().then(|| char::from(digit - b'0' + b'A'));
    let letters: String = digits.bytes().map(letter).collect::<Option<_>>()?;
    (!letters.is_empty()).then(|| letters + "\n")
}

/// Whether a line of a search text is a card's number.
fn looks_like_a_card(value: &str) -> bool {
    value.starts_with(|c: char| c.is_ascii_uppercase())
}

/// A text as `search_fold` of the database folds it.
fn folded(text: &str) -> String {
    let bare = text.nfkd().filter(|c| !matches!(c, '\u{300}'..='\u{36f}'));
    let mut folded = String::with_capacity(text.len());
    for character in bare {
        if !(character.is_whitespace() || character.is_control()) {
            folded.extend(character.to_lowercase());
        } else if !folded.ends_with(' ') {
            folded.push(' ');
        }
    }
    folded
}

#[cfg(test)]
mod tests;
