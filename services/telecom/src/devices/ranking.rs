//! What companies are sorted by: the lowest number and ICCID among their chips.

use std::collections::HashMap;

use chassis::query::Sql;
use chassis::refusal::Fields;
use proto::telecom::v1 as pb;
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row};
use uuid::Uuid;

/// What a company's chips are sorted by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lowest {
    pub(super) number: Option<String>,
    pub(super) serial: String,
}

/// A key to sort by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Number,
    Serial,
}

/// The lowest number and ICCID among the chips of each company that has any.
pub(super) async fn lowest(
    db: &PgPool,
    company_ids: &[Uuid],
) -> sqlx::Result<HashMap<Uuid, Lowest>> {
    let mut sql = keys();
    sql.push(" where s.company_id = any(").push_bind(company_ids.to_vec());
    sql.push(") group by s.company_id");
    let rows = sql.build().persistent(false).fetch_all(db).await?;
    rows.iter().map(read).collect()
}

/// The first of all companies that have a chip, in this order, at most `max`.
pub(super) async fn first(
    db: &PgPool,
    order: &[(Key, bool)],
    max: i64,
) -> sqlx::Result<Vec<(Uuid, Lowest)>> {
    let mut sql = keys();
    sql.push(" group by s.company_id order by ");
    for (key, is_descending) in order {
        sql.push(match (key, is_descending) {
            (Key::Number, false) => "number, ",
            (Key::Number, true) => "number desc nulls last, ",
            (Key::Serial, false) => "serial, ",
            (Key::Serial, true) => "serial desc, ",
        });
    }
    sql.push("s.company_id limit ").push_bind(max);
    let rows = sql.build().persistent(false).fetch_all(db).await?;
    rows.iter().map(read).collect()
}

fn keys() -> Sql {
    Sql::new(
        "select s.company_id, min(l.phone_number collate \"C\") as number,
                min(s.iccid collate \"C\") as serial
           from sim_card s
           left join line l on l.line_id = s.line_id",
    )
}

fn read(row: &PgRow) -> sqlx::Result<(Uuid, Lowest)> {
    let lowest = Lowest { number: row.try_get("number")?, serial: row.try_get("serial")? };
    Ok((row.try_get("company_id")?, lowest))
}

/// The keys that a request names; what is wrong is noted in `fields`.
pub(super) fn order(fields: &mut Fields, given: &[pb::ChipOrder]) -> Vec<(Key, bool)> {
    let mut order: Vec<(Key, bool)> = Vec::new();
    for by in given {
        let key = match by.field() {
            pb::ChipField::Number => Some(Key::Number),
            pb::ChipField::Serial => Some(Key::Serial),
            _ => None,
        };
        match key.filter(|key| order.iter().all(|(known, _)| known != key)) {
            Some(key) => order.push((key, by.descending)),
            None => fields.refuse("order_by", "names what companies are not sorted by, or twice"),
        }
    }
    order
}

#[cfg(test)]
mod tests;
