"""What the servers give without a daemon before them: the limits that its figures are held against."""

import collections
import contextlib
import csv
import itertools
import multiprocessing
import re
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

import load  # noqa: F401 (it finds the harness)
import psycopg
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ExecStatus

from harness.postgres import PROGRAMS

# What the time in a message's number counts from, in milliseconds of Unix time.
EPOCH = 1_704_067_200_000

# A row, its send key and all their indexes, as the daemon's schema has them, in one statement; without permissions,
# conversations and answers. Ids are of their microsecond and client: one of the same twice would end the client.
SINGLE = f"""\\set user random(1, 200)
WITH fresh AS (
  INSERT INTO sluice.send_keys (sender, temp_id, message, digest)
    SELECT 'user' || :user, :client_id || '-' || at, ((extract(epoch FROM at) * 1000)::bigint - {EPOCH} << 22)
        + (extract(microseconds FROM at)::bigint % 1000 << 12) + :client_id, 1
      FROM clock_timestamp() AS at
    ON CONFLICT DO NOTHING RETURNING message, sender
) INSERT INTO sluice.messages (id, conversation, sender, receiver, content, position, born)
  SELECT message, '00000000-0000-0000-0000-000000000000', sender, 'peer', repeat('x', 100), message, message FROM fresh;
"""
BATCH = """
WITH given AS MATERIALIZED (
  SELECT * FROM unnest({}::bigint[], {}::uuid[], {}::text[], {}::text[], {}::text[], {}::text[]) AS g(id, conversation, sender, receiver, temp_id, content)
), fresh AS (
  INSERT INTO sluice.send_keys (sender, temp_id, message, digest) SELECT sender, temp_id, id, id FROM given
    ON CONFLICT DO NOTHING RETURNING message
) INSERT INTO sluice.messages (id, conversation, sender, receiver, content, position, born)
  SELECT g.id, g.conversation, g.sender, g.receiver, g.content, g.id, g.id FROM given g JOIN fresh f ON f.message = g.id
"""
# A delivered and a read receipt of each message: what `mark_each` changes, without asking whether it may be.
MARKS = """
PREPARE marks (bigint[], bigint[]) AS
UPDATE sluice.messages m SET version = m.version + 2, position = g.place + 1,
    delivered_at = g.place >> 22, delivered_position = g.place, delivered_version = m.version + 1,
    read_at = g.place >> 22, read_position = g.place + 1, read_version = m.version + 2
  FROM unnest($1, $2) AS g(id, place) WHERE m.id = g.id
"""
PREPARED = "PREPARE batch (bigint[], uuid[], text[], text[], text[], text[]) AS" + BATCH.format(*(f"${n}" for n in range(1, 7)))
# What the daemon's connections set too.
OPTIONS = "-c enable_seqscan=off -c plan_cache_mode=force_generic_plan -c jit=off"
ROWS = 200
# So many batches later a message is marked: two clients have as many messages unmarked then as the load has in flight.
BEHIND = 4


def pgbench(postgres, database, seconds, *more):
    """What pgbench says of rows that are each committed by themselves, on eight connections."""
    script = postgres.folder / "single.sql"
    script.write_text(SINGLE)
    command = [PROGRAMS / "pgbench", "-n", "-M", "prepared", "-c", "8", "-j", "2", "-T", str(seconds), "-f", script]
    command += [*more, postgres.url(database)]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=postgres.folder).stdout


def single_rows(postgres, database, seconds):
    """Rows a second."""
    return float(re.search(r"^tps = ([\d.]+)", pgbench(postgres, database, seconds), re.M).group(1))


