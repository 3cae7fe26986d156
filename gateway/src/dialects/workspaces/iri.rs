//! Paths of things, which stand for them in bodies and queries.

use super::error::Error;

/// The id in the path of something, at the member `member`.
///
/// # Errors
/// 400 for what is no path of such a thing.
pub(super) fn id(member: &str, base: &str, iri: &str) -> Result<String, Error> {
    let id = iri.strip_prefix(base).and_then(|rest| rest.strip_prefix('/'));
    let is_id =
        |id: &&str| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let wrong = || Error::bad_request(format!("\"{member}\" is no path of \"{base}/{{id}}\"."));
    id.filter(is_id).map(str::to_owned).ok_or_else(wrong)
}

/// As [`id`], for a member that may be absent.
///
/// # Errors
/// Those.
pub(super) fn optional(
    member: &str,
    base: &str,
    iri: Option<&str>,
) -> Result<Option<String>, Error> {
    iri.map(|iri| id(member, base, iri)).transpose()
}

/// As [`id`], where an absent one is passed on as an empty one.
///
/// # Errors
/// Those.
pub(super) fn or_empty(member: &str, base: &str, iri: Option<&str>) -> Result<String, Error> {
    Ok(optional(member, base, iri)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stands_for_a_thing() {
        assert_eq!(id("x", "/employees", "/employees/0198-a").unwrap(), "0198-a");
        for iri in [
            "",
            "/employees",
            "/employees/",
            "employees/1",
            "/employee/1",
            "/employees/1/2",
            "/employees/%20",
            "https://x/employees/1",
        ] {
            assert!(id("x", "/employees", iri).is_err(), "{iri}");
        }
    }
}
