-- Several webhook endpoints, each with events and their state to itself, a delivery log, and the trace of what caused an
-- event. The first endpoint's state stays in dashop_outbox, where programs of the release before keep it.

-- W3C's traceparent of the request that caused the event.
ALTER TABLE dashop_outbox ADD COLUMN traceparent VARCHAR(55);

-- When the event was given to the endpoints beside the first one.
ALTER TABLE dashop_outbox ADD COLUMN distributed_at TEXT;
CREATE INDEX dashop_outbox_undistributed ON dashop_outbox (at) WHERE distributed_at IS NULL;

-- Events on their way to the endpoints beside the first one, one row an event and endpoint; the columns are those of
-- dashop_outbox.
CREATE TABLE dashop_webhook_delivery (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    endpoint VARCHAR(32) NOT NULL,
    order_id VARCHAR(64) NOT NULL,
    kind VARCHAR(24) NOT NULL,
    from_status SMALLINT,
    to_status SMALLINT NOT NULL,
    amount TEXT,
    actor VARCHAR(10) NOT NULL,
    reason VARCHAR(200) NOT NULL,
    at TEXT NOT NULL,
    event_id VARCHAR(36),
    traceparent VARCHAR(55),
    due_at TEXT,
    due_attempts INTEGER NOT NULL DEFAULT 0,
    delivered_at TEXT
);
CREATE UNIQUE INDEX dashop_webhook_delivery_once ON dashop_webhook_delivery (endpoint, event_id);
CREATE INDEX dashop_webhook_delivery_due ON dashop_webhook_delivery (endpoint, due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX dashop_webhook_delivery_of_order ON dashop_webhook_delivery (endpoint, order_id, id);
CREATE INDEX dashop_webhook_delivery_by_time ON dashop_webhook_delivery (endpoint, at);
CREATE INDEX dashop_webhook_delivery_delivered ON dashop_webhook_delivery (delivered_at, at);

-- The endpoints of the settings, and how they do.
CREATE TABLE dashop_webhook_endpoint (
    name VARCHAR(32) NOT NULL PRIMARY KEY,
    registered_at TEXT NOT NULL,
    seen_at TEXT NOT NULL,
    paused_at TEXT,
    failing_since TEXT,
    last_failure_at TEXT,
    last_success_at TEXT
);

-- The delivery log: one row an attempt.
CREATE TABLE dashop_webhook_attempt (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    endpoint VARCHAR(32) NOT NULL,
    event_id VARCHAR(40) NOT NULL,
    order_id VARCHAR(64) NOT NULL,
    kind VARCHAR(24) NOT NULL,
    at TEXT NOT NULL,
    took_ms INTEGER NOT NULL,
    outcome VARCHAR(16) NOT NULL,
    http_status SMALLINT
);
CREATE INDEX dashop_webhook_attempt_of_endpoint ON dashop_webhook_attempt (endpoint, id);
CREATE INDEX dashop_webhook_attempt_of_order ON dashop_webhook_attempt (order_id, id);
CREATE INDEX dashop_webhook_attempt_by_time ON dashop_webhook_attempt (at);
