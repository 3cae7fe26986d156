//! How invoices and what follows from them stand, for dashboards and alerts.

use chassis::gauges::Gauge;

pub(crate) const GAUGES: [Gauge; 6] = [
    Gauge::new(
        "linha_invoices",
        "Invoices",
        "status",
        "select status, count(invoice_id)::float8
           from unnest(array['pending', 'overdue', 'paid', 'refunded']) as status
           left join invoice using (status)
          group by status",
    ),
    Gauge::new(
        "linha_invoices_unsent",
        "Invoices that stand and of which the company was not told",
        "",
        "select '', count(*)::float8
           from billing_run_company
          where invoice_id is not null and not announced",
    ),
    Gauge::new(
        "linha_invoices_failing",
        "Invoices that could not be made when months were closed, and are tried again",
        "",
        "select '', count(*)::float8
           from billing_run_company
          where not done and failed_at is not null",
    ),
    Gauge::timed(
        "linha_billing_run_seconds",
        "How long the closing of a month has been going on",
        "",
        "select '', coalesce(extract(epoch from $1 - min(started_at)), 0)::float8
           from billing_run
          where state = 'running'",
    ),
    Gauge::timed(
        "linha_collection_late_seconds",
        "For how long the payment provider should have been told of an invoice",
        "",
        "select '', greatest(coalesce(extract(epoch from $1 - min(attempt_at)), 0), 0)::float8
           from collection
          where attempt_at is not null",
    ),
    Gauge::new(
        "linha_fiscal_notes",
        "Fiscal documents",
        "status",
        "select status, count(fiscal_note_id)::float8
           from unnest(array['draft', 'sent', 'authorized', 'rejected', 'cancelled', 'replaced'])
                as status
           left join fiscal_note using (status)
          group by status",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MIGRATIONS;

    #[tokio::test]
    async fn everything_is_told_also_when_there_is_nothing() {
        let (service, _database) = chassis::testing::service("billing", &MIGRATIONS, vec![]).await;
        for gauge in GAUGES {
            let numbers = gauge.read(&service).await.unwrap();
            assert!(!numbers.is_empty(), "{gauge:?}");
            assert!(numbers.iter().all(|(_, number)| *number == 0.0), "{gauge:?}");
        }
    }
}
