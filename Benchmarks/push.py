"""Measures pushes to many who are offline: how many a second, what they cost, and what 429s for a while do to the rest.

The stand-in for FCM is a process of its own in Python, by HTTP/2 and TLS, on the same cores: at full speed it is the one that
is measured, so its CPU is told beside the daemon's.
"""

import argparse
import asyncio
import http.client
import json
import multiprocessing
import os
import random
import re
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Tests/Integration"))

from harness import tokens
from harness.client import connect
from harness.fcm import Fcm, fault
from harness.world import World

CONFIG = """version: 1
server:
  listen: 127.0.0.1:{port}
  admin: 127.0.0.1:{admin}
store: "{store}"
state: "{state}"
pipeline:
  - stage: auth
    secret_file: {folder}/secret
  - stage: persist
  - stage: fan_out
  - stage: fcm
    credentials: {credentials}
    endpoint: {endpoint}
"""


def cpu(pid):
    """CPU time of a process and its threads, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()).group(1)) / 1024


def standin(folder, pipe):
    """The stand-in's process: tells where it is, then answers questions."""
    with Fcm(folder, tls=True) as fcm:
        pipe.send((fcm.url, str(fcm.credentials()), fcm.environment))
        while (question := pipe.recv()) is not None:
            if question == "sent":
                pipe.send(sum(push.is_sent for push in fcm.pushes))
            elif question == "order":
                ids = {}
                for push in fcm.sent():
                    ids.setdefault(push.token, []).append(push.id)
                doubled = sum(len(found) - len(set(found)) for found in ids.values())
                pipe.send((sum(found != sorted(found) for found in ids.values()), doubled, len(fcm.pushes), fcm.faults))
            else:
                end = time.monotonic() + question
                fcm.answer = lambda push: fault(429, "QUOTA_EXCEEDED", Retry_After=2) if time.monotonic() < end else None
                pipe.send(None)


def ask(pipe, question):
    pipe.send(question)
    return pipe.recv()


