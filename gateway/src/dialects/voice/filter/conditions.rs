//! The conditions of a question: its `where`.

use chassis::query::{CONDITIONS_MAX, PATTERN_MAX, VALUES_MAX};
use chassis::timestamp;
use proto::common::v1::condition::Kind as Which;
use proto::common::v1::query_value::Kind as Given;
use proto::common::v1::{Comparison, Condition, ConditionList, Operator, QueryValue};
use serde_json::{Map, Value};
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime};

use super::query::comparable;
use super::tree::Tree;
use super::{Field, Invalid, Kind, invalid, quoted};

const LEVELS_MAX: usize = 5;

const OPERATORS: &[(&str, Operator)] = &[
    ("eq", Operator::Equal),
    ("neq", Operator::NotEqual),
    ("gt", Operator::Greater),
    ("gte", Operator::GreaterOrEqual),
    ("lt", Operator::Less),
    ("lte", Operator::LessOrEqual),
    ("between", Operator::Between),
    ("inq", Operator::In),
    ("nin", Operator::NotIn),
    ("like", Operator::Like),
    ("nlike", Operator::NotLike),
    ("ilike", Operator::Ilike),
    ("nilike", Operator::NotIlike),
    ("regexp", Operator::Regexp),
];

/// What `where` asks for.
pub(super) fn condition(
    tree: &Tree,
    fields: &'static [Field],
    value: &Value,
) -> Result<Option<Condition>, Invalid> {
    let mut reader = Reader { tree, fields, comparisons: 0 };
    let conditions = reader.object(value, 0)?;
    Ok(if conditions.is_empty() { None } else { Some(all(conditions)) })
}

fn all(mut conditions: Vec<Condition>) -> Condition {
    match conditions.pop() {
        Some(only) if conditions.is_empty() => only,
        last => {
            conditions.extend(last);
            list(Which::AllOf, conditions)
        }
    }
}

fn list(which: fn(ConditionList) -> Which, conditions: Vec<Condition>) -> Condition {
    Condition { kind: Some(which(ConditionList { conditions })) }
}

/// Reads conditions, and counts what is limited.
struct Reader<'a> {
    tree: &'a Tree,
    fields: &'static [Field],
    comparisons: usize,
}

