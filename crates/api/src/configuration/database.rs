use std::{path::PathBuf, time::Duration};

use adapters::sql::{CartsIn, MysqlTls, SqlConfig};

use super::{Configuration, ConfigurationError, Log, OtlpConfiguration, Source};

/// The settings of commands that need the database only: neither Alipay's keys nor the secrets of tokens.
#[derive(Debug, Clone)]
pub struct DatabaseConfiguration {
    /// Where generated secrets and the embedded database are kept.
    pub data_dir: PathBuf,
    /// The database.
    pub database: SqlConfig,
    /// How long to wait at the start for a database that cannot be reached.
    pub start_timeout: Duration,
    /// Whether to use a database version that is known to be unsafe.
    pub allows_unsafe_engine: bool,
    /// The settings of the log.
    pub log: Log,
}

impl DatabaseConfiguration {
    /// Reads and checks the settings of the database. Other settings of the shop may be set and are ignored.
    ///
    /// # Errors
    /// A setting of the database is invalid, or a setting is unknown.
    pub fn read(mut source: Source) -> Result<Self, ConfigurationError> {
        let configuration = Self::take(&mut source)?;
        source.nothing_left_but(&Configuration::names())?;
        Ok(configuration)
    }

    pub(super) fn take(source: &mut Source) -> Result<Self, ConfigurationError> {
        let data_dir = data_dir(source)?;
        let default_url = || format!("sqlite:{}/dashop.db", data_dir.display());
        let url = source.server_or_file("database_url")?.unwrap_or_else(default_url);
        if !is_embedded(&url) && !url.starts_with("mysql:") {
            return Err(source
                .wrong("database_url", "must be sqlite:PATH or mysql://USER:PASSWORD@HOST:PORT/DATABASE"));
        }
        Ok(Self {
            database: database(source, url)?,
            start_timeout: source.seconds("database_start_timeout", 60, 0..=3600)?,
            allows_unsafe_engine: source.get_or("allow_unsafe_engine", false)?,
            log: Log {
                level: source.get_or("log_level", "info".to_owned())?,
                is_json: source.get_or("log_json", false)?,
                has_access: source.get_or("access_log", false)?,
                otlp: otlp(source)?,
            },
            data_dir,
        })
    }
}

pub(super) fn data_dir(source: &mut Source) -> Result<PathBuf, ConfigurationError> {
    source.get_or("data_dir", PathBuf::from("data"))
}

fn otlp(source: &mut Source) -> Result<Option<OtlpConfiguration>, ConfigurationError> {
    let endpoint = source.url("otlp_endpoint")?;
    let sample_percent = source.within("otlp_sample_percent", 100, 0..=100)?;
    let Some(endpoint) = endpoint else { return Ok(None) };
    if !cfg!(feature = "otlp") {
        let problem = "needs a program that is built with the feature otlp: cargo build --features api/otlp";
        return Err(source.wrong("otlp_endpoint", problem));
    }
    if endpoint.contains('@') {
        return Err(source.wrong("otlp_endpoint", "must have no password in it"));
    }
    Ok(Some(OtlpConfiguration { endpoint, sample_percent }))
}

/// Whether the database is the embedded one.
pub(super) fn is_embedded(url: &str) -> bool {
    url.starts_with("sqlite:")
}

fn database(source: &mut Source, url: String) -> Result<SqlConfig, ConfigurationError> {
    let mut database = SqlConfig::new(url);
    database.max_connections = source.within("database_connections", 16, 2..=1000)?;
    database.acquire_timeout = source.seconds("database_acquire_timeout", 5, 1..=60)?;
    database.connect_timeout = source.seconds("database_connect_timeout", 5, 1..=60)?;
    database.statement_timeout = source.seconds("database_statement_timeout", 10, 1..=300)?;
    // SQLite locks the whole database; a server locks rows, and a request that waits for one delays others.
    let lock_timeout = if is_embedded(&database.url) { 5 } else { 1 };
    database.lock_timeout = source.seconds("database_lock_timeout", lock_timeout, 1..=60)?;
    database.carts = CartsIn::Database;
    let root_certificates = source.authorities("database_tls_ca")?;
    database.tls = match source.get_or("database_tls", "off".to_owned())?.as_str() {
        "off" => MysqlTls::Off,
        "required" => MysqlTls::Required { root_certificates },
        "unverified" => MysqlTls::Unverified,
        _ => return Err(source.wrong("database_tls", "must be off, required or unverified")),
    };
    Ok(database)
}
