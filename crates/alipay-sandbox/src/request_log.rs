use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use alipay_protocol::Method;

/// How often each method of the gateway was called, whatever came of it. Shared by its clones.
#[derive(Debug, Default)]
pub struct RequestLog(Mutex<BTreeMap<Method, u64>>);

impl RequestLog {
    /// How often the method was called since the sandbox started.
    pub fn count(&self, method: Method) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&method).copied().unwrap_or_default()
    }

    pub(crate) fn note(&self, method: Method) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(method).or_default() += 1;
    }
}
