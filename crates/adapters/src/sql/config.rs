use std::{path::PathBuf, time::Duration};

use ports::StoreError;

/// Where the database is, its time limits, and how it is used.
#[derive(Clone)]
pub struct SqlConfig {
    /// `sqlite:data/dashop.db`, `sqlite:///var/lib/dashop.db`, or `mysql://user:password@host:3306/database`.
    ///
    /// A missing SQLite file and its directory are created, unless `must_exist` is set. A MySQL database must exist.
    pub url: String,
    /// Whether a missing SQLite file is an error, for a caller that reads a shop and must not create one.
    pub must_exist: bool,
    /// Maximum number of connections. MySQL: for reading and writing, besides one for health checks. SQLite: for
    /// reading, at most four, besides the one that writes.
    pub max_connections: usize,
    /// How long to wait for a free connection.
    pub acquire_timeout: Duration,
    /// How long to wait until the server has accepted and authenticated a new connection.
    pub connect_timeout: Duration,
    /// How long one statement may take on the server, and, plus one second, all statements of one call together. A
    /// connection whose call takes longer is closed.
    pub statement_timeout: Duration,
    /// How long a statement waits for rows (MySQL) or the file (SQLite) that another transaction holds. On MySQL it is
    /// rounded down to whole seconds, at least one.
    pub lock_timeout: Duration,
    /// Where the carts are stored.
    pub carts: CartsIn,
    /// Whether order events are stored for webhook endpoints.
    pub event_sink: EventSink,
    /// Whether and how the connections to MySQL are encrypted.
    pub tls: MysqlTls,
}

/// Where the buyers' carts are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CartsIn {
    /// In this database: the transaction that writes the order removes the ordered lines from the cart.
    Database,
    /// Elsewhere, such as in Redis: the transaction records the lines that must be removed.
    Elsewhere,
}

/// What happens to order events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventSink {
    /// No endpoint is configured: events are not stored.
    Dropped,
    /// Events are written in the transaction of the change, and delivered later.
    Outbox,
}

/// Whether and how connections to MySQL are encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MysqlTls {
    /// Not encrypted.
    Off,
    /// Encrypted; the server's certificate must be valid for the host name.
    Required {
        /// A PEM file of the authorities to trust instead of the well-known ones.
        root_certificates: Option<PathBuf>,
    },
    /// Encrypted, but any certificate is trusted: for servers with self-signed certificates.
    Unverified,
}

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL names no database that this crate knows.
    #[error(
        "the database URL must be sqlite:PATH or mysql://USER:PASSWORD@HOST:PORT/DATABASE, with the special \
         characters of a password percent-encoded, such as %40 for @: {0}"
    )]
    Url(String),
    /// The SQLite file does not exist, and `must_exist` forbids to create it.
    #[error("there is no database {}", .0.display())]
    Absent(PathBuf),
    /// The directory of the SQLite file cannot be created.
    #[error("the directory {} for the database cannot be made", .0.display())]
    Directory(PathBuf, #[source] std::io::Error),
    /// The SQLite file cannot be created, or its permissions cannot be restricted to its owner.
    #[error("the database file {} cannot be made its owner's alone", .0.display())]
    File(PathBuf, #[source] std::io::Error),
    /// The database does not answer, or refuses the connection.
    #[error("the database cannot be opened")]
    Open(#[from] StoreError),
}

impl SqlConfig {
    /// The database at `url`, with the carts in the database, and limits that suit one process on one machine.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            must_exist: false,
            max_connections: 16,
            acquire_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(10),
            lock_timeout: Duration::from_secs(5),
            carts: CartsIn::Database,
            event_sink: EventSink::Dropped,
            tls: MysqlTls::Off,
        }
    }
}

/// Without the password that may be in the URL.
impl std::fmt::Debug for SqlConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = self.url.split(':').next().unwrap_or_default();
        f.debug_struct("SqlConfig")
            .field("url", &format_args!("{scheme}:…"))
            .field("max_connections", &self.max_connections)
            .field("acquire_timeout", &self.acquire_timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("statement_timeout", &self.statement_timeout)
            .field("lock_timeout", &self.lock_timeout)
            .field("carts", &self.carts)
            .field("event_sink", &self.event_sink)
            .field("tls", &self.tls)
            .finish()
    }
}