impl Reader<'_> {
    /// What all has to hold for an object of conditions.
    fn object(&mut self, value: &Value, level: usize) -> Result<Vec<Condition>, Invalid> {
        let Value::Object(members) = value else {
            return invalid("where: a condition is not an object");
        };
        let mut conditions = Vec::new();
        for (key, value) in members {
            match key.as_str() {
                "and" => {
                    for inner in self.array(key, value, level)? {
                        conditions.extend(inner);
                    }
                }
                "or" => conditions.push(list(Which::AnyOf, self.each(key, value, level)?)),
                "nor" => conditions.push(list(Which::NoneOf, self.each(key, value, level)?)),
                name => {
                    let field = comparable(self.fields, name, "where")?;
                    self.comparisons(field, value, &mut conditions)?;
                }
            }
        }
        Ok(conditions)
    }

    fn each(&mut self, key: &str, value: &Value, level: usize) -> Result<Vec<Condition>, Invalid> {
        Ok(self.array(key, value, level)?.into_iter().map(all).collect())
    }

    fn array(
        &mut self,
        key: &str,
        value: &Value,
        level: usize,
    ) -> Result<Vec<Vec<Condition>>, Invalid> {
        let Value::Array(items) = value else {
            return invalid(format!("where: {key} does not have an array"));
        };
        if items.is_empty() {
            return invalid(format!("where: {key} has an empty array"));
        }
        if level == LEVELS_MAX {
            return invalid(format!("where has more than {LEVELS_MAX} levels"));
        }
        items
            .iter()
            .map(|item| {
                let conditions = self.object(item, level + 1)?;
                if conditions.is_empty() {
                    return invalid(format!("where: {key} has an empty condition"));
                }
                Ok(conditions)
            })
            .collect()
    }

    fn comparisons(
        &mut self,
        field: &'static Field,
        value: &Value,
        conditions: &mut Vec<Condition>,
    ) -> Result<(), Invalid> {
        let Value::Object(operators) = value else {
            let comparison = self.comparison(field, "eq", Operator::Equal, value)?;
            conditions.push(comparison);
            return Ok(());
        };
        if operators.is_empty() {
            return invalid(format!("where: {} has an empty condition", field.name));
        }
        self.operators(field, operators, conditions)
    }

    fn operators(
        &mut self,
        field: &'static Field,
        operators: &Map<String, Value>,
        conditions: &mut Vec<Condition>,
    ) -> Result<(), Invalid> {
        for (name, value) in operators {
            let known = OPERATORS.iter().find(|(known, _)| known == name);
            let Some((name, operator)) = known else {
                return invalid(format!("where: there is no operator {}", quoted(name)));
            };
            conditions.push(self.comparison(field, name, *operator, value)?);
        }
        Ok(())
    }

    fn comparison(
        &mut self,
        field: &'static Field,
        name: &str,
        operator: Operator,
        value: &Value,
    ) -> Result<Condition, Invalid> {
        self.comparisons += 1;
        if self.comparisons > CONDITIONS_MAX {
            return invalid(format!("where has more than {CONDITIONS_MAX} conditions"));
        }
        let is_text = matches!(field.kind, Kind::Text | Kind::Uuid);
        let mut flags = String::new();
        let values = match operator {
            Operator::Like | Operator::NotLike | Operator::Ilike | Operator::NotIlike
                if is_text =>
            {
                vec![self.pattern(field, value)?]
            }
            Operator::Regexp if is_text => vec![self.regexp(field, value, &mut flags)?],
            Operator::Like
            | Operator::NotLike
            | Operator::Ilike
            | Operator::NotIlike
            | Operator::Regexp => {
                return invalid(format!("where: {} is no text, for {name}", field.name));
            }
            Operator::Between => {
                let values = self.list(field, name, value)?;
                if values.len() != 2 {
                    return invalid(format!("where: between of {} needs two values", field.name));
                }
                values
            }
            Operator::In | Operator::NotIn => self.list(field, name, value)?,
            _ => vec![self.value(field, value)?],
        };
        let is_ordered = matches!(
            operator,
            Operator::Greater
                | Operator::GreaterOrEqual
                | Operator::Less
                | Operator::LessOrEqual
                | Operator::Between
        );
        if is_ordered && field.kind == Kind::Boolean {
            return invalid(format!("where: {} has no order, for {name}", field.name));
        }
        let (field, operator) = (field.asked.to_owned(), operator.into());
        let comparison = Comparison { field, operator, values, flags };
        Ok(Condition { kind: Some(Which::Comparison(comparison)) })
    }

    fn list(
        &self,
        field: &'static Field,
        name: &str,
        value: &Value,
    ) -> Result<Vec<QueryValue>, Invalid> {
        let Value::Array(values) = value else {
            return invalid(format!("where: {name} of {} needs an array", field.name));
        };
        if values.len() > VALUES_MAX {
            return invalid(format!("where: {name} has more than {VALUES_MAX} values"));
        }
        values.iter().map(|value| self.value(field, value)).collect()
    }

    /// A value of the field's type.
    fn value(&self, field: &'static Field, value: &Value) -> Result<QueryValue, Invalid> {
        let is_text = field.kind == Kind::Text;
        if self.tree.is_null(value, is_text) {
            return Ok(QueryValue { kind: None });
        }
        let given = match field.kind {
            Kind::Text => value.as_str().map(|text| Given::Text(text.to_owned())),
            Kind::Uuid => value
                .as_str()
                .and_then(|text| uuid::Uuid::try_parse(text).ok())
                .map(|id| Given::Text(id.to_string())),
            Kind::Integer => self.tree.integer(value).map(Given::Integer),
            Kind::Flag => self
                .tree
                .integer(value)
                .filter(|flag| (0..=1).contains(flag))
                .or_else(|| self.tree.boolean(value).map(i64::from))
                .map(Given::Integer),
            Kind::Reais => self.tree.reais(value).map(|reais| Given::Cents(reais.0)),
            Kind::Boolean => self.tree.boolean(value).map(Given::Boolean),
            Kind::Time => value
                .as_str()
                .and_then(moment)
                .map(|moment| Given::Time(timestamp::to_proto(moment))),
            Kind::Shown => None,
        };
        match given {
            Some(Given::Text(text)) if text.contains('\0') => {
                invalid(format!("where: a value of {} has a NUL character", field.name))
            }
            Some(given) => Ok(QueryValue { kind: Some(given) }),
            None => {
                let wanted = match field.kind {
                    Kind::Text | Kind::Shown => "a text",
                    Kind::Uuid => "a UUID",
                    Kind::Integer => "a whole number",
                    Kind::Flag => "0 or 1",
                    Kind::Reais => "a number with at most two decimals",
                    Kind::Boolean => "true or false",
                    Kind::Time => "a time like 2025-01-01T00:00:00Z",
                };
                invalid(format!("where: a value of {} is not {wanted}", field.name))
            }
        }
    }

    fn pattern(&self, field: &'static Field, value: &Value) -> Result<QueryValue, Invalid> {
        match value {
            Value::Null => Ok(QueryValue { kind: None }),
            Value::String(text) if !text.contains('\0') => {
                let escapes = text.chars().rev().take_while(|letter| *letter == '\\').count();
                if escapes % 2 == 1 {
                    let name = field.name;
                    return invalid(format!("where: a pattern of {name} ends in half an escape"));
                }
                Ok(QueryValue { kind: Some(Given::Text(text.clone())) })
            }
            _ => invalid(format!("where: a pattern of {} is not a text", field.name)),
        }
    }

    fn regexp(
        &self,
        field: &'static Field,
        value: &Value,
        flags: &mut String,
    ) -> Result<QueryValue, Invalid> {
        let text = match value {
            Value::Null => return Ok(QueryValue { kind: None }),
            Value::String(text) if !text.contains('\0') => text,
            _ => {
                let name = field.name;
                return invalid(format!("where: a regular expression of {name} is not a text"));
            }
        };
        let delimited = text.strip_prefix('/').and_then(|text| text.rsplit_once('/'));
        let (pattern, given) = delimited.unwrap_or((text, ""));
        if pattern.chars().count() > PATTERN_MAX {
            return invalid(format!(
                "where: a regular expression has more than {PATTERN_MAX} characters"
            ));
        }
        if !given.chars().all(|flag| "ims".contains(flag)) {
            return invalid(format!("where: {} are not flags out of i, m, s", quoted(given)));
        }
        given.clone_into(flags);
        Ok(QueryValue { kind: Some(Given::Text(pattern.to_owned())) })
    }
}

/// A moment as it is written in JSON, or a day, which begins at midnight UTC.
fn moment(text: &str) -> Option<OffsetDateTime> {
    const DAY: &[time::format_description::BorrowedFormatItem<'_>] =
        format_description!("[year]-[month]-[day]");
    let moment = OffsetDateTime::parse(text, &Rfc3339).ok().or_else(|| {
        let day = Date::parse(text, DAY).ok()?;
        Some(day.midnight().assume_utc())
    })?;
    // What is no time of the contract's is none at all.
    timestamp::from_proto(&timestamp::to_proto(moment))
}
