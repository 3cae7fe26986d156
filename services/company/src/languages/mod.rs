//! Languages that an organization speaks.

pub(crate) mod rpc;
mod store;

use std::fmt;
use std::str::FromStr;

use chassis::refusal::Rule;

/// How many languages one organization speaks.
pub(crate) const LANGUAGES_MAX: i64 = 200;

const LENGTH_MAX: usize = 35;
const SUBTAG_MAX: usize = 8;

/// A BCP 47 language tag, in its canonical case: the language in lower case, a script with a
/// capital, a region in capitals. Only its form is known to be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LanguageTag(String);

/// The text is no language tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidTag {
    #[error("has more than {LENGTH_MAX} characters")]
    TooLong,
    #[error("is not a BCP 47 language tag")]
    Form,
}

impl InvalidTag {
    /// The rule that the text breaks.
    fn rule(&self) -> Rule {
        match self {
            Self::TooLong => Rule::TooLong,
            Self::Form => Rule::Format,
        }
    }
}

impl LanguageTag {
    /// As it is written.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LanguageTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for LanguageTag {
    type Err = InvalidTag;

    fn from_str(text: &str) -> Result<Self, InvalidTag> {
        if text.chars().count() > LENGTH_MAX {
            return Err(InvalidTag::TooLong);
        }
        let subtags: Vec<String> = text.split('-').map(str::to_ascii_lowercase).collect();
        let are_plain = subtags.iter().all(|subtag| {
            (1..=SUBTAG_MAX).contains(&subtag.len())
                && subtag.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
        if !are_plain || !is_well_formed(&subtags) {
            return Err(InvalidTag::Form);
        }
        let mut cased = Vec::with_capacity(subtags.len());
        let mut after_singleton = false;
        for (place, subtag) in subtags.into_iter().enumerate() {
            let is_singleton = subtag.len() == 1;
            let cased_subtag = match subtag.len() {
                2 if place > 0 && !after_singleton => subtag.to_ascii_uppercase(),
                4 if place > 0 && !after_singleton && is_alphabetic(&subtag) => capital(&subtag),
                _ => subtag,
            };
            after_singleton |= is_singleton;
            cased.push(cased_subtag);
        }
        Ok(Self(cased.join("-")))
    }
}

/// Whether lower-case subtags stand in the order of RFC 5646: language, extended languages,
/// script, region, variants, extensions, private use; or private use alone.
fn is_well_formed(subtags: &[String]) -> bool {
    let mut rest = subtags;
    if rest[0] == "x" {
        return rest.len() > 1;
    }
    let language = &rest[0];
    if !is_alphabetic(language) || language.len() < 2 {
        return false;
    }
    rest = &rest[1..];
    let mut extended = 0;
    while language.len() <= 3 && extended < 3 && first(rest, |s| s.len() == 3 && is_alphabetic(s)) {
        rest = &rest[1..];
        extended += 1;
    }
    if first(rest, |s| s.len() == 4 && is_alphabetic(s)) {
        rest = &rest[1..];
    }
    if first(rest, |s| s.len() == 2 && is_alphabetic(s) || s.len() == 3 && is_numeric(s)) {
        rest = &rest[1..];
    }
    let mut variants = Vec::new();
    while first(rest, |s| s.len() >= 5 || s.len() == 4 && s.as_bytes()[0].is_ascii_digit()) {
        if variants.contains(&&rest[0]) {
            return false;
        }
        variants.push(&rest[0]);
        rest = &rest[1..];
    }
    let mut singletons = Vec::new();
    while first(rest, |s| s.len() == 1) {
        let singleton = &rest[0];
        if singletons.contains(&singleton) {
            return false;
        }
        singletons.push(singleton);
        let shortest = if singleton == "x" { 1 } else { 2 };
        rest = &rest[1..];
        let is_part = |s: &str| s.len() >= shortest;
        if !first(rest, is_part) {
            return false;
        }
        while first(rest, is_part) {
            rest = &rest[1..];
        }
    }
    rest.is_empty()
}

fn first(subtags: &[String], is: impl Fn(&str) -> bool) -> bool {
    subtags.first().is_some_and(|subtag| is(subtag))
}

fn is_alphabetic(subtag: &str) -> bool {
    subtag.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn is_numeric(subtag: &str) -> bool {
    subtag.bytes().all(|byte| byte.is_ascii_digit())
}

fn capital(subtag: &str) -> String {
    let (first, rest) = subtag.split_at(1);
    first.to_ascii_uppercase() + rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn canonical(text: &str) -> Option<String> {
        text.parse::<LanguageTag>().ok().map(|tag| tag.to_string())
    }

    #[test]
    fn a_tag_gets_its_canonical_case() {
        for (given, canonical_tag) in [
            ("pt-br", "pt-BR"),
            ("EN", "en"),
            ("zh-hant-tw", "zh-Hant-TW"),
            ("de-ch-1996", "de-CH-1996"),
            ("es-419", "es-419"),
            ("zh-cmn-hans-cn", "zh-cmn-Hans-CN"),
            ("en-us-u-ca-gregory", "en-US-u-ca-gregory"),
            ("x-whatever", "x-whatever"),
        ] {
            assert_eq!(canonical(given).as_deref(), Some(canonical_tag), "{given}");
        }
    }

    #[test]
    fn what_has_not_the_form_is_refused() {
        for given in [
            "",
            "e",
            "p1",
            "pt_BR",
            "pt-",
            "-pt",
            "pt--BR",
            "pt-BR-US",
            "en-u",
            "x",
            "português",
            "abcdefghi",
            "en-1901-1901",
            "en-a-bb-a-cc",
        ] {
            assert_eq!(given.parse::<LanguageTag>(), Err(InvalidTag::Form), "{given:?}");
        }
        let long = "en-".to_owned() + &"abcdefgh-".repeat(4) + "abc";
        assert_eq!(long.parse::<LanguageTag>(), Err(InvalidTag::TooLong));
    }

    proptest! {
        #[test]
        fn a_canonical_tag_stays_as_it_is(text in "[a-zA-Z]{2,3}(-[a-zA-Z0-9]{1,8}){0,3}") {
            if let Some(tag) = canonical(&text) {
                prop_assert_eq!(canonical(&tag), Some(tag.clone()));
                prop_assert!(tag.eq_ignore_ascii_case(&text));
            }
        }
    }
}
