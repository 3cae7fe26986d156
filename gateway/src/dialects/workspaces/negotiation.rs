//! In which form somebody wants their answer.

use axum::extract::FromRequestParts;
use axum::http::header::{ACCEPT, HeaderMap};
use axum::http::request::Parts;

use super::Workspaces;
use super::error::Error;

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// JSON-LD, with Hydra.
    JsonLd,
    /// The same without what JSON-LD adds.
    Json,
}

impl Form {
    /// The form that an Accept header asks for; None when neither is acceptable.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        // What is no text is no range either.
        let named: Vec<&str> = headers
            .get_all(ACCEPT)
            .iter()
            .flat_map(|value| value.to_str().unwrap_or("?").split(','))
            .filter(|range| !range.trim().is_empty())
            .collect();
        if named.is_empty() {
            return Some(Self::JsonLd);
        }
        let ranges: Vec<Range> = named.into_iter().filter_map(Range::parse).collect();
        let (ld, json) = (quality(&ranges, "ld+json"), quality(&ranges, "json"));
        match (ld, json) {
            (0, 0) => None,
            _ if json > ld => Some(Self::Json),
            _ => Some(Self::JsonLd),
        }
    }

    /// The media type of an answer in this form.
    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::JsonLd => "application/ld+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        }
    }
}

impl FromRequestParts<Workspaces> for Form {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &Workspaces) -> Result<Self, Error> {
        Ok(parts.extensions.get().copied().unwrap_or(Self::JsonLd))
    }
}

/// A media range, with its quality in thousandths.
struct Range {
    kind: String,
    subtype: String,
    quality: u16,
}

impl Range {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let quality = parts
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
            .map_or(Some(1_000), |(_, value)| thousandths(value.trim()))?;
        Some(Self { kind: kind.to_lowercase(), subtype: subtype.to_lowercase(), quality })
    }

    /// How exactly it means a subtype of application; None when it does not.
    fn specificity(&self, subtype: &str) -> Option<u8> {
        match (self.kind.as_str(), self.subtype.as_str()) {
            ("*", "*") => Some(0),
            ("application", "*") => Some(1),
            ("application", named) if named == subtype => Some(2),
            _ => None,
        }
    }
}

/// The quality of the range that means the subtype most exactly; 0 when none does.
fn quality(ranges: &[Range], subtype: &str) -> u16 {
    ranges
        .iter()
        .filter_map(|range| Some((range.specificity(subtype)?, range.quality)))
        .max_by_key(|(specificity, quality)| (*specificity, *quality))
        .map_or(0, |(_, quality)| quality)
}

/// A quality value: 0 to 1, with at most three digits after the point.
fn thousandths(text: &str) -> Option<u16> {
    let value: f32 = text.parse().ok().filter(|value| (0.0..=1.0).contains(value))?;
    // In range, so nothing is cut off.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1000")]
    let whole = (value * 1_000.0).round() as u16;
    Some(whole)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn form(accept: &str) -> Option<Form> {
        Form::of(&HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]))
    }

    #[test]
    fn quality_decides_and_a_tie_is_json_ld() {
        assert_eq!(Form::of(&HeaderMap::new()), Some(Form::JsonLd));
        for accept in [
            "*/*",
            "application/*",
            "application/ld+json",
            "application/json, application/ld+json",
            "application/json;q=0.8, */*",
            "text/html, application/ld+json;q=0.1",
            "Application/LD+JSON",
            "application/ld+json; profile=\"x,y\"",
            "",
            " , ",
            "application/json;q=0.5, application/ld+json;q=0.5",
        ] {
            assert_eq!(form(accept), Some(Form::JsonLd), "{accept}");
        }
        for accept in [
            "application/json",
            "application/json, application/ld+json;q=0.9",
            "application/json;charset=utf-8",
            "application/*;q=0.5, application/json",
            "*/*, application/ld+json;q=0",
        ] {
            assert_eq!(form(accept), Some(Form::Json), "{accept}");
        }
        for accept in ["text/html", "application/xml", "application/json;q=0", "*", "?", "*/*;q=0"]
        {
            assert_eq!(form(accept), None, "{accept}");
        }
    }

    proptest! {
        #[test]
        fn no_header_breaks_it(accept in "[ -~]{0,80}") {
            let _ = form(&accept);
        }
    }
}
