use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use alipay_protocol::Method;
use domain::ShopTime;

/// Maximum number of remembered calls; older ones are only counted.
const MAX_RECORDS: usize = 10_000;

/// The calls of the gateway, whatever their outcome.
#[derive(Debug, Default)]
pub struct RequestLog(Mutex<Log>);

#[derive(Debug, Default)]
struct Log {
    counts: BTreeMap<Method, u64>,
    records: VecDeque<RequestRecord>,
}

/// One call of the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRecord {
    /// The method that was called.
    pub method: Method,
    /// The merchant's number of the trade, even if the call names the trade by Alipay's number.
    pub out_trade_no: Option<String>,
    /// Alipay's number of the trade, if the call has it.
    pub trade_no: Option<String>,
    /// The merchant's number of the refund, if the call has one.
    pub out_request_no: Option<String>,
    /// When the call arrived, by the sandbox's clock.
    pub at: ShopTime,
}

impl RequestLog {
    /// How often the method was called since the sandbox started.
    pub fn count(&self, method: Method) -> u64 {
        self.log().counts.get(&method).copied().unwrap_or_default()
    }

    /// The latest 10,000 calls, oldest first.
    pub fn latest(&self) -> Vec<RequestRecord> {
        self.log().records.iter().cloned().collect()
    }

    /// Takes the calls since the last `take`, oldest first, at most the latest 10,000. The counts stay.
    pub fn take(&self) -> Vec<RequestRecord> {
        self.log().records.drain(..).collect()
    }

    pub(crate) fn note(&self, record: RequestRecord) {
        let mut log = self.log();
        *log.counts.entry(record.method).or_default() += 1;
        if log.records.len() >= MAX_RECORDS {
            log.records.pop_front();
        }
        log.records.push_back(record);
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_counted_and_the_latest_remembered() {
        let log = RequestLog::default();
        let at = ShopTime::parse("2019-11-28 20:40:08").unwrap();
        for nth in 0..=MAX_RECORDS {
            log.note(RequestRecord {
                method: Method::TradeQuery,
                out_trade_no: Some(nth.to_string()),
                trade_no: None,
                out_request_no: None,
                at,
            });
        }
        let latest = log.latest();
        assert_eq!((latest.len(), latest[0].out_trade_no.as_deref()), (MAX_RECORDS, Some("1")));
        assert_eq!(log.count(Method::TradeQuery), 10_001);
    }
}
