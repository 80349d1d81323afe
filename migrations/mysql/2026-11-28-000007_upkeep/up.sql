-- Keys of requests are forgotten by their age, and events are found by the time when they happened. Repeatable, as the
-- migrations before.
SET @step = IF(
    EXISTS (SELECT 1 FROM information_schema.statistics
        WHERE table_schema = DATABASE() AND table_name = 'dashop_idempotency'
            AND index_name = 'dashop_idempotency_by_time'),
    'DO 0',
    'ALTER TABLE dashop_idempotency ADD INDEX dashop_idempotency_by_time (created_at)'
);
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;

SET @step = IF(
    EXISTS (SELECT 1 FROM information_schema.statistics
        WHERE table_schema = DATABASE() AND table_name = 'dashop_outbox' AND index_name = 'dashop_outbox_by_time'),
    'DO 0',
    'ALTER TABLE dashop_outbox ADD INDEX dashop_outbox_by_time (at)'
);
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;
