"""`sluice bench` against a server that does what no server should: each fault is counted as what it is, and as no other."""

import asyncio
import contextlib
import datetime
import json
import subprocess
import threading
import time

import jwt
import pytest
import websockets
from harness import tokens
from harness.daemon import BINARY

pytestmark = pytest.mark.one_node("puts a load on a server of its own")

FAULTS = ("unanswered", "undelivered", "doubled", "reordered", "strayed")


class Liar:
    """Takes messages as the daemon does, in memory, but for the third of each sender, which a fault is done to; it
    answers none before a moment."""

    def __init__(self, fault=None, silent_for=0.0):
        self.fault, self.silent_for = fault, silent_for
        self.clients, self.counts, self.held = {}, {}, {}
        self.opens = None
        self.loop, self.ready = asyncio.new_event_loop(), threading.Event()
        self.thread = threading.Thread(target=self.loop.run_until_complete, args=(self.serve(),))

    def __enter__(self):
        self.thread.start()
        self.ready.wait()
        return self

    def __exit__(self, *error):
        self.loop.call_soon_threadsafe(self.ended.set)
        self.thread.join()
        self.loop.close()

    async def serve(self):
        self.ended = asyncio.Event()
        async with websockets.serve(self.client, "127.0.0.1", 0) as server:
            self.port = server.sockets[0].getsockname()[1]
            self.ready.set()
            await self.ended.wait()

    async def client(self, socket):
        bearer = socket.request.headers["Authorization"].removeprefix("Bearer ")
        user = jwt.decode(bearer, tokens.SECRET, algorithms=["HS256"])["sub"]
        self.clients[user] = socket
        await say(socket, "CONNECTED")
        await self.tell(user, "online")
        with contextlib.suppress(websockets.ConnectionClosed):
            async for text in socket:
                await self.take(user, json.loads(text)["data"])
        del self.clients[user]
        await self.tell(user, "offline")

    async def tell(self, user, status):
        """Tells all of one who is watched: the first user of a load is."""
        if self.fault != "told twice" or not user.endswith("-0"):
            return
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        for pause in (0, 0.1):
            await asyncio.sleep(pause)
            for name, socket in list(self.clients.items()):
                if name != user:
                    await say(socket, "USER_PRESENCE_UPDATE", userId=user, status=status, lastSeen=now)

    async def take(self, sender, data):
        self.opens = self.opens or time.monotonic() + self.silent_for
        await asyncio.sleep(max(0, self.opens - time.monotonic()))
        number = self.counts[sender] = self.counts.get(sender, 0) + 1
        fault = self.fault if number == 3 else None
        for _ in range({"not answered": 0, "answered twice": 2}.get(fault, 1)):
            await say(self.clients[sender], "MESSAGE_SENT", tempId=data["tempId"])
        if fault == "late":
            self.held[sender] = data
            return
        if fault != "lost" and data["receiverId"] in self.clients:
            await self.deliver(data["receiverId"], data)
        if fault == "twice":
            await self.deliver(data["receiverId"], data)
        if fault == "to others":
            await self.deliver(sender, data)
        if late := self.held.pop(sender, None):
            await self.deliver(late["receiverId"], late)

    async def deliver(self, user, data):
        await say(self.clients[user], "NEW_MESSAGE", messageId="m", content=data["content"])


async def say(socket, kind, **data):
    await socket.send(json.dumps({"type": kind, "data": data}))


def bench(server, folder, *options):
    secret = folder / "secret"
    secret.write_bytes(tokens.SECRET)
    secret.chmod(0o600)
    where = ("--at", f"127.0.0.1:{server.port}", "--secret-file", secret, "--patience", "1")
    done = subprocess.run(
        [BINARY, "bench", "--json", *where, *options], capture_output=True, text=True, timeout=60
    )
    return done, json.loads(done.stdout)


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        ("lost", "undelivered"),
        ("twice", "doubled"),
        ("answered twice", "doubled"),
        ("late", "reordered"),
        ("to others", "strayed"),
        ("not answered", "unanswered"),
    ],
)
def test_each_fault_is_told_as_what_it_is(tmp_path, fault, name):
    with Liar(fault) as server:
        done, found = bench(server, tmp_path, "--pairs", "2", "--rate", "100", "--warm-up", "0.2", "--seconds", "0.5")
    assert done.returncode == 1 and "messages were lost, doubled or out of order" in done.stderr
    # A message that has come and has no answer makes up for none that is lost: it is one less acknowledged.
    also = {"undelivered": -4} if name == "unanswered" else {}
    assert {key: found[key] for key in FAULTS} == {**dict.fromkeys(FAULTS, 0), **also, name: 4}


def test_without_a_fault_nothing_is_told(tmp_path):
    with Liar() as server:
        done, found = bench(server, tmp_path, "--pairs", "2", "--depth", "2", "--warm-up", "0", "--seconds", "0.5")
    assert done.returncode == 0, done.stderr
    assert {key: found[key] for key in FAULTS} == dict.fromkeys(FAULTS, 0)
    assert found["measuredFrom"] >= found["connectingSeconds"]


def test_what_was_due_in_the_measured_time_counts_however_late_it_comes(tmp_path):
    options = ("--rate", "100", "--warm-up", "0.3", "--seconds", "0.6", "--patience", "20")
    with Liar(silent_for=1.5) as server:
        done, found = bench(server, tmp_path, "--pairs", "2", *options)
    assert done.returncode == 0, done.stderr
    # All came when the time was over: from 1.2 s after the first were due to 0.6 s after the last, and no others count.
    assert found["ackedPerSecond"] == found["deliveredPerSecond"] == 0
    for kind in ("ackMilliseconds", "deliveryMilliseconds"):
        times = found[kind]
        assert 50 <= times["count"] <= 100 * (found["seconds"] + 0.1) < found["sent"]
        assert times["buckets"][0][0] >= 500e6 and times["p50"] >= 700 and times["max"] >= 1000
    assert found["measuredFrom"] >= found["connectingSeconds"] + 0.3


def test_watchers_who_are_told_twice_are_counted(tmp_path):
    with Liar("told twice") as server:
        options = ("--watchers", "3", "--changes", "2", "--warm-up", "0", "--seconds", "1")
        done, found = bench(server, tmp_path, *options)
    assert done.returncode == 1 and "watchers were not told as they must be" in done.stderr
    # The second telling of the last change is waited for too.
    assert found["updates"] == 2 * 3 * found["changes"] and found["coalesced"] == -3 * found["changes"]
    assert found["missedOnline"] == found["missedOffline"] == found["unfounded"] == 0
