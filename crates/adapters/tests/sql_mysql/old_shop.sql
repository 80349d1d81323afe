-- The old shop's database as its own back end made it (the "Stored data" of the contract), with rows as it wrote them.

CREATE TABLE user_profile (
    id int AUTO_INCREMENT PRIMARY KEY, created_time datetime(6) NOT NULL, updated_time datetime(6) NOT NULL,
    username varchar(11) NOT NULL UNIQUE, password varchar(32) NOT NULL, email varchar(50), phone varchar(11),
    isActive tinyint(1) NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb3 COLLATE = utf8mb3_general_ci;

CREATE TABLE address (
    id int AUTO_INCREMENT PRIMARY KEY, created_time datetime(6) NOT NULL, updated_time datetime(6) NOT NULL,
    receiver varchar(10), address varchar(100), default_address tinyint(1) NOT NULL, is_alive tinyint(1) NOT NULL,
    postcode varchar(7), receiver_mobile varchar(11), tag varchar(10), uid_id int NOT NULL,
    CONSTRAINT address_uid FOREIGN KEY (uid_id) REFERENCES user_profile (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb3 COLLATE = utf8mb3_general_ci;

CREATE TABLE DDSC_GOODS_CATALOG (
    id int AUTO_INCREMENT PRIMARY KEY, create_time datetime(6) NOT NULL, update_time datetime(6) NOT NULL,
    name varchar(10) NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb3 COLLATE = utf8mb3_general_ci;

CREATE TABLE DDSC_BRAND (
    id int AUTO_INCREMENT PRIMARY KEY, create_time datetime(6) NOT NULL, update_time datetime(6) NOT NULL,
    name varchar(20) NOT NULL, logo varchar(100), first_letter varchar(1)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb3 COLLATE = utf8mb3_general_ci;

CREATE TABLE DDSC_SPU (
    id int AUTO_INCREMENT PRIMARY KEY, create_time datetime(6) NOT NULL, update_time datetime(6) NOT NULL,
    name varchar(50) NOT NULL, sales int NOT NULL, comments int NOT NULL, brand_id int NOT NULL, catalog_id int NOT NULL,
    CONSTRAINT spu_brand FOREIGN KEY (brand_id) REFERENCES DDSC_BRAND (id),
    CONSTRAINT spu_catalog FOREIGN KEY (catalog_id) REFERENCES DDSC_GOODS_CATALOG (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb3 COLLATE = utf8mb3_general_ci;

CREATE TABLE DDSC_SKU (
    id int AUTO_INCREMENT PRIMARY KEY, create_time datetime(6) NOT NULL, update_time datetime(6) NOT NULL,
    name varchar(50) NOT NULL, caption varchar(100), price decimal(10,2) NOT NULL, cost_price decimal(10,2) NOT NULL,
    market_price decimal(10,2) NOT NULL, stock int NOT NULL, sales int NOT NULL, comments int NOT NULL,
    is_launched tinyint(1) NOT NULL, default_image_url varchar(100), version int NOT NULL, SPU_ID_id int NOT NULL,
    CONSTRAINT sku_spu FOREIGN KEY (SPU_ID_id) REFERENCES DDSC_SPU (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb3 COLLATE = utf8mb3_general_ci;

CREATE TABLE DDSC_SPU_SALE_ATTR (
    id int AUTO_INCREMENT PRIMARY KEY, create_time datetime(6) NOT NULL, update_time datetime(6) NOT NULL,
    sale_attr_name varchar(20) NOT NULL, SPU_id_id int NOT NULL,
    CONSTRAINT attr_spu FOREIGN KEY (SPU_id_id) REFERENCES DDSC_SPU (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb3 COLLATE = utf8mb3_general_ci;

CREATE TABLE DDSC_SALE_ATTR_VALUE (
    id int AUTO_INCREMENT PRIMARY KEY, create_time datetime(6) NOT NULL, update_time datetime(6) NOT NULL,
    sale_attr_value_name varchar(20) NOT NULL, sale_attr_id_id int NOT NULL, sku_id int NOT NULL,
    CONSTRAINT value_attr FOREIGN KEY (sale_attr_id_id) REFERENCES DDSC_SPU_SALE_ATTR (id),
    CONSTRAINT value_sku FOREIGN KEY (sku_id) REFERENCES DDSC_SKU (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb3 COLLATE = utf8mb3_general_ci;

CREATE TABLE tb_order_info (
    order_id varchar(64) PRIMARY KEY, created_time datetime(6) NOT NULL, updated_time datetime(6) NOT NULL,
    total_count int NOT NULL, total_amount decimal(10,2) NOT NULL, freight decimal(10,2) NOT NULL,
    pay_method smallint NOT NULL, status smallint NOT NULL, address_id int NOT NULL, user_id int NOT NULL,
    CONSTRAINT order_address FOREIGN KEY (address_id) REFERENCES address (id),
    CONSTRAINT order_user FOREIGN KEY (user_id) REFERENCES user_profile (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb3 COLLATE = utf8mb3_general_ci;

CREATE TABLE tb_order_goods (
    id int AUTO_INCREMENT PRIMARY KEY, created_time datetime(6) NOT NULL, updated_time datetime(6) NOT NULL,
    count int NOT NULL, price decimal(10,2) NOT NULL, order_id varchar(64) NOT NULL, sku_id int NOT NULL,
    CONSTRAINT goods_order FOREIGN KEY (order_id) REFERENCES tb_order_info (order_id),
    CONSTRAINT goods_sku FOREIGN KEY (sku_id) REFERENCES DDSC_SKU (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb3 COLLATE = utf8mb3_general_ci;

INSERT INTO user_profile VALUES
    (4, '2019-11-01 10:00:00.123456', '2019-11-01 10:00:00', 'Guagua', 'e10adc3949ba59abbe56e057f20f883e', NULL, NULL, 1),
    (5, '2019-11-01 10:00:00', '2019-11-01 10:00:00', '习瓜瓜', 'e10adc3949ba59abbe56e057f20f883e', '', '', 1);
INSERT INTO address VALUES
    (7, '2019-11-01 10:00:00', '2019-11-01 10:00:00', '习瓜瓜', '北京市东城区', 0, 1, NULL, '13691433520', NULL, 4),
    (8, '2019-11-01 10:00:00', '2019-11-01 10:00:00', '旧收货人', '搬走前的地址', 1, 0, '100000', '13691433520', '家', 4),
    (9, '2019-11-01 10:00:00', '2019-11-01 10:00:00', NULL, NULL, 1, 1, NULL, NULL, '', 5);
INSERT INTO DDSC_GOODS_CATALOG VALUES (1, '2019-11-01 10:00:00', '2019-11-01 10:00:00', '女装');
INSERT INTO DDSC_BRAND VALUES (1, '2019-11-01 10:00:00', '2019-11-01 10:00:00', '红袖', NULL, 'H');
INSERT INTO DDSC_SPU VALUES (1, '2019-11-01 10:00:00', '2019-11-01 10:00:00', '红袖添香', 0, 0, 1, 1);
INSERT INTO DDSC_SKU VALUES
    (4, '2019-11-01 10:00:00', '2019-11-01 10:00:00', '红袖添香', NULL, 209.00, 100.00, 300.00, 10, 3, 0, 1, NULL, 3, 1),
    (5, '2019-11-01 10:00:00', '2019-11-01 10:00:00', '卖超了', '', 1.50, 1.00, 2.00, -2, 12, 0, 1, 'x.jpg', 9, 1);
INSERT INTO DDSC_SPU_SALE_ATTR VALUES
    (1, '2019-11-01 10:00:00', '2019-11-01 10:00:00', '颜色', 1), (2, '2019-11-01 10:00:00', '2019-11-01 10:00:00', '尺寸', 1);
INSERT INTO DDSC_SALE_ATTR_VALUE VALUES
    (1, '2019-11-01 10:00:00', '2019-11-01 10:00:00', '红色', 1, 4), (2, '2019-11-01 10:00:00', '2019-11-01 10:00:00', '18寸', 2, 4);
INSERT INTO tb_order_info VALUES
    ('2019111821363404', '2019-11-18 21:36:34.120000', '2019-11-18 21:36:34', 1, 219.00, 10.00, 1, 3, 8, 4),
    ('2019111821363504', '2019-11-18 21:36:35', '2019-11-18 21:36:35', 0, 10.00, 10.00, 1, 1, 7, 4),
    ('2019111821363405', '2019-11-18 21:36:34', '2019-11-18 21:36:34', 3, 323.91, 10.00, 1, 2, 9, 5);
INSERT INTO tb_order_goods (created_time, updated_time, count, price, order_id, sku_id) VALUES
    ('2019-11-18 21:36:34', '2019-11-18 21:36:34', 1, 209.00, '2019111821363404', 4),
    ('2019-11-18 21:36:34', '2019-11-18 21:36:34', 3, 104.00, '2019111821363405', 5);
