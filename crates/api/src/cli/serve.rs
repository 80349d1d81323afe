use std::{error::Error, net::SocketAddr, sync::Arc, time::Duration};

use actix_server::ServerHandle;
use actix_web::web::Data;
use adapters::{
    sql::demo,
    system::{SystemClock, SystemRandomness},
};
use domain::Username;
use ports::Clock;
use tokio::signal::unix::{SignalKind, signal};

use super::{CommandError, output::say_line, user_token};
use crate::{
    Services, StartError,
    configuration::Configuration,
    doctor,
    http::Shop,
    logging::LogLevel,
    metrics::Exporter,
    reload::{Reload, Settings},
    server::{Metrics, StopSignals, ignore_others, metrics_server, open_files, server},
    systemd, traces,
    wiring::open_store,
};

/// How long background jobs may take, after the last request, to finish the work that they have begun.
const JOBS_END_WITHIN: Duration = Duration::from_secs(10);
/// The name in timelines of the staff member who uses the link to the shop side.
const DEMO_STAFF: &str = "店长";

async fn start(configuration: &Configuration) -> Result<Services, StartError> {
    let store = open_store(configuration).await?;
    doctor::report_at_start(configuration, &*store).await;
    Services::start(configuration, store).await
}

pub(super) async fn serve(
    configuration: &Configuration,
    settings: Settings,
    log: LogLevel,
) -> Result<(), CommandError> {
    ignore_others()?;
    let hangups = signal(SignalKind::hangup())?;
    let mut stop = StopSignals::new()?;
    let files = open_files();
    // First, so that no code gets a counter handle before the recorder is installed.
    let exporter =
        configuration.metrics_listen.map(|_| Exporter::install()).transpose().map_err(StartError::from)?;
    let started = tokio::select! {
        started = start(configuration) => started?,
        () = stop.any() => {
            tracing::info!("told to stop before anything was served");
            return Ok(());
        }
    };
    let Services { shop, sandbox, mut writers, jobs, gauges, webhooks } = started;
    let watched = match configuration.metrics_listen.zip(exporter) {
        Some((listen, exporter)) => Some(watched(listen, Metrics { exporter, gauges })?),
        None => None,
    };
    let shop = Data::new(shop);
    let http = &configuration.http;
    let server = server(http, files, configuration.log.has_access, shop.clone(), stop).map_err(|cause| {
        StartError::Listen { variable: "DASHOP_LISTEN", address: http.listen.to_string(), cause }
    })?;
    let secrets = Arc::clone(&shop.secrets);
    let reload = Reload { settings, started: configuration.clone(), secrets, webhooks, log };
    let reloads = tokio::spawn(reload.serve(hangups));
    tokio::spawn(systemd::alive());
    tracing::info!(listen = %http.listen, "serving");
    systemd::ready();
    if configuration.seed_demo {
        let gateway = sandbox.as_ref().map(|sandbox| sandbox.gateway_url());
        if let Err(error) = greet(configuration, &shop, gateway).await {
            tracing::warn!(error = &error as &dyn Error, "the demo shop's greeting cannot be printed");
        }
    }
    server.await?;
    tracing::info!("stopping: no more requests");
    reloads.abort();
    jobs.stop(JOBS_END_WITHIN).await;
    // After the last handle on the shop is dropped, the batcher closes, and its writers place the waiting orders.
    drop(shop);
    while writers.join_next().await.is_some() {}
    if let Some(sandbox) = sandbox {
        sandbox.stop().await;
    }
    // Last, so that the shutdown can be observed.
    if let Some(watched) = watched {
        watched.stop(true).await;
    }
    tracing::info!("stopped");
    traces::flush();
    Ok(())
}

/// Serves metrics until its handle is stopped.
fn watched(listen: SocketAddr, metrics: Metrics) -> Result<ServerHandle, StartError> {
    let server = metrics_server(listen, Data::new(metrics)).map_err(|cause| StartError::Listen {
        variable: "DASHOP_METRICS_LISTEN",
        address: listen.to_string(),
        cause,
    })?;
    let handle = server.handle();
    tokio::spawn(server);
    tracing::info!(%listen, "serving metrics");
    Ok(handle)
}

/// Prints links, a token and examples for a new user of the demo shop.
async fn greet(
    configuration: &Configuration,
    shop: &Shop,
    gateway: Option<String>,
) -> Result<(), CommandError> {
    let url = &configuration.http.public_url;
    let Some(buyer) = demo::BUYERS.first() else { return Ok(()) };
    let user = buyer.username;
    let week = 7 * 24 * 3600;
    let expires = SystemClock.now().unix_seconds() + week;
    let token = match user_token(configuration, Username(user.to_owned()), expires).await {
        Ok(token) => Some(token),
        // A real shop has removed the demo users.
        Err(CommandError::NoSuchUser(_)) => None,
        Err(error) => return Err(error),
    };
    say_line(format!("\ndashop 达达商城  {url}"))?;
    if shop.secrets.in_force().staff.is_some() {
        let code = shop.admin.login_code.issue(DEMO_STAFF, &SystemRandomness, SystemClock.now());
        say_line(format!("Shop side        {url}/admin.html#code={code}  (works once, within an hour)"))?;
    }
    if let Some(gateway) = gateway {
        say_line(format!("Alipay sandbox   {gateway}"))?;
    }
    let Some(token) = token else { return Ok(()) };
    let said = format!(
        "\nA token of the demo user {user}, valid for a week:\n\n  TOKEN={token}\n\n\
         Try, in another terminal:\n\n  \
         curl -H \"authorization: $TOKEN\" '{url}/v1/orders/processing/?status=0&settlement_type=0'\n  \
         curl -H \"authorization: $TOKEN\" '{url}/v1/orders/processing/' -d '{{\"status\":0,\"address_id\":1,\"settlement_type\":0}}'\n  \
         curl -H \"authorization: $TOKEN\" '{url}/v1/orders/processing/?status=1&order_status=0'\n\n\
         The second one answers a pay_url: open it in a browser to pay at the sandbox.\n"
    );
    say_line(said).map(drop)
}
