//! The short name of an organization in addresses.

use std::str::FromStr;

use chassis::refusal::Rule;
use unicode_normalization::UnicodeNormalization;

/// The most characters of a slug.
pub(super) const LENGTH_MAX: usize = 63;

/// What stands before the number where a name makes no slug.
pub(super) const NAMELESS: &str = "org";

// Less than is left of any slug that is shortened for the number behind it.
const STEM_MAX: usize = 40;

/// A slug that somebody chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slug(pub(super) String);

/// The text is no slug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidSlug {
    #[error("has more than {LENGTH_MAX} characters")]
    TooLong,
    #[error("has other characters than a-z, 0-9 and hyphens")]
    Letters,
}

impl InvalidSlug {
    /// The rule that the text breaks.
    pub(super) fn rule(&self) -> Rule {
        match self {
            Self::TooLong => Rule::TooLong,
            Self::Letters => Rule::Format,
        }
    }
}

impl FromStr for Slug {
    type Err = InvalidSlug;

    fn from_str(text: &str) -> Result<Self, InvalidSlug> {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if !text.chars().all(is_plain) {
            return Err(InvalidSlug::Letters);
        }
        if text.len() > LENGTH_MAX { Err(InvalidSlug::TooLong) } else { Ok(Self(text.to_owned())) }
    }
}

/// The slug that a name makes; None for a name without letters and digits.
pub(super) fn of_name(name: &str) -> Option<String> {
    let mut slug = String::new();
    for c in name.nfd().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if c.is_ascii() && !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(LENGTH_MAX);
    let slug = slug.trim_end_matches('-');
    (!slug.is_empty()).then(|| slug.to_owned())
}

/// What a slug has in common with all that are made of it by numbers behind it.
pub(super) fn stem(slug: &str) -> &str {
    let is_number = |at: usize| slug[at + 1..].starts_with(|c: char| c.is_ascii_digit());
    let number = slug.match_indices('-').map(|(at, _)| at).find(|at| is_number(*at));
    &slug[..number.unwrap_or(slug.len()).min(STEM_MAX)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_makes_a_slug() {
        assert_eq!(
            of_name("Padaria São João & Filhos").as_deref(),
            Some("padaria-sao-joao-filhos")
        );
        assert_eq!(of_name("  --Acme!  ").as_deref(), Some("acme"));
        assert_eq!(of_name("日本"), None);
        assert_eq!(of_name("***"), None);
    }

    #[test]
    fn a_chosen_slug_is_plain() {
        assert!("acme-2".parse::<Slug>().is_ok());
        assert_eq!("Acme".parse::<Slug>(), Err(InvalidSlug::Letters));
        assert_eq!("a".repeat(64).parse::<Slug>(), Err(InvalidSlug::TooLong));
    }

    #[test]
    fn a_number_does_not_belong_to_the_stem() {
        for slug in ["acme", "acme-2", "acme-2-2", "acme-2000-shop"] {
            assert_eq!(stem(slug), "acme");
        }
        assert_eq!(stem("acme2"), "acme2");
        assert_eq!(stem("-1"), "");
    }

    proptest! {
        #[test]
        fn a_slug_with_a_number_has_the_stem_of_the_one_without(
            base in "[a-z0-9][a-z0-9-]{0,62}|[a1]-[a1-]{30,60}", number in 1..2_000_000_000_u32
        ) {
            let room = LENGTH_MAX - 1 - number.to_string().len();
            let numbered = format!("{}-{number}", &base[..room.min(base.len())]);
            prop_assert_eq!(stem(&numbered), stem(&base), "{} and {}", numbered, base);
        }

        #[test]
        fn what_a_name_makes_can_be_chosen_too(name in "\\PC{0,300}") {
            if let Some(slug) = of_name(&name) {
                prop_assert!(slug.parse::<Slug>().is_ok(), "{slug}");
                prop_assert!(!slug.starts_with('-') && !slug.ends_with('-'));
            }
        }
    }
}
