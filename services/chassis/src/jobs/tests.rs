use std::sync::atomic::AtomicUsize;

use sqlx::migrate::Migrator;

use super::*;
use crate::{Service, testing};

static NONE: Migrator = Migrator::DEFAULT;
const ENOUGH: Duration = Duration::from_secs(60);

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

async fn enqueue(service: &Service, count: usize) {
    let jobs: Vec<(Count, String)> =
        (0..count).map(|number| (Count { number }, number.to_string())).collect();
    let mut tx = service.db.begin().await.unwrap();
    service.jobs.enqueue_all(&mut tx, &jobs).await.unwrap();
    tx.commit().await.unwrap();
}

async fn done(service: &Service) {
    let done = async {
        while service.jobs.due(&service.db).await.unwrap() > 0 {
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
    let worker = JobHandlers::new()
        .job::<Count>(counted.clone())
        .worker(service.db.clone(), &service.jobs, &service.limits, 2)
        .await
        .unwrap();
    enqueue(&service, 500).await;
    let shutdown = CancellationToken::new();
    let working = tokio::spawn(work(worker, shutdown.clone()));
    done(&service).await;
    enqueue(&service, 500).await;
    done(&service).await;
    assert_eq!(counted.load(Ordering::SeqCst), 1_000);
    assert_eq!(service.jobs.done(), 1_000);
    shutdown.cancel();
    working.await.unwrap();
}
