-- Fails where two channels have a trade of the same number.
CREATE UNIQUE INDEX dashop_payment_trade_no ON dashop_payment (trade_no);
DROP INDEX dashop_payment_trade;
ALTER TABLE dashop_payment DROP COLUMN channel;
ALTER TABLE dashop_refund DROP COLUMN channel;
ALTER TABLE dashop_difference DROP COLUMN channel;
