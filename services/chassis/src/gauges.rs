//! Numbers that stand in the database rather than in a process: how long the queues are, and what
//! state the service's things are in. Every replica tells the same, so that any one will do.

use std::time::Duration;

use sqlx::{AssertSqlSafe, PgPool};
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
    metrics::describe_gauge!(
        CONNECTIONS,
        "Connections to the database, its primary and its replica"
    );
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = ticks.tick() => {}
        }
        tell_connections(&service);
        for gauge in &gauges {
            let read = tokio::time::timeout(service.limits.request_timeout(), gauge.read(&service));
            match read.await {
                Ok(Ok(numbers)) => gauge.tell(service.name, numbers),
                Ok(Err(error)) => {
                    tracing::warn!(gauge = gauge.name, %error, "cannot be read");
                }
                Err(_) => tracing::warn!(gauge = gauge.name, "cannot be read in time"),
            }
        }
    }
}

const CONNECTIONS: &str = "linha_database_connections";

fn tell_connections(service: &Service) {
    for (role, state, count) in connections(service) {
        metrics::gauge!(CONNECTIONS, "service" => service.name, "role" => role, "state" => state)
            .set(count);
    }
}

/// How many connections there are in each state, and may be in all, to the primary and, where
/// there is one, to the replica.
fn connections(service: &Service) -> Vec<(&'static str, &'static str, u32)> {
    let primary = Some(("primary", &service.db));
    let replica = service.replica.as_ref().map(|replica| ("replica", replica.pool()));
    let pools = primary.into_iter().chain(replica);
    let states = |(role, pool): (&'static str, &PgPool)| {
        let open = pool.size();
        let idle = u32::try_from(pool.num_idle()).unwrap_or(open).min(open);
        let max = pool.options().get_max_connections();
        [(role, "idle", idle), (role, "used", open - idle), (role, "max", max)]
    };
    pools.flat_map(states).collect()
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use sqlx::migrate::Migrator;

    use super::*;
    use crate::clock::Clock;
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

    #[tokio::test]
    async fn connections_are_counted_to_the_primary_and_to_the_replica() {
        let database = postgres_local::testing::database().await;
        let url = database.role("company").await;
        let open = async |urls: &[(&str, &str)]| {
            let config = testing::config("company", urls);
            Service::open("company", &config, &NONE, Clock::system(), vec![]).await.unwrap()
        };
        let alone = open(&[("database-url", &url)]).await;
        assert!(connections(&alone).iter().all(|(role, ..)| *role == "primary"));

        let urls = [("database-url", url.as_str()), ("database-read-only-url", url.as_str())];
        let service = open(&urls).await;
        let replica = || {
            let told = connections(&service).into_iter();
            told.filter(|(role, ..)| *role == "replica")
                .map(|(_, state, count)| (state, count))
                .collect::<Vec<_>>()
        };
        assert_eq!(replica(), [("idle", 0), ("used", 0), ("max", 5)]);
        let _reading = service.replica.as_ref().unwrap().pool().acquire().await.unwrap();
        assert_eq!(replica(), [("idle", 0), ("used", 1), ("max", 5)]);
    }
}
