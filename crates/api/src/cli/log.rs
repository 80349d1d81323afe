//! What is logged, and how that changes while the program runs.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, reload};

use crate::{configuration::Log, http::ACCESS};

/// What the HTTP library says of clients that speak no HTTP, as errors, and of its threads. The configured level comes
/// after it and can bring it back.
const QUIETER: &str = "actix_http=off,actix_server=warn";

/// What is not logged as the setting says.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LogError {
    #[error("DASHOP_LOG_LEVEL: {0} is not a log level such as info, or dashop=debug,info")]
    Level(String),
    #[error("the log level cannot be changed")]
    Change(#[from] reload::Error),
    #[cfg(feature = "otlp")]
    #[error(transparent)]
    Traces(#[from] crate::traces::ExportError),
}

type SetFilter = dyn Fn(EnvFilter) -> Result<(), reload::Error> + Send + Sync;

/// What is logged at this moment.
pub(crate) struct LogLevel {
    set: Box<SetFilter>,
    has_access: bool,
}

/// Begins to log to standard error.
///
/// # Errors
/// The level is none.
pub(super) fn start(settings: &Log) -> Result<LogLevel, LogError> {
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter(&settings.level, settings.has_access)?)
        .with_ansi(std::io::stderr().is_terminal())
        // It would tell standard error that standard error cannot be written, and panic over that.
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    let set: Box<SetFilter> = if settings.is_json {
        let log = log.json().with_filter_reloading();
        let handle = log.reload_handle();
        log.init();
        Box::new(move |filter| handle.reload(filter))
    } else {
        let log = log.with_filter_reloading();
        let handle = log.reload_handle();
        log.init();
        Box::new(move |filter| handle.reload(filter))
    };
    Ok(LogLevel { set, has_access: settings.has_access })
}

/// The same with traces that are exported, where the settings say so: the level of the log is not theirs.
///
/// # Errors
/// The level is none, or traces cannot be exported.
#[cfg(feature = "otlp")]
pub(super) fn start_with_traces(settings: &Log) -> Result<LogLevel, LogError> {
    use tracing_subscriber::{Layer, fmt, layer::SubscriberExt, registry, util::SubscriberInitExt};

    let Some(otlp) = &settings.otlp else { return start(settings) };
    let (filter, handle) = reload::Layer::new(filter(&settings.level, settings.has_access)?);
    let log = fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    let log = if settings.is_json { log.json().boxed() } else { log.boxed() };
    registry().with(log.with_filter(filter)).with(crate::traces::layer(otlp)?).init();
    Ok(LogLevel { set: Box::new(move |filter| handle.reload(filter)), has_access: settings.has_access })
}

#[cfg(not(feature = "otlp"))]
pub(super) use start as start_with_traces;

impl LogLevel {
    /// What such a level lets through. The access log stays as it was at the start.
    ///
    /// # Errors
    /// The level is none.
    pub(crate) fn read(&self, level: &str) -> Result<EnvFilter, LogError> {
        filter(level, self.has_access)
    }

    /// From now on it is this.
    ///
    /// # Errors
    /// Nothing is logged any more.
    pub(crate) fn set(&self, filter: EnvFilter) -> Result<(), LogError> {
        Ok((self.set)(filter)?)
    }
}

fn filter(level: &str, has_access: bool) -> Result<EnvFilter, LogError> {
    // Fewer lines of the program do not mean fewer lines of requests.
    let access = format!("{ACCESS}={}", if has_access { "info" } else { "off" });
    EnvFilter::try_new(format!("{QUIETER},{level},{access}")).map_err(|_| LogError::Level(level.to_owned()))
}
