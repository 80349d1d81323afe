use std::{io, net::SocketAddr, rc::Rc};

use actix_http::HttpService;
use actix_server::Server;
use actix_service::{IntoServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::{
    App, HttpResponse,
    dev::AppConfig,
    http::header,
    middleware::from_fn,
    web::{self, Data},
};
use tokio::net::TcpStream;

use super::{
    accept,
    connection::{Connection, HEAD_TIMEOUT, KEEP_ALIVE, LINGER},
    flow,
    shares::Shares,
};
use crate::metrics::{Exporter, Gauges};

/// Metrics need few connections. Further ones wait.
const CONNECTIONS: usize = 16;
/// How long a running scrape may take when the program stops.
const SHUTDOWN_SECONDS: u64 = 2;
/// Prometheus' text format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The data that a scrape needs.
pub(crate) struct Metrics {
    pub(crate) exporter: Exporter,
    pub(crate) gauges: Gauges,
}

/// A listener for metrics with its own thread: it is independent of the shop's load, and answers even when the shop has its
/// maximum of connections. It is stopped by its handle, not by signals.
///
/// # Errors
/// The system refuses the address.
pub(crate) fn metrics_server(listen: SocketAddr, metrics: Data<Metrics>) -> io::Result<Server> {
    let shares = Shares::new(CONNECTIONS);
    Server::build()
        .workers(1)
        .max_concurrent_connections(CONNECTIONS)
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .disable_signals()
        .bind("metrics", listen, move || {
            let app = App::new()
                .app_data(metrics.clone())
                .route("/metrics", web::get().to(scrape))
                .wrap(from_fn(flow::one_at_a_time));
            let app = app.into_factory().map_err(|error| error.error_response());
            let shares = shares.clone();
            let service = HttpService::build()
                .keep_alive(KEEP_ALIVE)
                .client_request_timeout(HEAD_TIMEOUT)
                .client_disconnect_timeout(LINGER)
                .local_addr(listen)
                .on_connect_ext(|connection: &Connection, data| {
                    data.insert(Rc::clone(connection.flow()));
                })
                .finish(map_config(app, |()| AppConfig::default()));
            fn_service(move |stream: TcpStream| std::future::ready(accept(stream, &shares))).and_then(service)
        })
        .map(actix_server::ServerBuilder::run)
}

async fn scrape(metrics: Data<Metrics>) -> HttpResponse {
    metrics.gauges.refresh().await;
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, TEXT)).body(metrics.exporter.text())
}
