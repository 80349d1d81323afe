-- The refunds that are not done are few among all that ever were.
CREATE INDEX dashop_refund_of_status ON dashop_refund (status, id);
