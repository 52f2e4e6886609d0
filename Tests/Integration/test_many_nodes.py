"""Two nodes without the presence stage: deliveries find devices by the router, on whichever node they are."""

import asyncio

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
