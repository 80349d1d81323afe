//! Background jobs that panic, hang and fail, under a supervisor. The clock is paused and jumps to the next timer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use application::{Job, JobError, JobHealth, JobReport, Schedule, Supervisor};
use ports::{BoxError, Randomness, StoreError};
use tokio::time::{Instant, sleep};

const SECOND: Duration = Duration::from_secs(1);
const SCHEDULE: Schedule = Schedule { every: SECOND, limit: Duration::from_secs(10), is_essential: true };
const STALLED_AFTER: Duration = Duration::from_secs(60);

/// The outcome of the n-th pass.
#[derive(Clone, Copy)]
enum Does {
    Nothing,
    Work(usize),
    Fails,
    Panics,
    Takes(Duration),
}

struct Script {
    does: Passes,
    begun: AtomicUsize,
    ended: AtomicUsize,
}

impl Job for Script {
    const NAME: &'static str = "script";

    async fn pass(&self) -> Result<usize, JobError> {
        let nth = self.begun.fetch_add(1, Ordering::SeqCst);
        let pass = match (self.does)(nth) {
            Does::Nothing => 0,
            Does::Work(done) => done,
            Does::Fails => return Err(StoreError::Unavailable(BoxError::from("away")).into()),
            Does::Panics => panic!("a defect in pass {nth}"),
            Does::Takes(span) => {
                sleep(span).await;
                0
            }
        };
        self.ended.fetch_add(1, Ordering::SeqCst);
        Ok(pass)
    }
}

struct Always(u32);

impl Randomness for Always {
    fn draw(&self) -> u32 {
        self.0
    }
}

type Passes = fn(usize) -> Does;

fn started(does: Passes, drawn: u32) -> (Supervisor, Arc<Script>, JobHealth) {
    let script = Arc::new(Script { does, begun: AtomicUsize::new(0), ended: AtomicUsize::new(0) });
    let mut supervisor = Supervisor::new(STALLED_AFTER, Arc::new(Always(drawn)));
    supervisor.start(Arc::clone(&script), SCHEDULE);
    let health = supervisor.health();
    (supervisor, script, health)
}

/// How many passes have begun, and how many of them have ended.
fn done(script: &Script) -> (usize, usize) {
    (script.begun.load(Ordering::SeqCst), script.ended.load(Ordering::SeqCst))
}

fn report(health: &JobHealth) -> JobReport {
    let mut reports = health.reports();
    assert_eq!(reports.len(), 1);
    reports.remove(0)
}

#[tokio::test(start_paused = true)]
async fn a_pass_that_panics_is_reported_and_the_next_one_comes() {
    let (_supervisor, script, health) = started(|nth| if nth == 1 { Does::Panics } else { Does::Nothing }, 0);
    sleep(Duration::from_millis(800)).await;
    assert_eq!(done(&script), (2, 1));
    assert_eq!(report(&health).failure.as_deref(), Some("it panicked: a defect in pass 1"));
    sleep(10 * SECOND).await;
    let (begun, ended) = done(&script);
    assert!(ended > 9 && begun == ended + 1, "{begun} {ended}");
    assert_eq!(report(&health).failure, None);
}

#[tokio::test(start_paused = true)]
async fn a_pass_that_does_not_end_is_cut_off_and_the_next_one_comes() {
    let (_supervisor, script, health) =
        started(|nth| if nth == 0 { Does::Takes(Duration::MAX) } else { Does::Nothing }, 0);
    sleep(9 * SECOND).await;
    assert_eq!((done(&script), report(&health).failure), ((1, 0), None));
    sleep(Duration::from_millis(1_100)).await;
    let failure = report(&health).failure;
    assert_eq!(failure.as_deref(), Some("it took longer than 10s and was cut off"));
    sleep(4 * SECOND).await;
    let (begun, ended) = done(&script);
    assert!(ended > 2 && begun == ended + 1, "{begun} {ended}");
    assert_eq!(report(&health).failure, None);
}

