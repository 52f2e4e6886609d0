"""Databases with as many messages as one has after months: filled by the server itself, kept for the whole suite."""

import threading
import time

import psycopg
from limits import EPOCH

from .systems import Sluice

USERS = 2000
PEERS = 50
# Messages are of so many days, which send keys are kept for.
DAYS = 6

# Each user is in as many messages as any other, half of them sent, and talks with 2 × PEERS others. Ids are made as the
# daemon makes them, positions are below all that a transaction will have.
GIVEN = """
(SELECT n, (%(first)s + n * %(span)s / %(rows)s) << 22 | n %% 4096 AS id, 'user' || n %% %(users)s AS sender,
    'user' || (n %% %(users)s + 1 + n / %(users)s %% %(peers)s) %% %(users)s AS receiver
  FROM generate_series(1::bigint, %(rows)s) n) g
"""
MESSAGES = f"""
INSERT INTO messages (id, conversation, sender, receiver, content, position, born, delivered_at, read_at)
  SELECT id, conversation_of(sender, receiver), sender, receiver, rpad('message ' || n || ' ', 100, 'x'), n, n,
      CASE WHEN n %% 10 > 0 THEN (id >> 22) + {EPOCH} END, CASE WHEN n %% 10 > 0 THEN (id >> 22) + {EPOCH} END
    FROM {GIVEN}
"""
KEYS = f"INSERT INTO send_keys (sender, temp_id, message, digest) SELECT sender, 't' || n, id, n FROM {GIVEN}"
CONVERSATIONS = """
INSERT INTO conversations (id, low, high, last_message)
  SELECT conversation, least(min(sender), min(receiver)), greatest(max(sender), max(receiver)), max(id)
    FROM messages GROUP BY conversation
"""
# A primary key cannot be dropped as an index can, so it has its constraint's words.
INDEXES = """
SELECT c.relname, con.conname, coalesce(pg_get_constraintdef(con.oid), pg_get_indexdef(i.indexrelid))
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid LEFT JOIN pg_constraint con ON con.conindid = i.indexrelid
  WHERE i.indrelid = %s::regclass
"""


def connected(url):
    return psycopg.connect(url, autocommit=True, options="-c search_path=sluice -c maintenance_work_mem=1GB -c jit=off")


def fill(url, table, statement, values):
    """Fills one table, and makes its indexes when all rows are there: in order, where rows come at random."""
    with connected(url) as connection:
        indexes = connection.execute(INDEXES, (table,)).fetchall()
        alter = f"ALTER TABLE {table}"
        for index, constraint, _ in indexes:
            connection.execute(f"{alter} DROP CONSTRAINT {constraint}" if constraint else f"DROP INDEX {index}")
        connection.execute(statement, values)
        for _, constraint, words in indexes:
            # Of a table in partitions, the words of an index are those of the part that has no rows.
            with_parts = words.replace("ON ONLY", "ON")
            connection.execute(f"{alter} ADD CONSTRAINT {constraint} {words}" if constraint else with_parts)
        if table == "messages":
            connection.execute(CONVERSATIONS)
            connection.execute("VACUUM ANALYZE conversations")
        connection.execute(f"VACUUM ANALYZE {table}")


def make(folder, postgres, redis, secret_file, rows):
    """A database with so many messages in the daemon's schema; gives its name and how long it took."""
    begin = time.monotonic()
    system = Sluice(folder, postgres, redis, secret_file)
    system.start()
    system.stop()
    url, span = postgres.url(system.database), DAYS * 86_400_000
    values = {"rows": rows, "users": USERS, "peers": PEERS, "span": span}
    values["first"] = int(time.time() * 1000) - EPOCH - span
    with connected(url) as connection:
        connection.execute("SELECT make_partitions(%s)", (values["first"] << 22,))
    faults = []

    def filling(table, statement):
        try:
            fill(url, table, statement, values)
        except psycopg.Error as error:
            faults.append(error)

    threads = [threading.Thread(target=filling, args=task) for task in (("messages", MESSAGES), ("send_keys", KEYS))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return system.database, time.monotonic() - begin
