-- What is changed of an order after it was placed, beside its status: what it costs, and where it goes. Repeatable, as the
-- migrations before. Old programs write and read orders as before: total_amount is what the buyer pays.

-- By how much staff lowered the total, which is goods and freight less this; how often amount or address was changed.
SET @step = IF(
    EXISTS (SELECT 1 FROM information_schema.columns
        WHERE table_schema = DATABASE() AND table_name = 'tb_order_info' AND column_name = 'discount'),
    'DO 0',
    'ALTER TABLE tb_order_info
        ADD COLUMN discount DECIMAL(10, 2) NOT NULL DEFAULT 0.00,
        ADD COLUMN amendments INT NOT NULL DEFAULT 0'
);
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;

-- Each change with what was before: two amounts, or an old address.
CREATE TABLE IF NOT EXISTS dashop_order_amendment (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    order_id VARCHAR(64) NOT NULL,
    kind VARCHAR(16) NOT NULL,
    status SMALLINT NOT NULL,
    amount_before DECIMAL(10, 2),
    amount_after DECIMAL(10, 2),
    old_title VARCHAR(64),
    old_receiver VARCHAR(64),
    old_mobile VARCHAR(32),
    old_street VARCHAR(255),
    actor VARCHAR(10) NOT NULL,
    actor_name VARCHAR(64),
    request_id VARCHAR(64),
    reason VARCHAR(200) NOT NULL,
    at DATETIME(6) NOT NULL,
    INDEX dashop_amendment_of_order (order_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
