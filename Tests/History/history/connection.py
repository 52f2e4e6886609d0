"""One WebSocket of a device: what goes over it is recorded, and each event finds its answer."""

import asyncio
import contextlib
import json

from harness import tokens
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

PATIENCE = 6
"""Seconds after which a client gives up on a connection that does not answer."""

Gone = (ConnectionClosed, InvalidHandshake, OSError, TimeoutError, EOFError)
"""What a connection may end with, or fail to open with."""


class Refused(Exception):
    """The answer to a question was an error."""


class Connection:
    def __init__(self, name, recorder, told):
        """`told` is called with every event, and with what was sent where it is an answer."""
        self.name, self.recorder, self.told = name, recorder, told
        self.asked, self.waiting = {}, {}
        self.last = 0
        self.changed = asyncio.Event()
        self.socket = self.reader = None
        self.is_leaving = False

    async def open(self, url, user, device, node):
        headers = {"Authorization": f"Bearer {tokens.token(user)}"}
        self.socket = await connect(
            url,
            additional_headers=headers,
            max_size=None,
            compression=None,
            ping_interval=None,
            open_timeout=PATIENCE,
            close_timeout=1,
        )
        try:
            async with asyncio.timeout(PATIENCE):
                greeting = json.loads(await self.socket.recv())
            assert greeting["type"] == "CONNECTED", greeting
        except BaseException:
            self.socket.transport.abort()
            raise
        self.recorder.write("open", connection=self.name, user=user, device=device, node=node, **greeting["data"])
        self.reader = asyncio.create_task(self.read())
        self.closed = False

    async def read(self):
        try:
            async for text in self.socket:
                self.receive(json.loads(text))
        except Gone:
            pass
        finally:
            self.end()

    def receive(self, event):
        self.recorder.write("receive", connection=self.name, event=event)
        question = self.asked.pop(event.get("ref"), None)
        self.told(event, question)
        future = self.waiting.pop(event.get("ref"), None)
        if future and not future.done():
            future.set_result(event)
        self.changed.set()

    def end(self):
        """The connection is over, whoever ended it."""
        if not self.closed:
            self.closed = True
            code = None if self.is_leaving else self.socket.close_code
            self.recorder.write("close", connection=self.name, **({"code": code} if code else {}))
            for future in self.waiting.values():
                if not future.done():
                    future.set_exception(ConnectionResetError())
            self.changed.set()

    async def post(self, type, data, **facts):
        """Sends an event; its answer comes when it comes. Gives its ref."""
        if self.closed:
            raise ConnectionResetError
        self.last += 1
        ref = str(self.last)
        self.asked[ref] = type, data
        self.recorder.write("send", connection=self.name, ref=ref, type=type, data=data, **facts)
        async with asyncio.timeout(PATIENCE):
            await self.socket.send(json.dumps({"type": type, "data": data, "id": ref}))
        return ref

    async def ask(self, type, data, **facts):
        """Sends an event and gives its answer."""
        future = asyncio.get_running_loop().create_future()
        # The ref is known before the event is sent, so that no answer can come too early.
        self.waiting[str(self.last + 1)] = future
        try:
            await self.post(type, data, **facts)
            async with asyncio.timeout(PATIENCE):
                event = await future
        finally:
            future.cancel()
        if event["type"] == "ERROR":
            raise Refused(event["data"]["code"])
        return event["data"]

    async def room(self, depth):
        """Waits until fewer than `depth` events are unanswered."""
        async with asyncio.timeout(PATIENCE):
            while len(self.asked) >= depth and not self.closed:
                self.changed.clear()
                await self.changed.wait()

    async def close(self, abruptly=True):
        # What the other side has closed already it has closed, whoever notices first.
        self.is_leaving = self.socket.close_code is None
        if abruptly:
            self.socket.transport.abort()
        else:
            with contextlib.suppress(*Gone):
                await self.socket.close()
                # What an orderly end still carries is read.
                async with asyncio.timeout(PATIENCE):
                    await asyncio.shield(self.reader)
        self.end()
        self.reader.cancel()
        await asyncio.gather(self.reader, return_exceptions=True)
