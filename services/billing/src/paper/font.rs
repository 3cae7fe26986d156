//! Helvetica, which every reader of PDF has: what it can write, and how wide that is.

use unicode_normalization::UnicodeNormalization;

/// Widths of the characters from space to tilde in thousandths of the size (Adobe's metrics of
/// the 14 standard fonts).
const WIDTHS: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278,
    278, // space to /
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, // 0 to ?
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, // @ to O
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, // P to _
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, // ` to o
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584, // p to ~
];
const WIDTH_OTHER: u16 = 1000;

/// How wide a text is, in points.
pub(crate) fn width(text: &str, size: f32) -> f32 {
    text.chars().map(|c| f32::from(width_of(c))).sum::<f32>() * size / 1000.0
}

/// An accent makes no letter wider.
fn width_of(c: char) -> u16 {
    let base = c.nfd().next().unwrap_or(c);
    let place = u32::from(base).checked_sub(u32::from(' '));
    place.and_then(|place| WIDTHS.get(usize::try_from(place).ok()?)).copied().unwrap_or(WIDTH_OTHER)
}

/// A text in the encoding WinAnsi; what that does not have becomes a question mark.
pub(crate) fn encode(text: &str) -> Vec<u8> {
    text.nfc()
        .map(|c| match c {
            ' '..='~' => u8::try_from(c).unwrap_or(b'?'),
            '\u{a0}'..='\u{ff}' => u8::try_from(c).unwrap_or(b'?'),
            '€' => 0x80,
            '…' => 0x85,
            '‘' => 0x91,
            '’' => 0x92,
            '“' => 0x93,
            '”' => 0x94,
            '•' => 0x95,
            '–' => 0x96,
            '—' => 0x97,
            _ => b'?',
        })
        .collect()
}

/// As much of a text as is no wider than `width_max`; what is cut ends in an ellipsis.
pub(crate) fn fit(text: &str, size: f32, width_max: f32) -> String {
    if width(text, size) <= width_max {
        return text.to_owned();
    }
    let mut left = width_max - width("…", size);
    let kept = text.chars().take_while(|c| {
        left -= f32::from(width_of(*c)) * size / 1000.0;
        left >= 0.0
    });
    kept.chain(['…']).collect()
}

/// A text without places to break, in lines no wider than `width_max`.
pub(crate) fn lines(text: &str, size: f32, width_max: f32) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0.0;
    for c in text.chars() {
        let wide = f32::from(width_of(c)) * size / 1000.0;
        if used + wide > width_max {
            lines.push(String::new());
            used = 0.0;
        }
        used += wide;
        if let Some(line) = lines.last_mut() {
            line.push(c);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_have_their_widths_with_and_without_accents() {
        assert_eq!(width("iiii", 1000.0), 888.0);
        assert_eq!(width("São João", 10.0), width("Sao Joao", 10.0));
        assert_eq!(width("1.234,56", 10.0), (6.0 * 556.0 + 2.0 * 278.0) / 100.0);
    }

    #[test]
    fn portuguese_is_written_and_what_is_foreign_is_marked() {
        assert_eq!(encode("Ação"), [b'A', 0xe7, 0xe3, b'o']);
        assert_eq!(encode("Ac\u{327}a\u{303}o"), [b'A', 0xe7, 0xe3, b'o']);
        assert_eq!(encode("a→b\n"), b"a?b?");
    }

    #[test]
    fn what_is_too_wide_is_cut_or_broken() {
        assert_eq!(fit("short", 10.0, 100.0), "short");
        let cut = fit(&"word ".repeat(40), 10.0, 100.0);
        assert!(cut.ends_with('…') && width(&cut, 10.0) <= 100.0);
        let broken = lines(&"0".repeat(100), 10.0, 100.0);
        assert_eq!(broken.concat().len(), 100);
        assert!(broken.iter().all(|line| width(line, 10.0) <= 100.0));
    }
}
