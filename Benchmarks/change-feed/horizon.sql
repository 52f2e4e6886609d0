INSERT INTO horizon_messages (sender, receiver, body) SELECT (random()*9999)::int, (random()*9999)::int, repeat('x',100) FROM generate_series(1,200);
