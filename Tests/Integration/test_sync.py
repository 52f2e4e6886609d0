"""Syncing: pages in the order of changes, from a cursor or a moment."""

import asyncio
import json

from harness import tokens
from harness.client import connect
from test_api import API


def test_over_the_socket_and_over_http_it_is_the_same(daemon):
    alice = API(daemon, "alice")
    for number in range(3):
        alice.say("bob", str(number), str(number))

    async def run():
        async with connect(daemon, "alice") as client:
            return (await client.ask("SYNC", {"limit": 2}))["data"]

    socket, http = asyncio.run(run()), alice.get("/messages/sync?limit=2")
    assert socket.keys() == http.keys() == {"messages", "cursor", "hasMore", "serverTime"}
    assert socket["messages"] == http["messages"] and socket["hasMore"] is http["hasMore"] is True
    # A cursor of the one leads on in the other.
    rest = alice.get(f"/messages/sync?cursor={socket['cursor']}")
    assert [m["content"] for m in rest["messages"]] == ["2"] and rest["hasMore"] is False


def test_a_page_has_100_unless_another_limit_is_asked_for(daemon):
    alice = API(daemon, "alice")
    for number in range(101):
        alice.say("bob", str(number), str(number))
    page = alice.get("/messages/sync")
    assert len(page["messages"]) == 100 and page["hasMore"] is True
    assert len(alice.get("/messages/sync?limit=500")["messages"]) == 101
    assert len(alice.get("/messages/sync?limit=1")["messages"]) == 1
    for limit in ["0", "501", "-1", "x", "1.5", ""]:
        assert alice.get(f"/messages/sync?limit={limit}", 400)["code"] == "INVALID_EVENT"


def test_pages_of_long_messages_are_shorter_so_that_a_client_can_take_them(daemon):
    alice, content = API(daemon, "alice"), "x" * 16_000
    for number in range(90):
        alice.say("bob", content + str(number), str(number))

    async def run():
        pages, cursor = [], None
        async with connect(daemon, "bob") as client:
            while not pages or pages[-1]["hasMore"]:
                answer = await client.ask("SYNC", {"cursor": cursor} if cursor else {})
                assert answer["type"] == "SYNC_RESULT", answer
                pages.append(answer["data"])
                cursor = pages[-1]["cursor"]
        return pages

    pages = asyncio.run(run())
    assert [m["content"][16_000:] for page in pages for m in page["messages"]] == [str(n) for n in range(90)]
    # The default of `outbound_buffer` is 1 MiB, and a quarter of it may be one page.
    assert all(1 < len(json.dumps(page)) <= 256 * 1024 for page in pages) and len(pages[0]["messages"]) > 10


def test_a_message_appears_once_at_the_place_of_its_latest_change(daemon):
    alice, bob = API(daemon, "alice"), API(daemon, "bob")
    ids = [alice.say("bob", str(n), str(n))["data"]["messageId"] for n in range(4)]
    cursor = bob.get("/messages/sync")["cursor"]
    alice.post("/events", {"type": "EDIT_MESSAGE", "data": {"messageId": ids[1], "content": "edited"}})
    bob.post("/events", {"type": "MESSAGE_READ", "data": {"messageId": ids[0]}})
    alice.post("/events", {"type": "DELETE_MESSAGE", "data": {"messageId": ids[1]}})
    assert [m["messageId"] for m in bob.get("/messages/sync")["messages"]] == [ids[2], ids[3], ids[0], ids[1]]
    changed = bob.get(f"/messages/sync?cursor={cursor}")
    assert [m["messageId"] for m in changed["messages"]] == [ids[0], ids[1]]
    assert changed["messages"][1]["version"] == 3
    # Page by page it is the same.
    first = bob.get(f"/messages/sync?cursor={cursor}&limit=1")
    assert first["messages"] == changed["messages"][:1] and first["hasMore"] is True
    second = bob.get(f"/messages/sync?cursor={first['cursor']}&limit=1")
    assert second["messages"] == changed["messages"][1:] and second["hasMore"] is False
    empty = bob.get(f"/messages/sync?cursor={second['cursor']}")
    assert empty["messages"] == [] and empty["cursor"] and empty["hasMore"] is False


