//! Questions about lists: what a caller asks in terms of fields becomes one SQL statement.
//!
//! Two invariants. The text of a statement consists of the literals of the table's columns and of
//! this module; whatever came from outside is a bind parameter. And the rpc's own predicate, which
//! says whose things are meant, is ANDed with all of what was asked, in parentheses, so that no
//! `any_of` gets past it.
//!
//! ```ignore
//! static CALLS: Table = Table {
//!     columns: &[
//!         Column::new("id", "call_id", Kind::Uuid),
//!         Column::new("started_at", "started_at", Kind::Time),
//!         Column::new("email", "extension_email", Kind::Text).nullable(),
//!     ],
//!     order: "started_at desc, call_id desc",
//!     limit: 100,
//! };
//!
//! let own = |sql: &mut Sql| {
//!     sql.push("call where company_id = ").push_bind(company_id);
//! };
//! let asked = CALLS.ask(&self.service.db, message.query, own).await?;
//! let rows: Vec<Row> = asked.select("call_id, started_at", own).build_query_as().fetch_all(db).await?;
//! let total: i64 = asked.count(own).build_query_scalar().fetch_one(db).await?;
//! ```

mod parse;
mod regexp;
mod sql;
#[cfg(all(test, feature = "testing"))]
mod tests;

use proto::common::v1::Query;
use sqlx::{PgExecutor, Postgres, QueryBuilder};
use tonic::Status;

use self::sql::{Node, Order};

/// A statement that is being written.
pub type Sql = QueryBuilder<Postgres>;

/// The field violation of every refusal of a question.
pub const FIELD: &str = "query";
/// The most items that a question gets.
pub const LIMIT_MAX: u32 = 1_000;
/// The most comparisons in a question.
pub const CONDITIONS_MAX: usize = 50;
/// The most lists inside each other: five of a person's, with an implied `all_of` around each.
pub const DEPTH_MAX: usize = 11;
/// The most values in a list.
pub const VALUES_MAX: usize = 500;
/// The most fields to sort by.
pub const ORDER_MAX: usize = 10;
/// The most characters of a regular expression.
pub const PATTERN_MAX: usize = 200;
/// The most items that a regular expression looks at.
pub const SCANNED_MAX: i64 = 50_000;

/// What a field's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A `text` expression.
    Text,
    /// A `uuid` expression, compared with text that must be one.
    Uuid,
    /// An expression of any integer type.
    Integer,
    /// An expression of any integer type, in cents.
    Cents,
    /// A `boolean` expression.
    Boolean,
    /// A `timestamptz` expression.
    Time,
}

/// A field that may be asked about.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    name: &'static str,
    sql: &'static str,
    order: &'static str,
    kind: Kind,
    nullable: bool,
}

impl Column {
    /// The field `name` of the rpc's contract is the SQL expression `sql`, which is never null. It
    /// stands beside operators: one that has some itself comes in parentheses.
    pub const fn new(name: &'static str, sql: &'static str, kind: Kind) -> Self {
        Self { name, sql, order: sql, kind, nullable: false }
    }

    /// Lists are sorted by another expression, which tells apart what is shown as equal.
    #[must_use]
    pub const fn ordered_by(self, order: &'static str) -> Self {
        Self { order, ..self }
    }

    /// The expression may be null: items without a value are sorted last.
    #[must_use]
    pub const fn nullable(self) -> Self {
        Self { nullable: true, ..self }
    }
}

/// What may be asked about a list.
#[derive(Debug)]
pub struct Table {
    /// The fields, and nothing else.
    pub columns: &'static [Column],
    /// The list's own order, as SQL; it must be total, because it breaks the ties of others.
    pub order: &'static str,
    /// Items of an answer when the question does not say.
    pub limit: u32,
}

impl Table {
    /// Understands a question; absent asks for everything. `own` writes what follows `from`: the
    /// rows' source and, after `where`, the predicate that says whose they are. It is needed here
    /// for regular expressions, which are tried on the values of the rows that the rest of the
    /// question leaves.
    ///
    /// # Errors
    /// INVALID_ARGUMENT with the field violation [`FIELD`], as the contract of `Query` says.
    pub async fn ask(
        &'static self,
        db: impl PgExecutor<'_> + Copy,
        query: Option<Query>,
        own: impl Fn(&mut Sql),
    ) -> Result<Question, Status> {
        let mut question = parse::question(self, query.unwrap_or_default())?;
        regexp::resolve(&mut question, db, own).await?;
        Ok(question)
    }
}

/// A question that was understood.
#[derive(Debug)]
pub struct Question {
    condition: Option<Node>,
    order: Vec<Order>,
    own_order: &'static str,
    skip: i64,
    limit: i64,
}

impl Question {
    /// The statement that answers the question. `own` is the same as for [`Table::ask`].
    pub fn select(&self, columns: &'static str, own: impl Fn(&mut Sql)) -> Sql {
        let mut sql = Sql::new("select ");
        sql.push(columns).push(" from ");
        own(&mut sql);
        self.push_where(&mut sql);
        self.push_page(&mut sql);
        sql
    }

    /// The statement that counts what the question is about, skip and limit aside.
    pub fn count(&self, own: impl Fn(&mut Sql)) -> Sql {
        let mut sql = Sql::new("select count(*) from ");
        own(&mut sql);
        self.push_where(&mut sql);
        sql
    }

    /// Writes ` and (…)` after the rpc's own predicate, or nothing.
    pub fn push_where(&self, sql: &mut Sql) {
        if let Some(condition) = &self.condition {
            sql.push(" and ");
            condition.push(sql, false);
        }
    }

    /// Writes order, limit and offset.
    pub fn push_page(&self, sql: &mut Sql) {
        self.push_order(sql);
        sql.push(" limit ").push_bind(self.limit).push(" offset ").push_bind(self.skip);
    }

    /// Writes the order: what was asked, ties broken by the list's own.
    pub fn push_order(&self, sql: &mut Sql) {
        sql.push(" order by ");
        for order in &self.order {
            order.push(sql);
            sql.push(", ");
        }
        sql.push(self.own_order);
    }

    /// Whether it is about all there is.
    pub fn is_about_all(&self) -> bool {
        self.condition.is_none()
    }

    /// Items to leave out.
    pub fn skip(&self) -> i64 {
        self.skip
    }

    /// Items wanted.
    pub fn limit(&self) -> i64 {
        self.limit
    }
}
