"""What a client may use up."""

import asyncio
import socket

import pytest
import websockets
from harness import tokens
from harness.client import RawSocket, close_code, connect


def test_events_that_come_too_fast_are_refused_and_told_when_to_come_back(start):
    daemon = start(rate="1/m", burst="4")

    async def run():
        async with connect(daemon, "alice") as client:
            # Connecting was the first of four.
            answers = [await client.ask("PING") for _ in range(5)]
            assert [a["type"] for a in answers] == ["PONG"] * 3 + ["ERROR"] * 2
            assert answers[4]["data"]["code"] == "RATE_LIMITED" and answers[4]["data"]["stage"] == "rate_limit"
            assert 0 < answers[4]["data"]["retryAfterMs"] <= 60_000
        async with connect(daemon, "bob") as other:
            assert (await other.ask("PING"))["type"] == "PONG"

    asyncio.run(run())
    response = daemon.post({"type": "PING"}, tokens.token("alice"))
    assert response.status == 429 and int(response.headers["Retry-After"]) >= 1


def test_a_users_oldest_connection_makes_room(start):
    daemon = start(limits="max_connections_per_user: 2")

    async def run():
        async with connect(daemon, "a") as first, connect(daemon, "a") as second, connect(daemon, "a") as third:
            assert await close_code(first.socket) == 4409
            for client in (second, third):
                assert (await client.ask("PING"))["type"] == "PONG"

    asyncio.run(run())


@pytest.mark.one_node("fills a node up")
def test_a_node_that_is_full_says_so_and_takes_others_when_there_is_room(start):
    daemon = start(limits="max_connections: 1")

    async def run():
        async with connect(daemon, "a"):
            with pytest.raises(websockets.InvalidStatus) as refused:
                async with connect(daemon, "b"):
                    pass
            assert refused.value.response.status_code == 503
        while daemon.metric("sluice_connections") > 0:
            await asyncio.wait([asyncio.create_task(asyncio.to_thread(daemon.is_ready))])
        async with connect(daemon, "b"):
            pass

    asyncio.run(run())


def test_a_peer_that_answers_no_ping_is_dropped(start):
    daemon = start(ping_interval="1s")
    raw = RawSocket(daemon)
    pings = 0
    with pytest.raises((EOFError, ConnectionResetError)):
        while True:
            pings += raw.receive()[0] == 9
    assert pings == 2


def test_a_request_that_is_drawn_out_is_dropped(start):
    daemon = start(handshake_timeout="1s")
    slow = socket.create_connection(("127.0.0.1", daemon.port))
    slow.settimeout(10)
    slow.sendall(b"POST /events HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
    assert slow.recv(1) == b""
