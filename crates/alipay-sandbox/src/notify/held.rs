use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use alipay_protocol::{Params, PrivateKey, message};

/// Maximum number of held notifications; further ones are lost.
const MAX_HELD: usize = 10_000;

/// A notification that was not sent, for the test to deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldNotification {
    /// The merchant's number of the trade.
    pub out_trade_no: String,
    /// The signed body, as it would be posted to the merchant's `notify_url`.
    pub form: Vec<u8>,
}

/// The held notifications. They are signed only when they are taken, because signing is expensive.
#[derive(Default)]
pub(super) struct Held(Mutex<VecDeque<(String, Params)>>);

impl Held {
    pub(super) fn keep(&self, out_trade_no: String, params: Params) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= MAX_HELD {
            tracing::warn!(out_trade_no, "too many notifications are held; this one is lost");
            return;
        }
        held.push_back((out_trade_no, params));
    }

    pub(super) fn take(&self, key: &PrivateKey) -> Vec<HeldNotification> {
        let held = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let sign = |(out_trade_no, params)| match message::sign(params, key) {
            Ok(signed) => Some(HeldNotification { out_trade_no, form: signed.to_form().into_bytes() }),
            Err(error) => {
                tracing::error!(%error, out_trade_no, "a held notification cannot be signed and is lost");
                None
            }
        };
        held.into_iter().filter_map(sign).collect()
    }
}
