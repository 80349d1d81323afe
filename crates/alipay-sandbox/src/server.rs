//! The sandbox's HTTP server.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use actix_web::{
    App as WebApp, HttpRequest, HttpResponse, HttpServer,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header,
    middleware::{DefaultHeaders, Next, from_fn},
    web,
};
use alipay_protocol::MAX_FORM_BYTES;
use url::Url;

use crate::{
    app::App,
    bill::{self, Day},
    cashier::{self, Outcome},
    control, fault_injection, gateway, overview,
    respond::{html, respond},
};

const WORKERS: usize = 2;
/// The cookie with the account with which a browser has signed in at the sandbox.
const ACCOUNT_COOKIE: &str = "sandbox_account";
const MAX_ACCOUNT: usize = 64;
const MAX_CONNECTIONS: usize = 1024;
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
const SHUTDOWN_SECONDS: u64 = 1;

pub(crate) fn serve(
    app: Arc<App>,
    listener: TcpListener,
    addr: SocketAddr,
) -> io::Result<actix_web::dev::Server> {
    let app = web::Data::from(app);
    let server = HttpServer::new(move || {
        WebApp::new()
            .app_data(app.clone())
            .app_data(web::Data::new(addr))
            .app_data(web::PayloadConfig::new(MAX_FORM_BYTES))
            .app_data(web::FormConfig::default().limit(4096))
            .wrap(from_fn(kept_first))
            .wrap(safe_headers())
            .service(
                web::resource("/gateway.do")
                    .route(web::get().to(gateway_do))
                    .route(web::post().to(gateway_do)),
            )
            .route("/cashier/pay", web::post().to(cashier_pay))
            .route("/cashier/cancel", web::post().to(cashier_cancel))
            .route("/bill/{token}", web::get().to(download_bill))
            .service(
                web::resource("/")
                    .wrap(from_fn(control::guard::turn_strangers_away))
                    .route(web::get().to(show_overview)),
            )
            .configure(control::routes)
    })
    .workers(WORKERS)
    .max_connections(MAX_CONNECTIONS)
    .client_request_timeout(REQUEST_TIMEOUT)
    .shutdown_timeout(SHUTDOWN_SECONDS)
    .disable_signals()
    .listen(listener)?;
    Ok(server.run())
}

/// Forbids scripts, frames and caching for these pages. `form-action` is not set, because it would also forbid the
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

/// Waits until the state file has all changes, so that a restart cannot undo an answered change.
async fn kept_first(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let app = request.app_data::<web::Data<App>>().cloned();
    let response = next.call(request).await?;
    match app {
        Some(app) if !app.saves.kept().await => {
            let refusal = HttpResponse::InternalServerError().finish();
            Ok(response.into_response(refusal).map_into_right_body())
        }
        Some(_) | None => Ok(response.map_into_left_body()),
    }
}

async fn gateway_do(
    app: web::Data<App>,
    addr: web::Data<SocketAddr>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let mut call = match gateway::read(&app, request.query_string().as_bytes(), &body) {
        Ok(call) => call,
        Err(refusal) => return respond(gateway::refuse(&app, &refusal)),
    };
    if let Some(account) = account(&request) {
        call.account = account;
    }
    let host = host(&request, &addr);
    match app.faults.next(call.method) {
        None => respond(gateway::perform(&app, &call, &host)),
        Some(fault) => fault_injection::answer(app.into_inner(), call, host, fault).await,
    }
}

/// The account with which a browser has signed in, by its cookie. Without one the sandbox's one buyer is used.
fn account(request: &HttpRequest) -> Option<String> {
    let cookies = request.headers().get_all(header::COOKIE).filter_map(|value| value.to_str().ok());
    let mut pairs =
        cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| *name == ACCOUNT_COOKIE)?;
    let is_plain = value.bytes().all(|byte| byte.is_ascii_graphic());
    (is_plain && (1..=MAX_ACCOUNT).contains(&value.len())).then(|| value.to_owned())
}

/// The sandbox's address as the caller used it, for links that the caller can follow.
fn host(request: &HttpRequest, addr: &SocketAddr) -> String {
    let named = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let is_host = |host: &&str| Url::parse(&format!("http://{host}/")).is_ok_and(|url| url.path() == "/");
    named.filter(is_host).map_or_else(|| addr.to_string(), str::to_owned)
}

/// The form of the cashier's buttons.
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

async fn download_bill(app: web::Data<App>, token: web::Path<String>) -> HttpResponse {
    let now = app.now();
    let Some(date) = app.bill_links.date(&token, now) else { return HttpResponse::NotFound().finish() };
    let day = Day::of(app.ledger().all(now), date);
    match bill::zip(&day, now, &app.config) {
        Ok(bytes) => HttpResponse::Ok().content_type("application/zip").body(bytes),
        Err(error) => {
            tracing::error!(%error, %date, "the bill cannot be made");
            HttpResponse::InternalServerError().finish()
        }
    }
}

async fn show_overview(app: web::Data<App>) -> HttpResponse {
    html(overview::page(&app))
}
