/// Dead letters: events that a stage has failed on. A daemon that does not know them has nothing to do with the table, and
/// takes those of a user with all else when it erases them.
enum Migration0005 {
  static let sql = """
    -- The data is JSON as bytes: a jsonb would not keep all that an event may say.
    CREATE TABLE dead_letters (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      at bigint NOT NULL,
      type text NOT NULL,
      user_id text COLLATE "C",
      user_name text,
      is_backend boolean NOT NULL,
      -- A JSON array.
      scopes text NOT NULL,
      stage text NOT NULL,
      error text NOT NULL,
      revision bigint NOT NULL,
      node text NOT NULL,
      -- Whether the event was stored before its stage failed, and as which message.
      stored boolean NOT NULL,
      message bigint,
      data bytea NOT NULL
    );
    CREATE INDEX dead_letters_by_time ON dead_letters (at, id);
    -- By hash, which takes an id of any length: an event is kept as it came.
    CREATE INDEX dead_letters_of_user ON dead_letters USING hash (user_id);

    -- Drops the oldest letters from before a moment: at most 2,000, and of their data little more than 16 MiB, so that
    -- nobody waits for it. Gives how many it has dropped.
    CREATE FUNCTION drop_dead_letters(before bigint) RETURNS bigint LANGUAGE plpgsql AS $$
      DECLARE
        dropped bigint;
      BEGIN
        WITH old AS MATERIALIZED (
          SELECT d.id, d.at, octet_length(d.data) AS size FROM dead_letters d WHERE d.at < before
            ORDER BY d.at, d.id LIMIT 2000 FOR UPDATE SKIP LOCKED
        ), summed AS MATERIALIZED (
          SELECT o.id, sum(o.size) OVER (ORDER BY o.at, o.id) - o.size AS behind FROM old o
        )
        DELETE FROM dead_letters WHERE id IN (SELECT s.id FROM summed s WHERE s.behind < 16777216);
        GET DIAGNOSTICS dropped = ROW_COUNT;
        RETURN dropped;
      END $$;

    -- Deletes what a user has sent, at most 500 messages a call, their content at once; when nothing is left of it, all
    -- else that is kept of them, dead letters too, but the revocation of their tokens.
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
          DELETE FROM pushes WHERE receiver = author;
          DELETE FROM links WHERE user_id = author OR peer = author;
          DELETE FROM blocks WHERE user_id = author;
          DELETE FROM send_keys WHERE sender = author;
          DELETE FROM dead_letters WHERE user_id = author;
          UPDATE users SET name = NULL, own_name = NULL WHERE id = author;
        END IF;
      END $$;
    """
}
