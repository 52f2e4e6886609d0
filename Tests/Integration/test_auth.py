"""Who may come in, and for how long."""

import asyncio
import json

import pytest
import websockets
from harness import tokens
from harness.client import Client, close_code, connect
from websockets.asyncio.client import connect as open_socket

GOOD = {"alg": "HS256"}
FAR = 9_999_999_999

BAD_TOKENS = {
    "empty": "",
    "garbage": "x",
    "no algorithm": tokens.sign({"alg": "none"}, {"sub": "a", "exp": FAR}).rsplit(".", 1)[0] + ".",
    "another algorithm": tokens.sign({"alg": "RS256"}, {"sub": "a", "exp": FAR}),
    "another key": tokens.sign(GOOD, {"sub": "a", "exp": FAR}, b"another secret, also of 32 bytes or more"),
    "no exp": tokens.sign(GOOD, {"sub": "a"}),
    "no sub": tokens.sign(GOOD, {"exp": FAR}),
    "a sub that is no text": tokens.sign(GOOD, {"sub": 7, "exp": FAR}),
    "not valid yet": tokens.sign(GOOD, {"sub": "a", "exp": FAR, "nbf": FAR - 1}),
    "critical extensions": tokens.sign({"alg": "HS256", "crit": ["x"]}, {"sub": "a", "exp": FAR}),
    "a fourth part": tokens.token("a") + ".x",
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory, world):
    daemon = world.daemon(tmp_path_factory.mktemp("auth") / "daemon")
    daemon.start()
    yield daemon
    world.end(daemon)


@pytest.mark.parametrize("name", BAD_TOKENS)
def test_a_bad_token_is_refused_in_the_handshake(shared, name):
    async def run():
        with pytest.raises(websockets.InvalidStatus) as refused:
            async with connect(shared, "a", token=BAD_TOKENS[name]):
                pass
        return refused.value.response

    response = asyncio.run(run())
    assert response.status_code == 401
    assert json.loads(response.body)["code"] == "UNAUTHENTICATED"
    assert len(BAD_TOKENS[name]) < 2 or BAD_TOKENS[name] not in shared.log


def test_an_expired_token_is_told_apart(shared):
    response = shared.get("/messages/sync", token=tokens.token("a", lifetime=-1))
    assert response.status == 401 and json.loads(response.text)["code"] == "TOKEN_EXPIRED"


@pytest.mark.parametrize("place", ["query", "header", "subprotocol", "event"])
def test_a_token_may_come_in_four_places(shared, place):
    token = tokens.token("a")
    url = shared.url + (f"?token={token}" if place == "query" else "")
    headers = {"Authorization": f"Bearer {token}"} if place == "header" else {}
    protocols = ["sluice.v1", f"bearer.{token}"] if place == "subprotocol" else None

    async def run():
        async with open_socket(url, additional_headers=headers, subprotocols=protocols) as socket:
            client = Client(socket)
            if place == "event":
                assert (await client.ask("PING"))["data"]["code"] == "UNAUTHENTICATED"
                assert (await client.ask("AUTH", {"token": token}))["data"]["userId"] == "a"
            else:
                assert (await client.expect("CONNECTED"))["userId"] == "a"
            if place == "subprotocol":
                assert socket.subprotocol == "sluice.v1"
            assert (await client.ask("PING"))["type"] == "PONG"

    asyncio.run(run())


def test_a_connection_keeps_its_identity(shared):
    async def run():
        async with connect(shared, "a") as client:
            assert (await client.ask("AUTH", {"token": tokens.token("b")}))["data"]["code"] == "FORBIDDEN"
            assert (await client.ask("AUTH", {"token": "x"}))["data"]["code"] == "UNAUTHENTICATED"
            assert (await client.ask("AUTH", {"token": tokens.token("a")}))["data"]["userId"] == "a"

    asyncio.run(run())


def test_who_never_authenticates_is_closed_with_4401(start):
    daemon = start(handshake_timeout="1s")

    async def run():
        async with open_socket(daemon.url) as socket:
            return await close_code(socket)

    assert asyncio.run(run()) == 4401


def test_a_token_that_runs_out_ends_its_connection_unless_it_is_renewed(shared):
    async def run():
        async with (
            connect(shared, "a", token=tokens.token("a", lifetime=2)) as brief,
            connect(shared, "b", token=tokens.token("b", lifetime=2)) as renewed,
        ):
            assert (await brief.expect("TOKEN_EXPIRING"))["expiresAt"]
            await renewed.ask("AUTH", {"token": tokens.token("b")})
            assert await close_code(brief.socket) == 4401
            assert (await renewed.ask("PING"))["type"] == "PONG"

    asyncio.run(run())


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://app.example", True), ("https://APP.example:443", True), ("http://127.0.0.1:PORT", True),
        ("http://app.example", False), ("https://app.example.evil", False), ("https://evil.example", False),
        ("http://127.0.0.1:1", False), ("null", False),
    ],
)
def test_a_page_connects_only_from_an_origin_that_may(shared, origin, allowed):
    origin = origin.replace("PORT", str(shared.port))

    async def run():
        async with connect(shared, "a", origin=origin):
            return True

    if allowed:
        assert asyncio.run(run())
    else:
        with pytest.raises(websockets.InvalidStatus) as refused:
            asyncio.run(run())
        assert refused.value.response.status_code == 403
