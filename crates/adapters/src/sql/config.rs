use std::{path::PathBuf, time::Duration};

use ports::StoreError;

/// Where the database is, and how patient to be with it.
#[derive(Clone)]
pub struct SqlConfig {
    /// `sqlite:data/dashop.db`, `sqlite:///var/lib/dashop.db`, or `mysql://user:password@host:3306/database`.
    ///
    /// A SQLite file and its directory are made where they do not exist, unless `must_exist`; a MySQL database must exist.
    pub url: String,
    /// Whether a SQLite file that is not there is an error, as for whoever looks at a shop and begins none.
    pub must_exist: bool,
    /// The most connections at once: to MySQL in all; to SQLite for reading, beside the one that writes, and no more
    /// than four.
    pub max_connections: usize,
    /// How long to wait for a free connection.
    pub acquire_timeout: Duration,
    /// How long to wait for the server to accept a new connection and to let it in.
    pub connect_timeout: Duration,
    /// How long one call of a port may take, all its statements together. A connection that takes longer is given
    /// up.
    pub statement_timeout: Duration,
    /// How long a statement waits for rows (MySQL) or the file (SQLite) that others hold. MySQL counts whole
    /// seconds, at least one.
    pub lock_timeout: Duration,
    /// Where the carts are.
    pub carts: CartsIn,
    /// Whether order events are kept for others.
    pub event_sink: EventSink,
    /// Whether and how the connections to MySQL are encrypted.
    pub tls: MysqlTls,
}

/// Where the buyers' carts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CartsIn {
    /// In this database: ordered lines leave them in the transaction that writes the order.
    Database,
    /// Elsewhere, such as in Redis: the transaction records what must leave them.
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
    /// They are not.
    Off,
    /// They are, and the server's certificate must be good for the host's name.
    Required {
        /// A PEM file of the authorities to trust instead of the well-known ones.
        root_certificates: Option<PathBuf>,
    },
    /// They are, but any certificate is trusted: for servers with certificates they made themselves.
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
    /// There is no such SQLite file, and none was to be made.
    #[error("there is no database {}", .0.display())]
    Absent(PathBuf),
    /// The directory of the SQLite file cannot be made.
    #[error("the directory {} for the database cannot be made", .0.display())]
    Directory(PathBuf, #[source] std::io::Error),
    /// The SQLite file cannot be made, or cannot be closed to others.
    #[error("the database file {} cannot be made its owner's alone", .0.display())]
    File(PathBuf, #[source] std::io::Error),
    /// The database does not answer, or does not let us in.
    #[error("the database cannot be opened")]
    Open(#[from] StoreError),
}

impl SqlConfig {
    /// The database at `url`, with carts in it, and limits that suit one process on one machine.
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
