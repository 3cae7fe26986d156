//! A question's message, checked against what may be asked.

use proto::common::v1::condition;
use proto::common::v1::query_value;
use proto::common::v1::{Comparison, Condition, ConditionList, Operator, Query, QueryValue};
use regex::RegexBuilder;
use tonic::Status;
use uuid::Uuid;

use super::sql::{Node, Order, Test, Value, Values};
use super::{
    CONDITIONS_MAX, Column, DEPTH_MAX, FIELD, Kind, LIMIT_MAX, ORDER_MAX, PATTERN_MAX, Question,
    Table, VALUES_MAX,
};
use crate::refusal::invalid;
use crate::timestamp;

// What a compiled pattern may weigh: enough for any that a person writes in 200 characters, and
// too little for counted repetitions of large classes.
const PATTERN_SIZE_MAX: usize = 256 * 1_024;

pub(super) fn question(table: &'static Table, query: Query) -> Result<Question, Status> {
    let mut conditions = 0;
    let condition = query
        .r#where
        .map(|condition| node(table, condition, DEPTH_MAX, &mut conditions))
        .transpose()?;
    if query.order_by.len() > ORDER_MAX {
        return Err(refused(format!("sorts by more than {ORDER_MAX} fields")));
    }
    let order = query
        .order_by
        .into_iter()
        .map(|by| Ok(Order { column: table.column(&by.field)?, descending: by.descending }))
        .collect::<Result<_, Status>>()?;
    let limit = match query.limit {
        0 => table.limit,
        limit if limit <= LIMIT_MAX => limit,
        _ => return Err(refused(format!("asks for more than {LIMIT_MAX} items"))),
    };
    let (skip, limit) = (query.skip.into(), limit.into());
    Ok(Question { condition, order, own_order: table.order, skip, limit })
}

fn refused(message: impl Into<String>) -> Status {
    invalid(FIELD, message)
}

