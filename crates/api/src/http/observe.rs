//! Metrics and access log of requests.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    sync::Arc,
    time::Duration,
};

use actix_web::{HttpRequest, http::Method};
use domain::UserId;
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use ports::metric;
use tokio::task_local;

/// The target of the access log's lines.
pub(crate) const ACCESS: &str = "access";
/// The label for paths without a route. The paths themselves would make the number of series unbounded.
const NO_ROUTE: &str = "(none)";

/// The code of a response, in the format of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) enum AnsweredCode {
    /// No code: a page or a text.
    #[default]
    None,
    /// A code of the old contracts.
    Number(i32),
    /// A code of the shop side.
    Word(&'static str),
}

/// What handlers report about the request that they process.
#[derive(Default)]
pub(super) struct Outcome {
    operation: Cell<&'static str>,
    code: Cell<AnsweredCode>,
}

task_local! {
    static OUTCOME: Outcome;
}

/// Runs a handler. Also returns the operation and the code that it reported.
pub(super) async fn hearing<T>(work: impl Future<Output = T>) -> (T, &'static str, AnsweredCode) {
    OUTCOME
        .scope(Outcome::default(), async {
            let outcome = work.await;
            OUTCOME.with(|answer| (outcome, answer.operation.get(), answer.code.get()))
        })
        .await
}

/// Reports which operation of its path the request asks for.
pub(super) fn operation(name: &'static str) {
    let _unheard = OUTCOME.try_with(|outcome| outcome.operation.set(name));
}

/// Reports the code of the response.
pub(super) fn answered(code: AnsweredCode) {
    let _unheard = OUTCOME.try_with(|outcome| outcome.code.set(code));
}

/// Counts the requests of one worker thread. It caches the metric handles, so that a request costs a few look-ups and
/// allocates no text.
pub struct Observer {
    in_progress: Gauge,
    has_access_log: bool,
    series: RefCell<Series>,
}

/// The cached handles. Their number is bounded: each key consists of a known method ([`verb`]), route, operation and code.
#[derive(Default)]
struct Series {
    routes: HashMap<String, Arc<str>>,
    requests: HashMap<(Request, u16, AnsweredCode), Counter>,
    durations: HashMap<Request, Histogram>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Request {
    verb: &'static str,
    route: Arc<str>,
    operation: &'static str,
}

/// A request that was answered.
pub(super) struct Answered<'a> {
    pub(super) request: &'a HttpRequest,
    pub(super) id: &'a str,
    pub(super) trace_id: Option<&'a str>,
    pub(super) operation: &'static str,
    pub(super) status: u16,
    pub(super) code: AnsweredCode,
    pub(super) user: Option<UserId>,
    pub(super) took: Duration,
}

/// Counts a request as in progress until it is dropped. If it is not answered by then, the client has closed the connection.
pub(super) struct InProgress {
    in_progress: Gauge,
    is_answered: bool,
}

impl InProgress {
    pub(super) fn answered(mut self) {
        self.is_answered = true;
    }
}

impl Drop for InProgress {
    fn drop(&mut self) {
        self.in_progress.decrement(1);
        if !self.is_answered {
            counter!(metric::HTTP_ABANDONED).increment(1);
        }
    }
}

impl Observer {
    /// Creates an observer for one worker thread.
    pub fn new(has_access_log: bool) -> Self {
        let in_progress = gauge!(metric::HTTP_IN_PROGRESS);
        Self { in_progress, has_access_log, series: RefCell::default() }
    }

    pub(super) fn begin(&self) -> InProgress {
        self.in_progress.increment(1);
        InProgress { in_progress: self.in_progress.clone(), is_answered: false }
    }

    pub(super) fn note(&self, answered: &Answered<'_>) {
        let mut series = self.series.borrow_mut();
        let verb = verb(answered.request.method());
        let request = Request { verb, route: series.route(answered.request), operation: answered.operation };
        if self.has_access_log {
            log(&request, answered);
        }
        series.duration(&request).record(answered.took);
        series.count(request, answered.status, answered.code).increment(1);
    }
}

/// Writes the line of the access log. It never contains the path, which has order numbers, nor the query, a header or a
/// body.
fn log(request: &Request, answered: &Answered<'_>) {
    let Request { verb: method, route, operation } = request;
    let (number, word) = match answered.code {
        AnsweredCode::None => (None, None),
        AnsweredCode::Number(number) => (Some(number), None),
        AnsweredCode::Word(word) => (None, Some(word)),
    };
    tracing::info!(
        target: ACCESS,
        parent: None,
        method,
        route = &**route,
        operation = Some(*operation).filter(|operation| !operation.is_empty()),
        status = answered.status,
        code = number,
        error = word,
        user_id = answered.user.map(|user| user.0),
        ms = u64::try_from(answered.took.as_millis()).unwrap_or(u64::MAX),
        request_id = answered.id,
        trace_id = answered.trace_id,
    );
}

impl Series {
    /// The pattern of the route without its trailing slash, because contract paths work with and without it.
    fn route(&mut self, request: &HttpRequest) -> Arc<str> {
        // Most patterns equal their paths, which are found without matching again.
        if let Some(route) = self.routes.get(request.path()) {
            return Arc::clone(route);
        }
        let pattern = request.match_pattern().unwrap_or_else(|| NO_ROUTE.to_owned());
        if let Some(route) = self.routes.get(&pattern) {
            return Arc::clone(route);
        }
        let route = match pattern.trim_end_matches('/') {
            "" => "/",
            trimmed => trimmed,
        };
        let route: Arc<str> = route.into();
        self.routes.insert(pattern, Arc::clone(&route));
        route
    }

    fn duration(&mut self, request: &Request) -> &Histogram {
        self.durations.entry(request.clone()).or_insert_with_key(|Request { verb, route, operation }| {
            let labels = [
                ("method", (*verb).into()),
                ("route", metrics::SharedString::from_shared(Arc::clone(route))),
                ("operation", (*operation).into()),
            ];
            histogram!(metric::HTTP_DURATION, &labels)
        })
    }

    fn count(&mut self, request: Request, status: u16, code: AnsweredCode) -> &Counter {
        self.requests.entry((request, status, code)).or_insert_with_key(|(request, status, code)| {
            let Request { verb, route, operation } = request;
            let code = match code {
                AnsweredCode::None => String::new(),
                AnsweredCode::Number(number) => number.to_string(),
                AnsweredCode::Word(word) => (*word).to_owned(),
            };
            let labels = [
                ("method", (*verb).into()),
                ("route", metrics::SharedString::from_shared(Arc::clone(route))),
                ("operation", (*operation).into()),
                ("status", status.to_string().into()),
                ("code", code.into()),
            ];
            counter!(metric::HTTP_REQUESTS, &labels)
        })
    }
}

/// The label for the method. Unknown methods share one label, because a client may send any word.
fn verb(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}
