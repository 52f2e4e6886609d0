"""A store that is slow or locked, an abuser, and an end that takes its time."""

import asyncio
import json
import signal

import pytest
from harness import tokens
from harness.client import RawSocket, connect
from test_api import API

SLOW = "timeout: 300ms"


def test_a_store_that_takes_too_long_is_a_timeout_and_sending_again_is_safe(start):
    daemon = start(persist=SLOW)

    async def run():
        async with connect(daemon, "alice") as alice, connect(daemon, "bob") as bob:
            with daemon.rows.locked():
                answer = await alice.say("bob", "hi", "t1")
                assert answer["data"]["code"] == "TIMEOUT" and answer["data"]["tempId"] == "t1"
                # Others are not held up, nor is reading.
                assert (await bob.ask("SYNC"))["type"] == "SYNC_RESULT"
                again = asyncio.create_task(alice.say("bob", "hi", "t1"))
                assert (await again)["data"]["code"] in ("TIMEOUT", "UNAVAILABLE")
            message_id = None
            while message_id is None:
                answer = await alice.say("bob", "hi", "t1")
                message_id = answer["data"].get("messageId")
            assert answer["data"]["duplicate"] is True
            delivered = [e["data"]["messageId"] for e in await bob.collect("NEW_MESSAGE", 1) if e["type"] == "NEW_MESSAGE"]
            assert delivered == [message_id] == [m["messageId"] for m in (await bob.sync())[0]]

    asyncio.run(run())


def test_over_http_it_is_503(start):
    daemon = start(persist=SLOW)
    alice = API(daemon, "alice")
    alice.say("bob", "hi", "t0")
    with daemon.rows.locked():
        assert alice.say("bob", "hi", "t1", 503)["code"] == "TIMEOUT"
        assert [m["content"] for m in alice.get("/messages/sync")["messages"]] == ["hi"]


def test_rejections_without_end_close_with_4429(start):
    daemon = start(handshake_timeout="10s\n  abuse_after: 50")
    raw = RawSocket(daemon)
    raw.send(raw.frame(b"{}") * 40 + raw.frame(b'{"type":"PING"}') + raw.frame(b"{}") * 200)
    answers = [raw.answer()["type"] for _ in range(91)]
    # An event that is taken makes all well.
    assert answers == ["ERROR"] * 40 + ["PONG"] + ["ERROR"] * 50
    assert raw.close_code() == 4429
    assert daemon.metric('sluice_closes_total{code="4429"}') == 1


@pytest.mark.one_node("fills a node up")
def test_a_full_node_says_when_to_come_back(start):
    daemon = start(limits="max_connections: 1")
    fields = {
        "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    held = RawSocket(daemon)
    response = daemon.get("/ws", token=tokens.token("bob"), headers=fields)
    assert response.status == 503 and int(response.headers["Retry-After"]) >= 1
    assert json.loads(response.text)["code"] == "UNAVAILABLE"
    # Calls go on.
    assert daemon.get("/users/me", token=tokens.token("bob")).status == 200
    held.socket.close()


def test_a_daemon_that_ends_is_not_ready_and_takes_nothing_new(daemon):
    # A client that does not answer the close frame has the end take its time.
    raw = RawSocket(daemon)
    daemon.process.send_signal(signal.SIGTERM)
    assert raw.close_code() == 1012
    assert daemon.get("/readyz", port=daemon.admin).status == 503
    assert daemon.get("/healthz", port=daemon.admin).status == 200
    with pytest.raises(OSError):
        daemon.get("/users/me", token=tokens.token("raw"))
    raw.socket.close()
    assert daemon.process.wait(timeout=20) == 0
