use std::collections::BTreeSet;
use std::sync::atomic::AtomicUsize;
use std::sync::{Mutex, PoisonError};

use rustix::process::Signal;
use sqlx::migrate::Migrator;
use sqlx::postgres::PgPoolOptions;
use tokio::task::JoinHandle;

use super::*;
use crate::clock::Clock;
use crate::testing;
use crate::testing::outage::{Backends, Primary};

static NONE: Migrator = Migrator::DEFAULT;
const ENOUGH: Duration = Duration::from_secs(60);
const A_WHILE: Duration = Duration::from_millis(300);
/// When no job comes, a worker looks that often by itself.
const LOOKED_EVERY: Duration = Duration::from_secs(1);
/// In seconds: longer than anybody waits for a connection.
const LONG: u64 = 11;

#[derive(Serialize, Deserialize)]
struct Count {
    number: usize,
}

impl Job for Count {
    const NAME: &'static str = "count";
    type Context = Arc<AtomicUsize>;

    async fn run(self, counted: Self::Context) -> anyhow::Result<()> {
        counted.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

/// Takes a while, and is noted at the end of it.
#[derive(Serialize, Deserialize)]
struct Linger {
    number: usize,
}

type Noted = Arc<Mutex<BTreeSet<usize>>>;

impl Job for Linger {
    const NAME: &'static str = "linger";
    type Context = Noted;

    async fn run(self, noted: Noted) -> anyhow::Result<()> {
        tokio::time::sleep(Duration::from_millis(100)).await;
        noted.lock().unwrap_or_else(PoisonError::into_inner).insert(self.number);
        Ok(())
    }
}

/// Hangs the first time.
#[derive(Serialize, Deserialize)]
struct Hang {}

impl Job for Hang {
    const NAME: &'static str = "hang";
    type Context = Arc<AtomicUsize>;

    async fn run(self, begun: Self::Context) -> anyhow::Result<()> {
        if begun.fetch_add(1, Ordering::SeqCst) == 0 {
            std::future::pending::<()>().await;
        }
        Ok(())
    }
}

async fn enqueue<J: Job>(
    queue: &Jobs,
    db: &PgPool,
    numbers: impl IntoIterator<Item = usize>,
    job: impl Fn(usize) -> J,
) {
    let jobs: Vec<(J, String)> =
        numbers.into_iter().map(|number| (job(number), number.to_string())).collect();
    let mut tx = db.begin().await.unwrap();
    queue.enqueue_all(&mut tx, &jobs).await.unwrap();
    tx.commit().await.unwrap();
}

async fn done(queue: &Jobs, db: &PgPool) {
    let done = async {
        while queue.due(db).await.unwrap() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(ENOUGH, done).await.expect("the jobs are done");
}

/// A place in a worker takes one job when it is woken: by looking every second, a minute would do
/// for a hundred and twenty.
#[tokio::test]
async fn what_is_enqueued_together_is_done_without_waiting() {
    let (service, _database) = testing::service("telecom", &NONE, vec![]).await;
    let counted = Arc::new(AtomicUsize::new(0));
    let workplace = JobHandlers::new().job::<Count>(counted.clone()).at(&service, 2);
    enqueue(&service.jobs, &service.db, 0..500, |number| Count { number }).await;
    let shutdown = CancellationToken::new();
    let working = tokio::spawn(workplace.work(shutdown.clone()));
    done(&service.jobs, &service.db).await;
    enqueue(&service.jobs, &service.db, 0..500, |number| Count { number }).await;
    done(&service.jobs, &service.db).await;
    assert_eq!(counted.load(Ordering::SeqCst), 1_000);
    assert_eq!(service.jobs.done(), 1_000);
    shutdown.cancel();
    working.await.unwrap();
}

/// A primary that can be taken away, the service on it, and a worker at its queue.
struct Queue {
    primary: Primary,
    service: Service,
    /// Enqueues and looks, over a connection of its own.
    visitor: PgPool,
    noted: Noted,
    enqueued: usize,
    working: JoinHandle<()>,
    shutdown: CancellationToken,
}

impl Queue {
    async fn start() -> Self {
        let primary = Primary::start().await;
        let url = primary.url();
        let limits = [
            ("request-timeout-ms", "3000"),
            ("worker-lost-after-ms", "2000"),
            ("background-timeout-ms", "3000"),
            ("drain-ms", "3000"),
        ];
        let flags: Vec<_> = limits.into_iter().chain([("database-url", &*url)]).collect();
        let config = testing::config("telecom", &flags);
        let service =
            Service::open("telecom", &config, &NONE, Clock::system(), vec![]).await.unwrap();
        let visitor = PgPoolOptions::new().max_connections(1).connect(&url).await.unwrap();
        let (noted, shutdown) = (Noted::default(), CancellationToken::new());
        let workplace = JobHandlers::new().job::<Linger>(noted.clone()).at(&service, 2);
        let working = tokio::spawn(workplace.work(shutdown.clone()));
        Self { primary, service, visitor, noted, enqueued: 0, working, shutdown }
    }

    async fn enqueue(&mut self, count: usize) {
        let from = self.enqueued;
        self.enqueued += count;
        enqueue(&self.service.jobs, &self.visitor, from..self.enqueued, |number| Linger { number })
            .await;
    }

    fn noted(&self) -> usize {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// What is enqueued now is done, and so is what was before.
    async fn goes_on(&mut self) {
        self.enqueue(10).await;
        done(&self.service.jobs, &self.visitor).await;
        assert_eq!(self.noted(), self.enqueued);
    }

    async fn end(self) {
        self.shutdown.cancel();
        tokio::time::timeout(ENOUGH, self.working).await.expect("the worker ends").unwrap();
    }
}

#[tokio::test]
async fn work_goes_on_after_connections_ended() {
    let mut queue = Queue::start().await;
    for in_work in [0, 20] {
        queue.enqueue(in_work).await;
        tokio::time::sleep(A_WHILE).await;
        Backends::but_of(&queue.visitor).await.signal(Signal::TERM);
        queue.goes_on().await;
    }
    queue.end().await;
}

#[tokio::test]
async fn work_goes_on_after_the_database_was_away() {
    let mut queue = Queue::start().await;
    for (in_work, seconds) in [(20, 0), (0, LONG), (20, LONG)] {
        queue.enqueue(in_work).await;
        tokio::time::sleep(A_WHILE).await;
        queue.primary.is_away_for(seconds).await;
        queue.goes_on().await;
    }
    queue.end().await;
}

/// As when a machine is gone: nobody says that the connections ended.
#[tokio::test]
async fn work_goes_on_though_connections_never_answer_again() {
    let mut queue = Queue::start().await;
    queue.enqueue(20).await;
    tokio::time::sleep(A_WHILE).await;
    let mut tx = queue.visitor.begin().await.unwrap();
    let lock = "lock table telecom_jobs._private_jobs in access exclusive mode";
    sqlx::query(lock).execute(&mut *tx).await.unwrap();
    // The worker asks for a job now, or within a second.
    tokio::time::sleep(LOOKED_EVERY).await;
    let backends = Backends::but_of(&mut *tx).await;
    backends.signal(Signal::STOP);
    tx.commit().await.unwrap();
    queue.enqueue(10).await;
    let noted = async {
        while queue.noted() < queue.enqueued {
            tokio::time::sleep(A_WHILE).await;
        }
    };
    tokio::time::timeout(ENOUGH, noted).await.expect("others do what they would have done");
    // Whoever is stopped keeps its locks.
    backends.signal(Signal::CONT);
    queue.goes_on().await;
    queue.end().await;
}

#[tokio::test]
async fn who_listens_to_a_connection_that_is_lost_listens_to_another() {
    let queue = Queue::start().await;
    let listening = async |count: usize| {
        let listening = async {
            while Backends::listening(&queue.visitor).await.len() < count {
                tokio::time::sleep(A_WHILE).await;
            }
        };
        tokio::time::timeout(ENOUGH, listening).await.expect("somebody listens");
    };
    listening(1).await;
    let lost = Backends::listening(&queue.visitor).await;
    lost.signal(Signal::STOP);
    listening(2).await;
    lost.signal(Signal::CONT);
    queue.end().await;
}

#[tokio::test]
async fn a_job_that_hangs_is_given_up_and_begins_anew() {
    let (queue, begun) = (Queue::start().await, Arc::<AtomicUsize>::default());
    let workplace = JobHandlers::new().job::<Hang>(begun.clone()).at(&queue.service, 1);
    let working = tokio::spawn(workplace.work(queue.shutdown.clone()));
    enqueue(&queue.service.jobs, &queue.visitor, [0], |_| Hang {}).await;
    let again = async {
        while begun.load(Ordering::SeqCst) < 2 {
            tokio::time::sleep(A_WHILE).await;
        }
    };
    tokio::time::timeout(ENOUGH, again).await.expect("the job is tried again");
    done(&queue.service.jobs, &queue.visitor).await;
    queue.end().await;
    tokio::time::timeout(ENOUGH, working).await.expect("the worker ends").unwrap();
}
