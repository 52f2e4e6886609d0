"""The HTTP API, call by call."""

import asyncio
import gzip
import http.client
import json
import time

import pytest
from harness import tokens
from harness.client import close_code, connect

SERVER = {"scope": "sluice:server"}


class API:
    def __init__(self, daemon, user, **claims):
        self.daemon, self.token = daemon, tokens.token(user, iat=time.time(), **claims)

    def call(self, method, path, body=None, status=200, headers=()):
        body = None if body is None else json.dumps(body)
        response = self.daemon.request(method, path, body, self.token, headers=headers)
        assert response.status == status, response.text
        return json.loads(response.text) if response.text else None

    def get(self, path, status=200):
        return self.call("GET", path, None, status)

    def post(self, path, body=None, status=200):
        return self.call("POST", path, body, status)

    def say(self, receiver, content, temp_id, status=200):
        data = {"tempId": temp_id, "receiverId": receiver, "content": content}
        return self.post("/events", {"type": "NEW_MESSAGE", "data": data}, status)


@pytest.fixture
def alice(daemon):
    return API(daemon, "alice")


@pytest.fixture
def bob(daemon):
    return API(daemon, "bob")


def test_conversations_with_what_is_unread(daemon, alice, bob):
    ids = [alice.say("bob", f"a{n}", f"t{n}")["data"]["messageId"] for n in range(3)]
    API(daemon, "carol").say("bob", "from carol", "t1")
    listed = bob.get("/conversations")
    assert [c["userId"] for c in listed["conversations"]] == ["carol", "alice"] and "cursor" not in listed
    assert [c["unreadCount"] for c in listed["conversations"]] == [1, 3]
    assert listed["conversations"][1]["lastMessage"]["content"] == "a2"
    assert {c["presence"] for c in listed["conversations"]} == {"offline"}
    bob.post("/events", {"type": "MESSAGE_READ", "data": {"upTo": ids[1]}})
    assert bob.get("/conversations")["conversations"][1]["unreadCount"] == 1
    assert alice.get("/conversations")["conversations"][0]["unreadCount"] == 0
    first = bob.get("/conversations?limit=1")
    rest = bob.get(f"/conversations?limit=1&cursor={first['cursor']}")
    assert [c["userId"] for c in rest["conversations"]] == ["alice"] and "cursor" not in rest


def test_history_in_pages_from_the_newest_back(alice, bob):
    ids = [alice.say("bob", str(n), f"t{n}")["data"]["messageId"] for n in range(5)]
    page = bob.get("/conversations/alice/messages?limit=2")
    assert [m["messageId"] for m in page["messages"]] == [ids[4], ids[3]] and page["hasMore"] is True
    page = bob.get(f"/conversations/alice/messages?limit=3&before={ids[3]}")
    assert [m["messageId"] for m in page["messages"]] == [ids[2], ids[1], ids[0]] and page["hasMore"] is False
    assert bob.get("/conversations/nobody/messages")["messages"] == []
    bob.get("/conversations/alice/messages?before=nonsense", 400)
    bob.get("/conversations/alice/messages?limit=0", 400)


def test_presence_of_those_who_may_be_seen(daemon, alice, bob):
    async def scenario():
        async with connect(daemon, "bob"):
            users = await asyncio.to_thread(alice.get, "/presence?ids=bob,nobody")
            assert users["users"][0]["status"] == "online"
            assert users["users"][1] == {"userId": "nobody", "status": "offline", "lastSeen": None}
            await asyncio.to_thread(bob.post, "/connections/alice/block")
            users = await asyncio.to_thread(alice.get, "/presence?ids=bob")
            assert users["users"][0] == {"userId": "bob", "status": "offline", "lastSeen": None}

    asyncio.run(scenario())
    alice.get("/presence", 400)
    alice.get("/presence?ids=" + ",".join(map(str, range(101))), 400)


def test_connections_are_asked_for_accepted_and_ended(alice, bob):
    assert alice.post("/connections", {"userId": "bob"}) == {
        "userId": "bob", "status": "pending", "direction": "outgoing"}
    assert bob.get("/connections")["connections"] == [
        {"userId": "alice", "status": "pending", "direction": "incoming"}]
    alice.post("/connections/bob/accept", status=403)
    assert bob.post("/connections/alice/accept")["status"] == "accepted"
    assert alice.get("/connections")["connections"][0]["status"] == "accepted"
    alice.call("DELETE", "/connections/bob", status=204)
    assert bob.get("/connections")["connections"] == []
    bob.post("/connections/alice/accept", status=404)
    alice.post("/connections", {"userId": "alice"}, 400)
    alice.post("/connections", {}, 400)


