"""Every event that a client may send, and what becomes of it."""

import asyncio
import json

import pytest
from harness import tokens
from harness.client import connect


def run(scenario):
    asyncio.run(scenario())


def test_an_edit_reaches_both_sides_and_sync(daemon):
    async def scenario():
        async with connect(daemon, "alice") as alice, connect(daemon, "alice") as tablet, connect(daemon, "bob") as bob:
            sent = (await alice.say("bob", "befoer", "t1", metadata={"a": 1}))["data"]
            cursor = (await bob.ask("PING"))["data"]["cursor"]
            answer = await alice.ask("EDIT_MESSAGE", {"messageId": sent["messageId"], "content": "before"})
            assert answer["type"] == "MESSAGE_EDITED" and answer["data"]["content"] == "before"
            assert answer["data"]["version"] == 2 and answer["data"]["editedAt"].endswith("Z")
            assert await bob.expect("MESSAGE_EDITED") == answer["data"] == await tablet.expect("MESSAGE_EDITED")
            (message,), _ = await bob.sync(cursor)
            assert message["content"] == "before" and message["editedAt"] == answer["data"]["editedAt"]
            assert message["metadata"] == {"a": 1} and message["version"] == 2

    run(scenario)


def test_a_deleted_message_keeps_its_place_and_says_nothing(daemon):
    async def scenario():
        async with connect(daemon, "alice") as alice, connect(daemon, "bob") as bob:
            sent = (await alice.say("bob", "oops", "t1", metadata={"a": 1}))["data"]
            answer = await alice.ask("DELETE_MESSAGE", {"messageId": sent["messageId"]})
            assert answer["type"] == "MESSAGE_DELETED" and await bob.expect("MESSAGE_DELETED") == answer["data"]
            again = await alice.ask("DELETE_MESSAGE", {"messageId": sent["messageId"]})
            assert again["data"] == answer["data"]
            (message,), _ = await bob.sync()
            assert message["content"] == "" and "metadata" not in message
            assert message["deletedAt"] == answer["data"]["deletedAt"]
            late = await alice.ask("EDIT_MESSAGE", {"messageId": sent["messageId"], "content": "x"})
            assert late["data"]["code"] == "NOT_FOUND"
            assert [e["type"] for e in await bob.collect("NEW_MESSAGE", 1)] == ["NEW_MESSAGE"]

    run(scenario)


@pytest.mark.parametrize("type", ["EDIT_MESSAGE", "DELETE_MESSAGE", "MESSAGE_READ", "MESSAGE_DELIVERED"])
def test_only_who_may_changes_a_message(daemon, type):
    async def scenario():
        async with connect(daemon, "alice") as alice, connect(daemon, "bob") as bob, connect(daemon, "eve") as eve:
            sent = (await alice.say("bob", "hi", "t1"))["data"]
            data = {"messageId": sent["messageId"], "content": "x"}
            wrong = alice if type.startswith("MESSAGE_") else bob
            assert (await wrong.ask(type, data))["data"]["code"] == "FORBIDDEN"
            assert (await eve.ask(type, data))["data"]["code"] == "NOT_FOUND"
            assert (await eve.ask(type, {**data, "messageId": "msg_nonsense"}))["data"]["code"] == "NOT_FOUND"
            assert (await eve.ask(type, {"content": "x"}))["data"]["code"] == "INVALID_EVENT"
            (message,), _ = await alice.sync()
            assert message["version"] == 1

    run(scenario)


def test_delivered_comes_before_read_and_read_implies_it(daemon):
    async def scenario():
        async with connect(daemon, "alice") as alice, connect(daemon, "bob") as bob:
            ids = [(await alice.say("bob", str(n), f"t{n}"))["data"]["messageId"] for n in range(3)]
            answer = await bob.ask("MESSAGE_DELIVERED", {"messageIds": ids[:2]})
            assert answer["type"] == "MESSAGE_DELIVERED_UPDATE" and answer["data"]["receiverId"] == "bob"
            assert [(await alice.expect("MESSAGE_DELIVERED_UPDATE"))["messageId"] for _ in range(2)] == ids[:2]
            first = await bob.expect("MESSAGE_DELIVERED_UPDATE")
            assert first["messageId"] == ids[0] and answer["data"]["messageId"] == ids[1]
            assert (await bob.ask("MESSAGE_READ", {"upTo": ids[2]}))["type"] == "MESSAGE_READ_UPDATE"
            messages, _ = await alice.sync()
            assert all("readAt" in m and m["deliveredAt"] <= m["readAt"] for m in messages)
            assert (await bob.ask("MESSAGE_DELIVERED", {"upTo": ids[0]}))["data"]["code"] == "INVALID_EVENT"

    run(scenario)


def test_typing_is_seen_and_never_stored(daemon):
    async def scenario():
        async with connect(daemon, "alice") as alice, connect(daemon, "bob") as bob:
            answer = await alice.ask("TYPING", {"receiverId": "bob", "isTyping": True})
            assert answer["type"] == "ACK" and answer["data"] == {}
            assert await bob.expect("USER_TYPING") == {"userId": "alice", "isTyping": True}
            await alice.send("TYPING", {"receiverId": "bob", "isTyping": False})
            assert await bob.expect("USER_TYPING") == {"userId": "alice", "isTyping": False}
            assert await alice.settle() == []
            assert (await bob.sync())[0] == []
            for wrong in [{"receiverId": "bob"}, {"isTyping": True}, {"receiverId": "bob", "isTyping": "yes"}]:
                assert (await alice.ask("TYPING", wrong))["data"]["code"] == "INVALID_EVENT"

    run(scenario)
    event = {"type": "TYPING", "data": {"receiverId": "bob", "isTyping": True}}
    assert daemon.post(event, tokens.token("alice")).status == 204


def test_an_array_of_events_is_taken_in_order_and_each_answered(daemon):
    async def scenario():
        async with connect(daemon, "alice") as alice, connect(daemon, "bob") as bob:
            say = lambda n: {"type": "NEW_MESSAGE", "id": n, "data": {"tempId": f"t{n}", "receiverId": "bob", "content": str(n)}}
            await alice.socket.send(json.dumps([say(1), {"type": "NOPE", "id": 2}, 5, say(3), {"type": "PING", "id": 4}]))
            answers = [await alice.receive() for _ in range(5)]
            assert [a["type"] for a in answers] == ["MESSAGE_SENT", "ERROR", "ERROR", "MESSAGE_SENT", "PONG"]
            assert [a.get("ref") for a in answers] == [1, 2, None, 3, 4]
            assert [(await bob.expect("NEW_MESSAGE"))["content"] for _ in range(2)] == ["1", "3"]

    run(scenario)


def test_an_answer_names_a_message_of_its_own_conversation(daemon):
    async def scenario():
        async with connect(daemon, "alice") as alice, connect(daemon, "bob") as bob:
            first = (await alice.say("bob", "?", "t1"))["data"]["messageId"]
            await bob.say("alice", "!", "t1", replyTo=first)
            assert (await alice.expect("NEW_MESSAGE"))["replyTo"] == first
            assert (await alice.say("carol", "!", "t2", replyTo=first))["data"]["code"] == "NOT_FOUND"

    run(scenario)
