//! Statements that nobody waits for any more are ended on the server: closing their connection alone does not end them.

use std::time::Duration;

use diesel_async::{AsyncConnection, AsyncMysqlConnection};
use mysql_async::{Conn, Opts, prelude::Queryable};
use tokio::{runtime::Handle, sync::mpsc, time::timeout};

use crate::sql::metrics::StatementCounter;

/// How many connections wait at most to have their statements ended. The session's time limits end the others'.
const MOST_WAITING: usize = 1024;
/// How many are ended over one connection.
const AT_ONCE: usize = 64;

/// Where connections are named that were given up in the middle of a statement.
#[derive(Debug)]
pub(super) struct GivenUpStatements(mpsc::Sender<u32>);

impl GivenUpStatements {
    /// Ends them on `runtime`, over connections of its own that it opens when there is one to end.
    pub(super) fn ended_over(opts: Opts, limit: Duration, runtime: &Handle) -> Self {
        let (given_up, waiting) = mpsc::channel(MOST_WAITING);
        runtime.spawn(end(waiting, opts, limit));
        Self(given_up)
    }

    /// Ends what runs on the connection, soon.
    pub(super) fn end(&self, conn: &mut AsyncMysqlConnection) {
        let counter = conn.instrumentation().downcast_ref::<StatementCounter>();
        if let Some(id) = counter.and_then(StatementCounter::server_thread)
            && self.0.try_send(id).is_err()
        {
            tracing::debug!(id, "too many statements were given up at once to end each of them");
        }
    }
}

async fn end(mut waiting: mpsc::Receiver<u32>, opts: Opts, limit: Duration) {
    let mut ids = Vec::new();
    while waiting.recv_many(&mut ids, AT_ONCE).await > 0 {
        match timeout(limit, kill(&opts, &ids)).await {
            Ok(Ok(())) => tracing::debug!(?ids, "statements that nobody waits for were ended"),
            Ok(Err(error)) => tracing::debug!(%error, "statements that nobody waits for were not ended"),
            Err(_elapsed) => tracing::debug!("the server does not answer to have statements ended"),
        }
        ids.clear();
    }
}

async fn kill(opts: &Opts, ids: &[u32]) -> mysql_async::Result<()> {
    let mut conn = Conn::new(opts.clone()).await?;
    for id in ids {
        match conn.query_drop(format!("KILL QUERY {id}")).await {
            // Its connection is gone, and its statement with it.
            Ok(()) | Err(mysql_async::Error::Server(_)) => {}
            Err(error) => return Err(error),
        }
    }
    conn.disconnect().await
}
