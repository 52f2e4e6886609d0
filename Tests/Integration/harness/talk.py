"""People on several nodes who talk all through an outage, and what each of them saw of it.

Each sends one message after the other, sends again with the same tempId what was refused for now, and stays connected:
who is connected gets everything, or the test fails. All times are those of this process's monotonic clock.
"""

import asyncio
import contextlib
import dataclasses
import itertools
import json
import time

import websockets
from websockets.asyncio.client import connect as open_socket

from . import tokens
from .client import connect

PATIENCE = 60
PACE = 0.02
AGAIN = ("UNAVAILABLE", "TIMEOUT")
now = time.monotonic


@dataclasses.dataclass
class Message:
    sender: str
    receiver: str
    content: str
    device: str
    begun: float
    # The connection that it was sent on, by its number; none where it took more than one.
    connection: int | None
    acked: float | None = None
    id: str | None = None


@dataclasses.dataclass
class Answer:
    """What came of one attempt to send."""

    sender: str
    begun: float
    took: float
    code: str


class Device:
    """A connection that notes all that comes, with the time of it."""

    def __init__(self, name, user, node):
        self.name, self.user, self.node = name, user, node
        self.messages, self.presence, self.arrivals = [], [], {}
        self.waiting, self.numbers = {}, itertools.count()
        self.socket = self.reader = None
        self.connections = 0

    async def open(self):
        headers = {"Authorization": f"Bearer {tokens.token(self.user)}"}
        self.socket = await open_socket(self.node.url, additional_headers=headers, ping_interval=None, max_size=None)
        assert json.loads(await self.socket.recv())["type"] == "CONNECTED"
        self.connections += 1
        self.reader = asyncio.create_task(self.read())

    async def open_again(self, node):
        """Connects to a node, and syncs what came meanwhile: that need not be in order with what is pushed."""
        self.node = node
        await self.open()
        cursor = {}
        while True:
            page = (await self.ask("SYNC", {"limit": 500, **cursor}))["data"]
            for item in page["messages"]:
                self.arrivals.setdefault(item["messageId"], now())
            if not page["hasMore"]:
                return
            cursor = {"cursor": page["cursor"]}

    async def read(self):
        with contextlib.suppress(websockets.ConnectionClosed):
            async for text in self.socket:
                self.take(json.loads(text))
        for waiting in self.waiting.values():
            if not waiting.done():
                waiting.set_exception(ConnectionResetError())

    def take(self, event):
        if event["type"] == "NEW_MESSAGE":
            self.messages.append(event["data"])
            self.arrivals.setdefault(event["data"]["messageId"], now())
        elif event["type"] == "USER_PRESENCE_UPDATE":
            self.presence.append((now(), event["data"]))
        waiting = self.waiting.pop(event.get("ref"), None)
        if waiting and not waiting.done():
            waiting.set_result(event)

    @property
    def is_open(self):
        return self.reader is not None and not self.reader.done()

    async def ask(self, type, data=None):
        ref = str(next(self.numbers))
        answer = self.waiting[ref] = asyncio.get_running_loop().create_future()
        try:
            await self.socket.send(json.dumps({"type": type, "data": data or {}, "id": ref}))
        except websockets.ConnectionClosed as closed:
            raise ConnectionResetError from closed
        async with asyncio.timeout(PATIENCE):
            return await answer

    async def close(self):
        if self.socket:
            self.socket.transport.abort()
            await asyncio.gather(self.reader, return_exceptions=True)


