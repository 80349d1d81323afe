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
    /// Requests answered, by method, route, operation, HTTP status and the contract's code.
    HTTP_REQUESTS: Counter = "dashop_http_requests_total";
    /// How long requests took, by method, route and operation.
    HTTP_DURATION: Seconds = "dashop_http_request_duration_seconds";
    /// Requests that are being answered.
    HTTP_IN_PROGRESS: Gauge = "dashop_http_requests_in_progress";
    /// Requests whose callers went away before they were answered; they have no line in the access log.
    HTTP_ABANDONED: Counter = "dashop_http_requests_abandoned_total";
    /// What strangers tried, by event: failed sign-ins, refused tokens, notifications and returns.
    SECURITY_EVENTS: Counter = "dashop_security_events_total";
    /// Sign-ins, by outcome.
    SIGN_INS: Counter = "dashop_sign_ins_total";

    /// Orders placed.
    ORDERS_PLACED: Counter = "dashop_orders_placed_total";
    /// Orders in the groups that were placed together, members that were refused included.
    GROUP_SIZE: Sizes = "dashop_order_group_size";
    /// Tries to place a group or one of its members, by outcome.
    GROUP_TRIES: Counter = "dashop_order_group_tries_total";
    /// How long a request for an order waited for a writer.
    QUEUE_WAIT: Seconds = "dashop_order_queue_wait_seconds";
    /// Requests for orders that wait for a writer.
    QUEUE_LENGTH: Gauge = "dashop_order_queue_length";
    /// Requests for orders that were turned away, by reason: the queue was full, or no writer came in time.
    QUEUE_REFUSED: Counter = "dashop_order_queue_refused_total";
    /// Orders whose status changed, by the new status and by who did it.
    STATUS_CHANGES: Counter = "dashop_order_status_changes_total";
    /// Changes of orders beside their status, by kind (amount, address) and by who made them.
    AMENDMENTS: Counter = "dashop_order_amendments_total";
    /// Changes that others kept from being made at an attempt, by cause.
    RETRIES: Counter = "dashop_transaction_retries_total";

    /// Notifications of Alipay, by verdict.
    NOTIFICATIONS: Counter = "dashop_notifications_total";
    /// Payments recorded, by status: only `settled` pays an order.
    PAYMENTS: Counter = "dashop_payments_total";
    /// Steps of refunds, by status: requested, succeeded, failed, postponed.
    REFUNDS: Counter = "dashop_refunds_total";
    /// How long calls of Alipay took, tries and waits included, by method and outcome.
    ALIPAY_CALL: Seconds = "dashop_alipay_call_duration_seconds";

    /// How long work on a database connection took, by query.
    DB_CALL: Seconds = "dashop_db_query_duration_seconds";
    /// Work on a database connection that failed, by cause.
    DB_FAILURES: Counter = "dashop_db_query_failures_total";
    /// Statements sent to the database, beginnings and ends of transactions left out.
    DB_STATEMENTS: Counter = "dashop_db_statements_total";
    /// How long it took to have a connection of the pool.
    DB_POOL_WAIT: Seconds = "dashop_db_pool_wait_seconds";
    /// Database connections, by pool and state: in use or idle.
    DB_POOL_CONNECTIONS: Gauge = "dashop_db_pool_connections";
    /// The most database connections, by pool.
    DB_POOL_MAX: Gauge = "dashop_db_pool_connections_max";
    /// Calls that wait for a database connection, by pool.
    DB_POOL_WAITING: Gauge = "dashop_db_pool_waiting";
    /// Whether the database answered when it was asked last.
    DB_UP: Gauge = "dashop_db_up";

    /// How long operations on the carts in Redis took, by operation and outcome.
    REDIS_CALL: Seconds = "dashop_redis_call_duration_seconds";
    /// Whether Redis answered when it was asked last; only where carts are there.
    REDIS_UP: Gauge = "dashop_redis_up";

    /// Rows that wait, by queue; no more than 10001 are counted.
    BACKLOG_ROWS: Gauge = "dashop_backlog_rows";
    /// How long the oldest row of a queue waits, or is overdue.
    BACKLOG_OLDEST: Gauge = "dashop_backlog_oldest_seconds";
    /// When the backlogs were looked up last.
    BACKLOG_SEEN: Gauge = "dashop_backlog_seen_timestamp_seconds";
    /// Rows that this process parked because they cannot be read.
    PARKED_ROWS: Counter = "dashop_parked_rows_total";

    /// Passes of background jobs, by job and outcome.
    JOB_PASSES: Counter = "dashop_job_passes_total";
    /// How long passes of background jobs took, by job.
    JOB_DURATION: Seconds = "dashop_job_pass_duration_seconds";
    /// How long ago a pass of a job succeeded last, or the job was started.
    JOB_SINCE_SUCCESS: Gauge = "dashop_job_seconds_since_success";
    /// Whether a job has not succeeded for longer than DASHOP_JOBS_STALLED_AFTER.
    JOB_STALLED: Gauge = "dashop_job_stalled";

    /// Differences that the last audit of this process found; nothing before the first one.
    AUDIT_DIFFERENCES: Gauge = "dashop_audit_differences";
    /// Orders that it looked at.
    AUDIT_ORDERS: Gauge = "dashop_audit_orders";
    /// How long it took, in seconds.
    AUDIT_DURATION: Gauge = "dashop_audit_duration_seconds";
    /// When it ended, in seconds since 1970.
    AUDIT_FINISHED: Gauge = "dashop_audit_finished_timestamp_seconds";

    /// Events handed to webhook endpoints, by endpoint and outcome.
    WEBHOOKS: Seconds = "dashop_webhook_duration_seconds";
    /// Whether a webhook endpoint is paused because it failed for long, by endpoint.
    WEBHOOK_PAUSED: Gauge = "dashop_webhook_paused";
    /// For how long all attempts to deliver to a webhook endpoint failed, by endpoint; 0 if the last one succeeded.
    WEBHOOK_FAILING: Gauge = "dashop_webhook_failing_seconds";

    /// Always 1; its labels say which program runs.
    BUILD_INFO: Gauge = "dashop_build_info";
    /// Processor time that the process used, in whole seconds.
    PROCESS_CPU: Counter = "process_cpu_seconds_total";
    /// Memory of the process that is resident.
    PROCESS_MEMORY: Gauge = "process_resident_memory_bytes";
    /// Files that the process has open.
    PROCESS_FDS: Gauge = "process_open_fds";
    /// Files that the process may have open.
    PROCESS_MAX_FDS: Gauge = "process_max_fds";
    /// Threads of the process.
    PROCESS_THREADS: Gauge = "process_threads";
    /// When the process was started, in seconds since 1970.
    PROCESS_START: Gauge = "process_start_time_seconds";
}
