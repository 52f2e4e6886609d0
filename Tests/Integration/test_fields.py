"""The fields of events, at their limits and one beyond."""

import asyncio
import json

import pytest
from harness import tokens
from harness.client import connect
from test_api import API

# Four bytes of UTF-8, two units of UTF-16, one character.
WIDE = "\U0001f600"


def message(**changes):
    data = {"tempId": "t", "receiverId": "bob", "content": "hi", **changes}
    return {k: v for k, v in data.items() if v is not ...}


def nested(depth):
    """An object within which arrays go so deep, it and they counted."""
    return '{"x":' + "[" * (depth - 1) + "]" * (depth - 1) + "}"


async def outcome(client, data, type="NEW_MESSAGE"):
    answer = await client.ask(type, data)
    return answer["data"].get("code", answer["type"])


FITTING = {
    "a tempId of 256": message(tempId="x" * 256),
    "a tempId of 256 wide ones": message(tempId=WIDE * 256),
    "a tempId of one": message(tempId="\u0001"),
    "a receiver of 256": message(receiverId=WIDE * 256),
    "content of 16 KiB": message(content="x" * 16_384),
    "content of 16 KiB in wide ones": message(content=WIDE * 4096),
    "content of a byte": message(content=" "),
    "metadata of 8 KiB": message(metadata={"x": "y" * (8192 - 9)}),
    "metadata of many members": message(metadata={str(n): n for n in range(500)}),
    "empty metadata": message(metadata={}),
    "members that are null": message(metadata=None, replyTo=None),
    "members that nobody knows": message(more={"x": [1]}),
}
WRONG = {
    "a tempId of 257": (message(tempId="x" * 257), "PAYLOAD_TOO_LARGE"),
    "an empty tempId": (message(tempId=""), "INVALID_EVENT"),
    "no tempId": (message(tempId=...), "INVALID_EVENT"),
    "a tempId that is no text": (message(tempId=1), "INVALID_EVENT"),
    "a receiver of 257": (message(receiverId="x" * 257), "PAYLOAD_TOO_LARGE"),
    "content of 16 KiB and one": (message(content="x" * 16_385), "PAYLOAD_TOO_LARGE"),
    "content of 16 KiB and one in wide ones": (message(content=WIDE * 4096 + "x"), "PAYLOAD_TOO_LARGE"),
    "content that is no text": (message(content=["x"]), "INVALID_EVENT"),
    "no content": (message(content=...), "INVALID_EVENT"),
    "metadata of 8 KiB and one": (message(metadata={"x": "y" * (8192 - 8)}), "PAYLOAD_TOO_LARGE"),
    "metadata that is a text": (message(metadata="{}"), "INVALID_EVENT"),
    "an answer to what is no text": (message(replyTo=1), "INVALID_EVENT"),
}


def test_a_field_at_its_limit_is_taken(daemon):
    async def run():
        async with connect(daemon, "alice") as client:
            for number, (name, data) in enumerate(FITTING.items()):
                sender = {**data, "tempId": data["tempId"] if len(data["tempId"]) > 1 else f"t{number}"}
                assert await outcome(client, sender) == "MESSAGE_SENT", name

    asyncio.run(run())


def test_a_field_beyond_its_limit_is_refused_and_the_client_told_which(daemon):
    async def run():
        async with connect(daemon, "alice") as client:
            for name, (data, code) in WRONG.items():
                answer = await client.ask("NEW_MESSAGE", data)
                assert answer["data"]["code"] == code, name
                fields = ("tempId", "receiverId", "content", "metadata", "replyTo")
                assert any(f"data.{field} " in answer["data"]["message"] for field in fields), answer
                assert answer["data"]["stage"] == "persist"
            assert (await client.sync())[0] == []

    asyncio.run(run())
    alice = API(daemon, "alice")
    for data, code in WRONG.values():
        status = {"PAYLOAD_TOO_LARGE": 413, "INVALID_EVENT": 400}[code]
        assert alice.post("/events", {"type": "NEW_MESSAGE", "data": data}, status)["code"] == code


def test_an_edit_has_the_limits_of_what_it_edits(daemon):
    async def run():
        async with connect(daemon, "alice") as client:
            sent = (await client.say("bob", "x", "t"))["data"]["messageId"]
            for content, expected in [
                ("x" * 16_384, "MESSAGE_EDITED"), ("x" * 16_385, "PAYLOAD_TOO_LARGE"), ("", "INVALID_EVENT"),
            ]:
                assert await outcome(client, {"messageId": sent, "content": content}, "EDIT_MESSAGE") == expected

    asyncio.run(run())


def test_the_limit_of_content_is_the_operators(start):
    daemon = start(persist="max_content: 20B")

    async def run():
        async with connect(daemon, "alice") as client:
            assert await outcome(client, message(content="x" * 20)) == "MESSAGE_SENT"
            assert await outcome(client, message(content="x" * 21, tempId="u")) == "PAYLOAD_TOO_LARGE"

    asyncio.run(run())


