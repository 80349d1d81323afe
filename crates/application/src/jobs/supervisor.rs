use std::{
    borrow::Cow,
    future::pending,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use metrics::{counter, histogram};
use ports::{Randomness, metric};
use tokio::{
    sync::watch,
    task::{JoinError, JoinSet},
    time::{Instant, sleep, timeout},
};
use tracing::Instrument;

use super::{Job, JobError};

/// Runs jobs, each in its own task, until it is stopped. A pass that panics, hangs or fails is counted, and the next
/// pass follows nevertheless.
///
/// When the supervisor is dropped, it aborts the jobs.
pub struct Supervisor {
    stalled_after: Duration,
    randomness: Arc<dyn Randomness>,
    running: JoinSet<()>,
    stop: watch::Sender<bool>,
    records: Vec<Arc<Record>>,
}

/// How a job is run.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    /// The wait after a pass that found nothing to do, plus or minus a quarter.
    pub every: Duration,
    /// How long a pass may take before it is cut off.
    pub limit: Duration,
    /// Whether the service is not ready while the job is stalled.
    pub is_essential: bool,
}

/// The health of all jobs.
#[derive(Debug, Clone, Default)]
pub struct JobHealth(Vec<Arc<Record>>);

/// The health of one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobReport {
    /// [`Job::name`].
    pub name: Cow<'static, str>,
    /// Whether the service is not ready while the job is stalled.
    pub is_essential: bool,
    /// The time since the last successful pass, or since the start of the job.
    pub since_success: Duration,
    /// Whether that is too long.
    pub is_stalled: bool,
    /// Why the last pass failed; `None` if it succeeded.
    pub failure: Option<String>,
}

/// The recorded state of a job.
#[derive(Debug)]
struct Record {
    name: Cow<'static, str>,
    is_essential: bool,
    stalled_after: Duration,
    counts: Mutex<Counts>,
}

#[derive(Debug)]
struct Counts {
    failures: u64,
    last_success: Instant,
    failure: Option<String>,
    /// When the stall was last logged.
    reported: Option<Instant>,
    is_at_work: bool,
}

/// Why a pass failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Failed(#[from] JobError),
    #[error("it panicked: {0}")]
    Panicked(String),
    #[error("it took longer than {0:?} and was cut off")]
    CutOff(Duration),
}

impl Supervisor {
    /// The longest wait after a failed pass.
    const LONGEST_WAIT_AFTER_FAILURE: Duration = Duration::from_secs(60);

    /// A job counts as stalled after `stalled_after` without success, in addition to its own interval.
    pub fn new(stalled_after: Duration, randomness: Arc<dyn Randomness>) -> Self {
        let (stop, _) = watch::channel(false);
        Self { stalled_after, randomness, running: JoinSet::new(), stop, records: Vec::new() }
    }

    /// Starts another job.
    pub fn start<J: Job>(&mut self, job: Arc<J>, schedule: Schedule) {
        let record = Arc::new(Record::new(job.name(), schedule, self.stalled_after));
        self.records.push(Arc::clone(&record));
        let stop = self.stop.subscribe();
        self.running.spawn(run(job, schedule, record, Arc::clone(&self.randomness), stop));
    }

    /// The health of the jobs that were started so far.
    pub fn health(&self) -> JobHealth {
        JobHealth(self.records.clone())
    }

    /// Lets each job finish the work that it has begun, and starts no further passes. Aborts the jobs that take longer
    /// than `within`.
    pub async fn stop(mut self, within: Duration) {
        self.stop.send_replace(true);
        let all_ended = async { while self.running.join_next().await.is_some() {} };
        if timeout(within, all_ended).await.is_err() {
            let at_work = self.records.iter().filter(|record| record.counts().is_at_work);
            let jobs: Vec<_> = at_work.map(|record| record.name.as_ref()).collect();
            tracing::warn!(
                ?jobs,
                "cut off in the middle of a pass; what they had taken is taken again later"
            );
            self.running.shutdown().await;
        }
    }
}

async fn run<J: Job>(
    job: Arc<J>,
    schedule: Schedule,
    record: Arc<Record>,
    randomness: Arc<dyn Randomness>,
    mut stop: watch::Receiver<bool>,
) {
    let name = job.name();
    let durations = histogram!(metric::JOB_DURATION, "name" => name.clone());
    for outcome in ["succeeded", "failed", "panicked", "cut_off"] {
        counter!(metric::JOB_PASSES, "name" => name.clone(), "outcome" => outcome).increment(0);
    }
    // A random first wait, so that processes that are started together do not run in step.
    let mut wait = part(schedule.every, randomness.draw());
    loop {
        tokio::select! {
            biased;
            _ = stop.wait_for(|stops| *stops) => return,
            () = sleep(wait) => {}
        }
        record.counts().is_at_work = true;
        let span = tracing::info_span!("job", name = &*name);
        let begun = Instant::now();
        let outcome = {
            let pass = pin!(one_pass(&job, schedule.limit).instrument(span.clone()));
            let stopping = async {
                // An error means that the supervisor is gone: it is being dropped.
                let _ = stop.wait_for(|stops| *stops).await;
                job.wind_down();
                pending().await
            };
            tokio::select! {
                outcome = pass => outcome,
                outcome = stopping => outcome,
            }
        };
        durations.record(begun.elapsed());
        counter!(metric::JOB_PASSES, "name" => name.clone(), "outcome" => word(&outcome)).increment(1);
        let done = span.in_scope(|| record.note(outcome));
        let jitter = |span: Duration| span * 3 / 4 + part(span / 2, randomness.draw());
        wait = match done {
            Some(0) => jitter(schedule.every),
            Some(_) => Duration::ZERO,
            None => jitter(schedule.every.min(Supervisor::LONGEST_WAIT_AFTER_FAILURE)),
        };
    }
}

