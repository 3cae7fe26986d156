//! Pages of a list that is counted.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use chassis::query::LIMIT_MAX;
use proto::common::v1::Query;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Filter, Listed};
use crate::body::Params;
use crate::dialects::voice::Voice;
use crate::dialects::voice::error::Error;

const LIMIT_DEFAULT: u32 = 100;

/// A filter, and which page of what it leaves is wanted.
#[derive(Debug)]
pub(in super::super) struct Paging<M> {
    filter: Filter<M>,
    pub(super) page: u64,
    pub(super) limit: u32,
    pub(super) skip: u32,
}

impl<M: Listed> Paging<M> {
    /// Reads `page`, `limit` and the filter, whose own limit wins.
    ///
    /// # Errors
    /// INVALID_FILTER.
    pub(in super::super) fn of(params: &Params) -> Result<Self, Error> {
        let filter = Filter::of(params)?;
        let page = number(params, "page", u32::MAX)?;
        let limit = number(params, "limit", LIMIT_MAX)?;
        let limit = match filter.query.limit {
            0 => limit.unwrap_or(LIMIT_DEFAULT),
            limit => limit,
        };
        let (page, skip) = match (page, filter.query.skip) {
            (Some(_), 1..) => {
                return Err(Error::filter("skip and page say where to begin, both of them"));
            }
            (Some(page), 0) => {
                let page = u64::from(page);
                let skip = u32::try_from((page - 1) * u64::from(limit)).unwrap_or(u32::MAX);
                (page, skip)
            }
            (None, skip) => (u64::from(skip / limit) + 1, skip),
        };
        Ok(Self { filter, page, limit, skip })
    }
}

impl<M> Paging<M> {
    /// The question.
    pub(in super::super) fn query(&self) -> Option<Query> {
        Some(Query { limit: self.limit, skip: self.skip, ..self.filter.query.clone() })
    }

    /// The filter, which selects fields.
    pub(in super::super) fn filter(&self) -> &Filter<M> {
        &self.filter
    }

    /// Where the page lies in a list of `total` items.
    pub(in super::super) fn meta(&self, total: i64) -> Meta {
        let total = u64::try_from(total).unwrap_or_default();
        let pages = total.div_ceil(u64::from(self.limit));
        Meta {
            total_item_count: total,
            total_page_count: pages,
            items_per_page: self.limit,
            current_page: self.page,
            next_page: (self.page < pages).then_some(self.page + 1),
            previous_page: (self.page > 1).then_some(self.page - 1),
        }
    }
}

impl<M: Listed> FromRequestParts<Voice> for Paging<M> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, voice: &Voice) -> Result<Self, Error> {
        Self::of(&Params::from_request_parts(parts, voice).await?)
    }
}

/// A whole number from 1 on.
fn number(params: &Params, name: &str, max: u32) -> Result<Option<u32>, Error> {
    let Some(text) = params.text(name) else { return Ok(None) };
    text.parse()
        .ok()
        .filter(|number| (1..=max).contains(number))
        .map(Some)
        .ok_or_else(|| Error::filter(format!("{name} is not a whole number from 1 to {max}")))
}

/// Where a page lies.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Meta {
    /// Items in all.
    #[schema(example = 250)]
    total_item_count: u64,
    /// Pages in all.
    #[schema(example = 3)]
    total_page_count: u64,
    /// Items of a page.
    #[schema(example = 100)]
    items_per_page: u32,
    /// This page.
    #[schema(example = 2)]
    current_page: u64,
    /// The next one; not on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 3)]
    next_page: Option<u64>,
    /// The one before; not on the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1)]
    previous_page: Option<u64>,
}