class Talk:
    """`people` says which node each user is on, and `tablets` where some have a second device that only listens."""

    def __init__(self, people, tablets=()):
        self.devices = [Device(user, user, node) for user, node in people.items()]
        self.tablets = [Device(f"{user}'s tablet", user, node) for user, node in dict(tablets).items()]
        self.users = list(people)
        self.sent, self.answers = [], []
        self.is_over = False
        self.speakers = []

    @property
    def all_devices(self):
        return self.devices + self.tablets

    async def __aenter__(self):
        try:
            for device in self.all_devices:
                await device.open()
        except BaseException:
            await self.__aexit__()
            raise
        self.speakers = [asyncio.create_task(self.speak(device)) for device in self.devices]
        await self.flows(now())
        return self

    async def __aexit__(self, *error):
        for speaker in self.speakers:
            speaker.cancel()
        await asyncio.gather(*self.speakers, return_exceptions=True)
        await asyncio.gather(*(device.close() for device in self.all_devices))

    async def speak(self, device):
        """To each of the others in turn."""
        others = itertools.cycle(user for user in self.users if user != device.user)
        for number in itertools.count():
            if self.is_over:
                return
            message = Message(device.user, next(others), f"{device.user} {number}", device.name, now(), device.connections)
            self.sent.append(message)
            while message.acked is None:
                await self.attempt(device, message)
            await asyncio.sleep(PACE)

    async def attempt(self, device, message):
        begun = now()
        data = {"tempId": message.content, "receiverId": message.receiver, "content": message.content}
        try:
            answer = await device.ask("NEW_MESSAGE", data)
        except ConnectionResetError:
            # Whoever lost their connection goes on when the test has them back.
            await self.until(lambda: device.is_open, f"{device.name} is back")
            await asyncio.sleep(PACE)
            return
        code = answer["data"]["code"] if answer["type"] == "ERROR" else answer["type"]
        self.answers.append(Answer(device.user, begun, now() - begun, code))
        if code == "MESSAGE_SENT":
            message.acked, message.id = now(), answer["data"]["messageId"]
            if message.connection != device.connections:
                message.connection = None
        else:
            assert code in AGAIN, answer
            await asyncio.sleep(PACE)

    # What to wait for

    async def until(self, condition, what, seconds=PATIENCE):
        """Waits for a condition (a function or a coroutine function); gives how long that took."""
        begun = now()
        while True:
            holds = condition()
            if asyncio.iscoroutine(holds):
                holds = await holds
            if holds:
                return now() - begun
            for speaker in self.speakers:
                if speaker.done() and not speaker.cancelled():
                    speaker.result()
            assert now() - begun < seconds, f"{what}: not within {seconds} s"
            await asyncio.sleep(0.01)

    async def answered(self, since, count=1, users=None):
        """Each has had so many answers to what they sent since then."""
        users = set(users or self.users)

        def are():
            return all(sum(a.sender == user for a in self.answers_since(since)) >= count for user in users)

        await self.until(are, f"{count} answers for each")

    async def flows(self, since, users=None):
        """Each has a message that was begun since then acknowledged, and it has arrived; gives how long that took."""
        users = users or self.users

        def does():
            fresh = [m for m in self.sent if m.begun >= since and m.acked]
            return all(any(m.sender == u and self.lacking(m) == [] for m in fresh) for u in users)

        await self.until(does, "messages flow")
        return now() - since

    async def is_fast(self, since, seconds=0.5):
        """Of each sender the last five messages came at once; gives when they began to."""

        def are():
            for user in self.users:
                last = [m for m in self.sent if m.sender == user and m.begun >= since and m.acked][-5:]
                if len(last) < 5 or any(self.lateness(m) is None or self.lateness(m) > seconds for m in last):
                    return False
            return True

        await self.until(are, "deliveries come at once")
        return now() - since

    async def arrived(self):
        """All that was acknowledged until now is with all who should have it."""
        acked = [m for m in self.sent if m.acked]
        await self.until(lambda: not any(map(self.lacking, acked)), "all that is acknowledged arrives")

    async def finish(self):
        """Everyone ends with their last message acknowledged and arrived; then what was promised is checked."""
        self.is_over = True
        await self.until(lambda: all(speaker.done() for speaker in self.speakers), "the last answers")
        assert all(message.acked for message in self.sent)
        await self.arrived()
        self.check_devices()
        await self.check_store()

    # What is so

    def answers_since(self, since, until=float("inf")):
        return [a for a in self.answers if since <= a.begun < until]

    def listeners(self, message):
        """The devices that are to have a message: the receiver's, and the sender's others."""
        return [
            device
            for device in self.all_devices
            if device.user == message.receiver or device.user == message.sender and device.name != message.device
        ]

    def lacking(self, message):
        return [device.name for device in self.listeners(message) if message.id not in device.arrivals]

    def lateness(self, message):
        """How long after its acknowledgement a message was with the last who should have it; None where it is not."""
        arrivals = [device.arrivals.get(message.id) for device in self.listeners(message)]
        return None if None in arrivals else max(arrivals) - message.acked

    def check_devices(self):
        """Nobody had to connect again, nothing came twice, and what each wrote to each came in order."""
        for device in self.all_devices:
            ids = [data["messageId"] for data in device.messages]
            assert len(ids) == len(set(ids)), f"{device.name} got messages twice"
            for sender in self.users:
                for receiver in self.users:
                    said = [m for m in self.sent if (m.sender, m.receiver) == (sender, receiver)]
                    for connection in {m.connection for m in said} - {None}:
                        self.check_order(device, [m for m in said if m.connection == connection])

    def check_order(self, device, said):
        """What a sender's own connection is told of what it had sent itself counts too, as far as it is told."""
        sent = {m.content: m for m in said}
        heard = [data["content"] for data in device.messages if data["content"] in sent]
        told = [content for content in sent if content in set(heard)]
        for one, other in zip(heard, told):
            assert one == other, f"{device.name} heard too early: {self.story(sent[one])}; before {self.story(sent[other])}"

    def story(self, message):
        """What became of a message, for people."""
        tries = [a for a in self.answers if a.sender == message.sender and message.begun <= a.begun <= message.acked]
        runs = [(code, list(some)) for code, some in itertools.groupby(tries, lambda a: a.code)]
        told = ", ".join(f"{len(some)} times {code}, last at {some[-1].begun - message.begun:+.3f} s" for code, some in runs)
        heard = ", ".join(
            f"{d.name} {d.arrivals[message.id] - message.begun:+.3f} s" for d in self.all_devices if message.id in d.arrivals
        )
        return f"{message.content!r} to {message.receiver} ({told}; heard by {heard})"

    async def check_store(self):
        """Every message is stored once, under the id that it was acknowledged with."""
        for device in self.devices:
            async with connect(device.node, device.user) as reader:
                items, _ = await reader.sync()
            self.check_items(device.user, items)

    def check_items(self, reader, items):
        for user in self.users:
            stored = sorted((item["messageId"], item["content"]) for item in items if item["senderId"] == user)
            told = sorted((m.id, m.content) for m in self.sent if m.sender == user and reader in (user, m.receiver))
            assert stored == told, f"what {reader} finds of {user}'s in the store: {set(stored) ^ set(told) or stored}"
