-- What signing in and the shelves need. As in the migration before, each step here does nothing where it was done.

-- The Argon2id hash of a password, NULL until its owner signs in for the first time; then it counts instead of the MD5.
SET @step = IF(
    EXISTS (SELECT 1 FROM information_schema.columns
        WHERE table_schema = DATABASE() AND table_name = 'user_profile' AND column_name = 'dashop_password'),
    'DO 0',
    'ALTER TABLE user_profile ADD COLUMN dashop_password VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin'
);
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;

-- Foreign keys bring these indexes along; a shop without the foreign keys gets them here.
SET @step = IF(
    EXISTS (SELECT 1 FROM information_schema.statistics
        WHERE table_schema = DATABASE() AND table_name = 'DDSC_SPU' AND column_name = 'catalog_id' AND seq_in_index = 1),
    'DO 0',
    'ALTER TABLE DDSC_SPU ADD INDEX dashop_spu_of_catalog (catalog_id)'
);
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;

SET @step = IF(
    EXISTS (SELECT 1 FROM information_schema.statistics
        WHERE table_schema = DATABASE() AND table_name = 'DDSC_SKU' AND column_name = 'SPU_ID_id' AND seq_in_index = 1),
    'DO 0',
    'ALTER TABLE DDSC_SKU ADD INDEX dashop_sku_of_spu (SPU_ID_id)'
);
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;

SET @step = IF(
    EXISTS (SELECT 1 FROM information_schema.statistics
        WHERE table_schema = DATABASE() AND table_name = 'DDSC_SPU_SALE_ATTR' AND column_name = 'SPU_id_id'
        AND seq_in_index = 1),
    'DO 0',
    'ALTER TABLE DDSC_SPU_SALE_ATTR ADD INDEX dashop_attr_of_spu (SPU_id_id)'
);
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;
