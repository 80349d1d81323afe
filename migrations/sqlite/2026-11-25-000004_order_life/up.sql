-- What an order goes through after it was placed: deadlines, shipment, refunds, and the news of it.

-- When the order must be looked at of its own accord, and how often that was done in vain.
ALTER TABLE tb_order_info ADD COLUMN due_at TEXT;
ALTER TABLE tb_order_info ADD COLUMN due_attempts INTEGER NOT NULL DEFAULT 0;
-- How it was sent.
ALTER TABLE tb_order_info ADD COLUMN carrier VARCHAR(32);
ALTER TABLE tb_order_info ADD COLUMN tracking_number VARCHAR(64);
ALTER TABLE tb_order_info ADD COLUMN shipped_at TEXT;
-- What of its payment went back.
ALTER TABLE tb_order_info ADD COLUMN refunded_amount TEXT NOT NULL DEFAULT '0.00';
-- What keeps a second click from becoming a second order.
ALTER TABLE tb_order_info ADD COLUMN repeat_guard VARCHAR(40);
CREATE UNIQUE INDEX dashop_order_repeat_guard ON tb_order_info (repeat_guard) WHERE repeat_guard IS NOT NULL;
CREATE INDEX dashop_order_due ON tb_order_info (due_at) WHERE due_at IS NOT NULL;
-- The shop's people look for orders by status, newest first: order numbers begin with the time.
CREATE INDEX dashop_order_of_status ON tb_order_info (status, order_id);

ALTER TABLE dashop_order_timeline ADD COLUMN actor_name VARCHAR(64);
ALTER TABLE dashop_order_timeline ADD COLUMN request_id VARCHAR(64);

CREATE INDEX dashop_payment_by_time ON dashop_payment (paid_at);

-- Every refund that was asked for, or that Alipay told of. Restock is JSON: [[4,1],…], SKU and pieces.
CREATE TABLE dashop_refund (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    out_request_no VARCHAR(64) NOT NULL UNIQUE,
    out_trade_no VARCHAR(64) NOT NULL,
    trade_no VARCHAR(64) NOT NULL,
    amount TEXT NOT NULL,
    reason VARCHAR(200) NOT NULL,
    kind VARCHAR(16) NOT NULL,
    status VARCHAR(16) NOT NULL,
    restock TEXT NOT NULL,
    actor VARCHAR(10) NOT NULL,
    actor_name VARCHAR(64),
    request_id VARCHAR(64),
    requested_at TEXT NOT NULL,
    finished_at TEXT,
    failure VARCHAR(200),
    due_at TEXT,
    due_attempts INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX dashop_refund_of_order ON dashop_refund (out_trade_no);
CREATE INDEX dashop_refund_due ON dashop_refund (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX dashop_refund_by_time ON dashop_refund (finished_at);

-- Where an order's pieces went after it was placed. The key makes a second return impossible.
CREATE TABLE dashop_stock_move (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    order_id VARCHAR(64) NOT NULL,
    sku_id INTEGER NOT NULL,
    kind VARCHAR(80) NOT NULL,
    pieces INTEGER NOT NULL,
    at TEXT NOT NULL,
    UNIQUE (order_id, sku_id, kind)
);

-- News of orders, to be told to the shop's other programs in their order.
CREATE TABLE dashop_outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    order_id VARCHAR(64) NOT NULL,
    kind VARCHAR(24) NOT NULL,
    from_status SMALLINT,
    to_status SMALLINT NOT NULL,
    amount TEXT,
    actor VARCHAR(10) NOT NULL,
    reason VARCHAR(200) NOT NULL,
    at TEXT NOT NULL,
    due_at TEXT,
    due_attempts INTEGER NOT NULL DEFAULT 0,
    delivered_at TEXT
);
CREATE INDEX dashop_outbox_due ON dashop_outbox (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX dashop_outbox_of_order ON dashop_outbox (order_id, id);
CREATE INDEX dashop_outbox_delivered ON dashop_outbox (delivered_at);

-- What a comparison with Alipay's bill of a day found.
CREATE TABLE dashop_difference (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    bill_date VARCHAR(10) NOT NULL,
    kind VARCHAR(24) NOT NULL,
    trade_no VARCHAR(64) NOT NULL,
    out_trade_no VARCHAR(64) NOT NULL,
    out_request_no VARCHAR(64),
    ours VARCHAR(64),
    theirs VARCHAR(64),
    repair VARCHAR(200),
    found_at TEXT NOT NULL
);
CREATE INDEX dashop_difference_of_day ON dashop_difference (bill_date);
