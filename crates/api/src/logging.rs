//! What is logged, and how that changes while the program runs.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, filter::LevelFilter, reload};

use crate::{configuration::Log, http::ACCESS};

/// What the HTTP library says of clients that speak no HTTP, as errors, and of its threads. The configured level comes
/// after it and can bring it back.
const QUIETER: &str = "actix_http=off,actix_server=warn";

/// What is not logged as the setting says.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LogError {
    #[error("DASHOP_LOG_LEVEL: {0} is not a log level such as info, or info,application=debug")]
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
pub(crate) fn start(settings: &Log) -> Result<LogLevel, LogError> {
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
pub(crate) fn start_with_traces(settings: &Log) -> Result<LogLevel, LogError> {
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
pub(crate) use start as start_with_traces;

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
    let level = level.trim();
    if !level.split(',').all(is_directive) {
        return Err(LogError::Level(level.to_owned()));
    }
    // Fewer lines of the program do not mean fewer lines of requests.
    let access = format!("{ACCESS}={}", if has_access { "info" } else { "off" });
    EnvFilter::try_new(format!("{QUIETER},{level},{access}")).map_err(|_| LogError::Level(level.to_owned()))
}

/// Whether it is a level, or a module with its level. The library takes any other word for a module of which everything is
/// logged, and of all others nothing but errors.
fn is_directive(part: &str) -> bool {
    let is_level = |word: &str| {
        !word.is_empty()
            && word.parse::<LevelFilter>().is_ok()
            && !word.starts_with(|first: char| first.is_ascii_digit())
    };
    match part.rsplit_once('=') {
        Some((target, level)) => {
            is_level(level) && !target.is_empty() && !target.contains(char::is_whitespace)
        }
        None => is_level(part),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_no_level_is_refused() {
        for level in
            ["warn", "INFO", " info ", "off", "info,application=debug", "info,query[query{name=x}]=debug"]
        {
            assert!(filter(level, false).is_ok(), "{level}");
        }
        for level in [
            "",
            "warning",
            "inof",
            "info debug",
            "info, debug x",
            "9",
            ",,",
            "info,",
            "info,a b=debug",
            "=info",
        ] {
            assert!(filter(level, false).is_err(), "{level}");
        }
    }
}
