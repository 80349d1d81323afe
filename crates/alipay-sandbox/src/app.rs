use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use domain::ShopTime;
use ports::Clock;
use tokio::sync::Notify;

use crate::{
    RequestLog, SandboxConfig,
    bill::Links,
    faults::Faults,
    ledger::Ledger,
    notify::{self, Notification, Notifier},
    numbers::Numbers,
    state_file,
    trade::{Refund, Trade},
};

/// What all requests share.
pub(crate) struct App {
    pub(crate) config: SandboxConfig,
    pub(crate) numbers: Numbers,
    pub(crate) log: RequestLog,
    pub(crate) notifier: Notifier,
    pub(crate) faults: Faults,
    pub(crate) bill_links: Links,
    clock: Arc<dyn Clock>,
    ledger: Mutex<Ledger>,
    unsaved: Notify,
    stopping: AtomicBool,
}

impl App {
    pub(crate) fn new(
        config: SandboxConfig,
        trades: Vec<Trade>,
        notifier: Notifier,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            numbers: Numbers::starting_at(clock.now()),
            ledger: Mutex::new(Ledger::new(trades, config.max_trades)),
            log: RequestLog::default(),
            faults: Faults::default(),
            bill_links: Links::default(),
            unsaved: Notify::new(),
            stopping: AtomicBool::new(false),
            config,
            notifier,
            clock,
        }
    }

    pub(crate) fn now(&self) -> ShopTime {
        self.clock.now()
    }

    /// The trades, for a moment: nothing waits while it holds them.
    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells that a trade changed, so that the state file is written soon.
    pub(crate) fn changed(&self) {
        self.unsaved.notify_one();
    }

    /// Notifies the merchant of the trade as it stands now, where it gave a `notify_url`.
    pub(crate) fn announce(&self, trade: &Trade, refund: Option<&Refund>) {
        let Some(notify_url) = trade.notify_url.clone() else { return };
        let notify_id = self.numbers.notify_id(self.now());
        self.notifier.announce(Notification {
            params: notify::parameters(trade, refund, &notify_id, &self.config),
            notify_url,
            notify_id,
            out_trade_no: trade.terms.out_trade_no.clone(),
            trade_status: trade.status.word(),
        });
    }

    /// Writes the state file after changes, several of them at once where they come fast, until the sandbox stops.
    pub(crate) async fn keep_saving(self: Arc<Self>) {
        loop {
            self.unsaved.notified().await;
            let stopping = self.stopping.load(Ordering::SeqCst);
            self.save().await;
            if stopping {
                return;
            }
        }
    }

    /// Makes [`App::keep_saving`] write once more and end.
    pub(crate) fn stop_saving(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.unsaved.notify_one();
    }

    async fn save(&self) {
        let Some(path) = self.config.state_file.clone() else { return };
        let trades = self.ledger().trades();
        match tokio::task::spawn_blocking(move || state_file::save(&path, trades)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::error!(error = &error as &dyn std::error::Error, "trades are not kept");
            }
            Err(error) => tracing::error!(%error, "trades are not kept"),
        }
    }
}
