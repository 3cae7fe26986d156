//! Numbers that stand in the database rather than in a process: how long the queues are, and what
//! state the service's things are in. Every replica tells the same, so that any one will do.

use std::time::Duration;

use sqlx::AssertSqlSafe;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::service::Service;

const EVERY: Duration = Duration::from_secs(30);
/// Where a statement names the schema of the service's queue.
const JOBS: &str = "{jobs}";

/// A number, or one for each value of a label.
#[derive(Clone, Copy, Debug)]
pub struct Gauge {
    name: &'static str,
    help: &'static str,
    label: &'static str,
    sql: &'static str,
    timed: bool,
}

impl Gauge {
    /// `sql` answers rows of a value of `label`, as text, and its number, as float8. It names
    /// every value, also those of which there is nothing now. An empty `label` is none.
    pub const fn new(
        name: &'static str,
        help: &'static str,
        label: &'static str,
        sql: &'static str,
    ) -> Self {
        Self { name, help, label, sql, timed: false }
    }

    /// The same of what depends on the time, which is `$1` in `sql`.
    pub const fn timed(
        name: &'static str,
        help: &'static str,
        label: &'static str,
        sql: &'static str,
    ) -> Self {
        Self { name, help, label, sql, timed: true }
    }

    /// The numbers of this moment.
    ///
    /// # Errors
    /// The database's.
    pub async fn read(&self, service: &Service) -> sqlx::Result<Vec<(String, f64)>> {
        let sql = self.sql.replace(JOBS, service.jobs.schema());
        let query = sqlx::query_as(AssertSqlSafe(sql));
        let query = if self.timed { query.bind(service.clock.now()) } else { query };
        query.fetch_all(&service.db).await
    }

    fn tell(&self, service: &'static str, numbers: Vec<(String, f64)>) {
        for (value, number) in numbers {
            if self.label.is_empty() {
                metrics::gauge!(self.name, "service" => service).set(number);
            } else {
                metrics::gauge!(self.name, "service" => service, self.label => value).set(number);
            }
        }
    }
}

const OWN: [Gauge; 5] = [
    Gauge::new(
        "linha_outbox_events",
        "Events that a subscriber has yet to acknowledge",
        "",
        "select '', count(*)::float8 from outbox",
    ),
    Gauge::new(
        "linha_outbox_oldest_seconds",
        "Age of the oldest event that a subscriber has yet to acknowledge",
        "",
        "select '', coalesce(extract(epoch from clock_timestamp() - min(created_at)), 0)::float8
           from outbox",
    ),
    Gauge::new(
        "linha_jobs_due",
        "Jobs that are due or in work",
        "",
        "select '', count(*)::float8 from {jobs}._private_jobs
          where attempts < max_attempts and (run_at <= now() or locked_at is not null)",
    ),
    Gauge::new(
        "linha_jobs_oldest_seconds",
        "How long the job that waits longest has been due",
        "",
        "select '', coalesce(extract(epoch from clock_timestamp() - min(run_at)), 0)::float8
           from {jobs}._private_jobs
          where attempts < max_attempts and run_at <= now() and locked_at is null",
    ),
    Gauge::new(
        "linha_jobs_failing",
        "Jobs that failed and are tried again, and such as were given up",
        "state",
        "select state, count(job.id)::float8
           from (values ('again'), ('given_up')) as known (state)
           left join {jobs}._private_jobs as job
             on job.last_error is not null
            and known.state = case when job.attempts < job.max_attempts
                                   then 'again' else 'given_up' end
          group by state",
    ),
];

/// Tells the chassis' numbers and `gauges` until `shutdown`.
pub(crate) async fn keep(service: Service, gauges: Vec<Gauge>, shutdown: CancellationToken) {
    let gauges: Vec<Gauge> = OWN.into_iter().chain(gauges).collect();
    for gauge in &gauges {
        metrics::describe_gauge!(gauge.name, gauge.help);
    }
    metrics::describe_gauge!(CONNECTIONS, "Connections to the database");
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = ticks.tick() => {}
        }
        tell_connections(&service);
        for gauge in &gauges {
            match gauge.read(&service).await {
                Ok(numbers) => gauge.tell(service.name, numbers),
                Err(error) => {
                    tracing::warn!(gauge = gauge.name, %error, "cannot be read");
                }
            }
        }
    }
}

const CONNECTIONS: &str = "linha_database_connections";

fn tell_connections(service: &Service) {
    let open = service.db.size();
    let idle = u32::try_from(service.db.num_idle()).unwrap_or(open);
    let states = [
        ("idle", idle),
        ("used", open.saturating_sub(idle)),
        ("max", service.db.options().get_max_connections()),
    ];
    for (state, count) in states {
        metrics::gauge!(CONNECTIONS, "service" => service.name, "state" => state).set(count);
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use sqlx::migrate::Migrator;

    use super::*;
    use crate::testing;

    static NONE: Migrator = Migrator::DEFAULT;

    #[tokio::test]
    async fn queues_are_measured_whether_or_not_something_is_in_them() {
        let (service, _database) = testing::service("company", &NONE, vec![]).await;
        for gauge in OWN {
            let numbers = gauge.read(&service).await.unwrap();
            assert!(!numbers.is_empty(), "{}", gauge.name);
            assert!(numbers.iter().all(|(_, number)| *number == 0.0), "{}", gauge.name);
        }

        let event = "insert into outbox (subscriber, subject, sequence, event, created_at)
                     values ('billing', gen_random_uuid(), 1, '', now() - interval '1 hour')";
        sqlx::query(event).execute(&service.db).await.unwrap();
        let [events, oldest, ..] = OWN;
        assert_eq!(events.read(&service).await.unwrap(), [(String::new(), 1.0)]);
        assert!(oldest.read(&service).await.unwrap()[0].1 >= 3600.0);
    }
}
