//! Query strings with nested brackets: `filters[enterprise.name][ilk]=x` is the value "x" at the
//! place ["enterprise.name", "ilk"] of the key "filters".

const PAIRS_MAX: usize = 100;
const DEPTH_MAX: usize = 3;

/// The query cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

/// A value, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) key: String,
    /// What stands in the brackets.
    pub(super) place: Vec<String>,
    pub(super) value: String,
}

/// Reads a query string: plain or percent-encoded, brackets included.
///
/// # Errors
/// [`Unreadable`] for more than 100 pairs, more than 3 brackets, brackets that do not match, and
/// what is no UTF-8.
pub(super) fn parse(query: &str) -> Result<Vec<Pair>, Unreadable> {
    let mut pairs = Vec::new();
    for text in query.split('&').filter(|text| !text.is_empty()) {
        if pairs.len() == PAIRS_MAX {
            return Err(Unreadable);
        }
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        let (key, place) = split(&decoded(key)?)?;
        pairs.push(Pair { key, place, value: decoded(value)? });
    }
    Ok(pairs)
}

/// The key, and what stands in the brackets after it.
fn split(text: &str) -> Result<(String, Vec<String>), Unreadable> {
    let (key, mut rest) = match text.find('[') {
        Some(start) => text.split_at(start),
        None => (text, ""),
    };
    if key.contains(']') || (key.is_empty() && !rest.is_empty()) {
        return Err(Unreadable);
    }
    let mut place = Vec::new();
    while !rest.is_empty() {
        let inner = rest.strip_prefix('[').ok_or(Unreadable)?;
        let (name, after) = inner.split_once(']').ok_or(Unreadable)?;
        if name.contains('[') || place.len() == DEPTH_MAX {
            return Err(Unreadable);
        }
        place.push(name.to_owned());
        rest = after;
    }
    Ok((key.to_owned(), place))
}

/// A percent sign that begins no code stands for itself, as a plus does for a space.
fn decoded(text: &str) -> Result<String, Unreadable> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| *first == b'%').and_then(hex);
        rest = match code {
            Some(byte) => {
                bytes.push(byte);
                &after[2..]
            }
            None => {
                bytes.push(if *first == b'+' { b' ' } else { *first });
                after
            }
        };
    }
    String::from_utf8(bytes).map_err(|_| Unreadable)
}

fn hex(digits: &[u8]) -> Option<u8> {
    let [high, low] = digits else { return None };
    let digit = |digit: &u8| char::from(*digit).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(query: &str) -> Vec<(String, Vec<String>, String)> {
        let pairs = parse(query).unwrap();
        pairs.into_iter().map(|pair| (pair.key, pair.place, pair.value)).collect()
    }

    fn one(key: &str, place: &[&str], value: &str) -> Vec<(String, Vec<String>, String)> {
        let place = place.iter().map(|part| (*part).to_owned()).collect();
        vec![(key.to_owned(), place, value.to_owned())]
    }

    #[test]
    fn brackets_nest_plain_and_encoded() {
        let filter = one("filters", &["chips.serial", "eq"], "a b&");
        assert_eq!(read("filters[chips.serial][eq]=a+b%26"), filter);
        assert_eq!(read("filters%5Bchips.serial%5D%5Beq%5D=a%20b%26"), filter);
        assert_eq!(read("attributes[]=name"), one("attributes", &[""], "name"));
        assert_eq!(read("attributes[0]=name"), one("attributes", &["0"], "name"));
        assert_eq!(read("count"), one("count", &[], ""));
        assert_eq!(read("&&search=50%&"), one("search", &[], "50%"));
        assert_eq!(read("search=a=b"), one("search", &[], "a=b"));
        assert_eq!(read(""), []);
    }

    #[test]
    fn what_does_not_match_or_is_too_much_is_refused() {
        for bad in ["a[b=1", "a]=1", "a[b]c=1", "[a]=1", "a[b[c]]=1", "a[b]]=1", "a=%ff", "%ff=1"] {
            assert_eq!(parse(bad), Err(Unreadable), "{bad}");
        }
        assert!(parse("a[b][c][d]=1").is_ok());
        assert_eq!(parse("a[b][c][d][e]=1"), Err(Unreadable));
        assert!(parse(&"a=1&".repeat(100)).is_ok());
        assert_eq!(parse(&"a=1&".repeat(101)), Err(Unreadable));
    }

    proptest! {
        #[test]
        fn nothing_breaks_it(query in "[a%\\[\\]=&+\\PC]{0,60}") {
            if let Ok(pairs) = parse(&query) {
                prop_assert!(pairs.len() <= PAIRS_MAX);
                prop_assert!(pairs.iter().all(|pair| pair.place.len() <= DEPTH_MAX));
            }
        }

        #[test]
        fn what_is_encoded_is_read_as_it_was(
            key in "[a-z]{1,8}",
            place in prop::collection::vec("[^\\[\\]]{0,8}", 0..4),
            value in "\\PC{0,20}",
        ) {
            let brackets: String = place.iter().map(|part| format!("[{part}]")).collect();
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.append_pair(&format!("{key}{brackets}"), &value);
            let pair = Pair { key, place, value };
            prop_assert_eq!(parse(&query.finish()), Ok(vec![pair]));
        }
    }
}
