//! The log, and how its level changes at run time.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, filter::LevelFilter, reload};

use crate::{configuration::Log, http::ACCESS};

/// Levels of the HTTP library's modules, which log errors about clients that do not speak HTTP, and about threads. The
/// configured level comes after them and can override them.
const QUIETER: &str = "actix_http=off,actix_server=warn";

/// Why logging could not be set up.
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

/// Sets the log level at run time.
pub(crate) struct LogLevel {
    set: Box<SetFilter>,
    has_access: bool,
}

/// Starts logging to standard error.
///
/// # Errors
/// The level is invalid.
pub(crate) fn start(settings: &Log) -> Result<LogLevel, LogError> {
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter(&settings.level, settings.has_access)?)
        .with_ansi(std::io::stderr().is_terminal())
        // Otherwise the library would report failed writes to standard error on standard error, and panic.
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

/// Like [`start`], and exports traces if the settings say so. The log level does not apply to traces.
///
/// # Errors
/// The level is invalid, or traces cannot be exported.
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
    /// Parses a level. The access log stays as it was at the start.
    ///
    /// # Errors
    /// The level is invalid.
    pub(crate) fn read(&self, level: &str) -> Result<EnvFilter, LogError> {
        filter(level, self.has_access)
    }

    /// Uses this filter from now on.
    ///
    /// # Errors
    /// The log no longer exists.
    pub(crate) fn set(&self, filter: EnvFilter) -> Result<(), LogError> {
        Ok((self.set)(filter)?)
    }
}

fn filter(level: &str, has_access: bool) -> Result<EnvFilter, LogError> {
    let level = level.trim();
    if !level.split(',').all(is_directive) {
        return Err(LogError::Level(level.to_owned()));
    }
    // The level of the program does not apply to the access log.
    let access = format!("{ACCESS}={}", if has_access { "info" } else { "off" });
    EnvFilter::try_new(format!("{QUIETER},{level},{access}")).map_err(|_| LogError::Level(level.to_owned()))
}

/// Whether it is a level, or a module with a level. The library would take any other word as a module: it would log
/// everything of that module, and only errors of all others.
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
