//! Helpers the values share: pictures of formatted text and the Luhn check.

/// Reads `text` written bare or as `picture` says, where `#` stands for one character of the
/// value and anything else for itself. Returns the bare characters, ASCII only.
pub(crate) fn bare(text: &str, picture: &str) -> Option<String> {
    let length = picture.bytes().filter(|byte| *byte == b'#').count();
    if !text.is_ascii() {
        return None;
    }
    if text.len() == length {
        return Some(text.to_owned());
    }
    if text.len() != picture.len() {
        return None;
    }
    let mut value = String::with_capacity(length);
    for (character, drawn) in text.chars().zip(picture.chars()) {
        if drawn == '#' {
            value.push(character);
        } else if drawn != character {
            return None;
        }
    }
    Some(value)
}

/// Writes the bare characters of a value into `picture`.
pub(crate) fn drawn(value: &str, picture: &str) -> String {
    let mut characters = value.chars();
    picture.chars().map_while(|c| if c == '#' { characters.next() } else { Some(c) }).collect()
}

/// Whether `text` is `length` ASCII digits and nothing else.
pub(crate) fn is_digits(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The numeric value of each byte: its ASCII code less 48, so that a digit is itself.
pub(crate) fn values(text: &str) -> impl DoubleEndedIterator<Item = u32> + ExactSizeIterator + '_ {
    text.bytes().map(|byte| u32::from(byte.wrapping_sub(b'0')))
}

/// The Luhn check digit that belongs after `digits` (ISO/IEC 7812-1).
pub(crate) fn luhn_digit(digits: &str) -> u32 {
    let sum: u32 = values(digits)
        .rev()
        .zip([2, 1].into_iter().cycle())
        .map(|(digit, weight)| digit * weight)
        .map(|product| if product > 9 { product - 9 } else { product })
        .sum();
    (10 - sum % 10) % 10
}

/// Whether the last of `digits` is the Luhn check digit of those before it.
pub(crate) fn luhn_holds(digits: &str) -> bool {
    let (body, check) = digits.split_at(digits.len() - 1);
    values(check).eq([luhn_digit(body)])
}
