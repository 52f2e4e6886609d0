/// The outbox of pushes: its tables, with what the one before it held, and what the daemon before goes on to write.
enum Migration0006 {
  static let sql = """
    -- What is to be pushed, in lanes: all that goes from one service to one device (or user: then the digest is empty)
    -- about one conversation goes one after the other. Whoever adds to a lane or takes from it locks its row first;
    -- of several they are locked in the order of their keys, so that none waits for another that waits for it.
    CREATE TABLE push_lanes (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      service text COLLATE "C" NOT NULL,
      conversation uuid NOT NULL,
      receiver text COLLATE "C" NOT NULL,
      device bytea NOT NULL,
      -- From when on its oldest job may be taken: when that was due, when it is to be tried again, or when its lease ends.
      ready bigint NOT NULL,
      -- Who was given the job `taken` has it until then.
      lease bigint,
      taken bigint,
      UNIQUE (receiver, conversation, device, service)
    ) WITH (autovacuum_vacuum_scale_factor = 0.02);
    CREATE INDEX push_lanes_ready ON push_lanes (service, ready);

    -- A lane has at least one job.
    CREATE TABLE push_jobs (
      service text COLLATE "C" NOT NULL,
      message bigint NOT NULL,
      device bytea NOT NULL,
      lane bigint NOT NULL REFERENCES push_lanes ON DELETE CASCADE,
      due bigint NOT NULL,
      attempts int NOT NULL DEFAULT 0,
      PRIMARY KEY (service, message, device)
    ) WITH (autovacuum_vacuum_scale_factor = 0.02);
    CREATE INDEX push_jobs_in_lane ON push_jobs (lane, message);

    -- Up to which message it is decided what each service is to push.
    CREATE TABLE push_marks (
      service text COLLATE "C" PRIMARY KEY,
      decided bigint NOT NULL
    );

    -- Jobs for messages behind the mark that are done with: after a restart it is decided on those messages again.
    CREATE TABLE push_settled (
      service text COLLATE "C" NOT NULL,
      message bigint NOT NULL,
      device bytea NOT NULL,
      PRIMARY KEY (service, message, device)
    ) WITH (autovacuum_vacuum_scale_factor = 0.02);

    -- Devices that a service has said are not its own; forgotten when the device is registered again.
    CREATE TABLE device_quarantines (
      device bytea NOT NULL REFERENCES devices ON DELETE CASCADE,
      service text COLLATE "C" NOT NULL,
      PRIMARY KEY (device, service)
    );
    CREATE FUNCTION end_quarantine() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        DELETE FROM device_quarantines WHERE device = NEW.digest;
        RETURN NULL;
      END $$;
    CREATE TRIGGER device_registered AFTER UPDATE ON devices FOR EACH ROW EXECUTE FUNCTION end_quarantine();
    CREATE INDEX devices_by_age ON devices (since);

    -- Keeps pushes that are due: a job for each of the receiver's devices, or one for the user.
    CREATE FUNCTION add_pushes(
        services text[], messages bigint[], receivers text[], per_user boolean[], moment bigint)
      RETURNS void LANGUAGE plpgsql SET enable_mergejoin = off SET enable_hashjoin = off AS $$
      DECLARE
        locked bigint[];
      BEGIN
        WITH lanes AS (
          INSERT INTO push_lanes AS l (service, conversation, receiver, device, ready)
            SELECT DISTINCT g.service, m.conversation, m.receiver, t.device, moment
              FROM unnest(services, messages, receivers, per_user) AS g(service, message, receiver, is_for_user)
                JOIN messages m ON m.id = g.message AND m.receiver = g.receiver
                CROSS JOIN LATERAL (
                  SELECT ''::bytea AS device WHERE g.is_for_user
                  UNION ALL SELECT d.digest FROM devices d WHERE NOT g.is_for_user AND d.user_id = m.receiver
                    AND NOT EXISTS (
                      SELECT FROM device_quarantines q WHERE q.device = d.digest AND q.service = g.service)
                ) t
              WHERE m.delivered_at IS NULL AND m.read_at IS NULL AND m.deleted_at IS NULL
              ORDER BY m.receiver, m.conversation, t.device, g.service
            -- Changes nothing, and locks the lane.
            ON CONFLICT (receiver, conversation, device, service) DO UPDATE SET ready = l.ready
            RETURNING l.id
        ) SELECT array_agg(l.id) INTO locked FROM lanes l;
        IF locked IS NULL THEN RETURN; END IF;
        -- A new statement sees what was done with in these lanes before they were locked.
        INSERT INTO push_jobs (service, message, device, lane, due)
          SELECT g.service, m.id, l.device, l.id, moment
            FROM unnest(services, messages, receivers, per_user) AS g(service, message, receiver, is_for_user)
              JOIN messages m ON m.id = g.message AND m.receiver = g.receiver
              JOIN push_lanes l ON l.receiver = m.receiver AND l.conversation = m.conversation
                AND l.service = g.service AND (l.device = '') = g.is_for_user
            WHERE l.id = ANY (locked) AND m.delivered_at IS NULL AND m.read_at IS NULL AND m.deleted_at IS NULL
              AND NOT EXISTS (
                SELECT FROM push_settled s WHERE s.service = g.service AND s.message = m.id AND s.device = l.device)
          ON CONFLICT DO NOTHING;
        DELETE FROM push_lanes l WHERE l.id = ANY (locked)
          AND NOT EXISTS (SELECT FROM push_jobs j WHERE j.lane = l.id);
      END $$;

    -- The daemon before this knows one service, whose stage has this name, and keeps what is due it in a table of its
    -- own; from there it goes to the outbox.
    CREATE FUNCTION forward_push() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        PERFORM add_pushes(ARRAY['fcm'], ARRAY[NEW.message], ARRAY[NEW.receiver], ARRAY[false], NEW.due);
        RETURN NULL;
      END $$;
    CREATE TRIGGER push_forwarded BEFORE INSERT ON pushes FOR EACH ROW EXECUTE FUNCTION forward_push();
    SELECT add_pushes(ARRAY['fcm'], ARRAY[p.message], ARRAY[p.receiver], ARRAY[false], p.due)
      FROM pushes p ORDER BY p.message;
    DELETE FROM pushes;

    INSERT INTO push_marks SELECT 'fcm', pushes_decided FROM meta WHERE pushes_decided IS NOT NULL;

    -- Of all messages before this it is decided whether a service is to push them; null where it has decided nothing yet.
    CREATE FUNCTION pushes_decided(of_service text) RETURNS bigint LANGUAGE sql STABLE AS $$
      SELECT greatest((SELECT decided FROM push_marks WHERE service = of_service),
        CASE WHEN of_service = 'fcm' THEN (SELECT m.pushes_decided FROM meta m) END)
      $$;
    """
}
