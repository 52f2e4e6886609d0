"""Redis goes, hangs, forgets, or can't be reached by one node: sends are acknowledged and everyone connected gets all."""

import asyncio

import pytest
from harness import tokens
from harness.client import connect
from harness.scene import Scene
from harness.talk import now


class RedisScene(Scene):
    """A PostgreSQL that is well, and a Redis that each node reaches by a network of its own."""

    def __init__(self, start_cluster, postgres, server, proxy, **settings):
        self.redis = server
        self.networks = [proxy(server.port) for _ in range(2)]
        urls = [server.url_of(0, network.port) for network in self.networks]
        super().__init__(start_cluster(2, store=postgres.url, state=urls.__getitem__, **settings))


@pytest.fixture
def scene(start_cluster, postgres, own_redis, proxy):
    return RedisScene(start_cluster, postgres, own_redis(), proxy)


@pytest.fixture
def strict(start_cluster, postgres, own_redis, proxy):
    """Where hardly anything may be sent."""
    return RedisScene(start_cluster, postgres, own_redis(), proxy, rate="1/m", burst="3")


OUTAGES = {
    "killed": (lambda scene: scene.redis.kill(), lambda scene: scene.redis.start()),
    "paused": (lambda scene: scene.redis.pause(), lambda scene: scene.redis.resume()),
    "flushed": (lambda scene: scene.redis.flush(), None),
    "restarted empty": (lambda scene: scene.redis.restart(), None),
    "connections reset": (lambda scene: [network.cut() for network in scene.networks], None),
    "cut off from one node": (lambda scene: scene.networks[1].refuse(), lambda scene: scene.networks[1].heal()),
    "in a black hole for one node": (lambda scene: scene.networks[1].blackhole(), lambda scene: scene.networks[1].heal()),
}


@pytest.mark.parametrize("name", OUTAGES)
def test_sends_are_acknowledged_and_everyone_connected_gets_all(scene, measured, name):
    begin, end = OUTAGES[name]

    async def run():
        async with scene.talk() as talk:
            await talk.until(scene.all_are_online, "everyone is online")
            begun = now()
            await asyncio.to_thread(begin, scene)
            await talk.answered(begun, 20)
            await talk.arrived()
            seen = [answer.text.strip() for answer in await asyncio.to_thread(scene.readiness)]
            ended = now()
            if end:
                await asyncio.to_thread(end, scene)
            back = now()
            fast = await talk.is_fast(back)
            await talk.until(scene.are_ready, "both nodes are ready")
            ready = now() - back
            await talk.until(scene.all_are_online, "everyone is online again")
            online = now() - back
            during = talk.answers_since(begun, ended)
            late = max(talk.lateness(m) for m in talk.sent if begun <= m.begun < ended and m.acked)
            measured(f"Redis {name}", during, readyz=" / ".join(seen), latest=late, fast=fast, ready=ready, online=online)
            await talk.finish()
            # Redis is no part of what an acknowledgement promises.
            assert {answer.code for answer in during} == {"MESSAGE_SENT"}
            # Nobody went, so nobody hears that somebody went.
            gone = [(d.name, e) for d in talk.all_devices for _, e in d.presence if e["status"] == "offline"]
            assert gone == []

    asyncio.run(run())


def test_who_comes_while_it_is_away_is_served_and_is_online_when_it_is_back(scene):
    one, two = scene.nodes

    async def run():
        scene.redis.kill()
        async with connect(one, "ann") as ann, connect(two, "ben") as ben:
            assert (await ann.say("ben", "hi", "1"))["type"] == "MESSAGE_SENT"
            assert (await ben.expect("NEW_MESSAGE"))["content"] == "hi"
            assert (await ben.say("ann", "hello", "1"))["type"] == "MESSAGE_SENT"
            assert (await ann.expect("NEW_MESSAGE"))["content"] == "hello"
            await asyncio.to_thread(scene.redis.start)
            for user, node in (("ann", two), ("ben", one)):
                await until(lambda: scene.status(user, node) == "online")

    asyncio.run(run())


def test_while_it_is_away_reading_goes_on_and_who_is_there_is_not_told(scene):
    (node, _) = scene.nodes

    def ask(path):
        return node.get(path, token=tokens.token("ann"))

    async def run():
        async with connect(node, "ann") as ann, connect(node, "cat") as cat:
            await ann.say("cat", "hi", "1")
            await until(lambda: scene.status("cat", node) == "online")
            scene.redis.kill()
            assert (await asyncio.to_thread(ask, "/presence?ids=cat")).status == 503
            (message,) = (await cat.sync())[0]
            assert message["content"] == "hi"
            answer = await cat.ask("MESSAGE_READ", {"upTo": message["messageId"]})
            assert answer["type"] == "MESSAGE_READ_UPDATE"
            await ann.expect("MESSAGE_READ_UPDATE")
            for path in ["/messages/sync", "/conversations", "/users/me", "/connections"]:
                assert (await asyncio.to_thread(ask, path)).status == 200
            assert '"presence":"offline"' in (await asyncio.to_thread(ask, "/conversations")).text
            scene.redis.start()
            await until(lambda: scene.status("cat", node) == "online")

    asyncio.run(run())


async def until(condition, seconds=30):
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(condition):
            await asyncio.sleep(0.02)


def test_limits_let_all_through_while_it_is_away_and_hold_again_when_it_is_back(strict):
    (node, _) = strict.nodes

    async def run():
        async with connect(node, "ann") as ann:
            answers = [await ann.ask("PING") for _ in range(5)]
            assert answers[-1]["data"]["code"] == "RATE_LIMITED"
            strict.redis.kill()
            await until(lambda: not strict.are_ready())
            assert {(await ann.ask("PING"))["type"] for _ in range(20)} == {"PONG"}
            await asyncio.to_thread(strict.redis.start)
            # Each event loop has a connection of its own.
            await until(lambda: node.metric("sluice_state_connected") == 1)
            answers = [await ann.ask("PING") for _ in range(5)]
            assert answers[-1]["data"]["code"] == "RATE_LIMITED"

    asyncio.run(run())
    event = {"type": "PING"}
    assert node.post(event, tokens.token("ann")).status == 429
