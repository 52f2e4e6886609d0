CREATE TABLE sequence_users (id int PRIMARY KEY, seq bigint NOT NULL DEFAULT 0) WITH (fillfactor=50);
INSERT INTO sequence_users SELECT g FROM generate_series(0,9999) g;
CREATE TABLE sequence_messages (id bigserial PRIMARY KEY, sender int, receiver int, sender_seq bigint, receiver_seq bigint, body text);
CREATE INDEX ON sequence_messages (sender, sender_seq); CREATE INDEX ON sequence_messages (receiver, receiver_seq);
CREATE TABLE horizon_messages (id bigserial PRIMARY KEY, sender int, receiver int, pos bigserial, xid xid8 NOT NULL DEFAULT pg_current_xact_id(), body text);
CREATE INDEX ON horizon_messages (sender, pos); CREATE INDEX ON horizon_messages (receiver, pos);
CREATE SEQUENCE lock_position;
CREATE TABLE lock_messages (id bigserial PRIMARY KEY, sender int, receiver int, pos bigint NOT NULL, body text);
CREATE INDEX ON lock_messages (sender, pos); CREATE INDEX ON lock_messages (receiver, pos);
