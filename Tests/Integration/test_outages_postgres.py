"""PostgreSQL crashes, hangs, refuses or is full: who sends is told at once or in time, and nothing is lost or doubled."""

import asyncio
import os

import pytest
from harness import tokens
from harness.client import connect
from harness.postgres import IMMEDIATE
from harness.scene import PEOPLE, Scene
from harness.talk import now


class PostgresScene(Scene):
    """A Redis that is well, and a PostgreSQL of one's own."""

    def __init__(self, start_cluster, server, redis):
        self.postgres, self.database = server, server.database()
        super().__init__(start_cluster(2, store=server.url(self.database), state=redis.url))

    def end_sessions(self):
        """Those of the nodes, as whoever administers the server may."""
        sessions = f"pg_stat_activity WHERE datname = '{self.database}'"
        self.postgres.query(f"SELECT pg_terminate_backend(pid) FROM {sessions}")

    def change_password(self):
        self.postgres.query("ALTER ROLE sluice PASSWORD 'another'")
        self.old, self.postgres.password = self.postgres.password, "another"
        self.end_sessions()

    def change_it_back(self):
        self.postgres.query(f"ALTER ROLE sluice PASSWORD '{self.old}'")
        self.postgres.password = self.old


@pytest.fixture
def scene(start_cluster, own_postgres, redis):
    return PostgresScene(start_cluster, own_postgres(max_connections=20), redis)


BLINKS = {
    "restarted in the middle of commits": lambda scene: scene.postgres.restart(IMMEDIATE),
    "ending every session": PostgresScene.end_sessions,
}


@pytest.mark.parametrize("name", BLINKS)
def test_nothing_is_lost_or_doubled_where_it_is_gone_for_a_moment(scene, measured, name):
    async def run():
        async with scene.talk() as talk:
            begun = now()
            await asyncio.to_thread(BLINKS[name], scene)
            await recover(scene, talk, measured, f"PostgreSQL {name}", begun, now())

    asyncio.run(run())


OUTAGES = {
    "killed": (lambda scene: scene.postgres.kill(), lambda scene: scene.postgres.start()),
    "paused": (lambda scene: scene.postgres.pause(), lambda scene: scene.postgres.resume()),
    "out of connections": (
        lambda scene: scene.postgres.take_connections(scene.database), lambda scene: scene.postgres.leave_connections()
    ),
    "changing its password": (PostgresScene.change_password, PostgresScene.change_it_back),
}


@pytest.mark.parametrize("name", OUTAGES)
def test_senders_are_told_and_nothing_is_lost_or_doubled(scene, measured, name):
    asyncio.run(go_through(scene, measured, f"PostgreSQL {name}", *OUTAGES[name]))


def test_while_it_is_gone_questions_are_refused_at_once_and_connections_stay(scene):
    one, two = scene.nodes
    paths = ["/messages/sync", "/conversations", "/users/me", "/connections", "/presence?ids=ben"]

    async def run():
        async with connect(one, "ann") as ann, connect(two, "ben") as ben:
            scene.postgres.kill()
            while await asyncio.to_thread(scene.are_ready):
                pass
            begun = now()
            assert (await ann.ask("PING"))["type"] == "PONG"
            assert (await ann.ask("SYNC"))["data"]["code"] == "UNAVAILABLE"
            assert (await ann.say("ben", "hi", "1"))["data"]["code"] == "UNAVAILABLE"
            for path in paths:
                assert (await asyncio.to_thread(one.get, path, token=tokens.token("ann"))).status == 503
            # Whoever comes meanwhile is let in, too.
            async with connect(one, "cat") as cat:
                assert (await cat.ask("PING"))["type"] == "PONG"
            assert now() - begun < 5
            await asyncio.to_thread(scene.postgres.start)
            # Who goes on asking what is refused is cut off.
            while not await asyncio.to_thread(scene.are_ready):
                pass
            while "code" in (await ann.say("ben", "hi", "1"))["data"]:
                pass
            assert (await ben.expect("NEW_MESSAGE"))["content"] == "hi"

    asyncio.run(run())


def test_whoever_connects_while_it_hangs_is_let_in_before_it_is_given_up(scene):
    async def run():
        await asyncio.to_thread(scene.postgres.pause)
        begun = now()
        async with connect(scene.nodes[0], "ann") as ann:
            assert (await ann.ask("PING"))["type"] == "PONG"
        # The store itself is waited for for 5 s.
        assert now() - begun < 4
        await asyncio.to_thread(scene.postgres.resume)

    asyncio.run(run())


def test_a_full_disk_refuses_until_there_is_room(start_cluster, own_postgres, redis, measured):
    if os.geteuid() != 0:
        with pytest.raises(PermissionError):
            own_postgres(disk=128)
        return
    server = own_postgres(disk=128)
    scene = PostgresScene(start_cluster, server, redis)
    fill, free = lambda scene: server.fill_disk(), lambda scene: server.free_disk()
    asyncio.run(go_through(scene, measured, "PostgreSQL's disk full", fill, free))


async def go_through(scene, measured, name, begin, end):
    async with scene.talk() as talk:
        begun = now()
        await asyncio.to_thread(begin, scene)
        struck = now()
        await talk.until(lambda: all(is_refused(talk, user, struck) for user in PEOPLE), "everyone is refused")
        seen = [answer.text.strip() for answer in await asyncio.to_thread(scene.readiness)]
        await asyncio.to_thread(end, scene)
        await recover(scene, talk, measured, name, begun, now(), readyz=" / ".join(seen))


def is_refused(talk, user, since):
    """Whether a user has been told three times in a row that nothing is taken."""
    codes = [answer.code for answer in talk.answers_since(since) if answer.sender == user][-3:]
    return len(codes) == 3 and "MESSAGE_SENT" not in codes


async def recover(scene, talk, measured, name, begun, back, **figures):
    """All is well again by itself; who was refused was so at once, and who had to wait not for long."""
    flowing = await talk.flows(back)
    await talk.until(scene.are_ready, "both nodes are ready")
    ready = now() - back
    fast = await talk.is_fast(back)
    answers = talk.answers_since(begun, back + flowing)
    measured(name, answers, flowing=flowing, ready=ready, fast=fast, **figures)
    await talk.finish()
    longest = {code: max(a.took for a in answers if a.code == code) for code in {a.code for a in answers}}
    assert longest.get("UNAVAILABLE", 0) < 1 and longest.get("TIMEOUT", 0) < 7, longest
