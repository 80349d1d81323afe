-- What an order goes through after it was placed: deadlines, shipment, refunds, and the news of it. Repeatable, as the
-- migration before says.

-- When the order must be looked at of its own accord, and how often that was done in vain; how it was sent; what of its
-- payment went back; what keeps a second click from becoming a second order. The shop's people look for orders by status, newest first: order numbers begin with the time, and
-- the index on the status holds them too.
SET @step = IF(
    EXISTS (SELECT 1 FROM information_schema.columns
        WHERE table_schema = DATABASE() AND table_name = 'tb_order_info' AND column_name = 'due_at'),
    'DO 0',
    'ALTER TABLE tb_order_info
        ADD COLUMN due_at DATETIME(6),
        ADD COLUMN due_attempts INT NOT NULL DEFAULT 0,
        ADD COLUMN carrier VARCHAR(32) CHARACTER SET utf8mb4,
        ADD COLUMN tracking_number VARCHAR(64) CHARACTER SET utf8mb4,
        ADD COLUMN shipped_at DATETIME(6),
        ADD COLUMN refunded_amount DECIMAL(10, 2) NOT NULL DEFAULT 0,
        ADD COLUMN repeat_guard VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin,
        ADD UNIQUE INDEX dashop_order_repeat_guard (repeat_guard),
        ADD INDEX dashop_order_due (due_at),
        ADD INDEX dashop_order_of_status (status, order_id)'
);
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;

SET @step = IF(
    EXISTS (SELECT 1 FROM information_schema.columns
        WHERE table_schema = DATABASE() AND table_name = 'dashop_order_timeline' AND column_name = 'request_id'),
    'DO 0',
    'ALTER TABLE dashop_order_timeline
        ADD COLUMN actor_name VARCHAR(64),
        ADD COLUMN request_id VARCHAR(64)'
);
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;

SET @step = IF(
    EXISTS (SELECT 1 FROM information_schema.statistics
        WHERE table_schema = DATABASE() AND table_name = 'dashop_payment' AND index_name = 'dashop_payment_by_time'),
    'DO 0',
    'ALTER TABLE dashop_payment ADD INDEX dashop_payment_by_time (paid_at)'
);
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;

-- Every refund that was asked for, or that Alipay told of. Restock is JSON: [[4,1],…], SKU and pieces.
CREATE TABLE IF NOT EXISTS dashop_refund (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    out_request_no VARCHAR(64) NOT NULL UNIQUE,
    out_trade_no VARCHAR(64) NOT NULL,
    trade_no VARCHAR(64) NOT NULL,
    amount DECIMAL(10, 2) NOT NULL,
    reason VARCHAR(200) NOT NULL,
    kind VARCHAR(16) NOT NULL,
    status VARCHAR(16) NOT NULL,
    restock TEXT NOT NULL,
    actor VARCHAR(10) NOT NULL,
    actor_name VARCHAR(64),
    request_id VARCHAR(64),
    requested_at DATETIME(6) NOT NULL,
    finished_at DATETIME(6),
    failure VARCHAR(200),
    due_at DATETIME(6),
    due_attempts INT NOT NULL DEFAULT 0,
    INDEX dashop_refund_of_order (out_trade_no),
    INDEX dashop_refund_due (due_at),
    INDEX dashop_refund_by_time (finished_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- Where an order's pieces went after it was placed. The key makes a second return impossible.
CREATE TABLE IF NOT EXISTS dashop_stock_move (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    order_id VARCHAR(64) NOT NULL,
    sku_id INT NOT NULL,
    kind VARCHAR(80) NOT NULL,
    pieces INT NOT NULL,
    at DATETIME(6) NOT NULL,
    UNIQUE INDEX dashop_stock_move_once (order_id, sku_id, kind)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- News of orders, to be told to the shop's other programs in their order.
CREATE TABLE IF NOT EXISTS dashop_outbox (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    order_id VARCHAR(64) NOT NULL,
    kind VARCHAR(24) NOT NULL,
    from_status SMALLINT,
    to_status SMALLINT NOT NULL,
    amount DECIMAL(10, 2),
    actor VARCHAR(10) NOT NULL,
    reason VARCHAR(200) NOT NULL,
    at DATETIME(6) NOT NULL,
    due_at DATETIME(6),
    due_attempts INT NOT NULL DEFAULT 0,
    delivered_at DATETIME(6),
    INDEX dashop_outbox_due (due_at, id),
    INDEX dashop_outbox_of_order (order_id, id),
    INDEX dashop_outbox_delivered (delivered_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- What a comparison with Alipay's bill of a day found.
CREATE TABLE IF NOT EXISTS dashop_difference (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    bill_date VARCHAR(10) NOT NULL,
    kind VARCHAR(24) NOT NULL,
    trade_no VARCHAR(64) NOT NULL,
    out_trade_no VARCHAR(64) NOT NULL,
    out_request_no VARCHAR(64),
    ours VARCHAR(64),
    theirs VARCHAR(64),
    repair VARCHAR(200),
    found_at DATETIME(6) NOT NULL,
    INDEX dashop_difference_of_day (bill_date)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
