//! Ends abandoned statements on the server: closing their connection alone does not end them.

use std::time::Duration;

use diesel_async::{AsyncConnection, AsyncMysqlConnection};
use mysql_async::{Conn, Opts, prelude::Queryable};
use tokio::{runtime::Handle, sync::mpsc, time::timeout};

use crate::sql::metrics::{ServerThread, StatementCounter};

/// Maximum number of queued connections whose statements must be ended. The session's time limits end all others.
const MOST_WAITING: usize = 1024;
/// How many statements are ended over one connection.
const AT_ONCE: usize = 64;

/// The queue of connections that were given up during a statement.
pub(super) struct GivenUpStatements(mpsc::Sender<ServerThread>);

impl GivenUpStatements {
    /// Starts a task on `runtime` that ends the statements. It opens its own connection when there is a statement to
    /// end.
    pub(super) fn ended_over(opts: Opts, limit: Duration, runtime: &Handle) -> Self {
        let (given_up, waiting) = mpsc::channel(MOST_WAITING);
        runtime.spawn(end(waiting, opts, limit));
        Self(given_up)
    }

    /// Queues the connection, so that its statement is ended soon.
    pub(super) fn end(&self, conn: &mut AsyncMysqlConnection) {
        let counter = conn.instrumentation().downcast_ref::<StatementCounter>();
        if let Some(thread) = counter.and_then(StatementCounter::server_thread)
            && self.0.try_send(thread.clone()).is_err()
        {
            tracing::debug!(?thread, "too many statements were given up at once to end each of them");
        }
    }
}

async fn end(mut waiting: mpsc::Receiver<ServerThread>, opts: Opts, limit: Duration) {
    let mut threads = Vec::new();
    while waiting.recv_many(&mut threads, AT_ONCE).await > 0 {
        match timeout(limit, kill(&opts, &threads)).await {
            Ok(Ok(())) => tracing::debug!(?threads, "statements that nobody waits for were ended"),
            Ok(Err(error)) => tracing::debug!(%error, "statements that nobody waits for were not ended"),
            Err(_elapsed) => tracing::debug!("the server does not answer to have statements ended"),
        }
        threads.clear();
    }
}

async fn kill(opts: &Opts, threads: &[ServerThread]) -> mysql_async::Result<()> {
    let mut conn = Conn::new(opts.clone()).await?;
    let here = server_of(&mut conn).await?;
    // On another server the number belongs to another connection.
    for ServerThread { id, .. } in threads.iter().filter(|thread| thread.server == here) {
        match conn.query_drop(format!("KILL QUERY {id}")).await {
            // If the server refuses, the connection is gone, and its statement with it.
            Ok(()) | Err(mysql_async::Error::Server(_)) => {}
            Err(error) => return Err(error),
        }
    }
    conn.disconnect().await
}

/// The name of the server: several servers may be behind one address.
pub(super) async fn server_of(conn: &mut Conn) -> mysql_async::Result<String> {
    let server: Option<String> = conn.query_first("SELECT CONCAT(@@hostname, ':', @@port)").await?;
    Ok(server.unwrap_or_default())
}
