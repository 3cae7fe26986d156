//! The tag-length-value text of EMV QR codes and its checksum.

const HEAD_LENGTH: usize = 4;

/// One field: two digits of tag, two of length in bytes, the value. The value has at most 99
/// bytes, which the limits of the fields guarantee.
pub(super) fn field(tag: &str, value: &str) -> String {
    format!("{tag}{:02}{value}", value.len())
}

/// All fields of `text`, in order, or `None` if it is not made of whole fields.
pub(super) fn fields(mut text: &str) -> Option<Vec<(&str, &str)>> {
    let mut fields = Vec::new();
    while !text.is_empty() {
        let head = text.get(..HEAD_LENGTH)?;
        if !head.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let end = HEAD_LENGTH + head[2..].parse::<usize>().ok()?;
        fields.push((&head[..2], text.get(HEAD_LENGTH..end)?));
        text = &text[end..];
    }
    Some(fields)
}

/// The value of a field that occurs exactly once.
pub(super) fn only<'a>(fields: &[(&str, &'a str)], tag: &str) -> Option<&'a str> {
    let mut values = fields.iter().filter(|(name, _)| *name == tag).map(|(_, value)| *value);
    values.next().filter(|_| values.next().is_none())
}

/// CRC-16/CCITT-FALSE: polynomial 0x1021, start 0xFFFF, nothing reflected.
pub(super) fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_ccitt_false() {
        assert_eq!(crc16(b"123456789"), 0x29B1);
        assert_eq!(crc16(b""), 0xFFFF);
    }

    #[test]
    fn lengths_count_bytes() {
        assert_eq!(fields("0003São"), None);
        assert_eq!(fields("0004São"), Some(vec![("00", "São")]));
        assert_eq!(fields("00"), None);
        assert_eq!(fields("0005abc"), None);
        assert_eq!(fields("00+1a"), None);
        assert_eq!(only(&[("00", "a"), ("00", "b")], "00"), None);
    }
}
