WITH new AS MATERIALIZED (SELECT g, (random()*9999)::int s, (random()*9999)::int r FROM generate_series(1,200) g),
 both_sides AS (SELECT s u, g, 0 side FROM new UNION ALL SELECT r, g, 1 FROM new),
 counts AS (SELECT u, count(*) n FROM both_sides GROUP BY u),
 locked AS MATERIALIZED (SELECT id FROM sequence_users WHERE id IN (SELECT u FROM counts) ORDER BY id FOR UPDATE),
 moved AS (UPDATE sequence_users SET seq = seq + n FROM counts, locked WHERE sequence_users.id = counts.u AND locked.id = counts.u RETURNING sequence_users.id, seq - n AS base),
 placed AS (SELECT g, side, base + row_number() OVER (PARTITION BY u ORDER BY g, side) AS seq FROM both_sides JOIN moved ON moved.id = u)
INSERT INTO sequence_messages (sender, receiver, sender_seq, receiver_seq, body)
 SELECT s, r, p0.seq, p1.seq, repeat('x',100) FROM new JOIN placed p0 ON p0.g=new.g AND p0.side=0 JOIN placed p1 ON p1.g=new.g AND p1.side=1;
