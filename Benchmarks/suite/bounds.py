"""What the servers, NIO and SQLite give with no daemon before them, in the same round as what is measured."""

import contextlib
import statistics
import subprocess
import tempfile
from pathlib import Path

import daemon
import limits
import load

from harness.ports import free_port

from .systems import Sluice

CHAIN = "an event through seven trivial stages, batches of 64"
EVENT = "make an event and drop it"


def servers(folder, postgres, redis, secret_file, seconds):
    """Rows a second of PostgreSQL, each on a fresh copy of the daemon's schema, and SETs a second of Redis."""
    empty = Sluice(folder, postgres, redis, secret_file)
    empty.start()
    empty.stop()

    def fresh():
        name = postgres.database()
        postgres.query(f"DROP DATABASE {name}")
        postgres.query(f"CREATE DATABASE {name} TEMPLATE {empty.database}")
        postgres.query("CHECKPOINT")
        return name

    def lean(marks):
        return limits.lean_rows(postgres, fresh(), seconds / 2, marks)

    lean_rows, marked_rows = map(statistics.mean, load.by_turns(lean))
    p50, p99 = limits.paced_rows(postgres, fresh(), seconds, 1000)
    return {
        "pgbenchRows": limits.single_rows(postgres, fresh(), seconds),
        "pgbenchP50": p50,
        "pgbenchP99": p99,
        "unnestRows": limits.driver_rows(postgres, fresh(), seconds / 2),
        "leanRows": lean_rows,
        "leanRowsMarked": marked_rows,
        "redisSets1": limits.redis_sets(redis, 1, 20_000),
        "redisSets64": limits.redis_sets(redis, 64, 500_000),
    }


def embedded():
    """Rows a second of a bare SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        return {"sqliteRows": daemon.sqlite_limit(Path(folder), 500)}


@contextlib.contextmanager
def bare_echo():
    """A fresh server, its port and process."""
    port = free_port()
    with subprocess.Popen([load.ROOT / ".build/release/bare-echo", str(port)], stdout=subprocess.PIPE) as process:
        try:
            process.stdout.readline()
            yield port, process.pid
        finally:
            process.kill()


def echo(connections):
    """Frames a second that NIO sends back, their CPU, and the bytes that a connection holds before and after its first
    byte."""
    with bare_echo() as (port, pid):
        bytes_each = daemon.bare_memory(port, pid, connections)
        ping = load.frame('{"type":"PING","id":1}')
        rate, cost = daemon.frames(port, b'"type":"PING"', ping, None, pid)
    with bare_echo() as (port, pid):
        bytes_each_used = daemon.bare_memory(port, pid, connections, was_used=True)
    return {
        "echoFrames": rate,
        "echoMicroseconds": cost,
        "echoBytesPerConnection": bytes_each,
        "echoBytesPerUsedConnection": bytes_each_used,
    }


def nanoseconds(name):
    """Of one of the benchmarks of parts, best and worst."""
    command = [load.ROOT / ".build/release/sluice-benchmarks", name]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    best, worst = said.strip().rsplit(": ", 1)[1].removesuffix(" ns").split(" to ")
    return int(best), int(worst)


def chain():
    """What an event takes through the chain alone, made and dropped; and what making and dropping it takes of that."""
    (best, worst), (event, _) = nanoseconds(CHAIN), nanoseconds(EVENT)
    return {"chainNanoseconds": best, "chainNanosecondsMost": worst, "eventNanoseconds": event}


def measure(folder, postgres, redis, secret_file, seconds, connections):
    return {**servers(folder, postgres, redis, secret_file, seconds), **embedded(), **echo(connections), **chain()}
