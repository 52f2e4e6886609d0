"""A device of a user: it connects, syncs, does what its dice say, loses its connection and comes back."""

import asyncio
import itertools

from .connection import Connection, Gone, Refused
from .view import CHANGES, View

DEPTH = 8
AGAIN = ("UNAVAILABLE", "TIMEOUT", "INTERNAL", "RATE_LIMITED")
PAGES_MAX = 10_000


class Device:
    """Two lives that never mix: `view` from pushes, answers and a sync after each connect, as clients do it; and
    `track`, a cursor that only its own syncs move, whose items the record alone keeps."""

    def __init__(self, run, user, name, dice):
        self.run, self.user, self.name, self.dice = run, user, name, dice
        self.view = View()
        self.cursor = self.track = None
        self.pending, self.again = {}, set()
        self.own, self.inbox, self.done = [], [], []
        self.numbers, self.names = itertools.count(1), itertools.count(1)
        self.siblings, self.peers = [], []
        self.connection = None
        self.resumed = False
        self.finished = False

    @property
    def is_settled(self):
        return self.connection is not None and not self.connection.closed and self.resumed and not self.pending

    # What it is told

    def told(self, event, question):
        kind, data = event["type"], event["data"]
        if kind == "MESSAGE_SENT":
            if self.pending.pop(data["tempId"], None):
                self.done.append(question[1])
            self.again.discard(data["tempId"])
            self.view.sent(data["messageId"], question[1], self.user)
            self.remember(data["messageId"])
        elif kind == "NEW_MESSAGE" or kind in CHANGES:
            self.view.take(kind, data)
            self.remember(data["messageId"])
        elif kind == "PONG" and self.resumed:
            self.cursor = data["cursor"]
        elif kind == "ERROR" and question and question[0] == "NEW_MESSAGE":
            if data["code"] in AGAIN:
                self.again.add(question[1]["tempId"])
            else:
                self.pending.pop(question[1]["tempId"], None)
        self.run.progress.set()

    def remember(self, message_id):
        known = self.view.messages[message_id]
        mine = self.own if known.get("senderId") == self.user else self.inbox
        if "senderId" in known and message_id not in mine[-200:]:
            mine.append(message_id)

    # Its life

    async def live(self):
        """Connects, and again after each end of a connection, until the run is over."""
        while not self.finished:
            try:
                await self.connect()
                await self.resume()
                await self.serve()
            except (*Gone, Refused):
                pass
            finally:
                if self.connection:
                    self.resumed = False
                    await self.connection.close(abruptly=self.dice.random() < 0.7)
                    self.connection = None
            if not self.finished:
                await self.pause(0.2)

    async def connect(self):
        node = self.dice.randrange(len(self.run.world.nodes))
        connection = Connection(f"{self.name}.{next(self.numbers)}", self.run.recorder, self.told)
        await connection.open(self.run.world.nodes[node].url, self.user, self.name, node)
        self.connection = connection

    async def resume(self):
        self.cursor = await self.sync("resume", self.cursor)
        self.resumed = True
        self.again.update(self.pending)

    async def sync(self, purpose, cursor, pages=PAGES_MAX):
        for _ in range(pages):
            data = {"limit": self.dice.choice((1, 7, 50, 500)) if pages < 10 else 200}
            if cursor:
                data["cursor"] = cursor
            page = await self.connection.ask("SYNC", data, purpose=purpose)
            if purpose != "track":
                for item in page["messages"]:
                    self.view.take("ITEM", item)
                    self.remember(item["messageId"])
            elif not page["hasMore"] or page["messages"]:
                self.track = page["cursor"]
            cursor = page["cursor"]
            if not page["hasMore"]:
                break
        return cursor

    async def serve(self):
        while not self.connection.closed:
            await self.connection.room(DEPTH)
            await self.send_again()
            if self.run.is_over.is_set():
                return await self.finish()
            if self.run.is_loaded:
                if not await self.act():
                    return
                await self.pause(2 / self.run.rate)
            elif self.pending:
                await self.pause(0.2)
            else:
                await self.wait()

    async def send_again(self):
        """What got no answer on an earlier connection, or was refused for now, in the order of the first attempts."""
        for temp_id in [t for t in self.pending if t in self.again]:
            self.again.discard(temp_id)
            if temp_id in self.pending:
                await self.connection.post("NEW_MESSAGE", self.pending[temp_id])
                await self.connection.room(DEPTH)

    async def wait(self):
        """Until the run is over or the connection is."""
        over = asyncio.ensure_future(self.run.is_over.wait())
        try:
            await asyncio.wait([over, self.connection.reader], return_when=asyncio.FIRST_COMPLETED)
        finally:
            over.cancel()

    async def finish(self):
        await self.sync("final", self.cursor)
        self.track = await self.sync("track", self.track)
        self.finished = True
        self.run.progress.set()
        await self.run.is_read.wait()

    async def pause(self, seconds_max):
        """The time that a person takes, or a client between two attempts; over early when the run is."""
        await asyncio.sleep(self.dice.uniform(0, seconds_max))

    # What it does

    async def act(self):
        """One thing, as the dice say; False where that is to leave."""
        names, weights = zip(*ACTIONS.items())
        name = self.dice.choices(names, weights)[0]
        try:
            return await getattr(self, name)() is not False
        except Refused:
            return True

    def compose(self):
        temp_id = f"{self.name}-{next(self.names)}"
        # A content begins with its tempId, so that a second row of it shows.
        words = f"{self.user}/{temp_id} " + "x" * self.dice.choice((1, 20, 400))
        more = {"metadata": {"number": self.dice.randrange(1000), "of": temp_id}} if self.dice.random() < 0.3 else {}
        return {"tempId": temp_id, "receiverId": self.dice.choice(self.peers), "content": words, **more}

    async def send(self):
        peer = self.dice.choice(self.peers)
        for _ in range(self.dice.choice((1, 1, 2, 5))):
            data = {**self.compose(), "receiverId": peer}
            self.pending[data["tempId"]] = data
            await self.connection.post("NEW_MESSAGE", data)

    async def send_twice(self):
        """The same send at the same time from another device, wherever that is connected; else from this one twice."""
        data = self.compose()
        self.pending[data["tempId"]] = data
        other = self.dice.choice(self.siblings) if self.siblings else self
        other.pending[data["tempId"]] = data
        both = [self.connection]
        if other.connection and not other.connection.closed and other.resumed:
            both.append(other.connection)
        await asyncio.gather(*(c.post("NEW_MESSAGE", data) for c in both), return_exceptions=True)

    async def repeat(self):
        """Sends again what was acknowledged."""
        if self.done:
            await self.connection.post("NEW_MESSAGE", self.dice.choice(self.done[-50:]))

    async def edit(self):
        if self.own:
            message_id = self.dice.choice(self.own[-20:])
            known = self.view.messages[message_id]
            if "deletedAt" not in known and "content" in known:
                words = known["content"].split(" ")[0] + f" edit {self.name}-{next(self.names)}"
                await self.connection.post("EDIT_MESSAGE", {"messageId": message_id, "content": words})

    async def delete(self):
        if self.own:
            await self.connection.post("DELETE_MESSAGE", {"messageId": self.dice.choice(self.own[-20:])})

    async def deliver(self):
        await self.receipt("MESSAGE_DELIVERED", ("messageId", "messageIds"))

    async def read(self):
        await self.receipt("MESSAGE_READ", ("messageId", "messageIds", "upTo"))

    async def receipt(self, type, forms):
        if not self.inbox:
            return
        form = self.dice.choice(forms)
        recent = self.inbox[-20:]
        some = self.dice.sample(recent, min(len(recent), self.dice.randint(1, 5)))
        await self.connection.post(type, {form: some if form == "messageIds" else some[0]})

    async def follow(self):
        await self.sync("track", self.track, pages=self.dice.randint(1, 3))

    async def ping(self):
        await self.connection.post("PING", {})

    async def leave(self):
        return False


ACTIONS = {
    "send": 40,
    "send_twice": 6,
    "repeat": 4,
    "edit": 9,
    "delete": 3,
    "deliver": 12,
    "read": 8,
    "follow": 8,
    "ping": 8,
    "leave": 2,
}
