use std::path::PathBuf;

use adapters::{
    alipay::AlipayConfigError, passwords::HashingFails, redis::RedisConfigError, sql::ConnectError,
    webhook::WebhookConfigError,
};
use alipay_protocol::{KeyError, certificates::CertificateFileError};
use alipay_sandbox::KeyFileError;
use ports::StoreError;

use crate::metrics::MetricsError;

/// Why the program cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database cannot be opened.
    #[error("DASHOP_DATABASE_URL")]
    Database(#[from] ConnectError),
    /// There is no database, and this command does not create one.
    #[error("there is no database {}; is --config or DASHOP_CONFIG right?", .0.display())]
    NoDatabase(PathBuf),
    /// The database failed.
    #[error("the database failed")]
    Store(#[from] StoreError),
    /// The database's schema is not up to date, and this command must not change it.
    #[error("the database lacks {}; run: dashop migrate", .0.join(", "))]
    SchemaPending(Vec<&'static str>),
    /// The database is a version that is known to be unsafe.
    #[error("the database {version} is not safe: {why}; DASHOP_ALLOW_UNSAFE_ENGINE=true starts all the same")]
    UnsafeEngine {
        /// Its version.
        version: String,
        /// What goes wrong with it.
        why: &'static str,
    },
    /// The configuration of the carts cannot be used.
    #[error("DASHOP_REDIS_URL")]
    Redis(#[from] RedisConfigError),
    /// Passwords cannot be hashed.
    #[error(transparent)]
    Passwords(#[from] HashingFails),
    /// A key cannot be read.
    #[error("{variable}")]
    Key {
        /// The setting.
        variable: &'static str,
        /// The problem.
        #[source]
        cause: KeyError,
    },
    /// The key is the public key of the application, but it must be that of Alipay.
    #[error("{variable}")]
    OwnKey {
        /// The setting.
        variable: &'static str,
        /// How to correct it.
        #[source]
        cause: AlipayConfigError,
    },
    /// A file of certificates cannot be used.
    #[error("{origin}")]
    Certificate {
        /// The setting, with the file if it names one.
        origin: String,
        /// The problem.
        #[source]
        cause: CertificateFileError,
    },
    /// The account at Alipay cannot be used.
    #[error("DASHOP_ALIPAY_…")]
    Alipay(#[from] AlipayConfigError),
    /// The webhook's endpoint cannot be used.
    #[error("DASHOP_EVENTS_URL")]
    Webhook(#[from] WebhookConfigError),
    /// Metrics cannot be collected.
    #[error("DASHOP_METRICS_LISTEN")]
    Metrics(#[from] MetricsError),
    /// The sandbox's keys cannot be stored.
    #[error("the keys of the Alipay sandbox")]
    SandboxKeys(#[from] KeyFileError),
    /// The sandbox cannot be started.
    #[error("the Alipay sandbox cannot be started")]
    Sandbox(#[from] alipay_sandbox::StartError),
    /// The program cannot listen on an address.
    #[error("{variable}: nobody can listen on {address}")]
    Listen {
        /// The setting.
        variable: &'static str,
        /// The address.
        address: String,
        /// The error of the operating system.
        #[source]
        cause: std::io::Error,
    },
    /// A file in the data directory cannot be read or written.
    #[error("DASHOP_DATA_DIR: {file}")]
    File {
        /// The file.
        file: PathBuf,
        /// The error of the operating system.
        #[source]
        cause: std::io::Error,
    },
}
