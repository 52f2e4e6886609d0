"""`docs/asyncapi.yaml` against the daemon: all that it lists occurs as it says, and nothing else does."""

import asyncio
import contextlib
import copy
import json

import pytest
from harness import tokens
from harness.asyncapi import AsyncAPI, WatchedSocket
from harness.client import Client
from websockets.asyncio.client import connect as open_socket


@contextlib.asynccontextmanager
async def watched(daemon, api, token=None):
    url = daemon.url + (f"?token={token}" if token else "")
    async with open_socket(url) as socket:
        yield Client(WatchedSocket(socket, api))


async def everything(daemon, api):
    """A conversation in which each type of event occurs, most of them in all their forms."""
    bobs = tokens.token("bob", name="Bob")
    async with watched(daemon, api) as alice, watched(daemon, api, tokens.token("alice")) as tablet:
        assert (await alice.ask("PING"))["data"]["code"] == "UNAUTHENTICATED"
        assert (await alice.ask("AUTH", {"token": tokens.token("alice")}))["type"] == "CONNECTED"
        first = (await alice.say("bob", "hi", "t1", metadata={"a": [None, {"b": 1.5}]}))["data"]["messageId"]
        assert (await alice.say("bob", "hi", "t1", metadata={"a": [None, {"b": 1.5}]}))["data"]["duplicate"]
        assert (await tablet.expect("NEW_MESSAGE"))["tempId"] == "t1"

        async with watched(daemon, api, bobs) as bob:
            await bob.expect("CONNECTED")
            assert (await alice.expect("USER_PRESENCE_UPDATE"))["status"] == "online"
            second = (await alice.say("bob", "there", "t2"))["data"]["messageId"]
            await bob.expect("NEW_MESSAGE")
            await bob.say("alice", "hi", "t1", replyTo=first)
            assert (await alice.expect("NEW_MESSAGE"))["replyTo"] == first
            for data in [{"messageId": first}, {"messageIds": [first, second]}]:
                assert (await bob.ask("MESSAGE_DELIVERED", data))["type"] == "MESSAGE_DELIVERED_UPDATE"
            for data in [{"messageId": first}, {"messageIds": [first]}, {"upTo": second}]:
                assert (await bob.ask("MESSAGE_READ", data))["type"] == "MESSAGE_READ_UPDATE"
            await alice.expect("MESSAGE_DELIVERED_UPDATE")
            await alice.expect("MESSAGE_READ_UPDATE")
            await alice.ask("EDIT_MESSAGE", {"messageId": first, "content": "hello"})
            await bob.expect("MESSAGE_EDITED")
            await alice.ask("DELETE_MESSAGE", {"messageId": second})
            await bob.expect("MESSAGE_DELETED")
            assert (await alice.ask("TYPING", {"receiverId": "bob", "isTyping": True}))["type"] == "ACK"
            await bob.expect("USER_TYPING")

        assert (await alice.expect("USER_PRESENCE_UPDATE"))["status"] == "offline"
        pong = (await alice.ask("PING"))["data"]
        everyone = (await alice.ask("SYNC"))["data"]["messages"]
        assert len(everyone) == 3 and {"deletedAt", "editedAt", "readAt"} <= {k for m in everyone for k in m}
        for data in [{"cursor": pong["cursor"], "limit": 1}, {"lastMessageTimestamp": pong["serverTime"]}]:
            await alice.ask("SYNC", data)
        assert (await alice.say("bob", "other", "t1"))["data"]["code"] == "INVALID_EVENT"
        assert (await alice.ask("MESSAGE_READ", {"messageId": "msg_0000000000000"}))["data"]["code"] == "NOT_FOUND"
        # One frame of several events, of which one is named by a number.
        await alice.socket.send(json.dumps([{"type": "PING", "data": {}}, {"type": "PING", "data": {}, "id": 2.5}]))
        assert [(await alice.receive()).get("ref") for _ in range(2)] == [None, 2.5]

    async with watched(daemon, api, tokens.token("carol", lifetime=3)) as brief:
        await brief.expect("TOKEN_EXPIRING")


@pytest.fixture
def daemon(start):
    return start(offline_after="500ms")


def test_every_type_occurs_and_every_event_is_as_described(daemon):
    api = AsyncAPI()
    asyncio.run(everything(daemon, api))
    assert not api.missing


def without_a_type(document):
    document["operations"]["toClient"]["messages"].pop()


def with_a_stricter_answer(document):
    document["components"]["messages"]["PONG"]["payload"]["properties"]["data"]["required"].append("more")


@pytest.mark.parametrize("spoil", [without_a_type, with_a_stricter_answer])
def test_a_document_that_lags_behind_is_noticed(daemon, spoil):
    document = copy.deepcopy(AsyncAPI().document)
    spoil(document)
    with pytest.raises(AssertionError, match="no ERROR in the document|'more' is a required property"):
        asyncio.run(everything(daemon, AsyncAPI(document)))
