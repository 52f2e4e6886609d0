/// Receipts of one message each, which are nearly all: what is said of a message is put together before, and changes it
/// without asking first.
enum Migration0009 {
  static let sql = """
    -- Marks messages as delivered, read or both by their receivers: each message that is named is named once by a user, with
    -- the moment and the place in the transaction of what is said of it; a word that adds nothing to the other is null.
    -- Of each that this changed, by its place in the arrays: its sender, its version, when it was delivered and read
    -- first, the version that delivery had, and the positions that this gave it. The others have a fault: 0 they were
    -- marked before, 1 a message is not there for this user, 2 the user is not its receiver.
    CREATE FUNCTION mark_each(
        ids bigint[], readers text[], delivered_slots bigint[], delivered_moments bigint[], read_slots bigint[],
        read_moments bigint[])
      RETURNS TABLE (place_in_call bigint, fault int, from_user text, version_now int, delivered bigint, read bigint,
        version_delivered int, delivered_place bigint, read_place bigint)
      LANGUAGE plpgsql AS $$
      #variable_conflict use_column
      DECLARE
        base bigint;
        changed int;
      BEGIN
      SELECT (pg_current_xact_id()::text::bigint + transaction_offset) << 20 INTO base FROM meta;
      RETURN QUERY UPDATE messages m SET
          version = m.version + (m.delivered_at IS NULL AND g.delivered_slot IS NOT NULL)::int
            + (m.read_at IS NULL AND g.read_slot IS NOT NULL)::int,
          position = base + CASE WHEN m.read_at IS NULL THEN coalesce(g.read_slot, g.delivered_slot) ELSE g.delivered_slot END,
          delivered_at = coalesce(m.delivered_at, g.delivered_moment, g.read_moment),
          delivered_position = CASE WHEN m.delivered_at IS NULL AND g.delivered_slot IS NOT NULL
            THEN base + g.delivered_slot ELSE m.delivered_position END,
          delivered_version = CASE WHEN m.delivered_at IS NULL AND g.delivered_slot IS NOT NULL
            THEN m.version + 1 ELSE m.delivered_version END,
          read_at = coalesce(m.read_at, g.read_moment),
          read_position = CASE WHEN m.read_at IS NULL THEN base + g.read_slot ELSE m.read_position END,
          read_version = CASE WHEN m.read_at IS NULL AND g.read_slot IS NOT NULL
            THEN m.version + (m.delivered_at IS NULL AND g.delivered_slot IS NOT NULL)::int + 1 ELSE m.read_version END
        -- In one order in all transactions, so that none waits for another that waits for it.
        FROM (
          SELECT * FROM unnest(ids, readers, delivered_slots, delivered_moments, read_slots, read_moments)
            WITH ORDINALITY AS u(id, reader, delivered_slot, delivered_moment, read_slot, read_moment, n) ORDER BY u.id
        ) g
        -- IS TRUE keeps the index of what a user has received out of this: a message is found by its id.
        WHERE m.id = g.id AND (m.receiver = g.reader) IS TRUE
          AND (m.delivered_at IS NULL OR m.read_at IS NULL AND g.read_slot IS NOT NULL)
        RETURNING g.n, NULL::int, m.sender::text, m.version, m.delivered_at, m.read_at, m.delivered_version,
          CASE WHEN m.delivered_position = base + g.delivered_slot THEN m.delivered_position END,
          CASE WHEN m.read_position = base + g.read_slot THEN m.read_position END;
      GET DIAGNOSTICS changed = ROW_COUNT;
      IF changed < cardinality(ids) THEN
        -- A new statement sees what others committed while the first one waited for them.
        RETURN QUERY SELECT g.n, CASE WHEN m.id IS NULL OR g.reader NOT IN (m.sender, m.receiver) THEN 1
              WHEN g.reader <> m.receiver THEN 2 ELSE 0 END,
            m.sender::text, m.version, m.delivered_at, m.read_at, m.delivered_version, NULL::bigint, NULL::bigint
          FROM unnest(ids, readers, delivered_slots, read_slots)
              WITH ORDINALITY AS g(id, reader, delivered_slot, read_slot, n)
            LEFT JOIN LATERAL (SELECT * FROM messages m WHERE m.id = g.id) m ON true
          WHERE m.receiver IS DISTINCT FROM g.reader
            OR (m.delivered_position IS DISTINCT FROM base + g.delivered_slot OR g.delivered_slot IS NULL)
              AND (m.read_position IS DISTINCT FROM base + g.read_slot OR g.read_slot IS NULL);
      END IF;
      END $$;
    """
}