#[tokio::test(start_paused = true)]
async fn what_is_left_to_do_is_done_at_once() {
    let (_supervisor, script, _health) =
        started(|nth| if nth < 5 { Does::Work(3) } else { Does::Nothing }, 0);
    sleep(Duration::from_millis(10)).await;
    assert_eq!(script.ended.load(Ordering::SeqCst), 6);
}

/// Up to a quarter earlier or later, at random, so that processes that start together work at different times.
#[tokio::test(start_paused = true)]
async fn passes_come_with_jitter() {
    for (drawn, first, between) in [(0, 0, 750), (u32::MAX, 1000, 1250)] {
        let (_supervisor, script, _health) = started(|_| Does::Nothing, drawn);
        let ended_after = async |milliseconds| {
            sleep(Duration::from_millis(milliseconds)).await;
            script.ended.load(Ordering::SeqCst)
        };
        // A timer is at most a millisecond late.
        if first > 0 {
            assert_eq!(ended_after(first - 5).await, 0);
        }
        assert_eq!(ended_after(10).await, 1);
        assert_eq!(ended_after(between - 15).await, 1);
        assert_eq!(ended_after(20).await, 2);
    }
}

/// The same if it fails, panics or hangs each time.
#[tokio::test(start_paused = true)]
async fn a_job_without_success_is_stalled_until_it_has_one() {
    let unsuccessful: [(Passes, &str); 3] = [
        (|nth| if nth < 100 { Does::Fails } else { Does::Nothing }, "the database is not available"),
        (|nth| if nth < 100 { Does::Panics } else { Does::Nothing }, "it panicked: a defect in pass"),
        (|nth| if nth < 7 { Does::Takes(Duration::MAX) } else { Does::Nothing }, "it took longer than 10s"),
    ];
    for (does, failure) in unsuccessful {
        let (_supervisor, _script, health) = started(does, 0);
        sleep(60 * SECOND).await;
        assert!(!report(&health).is_stalled, "{failure}");
        assert_eq!(health.missing(), Vec::<String>::new());
        sleep(2 * SECOND).await;
        assert!(report(&health).is_stalled, "{failure}");
        let missing = health.missing();
        assert_eq!(missing.len(), 1);
        assert!(
            missing[0].starts_with(&format!("job script: no success for 62 s: {failure}")),
            "{missing:?}"
        );
        sleep(30 * SECOND).await;
        assert!(!report(&health).is_stalled, "{failure}");
        assert_eq!(health.missing(), Vec::<String>::new());
    }
}

/// The report shows it as stalled, but the service is ready.
#[tokio::test(start_paused = true)]
async fn a_job_that_is_not_essential_is_in_nobodys_way() {
    let script = Script { does: |_| Does::Fails, begun: AtomicUsize::new(0), ended: AtomicUsize::new(0) };
    let mut supervisor = Supervisor::new(STALLED_AFTER, Arc::new(Always(0)));
    supervisor.start(Arc::new(script), Schedule { is_essential: false, ..SCHEDULE });
    let health = supervisor.health();
    sleep(100 * SECOND).await;
    assert!(report(&health).is_stalled);
    assert_eq!(health.missing(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn stopping_lets_a_pass_end_and_begins_no_other() {
    let (supervisor, script, _health) = started(|_| Does::Takes(5 * SECOND), 0);
    sleep(SECOND).await;
    let stopping = Instant::now();
    supervisor.stop(30 * SECOND).await;
    assert_eq!(stopping.elapsed().as_secs(), 4, "as long as the pass takes, and no longer");
    assert_eq!(done(&script), (1, 1));
    sleep(60 * SECOND).await;
    assert_eq!(done(&script), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn stopping_cuts_off_what_does_not_end() {
    let (supervisor, script, _health) = started(|_| Does::Takes(9 * SECOND), 0);
    sleep(SECOND).await;
    let stopping = Instant::now();
    supervisor.stop(3 * SECOND).await;
    assert_eq!(stopping.elapsed().as_secs(), 3);
    sleep(60 * SECOND).await;
    assert_eq!(script.ended.load(Ordering::SeqCst), 0);
}