fn word(outcome: &Result<usize, Failure>) -> &'static str {
    match outcome {
        Ok(_) => "succeeded",
        Err(Failure::Panicked(_) | Failure::Failed(JobError::Panicked { .. })) => "panicked",
        Err(Failure::Failed(_)) => "failed",
        Err(Failure::CutOff(_)) => "cut_off",
    }
}

/// Runs a pass in its own task, so that a panic ends nothing else. When the future is dropped, the pass is aborted.
async fn one_pass<J: Job>(job: &Arc<J>, limit: Duration) -> Result<usize, Failure> {
    let job = Arc::clone(job);
    let mut pass = JoinSet::new();
    pass.spawn(async move { job.pass().await }.in_current_span());
    match timeout(limit, pass.join_next()).await {
        Ok(Some(Ok(outcome))) => Ok(outcome?),
        Ok(Some(Err(error))) => Err(Failure::Panicked(panic_message(error))),
        Ok(None) => Ok(0),
        Err(_elapsed) => Err(Failure::CutOff(limit)),
    }
}

fn panic_message(error: JoinError) -> String {
    let Ok(panic) = error.try_into_panic() else { return "it was cancelled".to_owned() };
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

/// Scales `span` by `drawn` / `u32::MAX`.
fn part(span: Duration, drawn: u32) -> Duration {
    span.mul_f64(f64::from(drawn) / f64::from(u32::MAX))
}

impl Record {
    fn new(
        name: Cow<'static, str>,
        Schedule { every, limit, is_essential }: Schedule,
        stalled_after: Duration,
    ) -> Self {
        let counts = Counts {
            failures: 0,
            last_success: Instant::now(),
            failure: None,
            reported: None,
            is_at_work: false,
        };
        // A long pass of a job that is not essential delays nobody, so it does not count as a stall.
        let at_work = if is_essential { Duration::ZERO } else { limit };
        let stalled_after = stalled_after + every + at_work;
        Self { name, is_essential, stalled_after, counts: Mutex::new(counts) }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a pass and logs its result. Returns `None` if it failed.
    fn note(&self, outcome: Result<usize, Failure>) -> Option<usize> {
        let mut counts = self.counts();
        counts.is_at_work = false;
        match outcome {
            Ok(done) => {
                counts.last_success = Instant::now();
                counts.failure = None;
                if counts.reported.take().is_some() {
                    tracing::info!("{} succeeds again", self.name);
                }
                if done > 0 {
                    tracing::info!(done, "pass of {}", self.name);
                }
                Some(done)
            }
            Err(failure) => {
                counts.failures += 1;
                counts.failure = Some(failure.to_string());
                let error = &failure as &dyn std::error::Error;
                match failure {
                    Failure::Failed(_) => tracing::warn!(error, "a pass of {} failed", self.name),
                    Failure::Panicked(_) | Failure::CutOff(_) => {
                        tracing::error!(error, "a pass of {} failed", self.name);
                    }
                }
                counts.report_stall(self);
                None
            }
        }
    }

    fn report(&self) -> JobReport {
        let counts = self.counts();
        let since_success = counts.last_success.elapsed();
        JobReport {
            name: self.name.clone(),
            is_essential: self.is_essential,
            since_success,
            is_stalled: since_success > self.stalled_after,
            failure: counts.failure.clone(),
        }
    }
}

impl Counts {
    /// Logs that the job is stalled, and repeats it while the stall lasts.
    fn report_stall(&mut self, record: &Record) {
        let since_success = self.last_success.elapsed();
        let is_due = self.reported.is_none_or(|reported| reported.elapsed() > record.stalled_after);
        if since_success > record.stalled_after && is_due {
            self.reported = Some(Instant::now());
            let seconds = since_success.as_secs();
            tracing::error!(
                seconds,
                failures = self.failures,
                "{} has not succeeded for so long",
                record.name
            );
        }
    }
}

impl JobHealth {
    /// The health of each job.
    pub fn reports(&self) -> Vec<JobReport> {
        self.0.iter().map(|record| record.report()).collect()
    }

    /// Why the service is not ready: a text for each essential job that is stalled.
    pub fn missing(&self) -> Vec<String> {
        let stalled = self.reports().into_iter().filter(|job| job.is_stalled && job.is_essential);
        let words = stalled.map(|job| {
            let seconds = job.since_success.as_secs();
            let failure = job.failure.as_deref().unwrap_or("its pass does not end");
            format!("job {}: no success for {seconds} s: {failure}", job.name)
        });
        words.collect()
    }
}
