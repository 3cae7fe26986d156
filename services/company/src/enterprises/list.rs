//! Questions about enterprises, as one SQL statement each. Their text consists of literals; what
//! came from outside is bound.

use brazil::CompanyId;
use chassis::query::Sql;
use sqlx::PgExecutor;
use uuid::Uuid;

use super::cnpj_key;
use crate::companies::folded;

/// How a text is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Contains,
    StartsWith,
    EndsWith,
}

/// A condition on an enterprise itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Filter {
    Name(Operator, String),
    Cnpj(Operator, String),
}

/// What enterprises are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Name,
    CreatedAt,
    Number,
    Serial,
}

impl Key {
    /// Whether it is of chips, of which telecom knows.
    pub(super) fn is_of_chips(self) -> bool {
        matches!(self, Self::Number | Self::Serial)
    }
}

/// What telecom said of some enterprises, or of companies that are none: what their chips sort by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Matched {
    pub(super) company_ids: Vec<Uuid>,
    /// One for each, if they were asked for.
    pub(super) numbers: Vec<Option<String>>,
    pub(super) serials: Vec<Option<String>>,
}

/// What is made of those that telecom named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Part {
    /// Nothing: it was not asked.
    #[default]
    All,
    /// Only they are meant.
    Only(Matched),
    /// All are meant but they.
    Without(Vec<Uuid>),
}

/// Which of the enterprises that somebody sees are meant.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) own: CompanyId,
    pub(super) filters: Vec<Filter>,
    pub(super) search: String,
    pub(super) part: Part,
    pub(super) order: Vec<(Key, bool)>,
    pub(super) skip: i64,
    pub(super) limit: i64,
}

impl Question {
    /// The enterprises of the page, in order.
    pub(super) async fn page(&self, db: impl PgExecutor<'_>) -> sqlx::Result<Vec<Uuid>> {
        let mut sql = Sql::new("select r.company_id");
        self.push_from(&mut sql);
        sql.push(" order by ");
        for (key, is_descending) in &self.order {
            sql.push(match (key, is_descending) {
                (Key::Name, false) => "r.sort_name, ",
                (Key::Name, true) => "r.sort_name desc, ",
                (Key::CreatedAt, false) => "r.created_at, ",
                (Key::CreatedAt, true) => "r.created_at desc, ",
                (Key::Number, false) => "m.number collate \"C\", ",
                (Key::Number, true) => "m.number collate \"C\" desc nulls last, ",
                (Key::Serial, false) => "m.serial collate \"C\", ",
                (Key::Serial, true) => "m.serial collate \"C\" desc nulls last, ",
            });
        }
        sql.push("r.public_id limit ").push_bind(self.limit);
        sql.push(" offset ").push_bind(self.skip);
        sql.build_query_scalar().persistent(self.is_plain()).fetch_all(db).await
    }

    /// How many there are in all.
    pub(super) async fn total(&self, db: impl PgExecutor<'_>) -> sqlx::Result<i64> {
        let mut sql = Sql::new("select count(*)");
        self.push_from(&mut sql);
        sql.build_query_scalar().persistent(self.is_plain()).fetch_one(db).await
    }

    /// All of them, in one value: there may be very many.
    pub(super) async fn all(&self, db: impl PgExecutor<'_>) -> sqlx::Result<Vec<Uuid>> {
        let mut sql = Sql::new("select coalesce(array_agg(r.company_id), '{}')");
        self.push_from(&mut sql);
        sql.build_query_scalar().persistent(self.is_plain()).fetch_one(db).await
    }

    /// Whether it names no text, whose rarity decides on the plan.
    fn is_plain(&self) -> bool {
        self.has_no_text() && self.part == Part::All
    }

    fn has_no_text(&self) -> bool {
        self.filters.is_empty() && self.search.is_empty()
    }

    fn push_from(&self, sql: &mut Sql) {
        sql.push(" from enterprise_reach r");
        if let Part::Only(Matched { company_ids, numbers, serials }) = &self.part {
            sql.push(" join unnest(").push_bind(company_ids.clone());
            sql.push(", ").push_bind(numbers.clone()).push("::text[], ");
            sql.push_bind(serials.clone());
            sql.push("::text[]) as m (company_id, number, serial)");
            sql.push(" on m.company_id = r.company_id");
        }
        if !self.has_no_text() {
            sql.push(" join enterprise e on e.company_id = r.company_id");
            // Only who compares exactly needs the name as it was written.
            if self.filters.iter().any(Filter::is_exact) {
                sql.push(" join company c on c.company_id = r.company_id");
            }
        }
        sql.push(" where r.top_id = ").push_bind(self.own.0);
        if let Part::Without(company_ids) = &self.part {
            sql.push(" and not exists (select from unnest(").push_bind(company_ids.clone());
            sql.push(") as m (company_id) where m.company_id = r.company_id)");
        }
        for filter in &self.filters {
            sql.push(" and ");
            filter.push(sql);
        }
        if !self.search.is_empty() {
            sql.push(" and (e.search_lower like ");
            sql.push_bind(pattern(Operator::Contains, &self.search.to_lowercase()));
            let key = cnpj_key(&self.search);
            if !key.is_empty() {
                sql.push(" or e.cnpj_key like ").push_bind(pattern(Operator::Contains, &key));
            }
            sql.push(")");
        }
    }
}

impl Filter {
    /// Whether it is about the name as it was written.
    fn is_exact(&self) -> bool {
        matches!(self, Self::Name(Operator::Equal | Operator::NotEqual, _))
    }

    fn push(&self, sql: &mut Sql) {
        let (operator, exact, lower, text, lower_text) = match self {
            Self::Name(operator, text) => {
                (*operator, "c.official_name", "e.name_lower", text.clone(), text.to_lowercase())
            }
            Self::Cnpj(operator, text) => {
                let key = cnpj_key(text);
                // Of a text without digits and letters nothing is left to compare with.
                if key.is_empty() {
                    sql.push("false");
                    return;
                }
                (*operator, "e.cnpj_key", "e.cnpj_key", key.clone(), key)
            }
        };
        match operator {
            Operator::Equal => sql.push(exact).push(" = ").push_bind(text),
            Operator::NotEqual => sql.push(exact).push(" <> ").push_bind(text),
            _ => sql.push(lower).push(" like ").push_bind(pattern(operator, &lower_text)),
        };
        if let Self::Name(Operator::StartsWith, text) = self {
            // What begins with the text does so without accents, too, and an index has all these
            // beside each other. Of a sigma nobody knows here in which of its forms it is stored.
            let text = text.split(['Σ', 'σ', 'ς']).next().unwrap_or_default();
            let beginning = pattern(Operator::StartsWith, &folded(text));
            sql.push(" and r.sort_name like ").push_bind(beginning);
        }
    }
}

/// A pattern of SQL's `like` in which no character of the text means anything but itself.
fn pattern(operator: Operator, text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    if matches!(operator, Operator::Contains | Operator::EndsWith) {
        pattern.push('%');
    }
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    if matches!(operator, Operator::Contains | Operator::StartsWith) {
        pattern.push('%');
    }
    pattern
}

#[cfg(test)]
mod tests;
