-- What is changed of an order after it was placed, beside its status: what it costs, and where it goes. Old programs write
-- and read orders as before: total_amount is what the buyer pays.

-- By how much staff lowered the total, which is goods and freight less this; how often amount or address was changed.
ALTER TABLE tb_order_info ADD COLUMN discount TEXT NOT NULL DEFAULT '0.00';
ALTER TABLE tb_order_info ADD COLUMN amendments INTEGER NOT NULL DEFAULT 0;

-- Each change with what was before: two amounts, or an old address.
CREATE TABLE dashop_order_amendment (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    order_id VARCHAR(64) NOT NULL,
    kind VARCHAR(16) NOT NULL,
    status SMALLINT NOT NULL,
    amount_before TEXT,
    amount_after TEXT,
    old_title VARCHAR(64),
    old_receiver VARCHAR(64),
    old_mobile VARCHAR(32),
    old_street VARCHAR(255),
    actor VARCHAR(10) NOT NULL,
    actor_name VARCHAR(64),
    request_id VARCHAR(64),
    reason VARCHAR(200) NOT NULL,
    at TEXT NOT NULL
);
CREATE INDEX dashop_amendment_of_order ON dashop_order_amendment (order_id);
