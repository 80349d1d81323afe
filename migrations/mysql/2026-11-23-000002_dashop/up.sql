-- What dashop adds to the old shop's tables: columns that old writers need not name, new tables, and indexes.
--
-- MySQL cannot take a schema change back, so a run that was cut off is repeated from the start: each step here does
-- nothing where it was done. MySQL 8 has no ADD COLUMN IF NOT EXISTS; the catalogue is asked instead. All that one
-- table gets is one ALTER TABLE, which happens wholly or not at all.

-- The address as it was when the order was placed, NULL in orders of the old back end; until when it must be paid.
SET @step = IF(
    EXISTS (SELECT 1 FROM information_schema.columns
        WHERE table_schema = DATABASE() AND table_name = 'tb_order_info' AND column_name = 'expire_at'),
    'DO 0',
    'ALTER TABLE tb_order_info
        ADD COLUMN ship_title VARCHAR(64) CHARACTER SET utf8mb4,
        ADD COLUMN ship_receiver VARCHAR(64) CHARACTER SET utf8mb4,
        ADD COLUMN ship_mobile VARCHAR(32) CHARACTER SET utf8mb4,
        ADD COLUMN ship_address VARCHAR(255) CHARACTER SET utf8mb4,
        ADD COLUMN expire_at DATETIME(6),
        ADD INDEX dashop_order_of_user (user_id, created_time, order_id),
        ADD INDEX dashop_order_of_user_status (user_id, status, created_time, order_id)'
);
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;

-- The SKU as it was bought; NULL in lines of the old back end. Attributes are JSON: [["颜色","红色"],…].
SET @step = IF(
    EXISTS (SELECT 1 FROM information_schema.columns
        WHERE table_schema = DATABASE() AND table_name = 'tb_order_goods' AND column_name = 'sku_sale_attrs'),
    'DO 0',
    'ALTER TABLE tb_order_goods
        ADD COLUMN sku_name VARCHAR(255) CHARACTER SET utf8mb4,
        ADD COLUMN sku_image_url VARCHAR(255) CHARACTER SET utf8mb4,
        ADD COLUMN sku_sale_attrs TEXT CHARACTER SET utf8mb4'
);
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;

-- Foreign keys bring these indexes along; a shop without the foreign keys gets them here.
SET @step = IF(
    EXISTS (SELECT 1 FROM information_schema.statistics
        WHERE table_schema = DATABASE() AND table_name = 'tb_order_goods' AND column_name = 'order_id' AND seq_in_index = 1),
    'DO 0',
    'ALTER TABLE tb_order_goods ADD INDEX dashop_goods_of_order (order_id)'
);
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;

SET @step = IF(
    EXISTS (SELECT 1 FROM information_schema.statistics
        WHERE table_schema = DATABASE() AND table_name = 'address' AND column_name = 'uid_id' AND seq_in_index = 1),
    'DO 0',
    'ALTER TABLE address ADD INDEX dashop_address_of_user (uid_id)'
);
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;

SET @step = IF(
    EXISTS (SELECT 1 FROM information_schema.statistics
        WHERE table_schema = DATABASE() AND table_name = 'DDSC_SALE_ATTR_VALUE' AND column_name = 'sku_id'
        AND seq_in_index = 1),
    'DO 0',
    'ALTER TABLE DDSC_SALE_ATTR_VALUE ADD INDEX dashop_attr_of_sku (sku_id)'
);
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;

-- Keys and words compare letter for letter; nothing here refers to the old tables, whose collation may be another.

-- Every change of an order's status.
CREATE TABLE IF NOT EXISTS dashop_order_timeline (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    order_id VARCHAR(64) NOT NULL,
    from_status SMALLINT NOT NULL,
    to_status SMALLINT NOT NULL,
    actor VARCHAR(10) NOT NULL,
    reason VARCHAR(200) NOT NULL,
    at DATETIME(6) NOT NULL,
    INDEX dashop_timeline_of_order (order_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- Every payment that Alipay proved, for whichever order number it was.
CREATE TABLE IF NOT EXISTS dashop_payment (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    trade_no VARCHAR(64) NOT NULL UNIQUE,
    out_trade_no VARCHAR(64) NOT NULL,
    trade_status VARCHAR(32) NOT NULL,
    total_amount DECIMAL(10, 2) NOT NULL,
    refunded DECIMAL(10, 2) NOT NULL,
    buyer VARCHAR(128),
    paid_at DATETIME(6),
    status VARCHAR(16) NOT NULL,
    source VARCHAR(16) NOT NULL,
    recorded_at DATETIME(6) NOT NULL,
    INDEX dashop_payment_of_order (out_trade_no)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- The direct buy that each user previewed last.
CREATE TABLE IF NOT EXISTS dashop_direct_buy (
    user_id INT NOT NULL PRIMARY KEY,
    sku_id INT NOT NULL,
    quantity INT NOT NULL,
    previewed_at DATETIME(6) NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- Which order came of which idempotency key.
CREATE TABLE IF NOT EXISTS dashop_idempotency (
    user_id INT NOT NULL,
    idempotency_key VARCHAR(128) NOT NULL,
    digest VARCHAR(128) NOT NULL,
    order_id VARCHAR(64) NOT NULL,
    created_at DATETIME(6) NOT NULL,
    PRIMARY KEY (user_id, idempotency_key)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- Ordered lines that must still leave carts outside this database. Lines are JSON: [[4,"<stored value>"],…].
CREATE TABLE IF NOT EXISTS dashop_cart_removal (
    order_id VARCHAR(64) NOT NULL PRIMARY KEY,
    user_id INT NOT NULL,
    `lines` MEDIUMTEXT NOT NULL,
    recorded_at DATETIME(6) NOT NULL,
    INDEX dashop_cart_removal_by_age (recorded_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- Carts of a shop without Redis, with the values that Redis would hold: {"count": 2, "selected": 1}. Byte for byte:
-- text would compare equal with blanks after it.
CREATE TABLE IF NOT EXISTS dashop_cart_line (
    user_id INT NOT NULL,
    sku_id INT NOT NULL,
    value VARBINARY(255) NOT NULL,
    PRIMARY KEY (user_id, sku_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
