-- The payments whose money goes back are few among all that ever were, and a list of orders asks for them. Repeatable, as the
-- migrations before; the index is made in place, and stops nobody.
SET @step = IF(
    EXISTS (SELECT 1 FROM information_schema.statistics
        WHERE table_schema = DATABASE() AND table_name = 'dashop_payment' AND index_name = 'dashop_payment_of_status'),
    'DO 0',
    'ALTER TABLE dashop_payment ADD INDEX dashop_payment_of_status (status, out_trade_no), ALGORITHM=INPLACE, LOCK=NONE'
);
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;
