use std::collections::VecDeque;

use tokio::sync::watch;

/// The most notifications that are remembered; older ones are forgotten.
const MAX_RECORDS: usize = 10_000;

/// What became of one notification so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationRecord {
    /// Alipay's number of it, the same at each attempt.
    pub notify_id: String,
    /// The merchant's number of the trade.
    pub out_trade_no: String,
    /// The trade's status in the notification.
    pub trade_status: &'static str,
    /// How often it was sent, or lost on purpose.
    pub attempts: u32,
    /// Whether it was answered exactly `success`.
    pub acknowledged: bool,
    /// Whether nothing more will be sent.
    pub over: bool,
    /// The start of the latest answer, or why there was none.
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
