-- Where payments were made. The number of a trade is unique within its channel only. Repeatable, as the migrations before.
--
-- Neither step stops those who write: a column with a default is added without a copy, and the indexes are made and dropped
-- in place. A program that knows no channels goes on writing 'alipay'. The new index is there before the old one goes.

SET @step = IF(
    EXISTS (SELECT 1 FROM information_schema.columns
        WHERE table_schema = DATABASE() AND table_name = 'dashop_payment' AND column_name = 'channel'),
    'DO 0',
    'ALTER TABLE dashop_payment ADD COLUMN channel VARCHAR(16) NOT NULL DEFAULT ''alipay'''
);
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;

SET @step = IF(
    EXISTS (SELECT 1 FROM information_schema.statistics
        WHERE table_schema = DATABASE() AND table_name = 'dashop_payment' AND index_name = 'dashop_payment_trade'),
    'DO 0',
    'ALTER TABLE dashop_payment ADD UNIQUE INDEX dashop_payment_trade (trade_no, channel), ALGORITHM=INPLACE, LOCK=NONE'
);
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;

SET @step = IF(
    EXISTS (SELECT 1 FROM information_schema.statistics
        WHERE table_schema = DATABASE() AND table_name = 'dashop_payment' AND index_name = 'trade_no'),
    'ALTER TABLE dashop_payment DROP INDEX trade_no, ALGORITHM=INPLACE, LOCK=NONE',
    'DO 0'
);
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;

SET @step = IF(
    EXISTS (SELECT 1 FROM information_schema.columns
        WHERE table_schema = DATABASE() AND table_name = 'dashop_refund' AND column_name = 'channel'),
    'DO 0',
    'ALTER TABLE dashop_refund ADD COLUMN channel VARCHAR(16) NOT NULL DEFAULT ''alipay'''
);
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;

SET @step = IF(
    EXISTS (SELECT 1 FROM information_schema.columns
        WHERE table_schema = DATABASE() AND table_name = 'dashop_difference' AND column_name = 'channel'),
    'DO 0',
    'ALTER TABLE dashop_difference ADD COLUMN channel VARCHAR(16) NOT NULL DEFAULT ''alipay'''
);
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;
