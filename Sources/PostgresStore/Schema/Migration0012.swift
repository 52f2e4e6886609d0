/// A push that is due finds its message by its id, whatever the planner believes of a new table: by the index of what nobody has
/// read yet it would go through all of that.
enum Migration0012 {
  static let sql = """
    -- Keeps pushes that are due: a job for each of the receiver's devices, or one for the user.
    CREATE OR REPLACE FUNCTION add_pushes(
        services text[], messages bigint[], receivers text[], per_user boolean[], moment bigint)
      RETURNS void LANGUAGE plpgsql SET enable_mergejoin = off SET enable_hashjoin = off AS $$
      DECLARE
        locked bigint[];
      BEGIN
        WITH lanes AS (
          INSERT INTO push_lanes AS l (service, conversation, receiver, device, ready)
            SELECT DISTINCT g.service, m.conversation, m.receiver, t.device, moment
              FROM unnest(services, messages, receivers, per_user) AS g(service, message, receiver, is_for_user)
                -- Fenced off, so that a message is looked for by its id and by nothing else.
                CROSS JOIN LATERAL (SELECT * FROM messages m WHERE m.id = g.message OFFSET 0) m
                CROSS JOIN LATERAL (
                  SELECT ''::bytea AS device WHERE g.is_for_user
                  UNION ALL SELECT d.digest FROM devices d WHERE NOT g.is_for_user AND d.user_id = m.receiver
                    AND NOT EXISTS (
                      SELECT FROM device_quarantines q WHERE q.device = d.digest AND q.service = g.service)
                ) t
              WHERE m.receiver = g.receiver AND m.delivered_at IS NULL AND m.read_at IS NULL AND m.deleted_at IS NULL
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
              CROSS JOIN LATERAL (SELECT * FROM messages m WHERE m.id = g.message OFFSET 0) m
              JOIN push_lanes l ON l.receiver = m.receiver AND l.conversation = m.conversation
                AND l.service = g.service AND (l.device = '') = g.is_for_user
            WHERE l.id = ANY (locked) AND m.receiver = g.receiver AND m.delivered_at IS NULL AND m.read_at IS NULL
              AND m.deleted_at IS NULL
              AND NOT EXISTS (
                SELECT FROM push_settled s WHERE s.service = g.service AND s.message = m.id AND s.device = l.device)
          ON CONFLICT DO NOTHING;
        DELETE FROM push_lanes l WHERE l.id = ANY (locked)
          AND NOT EXISTS (SELECT FROM push_jobs j WHERE j.lane = l.id);
      END $$;
    """
}
