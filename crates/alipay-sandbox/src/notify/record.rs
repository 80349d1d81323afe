use std::collections::VecDeque;

use tokio::sync::watch;

/// Maximum number of remembered notifications; older ones are forgotten.
const MAX_RECORDS: usize = 10_000;

/// The delivery of one notification so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationRecord {
    /// Alipay's number of the notification, the same at each attempt.
    pub notify_id: String,
    /// The merchant's number of the trade.
    pub out_trade_no: String,
    /// The trade's status in the notification.
    pub trade_status: &'static str,
    /// How often it was sent or deliberately lost.
    pub attempts: u32,
    /// Whether an answer was exactly `success`.
    pub acknowledged: bool,
    /// Whether it will not be sent again.
    pub over: bool,
    /// The start of the latest answer, or why there was no answer.
    pub last_answer: Option<String>,
}

/// The records, with a way to wait for them.
pub(crate) struct Records(watch::Sender<VecDeque<NotificationRecord>>);

impl Records {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(VecDeque::new()))
    }

    pub(crate) fn begin(&self, record: NotificationRecord) {
        self.0.send_modify(|records| {
            if records.len() >= MAX_RECORDS {
                records.pop_front();
            }
            records.push_back(record);
        });
    }

    pub(crate) fn update(&self, notify_id: &str, update: impl FnOnce(&mut NotificationRecord)) {
        self.0.send_modify(|records| {
            if let Some(record) = records.iter_mut().rev().find(|record| record.notify_id == notify_id) {
                update(record);
            }
        });
    }

    pub(crate) fn all(&self) -> Vec<NotificationRecord> {
        self.0.borrow().iter().cloned().collect()
    }

    /// Waits until the records satisfy the condition, however long that takes.
    pub(crate) async fn until(
        &self,
        mut condition: impl FnMut(&[NotificationRecord]) -> bool,
    ) -> Vec<NotificationRecord> {
        let mut receiver = self.0.subscribe();
        loop {
            let records: Vec<_> = receiver.borrow_and_update().iter().cloned().collect();
            // The sender lives as long as `self`, so waiting for a change cannot fail.
            if condition(&records) || receiver.changed().await.is_err() {
                return records;
            }
        }
    }
}