def paced_rows(postgres, database, seconds, rate):
    """How long a row took in ms, of so many a second whatever comes back, counted from when it was due: p50 and p99."""
    with tempfile.TemporaryDirectory() as folder:
        pgbench(postgres, database, seconds, "--rate", str(rate), "--log", "--log-prefix", f"{folder}/log")
        lines = [line.split() for path in Path(folder).iterdir() for line in path.read_text().splitlines()]
    # Column 3 has the microseconds.
    times = sorted(int(line[2]) / 1000 for line in lines)
    return times[len(times) // 2], times[len(times) * 99 // 100]


def place(number, count):
    """A number like those of messages: of its moment, one of two clients and a count."""
    return (time.time_ns() // 1_000_000 - EPOCH << 22) + (number << 20) + count % 1_000_000


def batches(number, seconds, marks):
    """The statements of each transaction of a client, by name and arrays: so long, a batch of rows, with `marks` those
    of an earlier batch too; at the end those that are left."""
    users = [f"user{number}-{n:03}" for n in range(200)]
    conversations = [uuid.UUID(f"{number:08x}-0000-0000-0000-{n // 2:012x}") for n in range(200)]
    content = ["x" * 100] * ROWS
    end, unmarked = time.monotonic() + seconds, collections.deque()

    def marked():
        base = place(number, 0)
        return "marks", (unmarked.popleft(), [base + 2 * n for n in range(ROWS)])

    for first in itertools.count(step=ROWS):
        if time.monotonic() > end:
            break
        numbers, base = range(first, first + ROWS), place(number, first)
        ids, who = [base + n for n in range(ROWS)], [n % 200 for n in numbers]
        arrays = ids, [conversations[n] for n in who], [users[n] for n in who], [users[n ^ 1] for n in who]
        statements = [("batch", (*arrays, [f"{n:07}" for n in numbers], content))]
        if len(unmarked) == BEHIND:
            statements.append(marked())
        if marks:
            unmarked.append(ids)
        yield statements
    while unmarked:
        yield [marked()]


def check_plan(connection):
    """A message must be found by its id, as the daemon finds it."""
    plan = "\n".join(line for (line,) in connection.execute("EXPLAIN EXECUTE marks ('{}', '{}')"))
    found = re.findall(r"(\S.*) on messages\w* m_\d+ .*\n\s+(.*)", plan)
    # Above them the messages that are changed are named without a plan.
    scans = [(way, condition) for way, condition in found if "Scan" in way]
    by_id = [way for way, condition in scans if way.endswith("_pkey") and condition == "Index Cond: (id = g.id)"]
    assert scans and len(by_id) == len(scans), plan


def send(connection, statements):
    """Sends statements as one transaction, and does not wait for it."""
    for name, arrays in statements:
        adapted = Transformer(connection)
        values = adapted.dump_sequence(arrays, [PyFormat.BINARY] * len(arrays))
        connection.pgconn.send_query_prepared(name.encode(), values, adapted.formats)
    connection.pgconn.pipeline_sync()


def wait(connection, statements):
    """Waits for a transaction that was sent; each of its statements must have been for all rows."""
    for _ in statements:
        result = connection.pgconn.get_result()
        assert result.command_tuples == ROWS, result.error_message
        assert connection.pgconn.get_result() is None
    assert connection.pgconn.get_result().status == ExecStatus.PIPELINE_SYNC


def driver_client(url, number, seconds, results):
    """Stores batches one after the other, as an application does by a driver."""
    with psycopg.connect(url, autocommit=True, prepare_threshold=0, options=OPTIONS) as connection:
        begin, rows, cursor = time.monotonic(), 0, connection.cursor(binary=True)
        for [(_, arrays)] in batches(number, seconds, False):
            cursor.execute(BATCH.format(*["%s"] * 6), arrays)
            assert cursor.rowcount == ROWS
            rows += ROWS
        results.put((rows, time.monotonic() - begin))


def lean_client(url, number, seconds, results, marks=False):
    """Stores batches by libpq itself, the next one sent behind the one that is under way: as fast as the server can."""
    with contextlib.closing(psycopg.connect(url, autocommit=True, options=OPTIONS)) as connection:
        connection.execute(PREPARED)
        connection.execute(MARKS)
        check_plan(connection)
        # By libpq itself: psycopg's own pipeline waits at the end of each transaction.
        connection.pgconn.enter_pipeline_mode()
        begin, rows, under_way = time.monotonic(), 0, collections.deque()
        for statements in batches(number, seconds, marks):
            if len(under_way) == 2:
                wait(connection, under_way.popleft())
            send(connection, statements)
            under_way.append(statements)
            rows += ROWS * any(name == "batch" for name, _ in statements)
        for statements in under_way:
            wait(connection, statements)
        results.put((rows, time.monotonic() - begin))


def driver_rows(postgres, database, seconds):
    """Rows a second in batches of 200, committed each, on two connections by a driver."""
    return batched(postgres, database, driver_client, seconds)


def lean_rows(postgres, database, seconds, marks=False):
    """The same as fast as the server can. With `marks`, each row is also marked as delivered and read."""
    return batched(postgres, database, lean_client, seconds, marks)


def batched(postgres, database, client, seconds, marks=None):
    """Lets two clients work; gives what they have stored a second."""
    url, results = postgres.url(database), multiprocessing.Queue()
    more = () if marks is None else (marks,)
    processes = [
        multiprocessing.Process(target=client, args=(url, number, seconds, results, *more)) for number in range(2)
    ]
    for process in processes:
        process.start()
    done = [results.get(timeout=seconds + 60) for _ in processes]
    for process in processes:
        process.join()
    marked = "version = 3 AND delivered_version = 2 AND read_version = 3 AND delivered_at <= read_at AND position > born"
    condition = marked if marks else "version = 1"
    found = postgres.query(f"SELECT count(*), count(*) FILTER (WHERE {condition}) FROM sluice.messages", database)
    rows = sum(rows for rows, _ in done)
    assert found == f"{rows}|{rows}", f"{rows} rows were stored, found are {found}"
    return sum(rows / took for rows, took in done)


def redis_sets(redis, depth, count):
    """SETs a second over two connections, so many in flight on each."""
    command = ["redis-benchmark", "-p", str(redis.port), "-c", "2", "-P", str(depth), "-n", str(count), "-t", "set"]
    secret = ["-a", redis.password] if redis.password else []
    result = subprocess.run([*command, *secret, "--csv"], capture_output=True, text=True, check=True)
    return float(list(csv.reader(result.stdout.splitlines()))[-1][1])