def test_an_error_names_the_event_that_it_is_about(daemon):
    async def run():
        async with connect(daemon, "alice") as client:
            answer = await client.ask("NEW_MESSAGE", message(tempId=WIDE * 256, content=""))
            assert answer["data"]["tempId"] == WIDE * 256
            answer = await client.ask("EDIT_MESSAGE", {"messageId": "msg_0000000000000", "content": "x"})
            assert answer["data"]["code"] == "NOT_FOUND" and answer["data"]["messageId"] == "msg_0000000000000"
            for name in ["x", "x" * 256, WIDE * 256, 0, -1.5e3, "\\ü\""]:
                await client.send("PING", {}, name)
                assert (await client.receive())["ref"] == name
            for name in ["", "x" * 257, True, None, [], {}]:
                await client.socket.send(json.dumps({"type": "PING", "data": {}, "id": name}))
                answer = await client.receive()
                assert answer["data"]["code"] == "INVALID_EVENT" and "ref" not in answer, name

    asyncio.run(run())


def test_nesting_goes_64_deep_and_no_deeper(daemon):
    async def run():
        async with connect(daemon, "alice") as client:
            # The envelope is the first, its data the second.
            for depth, expected in [(62, "MESSAGE_SENT"), (63, "ERROR")]:
                text = json.dumps({"type": "NEW_MESSAGE", "data": message(tempId=str(depth), metadata="?")})
                await client.socket.send(text.replace('"?"', nested(depth)))
                answer = await client.receive()
                assert answer["type"] == expected
            assert answer["data"]["code"] == "INVALID_EVENT"

    asyncio.run(run())


NO_TEXTS = {"a NUL": '"a\\u0000b"', "a high surrogate": '"\\ud83d"', "a low surrogate": '"\\ude00\\ud83d"'}


@pytest.mark.parametrize("name", NO_TEXTS)
def test_what_no_store_can_keep_is_refused_wherever_it_stands(daemon, name):
    bad = NO_TEXTS[name]
    whole = json.dumps({"type": "NEW_MESSAGE", "data": message(metadata={"k": ["v"]}), "id": "id"})
    places = {
        "content": ('"hi"', bad), "tempId": ('"t"', bad), "receiverId": ('"bob"', bad), "id": ('"id"}', bad + "}"),
        "type": ('"NEW_MESSAGE"', bad), "a key": ('"content"', bad), "metadata": ('"v"', bad), "its key": ('"k"', bad),
    }

    async def run():
        async with connect(daemon, "alice") as client:
            for place, (old, new) in places.items():
                assert old in whole
                await client.socket.send(whole.replace(old, new))
                answer = await client.receive()
                assert answer["type"] == "ERROR" and answer["data"]["code"] == "INVALID_EVENT", place
            assert (await client.sync())[0] == []

    asyncio.run(run())


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "01", "1.", ".5", "+1", "0x1", "1e"])
def test_what_is_no_number_is_refused(daemon, number):
    body = '{"type":"PING","data":{"x":%s}}' % number
    response = daemon.request("POST", "/events", body, tokens.token("alice"))
    assert response.status == 400 and json.loads(response.text)["code"] == "INVALID_EVENT"


def test_metadata_is_delivered_as_it_came(daemon):
    raw = '{"z":1.0,"a":1e400,"n":12345678901234567890123,"s":"\\u00e9é\\/","e":{},"l":[ ],"z2":-0}'
    text = json.dumps({"type": "NEW_MESSAGE", "data": message(metadata="?")}).replace('"?"', raw)

    async def run():
        async with connect(daemon, "alice") as alice, connect(daemon, "bob") as bob:
            await alice.socket.send(text)
            assert (await alice.receive())["type"] == "MESSAGE_SENT"
            assert raw in await bob.socket.recv()
            await bob.send("SYNC")
            assert raw in await bob.socket.recv()

    asyncio.run(run())


def test_a_frame_holds_100_events_and_no_more(daemon):
    ping = {"type": "PING", "data": {}}

    async def run():
        async with connect(daemon, "alice") as client:
            await client.socket.send(json.dumps([ping] * 100))
            assert [(await client.receive())["type"] for _ in range(100)] == ["PONG"] * 100
            await client.socket.send(json.dumps([ping] * 101))
            assert (await client.receive())["data"]["code"] == "INVALID_EVENT"
            assert await client.settle() == []

    asyncio.run(run())
    assert API(daemon, "alice").post("/events", [ping], 400)["code"] == "INVALID_EVENT"


def test_a_frame_at_its_limit_is_taken_and_one_beyond_closes(daemon):
    async def run():
        async with connect(daemon, "alice") as client:
            most = client.greeting["maxFrameBytes"]
            assert most == 65_536
            event = json.dumps({"type": "PING", "data": {}})
            await client.socket.send(event + " " * (most - len(event)))
            assert (await client.receive())["type"] == "PONG"

    asyncio.run(run())
    event = json.dumps({"type": "PING", "data": {}})
    token = tokens.token("alice")
    for length, status in [(65_536, 200), (65_537, 413)]:
        body = event + " " * (length - len(event))
        assert daemon.request("POST", "/events", body, token).status == status
