use super::*;

fn term(text: &str) -> String {
    Term::new(text).0
}

#[test]
fn case_accents_and_space_around_do_not_count() {
    assert_eq!(term("  SÃO  João\t"), "sao joao");
    assert_eq!(term("a\u{301}"), term("á"));
    assert_eq!(term("\u{a0}"), "");
    assert_eq!(term(" "), "");
}

#[test]
fn of_a_number_the_digits_count() {
    for (text, expected) in [
        ("+55 (41) 99999-0000", "5541999990000"),
        ("(41) 9", "419"),
        ("99.99", "9999"),
        ("0123", "0123"),
        ("041 99999-0000", "41999990000"),
        ("00 55 41 99999-0000", "5541999990000"),
        ("-", "-"),
        ("+ (", "+ ("),
        ("lote 01-2", "lote 01-2"),
        ("9%", "9%"),
    ] {
        assert_eq!(term(text), expected, "{text}");
    }
}

#[test]
fn the_end_of_a_cards_number_is_looked_for_as_well() {
    assert_eq!(Term::new("00-12").card_text().as_deref(), Some("AABC\n"));
    assert_eq!(Term::new("12x").card_text(), None);
    assert_eq!(Term::new("").card_text(), None);
}
