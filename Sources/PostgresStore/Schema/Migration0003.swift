/// What is done about once a minute: partitions are made ahead, and what is past its retention goes.
enum Migration0003 {
  static let sql = """
    -- Makes the partition that holds a message, and the two after it. A partition holds 30 days.
    CREATE FUNCTION make_partitions(message bigint) RETURNS void LANGUAGE plpgsql AS $$
      DECLARE
        width constant bigint := 30::bigint * 86400000 << 22;
        number bigint;
      BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended('sluice partitions', 0));
        FOR number IN message / width .. message / width + 2 LOOP
          CONTINUE WHEN to_regclass('messages_' || number) IS NOT NULL;
          BEGIN
            EXECUTE format('CREATE TABLE messages_%s PARTITION OF messages FOR VALUES FROM (%s) TO (%s)',
              number, number * width, (number + 1) * width);
          EXCEPTION WHEN check_violation THEN
            -- Messages of that time are with the rest already; they stay there.
            RAISE WARNING 'messages of partition % stay in messages_rest', number;
          END;
        END LOOP;
      END $$;

    -- Drops the partitions whose messages are all older than a message, and lets the feed begin where it stood then.
    CREATE FUNCTION drop_partitions(message bigint, moment bigint) RETURNS int LANGUAGE plpgsql AS $$
      DECLARE
        width constant bigint := 30::bigint * 86400000 << 22;
        partition record;
        dropped int := 0;
      BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended('sluice partitions', 0));
        FOR partition IN SELECT c.relname AS name, substring(c.relname FROM '^messages_([0-9]+)$')::bigint AS number
            FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'messages'::regclass
              AND c.relname ~ '^messages_[0-9]+$' LOOP
          CONTINUE WHEN (partition.number + 1) * width > message;
          EXECUTE format('DROP TABLE %I', partition.name);
          dropped := dropped + 1;
        END LOOP;
        UPDATE meta SET oldest_position = greatest(oldest_position,
          coalesce((SELECT m.position FROM moments m WHERE m.at < moment ORDER BY m.at DESC LIMIT 1), 0));
        RETURN dropped;
      END $$;

    -- Brings the indexes of the feed up to date: what they do not cover yet is read whole with every question to them, and
    -- autovacuum comes but once a minute. One node at a time.
    CREATE FUNCTION summarize_feed() RETURNS void LANGUAGE plpgsql AS $$
      BEGIN
        IF pg_try_advisory_xact_lock(hashtextextended('sluice feed', 0)) THEN
          PERFORM brin_summarize_new_values(i.indexrelid)
            FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
            WHERE a.amname = 'brin' AND c.relkind = 'i' AND i.indrelid IN
              (SELECT h.inhrelid FROM pg_inherits h WHERE h.inhparent = 'messages'::regclass);
        END IF;
      END $$;

    -- Notes how far the feed has come, drops send keys of messages before one, and takes the content of what was
    -- deleted before a moment; so much at a time that nobody waits for it.
    CREATE FUNCTION keep_house(now_ms bigint, keys_before bigint, deleted_before bigint) RETURNS void
      LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO moments (at, position)
          SELECT now_ms, feed_horizon()
            WHERE feed_horizon() > coalesce((SELECT m.position FROM moments m ORDER BY m.at DESC LIMIT 1), -1)
              AND now_ms >= coalesce((SELECT m.at + 10000 FROM moments m ORDER BY m.at DESC LIMIT 1), 0)
          ON CONFLICT DO NOTHING;
        DELETE FROM send_keys WHERE (sender, temp_id) IN
          (SELECT k.sender, k.temp_id FROM send_keys k WHERE k.message < keys_before LIMIT 20000);
        UPDATE messages SET content = '', metadata = NULL WHERE id IN
          (SELECT m.id FROM messages m WHERE m.deleted_at IS NOT NULL AND m.content <> ''
            AND m.deleted_at < deleted_before LIMIT 2000 FOR UPDATE SKIP LOCKED);
      END $$;
    """
}
