/// The outbox of pushes: the functions that give its jobs to whoever sends them, and do what is to be done then. They go from
/// row to row by indexes, as few of many rows concern them: any other way to join would read what does not.
enum Migration0007 {
  static let sql = """
    -- Leases the oldest job of each lane of a service that may be taken, and drops what needs not be sent any more; so
    -- much at a time that nobody waits for it.
    CREATE FUNCTION take_pushes(of_service text, most bigint, moment bigint, lease_end bigint)
      RETURNS TABLE (message bigint, receiver text, token text, platform text, since bigint, sender text,
        sender_name text, content text, metadata text, due bigint, attempts int)
      LANGUAGE plpgsql SET enable_mergejoin = off SET enable_hashjoin = off AS $$
      #variable_conflict use_column
      DECLARE
        picked bigint[];
        leased bigint[];
        all_leased bigint[] := '{}';
        looked bigint;
        all_looked bigint := 0;
        -- How many jobs of a lane are looked at: most are wanted, and if not, many of a lane are not.
        depth bigint := 2;
      BEGIN
        WHILE cardinality(all_leased) < most AND all_looked < 20000 LOOP
          SELECT array_agg(p.id) INTO picked FROM (
            SELECT l.id FROM push_lanes l WHERE l.service = of_service AND l.ready <= moment
              ORDER BY l.ready LIMIT most - cardinality(all_leased) FOR UPDATE SKIP LOCKED
          ) p;
          EXIT WHEN picked IS NULL;
          WITH seen AS MATERIALIZED (
            SELECT l.id AS lane, j.message, m.id IS NOT NULL
                AND m.delivered_at IS NULL AND m.read_at IS NULL AND m.deleted_at IS NULL
                AND b.user_id IS NULL AND r.user_id IS NULL
                AND (l.device = '' OR d.digest IS NOT NULL) AND q.device IS NULL AS is_wanted
              FROM unnest(picked) AS p(id) JOIN push_lanes l ON l.id = p.id
                CROSS JOIN LATERAL (
                  SELECT j.message FROM push_jobs j WHERE j.lane = p.id ORDER BY j.message LIMIT depth
                ) j
                LEFT JOIN messages m ON m.id = j.message
                LEFT JOIN blocks b ON b.user_id = m.sender AND b.peer = m.receiver
                LEFT JOIN blocks r ON r.user_id = m.receiver AND r.peer = m.sender
                LEFT JOIN devices d ON d.digest = l.device AND d.user_id = l.receiver
                LEFT JOIN device_quarantines q ON q.device = l.device AND q.service = of_service
          ), heads AS MATERIALIZED (
            SELECT s.lane, min(s.message) AS message FROM seen s WHERE s.is_wanted GROUP BY s.lane
          ), dropped AS (
            DELETE FROM push_jobs j USING seen s
              WHERE j.lane = s.lane AND j.message = s.message AND NOT s.is_wanted
          ), given AS (
            UPDATE push_lanes l SET ready = lease_end, lease = lease_end, taken = h.message
              FROM heads h WHERE l.id = h.lane RETURNING l.id
          )
          SELECT coalesce((SELECT array_agg(g.id) FROM given g), '{}'), (SELECT count(*) FROM seen)
            INTO leased, looked;
          DELETE FROM push_lanes l WHERE l.id = ANY (picked) AND NOT l.id = ANY (leased)
            AND NOT EXISTS (SELECT FROM push_jobs j WHERE j.lane = l.id);
          all_leased := all_leased || leased;
          all_looked := all_looked + looked;
          depth := 100;
        END LOOP;
        IF cardinality(all_leased) > 0 THEN
          RETURN QUERY SELECT j.message, l.receiver::text, d.token, d.platform, d.since, m.sender::text,
              coalesce(u.own_name, u.name), m.content, m.metadata, j.due, j.attempts
            FROM unnest(all_leased) AS p(id) JOIN push_lanes l ON l.id = p.id
              JOIN push_jobs j ON j.lane = l.id AND j.message = l.taken JOIN messages m ON m.id = j.message
              LEFT JOIN devices d ON d.digest = l.device AND d.user_id = l.receiver
              LEFT JOIN users u ON u.id = m.sender
            -- Between two statements a device may have moved to somebody else.
            WHERE l.device = '' OR d.digest IS NOT NULL
            ORDER BY j.message, l.id;
        END IF;
      END $$;

    -- Does what is to be done about jobs that were taken, where their leases are still those that are named. Kinds:
    -- 0 it is done with, 1 it is to be tried again at a moment, 2 it was not tried, 3 its device is gone, 4 its device
    -- is not one of the service's, 5 it is given up.
    CREATE FUNCTION settle_pushes(
        services text[], messages bigint[], tokens text[], leases bigint[], kinds bigint[], moments bigint[])
      RETURNS void LANGUAGE plpgsql SET enable_mergejoin = off SET enable_hashjoin = off AS $$
      BEGIN
        PERFORM l.id FROM push_lanes l WHERE l.id IN (
            SELECT j.lane FROM unnest(services, messages, tokens) AS g(service, message, token)
              JOIN push_jobs j ON j.service = g.service AND j.message = g.message
                AND j.device = CASE WHEN g.token IS NULL THEN ''::bytea
                  ELSE sha256(convert_to(g.token, 'UTF8')) END
          ) ORDER BY l.receiver, l.conversation, l.device, l.service FOR UPDATE;
        -- A new statement sees what others did to these lanes before they were locked.
        WITH given AS MATERIALIZED (
          SELECT DISTINCT ON (l.id) l.id AS lane, l.service, l.receiver, l.device, j.message, g.kind, g.moment
            FROM unnest(services, messages, tokens, leases, kinds, moments) WITH ORDINALITY
                AS g(service, message, token, lease, kind, moment, n)
              JOIN push_jobs j ON j.service = g.service AND j.message = g.message
                AND j.device = CASE WHEN g.token IS NULL THEN ''::bytea
                  ELSE sha256(convert_to(g.token, 'UTF8')) END
              JOIN push_lanes l ON l.id = j.lane AND l.taken = g.message AND l.lease = g.lease
            ORDER BY l.id, g.n
        ), opened AS MATERIALIZED (
          -- Each lane's next job: after a failure or a release the same or an older one.
          SELECT g.*, n.due FROM given g LEFT JOIN LATERAL (
            SELECT j.due FROM push_jobs j WHERE j.lane = g.lane AND (g.kind IN (1, 2) OR j.message <> g.message)
              ORDER BY j.message LIMIT 1
          ) n ON true
        ), ended AS (
          DELETE FROM push_jobs j USING opened o
            WHERE j.lane = o.lane AND j.message = o.message AND o.kind NOT IN (1, 2) AND o.due IS NOT NULL
        ), settled AS (
          INSERT INTO push_settled (service, message, device)
            SELECT o.service, o.message, o.device FROM opened o
              WHERE o.kind NOT IN (1, 2, 5) AND o.message >= pushes_decided(o.service)
            ON CONFLICT DO NOTHING
        ), failed AS (
          UPDATE push_jobs j SET attempts = j.attempts + 1 FROM opened o
            WHERE j.lane = o.lane AND j.message = o.message AND o.kind = 1
        ), emptied AS (
          DELETE FROM push_lanes l USING opened o WHERE l.id = o.lane AND o.due IS NULL
        ), freed AS (
          UPDATE push_lanes l SET lease = NULL, taken = NULL,
              ready = CASE WHEN o.kind = 1 THEN o.moment ELSE o.due END
            FROM opened o WHERE l.id = o.lane AND o.due IS NOT NULL
        ), gone AS (
          DELETE FROM devices d USING opened o
            WHERE o.kind = 3 AND d.digest = o.device AND d.user_id = o.receiver
        )
        INSERT INTO device_quarantines (device, service)
          SELECT d.digest, o.service FROM opened o
            JOIN devices d ON d.digest = o.device AND d.user_id = o.receiver
            WHERE o.kind = 4 ORDER BY 1, 2
          ON CONFLICT DO NOTHING;
      END $$;

    -- Drops a service's jobs for messages before one: at most 2,000, and none of a lane that somebody is busy with.
    CREATE FUNCTION drop_pushes(of_service text, before bigint) RETURNS void
      LANGUAGE plpgsql SET enable_mergejoin = off SET enable_hashjoin = off AS $$
      DECLARE
        locked bigint[];
      BEGIN
        SELECT array_agg(p.id) INTO locked FROM (
          SELECT l.id FROM push_lanes l WHERE l.id IN (
              SELECT j.lane FROM push_jobs j WHERE j.service = of_service AND j.message < before
                ORDER BY j.message LIMIT 2000
            ) FOR UPDATE SKIP LOCKED
        ) p;
        IF locked IS NULL THEN RETURN; END IF;
        DELETE FROM push_jobs j WHERE (j.lane, j.message) IN (
          SELECT o.lane, o.message FROM push_jobs o WHERE o.lane = ANY (locked) AND o.message < before
            ORDER BY o.message LIMIT 2000);
        DELETE FROM push_lanes l WHERE l.id = ANY (locked)
          AND NOT EXISTS (SELECT FROM push_jobs j WHERE j.lane = l.id);
      END $$;

    -- Drops the jobs of all services for messages before one: also of those that are in no chain any more.
    CREATE FUNCTION drop_old_pushes(before bigint) RETURNS void LANGUAGE plpgsql AS $$
      DECLARE
        name text;
      BEGIN
        SELECT min(j.service) INTO name FROM push_jobs j;
        WHILE name IS NOT NULL LOOP
          PERFORM drop_pushes(name, before);
          SELECT min(j.service) INTO name FROM push_jobs j WHERE j.service > name;
        END LOOP;
      END $$;

    -- Notes that of all messages before one it is decided whether a service is to push them, also for the daemon before
    -- this one, and drops jobs for messages that are too old.
    CREATE FUNCTION decide_pushes(of_service text, mark bigint, oldest bigint) RETURNS void LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO push_marks AS p (service, decided) VALUES (of_service, mark)
          ON CONFLICT (service) DO UPDATE SET decided = excluded.decided WHERE p.decided < excluded.decided;
        IF of_service = 'fcm' THEN
          UPDATE meta SET pushes_decided = mark WHERE pushes_decided IS NULL OR pushes_decided < mark;
        END IF;
        DELETE FROM push_settled WHERE service = of_service AND message < pushes_decided(of_service);
        PERFORM drop_pushes(of_service, oldest);
      END $$;

    -- Drops devices that were last registered before a moment.
    CREATE FUNCTION drop_old_devices(before bigint) RETURNS void LANGUAGE sql AS $$
      DELETE FROM devices WHERE digest IN (
        SELECT d.digest FROM devices d WHERE d.since < before ORDER BY d.since LIMIT 1000 FOR UPDATE SKIP LOCKED)
      $$;

    -- Deletes what a user has sent, at most 500 messages a call, their content at once; when nothing is left of it, all
    -- else that is kept of them, what is to be pushed to them too, but the revocation of their tokens.
    CREATE OR REPLACE FUNCTION erase_user(author text, moment bigint, slot bigint)
      RETURNS TABLE (message bigint, to_user text, happened bigint, new_version int, place bigint)
      LANGUAGE plpgsql AS $$
      DECLARE
        base bigint := position_base() + slot;
      BEGIN
        RETURN QUERY WITH kept AS MATERIALIZED (
            SELECT m.id FROM messages m WHERE m.sender = author AND (m.deleted_at IS NULL OR m.content <> '')
              ORDER BY m.position LIMIT 500
          ), locked AS MATERIALIZED (
            SELECT m.id, m.deleted_at FROM messages m WHERE m.id IN (SELECT k.id FROM kept k) ORDER BY m.id FOR UPDATE
          ), numbered AS MATERIALIZED (
            SELECT l.id, l.deleted_at, row_number() OVER (ORDER BY l.id) - 1 AS n FROM locked l
          ), changed AS (
            UPDATE messages m SET content = '', metadata = NULL, deleted_at = coalesce(m.deleted_at, moment),
                version = CASE WHEN l.deleted_at IS NULL THEN m.version + 1 ELSE m.version END,
                position = CASE WHEN l.deleted_at IS NULL THEN base + l.n ELSE m.position END,
                deleted_position = CASE WHEN l.deleted_at IS NULL THEN base + l.n ELSE m.deleted_position END,
                deleted_version = CASE WHEN l.deleted_at IS NULL THEN m.version + 1 ELSE m.deleted_version END
              FROM numbered l WHERE m.id = l.id
              RETURNING m.id, m.receiver, m.deleted_at, m.version,
                CASE WHEN l.deleted_at IS NULL THEN m.position END AS place
          ) SELECT c.id, c.receiver::text, c.deleted_at, c.version, c.place FROM changed c ORDER BY c.id;
        IF NOT FOUND THEN
          DELETE FROM devices WHERE user_id = author;
          DELETE FROM push_lanes WHERE receiver = author;
          DELETE FROM links WHERE user_id = author OR peer = author;
          DELETE FROM blocks WHERE user_id = author;
          DELETE FROM send_keys WHERE sender = author;
          DELETE FROM dead_letters WHERE user_id = author;
          UPDATE users SET name = NULL, own_name = NULL WHERE id = author;
        END IF;
      END $$;
    """
}
