//! Faults on demand: calls that are answered late, badly or not at all.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use alipay_protocol::Method;

/// The most faults that wait for their call.
const MAX_FAULTS: usize = 10_000;
/// How long a call without an answer is held before its connection is dropped: longer than any merchant waits.
pub(crate) const HOLD: Duration = Duration::from_secs(60);

/// How one call of the gateway goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// Before or after what was asked is done.
    pub moment: FaultMoment,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The answer is right, and so late. What was asked is done although the merchant has hung up meanwhile.
    Slow(Duration),
    /// No answer at all: the connection stays open for a minute.
    NoAnswer,
    /// `20000`: Alipay does not know.
    Unavailable,
    /// `40004` with `ACQ.SYSTEM_ERROR`: Alipay does not know either.
    SystemError,
    /// `40004` with `ACQ.SELLER_BALANCE_NOT_ENOUGH`: a refund is refused until the shop's account has money.
    NoBalance,
    /// The connection is dropped without a byte of an answer.
    Dropped,
}

/// Whether what was asked is done. The merchant cannot tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultMoment {
    /// It goes wrong before: nothing is done, except by a call that is merely slow, which does it late.
    BeforeWork,
    /// It is done, notification included, and then it goes wrong.
    AfterWork,
}

/// There are 10,000 faults waiting already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many faults wait for their calls")]
pub struct TooManyFaults;

/// The faults that wait, a queue a method.
#[derive(Default)]
pub(crate) struct Faults(Mutex<BTreeMap<Method, VecDeque<Fault>>>);

impl Faults {
    pub(crate) fn add(&self, method: Method, fault: Fault) -> Result<(), TooManyFaults> {
        let mut queues = self.queues();
        if queues.values().map(VecDeque::len).sum::<usize>() >= MAX_FAULTS {
            return Err(TooManyFaults);
        }
        queues.entry(method).or_default().push_back(fault);
        Ok(())
    }

    pub(crate) fn clear(&self) {
        self.queues().clear();
    }

    pub(crate) fn waiting(&self) -> usize {
        self.queues().values().map(VecDeque::len).sum()
    }

    /// What goes wrong with this call.
    pub(crate) fn next(&self, method: Method) -> Option<Fault> {
        self.queues().get_mut(&method).and_then(VecDeque::pop_front)
    }

    fn queues(&self) -> MutexGuard<'_, BTreeMap<Method, VecDeque<Fault>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_faults_that_wait_are_bounded() {
        let faults = Faults::default();
        let fault = Fault { kind: FaultKind::Dropped, moment: FaultMoment::AfterWork };
        for _ in 0..MAX_FAULTS {
            faults.add(Method::TradeRefund, fault).unwrap();
        }
        assert_eq!(faults.add(Method::TradeQuery, fault), Err(TooManyFaults));
        assert_eq!((faults.next(Method::TradeRefund), faults.next(Method::TradeQuery)), (Some(fault), None));
        assert_eq!(faults.add(Method::TradeQuery, fault), Ok(()));
    }
}
