"""What a token must say, and when."""

import asyncio
import json
import time

import pytest
import websockets
from harness import tokens
from harness.client import Client, close_code, connect
from websockets.asyncio.client import connect as open_socket

WIDE = "\U0001f600"


@pytest.fixture(scope="module")
def shared(tmp_path_factory, world):
    daemon = world.daemon(tmp_path_factory.mktemp("tokens") / "daemon")
    daemon.start()
    yield daemon
    world.end(daemon)


def answer(daemon, token):
    response = daemon.get("/users/me", token=token)
    return response.status, json.loads(response.text)


@pytest.mark.parametrize("user", ["a", "x" * 256, WIDE * 256, "../a b%", "system", "ümläut", "\u0001"])
def test_a_user_has_1_to_256_characters(shared, user):
    assert answer(shared, tokens.token(user)) == (200, {"userId": user, "name": None})


@pytest.mark.parametrize("user", ["", "x" * 257, WIDE * 257, "a\0b", None, 7, ["a"]])
def test_what_can_be_no_user_is_refused(shared, user):
    status, problem = answer(shared, tokens.token(user))
    assert (status, problem["code"]) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize("claim", ["nbf", "iat"])
def test_clocks_may_differ_by_30_s_for_when_a_token_begins(shared, claim):
    assert answer(shared, tokens.token("a", **{claim: time.time() + 25}))[0] == 200
    assert answer(shared, tokens.token("a", **{claim: time.time() + 35}))[0] == 401


def test_clocks_may_not_differ_for_when_it_ends(shared):
    assert answer(shared, tokens.token("a", lifetime=-0.5))[1]["code"] == "TOKEN_EXPIRED"
    assert answer(shared, tokens.token("a", lifetime=3))[0] == 200


def test_a_refusal_says_how_to_authenticate(shared):
    for token in [None, "", "x", tokens.token("a", lifetime=-1)]:
        response = shared.get("/users/me", token=token)
        assert response.status == 401 and response.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("place", ["query", "header", "subprotocol", "event"])
def test_an_empty_token_is_a_bad_one_wherever_it_stands(shared, place):
    async def run():
        url = shared.url + ("?token=" if place == "query" else "")
        headers = {"Authorization": "Bearer "} if place == "header" else {}
        protocols = ["sluice.v1", "bearer."] if place == "subprotocol" else None
        async with open_socket(url, additional_headers=headers, subprotocols=protocols) as socket:
            return (await Client(socket).ask("AUTH", {"token": ""}))["data"]["code"]

    if place == "event":
        assert asyncio.run(run()) == "UNAUTHENTICATED"
    else:
        with pytest.raises(websockets.InvalidStatus) as refused:
            asyncio.run(run())
        assert refused.value.response.status_code == 401


def test_an_event_may_be_refused_and_the_next_one_authenticate(shared):
    async def run():
        async with open_socket(shared.url) as socket:
            client = Client(socket)
            refusals = [
                ("NEW_MESSAGE", {"tempId": "t", "receiverId": "b", "content": "x"}, "UNAUTHENTICATED"),
                ("AUTH", {"token": "x"}, "UNAUTHENTICATED"), ("AUTH", {}, "INVALID_EVENT"),
                ("AUTH", {"token": tokens.token("a", lifetime=-1)}, "TOKEN_EXPIRED"),
            ]
            for type, data, code in refusals:
                answer = await client.ask(type, data)
                assert answer["data"]["code"] == code and answer["data"]["stage"] == "auth", answer
            assert (await client.ask("AUTH", {"token": tokens.token("a")}))["type"] == "CONNECTED"

    asyncio.run(run())


def test_an_expired_token_in_the_handshake_is_told_apart(shared):
    async def run():
        async with connect(shared, "a", token=tokens.token("a", lifetime=-1)):
            pass

    with pytest.raises(websockets.InvalidStatus) as refused:
        asyncio.run(run())
    assert refused.value.response.status_code == 401
    assert json.loads(refused.value.response.body)["code"] == "TOKEN_EXPIRED"


def test_the_end_of_a_long_token_is_announced_60_s_ahead_and_told_in_the_greeting(shared):
    async def run():
        # Of these the second has more than a minute to go, and the third less than half its life.
        made = [(3600, 30, True), (3600, 90, False), (20, 9, True), (20, 14, False)]
        for life, left, announced in made:
            token = tokens.token("a", lifetime=left, iat=time.time() + left - life)
            async with connect(shared, "a", token=token) as client:
                if announced:
                    warning = await client.expect("TOKEN_EXPIRING", seconds=3)
                    assert warning["expiresAt"] == client.greeting["tokenExpiresAt"]
                else:
                    await client.settle()
                    with pytest.raises(TimeoutError):
                        await client.expect("TOKEN_EXPIRING", seconds=0.8)

    asyncio.run(run())


def test_a_renewed_token_is_announced_again(shared):
    async def run():
        async with connect(shared, "a", token=tokens.token("a", lifetime=4)) as client:
            first = await client.expect("TOKEN_EXPIRING")
            renewed = await client.ask("AUTH", {"token": tokens.token("a", lifetime=5)})
            second = await client.expect("TOKEN_EXPIRING")
            assert renewed["data"]["tokenExpiresAt"] == second["expiresAt"] > first["expiresAt"]
            assert await close_code(client.socket) == 4401

    asyncio.run(run())
