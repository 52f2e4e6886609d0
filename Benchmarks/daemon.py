"""Measures the running daemon: messages acknowledged and delivered, CPU, memory, and the limits beside them.

The load comes from this machine, so what counts are the ratios within one run.
"""

import multiprocessing
import re
import socket
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path

import load
from load import ROOT, cpu, frame, open_socket

from harness.daemon import Daemon, free_port

DEPTH = 16


def resident(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()).group(1)) * 1024


def count_in(client, pattern, seconds, send):
    """Keeps a client busy and counts what comes back: each answer sends the next event."""
    count, rest, end = 0, b"", time.monotonic() + seconds
    while time.monotonic() < end:
        data = rest + client.recv(262_144)
        found = data.count(pattern)
        count += found
        send(found)
        # What is left may hold the beginning of another one, but no whole one.
        rest = data[data.rfind(pattern) + 1 :][-len(pattern) :] if found else data[-len(pattern) :]
    return count


def messages(daemon):
    outcome = load.run(
        load.Plan((daemon.port,), pairs=50, depth=DEPTH),
        watch=lambda: {"daemon": cpu(daemon.process.pid)},
        count=lambda: {"commits": daemon.metric("sluice_store_commits_total")},
    )
    store = sqlite3.connect(daemon.folder / "store.db")
    keys = store.execute("SELECT k.sender, temp_id, message FROM send_keys k JOIN messages m ON m.id = message")
    outcome.check({(sender, serial): message for sender, serial, message in keys})
    store.close()
    acked, delivered = outcome.rate(), outcome.rate("delivered")
    print(f"acknowledged (durable), SQLite: {acked:,.0f} messages/s; delivered {delivered:,.0f}/s")
    size = 1 / outcome.per_message("commits")
    print(f"CPU of the daemon: {outcome.cost('daemon'):.2f} s for 10,000 messages; {size:.0f} a commit")
    return acked


def sqlite_limit(folder, size):
    """How many rows a bare SQLite takes a second in commits of the same size, one table, one index."""
    store = sqlite3.connect(folder / "limit.db", isolation_level=None)
    store.execute("PRAGMA journal_mode=WAL")
    store.execute("PRAGMA synchronous=FULL")
    store.execute("CREATE TABLE m (id INTEGER PRIMARY KEY, sender TEXT, temp TEXT, content TEXT, UNIQUE (sender, temp))")
    rows, end = 0, time.monotonic() + 3
    while time.monotonic() < end:
        store.execute("BEGIN")
        batch = [(rows + n, f"u{n % 100}", f"{rows + n}", "x" * 100) for n in range(size)]
        store.executemany("INSERT INTO m VALUES (?, ?, ?, ?)", batch)
        store.execute("COMMIT")
        rows += size
    store.close()
    return rows / 3


def echo_worker(port, payload, pattern, results, user):
    client = open_socket(port, user) if user else socket.create_connection(("127.0.0.1", port))
    client.sendall(payload * 64)
    results.put(count_in(client, pattern, 3, lambda times: client.sendall(payload * times)))


def frames(port, pattern, payload, user, pid):
    results = multiprocessing.Queue()
    workers = [
        multiprocessing.Process(target=echo_worker, args=(port, payload, pattern, results, user and f"{user}{n}"))
        for n in range(2)
    ]
    before = cpu(pid)
    for process in workers:
        process.start()
    total = sum(results.get() for _ in workers)
    for process in workers:
        process.join()
    return total / 3, (cpu(pid) - before) / total * 1e6


def memory(daemon, count):
    before = resident(daemon.process.pid)
    clients = [open_socket(daemon.port, f"idle{n}") for n in range(count)]
    used = resident(daemon.process.pid) - before
    for client in clients:
        client.close()
    return used / count


def bare_memory(port, pid, count, was_used=False):
    """Bytes that a connection of a bare echo takes. `was_used`: after one byte each way, as NIO keeps a channel's first
    buffer; no WebSocket comes to be without a request."""
    before = resident(pid)
    clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
    for client in clients if was_used else clients[-1:]:
        client.sendall(b"x")
        client.recv(1)
    used = resident(pid) - before
    for client in clients:
        client.close()
    return used / count


def main():
    count = min(10_000, load.allow_many_files() - 500)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        daemon = Daemon(folder / "daemon")
        daemon.start()
        echo_port = free_port()
        binary = ROOT / "Benchmarks/.build/release/bare-echo"
        echo = subprocess.Popen([binary, str(echo_port)], stdout=subprocess.PIPE)
        echo.stdout.readline()
        try:
            ours = memory(daemon, count)
            bare = bare_memory(echo_port, echo.pid, count)
            print(f"memory of an idle connection at {count:,}: {ours / 1024:.1f} KiB; bare NIO TCP {bare / 1024:.1f} KiB")
            ping = frame('{"type":"PING","id":1}')
            rate, cost = frames(daemon.port, b'"type":"PONG"', ping, "p", daemon.process.pid)
            limit, least = frames(echo_port, b'"type":"PING"', ping, None, echo.pid)
            print(f"PING to PONG: {rate:,.0f} frames/s, {cost:.1f} µs of CPU each; bare echo {limit:,.0f}, {least:.1f} µs")
            rate = messages(daemon)
            limit = sqlite_limit(folder, 500)
            print(f"a bare SQLite in commits of 500 rows: {limit:,.0f} rows/s; the daemon is at {rate / limit:.0%} of it")
        finally:
            echo.kill()
            daemon.kill()


if __name__ == "__main__":
    main()
