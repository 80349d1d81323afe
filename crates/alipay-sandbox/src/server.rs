use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use actix_web::{
    App as WebApp, HttpRequest, HttpResponse, HttpServer,
    dev::ServerHandle,
    http::header::{self, ContentType},
    middleware::DefaultHeaders,
    web,
};
use alipay_protocol::MAX_FORM_BYTES;
use ports::Clock;
use tokio::task::JoinHandle;

use crate::{
    NotificationBehaviour, NotificationRecord, RequestLog, SandboxConfig, StateFileError,
    app::App,
    cashier::{self, Outcome},
    failure::Failure,
    gateway::{self, Reply},
    ledger::TradeRef,
    notify::Notifier,
    state_file,
};

const WORKERS: usize = 2;
const MAX_CONNECTIONS: usize = 1024;
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
const SHUTDOWN_SECONDS: u64 = 1;

/// A running sandbox. It runs until [`Sandbox::stop`], or until its tokio runtime ends.
pub struct Sandbox {
    app: Arc<App>,
    addr: SocketAddr,
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

/// The trade cannot come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no paid trade of that number")]
pub struct NoPaidTrade;

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
        let key = config.alipay_private_key.clone();
        let notifier = Notifier::new(key, Arc::clone(&clock), config.notifications.clone())
            .map_err(StartError::Client)?;
        let app = Arc::new(App::new(config, trades, notifier, clock));
        let server = serve(Arc::clone(&app), listener).map_err(StartError::Listen)?;
        Ok(Self {
            addr,
            server: server.handle(),
            serving: tokio::spawn(server),
            saving: tokio::spawn(Arc::clone(&app).keep_saving()),
            app,
        })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The address to configure as Alipay's gateway.
    pub fn gateway_url(&self) -> String {
        format!("http://{}/gateway.do", self.addr)
    }

    /// How often each method was called.
    pub fn requests(&self) -> &RequestLog {
        &self.app.log
    }

    /// From now on notifications are sent so; those that are under way go on as they began.
    pub fn set_notifications(&self, behaviour: NotificationBehaviour) {
        self.app.notifier.behave(behaviour);
    }

    /// What became of the notifications so far, oldest first.
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

    /// Ends the time in which a paid trade can be refunded, months early, and notifies `TRADE_FINISHED`.
    ///
    /// # Errors
    /// There is no such trade, or it is not paid.
    pub fn finish_trade(&self, out_trade_no: &str) -> Result<(), NoPaidTrade> {
        let mut ledger = self.app.ledger();
        let reference = TradeRef::OutTradeNo(out_trade_no.to_owned());
        let trade = ledger.find(&reference, self.app.now()).map_err(|_| NoPaidTrade)?;
        trade.finish().map_err(|_: Failure| NoPaidTrade)?;
        self.app.changed();
        self.app.announce(trade, None);
        Ok(())
    }

    /// Ends serving and notifying, and writes the state file once more.
    pub async fn stop(self) {
        self.server.stop(true).await;
        self.app.notifier.stop().await;
        self.app.stop_saving();
        for (task, ended) in [("serving", self.serving.await.map(|_| ())), ("saving", self.saving.await)] {
            if let Err(error) = ended {
                tracing::error!(%error, task, "a task of the sandbox ended badly");
            }
        }
    }
}

fn serve(app: Arc<App>, listener: TcpListener) -> io::Result<actix_web::dev::Server> {
    let app = web::Data::from(app);
    let server = HttpServer::new(move || {
        WebApp::new()
            .app_data(app.clone())
            .app_data(web::PayloadConfig::new(MAX_FORM_BYTES))
            .app_data(web::FormConfig::default().limit(4096))
            .wrap(safe_headers())
            .service(
                web::resource("/gateway.do")
                    .route(web::get().to(gateway_do))
                    .route(web::post().to(gateway_do)),
            )
            .route("/cashier/pay", web::post().to(cashier_pay))
            .route("/cashier/cancel", web::post().to(cashier_cancel))
    })
    .workers(WORKERS)
    .max_connections(MAX_CONNECTIONS)
    .client_request_timeout(REQUEST_TIMEOUT)
    .shutdown_timeout(SHUTDOWN_SECONDS)
    .disable_signals()
    .listen(listener)?;
    Ok(server.run())
}

/// No script runs on these pages, and nobody frames or keeps them. `form-action` is left open: it would also forbid the
/// redirect back to the shop.
fn safe_headers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add((
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
        ))
        .add((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .add((header::REFERRER_POLICY, "no-referrer"))
        .add((header::CACHE_CONTROL, "no-store"))
}

async fn gateway_do(app: web::Data<App>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    match gateway::answer(&app, request.query_string().as_bytes(), &body) {
        Reply::Json(json) => HttpResponse::Ok().content_type(ContentType::json()).body(json),
        Reply::Html(page) => html(page),
    }
}

/// What the cashier's buttons post.
#[derive(serde::Deserialize)]
struct Button {
    trade_no: String,
}

async fn cashier_pay(app: web::Data<App>, button: web::Form<Button>) -> HttpResponse {
    lead(cashier::pay(&app, &button.trade_no))
}

async fn cashier_cancel(app: web::Data<App>, button: web::Form<Button>) -> HttpResponse {
    lead(cashier::cancel(&app, &button.trade_no))
}

fn lead(outcome: Outcome) -> HttpResponse {
    match outcome {
        Outcome::Redirect(url) => HttpResponse::SeeOther().insert_header((header::LOCATION, url)).finish(),
        Outcome::Page(page) => html(page),
    }
}

fn html(page: String) -> HttpResponse {
    HttpResponse::Ok().content_type(ContentType::html()).body(page)
}
