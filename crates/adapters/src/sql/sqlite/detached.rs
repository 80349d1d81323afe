use diesel_async::sync_connection_wrapper::SpawnBlocking;
use futures_util::future::{BoxFuture, FutureExt, ready};
use tokio::runtime::Handle;

/// Runs SQLite's blocking calls on threads of one runtime, whichever runtime the caller is in.
///
/// Unlike diesel-async's own implementation, it does not block the thread of a caller that drops a running call. That
/// would stall an HTTP worker, and is not possible at all on a single-threaded runtime. The call runs to its end, and
/// the connection is closed after it.
pub(super) struct Detached(Option<Handle>);

/// There is no runtime to run a blocking call on.
#[derive(Debug, thiserror::Error)]
#[error("not within a tokio runtime")]
struct NoRuntime;

impl Detached {
    pub(super) fn on(runtime: &Handle) -> Self {
        Self(Some(runtime.clone()))
    }
}

impl SpawnBlocking for Detached {
    fn spawn_blocking<'a, R>(
        &mut self,
        task: impl FnOnce() -> R + Send + 'static,
    ) -> BoxFuture<'a, Result<R, ports::BoxError>>
    where
        R: Send + 'static,
    {
        match &self.0 {
            Some(runtime) => runtime.spawn_blocking(task).map(|ended| ended.map_err(Into::into)).boxed(),
            None => ready(Err(NoRuntime.into())).boxed(),
        }
    }

    fn get_runtime() -> Self {
        Self(Handle::try_current().ok())
    }
}
