//! How webhooks stand, for dashboards and alerts.

use chassis::gauges::Gauge;

pub(crate) const GAUGES: [Gauge; 1] = [Gauge::new(
    "linha_webhook_deliveries",
    "Messages to endpoints that wait for their turn or another attempt, and such as failed for good",
    "state",
    "select state, count(delivery_id)::float8
       from unnest(array['pending', 'failed']) as state
       left join webhook_delivery using (state)
      group by state",
)];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MIGRATIONS;

    #[tokio::test]
    async fn everything_is_told_also_when_there_is_nothing() {
        let (service, _database) = chassis::testing::service("company", &MIGRATIONS, vec![]).await;
        for gauge in GAUGES {
            let numbers = gauge.read(&service).await.unwrap();
            assert!(!numbers.is_empty(), "{gauge:?}");
            assert!(numbers.iter().all(|(_, number)| *number == 0.0), "{gauge:?}");
        }
    }
}
