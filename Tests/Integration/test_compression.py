"""permessage-deflate, as a client's library speaks it, and as nobody should."""

import asyncio
import json
import os
import zlib

import pytest
import websockets
from harness import tokens
from harness.client import Client, RawSocket
from websockets.asyncio.client import connect as open_socket
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

CONFIG = """version: 1
server:
  listen: 127.0.0.1:{port}
  admin: 127.0.0.1:{admin}
  compression: {compression}
store: "{store}"
state: "{state}"
pipeline:
  - stage: auth
    secret_file: {folder}/secret
  - stage: persist
  - stage: fan_out
"""


def connect(daemon, user, **more):
    return open_socket(f"{daemon.url}?token={tokens.token(user)}", max_size=None, **more)


def extensions(socket):
    return socket.response.headers.get("Sec-WebSocket-Extensions")


@pytest.mark.parametrize("offer", [{}, {"server_max_window_bits": 9}, {"client_max_window_bits": 10}])
def test_messages_arrive_whole_both_ways(start, offer):
    daemon = start(config=CONFIG, compression="true")
    texts = ["short", "ab" * 8000, os.urandom(8000).hex(), "é🙂" * 2000]

    async def run():
        factories = [ClientPerMessageDeflateFactory(**offer)]
        async with connect(daemon, "alice", compression=None, extensions=factories) as a, connect(
            daemon, "bob"
        ) as b, connect(daemon, "bob", compression=None) as plain:
            assert extensions(a).startswith("permessage-deflate; server_no_context_takeover")
            assert extensions(b) and not extensions(plain)
            alice, devices = Client(a), [Client(b), Client(plain)]
            for index, text in enumerate(texts):
                assert (await alice.say("bob", text, str(index)))["type"] == "MESSAGE_SENT"
                for device in devices:
                    assert (await device.expect("NEW_MESSAGE"))["content"] == text

    asyncio.run(run())


def test_it_is_off_unless_it_is_switched_on(start):
    daemon = start(config=CONFIG, compression="false")

    async def run():
        async with connect(daemon, "alice") as socket:
            assert extensions(socket) is None
            assert (await Client(socket).ask("PING"))["type"] == "PONG"

    asyncio.run(run())


class PackingSocket(RawSocket):
    """A raw WebSocket that has agreed on compression."""

    offer = "Sec-WebSocket-Extensions: permessage-deflate\r\n"

    def receive(self):
        first, second = self.receive_exactly(2)
        length = second & 0x7F
        if length == 126:
            length = int.from_bytes(self.receive_exactly(2), "big")
        payload = self.receive_exactly(length)
        if first & 0x40:
            payload = zlib.decompressobj(-15).decompress(payload + b"\0\0\xff\xff")
        return first & 0x0F, payload

    def pack(self, data):
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        return (packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


@pytest.fixture
def raw(start):
    return PackingSocket(start(config=CONFIG, compression="true"))


def test_a_bomb_is_too_big_and_costs_no_memory(start):
    daemon = start(config=CONFIG, compression="true")
    before = daemon.memory()
    for _ in range(5):
        raw = PackingSocket(daemon)
        bomb = raw.pack(b" " * 50_000_000)
        assert len(bomb) < 60_000
        raw.send(raw.frame(bomb, first=0xC1))
        assert raw.close_code() == 1009
    assert daemon.memory() - before < 20_000_000


def test_what_is_no_deflate_ends_the_connection(raw):
    raw.send(raw.frame(b"\xff\xff\xff\xff", first=0xC1))
    assert raw.close_code() == 1007


def test_what_unpacks_to_no_utf8_ends_the_connection(raw):
    raw.send(raw.frame(raw.pack(b"\xff\xfe"), first=0xC1))
    assert raw.close_code() == 1007


def test_a_packed_control_frame_breaks_the_protocol(raw):
    raw.send(raw.frame(b"", first=0xC9))
    assert raw.close_code() == 1002


def test_a_packed_message_may_come_in_fragments(raw):
    packed = raw.pack(json.dumps({"type": "PING", "id": "x" * 50}).encode())
    raw.send(raw.frame(packed[:5], first=0x41) + raw.frame(packed[5:], first=0x80))
    assert raw.answer()["type"] == "PONG"
