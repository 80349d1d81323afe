-- Fails where two channels have a trade of the same number, and then changes nothing.
ALTER TABLE dashop_payment ADD UNIQUE INDEX trade_no (trade_no), DROP INDEX dashop_payment_trade, DROP COLUMN channel;
ALTER TABLE dashop_refund DROP COLUMN channel;
ALTER TABLE dashop_difference DROP COLUMN channel;
