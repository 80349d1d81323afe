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
/// All functions except [`Sandbox::stop`] and [`Sandbox::notifications_until`] return at once, and can be called from
/// any thread. If there is a state file, a change is in the file before it is confirmed over HTTP or notified; a change
/// by one of these functions is in the file soon after. If two trades share an `out_trade_no`, it means the oldest that
/// is not closed.
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
    /// The trades of the previous run cannot be read.
    #[error(transparent)]
    StateFile(#[from] StateFileError),
    /// The HTTP client for notifications cannot be created.
    #[error("the sandbox cannot send notifications")]
    Client(#[source] reqwest::Error),
}

impl Sandbox {
    /// Serves on the socket; all times in messages are those of `clock`. Must be called in a tokio runtime. Waiting
    /// times, such as between two attempts of a notification, use that runtime's time.
    ///
    /// # Errors
    /// The socket or the state file cannot be used, or the HTTP client cannot be created.
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

    /// The address on which it listens.
    pub fn addr(&self) -> std::net::SocketAddr {
        self.addr
    }

    /// The URL to configure as Alipay's gateway.
    pub fn gateway_url(&self) -> String {
        format!("http://{}/gateway.do", self.addr)
    }

    /// The calls of the gateway.
    pub fn requests(&self) -> &RequestLog {
        &self.app.log
    }

    /// Makes a future call of the method fail. Faults queue: each one is for one call, in the order in which they were
    /// added.
    ///
    /// # Errors
    /// Too many faults wait already.
    pub fn add_fault(&self, method: Method, fault: Fault) -> Result<(), TooManyFaults> {
        self.app.faults.add(method, fault)
    }

    /// Removes the faults that wait for their calls.
    pub fn clear_faults(&self) {
        self.app.faults.clear();
    }

    /// Brings a buyer to the cashier, as a browser that opens `pay_url` does. Returns a new trade, or the waiting one
    /// with the same terms.
    ///
    /// # Errors
    /// The error that the cashier page would show, such as `ACQ.TRADE_HAS_SUCCESS`.
    pub fn arrive(&self, pay_url: &str) -> Result<TradeRecord, Refused> {
        self.arrive_as(pay_url, BUYER_LOGON_ID)
    }

    /// Brings a buyer to the cashier who has signed in with this account.
    ///
    /// # Errors
    /// As [`Sandbox::arrive`], and `ACQ.TRADE_BUYER_NOT_MATCH` if another account opened the trade.
    pub fn arrive_as(&self, pay_url: &str, account: &str) -> Result<TradeRecord, Refused> {
        Ok(operations::arrive(&self.app, pay_url, account)?)
    }

    /// The buyer who has arrived pays, and the sandbox notifies the shop.
    ///
    /// # Errors
    /// There is no such trade, or it does not wait for payment: `ACQ.TRADE_HAS_SUCCESS`, `ACQ.TRADE_HAS_CLOSE`.
    pub fn pay(&self, out_trade_no: &str) -> Result<TradeRecord, Refused> {
        Ok(operations::pay(&self.app, &TradeRef::OutTradeNo(out_trade_no.to_owned()))?)
    }

    /// The buyer pays the same order in a second trade with its own `trade_no`, as if one order is open in two
    /// cashiers, and the sandbox notifies the shop. The state of the first trade does not matter.
    ///
    /// # Errors
    /// There is no first trade.
    pub fn pay_again(&self, out_trade_no: &str) -> Result<TradeRecord, Refused> {
        Ok(operations::pay_again(&self.app, out_trade_no)?)
    }

    /// Refunds money in Alipay's console, without a request of the shop. Returns Alipay's number of the refund, which
    /// the notification has as `out_biz_no`.
    ///
    /// # Errors
    /// The same as for a refund that the shop requests.
    pub fn refund_at_console(&self, out_trade_no: &str, amount: Money) -> Result<String, Refused> {
        Ok(operations::refund_at_console(&self.app, out_trade_no, amount)?)
    }

    /// Ends the period in which a paid trade can be refunded, months early, and notifies `TRADE_FINISHED`.
    ///
    /// # Errors
    /// There is no such trade, or it is not paid.
    pub fn finish_trade(&self, out_trade_no: &str) -> Result<TradeRecord, Refused> {
        Ok(operations::finish(&self.app, out_trade_no)?)
    }

    /// The signed URL by which the buyer's browser returns to the shop; `None` if the shop gave no `return_url`.
    ///
    /// # Errors
    /// There is no such trade.
    pub fn way_back(&self, out_trade_no: &str) -> Result<Option<String>, Refused> {
        let reference = TradeRef::OutTradeNo(out_trade_no.to_owned());
        let trade = self.app.ledger().find(&reference, self.app.now())?.clone();
        Ok(cashier::signed_return_url(&self.app, &trade))
    }

    /// Signs with a new key of Alipay from now on, or, without a new key, with the same key and a new certificate.
    /// Returns the new certificate's serial number; `None` in key mode.
    ///
    /// # Errors
    /// The certificate cannot be created, or there are too many already.
    pub fn change_key(&self, new_key: Option<PrivateKey>) -> Result<Option<CertSn>, Refused> {
        Ok(self.app.signing.change(new_key, self.app.now())?)
    }

    /// All trades in their current state, oldest first.
    pub fn trades(&self) -> Vec<TradeRecord> {
        operations::trades(&self.app)
    }

    /// The trades of one `out_trade_no` in their current state, oldest first.
    pub fn trades_of(&self, out_trade_no: &str) -> Vec<TradeRecord> {
        operations::trades_of(&self.app, out_trade_no)
    }

    /// Sets how further notifications are sent. Notifications that were started before keep their behaviour.
    pub fn set_notifications(&self, behaviour: NotificationBehaviour) {
        self.app.notifier.behave(behaviour);
    }

    /// Takes the notifications that [`NotificationBehaviour::hold`] kept, oldest first, at most 10,000. It signs each
    /// of them now (0.3 ms).
    pub fn take_held(&self) -> Vec<HeldNotification> {
        self.app.notifier.take_held()
    }

    /// The deliveries of the notifications so far, oldest first, without held notifications.
    pub fn notifications(&self) -> Vec<NotificationRecord> {
        self.app.notifier.records().all()
    }

    /// Waits until the deliveries of the notifications satisfy a condition. It has no time limit.
    pub async fn notifications_until(
        &self,
        condition: impl FnMut(&[NotificationRecord]) -> bool,
    ) -> Vec<NotificationRecord> {
        self.app.notifier.records().until(condition).await
    }

    /// Stops the server and the notifications, and writes the state file once more.
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
