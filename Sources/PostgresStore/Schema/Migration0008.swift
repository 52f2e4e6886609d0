/// The marks up to which it is decided on pushes: one for each life of a node, so that what it leaves undecided is found
/// however far the others have come.
enum Migration0008 {
  static let sql = """
    -- Up to which message a life of a node has decided what a service is to push. Who takes over what another has left
    -- undecided is its taker until that is decided. Node 0 stands for all nodes of the daemons before this one: they
    -- know one mark together.
    CREATE TABLE push_node_marks (
      service text COLLATE "C" NOT NULL,
      node bigint NOT NULL,
      decided bigint NOT NULL,
      -- When it was renewed, by this server's clock; 0 where its node has left it.
      written bigint NOT NULL,
      taker bigint,
      PRIMARY KEY (service, node)
    );
    INSERT INTO push_node_marks (service, node, decided, written)
      SELECT p.service, 0, pushes_decided(p.service), (extract(epoch FROM clock_timestamp()) * 1000)::bigint
        FROM push_marks p;
    INSERT INTO push_node_marks (service, node, decided, written)
      SELECT 'fcm', 0, m.pushes_decided, (extract(epoch FROM clock_timestamp()) * 1000)::bigint
        FROM meta m WHERE m.pushes_decided IS NOT NULL
      ON CONFLICT DO NOTHING;

    -- Before this message nothing is decided again, whoever dies; null where nobody decides.
    CREATE OR REPLACE FUNCTION pushes_decided(of_service text) RETURNS bigint LANGUAGE sql STABLE AS $$
      SELECT min(p.decided) FROM push_node_marks p WHERE p.service = of_service
      $$;

    -- Writes a node's mark and renews those that it has taken over; drops what need not be remembered any more, and jobs
    -- for messages that are too old. A daemon before this one that starts reads the lowest of all marks.
    CREATE FUNCTION mark_pushes(of_service text, of_node bigint, mark bigint, held bigint[], oldest bigint) RETURNS void
      LANGUAGE plpgsql SET sluice.marks_pushes = 'on' AS $$
      DECLARE
        moment bigint := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
        lowest bigint;
      BEGIN
        INSERT INTO push_node_marks AS p (service, node, decided, written) VALUES (of_service, of_node, mark, moment)
          ON CONFLICT (service, node) DO UPDATE
            SET decided = greatest(p.decided, excluded.decided), written = moment, taker = NULL;
        UPDATE push_node_marks p SET written = moment
          WHERE p.service = of_service AND p.node = ANY (held) AND p.taker = of_node;
        lowest := pushes_decided(of_service);
        IF of_service = 'fcm' THEN
          UPDATE meta SET pushes_decided = lowest WHERE pushes_decided IS NULL OR pushes_decided < lowest;
        END IF;
        DELETE FROM push_settled s WHERE s.service = of_service AND s.message < lowest;
        PERFORM drop_pushes(of_service, oldest);
      END $$;

    -- Gives a node the marks of others that were not renewed for so many milliseconds. It waits for nobody: what is
    -- locked is being renewed or taken.
    CREATE FUNCTION take_push_marks(of_service text, by_node bigint, age bigint)
      RETURNS TABLE (node bigint, decided bigint) LANGUAGE plpgsql AS $$
      #variable_conflict use_column
      DECLARE
        moment bigint := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
      BEGIN
        RETURN QUERY UPDATE push_node_marks p SET taker = by_node, written = moment FROM (
            SELECT s.node AS name FROM push_node_marks s
              WHERE s.service = of_service AND s.node <> by_node AND s.written <= moment - age
              FOR UPDATE SKIP LOCKED
          ) stale
          WHERE p.service = of_service AND p.node = stale.name RETURNING p.node, p.decided;
      END $$;

    -- The daemons before this one write one mark for all nodes, this way or by meta alone.
    CREATE OR REPLACE FUNCTION decide_pushes(of_service text, mark bigint, oldest bigint) RETURNS void
      LANGUAGE sql AS $$ SELECT mark_pushes(of_service, 0, mark, '{}', oldest) $$;
    CREATE FUNCTION note_push_mark() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF coalesce(current_setting('sluice.marks_pushes', true), '') <> 'on' THEN
          PERFORM decide_pushes('fcm', NEW.pushes_decided, 0);
        END IF;
        RETURN NULL;
      END $$;
    CREATE TRIGGER push_mark_noted AFTER UPDATE OF pushes_decided ON meta
      FOR EACH ROW WHEN (NEW.pushes_decided IS NOT NULL) EXECUTE FUNCTION note_push_mark();
    """
}
