use chassis::refusal::Refusal;
use proptest::prelude::*;
use time::macros::datetime;

use super::*;

proptest! {
    #[test]
    fn a_secret_is_64_letters_and_digits_and_only_such_a_text_is_one(text in "\\PC{0,70}") {
        let secret = Secret::generate();
        prop_assert!(Secret::parse(&secret.0).is_some());
        prop_assert_eq!(secret.prefix(), &secret.0[..8]);
        let looks_right = text.len() == 64 && text.bytes().all(|b| b.is_ascii_alphanumeric());
        prop_assert_eq!(Secret::parse(&text).is_some(), looks_right);
    }

    #[test]
    fn a_life_is_within_its_bounds(ttl in prop_oneof![-3_i64..4, 31_556_920_i64..31_556_935, any::<i64>()]) {
        let mut fields = Fields::new();
        let parsed = Ttl::parse(&mut fields, Some(ttl));
        let allowed = ttl == -1 || (1..=31_556_926).contains(&ttl);
        prop_assert_eq!(parsed.map(Ttl::number), allowed.then_some(ttl));
        prop_assert_eq!(fields.check().is_ok(), allowed);
    }
}

#[test]
fn a_token_lives_two_weeks_unless_told_otherwise() {
    let now = datetime!(2026-11-22 10:00 UTC);
    let ttl = Ttl::parse(&mut Fields::new(), None).unwrap();
    assert_eq!(ttl.end(now), Some(now + Duration::days(14)));
    assert_eq!(Ttl::Permanent.end(now), None);
}

#[test]
fn only_administrators_have_permanent_tokens() {
    for (ttl, administers, allowed) in [
        (Ttl::Permanent, true, true),
        (Ttl::Permanent, false, false),
        (Ttl::Seconds(1), false, true),
    ] {
        let mut fields = Fields::new();
        ttl.allow(&mut fields, administers);
        let checked = fields.check();
        assert_eq!(checked.is_ok(), allowed, "{ttl:?}");
        if let Err(status) = checked {
            assert_eq!(Refusal::of(&status).violations[0].field, "ttl");
        }
    }
}

#[test]
fn a_secret_is_not_shown() {
    let secret = Secret::generate();
    assert!(!format!("{secret:?}").contains(&secret.0[..4]));
}
