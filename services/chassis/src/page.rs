//! Pages of lists: bounded, and continued by opaque tokens.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proto::common::v1::{PageRequest, PageResponse};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, Row, ValueRef};
use tonic::Status;

use crate::refusal::invalid;

/// The most items that a page holds.
pub const SIZE_MAX: i64 = 200;
const SIZE_DEFAULT: i64 = 50;

/// What part of a list is wanted; `K` is the sort key of its last item so far.
#[derive(Debug, PartialEq, Eq)]
pub struct Page<K> {
    /// Items wanted, 1 to [`SIZE_MAX`].
    pub size: i64,
    /// Items to leave out first.
    pub skip: i64,
    /// Sort key of the last item of the page before.
    pub after: Option<K>,
}

impl<K: Serialize + DeserializeOwned> Page<K> {
    /// Reads a request's page; absent means the first one of the usual size.
    ///
    /// # Errors
    /// INVALID_ARGUMENT on a negative size or skip, and on a token that is not ours.
    pub fn parse(request: Option<PageRequest>) -> Result<Self, Status> {
        let request = request.unwrap_or_default();
        let size = match i64::from(request.page_size) {
            0 => SIZE_DEFAULT,
            size if size > 0 => size.min(SIZE_MAX),
            _ => return Err(invalid("page.page_size", "is negative")),
        };
        if request.skip < 0 {
            return Err(invalid("page.skip", "is negative"));
        }
        let after = match request.page_token.as_str() {
            "" => None,
            token => Some(
                decode(token)
                    .ok_or_else(|| invalid("page.page_token", "is not a token of this list"))?,
            ),
        };
        Ok(Self { size, skip: request.skip.into(), after })
    }

    /// Rows to fetch: one more than the page holds tells whether another page follows.
    pub fn limit(&self) -> i64 {
        self.size + 1
    }

    /// Cuts what was fetched to the page, and says how it lies in the list.
    pub fn cut<T>(
        &self,
        mut fetched: Vec<T>,
        total: i64,
        key: impl Fn(&T) -> K,
    ) -> (Vec<T>, PageResponse) {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        let more = fetched.len() > size;
        fetched.truncate(size);
        let next_page_token = match fetched.last() {
            Some(last) if more => encode(&key(last)),
            _ => String::new(),
        };
        (fetched, PageResponse { next_page_token, total_size: total })
    }
}

/// Reads a page that a statement gave together with the size of the whole list: each row has it
/// in the column `total`. An empty page comes as one row whose `key` is null.
///
/// # Errors
/// When the rows are not such.
pub fn counted<T>(rows: &[PgRow], key: &str) -> sqlx::Result<(Vec<T>, i64)>
where
    T: for<'r> FromRow<'r, PgRow>,
{
    let total = rows.first().map(|row| row.try_get("total")).transpose()?.unwrap_or_default();
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        if !row.try_get_raw(key)?.is_null() {
            items.push(T::from_row(row)?);
        }
    }
    Ok((items, total))
}

fn encode<K: Serialize>(key: &K) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(key).unwrap_or_default())
}

fn decode<K: DeserializeOwned>(token: &str) -> Option<K> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(page_size: i32, token: &str) -> Option<PageRequest> {
        Some(PageRequest { page_size, page_token: token.to_owned(), skip: 0 })
    }

    #[test]
    fn a_list_is_walked_by_its_tokens() {
        let items: Vec<i64> = (1..=5).collect();
        let mut token = String::new();
        let mut seen = Vec::new();
        loop {
            let page = Page::<i64>::parse(request(2, &token)).unwrap();
            let after = page.after.unwrap_or(0);
            let fetched = items.iter().copied().filter(|item| *item > after).take(3).collect();
            let (shown, response) = page.cut(fetched, 5, |item| *item);
            seen.extend(shown);
            if response.next_page_token.is_empty() {
                break;
            }
            token = response.next_page_token;
        }
        assert_eq!(seen, items);
    }

    #[test]
    fn sizes_are_bounded_and_foreign_tokens_refused() {
        assert_eq!(Page::<i64>::parse(None).unwrap().size, 50);
        assert_eq!(Page::<i64>::parse(request(100_000, "")).unwrap().size, 200);
        assert!(Page::<i64>::parse(request(-1, "")).is_err());
        assert!(Page::<i64>::parse(request(1, "no token")).is_err());
    }
}
