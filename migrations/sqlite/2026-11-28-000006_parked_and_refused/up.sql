-- Events get ids that never repeat; cart removals that cannot be read are parked; messages that can never be stored are
-- kept.

-- A UUID; NULL in events from before, whose id is that of their row.
ALTER TABLE dashop_outbox ADD COLUMN event_id VARCHAR(36);

-- When the row was found unreadable; no process takes it from then on.
ALTER TABLE dashop_cart_removal ADD COLUMN parked_at TEXT;

-- Verified messages of Alipay's that no table can hold, the last ones. Message is the body as it came, cut to fit.
CREATE TABLE dashop_refused_message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at TEXT NOT NULL,
    reason VARCHAR(200) NOT NULL,
    trade_no VARCHAR(64) NOT NULL,
    out_trade_no VARCHAR(64) NOT NULL,
    message TEXT NOT NULL
);
