//! Which companies have such chips and devices. A statement's text consists of literals; what came
//! from outside is bound.

use std::collections::HashSet;

use chassis::query::Sql;
use chassis::refusal::Fields;
use proto::common::v1::{TextMatch, TextOperator};
use proto::telecom::v1 as pb;
use sqlx::{PgPool, Row};
use uuid::Uuid;

const CONDITIONS_MAX: usize = 50;
const VALUE_MAX: usize = 1_000;

/// More companies than this are not looked up one by one: what fulfils the conditions is found
/// anywhere, and kept where it is theirs.
const LOOK_UPS_MAX: usize = 1_000;

/// Chips, with the number of the line that each is in.
const CHIPS: &str = "select distinct s.company_id
       from sim_card s
       left join line l on l.line_id = s.line_id
      where ";
const DEVICES: &str = "select distinct d.company_id from device d where ";
const CHIPS_ANYWHERE: &str = "select s.company_id
       from sim_card s
       left join line l on l.line_id = s.line_id
      where ";
const DEVICES_ANYWHERE: &str = "select d.company_id from device d where ";

/// So many rows for each company are looked at to find out whether few companies have such.
const ROWS_EACH: i64 = 10;

/// A column, as SQL, and what it must be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    column: &'static str,
    operator: Operator,
    value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Contains,
    StartsWith,
    EndsWith,
}

