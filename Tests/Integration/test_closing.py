"""Whoever is closed hears why and is let go at once: nobody waits for a time-out."""

import asyncio
import json
import signal
import time

import pytest
from harness import tokens
from harness.client import RawSocket, close_code, connect
from harness.server import wait_until
from harness.wait import comes
from test_api import SERVER, API

BROKEN = {
    "too big": ("x" * 200_000, 1009),
    "too big in fragments": (["x" * 40_000, "x" * 40_000, "x" * 40_000], 1009),
}


async def closing(client):
    """The close code, and how long it took until the connection had ended."""
    began = time.monotonic()
    code = await close_code(client.socket)
    await client.socket.wait_closed()
    return code, time.monotonic() - began


@pytest.mark.parametrize("name", BROKEN)
def test_who_breaks_the_protocol_is_let_go_at_once(daemon, name):
    message, code = BROKEN[name]

    async def run():
        async with connect(daemon, "alice") as client:
            try:
                await client.socket.send(message)
            except Exception:  # It may be closed before all of it is sent.
                pass
            return await closing(client)

    ended, seconds = asyncio.run(run())
    assert ended == code and seconds < 1


def test_who_is_replaced_is_let_go_at_once(start):
    daemon = start(limits="max_connections_per_user: 1")

    async def run():
        async with connect(daemon, "a") as first, connect(daemon, "a"):
            return await closing(first)

    code, seconds = asyncio.run(run())
    assert code == 4409 and seconds < 1


def test_who_is_let_in_while_the_daemon_ends_is_told_to_come_back(own_redis, start):
    redis = own_redis()
    daemon = start(state=redis.url)
    # A state that does not answer makes a handshake take up to a second.
    redis.pause()

    async def talk():
        async with connect(daemon, "alice") as alice:
            return await closing(alice)

    async def run():
        talking = asyncio.create_task(talk())
        await asyncio.to_thread(wait_until, lambda: daemon.metric("sluice_events_in_flight") == 1, "a handshake")
        daemon.process.send_signal(signal.SIGTERM)
        return await talking

    code, seconds = asyncio.run(run())
    assert code == 1012 and seconds < 1


@pytest.mark.one_node("ends one daemon")
def test_a_daemon_that_is_to_end_says_so_ahead_and_serves_on(start):
    daemon = start()
    daemon.reload(("drain: 4s", "drain: 4s\n  drain_lead: 2s"))
    assert daemon.get("/openz", port=daemon.admin).status == 200
    assert daemon.post({"type": "PING", "data": {}}, tokens.token("bob")).getheader("Connection") is None

    async def run():
        async with connect(daemon, "alice") as alice:
            began = time.monotonic()
            daemon.process.send_signal(signal.SIGTERM)
            await comes(lambda: daemon.get("/openz", port=daemon.admin).status == 503, "the daemon is to end")
            ready = daemon.get("/readyz", port=daemon.admin)
            assert (ready.status, ready.text) == (503, "draining\n")
            answer = daemon.post({"type": "PING", "data": {}}, tokens.token("bob"))
            assert (answer.status, answer.getheader("Connection")) == (200, "close")
            async with connect(daemon, "bob") as bob:
                assert (await alice.say("bob", "hi", "1"))["type"] == "MESSAGE_SENT"
                assert (await bob.expect("NEW_MESSAGE"))["content"] == "hi"
                assert await asyncio.gather(close_code(alice.socket), close_code(bob.socket)) == [1012, 1012]
            return time.monotonic() - began

    assert 1.9 < asyncio.run(run()) < 4
    assert daemon.process.wait(10) == 0


def test_who_is_disconnected_by_the_backend_is_let_go_at_once(daemon):
    backend = API(daemon, "backend", **SERVER)

    async def run():
        async with connect(daemon, "bob") as bob:
            await asyncio.to_thread(backend.post, "/server/users/bob/disconnect", None, 204)
            return await closing(bob)

    code, seconds = asyncio.run(run())
    assert code == 4403 and seconds < 1


def test_who_never_answers_a_close_frame_is_cut_off(start):
    daemon = start(limits="max_connections_per_user: 1")
    raw = RawSocket(daemon, "a")
    # Greeted, it is the older of the two.
    assert b"CONNECTED" in raw.receive()[1]
    other = RawSocket(daemon, "a")
    assert raw.close_code() == 4409
    began = time.monotonic()
    assert raw.socket.recv(1) == b""
    assert 3 < time.monotonic() - began < 8
    other.socket.close()


def test_what_comes_before_a_goodbye_is_taken_and_nothing_behind_it(daemon):
    raw = RawSocket(daemon)

    def message(text):
        data = {"tempId": text, "receiverId": "bob", "content": text}
        return raw.frame(json.dumps({"type": "NEW_MESSAGE", "data": data}).encode())

    raw.send(message("before") + raw.frame(b"\x03\xe8", first=0x88) + message("behind"))
    assert raw.close_code() == 1000

    async def run():
        async with connect(daemon, "bob") as bob:
            # It may be stored after the goodbye has been answered.
            while not (messages := (await bob.sync())[0]):
                pass
            # What came behind it would be stored by the time that a later connection's send is.
            async with connect(daemon, "raw") as client:
                await client.say("bob", "last", "last")
            return [message["content"] for message in messages + (await bob.sync())[0][1:]]

    assert asyncio.run(run()) == ["before", "last"]