def test_a_moment_is_inclusive_and_a_change_counts_by_when_it_was_made(daemon):
    alice, bob = API(daemon, "alice"), API(daemon, "bob")
    first = alice.say("bob", "1", "1")["data"]
    second = alice.say("bob", "2", "2")["data"]
    since = lambda moment: [m["content"] for m in bob.get(f"/messages/sync?lastMessageTimestamp={moment}")["messages"]]
    assert since(first["timestamp"]) == ["1", "2"] and "2" in since(second["timestamp"])
    edit = {"messageId": first["messageId"], "content": "changed"}
    edited = alice.post("/events", {"type": "EDIT_MESSAGE", "data": edit})["data"]["editedAt"]
    assert "changed" in since(edited)
    assert since("2000-01-01T00:00:00Z") == ["2", "changed"] == since("2000-01-01T00:00:00.123456Z")
    for wrong in ["yesterday", "2026-01-31", "0", "", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00%2B01:00"]:
        bob.get(f"/messages/sync?lastMessageTimestamp={wrong}", 400)


def test_a_cursor_is_good_for_its_user_and_its_store_alone(start):
    daemon, other = start(), start()
    alice, bob = API(daemon, "alice"), API(daemon, "bob")
    cursor = alice.get("/messages/sync")["cursor"]
    assert bob.get(f"/messages/sync?cursor={cursor}", 400)["code"] == "INVALID_EVENT"
    for wrong in ["", "x", cursor[:-1], cursor + "0", cursor.upper()]:
        assert alice.get(f"/messages/sync?cursor={wrong}", 400)["code"] == "INVALID_EVENT"
    both = f"/messages/sync?cursor={cursor}&lastMessageTimestamp=2000-01-01T00:00:00Z"
    assert alice.get(both, 400)["code"] == "INVALID_EVENT"
    assert API(other, "alice").get(f"/messages/sync?cursor={cursor}", 410)["code"] == "CURSOR_EXPIRED"

    async def run():
        async with connect(other, "alice") as client:
            return (await client.ask("SYNC", {"cursor": cursor}))["data"]["code"]

    assert asyncio.run(run()) == "CURSOR_EXPIRED"


def test_cursors_stay_good_over_a_restart(daemon):
    alice = API(daemon, "alice")
    alice.say("bob", "1", "1")
    cursor = alice.get("/messages/sync")["cursor"]
    daemon.stop()
    daemon.start()
    alice.say("bob", "2", "2")
    assert [m["content"] for m in alice.get(f"/messages/sync?cursor={cursor}")["messages"]] == ["2"]


def test_a_client_that_missed_every_kind_of_change_finds_each(daemon):
    async def run():
        async with connect(daemon, "alice") as alice, connect(daemon, "bob") as bob:
            ids = [(await alice.say("bob", str(n), str(n)))["data"]["messageId"] for n in range(5)]
            cursor = (await alice.ask("PING"))["data"]["cursor"]
            await alice.ask("EDIT_MESSAGE", {"messageId": ids[0], "content": "edited"})
            await alice.ask("DELETE_MESSAGE", {"messageId": ids[1]})
            await bob.ask("MESSAGE_DELIVERED", {"messageId": ids[2]})
            await bob.ask("MESSAGE_READ", {"messageId": ids[3]})
            sent = (await bob.say("alice", "new", "t", replyTo=ids[4]))["data"]["messageId"]
            await alice.settle()
            messages = {m["messageId"]: m for m in (await alice.sync(cursor))[0]}
            assert messages[ids[0]]["content"] == "edited" and messages[ids[0]]["editedAt"]
            assert messages[ids[1]]["content"] == "" and messages[ids[1]]["deletedAt"]
            assert messages[ids[2]]["deliveredAt"] and "readAt" not in messages[ids[2]]
            assert messages[ids[3]]["readAt"] and messages[ids[3]]["deliveredAt"]
            assert messages[sent]["replyTo"] == ids[4]
            # What has not changed may be repeated.
            assert messages.get(ids[4], {"version": 1})["version"] == 1

    asyncio.run(run())


def test_what_is_pushed_is_what_is_synced(daemon):
    async def run():
        async with connect(daemon, "alice", token=tokens.token("alice", name="A")) as alice, connect(daemon, "bob") as bob:
            sent = (await alice.say("bob", "hi", "t", metadata={"a": 1}))["data"]
            pushed = await bob.expect("NEW_MESSAGE")
            (synced,) = (await bob.sync())[0]
            assert pushed == synced and synced["timestamp"] == sent["timestamp"]
            assert json.loads(daemon.get("/conversations/alice/messages", token=tokens.token("bob")).text)["messages"] == [synced]

    asyncio.run(run())
