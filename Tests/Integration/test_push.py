"""Which messages are due a push: decided and kept, and not sent by this version."""

import asyncio
import contextlib
import signal
import threading
import time

import pytest
from harness import tokens
from harness.client import connect

CONFIG = """version: 1
server:
  listen: 127.0.0.1:{port}
  admin: 127.0.0.1:{admin}
  lease: 6s
store: "{store}"
state: "{state}"
pipeline:
  - stage: auth
    secret_file: {folder}/secret
  - stage: persist
  - stage: fan_out
  - stage: fcm
    after: 1s
"""

WAITING = "SELECT l.receiver FROM push_jobs j JOIN push_lanes l ON l.id = j.lane ORDER BY j.message"


def due(daemon):
    return [receiver for (receiver,) in daemon.rows(WAITING)]


def until(condition, seconds=15):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.05)


def register(daemon, user):
    body = '{"deviceToken": "phone of %s"}' % user
    assert daemon.request("POST", "/users/fcm/register", body, tokens.token(user)).status == 204


async def say(client, receiver, temp_id):
    assert (await client.say(receiver, "hi", temp_id))["type"] == "MESSAGE_SENT"


def test_the_absent_are_due_a_push_and_the_connected_who_answer_are_not(start):
    daemon = start(config=CONFIG)
    # Of two nodes bob has another than alice.
    for user in ["alice", "bob", "carol"]:
        register(daemon, user)

    async def run():
        async with connect(daemon, "alice") as alice, connect(daemon, "bob"):
            # The library answers pings by itself, as a living client does.
            await say(alice, "bob", "1")
            await say(alice, "carol", "2")
            await say(alice, "dave", "3")
            await asyncio.to_thread(until, lambda: due(daemon) == ["carol"])
            await say(alice, "bob", "4")
            before = time.monotonic()
            while time.monotonic() < before + 4:
                await alice.settle()
                assert due(daemon) == ["carol"]
                await asyncio.sleep(0.2)

    asyncio.run(run())


def test_who_only_looks_connected_is_due_a_push(start):
    daemon = start(config=CONFIG)
    register(daemon, "bob")

    async def run():
        async with connect(daemon, "alice") as alice, connect(daemon, "bob", close_timeout=0.1) as bob:
            # From here on the client is there and reads nothing, as a phone that has gone.
            bob.socket.transport.pause_reading()
            await say(alice, "bob", "1")
            await asyncio.to_thread(until, lambda: due(daemon) == ["bob"])

    asyncio.run(run())


def test_while_nobody_can_tell_who_is_on_another_node_no_phone_rings(start_cluster, postgres, own_redis):
    redis = own_redis()
    one, two = start_cluster(2, config=CONFIG, store=postgres.url, state=redis.url)

    def due_there():
        waiting = WAITING.replace("push_", "sluice.push_")
        return postgres.server.query(waiting, postgres.name).split()

    for user in ["bob", "carol"]:
        register(one, user)

    async def run():
        async with connect(one, "alice") as alice, connect(two, "bob") as bob:
            await asyncio.to_thread(redis.kill)
            await say(alice, "bob", "1")
            await say(alice, "carol", "2")
            # It comes by the feed; by then it would have been decided twice over.
            assert (await bob.expect("NEW_MESSAGE"))["content"] == "hi"
            before = time.monotonic()
            while time.monotonic() < before + 4:
                assert due_there() == []
                await asyncio.sleep(0.2)
            await asyncio.to_thread(redis.start)
            await asyncio.to_thread(until, lambda: due_there() == ["carol"], 30)
            await say(alice, "bob", "3")
            await say(alice, "carol", "4")
            await asyncio.to_thread(until, lambda: due_there() == ["carol", "carol"])

    asyncio.run(run())


def test_a_crash_before_the_decision_loses_no_push(start):
    # After three leases a node's mark is taken over where others may use the store.
    daemon = start(config=CONFIG.replace("after: 1s", "after: 30s").replace("lease: 6s", "lease: 2s"))
    register(daemon, "bob")

    async def run():
        hasty = {"close_timeout": 0.1}
        async with connect(daemon, "alice", **hasty) as alice, connect(daemon, "bob", **hasty):
            await say(alice, "bob", "1")
            assert due(daemon) == []
            daemon.kill()

    asyncio.run(run())
    daemon.config.write_text(daemon.config.read_text().replace("after: 30s", "after: 1s"))
    daemon.start()
    # Of two nodes both are dead, but for their leases: until those end, bob may be connected to one that can't be asked.
    until(lambda: due(daemon) == ["bob"], 30)


@pytest.fixture
def pair(start_cluster, postgres, own_redis):
    """Two nodes, of which the other takes over after 6 s; and what a query finds in their store."""
    config = CONFIG.replace("after: 1s", "after: 8s").replace("lease: 6s", "lease: 2s")
    nodes = start_cluster(2, config=config, store=postgres.url, state=own_redis().url)
    return *nodes, lambda query: postgres.server.query(query, postgres.name).split()


@contextlib.asynccontextmanager
async def say_to_one_who_only_looks_connected(node):
    """Until its time is over nothing is decided about what is said."""
    hasty = {"close_timeout": 0.1}
    async with connect(node, "alice", **hasty) as alice, connect(node, "bob", **hasty) as bob:
        bob.socket.transport.pause_reading()
        await say(alice, "bob", "1")
        yield


MARKS = "SELECT node FROM sluice.push_node_marks WHERE taker IS NULL ORDER BY node"


def test_what_a_killed_node_had_not_decided_one_that_lives_on_decides(pair):
    one, two, ask = pair
    register(one, "bob")
    waiting = WAITING.replace("push_", "sluice.push_")
    assert len(ask(MARKS)) == 2

    async def run():
        async with say_to_one_who_only_looks_connected(one):
            one.kill()
            assert ask(waiting) == []

    asyncio.run(run())
    until(lambda: ask(waiting) == ["bob"], 60)
    # What is decided is not decided again.
    until(lambda: len(ask("SELECT node FROM sluice.push_node_marks")) == 1)
    assert ask(waiting) == ["bob"] and two.process.poll() is None


def test_a_node_that_stood_still_for_long_writes_its_mark_again(pair):
    one, _, ask = pair
    marks = ask(MARKS)
    one.process.send_signal(signal.SIGSTOP)
    try:
        until(lambda: len(ask("SELECT node FROM sluice.push_node_marks")) == 1, 60)
    finally:
        one.process.send_signal(signal.SIGCONT)
    until(lambda: ask(MARKS) == marks)


def test_a_node_that_ends_in_order_leaves_no_mark(pair):
    one, two, ask = pair
    for node, left in ((one, 1), (two, 0)):
        assert node.stop() == 0
        assert len(ask(MARKS)) == left


def test_it_is_said_that_push_is_not_configured(start):
    daemon = start(config=CONFIG)
    assert "push is not configured" in daemon.log
    done = daemon.command("check", str(daemon.config))
    assert done.returncode == 0 and "push is not configured" in done.stderr
    off = start(config=CONFIG.replace("    after: 1s\n", "    enabled: false\n"))
    assert "push is not configured" in off.log