def test_a_block_always_wins(daemon, alice, bob):
    bob.post("/connections/alice/block")
    assert alice.say("bob", "hi", "t1", 403)["code"] == "FORBIDDEN"
    alice.post("/connections", {"userId": "bob"}, 403)
    alice.call("DELETE", "/connections/bob", status=204)
    assert alice.say("bob", "hi", "t1", 403)["code"] == "FORBIDDEN"

    async def scenario():
        async with connect(daemon, "alice") as socket, connect(daemon, "bob") as other:
            await socket.ask("TYPING", {"receiverId": "bob", "isTyping": True})
            await socket.ask("SYNC")
            assert await other.settle() == []

    asyncio.run(scenario())
    bob.call("DELETE", "/connections/alice", status=204)
    alice.say("bob", "hi", "t1")


def test_who_may_message_can_be_left_to_connections(start):
    daemon = start(persist="who_may_message: connections")
    alice, bob = API(daemon, "alice"), API(daemon, "bob")
    alice.say("bob", "hi", "t1", 403)
    alice.post("/connections", {"userId": "bob"})
    alice.say("bob", "hi", "t1", 403)
    bob.post("/connections/alice/accept")
    alice.say("bob", "hi", "t1")
    backend = API(daemon, "backend", **SERVER)
    event = {"type": "NEW_MESSAGE", "data": {"tempId": "w", "receiverId": "bob", "content": "welcome"}, "as": "system"}
    backend.post("/server/events", event)


def test_a_chosen_name_wins_over_the_tokens(daemon, alice, bob):
    named = API(daemon, "dora", name="Dora")
    assert named.get("/users/me") == {"userId": "dora", "name": "Dora"}
    assert alice.get("/users/me") == {"userId": "alice", "name": None}
    assert named.call("PATCH", "/users/me", {"name": "Dodo"}) == {"userId": "dora", "name": "Dodo"}
    assert API(daemon, "dora", name="Dora").get("/users/me")["name"] == "Dodo"

    async def scenario():
        async with connect(daemon, "bob") as socket:
            await asyncio.to_thread(API(daemon, "dora", name="Dora").say, "bob", "hi", "t1")
            assert (await socket.expect("NEW_MESSAGE"))["senderName"] == "Dodo"

    asyncio.run(scenario())
    for wrong in [{}, {"name": ""}, {"name": 5}, []]:
        named.call("PATCH", "/users/me", wrong, 400)
    named.call("PATCH", "/users/me", {"name": "x" * 257}, 413)


def test_device_tokens_move_to_who_registered_them_last(alice, bob):
    alice.post("/users/fcm/register", {"deviceToken": "t", "platform": "web"}, 204)
    bob.post("/users/fcm/register", {"deviceToken": "t"}, 204)
    bob.post("/users/fcm/unregister", {"deviceToken": "t"}, 204)
    bob.post("/users/fcm/unregister", {}, 204)
    bob.post("/users/fcm/unregister", None, 204)
    alice.post("/users/fcm/register", {}, 400)
    alice.post("/users/fcm/register", {"deviceToken": "x" * 5000}, 413)


def test_search_where_it_is_switched_on(start, daemon, alice):
    assert alice.get("/messages/search?q=x", 404)["code"] == "NOT_FOUND"
    searching = start(top="search: true")
    alice, bob = API(searching, "alice"), API(searching, "bob")
    first = alice.say("bob", "The quick brown fox", "t1")["data"]["messageId"]
    second = bob.say("alice", "a QUICK answer", "t1")["data"]["messageId"]
    API(searching, "eve").say("carol", "quick", "t1")
    find = lambda q: [m["messageId"] for m in alice.get(f"/messages/search?{q}")["messages"]]
    assert find("q=quick") == [second, first] and find("q=qui") == [second, first]
    assert find("q=fox%20quick") == [first] and find("q=quick&with=eve") == [] and find("q=quick&limit=1") == [second]
    assert find("q=%22%20OR%20*") == []
    alice.post("/events", {"type": "EDIT_MESSAGE", "data": {"messageId": first, "content": "a slow dog"}})
    bob.post("/events", {"type": "DELETE_MESSAGE", "data": {"messageId": second}})
    assert find("q=quick") == [] and find("q=dog") == [first]
    alice.get("/messages/search?q=", 400)


def test_ones_own_backend_sends_in_the_name_of_users(daemon, alice):
    backend = API(daemon, "backend", **SERVER)
    event = {"as": "alice", "type": "NEW_MESSAGE", "data": {"tempId": "s1", "receiverId": "bob", "content": "hi"}}

    async def scenario():
        async with connect(daemon, "bob") as socket:
            answer = await asyncio.to_thread(backend.post, "/server/events", event)
            assert answer["type"] == "MESSAGE_SENT"
            assert (await socket.expect("NEW_MESSAGE"))["senderId"] == "alice"

    asyncio.run(scenario())
    assert alice.post("/server/events", event, 403)["code"] == "FORBIDDEN"
    backend.post("/server/events", {**event, "as": ""}, 400)
    backend.post("/server/events", {"type": "PING"}, 400)
    alice.post("/server/users/bob/disconnect", status=403)
    alice.call("DELETE", "/server/users/bob", status=403)


