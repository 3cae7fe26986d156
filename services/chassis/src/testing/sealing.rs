//! Whether a service knows all that is sealed in its tables: what the catalogue of Postgres says.

use std::collections::BTreeSet;

use crate::resealing::SealedColumn;
use crate::service::Service;

/// Checks that `columns` are all that the service's tables have, with their fingerprints, and that
/// no other name of a column ends as these do.
///
/// # Panics
/// When that is not so, naming what is wrong.
pub async fn check(service: &Service, columns: &[SealedColumn]) {
    let there: Vec<String> = sqlx::query_scalar(
        "select c.relname || '.' || a.attname
           from pg_class c
           join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
          where c.relnamespace = $1::text::regnamespace and c.relkind in ('r', 'p')
            and a.attname ~ '_(sealed|fingerprint)$'",
    )
    .bind(service.name)
    .fetch_all(&service.db)
    .await
    .expect("the catalogue tells the columns");
    let known = columns.iter().flat_map(|column| {
        let fingerprint = column.fingerprint.map(|fingerprint| fingerprint.column);
        [Some(column.column), fingerprint].into_iter().flatten().map(|name| (column.table, name))
    });
    let known: BTreeSet<String> = known.map(|(table, name)| format!("{table}.{name}")).collect();
    assert_eq!(there.into_iter().collect::<BTreeSet<_>>(), known);
}