def register(daemon, count):
    """Gives each user a phone, by several connections."""

    def some(numbers):
        connection = http.client.HTTPConnection("127.0.0.1", daemon.port)
        for number in numbers:
            user = f"user{number}"
            headers = {"Authorization": f"Bearer {tokens.token(user)}"}
            connection.request("POST", "/users/fcm/register", json.dumps({"deviceToken": f"phone{number}"}), headers)
            response = connection.getresponse()
            response.read()
            assert response.status == 204, response.status

    threads = [threading.Thread(target=some, args=(range(part, count, 8),)) for part in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


async def say(daemon, count, sender, prefix):
    """Sends a message to each user, many under way at once."""
    async with connect(daemon, sender) as client:
        for start in range(0, count, 500):
            numbers = range(start, min(start + 500, count))
            for number in numbers:
                data = {"tempId": f"{prefix}{number}", "receiverId": f"user{number}", "content": "Hello, are you there?"}
                await client.send("NEW_MESSAGE", data)
            await client.collect("MESSAGE_SENT", len(numbers))


async def chat(daemon, slow, end):
    """Two who are there talk; keeps how long each message took to arrive."""
    async with connect(daemon, "x") as x, connect(daemon, "y") as y:
        number = 0
        while not end.is_set():
            begin = time.monotonic()
            await x.say("y", "hi", f"chat{number}")
            await y.expect("NEW_MESSAGE")
            slow.append(time.monotonic() - begin)
            number += 1
            await asyncio.sleep(0.02)


def wait(pipe, count, seconds=600):
    deadline = time.monotonic() + seconds
    while ask(pipe, "sent") < count:
        assert time.monotonic() < deadline, "not all pushes have come"
        time.sleep(0.05)


def measure(world, folder, count):
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    other = multiprocessing.get_context("spawn").Process(target=standin, args=(folder / "fcm", theirs))
    other.start()
    url, credentials, environment = ours.recv()
    enter = ["env", *(f"{name}={value}" for name, value in environment.items())]
    daemon = world.daemon(folder / "daemon", config=CONFIG, credentials=credentials, endpoint=url, enter=enter)
    try:
        daemon.start()
        register(daemon, count)
        pid = daemon.process.pid
        before, memory = (cpu(pid), cpu(other.pid)), resident(pid)
        begin = time.monotonic()
        asyncio.run(say(daemon, count, "ann", "a"))
        said = time.monotonic() - begin
        wait(ours, count)
        took = time.monotonic() - begin
        spent = cpu(pid) - before[0], cpu(other.pid) - before[1]
        print(f"{world.name}: {count:,} pushes in {took:.1f} s ({count / took:,.0f}/s), messages acknowledged in {said:.1f} s")
        print(f"  CPU for 10,000: daemon {spent[0] / count * 1e4:.2f} s (messages included), stand-in {spent[1] / count * 1e4:.2f} s")
        print(f"  memory {memory:.0f} MiB before, {resident(pid):.0f} MiB after")

        asked = ask(ours, "order")[2]
        slow, end = [], threading.Event()
        talk = threading.Thread(target=lambda: asyncio.run(chat(daemon, slow, end)))
        talk.start()
        ask(ours, 10)
        begin = time.monotonic()
        for part in range(2):
            asyncio.run(say(daemon, count // 2, "ben", f"b{part}-"))
        wait(ours, count + count // 2 * 2)
        took = time.monotonic() - begin
        end.set()
        talk.join()
        unordered, doubled, all_asked, faults = ask(ours, "order")
        slow.sort()
        print(
            f"  10 s of 429: {count // 2 * 2:,} pushes sent after {took:.1f} s by {all_asked - asked:,} requests; "
            f"{unordered} phones out of order, {doubled} doubled, {len(faults)} faults"
        )
        print(
            f"  a chat meanwhile, said to seen: p50 {slow[len(slow) // 2] * 1e3:.1f} ms, "
            f"p99 {slow[len(slow) * 99 // 100] * 1e3:.1f} ms; memory {resident(pid):.0f} MiB"
        )
    finally:
        ours.send(None)
        other.join(20)
        world.end(daemon)


def kills(world, folder, count):
    """Pushes while a node is killed again and again: how many are lost, and how many come twice."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    other = multiprocessing.get_context("spawn").Process(target=standin, args=(folder / "fcm", theirs))
    other.start()
    url, credentials, environment = ours.recv()
    enter = ["env", *(f"{name}={value}" for name, value in environment.items())]
    # A push is a matter of milliseconds here, and a lease one of seconds: most kills hit something that is under way.
    config = CONFIG + "    lease: 5s\n    device_rate: 60000/m\n"
    daemon = world.daemon(folder / "daemon", config=config, credentials=credentials, endpoint=url, enter=enter)
    nodes = getattr(daemon, "nodes", [daemon])
    try:
        daemon.start()
        users = 200
        register(nodes[0], users)
        said, killed = 0, 0
        while said < count:
            asyncio.run(say(nodes[0], users, "ann", f"k{said}-"))
            said += users
            time.sleep(random.uniform(0, 0.4))
            node = random.choice(nodes)
            node.kill()
            killed += 1
            node.start()
        wait_all(ours, said)
        _, doubled, asked, faults = ask(ours, "order")
        sent = ask(ours, "sent")
        print(
            f"{world.name}, kill -9 of a node {killed} times: of {said:,} pushes {said - (sent - doubled)} lost, "
            f"{doubled} doubled, {asked:,} requests, {len(faults)} faults"
        )
    finally:
        ours.send(None)
        other.join(20)
        world.end(daemon)


def wait_all(pipe, count, seconds=120):
    """Waits until as many different pushes have come."""
    deadline = time.monotonic() + seconds
    while ask(pipe, "sent") - ask(pipe, "order")[1] < count and time.monotonic() < deadline:
        time.sleep(0.2)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--receivers", type=int, default=10_000)
    parser.add_argument("--killed", type=int, default=4_000, help="pushes that are sent while nodes are killed")
    options = parser.parse_args()
    for name in ("embedded", "production"):
        with World(name) as world, tempfile.TemporaryDirectory() as folder:
            measure(world, Path(folder), options.receivers)
    for name in ("embedded", "production", "two-nodes"):
        with World(name) as world, tempfile.TemporaryDirectory() as folder:
            kills(world, Path(folder), options.killed)


if __name__ == "__main__":
    main()
