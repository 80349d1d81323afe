-- What was ordered and is still to leave a buyer's cart is looked up whenever that cart is ordered. Repeatable, as the
-- migrations before.
SET @step = IF(
    EXISTS (SELECT 1 FROM information_schema.statistics
        WHERE table_schema = DATABASE() AND table_name = 'dashop_cart_removal'
            AND index_name = 'dashop_cart_removal_of_user'),
    'DO 0',
    'ALTER TABLE dashop_cart_removal ADD INDEX dashop_cart_removal_of_user (user_id)'
);
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;
