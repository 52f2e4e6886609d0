BEGIN;
SELECT pg_advisory_xact_lock(4711);
INSERT INTO lock_messages (sender, receiver, pos, body) SELECT (random()*9999)::int, (random()*9999)::int, nextval('lock_position'), repeat('x',100) FROM generate_series(1,200);
COMMIT;
