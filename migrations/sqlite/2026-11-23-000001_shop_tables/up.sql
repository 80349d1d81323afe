-- The old shop's tables, as far as an order needs them, with its own names.
-- Money is text with two decimals, so that it stays exact; times are Asia/Shanghai.

CREATE TABLE IF NOT EXISTS user_profile (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    created_time TEXT NOT NULL,
    updated_time TEXT NOT NULL,
    username VARCHAR(11) NOT NULL UNIQUE,
    password VARCHAR(32) NOT NULL,
    email VARCHAR(50),
    phone VARCHAR(11),
    isActive BOOLEAN NOT NULL DEFAULT TRUE
);

CREATE TABLE IF NOT EXISTS address (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    created_time TEXT NOT NULL,
    updated_time TEXT NOT NULL,
    receiver VARCHAR(10) NOT NULL,
    address VARCHAR(100) NOT NULL,
    default_address BOOLEAN NOT NULL DEFAULT FALSE,
    is_alive BOOLEAN NOT NULL DEFAULT TRUE,
    postcode VARCHAR(7),
    receiver_mobile VARCHAR(11) NOT NULL,
    tag VARCHAR(10),
    uid_id INTEGER NOT NULL REFERENCES user_profile (id)
);

CREATE TABLE IF NOT EXISTS DDSC_GOODS_CATALOG (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    create_time TEXT NOT NULL,
    update_time TEXT NOT NULL,
    name VARCHAR(10) NOT NULL
);

CREATE TABLE IF NOT EXISTS DDSC_BRAND (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    create_time TEXT NOT NULL,
    update_time TEXT NOT NULL,
    name VARCHAR(20) NOT NULL,
    logo VARCHAR(100),
    first_letter VARCHAR(1)
);

CREATE TABLE IF NOT EXISTS DDSC_SPU (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    create_time TEXT NOT NULL,
    update_time TEXT NOT NULL,
    name VARCHAR(50) NOT NULL,
    sales INTEGER NOT NULL DEFAULT 0,
    comments INTEGER NOT NULL DEFAULT 0,
    brand_id INTEGER NOT NULL REFERENCES DDSC_BRAND (id),
    catalog_id INTEGER NOT NULL REFERENCES DDSC_GOODS_CATALOG (id)
);

CREATE TABLE IF NOT EXISTS DDSC_SKU (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    create_time TEXT NOT NULL,
    update_time TEXT NOT NULL,
    name VARCHAR(50) NOT NULL,
    caption VARCHAR(100),
    price TEXT NOT NULL,
    cost_price TEXT,
    market_price TEXT,
    stock INTEGER NOT NULL DEFAULT 0,
    sales INTEGER NOT NULL DEFAULT 0,
    comments INTEGER NOT NULL DEFAULT 0,
    is_launched BOOLEAN NOT NULL DEFAULT TRUE,
    default_image_url VARCHAR(100),
    version INTEGER NOT NULL DEFAULT 0,
    SPU_ID_id INTEGER NOT NULL REFERENCES DDSC_SPU (id)
);

CREATE TABLE IF NOT EXISTS DDSC_SPU_SALE_ATTR (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    create_time TEXT NOT NULL,
    update_time TEXT NOT NULL,
    sale_attr_name VARCHAR(20) NOT NULL,
    SPU_id_id INTEGER NOT NULL REFERENCES DDSC_SPU (id)
);

CREATE TABLE IF NOT EXISTS DDSC_SALE_ATTR_VALUE (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    create_time TEXT NOT NULL,
    update_time TEXT NOT NULL,
    sale_attr_value_name VARCHAR(20) NOT NULL,
    sale_attr_id_id INTEGER NOT NULL REFERENCES DDSC_SPU_SALE_ATTR (id),
    sku_id INTEGER NOT NULL REFERENCES DDSC_SKU (id)
);

CREATE TABLE IF NOT EXISTS tb_order_info (
    order_id VARCHAR(64) NOT NULL PRIMARY KEY,
    created_time TEXT NOT NULL,
    updated_time TEXT NOT NULL,
    total_count INTEGER NOT NULL DEFAULT 1,
    total_amount TEXT NOT NULL,
    freight TEXT NOT NULL,
    pay_method SMALLINT NOT NULL DEFAULT 1,
    status SMALLINT NOT NULL DEFAULT 1,
    address_id INTEGER NOT NULL REFERENCES address (id),
    user_id INTEGER NOT NULL REFERENCES user_profile (id)
);

CREATE TABLE IF NOT EXISTS tb_order_goods (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    created_time TEXT NOT NULL,
    updated_time TEXT NOT NULL,
    count INTEGER NOT NULL DEFAULT 1,
    price TEXT NOT NULL,
    order_id VARCHAR(64) NOT NULL REFERENCES tb_order_info (order_id),
    sku_id INTEGER NOT NULL REFERENCES DDSC_SKU (id)
);
