"""What is malformed, huge or hostile gets a clear error; the daemon lives, and nobody else notices."""

import asyncio
import json

import pytest
from harness.client import RawSocket, connect


def message(**changes):
    data = {"tempId": "t", "receiverId": "bob", "content": "hi", **changes}
    return {"type": "NEW_MESSAGE", "data": {k: v for k, v in data.items() if v is not ...}}


def still_works(daemon):
    async def check():
        async with connect(daemon, "sane") as client:
            assert (await client.ask("PING"))["type"] == "PONG"

    asyncio.run(check())


BAD_TEXTS = {
    "no JSON": ("{", "INVALID_EVENT"),
    "no object": ('"hi"', "INVALID_EVENT"),
    "an empty array": ("[]", "INVALID_EVENT"),
    "no type": ('{"data":{}}', "INVALID_EVENT"),
    "a type that is no text": ('{"type":1}', "INVALID_EVENT"),
    "a key twice": ('{"type":"PING","type":"PING"}', "INVALID_EVENT"),
    "trailing text": ('{"type":"PING"} x', "INVALID_EVENT"),
    "NaN": ('{"type":"PING","data":{"x":NaN}}', "INVALID_EVENT"),
    "deep nesting": ('{"type":"PING","data":{"x":' + "[" * 20_000 + "]" * 20_000 + "}}", "INVALID_EVENT"),
    "a NUL": (json.dumps(message(content="a\0b")), "INVALID_EVENT"),
    "a lone surrogate": ('{"type":"NEW_MESSAGE","data":{"content":"\\ud800"}}', "INVALID_EVENT"),
    "an unknown type": ('{"type":"NO_SUCH"}', "UNKNOWN_EVENT"),
    "a reserved type": ('{"type":"CONNECT","data":{"token":"x"}}', "UNKNOWN_EVENT"),
    "no receiver": (json.dumps(message(receiverId=...)), "INVALID_EVENT"),
    "a receiver that is no text": (json.dumps(message(receiverId=7)), "INVALID_EVENT"),
    "an empty receiver": (json.dumps(message(receiverId="")), "INVALID_EVENT"),
    "empty content": (json.dumps(message(content="")), "INVALID_EVENT"),
    "long content": (json.dumps(message(content="x" * 16_385)), "PAYLOAD_TOO_LARGE"),
    "long metadata": (json.dumps(message(metadata={"x": "y" * 8200})), "PAYLOAD_TOO_LARGE"),
    "metadata that is no object": (json.dumps(message(metadata=[1])), "INVALID_EVENT"),
    "an answer to nothing": (json.dumps(message(replyTo="msg_0000000000000")), "NOT_FOUND"),
    "a receipt for nothing": ('{"type":"MESSAGE_READ","data":{"messageId":"msg_0000000000001"}}', "NOT_FOUND"),
    "a receipt without an id": ('{"type":"MESSAGE_READ","data":{}}', "INVALID_EVENT"),
    "a cursor of nobody": ('{"type":"SYNC","data":{"cursor":"cur_x"}}', "INVALID_EVENT"),
    "a limit of nothing": ('{"type":"SYNC","data":{"limit":0}}', "INVALID_EVENT"),
}


def test_every_bad_event_gets_its_error_and_closes_nothing(daemon):
    async def run():
        async with connect(daemon, "alice") as client:
            for name, (text, code) in BAD_TEXTS.items():
                await client.socket.send(text)
                answer = await client.receive()
                assert answer["type"] == "ERROR" and answer["data"]["code"] == code, f"{name}: {answer}"
                assert answer["data"]["message"]
            await client.socket.send(b"binary")
            assert (await client.receive())["data"]["code"] == "INVALID_EVENT"
            assert await client.settle() == []
        async with connect(daemon, "bob") as bob:
            assert (await bob.sync())[0] == []

    asyncio.run(run())


def test_text_is_stored_as_it_came(daemon):
    texts = ["'; DROP TABLE messages; --", "%_\\", "a\u0301\u202e😀", "\u0001\u001f", "</script>"]

    async def run():
        async with connect(daemon, "o'alice\"") as alice, connect(daemon, "b;ob") as bob:
            for number, text in enumerate(texts):
                assert (await alice.say("b;ob", text, f"{number}'"))["type"] == "MESSAGE_SENT"
                assert (await bob.expect("NEW_MESSAGE"))["content"] == text
            assert [m["content"] for m in (await bob.sync())[0]] == texts

    asyncio.run(run())


BAD_FRAMES = {
    "unmasked": (dict(payload=b"{}", mask=None), 1002),
    "a reserved bit": (dict(payload=b"{}", first=0xC1), 1002),
    "an unknown opcode": (dict(payload=b"{}", first=0x83), 1002),
    "a continuation of nothing": (dict(payload=b"{}", first=0x80), 1002),
    "a fragmented ping": (dict(payload=b"", first=0x09), 1002),
    "a long ping": (dict(payload=b"x" * 126, first=0x89), 1002),
    "half a close code": (dict(payload=b"\x03", first=0x88), 1002),
    "a close code that must not be sent": (dict(payload=b"\x03\xed", first=0x88), 1002),
    "no UTF-8": (dict(payload=b'{"\xff"}'), 1007),
    "an overlong form": (dict(payload=b"\xc0\x80"), 1007),
    "too long": (dict(payload=b"", length=65_537), 1009),
    "endless": (dict(payload=b"", length=2**62), 1009),
}


@pytest.mark.parametrize("name", BAD_FRAMES)
def test_a_frame_that_breaks_the_protocol_closes_its_connection_alone(daemon, name):
    frame, code = BAD_FRAMES[name]
    raw = RawSocket(daemon)
    raw.send(raw.frame(**frame))
    assert raw.close_code() == code
    still_works(daemon)


def test_a_message_in_fragments_is_one_event_and_too_many_fragments_are_refused(daemon):
    raw = RawSocket(daemon)
    text = '{"type":"NO_SUCH","id":"ä"}'.encode()
    raw.send(raw.frame(text[:1], first=0x01))
    for byte in text[1:-1]:
        raw.send(raw.frame(bytes([byte]), first=0x00) + raw.frame(b"p", first=0x89))
    raw.send(raw.frame(text[-1:], first=0x80))
    assert raw.answer()["ref"] == "ä"
    raw.send(raw.frame(b"[", first=0x01) + raw.frame(b" ", first=0x00) * 1100)
    assert raw.close_code() == 1002
    still_works(daemon)


def test_every_byte_by_itself_is_read_all_the_same(daemon):
    raw = RawSocket(daemon)
    for byte in raw.frame(b'{"type":"PING","id":1}'):
        raw.send(bytes([byte]))
    assert raw.answer()["type"] == "PONG"
