//! How lines, port-ins and orders stand, for dashboards and alerts.

use chassis::gauges::Gauge;

pub(crate) const GAUGES: [Gauge; 6] = [
    Gauge::new(
        "linha_lines",
        "Lines",
        "status",
        "select status, count(line_id)::float8
           from unnest(array['ordered', 'pending', 'active', 'blocked', 'cancelled']) as status
           left join line using (status)
          group by status",
    ),
    Gauge::new(
        "linha_port_ins",
        "Port-ins",
        "status",
        "select status, count(port_in_id)::float8
           from unnest(array['requested', 'awaiting_confirmation', 'parked', 'submitted',
                             'in_validation', 'scheduled', 'in_transition', 'successful',
                             'denied', 'cancelled', 'failed']) as status
           left join port_in using (status)
          group by status",
    ),
    Gauge::timed(
        "linha_port_in_oldest_seconds",
        "How long the port-in that has been in this state longest is in it",
        "status",
        "select status, coalesce(extract(epoch from $1 - min(since)), 0)::float8
           from unnest(array['requested', 'awaiting_confirmation', 'parked', 'submitted',
                             'in_validation', 'scheduled', 'in_transition']) as status
           left join port_in using (status)
          group by status",
    ),
    Gauge::timed(
        "linha_timer_late_seconds",
        "By how much the timer that is latest is late",
        "timer",
        "select 'port_in', greatest(coalesce(extract(epoch from $1 - min(due_at)), 0), 0)::float8
           from port_in
          where due_at is not null",
    ),
    Gauge::new(
        "linha_line_orders",
        "Orders of lines",
        "state",
        "select state, count(line_order_id)::float8
           from unnest(array['running', 'done', 'failed']) as state
           left join line_order using (state)
          group by state",
    ),
    Gauge::timed(
        "linha_saga_oldest_seconds",
        "How long that which takes several steps, and has come no further for longest, has stood still",
        "saga",
        "select 'line_order', coalesce(extract(epoch from $1 - min(updated_at)), 0)::float8
           from line_order
          where state = 'running'
          union all
         select 'activation', coalesce(extract(epoch from $1 - min(number_assigned_at)), 0)::float8
           from line
          where status = 'pending' and not awaiting_approval and activation_refused is null",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MIGRATIONS;

    #[tokio::test]
    async fn everything_is_told_also_when_there_is_nothing() {
        let (service, _database) = chassis::testing::service("telecom", &MIGRATIONS, vec![]).await;
        for gauge in GAUGES {
            let numbers = gauge.read(&service).await.unwrap();
            assert!(!numbers.is_empty(), "{gauge:?}");
            assert!(numbers.iter().all(|(_, number)| *number == 0.0), "{gauge:?}");
        }
    }
}
