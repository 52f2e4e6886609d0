"""A client on the `websockets` library, and a raw socket for what no library would send."""

import asyncio
import base64
import contextlib
import json
import os
import socket
import struct

import websockets
from websockets.asyncio.client import connect as open_socket

from . import tokens


class Client:
    def __init__(self, socket):
        self.socket = socket
        self.kept = []
        self.last = 0

    async def send(self, type, data=None, id=None):
        event = {"type": type, "data": data or {}}
        if id is not None:
            event["id"] = id
        await self.socket.send(json.dumps(event))

    async def receive(self, seconds=10):
        return json.loads(await asyncio.wait_for(self.socket.recv(), seconds))

    async def expect(self, type, seconds=10):
        """The next event of a type; what comes before it is kept for other calls."""
        for index, event in enumerate(self.kept):
            if event["type"] == type:
                return self.kept.pop(index)["data"]
        while True:
            event = await self.receive(seconds)
            if event["type"] == type:
                return event["data"]
            self.kept.append(event)

    async def ask(self, type, data=None):
        """Sends an event and gives its answer."""
        self.last += 1
        ref = f"ask-{self.last}"
        await self.send(type, data, ref)
        while True:
            event = await self.receive()
            if event.get("ref") == ref:
                return event
            self.kept.append(event)

    async def say(self, receiver, content, temp_id, **more):
        return await self.ask("NEW_MESSAGE", {"tempId": temp_id, "receiverId": receiver, "content": content, **more})

    async def collect(self, type, count):
        """Waits until so many events of a type have come, and all else that was under way; gives what came."""
        while sum(event["type"] == type for event in self.kept) < count:
            self.kept.append(await self.receive())
        return await self.settle()

    async def settle(self):
        """Everything that was under way for this client on its node has come when this returns; gives what came."""
        answer = await self.ask("PING")
        assert answer["type"] == "PONG"
        events, self.kept = self.kept, []
        return events

    async def sync(self, cursor=None, limit=500):
        """All messages from a cursor on, and where to go on."""
        messages = []
        while True:
            data = {"limit": limit} | ({"cursor": cursor} if cursor else {})
            answer = await self.ask("SYNC", data)
            assert answer["type"] == "SYNC_RESULT", answer
            page = answer["data"]
            messages += page["messages"]
            cursor = page["cursor"]
            if not page["hasMore"]:
                return messages, cursor


@contextlib.asynccontextmanager
async def connect(daemon, user, token=None, greeted=True, **more):
    token = tokens.token(user) if token is None else token
    headers = {"Authorization": f"Bearer {token}"}
    async with open_socket(daemon.of(user).url, additional_headers=headers, max_size=None, **more) as socket:
        client = Client(socket)
        if greeted:
            client.greeting = await client.expect("CONNECTED")
        yield client


async def close_code(socket, seconds=15):
    """The code that a WebSocket ends with."""
    try:
        async with asyncio.timeout(seconds):
            while True:
                await socket.recv()
    except websockets.ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 1006


class RawSocket:
    """A WebSocket whose every byte the test decides on."""

    offer = ""

    def __init__(self, daemon, user="raw", buffer=None):
        daemon = daemon.of(user)
        self.socket = daemon.connect(daemon.port)
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(10)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET /ws?token={tokens.token(user)} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n{self.offer}\r\n".encode()
        )
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.socket.recv(1)
        assert head.startswith(b"HTTP/1.1 101"), head

    def frame(self, payload, first=0x81, mask=b"\x01\x02\x03\x04", length=None):
        length = len(payload) if length is None else length
        bit = 0x80 if mask else 0
        if length < 126:
            head = struct.pack("!BB", first, bit | length)
        elif length < 65536:
            head = struct.pack("!BBH", first, bit | 126, length)
        else:
            head = struct.pack("!BBQ", first, bit | 127, length)
        if mask:
            payload = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        return head + (mask or b"") + payload

    def send(self, data):
        self.socket.sendall(data)

    def receive_exactly(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def receive(self):
        """The next frame: its opcode and payload."""
        first, second = self.receive_exactly(2)
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", self.receive_exactly(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self.receive_exactly(8))
        return first & 0x0F, self.receive_exactly(length)

    def close_code(self):
        while True:
            opcode, payload = self.receive()
            if opcode == 8:
                return struct.unpack("!H", payload[:2])[0]

    def answer(self):
        """The next event that is no greeting."""
        while True:
            opcode, payload = self.receive()
            if opcode == 1 and json.loads(payload)["type"] != "CONNECTED":
                return json.loads(payload)