def test_a_backend_disconnects_and_revokes(daemon):
    backend = API(daemon, "backend", **SERVER)

    async def scenario():
        async with connect(daemon, "bob") as socket:
            await asyncio.to_thread(backend.post, "/server/users/bob/disconnect", None, 204)
            assert await close_code(socket.socket) == 4403
        old = tokens.token("bob", iat=time.time() - 100)
        async with connect(daemon, "bob", token=old) as socket:
            await asyncio.to_thread(backend.post, "/server/users/bob/revoke", {}, 204)
            assert await close_code(socket.socket) == 4401
        assert (await asyncio.to_thread(daemon.get, "/users/me", token=old)).status == 401
        fresh = tokens.token("bob", iat=time.time() + 1)
        async with connect(daemon, "bob", token=fresh):
            pass
        return old, fresh

    old, fresh = asyncio.run(scenario())
    backend.post("/server/users/bob/revoke", {"notBefore": "soon"}, 400)
    daemon.kill()
    daemon.start()
    assert daemon.get("/users/me", token=old).status == 401
    assert daemon.get("/users/me", token=fresh).status == 200


def test_a_user_is_erased(daemon, alice, bob):
    backend = API(daemon, "backend", **SERVER)
    for n in range(3):
        alice.say("bob", f"secret {n}", f"t{n}")
    bob.say("alice", "kept", "t1")
    alice.call("PATCH", "/users/me", {"name": "Alice"})

    async def scenario():
        async with connect(daemon, "bob") as socket:
            await asyncio.to_thread(backend.call, "DELETE", "/server/users/alice", None, 204)
            for _ in range(3):
                await socket.expect("MESSAGE_DELETED")

    asyncio.run(scenario())
    messages = bob.get("/messages/sync")["messages"]
    assert sorted(m["content"] for m in messages) == ["", "", "", "kept"]
    assert all("senderName" not in m for m in messages)
    alice.get("/users/me", 401)


def test_pages_of_other_origins_are_told_what_they_may(daemon, alice):
    allowed, foreign = {"Origin": "https://app.example"}, {"Origin": "https://evil.example"}
    preflight = daemon.request("OPTIONS", "/conversations", headers=allowed)
    assert preflight.status == 204 and preflight.headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    answer = daemon.request("GET", "/users/me", token=alice.token, headers=allowed)
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert "Origin" in answer.headers["Vary"]
    refused = daemon.request("GET", "/users/me", headers=allowed)
    assert refused.status == 401 and refused.headers["Access-Control-Allow-Origin"] == "https://app.example"
    for response in [
        daemon.request("OPTIONS", "/conversations", headers=foreign),
        daemon.request("GET", "/users/me", token=alice.token, headers=foreign),
    ]:
        assert response.headers["Access-Control-Allow-Origin"] is None


def test_long_answers_are_compressed_for_who_accepts_it(daemon, alice):
    alice.say("bob", "x" * 2000, "t1")
    connection = http.client.HTTPConnection("127.0.0.1", daemon.port)
    fields = {"Authorization": f"Bearer {alice.token}", "Accept-Encoding": "br, gzip;q=0.5"}
    connection.request("GET", "/messages/sync", headers=fields)
    response = connection.getresponse()
    body = response.read()
    assert response.headers["Content-Encoding"] == "gzip" and len(body) < 1000
    assert json.loads(gzip.decompress(body))["messages"][0]["content"] == "x" * 2000
    for path, accepted in [("/messages/sync", "gzip;q=0"), ("/messages/sync", "br"), ("/users/me", "gzip")]:
        connection.request("GET", path, headers={**fields, "Accept-Encoding": accepted})
        response = connection.getresponse()
        assert json.loads(response.read()) and response.headers["Content-Encoding"] is None


def test_addresses_and_methods_that_are_not_there(daemon, alice):
    alice.get("/conversations/", 404)
    alice.get("/conversations/a/b/c", 404)
    alice.get("/%zz", 400)
    response = daemon.request("PUT", "/users/me", token=alice.token)
    assert response.status == 405 and response.headers["Allow"] == "GET, PATCH"
    assert alice.post("/events", {"type": "AUTH", "data": {"token": "x"}}, 400)["code"] == "UNKNOWN_EVENT"
    assert alice.post("/connections", {"userId": "bob", "query": "server.erase"})["userId"] == "bob"
    assert alice.get("/conversations/b%C3%B6b%2Fc/messages")["messages"] == []
