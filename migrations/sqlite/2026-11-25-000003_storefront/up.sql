-- What signing in and the shelves need.

-- The Argon2id hash of a password, NULL until its owner signs in for the first time; then it counts instead of the MD5.
ALTER TABLE user_profile ADD COLUMN dashop_password VARCHAR(255);

CREATE INDEX dashop_spu_of_catalog ON DDSC_SPU (catalog_id);
CREATE INDEX dashop_sku_of_spu ON DDSC_SKU (SPU_ID_id);
CREATE INDEX dashop_attr_of_spu ON DDSC_SPU_SALE_ATTR (SPU_id_id);
