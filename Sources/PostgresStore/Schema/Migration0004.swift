/// Receipts of one message that come together change it in one go, and who reads what another device is just reading is told
/// when that was.
enum Migration0004 {
  static let sql = """
    -- Marks messages as delivered or read by their receivers: all that a request names or, where one can't be, none. Of
    -- what several requests say of a message, the first that says it was delivered and the first that says it was read
    -- change it, in one go. Of each: its sides, when it happened first, its version and, where this changed it, its
    -- position. A request that can't be carried out has a fault: 1 a message is not there for this user, 2 the user is
    -- not its receiver.
    CREATE OR REPLACE FUNCTION mark_messages(
        requests bigint[], ids bigint[], readers text[], is_reads boolean[], moments bigint[], slots bigint[])
      RETURNS TABLE (fault int, sender text, receiver text, happened bigint, new_version int, place bigint)
      LANGUAGE plpgsql AS $$
      #variable_conflict use_column
      DECLARE
        base bigint;
      BEGIN
      SELECT (pg_current_xact_id()::text::bigint + transaction_offset) << 20 INTO base FROM meta;
      RETURN QUERY WITH given AS MATERIALIZED (
        SELECT * FROM unnest(requests, ids, readers, is_reads, moments, slots)
          WITH ORDINALITY AS g(request, id, reader, is_read, moment, slot, n)
      ), found AS MATERIALIZED (
        -- In one order in all transactions, so that none waits for another that waits for it.
        SELECT m.id, m.sender, m.receiver, m.version, m.delivered_at, m.read_at
          FROM (SELECT DISTINCT g.id FROM given g ORDER BY g.id) g JOIN LATERAL (
            SELECT * FROM messages m WHERE m.id = g.id FOR UPDATE
          ) m ON true
      ), judged AS MATERIALIZED (
        SELECT g.request, CASE
            WHEN bool_or(f.id IS NULL OR g.reader NOT IN (f.sender, f.receiver)) THEN 1
            WHEN bool_or(g.reader <> f.receiver) THEN 2 ELSE 0 END AS fault
          FROM given g LEFT JOIN found f ON f.id = g.id GROUP BY g.request
      ), wanted AS (
        SELECT g.id, min(g.slot) FILTER (WHERE NOT g.is_read) AS delivered_slot,
            min(g.moment) FILTER (WHERE NOT g.is_read) AS delivered_moment,
            min(g.slot) FILTER (WHERE g.is_read) AS read_slot, min(g.moment) FILTER (WHERE g.is_read) AS read_moment
          FROM given g JOIN judged j ON j.request = g.request WHERE j.fault = 0 GROUP BY g.id
      ), planned AS MATERIALIZED (
        SELECT w.*, f.read_at IS NULL AND w.read_slot IS NOT NULL AS is_read,
            f.delivered_at IS NULL AND w.delivered_slot IS NOT NULL
              AND (w.read_slot IS NULL OR w.delivered_slot < w.read_slot) AS is_delivered
          FROM wanted w JOIN found f ON f.id = w.id
      ), changed AS (
        UPDATE messages m SET version = m.version + p.is_delivered::int + p.is_read::int,
            position = base + CASE WHEN p.is_read THEN p.read_slot ELSE p.delivered_slot END,
            delivered_at = coalesce(m.delivered_at, CASE WHEN p.is_delivered THEN p.delivered_moment ELSE p.read_moment END),
            delivered_position = CASE WHEN p.is_delivered THEN base + p.delivered_slot ELSE m.delivered_position END,
            delivered_version = CASE WHEN p.is_delivered THEN m.version + 1 ELSE m.delivered_version END,
            read_at = CASE WHEN p.is_read THEN p.read_moment ELSE m.read_at END,
            read_position = CASE WHEN p.is_read THEN base + p.read_slot ELSE m.read_position END,
            read_version = CASE WHEN p.is_read THEN m.version + p.is_delivered::int + 1 ELSE m.read_version END
          FROM planned p WHERE m.id = p.id AND (p.is_delivered OR p.is_read)
      )
      SELECT j.fault, f.sender::text, f.receiver::text,
          CASE WHEN g.is_read THEN coalesce(f.read_at, p.read_moment)
            ELSE coalesce(f.delivered_at, CASE WHEN p.is_delivered THEN p.delivered_moment ELSE p.read_moment END) END,
          f.version + CASE WHEN p.is_delivered AND g.slot = p.delivered_slot THEN 1
            ELSE p.is_delivered::int + p.is_read::int END,
          CASE WHEN p.is_delivered AND g.slot = p.delivered_slot OR p.is_read AND g.slot = p.read_slot
            THEN base + g.slot END
        FROM given g JOIN judged j ON j.request = g.request
          LEFT JOIN found f ON f.id = g.id LEFT JOIN planned p ON p.id = g.id ORDER BY g.n;
      END $$;

    -- Marks all as read that a user has not read of a message's conversation, up to it; at most 100,000. Where there is
    -- nothing to mark, the message itself is told of.
    CREATE OR REPLACE FUNCTION read_up_to(last_id bigint, reader text, moment bigint, slot bigint)
      RETURNS TABLE (fault int, message bigint, from_user text, happened bigint, new_version int, place bigint)
      LANGUAGE plpgsql AS $$
      DECLARE
        base bigint := position_base() + slot;
        last messages;
      BEGIN
        SELECT * INTO last FROM messages m WHERE m.id = last_id;
        IF last.id IS NULL OR reader NOT IN (last.sender, last.receiver) THEN
          RETURN QUERY SELECT 1, NULL::bigint, NULL::text, NULL::bigint, NULL::int, NULL::bigint;
        ELSIF reader <> last.receiver THEN
          RETURN QUERY SELECT 2, NULL::bigint, NULL::text, NULL::bigint, NULL::int, NULL::bigint;
        ELSE
          RETURN QUERY WITH unread AS MATERIALIZED (
              SELECT m.id FROM messages m
                WHERE m.receiver = reader AND m.sender = last.sender AND m.read_at IS NULL AND m.id <= last_id
                ORDER BY m.id LIMIT 100000 FOR UPDATE
            ), numbered AS MATERIALIZED (SELECT u.id, row_number() OVER (ORDER BY u.id) - 1 AS n FROM unread u
            ), changed AS (
              UPDATE messages m SET version = m.version + 1, position = base + u.n, read_position = base + u.n,
                  read_version = m.version + 1, read_at = moment,
                  delivered_at = coalesce(m.delivered_at, moment)
                FROM numbered u WHERE m.id = u.id
                RETURNING m.id, m.version, m.position
            ) SELECT 0, c.id, last.sender::text, moment, c.version, c.position FROM changed c ORDER BY c.id;
          IF NOT FOUND THEN
            -- Looked at again: another device may have read it while this one waited for its lock.
            RETURN QUERY SELECT 0, m.id, m.sender::text, m.read_at, m.version, NULL::bigint
              FROM messages m WHERE m.id = last_id;
          END IF;
        END IF;
      END $$;
    """
}
