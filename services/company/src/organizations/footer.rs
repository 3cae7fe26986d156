//! What stands below an organization's mails: HTML that does nothing but look.

use std::collections::{HashMap, HashSet};

use ammonia::{Builder, UrlRelative};

/// The most characters that may be given.
pub(super) const LENGTH_MAX: usize = 20_000;

const TAGS: [&str; 25] = [
    "p", "br", "b", "strong", "i", "em", "u", "span", "div", "a", "img", "table", "caption",
    "colgroup", "col", "thead", "tbody", "tfoot", "tr", "th", "td", "ul", "ol", "li", "hr",
];

/// The harmless part of some HTML.
pub(super) fn harmless(html: &str) -> String {
    let attributes = HashMap::from([
        ("a", HashSet::from(["href", "title"])),
        ("img", HashSet::from(["src", "alt", "title", "width", "height"])),
        ("td", HashSet::from(["colspan", "rowspan", "align"])),
        ("th", HashSet::from(["colspan", "rowspan", "align"])),
    ]);
    Builder::empty()
        .tags(HashSet::from(TAGS))
        .tag_attributes(attributes)
        .clean_content_tags(HashSet::from(["script", "style"]))
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer"))
        .attribute_filter(|element, attribute, value| {
            let is_picture = element == "img" && attribute == "src";
            let is_secure = value.trim_start().to_ascii_lowercase().starts_with("https:");
            (!is_picture || is_secure).then(|| value.into())
        })
        .clean(html)
        .to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_looks_stays() {
        let html = "<p>Acme <b>Ltda</b><br><img src=\"https://a.example/l.png\" alt=\"Acme\"></p>";
        assert_eq!(harmless(html), html);
        let table = "<table><tbody><tr><td colspan=\"2\">x</td></tr></tbody></table>";
        assert_eq!(harmless(table), table);
        let link = harmless("<a href=\"mailto:a@b.example\">mail</a>");
        assert!(link.contains("href=\"mailto:a@b.example\""), "{link}");
    }

    #[test]
    fn what_acts_goes() {
        for html in [
            "<script>alert(1)</script>",
            "<style>p { color: red }</style>",
            "<form action=\"https://x\"><input></form>",
            "<p onclick=\"alert(1)\" style=\"color: red\">",
            "<a href=\"javascript:alert(1)\">",
            "<a href=\"/relative\">",
            "<img src=\"http://insecure.example/x.png\">",
            "<img src=\"data:image/png;base64,AAAA\" onerror=\"alert(1)\">",
            "<iframe src=\"https://x\"></iframe>",
            "<svg onload=\"alert(1)\"></svg>",
        ] {
            let clean = harmless(html);
            for trace in [
                "alert",
                "color",
                "javascript",
                "relative",
                "insecure",
                "data:",
                "<i",
                "svg",
                "form",
            ] {
                assert!(
                    trace == "<i" && clean == "<img>" || !clean.contains(trace),
                    "{html}: {clean}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_harmless_stays_so(html in "[<>/a-z =\"':;&!-]{0,200}") {
            let once = harmless(&html);
            prop_assert_eq!(harmless(&once), once);
        }
    }
}
