//! The web server around the handlers: the limits of connections, and the shutdown.

mod connection;
mod door;
mod files;
mod flow;
mod metrics;
mod shares;
mod signals;

use std::{io, rc::Rc};

use actix_http::{HttpService, Protocol, error::DispatchError};
use actix_server::Server;
use actix_service::{IntoServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::{App, dev::AppConfig, middleware::from_fn, web::Data};
use connection::{Connection, HEAD_TIMEOUT, KEEP_ALIVE, LINGER};
use door::Door;
use shares::Shares;
use socket2::SockRef;
use tokio::net::TcpStream;

pub(crate) use files::open_files;
pub(crate) use metrics::{Metrics, metrics_server};
pub(crate) use signals::{StopSignals, ignore_others};

use crate::{
    configuration::HttpConfiguration,
    http::{Observer, Shop, cors, named, routes},
};

/// How long requests may continue after the program was told to stop.
const SHUTDOWN_SECONDS: u64 = 30;
/// The most connections, regardless of how many files may be open.
const MOST_CONNECTIONS: usize = 10_000;
/// The least connections, even if the program may open hardly any files.
const LEAST_CONNECTIONS: usize = 16;

/// The server. It is already bound to its address and answers from now on.
///
/// # Errors
/// The system refuses the address.
pub(crate) fn server(
    http: &HttpConfiguration,
    files: usize,
    has_access_log: bool,
    shop: Data<Shop>,
    stop: StopSignals,
) -> io::Result<Server> {
    let connections =
        http.connections.unwrap_or_else(|| (files / 2).clamp(LEAST_CONNECTIONS, MOST_CONNECTIONS));
    let shares = Shares::new(share(http, connections));
    let builder = Server::build();
    let stopping = builder.graceful_shutdown_signal();
    let (origins, listen) = (http.cors_origins.clone(), http.listen);
    let (door, listener) = Door::open(listen)?;
    let stop = signals::told_to_stop(stop, shop.clone(), http.drain, door);
    builder
        .workers(http.workers)
        .max_concurrent_connections(connections.div_ceil(http.workers))
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .shutdown_signal(stop)
        .listen("dashop", listener, move || {
            let app = App::new()
                .app_data(shop.clone())
                .app_data(Rc::new(Observer::new(has_access_log)))
                .wrap(cors(&origins))
                .wrap(from_fn(named))
                .wrap(from_fn(flow::one_at_a_time));
            let app = app.configure(routes).into_factory().map_err(|error| error.error_response());
            let (stopping, shares) = (stopping.clone(), shares.clone());
            let service = HttpService::build()
                .graceful_shutdown_signal(move || {
                    let stopping = stopping.clone();
                    async move { stopping.notified().await }
                })
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

/// How many connections one address may have. Behind a proxy, all connections come from its address.
fn share(http: &HttpConfiguration, connections: usize) -> usize {
    let default = if http.trusted_proxy { connections } else { connections.div_ceil(4) };
    http.connections_per_address.unwrap_or(default)
}

/// How many bytes of an unsent answer the system may hold. By default it holds some megabytes.
const UNSENT: u32 = 64 * 1024;

type Accepted = (Connection, Protocol, Option<std::net::SocketAddr>);

/// Accepts the connection, unless its address has too many.
fn accept(stream: TcpStream, shares: &Shares) -> Result<Accepted, DispatchError> {
    let peer = stream.peer_addr().map_err(DispatchError::Io)?;
    let Some(share) = shares.take(peer.ip()) else {
        return Err(DispatchError::Io(io::ErrorKind::ConnectionRefused.into()));
    };
    // Small answers are sent without waiting for the client's acknowledgement of the answer before.
    stream.set_nodelay(true).map_err(DispatchError::Io)?;
    SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT).map_err(DispatchError::Io)?;
    Ok((Connection::new(stream, share), Protocol::Http1, Some(peer)))
}
