use ::http::HeaderMap;

const LENGTH_MAX: usize = 64;

/// The request id, if it is one: callers choose it, and it goes into every log line, so anything
/// that is not a short token is left out.
pub(super) fn request_id(headers: &HeaderMap) -> Option<&str> {
    let id = headers.get("x-request-id")?.to_str().ok()?;
    let token = (1..=LENGTH_MAX).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    token.then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_short_tokens_are_request_ids() {
        let id = |value: &str| {
            let headers = HeaderMap::from_iter([(
                ::http::HeaderName::from_static("x-request-id"),
                value.parse().unwrap(),
            )]);
            request_id(&headers).map(str::to_owned)
        };
        assert_eq!(id("0198b1c2-7d3e").as_deref(), Some("0198b1c2-7d3e"));
        assert_eq!(id("maria@example.com"), None);
        assert_eq!(id(""), None);
        assert_eq!(id(&"a".repeat(65)), None);
        assert_eq!(request_id(&HeaderMap::new()), None);
    }
}
