-- Attempts to pay an order: each is one out_trade_no at Alipay. The first one has the order's number itself, and a row only
-- once there are others.
CREATE TABLE dashop_payment_attempt (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    out_trade_no VARCHAR(64) NOT NULL UNIQUE,
    order_id VARCHAR(64) NOT NULL,
    channel VARCHAR(16) NOT NULL DEFAULT 'alipay',
    product VARCHAR(16) NOT NULL,
    amount TEXT NOT NULL,
    state VARCHAR(16) NOT NULL,
    opened_at TEXT NOT NULL,
    closed_at TEXT,
    paid_at TEXT
);
CREATE INDEX dashop_payment_attempt_of_order ON dashop_payment_attempt (order_id);
