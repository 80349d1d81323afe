-- Keys of requests are forgotten by their age, and events are found by the time when they happened.
CREATE INDEX dashop_idempotency_by_time ON dashop_idempotency (created_at);
CREATE INDEX dashop_outbox_by_time ON dashop_outbox (at);
