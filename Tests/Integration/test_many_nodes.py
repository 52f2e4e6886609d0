"""Two nodes without the presence stage: deliveries find devices by the router, on whichever node they are."""

import asyncio
import json

import pytest
import websockets
from harness.client import connect
from test_push import CONFIG


ADMIN = "  admin: 127.0.0.1:{admin}\n"
LIMITED = CONFIG.replace(ADMIN, ADMIN + "  limits:\n    max_connections_per_user: 2\n")


@pytest.fixture
def nodes(start_cluster, postgres, redis):
    return start_cluster(2, config=LIMITED, store=postgres.url, state=redis.url)


def test_what_is_stored_nowhere_reaches_a_device_on_another_node(nodes):
    one, two = nodes

    async def run():
        async with connect(one, "alice") as alice, connect(two, "bob") as bob:
            assert (await alice.say("bob", "hi", "1"))["type"] == "MESSAGE_SENT"
            await alice.send("TYPING", {"receiverId": "bob", "isTyping": True})
            # The feed holds no typing: it comes by the other node or not at all.
            assert (await bob.expect("USER_TYPING"))["userId"] == "alice"

    asyncio.run(run())


def test_too_many_devices_of_a_user_are_found_across_nodes(nodes):
    one, two = nodes

    async def run():
        async with connect(one, "alice") as first, connect(two, "alice"), connect(two, "alice"):
            with pytest.raises(websockets.ConnectionClosed) as closed:
                while True:
                    await first.receive(10)
            assert closed.value.rcvd.code == 4409

    asyncio.run(run())


def test_who_is_written_to_by_many_is_not_cut_off_when_nodes_have_just_met(start_cluster, postgres, redis):
    """The first frame from a node tells the other that something may be missing. What comes behind it is held back until
    the feed was read, which must not take so long that it comes all at once and is more than a client takes."""
    limits = "max_frame: 64KiB, outbound_buffer: 512KiB"
    nodes = start_cluster(2, store=postgres.url, state=redis.url, rate="100000/s", burst="100000", limits=limits)
    at = [word for node in nodes.daemons for word in ("--at", f"127.0.0.1:{node.port}")]
    load = ["--senders", "100", "--rate", "1000", "--content", "2000", "--warm-up", "0", "--seconds", "3", "--json"]
    done = nodes[0].command("bench", "--config", str(nodes[0].config), *at, *load)
    found = json.loads(done.stdout)
    assert done.returncode == 0, found
    assert found["closed"] == 0 and found["delivered"] == found["acked"] > 0