impl Table {
    fn column(&'static self, name: &str) -> Result<&'static Column, Status> {
        self.columns
            .iter()
            .find(|column| column.name == name)
            .ok_or_else(|| refused("names a field that cannot be asked about"))
    }
}

fn node(
    table: &'static Table,
    condition: Condition,
    depth: usize,
    conditions: &mut usize,
) -> Result<Node, Status> {
    use condition::Kind;

    let mut nodes = |list: ConditionList| -> Result<Vec<Node>, Status> {
        if list.conditions.is_empty() {
            return Err(refused("has an empty list of conditions"));
        }
        let depth = depth
            .checked_sub(1)
            .ok_or_else(|| refused(format!("has more than {DEPTH_MAX} levels")))?;
        list.conditions.into_iter().map(|inner| node(table, inner, depth, conditions)).collect()
    };
    match condition.kind {
        Some(Kind::AllOf(list)) => Ok(Node::All(nodes(list)?)),
        Some(Kind::AnyOf(list)) => Ok(Node::Any(nodes(list)?)),
        Some(Kind::NoneOf(list)) => Ok(Node::None(nodes(list)?)),
        Some(Kind::Comparison(comparison)) => {
            *conditions += 1;
            if *conditions > CONDITIONS_MAX {
                return Err(refused(format!("has more than {CONDITIONS_MAX} conditions")));
            }
            let column = table.column(&comparison.field)?;
            Ok(Node::Test(column, test(column, comparison)?))
        }
        None => Err(refused("has a condition of no kind")),
    }
}

fn test(column: &Column, comparison: Comparison) -> Result<Test, Status> {
    let operator = comparison.operator();
    let Comparison { values, flags, .. } = comparison;
    if operator != Operator::Regexp && !flags.is_empty() {
        return Err(refused("has flags that belong to no regular expression"));
    }
    let is_text = matches!(column.kind, Kind::Text | Kind::Uuid);
    let is_ordered = column.kind != Kind::Boolean;
    match operator {
        Operator::Equal => Ok(match one(column, values)? {
            Some(value) => Test::Compare(" = ", value),
            None => Test::Null(true),
        }),
        Operator::NotEqual => Ok(match one(column, values)? {
            Some(value) => Test::Compare(" <> ", value),
            None => Test::Null(false),
        }),
        Operator::Greater if is_ordered => compare(column, " > ", values),
        Operator::GreaterOrEqual if is_ordered => compare(column, " >= ", values),
        Operator::Less if is_ordered => compare(column, " < ", values),
        Operator::LessOrEqual if is_ordered => compare(column, " <= ", values),
        Operator::Between if is_ordered => {
            let [from, to] = exactly(values)?;
            Ok(match (value(column, from)?, value(column, to)?) {
                (Some(from), Some(to)) => Test::Between(from, to),
                _ => Test::Never,
            })
        }
        Operator::In => list(column, values).map(Test::In),
        Operator::NotIn => list(column, values).map(Test::NotIn),
        Operator::Like if is_text => like(" like ", values),
        Operator::NotLike if is_text => like(" not like ", values),
        Operator::Ilike if is_text => like(" ilike ", values),
        Operator::NotIlike if is_text => like(" not ilike ", values),
        Operator::Regexp if is_text => matches(values, &flags),
        _ => Err(refused("has an operator that its field does not have")),
    }
}

fn exactly<const N: usize>(values: Vec<QueryValue>) -> Result<[QueryValue; N], Status> {
    values.try_into().map_err(|_| refused("has a comparison with another number of values"))
}

fn one(column: &Column, values: Vec<QueryValue>) -> Result<Option<Value>, Status> {
    let [only] = exactly(values)?;
    value(column, only)
}

fn compare(
    column: &Column,
    operator: &'static str,
    values: Vec<QueryValue>,
) -> Result<Test, Status> {
    Ok(match one(column, values)? {
        Some(value) => Test::Compare(operator, value),
        None => Test::Never,
    })
}

/// A value of the column's type; none is null.
fn value(column: &Column, value: QueryValue) -> Result<Option<Value>, Status> {
    use query_value::Kind as Given;

    let Some(given) = value.kind else { return Ok(None) };
    match (column.kind, given) {
        (Kind::Text, Given::Text(text)) => sound(text).map(Value::Text),
        (Kind::Uuid, Given::Text(text)) => {
            Uuid::try_parse(&text).map(Value::Uuid).map_err(|_| refused("has an id that is none"))
        }
        (Kind::Integer, Given::Integer(number)) | (Kind::Cents, Given::Cents(number)) => {
            Ok(Value::Integer(number))
        }
        (Kind::Boolean, Given::Boolean(answer)) => Ok(Value::Boolean(answer)),
        (Kind::Time, Given::Time(moment)) => timestamp::from_proto(&moment)
            .map(Value::Time)
            .ok_or_else(|| refused("has a time that is none")),
        _ => Err(refused("has a value of another type than its field")),
    }
    .map(Some)
}

/// Text as Postgres can have it.
fn sound(text: String) -> Result<String, Status> {
    if text.contains('\0') { Err(refused("has a text with a NUL character")) } else { Ok(text) }
}

/// The values that are not null: to null nothing is known to be equal.
fn list(column: &Column, values: Vec<QueryValue>) -> Result<Values, Status> {
    if values.len() > VALUES_MAX {
        return Err(refused(format!("has a list of more than {VALUES_MAX} values")));
    }
    let mut list = match column.kind {
        Kind::Text => Values::Text(Vec::new()),
        Kind::Uuid => Values::Uuid(Vec::new()),
        Kind::Integer | Kind::Cents => Values::Integer(Vec::new()),
        Kind::Boolean => Values::Boolean(Vec::new()),
        Kind::Time => Values::Time(Vec::new()),
    };
    for given in values {
        match (&mut list, value(column, given)?) {
            (Values::Text(list), Some(Value::Text(value))) => list.push(value),
            (Values::Uuid(list), Some(Value::Uuid(value))) => list.push(value),
            (Values::Integer(list), Some(Value::Integer(value))) => list.push(value),
            (Values::Boolean(list), Some(Value::Boolean(value))) => list.push(value),
            (Values::Time(list), Some(Value::Time(value))) => list.push(value),
            _ => {}
        }
    }
    Ok(list)
}

/// The text that an operator wants; none is null.
fn pattern(values: Vec<QueryValue>) -> Result<Option<String>, Status> {
    let [only] = exactly(values)?;
    match only.kind {
        None => Ok(None),
        Some(query_value::Kind::Text(text)) => sound(text).map(Some),
        Some(_) => Err(refused("has a pattern that is no text")),
    }
}

fn like(operator: &'static str, values: Vec<QueryValue>) -> Result<Test, Status> {
    let Some(pattern) = pattern(values)? else { return Ok(Test::Never) };
    let escapes = pattern.chars().rev().take_while(|character| *character == '\\').count();
    if escapes % 2 == 1 {
        return Err(refused("has a pattern that ends in the middle of an escape"));
    }
    Ok(Test::Like(operator, pattern))
}

fn matches(values: Vec<QueryValue>, flags: &str) -> Result<Test, Status> {
    let Some(pattern) = pattern(values)? else { return Ok(Test::Never) };
    if pattern.chars().count() > PATTERN_MAX {
        return Err(refused(format!(
            "has a regular expression of more than {PATTERN_MAX} characters"
        )));
    }
    if !flags.chars().all(|flag| "ims".contains(flag)) {
        return Err(refused("has an unknown flag of a regular expression"));
    }
    let regex = RegexBuilder::new(&pattern)
        .case_insensitive(flags.contains('i'))
        .multi_line(flags.contains('m'))
        .dot_matches_new_line(flags.contains('s'))
        .size_limit(PATTERN_SIZE_MAX)
        .nest_limit(50)
        .build()
        .map_err(|_| refused("has a regular expression that is none, or is too large"))?;
    Ok(Test::Matches(Box::new(regex), None))
}
