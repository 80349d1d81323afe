-- Where payments were made. The number of a trade is unique within its channel only. SQLite cannot drop the constraint of a
-- column, so that the table is written anew: a million payments take some seconds, and those who write wait as long.
CREATE TABLE dashop_payment_of_channel (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    trade_no VARCHAR(64) NOT NULL,
    out_trade_no VARCHAR(64) NOT NULL,
    trade_status VARCHAR(32) NOT NULL,
    total_amount TEXT NOT NULL,
    refunded TEXT NOT NULL,
    buyer VARCHAR(128),
    paid_at TEXT,
    status VARCHAR(16) NOT NULL,
    source VARCHAR(16) NOT NULL,
    recorded_at TEXT NOT NULL,
    channel VARCHAR(16) NOT NULL DEFAULT 'alipay'
);
INSERT INTO dashop_payment_of_channel (id, trade_no, out_trade_no, trade_status, total_amount, refunded, buyer, paid_at,
    status, source, recorded_at)
SELECT id, trade_no, out_trade_no, trade_status, total_amount, refunded, buyer, paid_at, status, source, recorded_at
FROM dashop_payment;
DROP TABLE dashop_payment;
ALTER TABLE dashop_payment_of_channel RENAME TO dashop_payment;
CREATE UNIQUE INDEX dashop_payment_trade ON dashop_payment (trade_no, channel);
CREATE INDEX dashop_payment_of_order ON dashop_payment (out_trade_no);
CREATE INDEX dashop_payment_by_time ON dashop_payment (paid_at);

ALTER TABLE dashop_refund ADD COLUMN channel VARCHAR(16) NOT NULL DEFAULT 'alipay';
ALTER TABLE dashop_difference ADD COLUMN channel VARCHAR(16) NOT NULL DEFAULT 'alipay';