/// What a chip of a company must be like; what is wrong is noted in `fields`.
pub(super) fn chip_conditions(fields: &mut Fields, given: &[pb::ChipCondition]) -> Vec<Condition> {
    let column = |condition: &pb::ChipCondition| match condition.field() {
        pb::ChipField::Serial => Some("s.iccid"),
        pb::ChipField::Number => Some("l.phone_number"),
        pb::ChipField::Carrier => Some("s.provider"),
        pb::ChipField::ServiceProvider => Some("s.service_provider"),
        pb::ChipField::Batch => Some("s.batch"),
        pb::ChipField::Unspecified => None,
    };
    let given = given.iter().map(|condition| (column(condition), condition.r#match.as_ref()));
    conditions(fields, "chips", given)
}

/// What a device of a company must be like; what is wrong is noted in `fields`.
pub(super) fn device_conditions(
    fields: &mut Fields,
    given: &[pb::DeviceCondition],
) -> Vec<Condition> {
    let column = |condition: &pb::DeviceCondition| match condition.field() {
        pb::DeviceField::Name => Some("d.name"),
        pb::DeviceField::Imei => Some("d.imei"),
        pb::DeviceField::Code => Some("d.code"),
        pb::DeviceField::Unspecified => None,
    };
    let given = given.iter().map(|condition| (column(condition), condition.r#match.as_ref()));
    conditions(fields, "devices", given)
}

fn conditions<'a>(
    fields: &mut Fields,
    field: &str,
    given: impl ExactSizeIterator<Item = (Option<&'static str>, Option<&'a TextMatch>)>,
) -> Vec<Condition> {
    if given.len() > CONDITIONS_MAX {
        fields.refuse(field, format!("has more than {CONDITIONS_MAX} conditions"));
        return Vec::new();
    }
    let mut conditions = Vec::with_capacity(given.len());
    for (column, wanted) in given {
        let operator = wanted.and_then(|wanted| operator(wanted.operator()));
        match (column, operator, wanted) {
            (Some(column), Some(operator), Some(TextMatch { value, .. }))
                if value.chars().count() <= VALUE_MAX && !value.chars().any(char::is_control) =>
            {
                conditions.push(Condition { column, operator, value: value.clone() });
            }
            _ => fields.refuse(field, "has a condition that is none"),
        }
    }
    conditions
}

fn operator(operator: TextOperator) -> Option<Operator> {
    match operator {
        TextOperator::Equal => Some(Operator::Equal),
        TextOperator::NotEqual => Some(Operator::NotEqual),
        TextOperator::Contains => Some(Operator::Contains),
        TextOperator::StartsWith => Some(Operator::StartsWith),
        TextOperator::EndsWith => Some(Operator::EndsWith),
        TextOperator::Unspecified => None,
    }
}

impl Condition {
    fn push(&self, sql: &mut Sql) {
        sql.push(" and ");
        let value = self.value.clone();
        match self.operator {
            Operator::Equal => sql.push(self.column).push(" = ").push_bind(value),
            Operator::NotEqual => sql.push(self.column).push(" <> ").push_bind(value),
            Operator::Contains => {
                sql.push("strpos(lower(").push(self.column).push("), lower(").push_bind(value);
                sql.push(")) > 0")
            }
            Operator::StartsWith => {
                sql.push("starts_with(lower(").push(self.column).push("), lower(").push_bind(value);
                sql.push("))")
            }
            // Both reversed, the end is the beginning.
            Operator::EndsWith => {
                sql.push("starts_with(reverse(lower(").push(self.column);
                sql.push(")), reverse(lower(").push_bind(value).push(")))")
            }
        };
    }
}

/// Those of the companies that have a chip that fulfils all conditions on chips, and a device that
/// fulfils all on devices.
pub(super) async fn among(
    db: &PgPool,
    mut company_ids: Vec<Uuid>,
    chips: &[Condition],
    devices: &[Condition],
) -> sqlx::Result<Vec<Uuid>> {
    if !chips.is_empty() {
        company_ids = with_chips(db, &company_ids, chips).await?;
    }
    if !devices.is_empty() {
        company_ids = with_devices(db, &company_ids, devices).await?;
    }
    Ok(company_ids)
}

/// Those of the companies that have a chip that fulfils all conditions on chips.
async fn with_chips(
    db: &PgPool,
    company_ids: &[Uuid],
    conditions: &[Condition],
) -> sqlx::Result<Vec<Uuid>> {
    matching(db, CHIPS, "s.company_id", company_ids, conditions).await
}

/// Those of the companies that have a device that fulfils all conditions on devices.
async fn with_devices(
    db: &PgPool,
    company_ids: &[Uuid],
    conditions: &[Condition],
) -> sqlx::Result<Vec<Uuid>> {
    matching(db, DEVICES, "d.company_id", company_ids, conditions).await
}

async fn matching(
    db: &PgPool,
    source: &'static str,
    column: &'static str,
    company_ids: &[Uuid],
    conditions: &[Condition],
) -> sqlx::Result<Vec<Uuid>> {
    let are_few = company_ids.len() <= LOOK_UPS_MAX;
    let mut sql = Sql::new(source);
    if are_few {
        sql.push(column).push(" = any(").push_bind(company_ids.to_vec()).push(")");
    } else {
        sql.push("true");
    }
    conditions.iter().for_each(|condition| condition.push(&mut sql));
    let mut found: Vec<Uuid> = sql.build_query_scalar().persistent(false).fetch_all(db).await?;
    if !are_few {
        let theirs: HashSet<&Uuid> = company_ids.iter().collect();
        found.retain(|company_id| theirs.contains(company_id));
    }
    Ok(found)
}

/// All companies that have a chip that fulfils all conditions on chips, and a device that fulfils
/// all on devices. None where they are more than `max`, or more rows than are looked at for it, or
/// where there are no conditions.
pub(super) async fn anywhere(
    db: &PgPool,
    chips: &[Condition],
    devices: &[Condition],
    max: i64,
) -> sqlx::Result<Option<Vec<Uuid>>> {
    if !chips.is_empty()
        && let Some(company_ids) = few(db, CHIPS_ANYWHERE, chips, max).await?
    {
        return match devices {
            [] => Ok(Some(company_ids)),
            _ => with_devices(db, &company_ids, devices).await.map(Some),
        };
    }
    if !devices.is_empty()
        && let Some(company_ids) = few(db, DEVICES_ANYWHERE, devices, max).await?
    {
        return match chips {
            [] => Ok(Some(company_ids)),
            _ => with_chips(db, &company_ids, chips).await.map(Some),
        };
    }
    Ok(None)
}

async fn few(
    db: &PgPool,
    source: &'static str,
    conditions: &[Condition],
    max: i64,
) -> sqlx::Result<Option<Vec<Uuid>>> {
    let rows_max = max.saturating_mul(ROWS_EACH);
    let mut sql = Sql::new(
        "select coalesce(array_agg(company_id), '{}'), coalesce(sum(rows), 0)::bigint
           from (select company_id, count(*) as rows from (",
    );
    sql.push(source).push("true");
    conditions.iter().for_each(|condition| condition.push(&mut sql));
    // Once there are so many rows it is not worth while to look for more of them.
    sql.push(" limit ").push_bind(rows_max.saturating_add(1));
    sql.push(") as found group by company_id limit ").push_bind(max.saturating_add(1));
    sql.push(") as companies");
    let row = sql.build().persistent(false).fetch_one(db).await?;
    let (company_ids, rows): (Vec<Uuid>, i64) = (row.try_get(0)?, row.try_get(1)?);
    let are_few = i64::try_from(company_ids.len()).is_ok_and(|length| length <= max);
    Ok((are_few && rows <= rows_max).then_some(company_ids))
}

#[cfg(test)]
mod tests;
