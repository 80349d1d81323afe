//! Faults on demand: calls that get a late answer, a failure or no answer.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use alipay_protocol::Method;

/// Maximum number of faults that wait for their calls.
const MAX_FAULTS: usize = 10_000;
/// How long a call without an answer is held before its connection is closed: longer than any merchant waits.
pub(crate) const HOLD: Duration = Duration::from_secs(60);

/// How one call of the gateway fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// Before or after the call is performed.
    pub moment: FaultMoment,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The answer is right but late, by this time. The call is performed even if the merchant has closed the
    /// connection.
    Slow(Duration),
    /// There is no answer: the connection stays open for a minute.
    NoAnswer,
    /// `20000`: the outcome is unknown.
    Unavailable,
    /// `40004` with `ACQ.SYSTEM_ERROR`: the outcome is unknown too.
    SystemError,
    /// `40004` with `ACQ.SELLER_BALANCE_NOT_ENOUGH`: a refund is refused until the shop's account has money.
    NoBalance,
    /// The connection is closed without a byte of an answer.
    Dropped,
}

/// Whether the call is performed, which the merchant cannot see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultMoment {
    /// The fault comes first: the call is not performed; a slow call is performed late.
    BeforeWork,
    /// The call is performed, including its notification, and then the fault comes.
    AfterWork,
}

/// 10,000 faults wait already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many faults wait for their calls")]
pub struct TooManyFaults;

/// The faults that wait, in one queue per method.
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

    /// The fault of this call, if any.
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
