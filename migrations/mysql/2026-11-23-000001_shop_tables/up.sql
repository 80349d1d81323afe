-- The old shop's tables, as far as an order needs them, with its own names; on its own database nothing happens here.
-- Times are Asia/Shanghai.

CREATE TABLE IF NOT EXISTS user_profile (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    created_time DATETIME(6) NOT NULL,
    updated_time DATETIME(6) NOT NULL,
    username VARCHAR(11) NOT NULL UNIQUE,
    password VARCHAR(32) NOT NULL,
    email VARCHAR(50),
    phone VARCHAR(11),
    isActive TINYINT(1) NOT NULL DEFAULT 1
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE IF NOT EXISTS address (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    created_time DATETIME(6) NOT NULL,
    updated_time DATETIME(6) NOT NULL,
    receiver VARCHAR(10) NOT NULL,
    address VARCHAR(100) NOT NULL,
    default_address TINYINT(1) NOT NULL DEFAULT 0,
    is_alive TINYINT(1) NOT NULL DEFAULT 1,
    postcode VARCHAR(7),
    receiver_mobile VARCHAR(11) NOT NULL,
    tag VARCHAR(10),
    uid_id INT NOT NULL,
    FOREIGN KEY (uid_id) REFERENCES user_profile (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE IF NOT EXISTS DDSC_GOODS_CATALOG (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    create_time DATETIME(6) NOT NULL,
    update_time DATETIME(6) NOT NULL,
    name VARCHAR(10) NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE IF NOT EXISTS DDSC_BRAND (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    create_time DATETIME(6) NOT NULL,
    update_time DATETIME(6) NOT NULL,
    name VARCHAR(20) NOT NULL,
    logo VARCHAR(100),
    first_letter VARCHAR(1)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE IF NOT EXISTS DDSC_SPU (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    create_time DATETIME(6) NOT NULL,
    update_time DATETIME(6) NOT NULL,
    name VARCHAR(50) NOT NULL,
    sales INT NOT NULL DEFAULT 0,
    comments INT NOT NULL DEFAULT 0,
    brand_id INT NOT NULL,
    catalog_id INT NOT NULL,
    FOREIGN KEY (brand_id) REFERENCES DDSC_BRAND (id),
    FOREIGN KEY (catalog_id) REFERENCES DDSC_GOODS_CATALOG (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE IF NOT EXISTS DDSC_SKU (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    create_time DATETIME(6) NOT NULL,
    update_time DATETIME(6) NOT NULL,
    name VARCHAR(50) NOT NULL,
    caption VARCHAR(100),
    price DECIMAL(10, 2) NOT NULL,
    cost_price DECIMAL(10, 2),
    market_price DECIMAL(10, 2),
    stock INT NOT NULL DEFAULT 0,
    sales INT NOT NULL DEFAULT 0,
    comments INT NOT NULL DEFAULT 0,
    is_launched TINYINT(1) NOT NULL DEFAULT 1,
    default_image_url VARCHAR(100),
    version INT NOT NULL DEFAULT 0,
    SPU_ID_id INT NOT NULL,
    FOREIGN KEY (SPU_ID_id) REFERENCES DDSC_SPU (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE IF NOT EXISTS DDSC_SPU_SALE_ATTR (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    create_time DATETIME(6) NOT NULL,
    update_time DATETIME(6) NOT NULL,
    sale_attr_name VARCHAR(20) NOT NULL,
    SPU_id_id INT NOT NULL,
    FOREIGN KEY (SPU_id_id) REFERENCES DDSC_SPU (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE IF NOT EXISTS DDSC_SALE_ATTR_VALUE (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    create_time DATETIME(6) NOT NULL,
    update_time DATETIME(6) NOT NULL,
    sale_attr_value_name VARCHAR(20) NOT NULL,
    sale_attr_id_id INT NOT NULL,
    sku_id INT NOT NULL,
    FOREIGN KEY (sale_attr_id_id) REFERENCES DDSC_SPU_SALE_ATTR (id),
    FOREIGN KEY (sku_id) REFERENCES DDSC_SKU (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE IF NOT EXISTS tb_order_info (
    order_id VARCHAR(64) NOT NULL PRIMARY KEY,
    created_time DATETIME(6) NOT NULL,
    updated_time DATETIME(6) NOT NULL,
    total_count INT NOT NULL DEFAULT 1,
    total_amount DECIMAL(10, 2) NOT NULL,
    freight DECIMAL(10, 2) NOT NULL,
    pay_method SMALLINT NOT NULL DEFAULT 1,
    status SMALLINT NOT NULL DEFAULT 1,
    address_id INT NOT NULL,
    user_id INT NOT NULL,
    FOREIGN KEY (address_id) REFERENCES address (id),
    FOREIGN KEY (user_id) REFERENCES user_profile (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE IF NOT EXISTS tb_order_goods (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    created_time DATETIME(6) NOT NULL,
    updated_time DATETIME(6) NOT NULL,
    count INT NOT NULL DEFAULT 1,
    price DECIMAL(10, 2) NOT NULL,
    order_id VARCHAR(64) NOT NULL,
    sku_id INT NOT NULL,
    FOREIGN KEY (order_id) REFERENCES tb_order_info (order_id),
    FOREIGN KEY (sku_id) REFERENCES DDSC_SKU (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
