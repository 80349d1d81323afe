//! The names of all metrics. Code that counts uses the constants; the exporter describes the metrics by [`ALL`].
//!
//! Counting returns nothing, so there is no trait for it: use cases and adapters call the macros of the crate
//! `metrics`, which do nothing until a program installs a recorder (docs/adr/0008). A label's value comes from a fixed
//! set, never from a client's input.

/// The kind of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A number that only grows.
    Counter,
    /// A number that goes up and down.
    Gauge,
    /// A histogram of durations, in seconds.
    Seconds,
    /// A histogram of sizes.
    Sizes,
}

/// The description of a metric.
#[derive(Debug, Clone, Copy)]
pub struct Described {
    /// Its name.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// Its meaning, for people.
    pub help: &'static str,
}

macro_rules! names {
    ($(#[doc = $help:literal] $constant:ident: $kind:ident = $name:literal;)*) => {
        $(#[doc = $help] pub const $constant: &str = $name;)*

        /// All metrics.
        pub const ALL: &[Described] =
            &[$(Described { name: $name, kind: Kind::$kind, help: $help.trim_ascii() }),*];
    };
}

names! {
    /// Answered requests, by method, route, operation, HTTP status and the contract's code.
    HTTP_REQUESTS: Counter = "dashop_http_requests_total";
    /// How long requests took, by method, route and operation.
    HTTP_DURATION: Seconds = "dashop_http_request_duration_seconds";
    /// Requests in progress.
    HTTP_IN_PROGRESS: Gauge = "dashop_http_requests_in_progress";
    /// Requests whose clients disconnected before the answer; the access log has no line for them.
    HTTP_ABANDONED: Counter = "dashop_http_requests_abandoned_total";
    /// Failed sign-ins and refused staff tokens, staff codes, notifications and returns, by event.
    SECURITY_EVENTS: Counter = "dashop_security_events_total";
    /// Sign-ins, by outcome.
    SIGN_INS: Counter = "dashop_sign_ins_total";

    /// Orders placed.
    ORDERS_PLACED: Counter = "dashop_orders_placed_total";
    /// Requests per group of orders that are written together, refused requests included.
    GROUP_SIZE: Sizes = "dashop_order_group_size";
    /// Attempts to place a group or one of its members, by outcome.
    GROUP_TRIES: Counter = "dashop_order_group_tries_total";
    /// How long a request for an order waited for a writer.
    QUEUE_WAIT: Seconds = "dashop_order_queue_wait_seconds";
    /// Requests for orders that are waiting for a writer.
    QUEUE_LENGTH: Gauge = "dashop_order_queue_length";
    /// Requests for orders that were rejected, by reason: the queue was full, or no writer was free in time.
    QUEUE_REFUSED: Counter = "dashop_order_queue_refused_total";
    /// Status changes of orders, by new status and by actor.
    STATUS_CHANGES: Counter = "dashop_order_status_changes_total";
    /// Other changes of orders, by kind (amount, address) and by actor.
    AMENDMENTS: Counter = "dashop_order_amendments_total";
    /// Attempts at a change that failed because of concurrent changes or locked rows, by cause.
    RETRIES: Counter = "dashop_transaction_retries_total";

    /// Notifications from Alipay, by verdict.
    NOTIFICATIONS: Counter = "dashop_notifications_total";
    /// Recorded payments, by status; only `settled` pays an order.
    PAYMENTS: Counter = "dashop_payments_total";
    /// Steps of refunds, by status: requested, succeeded, failed, postponed.
    REFUNDS: Counter = "dashop_refunds_total";
    /// How long calls to Alipay took, retries and waits included, by method and outcome.
    ALIPAY_CALL: Seconds = "dashop_alipay_call_duration_seconds";

    /// How long work on a database connection took, by query.
    DB_CALL: Seconds = "dashop_db_query_duration_seconds";
    /// Work on a database connection that failed, by cause.
    DB_FAILURES: Counter = "dashop_db_query_failures_total";
    /// Statements sent to the database, without those that begin or end a transaction.
    DB_STATEMENTS: Counter = "dashop_db_statements_total";
    /// How long calls waited for a connection from the pool.
    DB_POOL_WAIT: Seconds = "dashop_db_pool_wait_seconds";
    /// Database connections, by pool and state: in use or idle.
    DB_POOL_CONNECTIONS: Gauge = "dashop_db_pool_connections";
    /// Maximum number of database connections, by pool.
    DB_POOL_MAX: Gauge = "dashop_db_pool_connections_max";
    /// Calls that are waiting for a database connection, by pool.
    DB_POOL_WAITING: Gauge = "dashop_db_pool_waiting";
    /// 1 if the database answered the last check, otherwise 0.
    DB_UP: Gauge = "dashop_db_up";

    /// How long operations on the carts in Redis took, by operation and outcome.
    REDIS_CALL: Seconds = "dashop_redis_call_duration_seconds";
    /// 1 if Redis answered the last check, otherwise 0; present only if carts are in Redis.
    REDIS_UP: Gauge = "dashop_redis_up";

    /// Waiting rows, by queue; at most 10001 are counted.
    BACKLOG_ROWS: Gauge = "dashop_backlog_rows";
    /// How long the oldest row has been waiting or overdue, by queue.
    BACKLOG_OLDEST: Gauge = "dashop_backlog_oldest_seconds";
    /// When the backlogs were last read from the database, in seconds since 1970.
    BACKLOG_SEEN: Gauge = "dashop_backlog_seen_timestamp_seconds";
    /// Rows that this process parked because it cannot read them.
    PARKED_ROWS: Counter = "dashop_parked_rows_total";

    /// Passes of background jobs, by job and outcome.
    JOB_PASSES: Counter = "dashop_job_passes_total";
    /// How long passes of background jobs took, by job.
    JOB_DURATION: Seconds = "dashop_job_pass_duration_seconds";
    /// Time since the last successful pass of a job, or since the job's start if none has succeeded.
    JOB_SINCE_SUCCESS: Gauge = "dashop_job_seconds_since_success";
    /// 1 if a job has not succeeded for longer than DASHOP_JOBS_STALLED_AFTER, otherwise 0.
    JOB_STALLED: Gauge = "dashop_job_stalled";

    /// Differences that the last audit of this process found; absent before the first audit.
    AUDIT_DIFFERENCES: Gauge = "dashop_audit_differences";
    /// Orders that the last audit of this process checked.
    AUDIT_ORDERS: Gauge = "dashop_audit_orders";
    /// How long the last audit of this process took, in seconds.
    AUDIT_DURATION: Gauge = "dashop_audit_duration_seconds";
    /// When the last audit of this process ended, in seconds since 1970.
    AUDIT_FINISHED: Gauge = "dashop_audit_finished_timestamp_seconds";

    /// How long attempts to deliver an event took, by webhook endpoint and outcome.
    WEBHOOKS: Seconds = "dashop_webhook_duration_seconds";
    /// 1 if a webhook endpoint is paused after a long failure, otherwise 0, by endpoint.
    WEBHOOK_PAUSED: Gauge = "dashop_webhook_paused";
    /// How long a webhook endpoint has been failing, by endpoint; 0 if its last delivery succeeded.
    WEBHOOK_FAILING: Gauge = "dashop_webhook_failing_seconds";

    /// Always 1; the labels are the program's version, commit and date.
    BUILD_INFO: Gauge = "dashop_build_info";
    /// CPU time that the process has used, in whole seconds.
    PROCESS_CPU: Counter = "process_cpu_seconds_total";
    /// Resident memory of the process, in bytes.
    PROCESS_MEMORY: Gauge = "process_resident_memory_bytes";
    /// Open files of the process.
    PROCESS_FDS: Gauge = "process_open_fds";
    /// Maximum number of open files of the process.
    PROCESS_MAX_FDS: Gauge = "process_max_fds";
    /// Threads of the process.
    PROCESS_THREADS: Gauge = "process_threads";
    /// When the process was started, in seconds since 1970.
    PROCESS_START: Gauge = "process_start_time_seconds";
}
