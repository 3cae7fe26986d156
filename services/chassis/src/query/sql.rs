//! Conditions as SQL.

use regex::Regex;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Column, Kind, Sql};

/// A condition.
#[derive(Debug)]
pub(super) enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    None(Vec<Node>),
    Test(&'static Column, Test),
}

/// What a column's value must fulfil.
#[derive(Debug)]
pub(super) enum Test {
    /// Fulfilled by nothing: a comparison with null.
    Never,
    Null(bool),
    Compare(&'static str, Value),
    Between(Value, Value),
    In(Values),
    NotIn(Values),
    Like(&'static str, String),
    /// With the values that it matches, once they are known.
    Matches(Box<Regex>, Option<Vec<String>>),
}

/// A value.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    Uuid(Uuid),
    Integer(i64),
    Boolean(bool),
    Time(OffsetDateTime),
}

/// Values of one type.
#[derive(Debug)]
pub(super) enum Values {
    Text(Vec<String>),
    Uuid(Vec<Uuid>),
    Integer(Vec<i64>),
    Boolean(Vec<bool>),
    Time(Vec<OffsetDateTime>),
}

/// A column to sort by.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) column: &'static Column,
    pub(super) descending: bool,
}

impl Order {
    pub(super) fn push(&self, sql: &mut Sql) {
        sql.push(self.column.order);
        if self.descending {
            sql.push(" desc");
        }
        // Said only where it matters, because an index is read backwards without it.
        if self.descending && self.column.nullable {
            sql.push(" nulls last");
        }
    }
}

impl Node {
    /// Writes the condition in parentheses. A regular expression that is not resolved yet becomes
    /// what leaves the most rows, which depends on whether it stands under a `none_of`.
    pub(super) fn push(&self, sql: &mut Sql, negated: bool) {
        sql.push("(");
        match self {
            Self::All(nodes) => join(sql, " and ", nodes, negated),
            Self::Any(nodes) => join(sql, " or ", nodes, negated),
            Self::None(nodes) => {
                sql.push("(");
                join(sql, " or ", nodes, !negated);
                sql.push(") is not true");
            }
            Self::Test(column, test) => test.push(column, sql, negated),
        }
        sql.push(")");
    }

    /// Every regular expression in it, with its column.
    pub(super) fn patterns(&mut self) -> Vec<(&'static Column, &Regex, &mut Option<Vec<String>>)> {
        match self {
            Self::All(nodes) | Self::Any(nodes) | Self::None(nodes) => {
                nodes.iter_mut().flat_map(Self::patterns).collect()
            }
            Self::Test(column, Test::Matches(regex, values)) => vec![(*column, &**regex, values)],
            Self::Test(..) => Vec::new(),
        }
    }
}

fn join(sql: &mut Sql, separator: &'static str, nodes: &[Node], negated: bool) {
    for (position, node) in nodes.iter().enumerate() {
        if position > 0 {
            sql.push(separator);
        }
        node.push(sql, negated);
    }
}

impl Test {
    fn push(&self, column: &Column, sql: &mut Sql, negated: bool) {
        match self {
            Self::Never => {
                sql.push("false");
            }
            Self::Null(is_null) => {
                sql.push(column.sql).push(if *is_null { " is null" } else { " is not null" });
            }
            Self::Compare(operator, value) => {
                sql.push(column.sql).push(*operator);
                value.push(sql);
            }
            Self::Between(from, to) => {
                sql.push(column.sql).push(" between ");
                from.push(sql);
                sql.push(" and ");
                to.push(sql);
            }
            Self::In(values) => {
                sql.push(column.sql).push(" = any(");
                values.push(sql);
                sql.push(")");
            }
            // Of an empty list everything is none, but for what has no value.
            Self::NotIn(values) => {
                sql.push(column.sql).push(" is not null and ");
                sql.push(column.sql).push(" <> all(");
                values.push(sql);
                sql.push(")");
            }
            Self::Like(operator, pattern) => {
                push_text(column, sql);
                sql.push(*operator).push_bind(pattern.clone());
            }
            Self::Matches(_, Some(values)) => {
                push_text(column, sql);
                sql.push(" = any(").push_bind(values.clone()).push(")");
            }
            Self::Matches(_, None) => {
                sql.push(if negated { "false" } else { "true" });
            }
        }
    }
}

/// Writes a column's value as text.
pub(super) fn push_text(column: &Column, sql: &mut Sql) {
    sql.push(column.sql);
    if column.kind == Kind::Uuid {
        sql.push("::text");
    }
}

impl Value {
    fn push(&self, sql: &mut Sql) {
        match self {
            Self::Text(value) => sql.push_bind(value.clone()),
            Self::Uuid(value) => sql.push_bind(*value),
            Self::Integer(value) => sql.push_bind(*value),
            Self::Boolean(value) => sql.push_bind(*value),
            Self::Time(value) => sql.push_bind(*value),
        };
    }
}

impl Values {
    fn push(&self, sql: &mut Sql) {
        match self {
            Self::Text(values) => sql.push_bind(values.clone()),
            Self::Uuid(values) => sql.push_bind(values.clone()),
            Self::Integer(values) => sql.push_bind(values.clone()),
            Self::Boolean(values) => sql.push_bind(values.clone()),
            Self::Time(values) => sql.push_bind(values.clone()),
        };
    }
}
