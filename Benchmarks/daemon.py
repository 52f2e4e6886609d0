"""Measures the running daemon: messages acknowledged and delivered, CPU, memory, and the limits beside them.

The load comes from this machine, so what counts are the ratios within one run. Clients are raw sockets whose frames are
made ahead, in processes of their own, so that they cost as little as may be.
"""

import base64
import multiprocessing
import os
import re
import resource
import select
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Tests/Integration"))
os.environ.setdefault("SLUICE_BINARY", str(ROOT / ".build/release/sluice"))

from harness import tokens  # noqa: E402
from harness.daemon import Daemon, free_port  # noqa: E402

SECONDS = 5
DEPTH = 16


def frame(text):
    """A masked text frame; the mask is zero, which a server takes off all the same."""
    payload = text.encode()
    head = bytes([0x81, 0x80 | len(payload)]) if len(payload) < 126 else b"\x81\xfe" + len(payload).to_bytes(2, "big")
    return head + b"\0\0\0\0" + payload


def open_socket(port, user):
    client = socket.create_connection(("127.0.0.1", port))
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    key = base64.b64encode(os.urandom(16)).decode()
    client.sendall(
        f"GET /ws?token={tokens.token(user)} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
    )
    data = b""
    client.settimeout(20)
    while b'"CONNECTED"' not in data:
        more = client.recv(4096)
        if not more:
            raise SystemExit(f"the daemon has closed the connection of {user}: {data.decode(errors='replace')}")
        data += more
    return client


def cpu(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()).group(1)) * 1024


def count_in(clients, patterns, seconds, send):
    """Keeps clients busy and counts what comes back: each answer sends the next event."""
    poller = select.epoll()
    by_number = {client.fileno(): index for index, client in enumerate(clients)}
    for client in clients:
        client.setblocking(False)
        poller.register(client, select.EPOLLIN)
    counts = [0] * len(patterns)
    rest = {}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for number, _ in poller.poll(0.1):
            index = by_number[number]
            data = rest.get(number, b"") + clients[index].recv(262_144)
            keep = max(len(pattern) for pattern in patterns) - 1
            for position, pattern in enumerate(patterns):
                found = data.count(pattern)
                counts[position] += found
                if position == 0 and found:
                    send(index, found)
            rest[number] = data[-keep:]
            for pattern in patterns:
                if rest[number].count(pattern):
                    rest[number] = rest[number].split(pattern)[-1]
    return counts


def worker(port, first, pairs, seconds, results):
    users = [f"u{first + n}" for n in range(pairs * 2)]
    clients = [open_socket(port, user) for user in users]
    serial = [0] * len(clients)

    def send(index, times):
        frames = b""
        for _ in range(times):
            serial[index] += 1
            frames += frame(
                '{"type":"NEW_MESSAGE","data":{"tempId":"%s-%d","receiverId":"%s","content":"%s"}}'
                % (first, serial[index], users[index ^ 1], "x" * 100)
            )
        try:
            clients[index].sendall(frames)
        except BlockingIOError:
            pass

    for index in range(len(clients)):
        send(index, DEPTH)
    results.put(count_in(clients, [b'"type":"MESSAGE_SENT"', b'"type":"NEW_MESSAGE"'], seconds, send))


def messages(daemon):
    results = multiprocessing.Queue()
    workers = [
        multiprocessing.Process(target=worker, args=(daemon.port, 1000 * n, 25, SECONDS, results)) for n in range(2)
    ]
    before = cpu(daemon.process.pid)
    for process in workers:
        process.start()
    totals = [sum(column) for column in zip(*(results.get() for _ in workers))]
    for process in workers:
        process.join()
    used = cpu(daemon.process.pid) - before
    acked, delivered = totals
    commits = daemon.metric("sluice_store_commits_total")
    stored = sqlite3.connect(daemon.folder / "store.db").execute("SELECT count(*) FROM messages").fetchone()[0]
    if stored < acked:
        raise SystemExit(f"{acked} messages were acknowledged and {stored} are stored")
    print(f"acknowledged (durable), SQLite: {acked / SECONDS:,.0f} messages/s; delivered {delivered / SECONDS:,.0f}/s")
    print(f"CPU of the daemon: {used / acked * 10_000:.2f} s for 10,000 messages; {acked / commits:.0f} a commit")
    return acked / SECONDS


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
    many = payload * 64
    client.sendall(many)
    counts = count_in([client], [pattern], 3, lambda index, times: client.sendall(payload * times))
    results.put(counts[0])


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


def bare_memory(port, pid, count):
    before = resident(pid)
    clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
    clients[-1].sendall(b"x")
    clients[-1].recv(1)
    used = resident(pid) - before
    for client in clients:
        client.close()
    return used / count


def main():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(10_000, hard - 500)
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
