//! LoopBack's filter: the only place that knows its syntax. Both wire forms become one tree, and
//! the tree a typed question with none but the model's own fields; the services turn that into
//! SQL.
//!
//! Stricter than the original, where a typo lists everything: whatever is not understood is
//! INVALID_FILTER, and its message names the cause.

mod conditions;
mod fields;
mod models;
mod page;
mod query;
#[cfg(test)]
mod tests;
mod tree;

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use proto::common::v1::Query;
use serde::Serialize;

pub(super) use self::fields::Selected;
use self::fields::Selection;
pub(super) use self::models::{Calls, Extensions, Tokens, Users};
pub(super) use self::page::{Meta, Paging};
use super::Voice;
use super::error::Error;
use crate::body::Params;

/// What a field's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Uuid,
    Integer,
    /// 0 or 1; true and false do as well.
    Flag,
    /// A number of reais.
    Reais,
    Boolean,
    Time,
    /// Can be neither compared nor sorted by, only listed in `fields`.
    Shown,
}

/// A field of a model.
#[derive(Debug)]
struct Field {
    /// What it is called here.
    name: &'static str,
    /// What the contract of the rpc calls it.
    asked: &'static str,
    kind: Kind,
}

/// A kind of thing of which there are lists.
pub(super) trait Listed {
    /// All its fields.
    #[expect(private_interfaces, reason = "models are made here only")]
    const FIELDS: &'static [Field];
}

/// What a request asks of a list of `M`.
#[derive(Debug)]
pub(super) struct Filter<M> {
    query: Query,
    selection: Selection,
    model: PhantomData<M>,
}

impl<M> Filter<M> {
    /// The question.
    pub(super) fn query(&self) -> Option<Query> {
        Some(self.query.clone())
    }

    /// The item with the fields that are wanted.
    pub(super) fn select<T: Serialize>(&self, item: T) -> Selected<T> {
        self.selection.of(item)
    }

    /// The items, each with the fields that are wanted.
    pub(super) fn select_all<S, T>(&self, items: Vec<S>) -> Vec<Selected<T>>
    where
        T: Serialize + From<S>,
    {
        items.into_iter().map(|item| self.select(T::from(item))).collect()
    }
}

impl<M: Listed> Filter<M> {
    /// Reads the filter among the parameters of a request; without one everything is asked for.
    ///
    /// # Errors
    /// INVALID_FILTER.
    pub(super) fn of(params: &Params) -> Result<Self, Error> {
        let understood = tree::read(params.all()).and_then(|tree| match tree {
            Some(tree) => query::understand(&tree, M::FIELDS),
            None => Ok((Query::default(), Selection::everything())),
        });
        let (query, selection) = understood.map_err(|Invalid(cause)| Error::filter(cause))?;
        Ok(Self { query, selection, model: PhantomData })
    }
}

impl<M: Listed> FromRequestParts<Voice> for Filter<M> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, voice: &Voice) -> Result<Self, Error> {
        Self::of(&Params::from_request_parts(parts, voice).await?)
    }
}

/// Why a filter cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Invalid(String);

fn invalid<T>(cause: impl Into<String>) -> Result<T, Invalid> {
    Err(Invalid(cause.into()))
}

/// A name of the caller's, short enough to be repeated to them.
fn quoted(name: &str) -> String {
    const SHOWN_MAX: usize = 40;
    let shown: String = name.chars().take(SHOWN_MAX).collect();
    format!("{shown:?}")
}
