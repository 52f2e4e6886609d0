/// The functions that change messages: each takes all that a batch asks of its kind, so that a batch is one trip.
///
/// A position is the transaction's 64-bit number and 20 bits that count within it, so a change's place is known while it
/// is made, and all places below the oldest transaction that still runs are final. `transaction_offset` lifts the
/// numbers where a restored or promoted server would count from lower ones.
enum Migration0002 {
  static let sql = """
    -- It could be called immutable, but then PostgreSQL would not write it out where it is used (convert_to is stable).
    CREATE FUNCTION conversation_of(one text, other text) RETURNS uuid
      LANGUAGE sql STABLE PARALLEL SAFE AS $$
      SELECT encode(substring(sha256(convert_to(
        length(least(one COLLATE "C", other COLLATE "C")) || ':' || least(one COLLATE "C", other COLLATE "C")
          || greatest(one COLLATE "C", other COLLATE "C"), 'UTF8')) FROM 1 FOR 16), 'hex')::uuid
      $$;

    -- Behind this come the positions of the running transaction.
    CREATE FUNCTION position_base() RETURNS bigint LANGUAGE sql VOLATILE AS $$
      SELECT (pg_current_xact_id()::text::bigint + transaction_offset) << 20 FROM meta
      $$;

    -- Up to here the feed is complete: no transaction that still runs, or is still to come, has a place before it.
    CREATE FUNCTION feed_horizon() RETURNS bigint LANGUAGE sql STABLE AS $$
      SELECT ((pg_snapshot_xmin(pg_current_snapshot())::text::bigint + transaction_offset) << 20) - 1 FROM meta
      $$;

    -- All that has begun has its place before this.
    CREATE FUNCTION feed_frontier() RETURNS bigint LANGUAGE sql STABLE AS $$
      SELECT ((pg_snapshot_xmax(pg_current_snapshot())::text::bigint + transaction_offset) << 20) FROM meta
      $$;

    CREATE FUNCTION is_blocked(one text, other text) RETURNS boolean LANGUAGE sql STABLE AS $$
      SELECT EXISTS (SELECT FROM blocks WHERE user_id = one AND peer = other)
        OR EXISTS (SELECT FROM blocks WHERE user_id = other AND peer = one)
      $$;

    -- Whether one user may write to another; `restricted`: only where they are connected.
    CREATE FUNCTION is_permitted(one text, other text, restricted boolean) RETURNS boolean LANGUAGE sql STABLE AS $$
      SELECT one = other OR (NOT is_blocked(one, other)
        AND (NOT restricted OR EXISTS (SELECT FROM links WHERE user_id = one AND peer = other AND accepted)))
      $$;

    -- Stores messages. Of each: the id and digest that its send key has now, what it was refused for (1 who may write
    -- to whom, 2 what it answers, 0 nothing) and, where it was stored by this call, its position.
    CREATE FUNCTION store_messages(
        ids bigint[], senders text[], temp_ids text[], receivers text[], contents text[], metadatas text[],
        replies bigint[], digests bigint[], restrictions boolean[])
      RETURNS TABLE (stored bigint, stored_digest bigint, refusal int, place bigint)
      LANGUAGE plpgsql AS $$
      DECLARE
        base bigint;
        fresh_count int;
      BEGIN
        SELECT (pg_current_xact_id()::text::bigint + transaction_offset) << 20 INTO base FROM meta;
        WITH given AS MATERIALIZED (
          SELECT g.*, conversation_of(g.sender, g.receiver) AS conversation
            FROM unnest(ids, senders, temp_ids, receivers, contents, metadatas, replies, digests, restrictions)
              WITH ORDINALITY AS g(
                id, sender, temp_id, receiver, content, metadata, reply_to, digest, restricted, n)
        ), fresh AS (
          INSERT INTO send_keys (sender, temp_id, message, digest)
            SELECT g.sender, g.temp_id, g.id, g.digest FROM given g
              -- What is_permitted() asks, written out: as a function it would be started for each row.
              WHERE (g.sender = g.receiver
                  OR (NOT EXISTS (SELECT FROM blocks b WHERE b.user_id = g.sender AND b.peer = g.receiver)
                    AND NOT EXISTS (SELECT FROM blocks b WHERE b.user_id = g.receiver AND b.peer = g.sender)
                    AND (NOT g.restricted OR EXISTS (
                      SELECT FROM links l WHERE l.user_id = g.sender AND l.peer = g.receiver AND l.accepted))))
                AND (g.reply_to IS NULL
                  OR g.conversation = (SELECT m.conversation FROM messages m WHERE m.id = g.reply_to))
              -- In one order in all transactions, so that none waits for another that waits for it.
              ORDER BY g.sender, g.temp_id, g.n
            ON CONFLICT DO NOTHING RETURNING message
        ), added AS (
          INSERT INTO messages (id, conversation, sender, receiver, content, metadata, reply_to, position, born)
            SELECT g.id, g.conversation, g.sender, g.receiver, g.content, g.metadata, g.reply_to, base + g.n, base + g.n
              FROM given g JOIN fresh f ON f.message = g.id
            RETURNING 1
        ), talked AS (
          INSERT INTO conversations AS c (id, low, high, last_message)
            SELECT g.conversation, least(g.sender, g.receiver), greatest(g.sender, g.receiver), max(g.id)
              FROM given g JOIN fresh f ON f.message = g.id GROUP BY 1, 2, 3 ORDER BY 1
            ON CONFLICT (id) DO UPDATE SET last_message = greatest(c.last_message, excluded.last_message)
        )
        SELECT count(*) INTO fresh_count FROM added;
        IF fresh_count = cardinality(ids) THEN
          RETURN QUERY SELECT g.id, g.digest, 0, base + g.n
            FROM unnest(ids, digests) WITH ORDINALITY AS g(id, digest, n) ORDER BY g.n;
        ELSE
          -- A new statement sees what others committed while the first one waited for them.
          RETURN QUERY SELECT k.message, k.digest,
              CASE WHEN k.message IS NOT NULL THEN 0
                WHEN NOT is_permitted(g.sender, g.receiver, g.restricted) THEN 1 ELSE 2 END,
              CASE WHEN k.message = g.id THEN base + g.n END
            FROM unnest(ids, senders, temp_ids, receivers, restrictions)
                WITH ORDINALITY AS g(id, sender, temp_id, receiver, restricted, n)
              LEFT JOIN LATERAL (
                SELECT s.message, s.digest FROM send_keys s WHERE s.sender = g.sender AND s.temp_id = g.temp_id
              ) k ON true
            ORDER BY g.n;
        END IF;
      END $$;

    -- Marks messages as delivered or read by their receivers: all that a request names or, where one can't be, none.
    -- Of each: its sides, when it happened first, its version and, where this call changed it, its position. A request
    -- that can't be carried out has a fault: 1 a message is not there for this user, 2 the user is not its receiver.
    CREATE FUNCTION mark_messages(
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
          WITH ORDINALITY AS g(request, id, reader, is_read, moment, slot, n) ORDER BY g.id
      ), found AS MATERIALIZED (
        SELECT g.*, m.sender, m.receiver, m.version, m.delivered_at, m.read_at FROM given g LEFT JOIN LATERAL (
          SELECT * FROM messages m WHERE m.id = g.id FOR UPDATE
        ) m ON true
      ), judged AS (
        SELECT f.request, CASE
            WHEN bool_or(f.sender IS NULL OR f.reader NOT IN (f.sender, f.receiver)) THEN 1
            WHEN bool_or(f.reader <> f.receiver) THEN 2 ELSE 0 END AS fault
          FROM found f GROUP BY f.request
      ), changed AS (
        UPDATE messages m SET version = m.version + 1, position = base + f.slot,
            delivered_at = coalesce(m.delivered_at, f.moment),
            read_at = CASE WHEN f.is_read THEN f.moment ELSE m.read_at END,
            delivered_position = CASE WHEN f.is_read THEN m.delivered_position
              ELSE base + f.slot END,
            read_position = CASE WHEN f.is_read THEN base + f.slot END,
            delivered_version = CASE WHEN f.is_read THEN m.delivered_version ELSE m.version + 1 END,
            read_version = CASE WHEN f.is_read THEN m.version + 1 END
          FROM found f JOIN judged j ON j.request = f.request
          WHERE j.fault = 0 AND m.id = f.id
            AND CASE WHEN f.is_read THEN f.read_at IS NULL ELSE f.delivered_at IS NULL END
          RETURNING m.id, m.version, m.position
      )
      SELECT j.fault, f.sender::text, f.receiver::text,
          coalesce(CASE WHEN f.is_read THEN f.read_at ELSE f.delivered_at END, f.moment),
          coalesce(c.version, f.version), c.position
        FROM found f JOIN judged j ON j.request = f.request LEFT JOIN changed c ON c.id = f.id ORDER BY f.n;
      END $$;

    -- Marks all as read that a user has not read of a message's conversation, up to it; at most 100,000. Where there is
    -- nothing to mark, the message itself is told of.
    CREATE FUNCTION read_up_to(last_id bigint, reader text, moment bigint, slot bigint)
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
            RETURN QUERY SELECT 0, last.id, last.sender::text, last.read_at, last.version, NULL::bigint;
          END IF;
        END IF;
      END $$;

    -- Edits a message, or deletes it where there is no new content; only its sender may. Faults: 1 there is no such
    -- message for this user, 2 the user is not its sender, 3 it has been deleted.
    CREATE FUNCTION revise_message(message bigint, author text, new_content text, moment bigint, slot bigint)
      RETURNS TABLE (fault int, to_user text, happened bigint, new_version int, place bigint)
      LANGUAGE plpgsql AS $$
      DECLARE
        found_message messages;
      BEGIN
        SELECT * INTO found_message FROM messages m WHERE m.id = message FOR UPDATE;
        IF found_message.id IS NULL OR author NOT IN (found_message.sender, found_message.receiver) THEN
          RETURN QUERY SELECT 1, NULL::text, NULL::bigint, NULL::int, NULL::bigint;
        ELSIF author <> found_message.sender THEN
          RETURN QUERY SELECT 2, NULL::text, NULL::bigint, NULL::int, NULL::bigint;
        ELSIF found_message.deleted_at IS NOT NULL THEN
          RETURN QUERY SELECT CASE WHEN new_content IS NULL THEN 0 ELSE 3 END, found_message.receiver::text,
            found_message.deleted_at, found_message.version, NULL::bigint;
        ELSE
          RETURN QUERY UPDATE messages m SET version = m.version + 1, position = position_base() + slot,
              content = coalesce(new_content, m.content),
              edited_at = CASE WHEN new_content IS NULL THEN m.edited_at ELSE moment END,
              edited_position = CASE WHEN new_content IS NULL THEN m.edited_position ELSE position_base() + slot END,
              edited_version = CASE WHEN new_content IS NULL THEN m.edited_version ELSE m.version + 1 END,
              deleted_version = CASE WHEN new_content IS NULL THEN m.version + 1 END,
              deleted_at = CASE WHEN new_content IS NULL THEN moment END,
              deleted_position = CASE WHEN new_content IS NULL THEN position_base() + slot END
            WHERE m.id = message RETURNING 0, m.receiver::text, moment, m.version, m.position;
        END IF;
      END $$;

    -- Deletes what a user has sent, at most 500 messages a call, their content at once; when nothing is left of it, all
    -- else that is kept of them but the revocation of their tokens.
    CREATE FUNCTION erase_user(author text, moment bigint, slot bigint)
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
          DELETE FROM pushes WHERE receiver = author;
          DELETE FROM links WHERE user_id = author OR peer = author;
          DELETE FROM blocks WHERE user_id = author;
          DELETE FROM send_keys WHERE sender = author;
          UPDATE users SET name = NULL, own_name = NULL WHERE id = author;
        END IF;
      END $$;

    -- Does what a user wants about a connection with another. Faults: 1 the other takes no requests, 2 nobody accepts a
    -- request of their own, 3 there is nothing to accept.
    CREATE FUNCTION change_link(action text, asker text, other text, moment bigint) RETURNS int
      LANGUAGE plpgsql AS $$
      DECLARE
        link links;
      BEGIN
        -- One at a time for two users: each looks at both sides before it changes them.
        PERFORM pg_advisory_xact_lock(hashtextextended(conversation_of(asker, other)::text, 0));
        SELECT * INTO link FROM links WHERE user_id = asker AND peer = other;
        IF action = 'request' AND is_blocked(asker, other) THEN RETURN 1; END IF;
        IF action = 'request' AND link.user_id IS NULL THEN
          INSERT INTO links (user_id, peer, outgoing, since)
            VALUES (asker, other, true, moment), (other, asker, false, moment);
        ELSIF action = 'accept' OR (action = 'request' AND NOT link.outgoing) THEN
          IF link.user_id IS NULL THEN RETURN 3; END IF;
          IF link.accepted THEN RETURN 0; END IF;
          IF link.outgoing THEN RETURN 2; END IF;
          UPDATE links SET accepted = true, since = moment
            WHERE (user_id = asker AND peer = other) OR (user_id = other AND peer = asker);
        ELSIF action IN ('block', 'remove') THEN
          IF action = 'block' THEN
            INSERT INTO blocks (user_id, peer, since) VALUES (asker, other, moment) ON CONFLICT DO NOTHING;
          ELSE
            DELETE FROM blocks WHERE user_id = asker AND peer = other;
          END IF;
          DELETE FROM links WHERE (user_id = asker AND peer = other) OR (user_id = other AND peer = asker);
        END IF;
        RETURN 0;
      END $$;
    """
}
