use std::{io, net::TcpListener, sync::Arc};

use actix_web::dev::ServerHandle;
use alipay_protocol::{CertSn, Method, PrivateKey};
use domain::Money;
use ports::Clock;
use tokio::task::JoinHandle;

use crate::{
    Fault, HeldNotification, NotificationBehaviour, NotificationRecord, Refused, RequestLog, SandboxConfig,
    StateFileError, TooManyFaults, TradeRecord, app::App, buyer::BUYER_LOGON_ID, cashier, ledger::TradeRef,
    notify::Notifier, operations, saves::Saves, server, signing::Signing, state_file,
};

/// A running sandbox. It runs until [`Sandbox::stop`], or until its tokio runtime ends.
///
/// Everything but [`Sandbox::stop`] and [`Sandbox::notifications_until`] answers at once, and can be called from any
/// thread. With a state file, what is confirmed over HTTP is in the file before that; what these calls change is there
/// soon after, and before it is notified. Where two trades share an `out_trade_no`, it stands for the oldest that is not closed.
pub struct Sandbox {
    app: Arc<App>,
    addr: std::net::SocketAddr,
    server: ServerHandle,
    serving: JoinHandle<io::Result<()>>,
    saving: JoinHandle<()>,
}

/// Why a sandbox cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The socket cannot be used.
    #[error("the sandbox cannot listen")]
    Listen(#[source] io::Error),
    /// The trades of the last run cannot be read.
    #[error(transparent)]
    StateFile(#[from] StateFileError),
    /// The client for notifications cannot be made.
    #[error("the sandbox cannot send notifications")]
    Client(#[source] reqwest::Error),
}

impl Sandbox {
    /// Serves on the socket, with the time of `clock` in all it says. Must be called in a tokio runtime; waiting, such as
    /// between two attempts of a notification, goes by that runtime's own time.
    ///
    /// # Errors
    /// The socket or the state file cannot be used.
    pub fn start(
        config: SandboxConfig,
        listener: TcpListener,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let addr = listener.local_addr().map_err(StartError::Listen)?;
        let trades = match &config.state_file {
            Some(path) => state_file::load(path)?,
            None => Vec::new(),
        };
        let signing = Arc::new(Signing::new(&config));
        let saves = Arc::new(Saves::new(config.state_file.is_some()));
        let notifier = Notifier::new(
            Arc::clone(&signing),
            Arc::clone(&clock),
            config.notifications.clone(),
            Arc::clone(&saves),
        )
        .map_err(StartError::Client)?;
        let app = Arc::new(App::new(config, trades, signing, notifier, saves, clock));
        let server = server::serve(Arc::clone(&app), listener, addr).map_err(StartError::Listen)?;
        Ok(Self {
            addr,
            server: server.handle(),
            serving: tokio::spawn(server),
            saving: tokio::spawn(Arc::clone(&app).keep_saving()),
            app,
        })
    }

    /// Where it listens.
    pub fn addr(&self) -> std::net::SocketAddr {
        self.addr
    }

    /// The address to configure as Alipay's gateway.
    pub fn gateway_url(&self) -> String {
        format!("http://{}/gateway.do", self.addr)
    }

    /// The calls of the gateway.
    pub fn requests(&self) -> &RequestLog {
        &self.app.log
    }

    /// Makes a coming call of the method go wrong. Faults queue: each is for one call, in the order in which they were
    /// added.
    ///
    /// # Errors
    /// Too many wait already.
    pub fn add_fault(&self, method: Method, fault: Fault) -> Result<(), TooManyFaults> {
        self.app.faults.add(method, fault)
    }

    /// Forgets the faults that wait for their calls.
    pub fn clear_faults(&self) {
        self.app.faults.clear();
    }

    /// Brings a buyer to the cashier, as a browser that opens `pay_url` does: a new trade, or the one that waits under
    /// the same terms.
    ///
    /// # Errors
    /// What the cashier page would say, such as `ACQ.TRADE_HAS_SUCCESS`.
    pub fn arrive(&self, pay_url: &str) -> Result<TradeRecord, Refused> {
        self.arrive_as(pay_url, BUYER_LOGON_ID)
    }

    /// Brings a buyer to the cashier who has signed in by this account.
    ///
    /// # Errors
    /// As [`Sandbox::arrive`], and `ACQ.TRADE_BUYER_NOT_MATCH` if another account opened the trade.
    pub fn arrive_as(&self, pay_url: &str, account: &str) -> Result<TradeRecord, Refused> {
        Ok(operations::arrive(&self.app, pay_url, account)?)
    }

    /// The buyer who has arrived pays, and the shop is notified.
    ///
    /// # Errors
    /// There is no such trade, or it does not wait for payment: `ACQ.TRADE_HAS_SUCCESS`, `ACQ.TRADE_HAS_CLOSE`.
    pub fn pay(&self, out_trade_no: &str) -> Result<TradeRecord, Refused> {
        Ok(operations::pay(&self.app, &TradeRef::OutTradeNo(out_trade_no.to_owned()))?)
    }

    /// The buyer pays the same order in a second trade, with a `trade_no` of its own, and the shop is notified: what
    /// happens when one order is open in two cashiers. It does not matter what became of the first trade.
    ///
    /// # Errors
    /// There is no first trade.
    pub fn pay_again(&self, out_trade_no: &str) -> Result<TradeRecord, Refused> {
        Ok(operations::pay_again(&self.app, out_trade_no)?)
    }

    /// Gives money back in Alipay's console: a refund that the shop did not ask for. Answers the number that Alipay gave
    /// it, which the notification has as `out_biz_no`.
    ///
    /// # Errors
    /// As for a refund that the shop asks for.
    pub fn refund_at_console(&self, out_trade_no: &str, amount: Money) -> Result<String, Refused> {
        Ok(operations::refund_at_console(&self.app, out_trade_no, amount)?)
    }

    /// Ends the time in which a paid trade can be refunded, months early, and notifies `TRADE_FINISHED`.
    ///
    /// # Errors
    /// There is no such trade, or it is not paid.
    pub fn finish_trade(&self, out_trade_no: &str) -> Result<TradeRecord, Refused> {
        Ok(operations::finish(&self.app, out_trade_no)?)
    }

    /// The URL at which the buyer's browser comes back to the shop, signed; `None` if the shop gave no `return_url`.
    ///
    /// # Errors
    /// There is no such trade.
    pub fn way_back(&self, out_trade_no: &str) -> Result<Option<String>, Refused> {
        let reference = TradeRef::OutTradeNo(out_trade_no.to_owned());
        let trade = self.app.ledger().find(&reference, self.app.now())?.clone();
        Ok(cashier::signed_return_url(&self.app, &trade))
    }

    /// Lets another key of Alipay's sign from now on, or the same one with a new certificate where there is none given.
    /// Answers the new certificate's serial number; none in key mode.
    ///
    /// # Errors
    /// The certificate cannot be made, or there are too many already.
    pub fn change_key(&self, new_key: Option<PrivateKey>) -> Result<Option<CertSn>, Refused> {
        Ok(self.app.signing.change(new_key, self.app.now())?)
    }

    /// All trades, oldest first, as they stand now.
    pub fn trades(&self) -> Vec<TradeRecord> {
        operations::trades(&self.app)
    }

    /// The trades of one `out_trade_no`, oldest first, as they stand now.
    pub fn trades_of(&self, out_trade_no: &str) -> Vec<TradeRecord> {
        operations::trades_of(&self.app, out_trade_no)
    }

    /// From now on notifications are sent so; those that are under way go on as they began.
    pub fn set_notifications(&self, behaviour: NotificationBehaviour) {
        self.app.notifier.behave(behaviour);
    }

    /// Hands out the notifications that [`NotificationBehaviour::hold`] kept, oldest first, at most 10,000. Signs each of
    /// them now (0.3 ms).
    pub fn take_held(&self) -> Vec<HeldNotification> {
        self.app.notifier.take_held()
    }

    /// What became of the notifications so far, oldest first; those that were held are not among them.
    pub fn notifications(&self) -> Vec<NotificationRecord> {
        self.app.notifier.records().all()
    }

    /// Waits until what became of the notifications satisfies a condition. It waits without a limit of its own.
    pub async fn notifications_until(
        &self,
        condition: impl FnMut(&[NotificationRecord]) -> bool,
    ) -> Vec<NotificationRecord> {
        self.app.notifier.records().until(condition).await
    }

    /// Ends serving and notifying, and writes the state file once more.
    pub async fn stop(self) {
        self.server.stop(true).await;
        self.app.notifier.stop().await;
        self.app.saves.stop();
        for (task, ended) in [("serving", self.serving.await.map(|_| ())), ("saving", self.saving.await)] {
            if let Err(error) = ended {
                tracing::error!(%error, task, "a task of the sandbox ended badly");
            }
        }
    }
}
