"""Two people chat, on one device or several, at once or one after the other."""

import asyncio
import json

from harness import tokens
from harness.client import connect


def test_a_message_to_someone_absent_is_synced_read_and_the_sender_hears_of_it(daemon):
    async def chat():
        async with connect(daemon, "alice") as alice:
            sent = await alice.say("bob", "hello", "t1", metadata={"k": [1, {"x": None}]})
            assert sent["type"] == "MESSAGE_SENT" and sent["data"]["messageId"].startswith("msg_")
            async with connect(daemon, "bob") as bob:
                messages, _ = await bob.sync()
                assert [m["content"] for m in messages] == ["hello"]
                assert messages[0]["senderId"] == "alice" and messages[0]["metadata"] == {"k": [1, {"x": None}]}
                assert messages[0]["messageId"] == sent["data"]["messageId"]
                answer = await bob.ask("MESSAGE_READ", {"messageId": messages[0]["messageId"]})
                assert answer["type"] == "MESSAGE_READ_UPDATE"
            update = await alice.expect("MESSAGE_READ_UPDATE")
            assert update["messageId"] == sent["data"]["messageId"] and update["readerId"] == "bob"
            messages, _ = await alice.sync()
            assert messages[0]["readAt"] == messages[0]["deliveredAt"] == update["readAt"]

    asyncio.run(chat())


def test_a_message_reaches_every_device_of_both_but_the_one_it_came_from(daemon):
    async def chat():
        async with (
            connect(daemon, "alice", token=tokens.token("alice", name="Alice")) as phone,
            connect(daemon, "alice") as laptop,
            connect(daemon, "bob") as one,
            connect(daemon, "bob") as two,
            connect(daemon, "carol") as stranger,
        ):
            await phone.say("bob", "hi", "t1")
            for device in (one, two):
                message = await device.expect("NEW_MESSAGE")
                assert message["content"] == "hi" and "tempId" not in message and message["senderName"] == "Alice"
            assert (await laptop.expect("NEW_MESSAGE"))["tempId"] == "t1"
            for device in (phone, stranger):
                assert [e for e in await device.settle() if e["type"] == "NEW_MESSAGE"] == []

    asyncio.run(chat())


def test_peers_hear_once_when_a_user_comes_and_goes_and_strangers_never(start):
    daemon = start(offline_after="500ms")

    async def chat():
        async with connect(daemon, "alice") as alice, connect(daemon, "carol") as carol:
            await alice.say("bob", "hi", "t1")
            async with connect(daemon, "bob"):
                assert (await alice.expect("USER_PRESENCE_UPDATE"))["status"] == "online"
                async with connect(daemon, "bob"):
                    pass
            # Back within the grace period: nobody hears of it.
            async with connect(daemon, "bob"):
                await alice.settle()
            update = await alice.expect("USER_PRESENCE_UPDATE")
            assert update["userId"] == "bob" and update["status"] == "offline" and update["lastSeen"]
            assert [e for e in await carol.settle() if e["type"] == "USER_PRESENCE_UPDATE"] == []

    asyncio.run(chat())


def test_a_greeting_and_a_pong_say_where_to_go_on(daemon):
    async def chat():
        async with connect(daemon, "alice") as alice, connect(daemon, "bob") as bob:
            fields = {"userId", "connectionId", "nodeId", "serverTime", "tokenExpiresAt", "maxFrameBytes", "cursor"}
            assert fields <= set(bob.greeting)
            await alice.say("bob", "hi", "t1")
            messages, _ = await bob.sync(bob.greeting["cursor"])
            assert [m["content"] for m in messages] == ["hi"]
            pong = (await bob.ask("PING"))["data"]
            assert pong["serverTime"].endswith("Z")
            await alice.say("bob", "again", "t2")
            messages, _ = await bob.sync(pong["cursor"])
            assert messages[-1]["content"] == "again" and len(messages) <= 2

    asyncio.run(chat())


def test_one_frame_may_hold_many_events(daemon):
    async def chat():
        async with connect(daemon, "alice") as alice:
            events = [{"type": "PING", "id": 1}, {"type": "NO_SUCH"}, {"type": "PING", "id": "three"}]
            await alice.socket.send(json.dumps(events))
            answers = [await alice.receive() for _ in events]
            assert [a["type"] for a in answers] == ["PONG", "ERROR", "PONG"]
            assert [a.get("ref") for a in answers] == [1, None, "three"]
            assert answers[1]["data"]["code"] == "UNKNOWN_EVENT"

    asyncio.run(chat())


def test_who_has_a_token_is_greeted_with_the_answer_to_the_handshake(daemon):
    with daemon.connect(daemon.port) as client:
        client.settimeout(10)
        client.sendall(
            f"GET /ws?token={tokens.token('alice')} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        # In one write, so nothing of it comes later.
        head, _, frame = client.recv(65536).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 ") and b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head
        assert frame[0] == 0x81 and b'"CONNECTED"' in frame
