use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::ShopTime;
use ports::Clock;

use crate::{
    RequestLog, SandboxConfig,
    bill::Links,
    faults::Faults,
    ledger::Ledger,
    notify::{self, Notification, Notifier},
    numbers::Numbers,
    saves::Saves,
    signing::Signing,
    state_file,
    trade::{Refund, Trade},
};

/// The shared state of all requests.
pub(crate) struct App {
    pub(crate) config: SandboxConfig,
    pub(crate) numbers: Numbers,
    pub(crate) log: RequestLog,
    pub(crate) signing: Arc<Signing>,
    pub(crate) notifier: Notifier,
    pub(crate) faults: Faults,
    pub(crate) bill_links: Links,
    pub(crate) saves: Arc<Saves>,
    clock: Arc<dyn Clock>,
    ledger: Mutex<Ledger>,
}

impl App {
    pub(crate) fn new(
        config: SandboxConfig,
        trades: Vec<Trade>,
        signing: Arc<Signing>,
        notifier: Notifier,
        saves: Arc<Saves>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            numbers: Numbers::starting_at(clock.now()),
            ledger: Mutex::new(Ledger::new(trades, config.max_trades)),
            log: RequestLog::default(),
            faults: Faults::default(),
            bill_links: Links::default(),
            config,
            signing,
            notifier,
            saves,
            clock,
        }
    }

    pub(crate) fn now(&self) -> ShopTime {
        self.clock.now()
    }

    /// Locks the trades. A caller holds the lock only briefly, and never across an await.
    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reports that a trade changed, so that the state file is written before the change is confirmed to anybody.
    pub(crate) fn changed(&self) {
        self.saves.changed();
    }

    /// Notifies the merchant of the current state of the trade, if the merchant gave a `notify_url`.
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

    /// Writes the state file whenever the trades have changed, until the sandbox stops.
    pub(crate) async fn keep_saving(self: Arc<Self>) {
        loop {
            let due = self.saves.due().await;
            let is_written = self.save().await;
            self.saves.note(&due, is_written);
            if due.is_last {
                return;
            }
        }
    }

    async fn save(&self) -> bool {
        let Some(path) = self.config.state_file.clone() else { return true };
        let trades = self.ledger().trades();
        match tokio::task::spawn_blocking(move || state_file::save(&path, trades)).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::error!(error = &error as &dyn std::error::Error, "trades are not kept");
                false
            }
            Err(error) => {
                tracing::error!(%error, "trades are not kept");
                false
            }
        }
    }
}
