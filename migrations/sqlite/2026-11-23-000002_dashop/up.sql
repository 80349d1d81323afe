-- What dashop adds to the old shop's tables: columns that old writers need not name, new tables, and indexes.

-- The address as it was when the order was placed; NULL in orders of the old back end.
ALTER TABLE tb_order_info ADD COLUMN ship_title VARCHAR(64);
ALTER TABLE tb_order_info ADD COLUMN ship_receiver VARCHAR(64);
ALTER TABLE tb_order_info ADD COLUMN ship_mobile VARCHAR(32);
ALTER TABLE tb_order_info ADD COLUMN ship_address VARCHAR(255);
-- Until when the order must be paid.
ALTER TABLE tb_order_info ADD COLUMN expire_at TEXT;

-- The SKU as it was bought; NULL in lines of the old back end. Attributes are JSON: [["颜色","红色"],…].
ALTER TABLE tb_order_goods ADD COLUMN sku_name VARCHAR(255);
ALTER TABLE tb_order_goods ADD COLUMN sku_image_url VARCHAR(255);
ALTER TABLE tb_order_goods ADD COLUMN sku_sale_attrs TEXT;

CREATE INDEX dashop_order_of_user ON tb_order_info (user_id, created_time, order_id);
CREATE INDEX dashop_order_of_user_status ON tb_order_info (user_id, status, created_time, order_id);
CREATE INDEX dashop_goods_of_order ON tb_order_goods (order_id);
CREATE INDEX dashop_address_of_user ON address (uid_id);
CREATE INDEX dashop_attr_of_sku ON DDSC_SALE_ATTR_VALUE (sku_id);

-- Every change of an order's status.
CREATE TABLE dashop_order_timeline (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    order_id VARCHAR(64) NOT NULL,
    from_status SMALLINT NOT NULL,
    to_status SMALLINT NOT NULL,
    actor VARCHAR(10) NOT NULL,
    reason VARCHAR(200) NOT NULL,
    at TEXT NOT NULL
);
CREATE INDEX dashop_timeline_of_order ON dashop_order_timeline (order_id);

-- Every payment that Alipay proved, for whichever order number it was.
CREATE TABLE dashop_payment (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    trade_no VARCHAR(64) NOT NULL UNIQUE,
    out_trade_no VARCHAR(64) NOT NULL,
    trade_status VARCHAR(32) NOT NULL,
    total_amount TEXT NOT NULL,
    refunded TEXT NOT NULL,
    buyer VARCHAR(128),
    paid_at TEXT,
    status VARCHAR(16) NOT NULL,
    source VARCHAR(16) NOT NULL,
    recorded_at TEXT NOT NULL
);
CREATE INDEX dashop_payment_of_order ON dashop_payment (out_trade_no);

-- The direct buy that each user previewed last.
CREATE TABLE dashop_direct_buy (
    user_id INTEGER NOT NULL PRIMARY KEY,
    sku_id INTEGER NOT NULL,
    quantity INTEGER NOT NULL,
    previewed_at TEXT NOT NULL
);

-- Which order came of which idempotency key.
CREATE TABLE dashop_idempotency (
    user_id INTEGER NOT NULL,
    idempotency_key VARCHAR(128) NOT NULL,
    digest VARCHAR(128) NOT NULL,
    order_id VARCHAR(64) NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (user_id, idempotency_key)
);

-- Ordered lines that must still leave carts outside this database. Lines are JSON: [[4,"<stored value>"],…].
CREATE TABLE dashop_cart_removal (
    order_id VARCHAR(64) NOT NULL PRIMARY KEY,
    user_id INTEGER NOT NULL,
    lines TEXT NOT NULL,
    recorded_at TEXT NOT NULL
);
CREATE INDEX dashop_cart_removal_by_age ON dashop_cart_removal (recorded_at);

-- Carts of a shop without Redis, with the values that Redis would hold: {"count": 2, "selected": 1}.
CREATE TABLE dashop_cart_line (
    user_id INTEGER NOT NULL,
    sku_id INTEGER NOT NULL,
    value VARCHAR(255) NOT NULL,
    PRIMARY KEY (user_id, sku_id)
);

-- Prices are text with two decimals, so that they can be compared as they are. Whoever edits the embedded database by
-- hand may write 219.5 or 219: it becomes 219.50, 219.00.
CREATE TRIGGER IF NOT EXISTS dashop_sku_price_inserted AFTER INSERT ON DDSC_SKU
WHEN NEW.price <> printf('%.2f', NEW.price)
BEGIN
    UPDATE DDSC_SKU SET price = printf('%.2f', NEW.price) WHERE id = NEW.id;
END;

CREATE TRIGGER IF NOT EXISTS dashop_sku_price_updated AFTER UPDATE OF price ON DDSC_SKU
WHEN NEW.price <> printf('%.2f', NEW.price)
BEGIN
    UPDATE DDSC_SKU SET price = printf('%.2f', NEW.price) WHERE id = NEW.id;
END;
