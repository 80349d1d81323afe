-- The payments whose money goes back are few among all that ever were, and a list of orders asks for them.
CREATE INDEX dashop_payment_of_status ON dashop_payment (status, out_trade_no);
