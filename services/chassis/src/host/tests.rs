use std::sync::atomic::{AtomicU32, Ordering};

use postgres_local::testing::TestDatabase;
use sqlx::migrate::Migrator;
use tokio::task::JoinHandle;

use super::*;
use crate::testing;

static NONE: Migrator = Migrator::DEFAULT;
const SELDOM: Duration = Duration::from_secs(3600);
const ENOUGH: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(1);
const STEPS: u32 = 20;

struct Running {
    activity: Activity,
    tasks: Vec<JoinHandle<()>>,
    _database: TestDatabase,
}

async fn running(sweeps: Vec<Sweep>) -> Running {
    let (service, database) = testing::service("telecom", &NONE, vec![]).await;
    let activity = Activity::default();
    activity.register("telecom", Some(&service), &sweeps);
    let repeat = |sweep: Sweep| sweep.repeat(Clock::system(), PATIENCE, CancellationToken::new());
    let tasks = sweeps.into_iter().map(|sweep| tokio::spawn(repeat(sweep))).collect();
    Running { activity, tasks, _database: database }
}

/// Takes a step whenever it is its turn: the even ones, or the odd ones.
fn walker(parity: u32, step: &Arc<AtomicU32>) -> Sweep {
    let step = step.clone();
    Sweep::new("walker", SELDOM, move || {
        let at = step.load(Ordering::SeqCst);
        let turn = at < STEPS && at % 2 == parity;
        if turn {
            step.store(at + 1, Ordering::SeqCst);
        }
        std::future::ready(Ok(turn))
    })
}

#[tokio::test]
async fn work_that_one_sweep_makes_for_another_is_done_though_no_queue_shows_it() {
    let step = Arc::new(AtomicU32::new(0));
    let running = running(vec![walker(1, &step), walker(0, &step)]).await;
    assert!(running.activity.settle(ENOUGH).await);
    assert_eq!(step.load(Ordering::SeqCst), STEPS);
}

#[tokio::test]
async fn a_sweep_that_fails_leaves_something_to_do() {
    let failures = Arc::new(AtomicU32::new(3));
    let left = failures.clone();
    let failing = Sweep::new("failing", SELDOM, move || {
        let failed =
            left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        std::future::ready(match failed {
            Ok(_) => Err(anyhow::anyhow!("not now")),
            Err(_) => Ok(false),
        })
    });
    let running = running(vec![failing]).await;
    assert!(running.activity.settle(ENOUGH).await);
    assert_eq!(failures.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn what_never_ends_is_not_waited_for_without_end() {
    let busy = Sweep::new("busy", SELDOM, || std::future::ready(Ok(true)));
    let running = running(vec![busy]).await;
    assert!(!running.activity.settle(Duration::from_millis(100)).await);
}

#[tokio::test]
async fn a_sweep_that_hangs_is_given_up_and_begins_anew() {
    let times = Arc::new(AtomicU32::new(0));
    let begun = times.clone();
    let hanging = Sweep::new("hanging", SELDOM, move || {
        let first = begun.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            if first {
                std::future::pending::<()>().await;
            }
            Ok(false)
        }
    });
    let running = running(vec![hanging]).await;
    assert!(running.activity.settle(ENOUGH).await);
    assert!(times.load(Ordering::SeqCst) > 1);
}

#[tokio::test]
async fn a_service_that_is_gone_keeps_nobody_waiting() {
    let stuck = Sweep::new("stuck", SELDOM, std::future::pending);
    let running = running(vec![stuck]).await;
    let activity = running.activity.clone();
    let settling = tokio::spawn(async move { activity.settle(ENOUGH).await });
    tokio::task::yield_now().await;
    running.tasks.iter().for_each(JoinHandle::abort);
    assert!(settling.await.unwrap());
}
