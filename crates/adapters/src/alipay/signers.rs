//! Threads that sign. A signature takes 0.25 ms of computing, which would delay all other tasks on the caller's thread.

use std::{
    collections::VecDeque,
    io,
    num::NonZero,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use tokio::sync::oneshot;

/// One thread for each processor. The first one signs; each further one helps only while many jobs wait, because a busy
/// thread takes the processor from the tasks that bring the next orders.
pub(super) struct Signers {
    shared: Arc<Shared>,
}

struct Shared {
    queue: Mutex<Queue>,
    /// On each of these one thread waits for work.
    work: Vec<Condvar>,
}

struct Queue {
    jobs: VecDeque<Job>,
    is_open: bool,
}

type Job = Box<dyn FnOnce() + Send>;

/// Nothing was signed: too many jobs wait, or the job panicked.
#[derive(Debug, thiserror::Error)]
#[error("the signers are too busy, or one of them failed")]
pub(super) struct NotSigned;

/// One more thread helps for each group of this many waiting jobs.
const HELP_FROM: usize = 8;
/// Maximum number of waiting jobs.
const MOST_WAITING: usize = 10_000;

impl Signers {
    /// Starts the threads. They end when the signers are dropped.
    ///
    /// # Errors
    /// The system cannot start a thread.
    pub(super) fn start() -> io::Result<Self> {
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        let queue = Queue { jobs: VecDeque::new(), is_open: true };
        let work = (0..threads).map(|_| Condvar::new()).collect();
        let signers = Self { shared: Arc::new(Shared { queue: Mutex::new(queue), work }) };
        for number in 0..threads {
            let shared = Arc::clone(&signers.shared);
            let name = format!("signer-{number}");
            thread::Builder::new().name(name).spawn(move || shared.work_as(number))?;
        }
        Ok(signers)
    }

    /// Runs the job on one of the threads, unless the caller has stopped waiting.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        signing: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotSigned> {
        let (answer, signed) = oneshot::channel();
        let job = move || {
            if !answer.is_closed() {
                // The caller may have stopped waiting meanwhile.
                let _gone = answer.send(signing());
            }
        };
        self.shared.push(Box::new(job))?;
        signed.await.map_err(|_| NotSigned)
    }
}

impl Drop for Signers {
    fn drop(&mut self) {
        self.shared.queue().is_open = false;
        self.shared.work.iter().for_each(Condvar::notify_all);
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, job: Job) -> Result<(), NotSigned> {
        let mut queue = self.queue();
        if queue.jobs.len() >= MOST_WAITING {
            return Err(NotSigned);
        }
        queue.jobs.push_back(job);
        let waiting = queue.jobs.len();
        drop(queue);
        let wanted = self.work.iter().enumerate().filter(|(number, _)| waiting > number * HELP_FROM);
        wanted.for_each(|(_, work)| work.notify_one());
        Ok(())
    }

    /// The loop of a thread, until the signers are dropped and no job waits any more.
    fn work_as(&self, number: usize) {
        while let Some(job) = self.next(number) {
            // The answer of a job that panics is dropped, which wakes the caller with an error.
            let _panicked = catch_unwind(AssertUnwindSafe(job));
            // Otherwise a thread that was woken meanwhile, such as the writer of the next orders, would wait until this
            // thread's time slice ends, which is several signatures.
            thread::yield_now();
        }
    }

    fn next(&self, number: usize) -> Option<Job> {
        let work = self.work.get(number)?;
        let mut queue = self.queue();
        loop {
            if queue.jobs.len() > number * HELP_FROM {
                return queue.jobs.pop_front();
            }
            if !queue.is_open {
                return queue.jobs.pop_front();
            }
            queue = work.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn everything_is_signed_once_however_much_waits() {
        let signers = Signers::start().unwrap();
        let done = Arc::new(AtomicUsize::new(0));
        let all = (0..500).map(|number| {
            let done = Arc::clone(&done);
            signers.run(move || {
                done.fetch_add(1, Ordering::SeqCst);
                number
            })
        });
        let answers = futures_util::future::join_all(all).await;
        assert!(answers.into_iter().map(Result::unwrap).eq(0..500));
        assert_eq!(done.load(Ordering::SeqCst), 500);
    }

    #[tokio::test]
    async fn a_panic_costs_its_own_signature_alone() {
        let signers = Signers::start().unwrap();
        assert!(signers.run(|| panic!("a defect")).await.is_err());
        assert_eq!(signers.run(|| 1).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn nobody_signs_for_who_is_gone() {
        let signers = Signers::start().unwrap();
        let done = Arc::new(AtomicUsize::new(0));
        let (hold, held) = std::sync::mpsc::channel::<()>();
        let first = signers.run(move || held.recv());
        let counted = Arc::clone(&done);
        let gone = signers.run(move || counted.fetch_add(1, Ordering::SeqCst));
        let (mut first, mut gone) = (Box::pin(first), Box::pin(gone));
        assert!(futures_util::poll!(&mut first).is_pending());
        assert!(futures_util::poll!(&mut gone).is_pending());
        drop(gone);
        drop(hold);
        assert!(first.await.unwrap().is_err(), "the other end is gone");
        signers.run(|| ()).await.unwrap();
        assert_eq!(done.load(Ordering::SeqCst), 0);
    }
}
