-- Several webhook endpoints, each with events and their state to itself, a delivery log, and the trace of what caused an
-- event. The first endpoint's state stays in dashop_outbox, where programs of the release before keep it. Repeatable, as the
-- migrations before.

-- W3C's traceparent of the request that caused the event.
SET @step = IF(
    EXISTS (SELECT 1 FROM information_schema.columns
        WHERE table_schema = DATABASE() AND table_name = 'dashop_outbox' AND column_name = 'traceparent'),
    'DO 0',
    'ALTER TABLE dashop_outbox ADD COLUMN traceparent VARCHAR(55) CHARACTER SET ascii COLLATE ascii_bin'
);
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;

-- When the event was given to the endpoints beside the first one.
SET @step = IF(
    EXISTS (SELECT 1 FROM information_schema.columns
        WHERE table_schema = DATABASE() AND table_name = 'dashop_outbox' AND column_name = 'distributed_at'),
    'DO 0',
    'ALTER TABLE dashop_outbox ADD COLUMN distributed_at DATETIME(6)'
);
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;

SET @step = IF(
    EXISTS (SELECT 1 FROM information_schema.statistics
        WHERE table_schema = DATABASE() AND table_name = 'dashop_outbox'
            AND index_name = 'dashop_outbox_undistributed'),
    'DO 0',
    'ALTER TABLE dashop_outbox ADD INDEX dashop_outbox_undistributed (distributed_at, at)'
);
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;

-- Events on their way to the endpoints beside the first one, one row an event and endpoint; the columns are those of
-- dashop_outbox.
CREATE TABLE IF NOT EXISTS dashop_webhook_delivery (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    endpoint VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    order_id VARCHAR(64) NOT NULL,
    kind VARCHAR(24) NOT NULL,
    from_status SMALLINT,
    to_status SMALLINT NOT NULL,
    amount DECIMAL(10, 2),
    actor VARCHAR(10) NOT NULL,
    reason VARCHAR(200) NOT NULL,
    at DATETIME(6) NOT NULL,
    event_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin,
    traceparent VARCHAR(55) CHARACTER SET ascii COLLATE ascii_bin,
    due_at DATETIME(6),
    due_attempts INT NOT NULL DEFAULT 0,
    delivered_at DATETIME(6),
    UNIQUE INDEX dashop_webhook_delivery_once (endpoint, event_id),
    INDEX dashop_webhook_delivery_due (endpoint, due_at, id),
    INDEX dashop_webhook_delivery_of_order (endpoint, order_id, id),
    INDEX dashop_webhook_delivery_by_time (endpoint, at),
    INDEX dashop_webhook_delivery_delivered (delivered_at, at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- The endpoints of the settings, and how they do.
CREATE TABLE IF NOT EXISTS dashop_webhook_endpoint (
    name VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    registered_at DATETIME(6) NOT NULL,
    seen_at DATETIME(6) NOT NULL,
    paused_at DATETIME(6),
    failing_since DATETIME(6),
    last_failure_at DATETIME(6),
    last_success_at DATETIME(6)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- The delivery log: one row an attempt.
CREATE TABLE IF NOT EXISTS dashop_webhook_attempt (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    endpoint VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    event_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    order_id VARCHAR(64) NOT NULL,
    kind VARCHAR(24) NOT NULL,
    at DATETIME(6) NOT NULL,
    took_ms INT NOT NULL,
    outcome VARCHAR(16) NOT NULL,
    http_status SMALLINT,
    INDEX dashop_webhook_attempt_of_endpoint (endpoint, id),
    INDEX dashop_webhook_attempt_of_order (order_id, id),
    INDEX dashop_webhook_attempt_by_time (at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
