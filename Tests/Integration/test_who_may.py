"""Blocks and `who_may_message`: whom one may write to, see and be seen by."""

import asyncio

import pytest
from harness import tokens
from harness.client import connect
from test_api import SERVER, API


def presence(events):
    return [(e["data"]["userId"], e["data"]["status"]) for e in events if e["type"] == "USER_PRESENCE_UPDATE"]


def befriend(one, other, names):
    one.post("/connections", {"userId": names[1]})
    other.post(f"/connections/{names[0]}/accept")


def test_who_is_connected_hears_of_presence_without_a_message(daemon):
    alice, bob = API(daemon, "alice"), API(daemon, "bob")

    async def run():
        async with connect(daemon, "alice") as client:
            # One who has only asked is nobody yet.
            await asyncio.to_thread(alice.post, "/connections", {"userId": "bob"})
            async with connect(daemon, "bob") as other:
                await other.settle()
                assert presence(await client.settle()) == []
                await asyncio.to_thread(bob.post, "/connections/alice/accept")
            assert (await client.expect("USER_PRESENCE_UPDATE"))["status"] == "offline"
            async with connect(daemon, "bob"):
                assert (await client.expect("USER_PRESENCE_UPDATE"))["status"] == "online"

    asyncio.run(run())


def test_who_is_blocked_hears_and_sees_nothing(daemon):
    alice, bob = API(daemon, "alice"), API(daemon, "bob")
    befriend(alice, bob, ("alice", "bob"))
    alice.say("bob", "hi", "t1")
    bob.post("/connections/alice/block")

    async def run():
        async with connect(daemon, "alice") as client, connect(daemon, "carol") as carol:
            await carol.say("bob", "hi", "t1")
            async with connect(daemon, "bob"):
                # Who may know has heard, so who may not would have by now.
                assert (await carol.expect("USER_PRESENCE_UPDATE"))["status"] == "online"
                assert presence(await client.settle()) == []
                (seen,) = (await asyncio.to_thread(alice.get, "/presence?ids=bob"))["users"]
                assert seen == {"userId": "bob", "status": "offline", "lastSeen": None}
                (listed,) = (await asyncio.to_thread(alice.get, "/conversations"))["conversations"]
                assert listed["presence"] == "offline"

    asyncio.run(run())
    # Neither side reaches the other, and only who blocked may end it.
    assert bob.say("alice", "hi", "t1", 403)["code"] == "FORBIDDEN"
    assert bob.get("/connections")["connections"] == [{"userId": "alice", "status": "blocked", "direction": "outgoing"}]
    alice.post("/connections/bob/accept", status=404)
    assert alice.say("bob", "hi", "t2", 403)["code"] == "FORBIDDEN"


@pytest.fixture
def closed(start):
    return start(persist="who_may_message: connections")


def test_among_connections_strangers_write_type_and_see_nothing(closed):
    alice, bob = API(closed, "alice"), API(closed, "bob")

    async def run():
        async with connect(closed, "alice") as client, connect(closed, "bob") as other:
            refused = await client.say("bob", "hi", "t1")
            assert refused["data"]["code"] == "FORBIDDEN" and refused["data"]["tempId"] == "t1"
            await client.ask("TYPING", {"receiverId": "bob", "isTyping": False})
            assert await other.settle() == []
            see = lambda: asyncio.to_thread(alice.get, "/presence?ids=bob")
            assert (await see())["users"][0] == {"userId": "bob", "status": "offline", "lastSeen": None}
            await asyncio.to_thread(befriend, alice, bob, ("alice", "bob"))
            assert (await see())["users"][0]["status"] == "online"
            assert (await client.say("bob", "hi", "t1"))["type"] == "MESSAGE_SENT"
            await client.ask("TYPING", {"receiverId": "bob", "isTyping": True})
            await other.expect("NEW_MESSAGE")
            # The first that comes is the second that was sent: the other was for nobody.
            assert (await other.expect("USER_TYPING"))["isTyping"] is True

    asyncio.run(run())
    assert bob.get("/presence?ids=alice")["users"][0]["lastSeen"]


def test_both_who_ask_are_connected(daemon):
    alice, bob = API(daemon, "alice"), API(daemon, "bob")
    alice.post("/connections", {"userId": "bob"})
    assert bob.post("/connections", {"userId": "alice"}) == {"userId": "alice", "status": "accepted", "direction": "incoming"}
    assert alice.get("/connections")["connections"] == [{"userId": "bob", "status": "accepted", "direction": "outgoing"}]
    # To ask again changes nothing.
    assert alice.post("/connections", {"userId": "bob"})["status"] == "accepted"


def test_the_backend_may_write_to_all_but_who_blocked_its_sender(closed):
    backend, bob = API(closed, "backend", **SERVER), API(closed, "bob")
    event = {"as": "system", "type": "NEW_MESSAGE", "data": {"tempId": "1", "receiverId": "bob", "content": "welcome"}}
    assert backend.post("/server/events", event)["type"] == "MESSAGE_SENT"
    assert bob.get("/messages/sync")["messages"][0]["senderId"] == "system"
    bob.post("/connections/system/block")
    event["data"]["tempId"] = "2"
    assert backend.post("/server/events", event, 403)["code"] == "FORBIDDEN"


def test_a_device_token_belongs_to_who_registered_it_last(daemon):
    def owners():
        return sorted(daemon.rows(f"SELECT {daemon.rows.user}, token FROM devices"))

    alice, bob = API(daemon, "alice"), API(daemon, "bob")
    for token in ["t1", "t2"]:
        alice.post("/users/fcm/register", {"deviceToken": token, "platform": "android"}, 204)
    bob.post("/users/fcm/register", {"deviceToken": "t1"}, 204)
    assert owners() == [("alice", "t2"), ("bob", "t1")]
    # Nobody unregisters what is another's.
    alice.post("/users/fcm/unregister", {"deviceToken": "t1"}, 204)
    assert owners() == [("alice", "t2"), ("bob", "t1")]
    alice.post("/users/fcm/unregister", {}, 204)
    assert owners() == [("bob", "t1")]


def test_without_the_presence_stage_messages_arrive_and_presence_is_not_there(start):
    daemon = start(offline_after="1s\n    enabled: false")

    async def run():
        async with connect(daemon, "alice") as alice, connect(daemon, "bob") as bob:
            await alice.say("bob", "hi", "t1")
            await bob.expect("NEW_MESSAGE")

    asyncio.run(run())
    assert daemon.get("/presence?ids=bob", token=tokens.token("alice")).status == 404
