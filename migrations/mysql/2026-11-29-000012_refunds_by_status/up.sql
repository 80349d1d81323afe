-- The refunds that are not done are few among all that ever were. Repeatable, as the migrations before; the index is made in
-- place, and stops nobody.
SET @step = IF(
    EXISTS (SELECT 1 FROM information_schema.statistics
        WHERE table_schema = DATABASE() AND table_name = 'dashop_refund' AND index_name = 'dashop_refund_of_status'),
    'DO 0',
    'ALTER TABLE dashop_refund ADD INDEX dashop_refund_of_status (status, id), ALGORITHM=INPLACE, LOCK=NONE'
);
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;
