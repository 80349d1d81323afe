-- Events get ids that never repeat; cart removals that cannot be read are parked; messages that can never be stored are
-- kept. Repeatable, as the migrations before.

-- A UUID; NULL in events from before, whose id is that of their row.
SET @step = IF(
    EXISTS (SELECT 1 FROM information_schema.columns
        WHERE table_schema = DATABASE() AND table_name = 'dashop_outbox' AND column_name = 'event_id'),
    'DO 0',
    'ALTER TABLE dashop_outbox ADD COLUMN event_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin'
);
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;

-- When the row was found unreadable; no process takes it from then on.
SET @step = IF(
    EXISTS (SELECT 1 FROM information_schema.columns
        WHERE table_schema = DATABASE() AND table_name = 'dashop_cart_removal' AND column_name = 'parked_at'),
    'DO 0',
    'ALTER TABLE dashop_cart_removal ADD COLUMN parked_at DATETIME(6)'
);
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;

-- Verified messages of Alipay's that no table can hold, the last ones. Message is the body as it came, cut to fit.
CREATE TABLE IF NOT EXISTS dashop_refused_message (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    received_at DATETIME(6) NOT NULL,
    reason VARCHAR(200) NOT NULL,
    trade_no VARCHAR(64) NOT NULL,
    out_trade_no VARCHAR(64) NOT NULL,
    message TEXT NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
