-- Attempts to pay an order: each is one out_trade_no at Alipay. The first one has the order's number itself, and a row only
-- once there are others. Repeatable, as the migrations before.
CREATE TABLE IF NOT EXISTS dashop_payment_attempt (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    out_trade_no VARCHAR(64) NOT NULL UNIQUE,
    order_id VARCHAR(64) NOT NULL,
    channel VARCHAR(16) NOT NULL DEFAULT 'alipay',
    product VARCHAR(16) NOT NULL,
    amount DECIMAL(10, 2) NOT NULL,
    state VARCHAR(16) NOT NULL,
    opened_at DATETIME(6) NOT NULL,
    closed_at DATETIME(6),
    paid_at DATETIME(6),
    INDEX dashop_payment_attempt_of_order (order_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
