"""One run: clients and faults for a while; then all heals, everyone catches up, fresh readers look, and it ends."""

import asyncio
import http.client
import json
import random

from harness import tokens

from .connection import PATIENCE, Gone, Refused
from .device import Device
from .faults import inject, plans
from .model import FRESH, PROBE
from .record import Recorder
from .view import lacks

DRAIN_SECONDS = 60
PAGES_MAX = 10_000
ATTEMPTS_MAX = 20


class Run:
    """All random choices come from the seed. Timing does not: the same seed gives the same plan and the same dice for
    each device, but not the same interleaving."""

    def __init__(self, world, path, seed, clients, seconds, faults=(), rate=5.0, settle=10.0, pace=1.0, overlap=False):
        self.world, self.path, self.seed = world, path, seed
        self.seconds, self.rate, self.settle, self.pace = seconds, rate, settle, pace
        self.faults, self.overlap = list(faults), overlap
        self.recorder = Recorder(path)
        self.progress, self.is_over, self.is_read = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.is_loaded = True
        self.devices = self.cast(clients)

    def dice(self, name):
        return random.Random(f"{self.seed} {name}")

    def cast(self, clients):
        """Users in a ring, each of whom writes to the next three; every other one has two devices."""
        users = [f"user{index}" for index in range(clients)]
        devices = []
        for index, user in enumerate(users):
            names = [f"{user}.{number}" for number in range(1 + index % 2)]
            own = [Device(self, user, name, self.dice(name)) for name in names]
            for device in own:
                device.peers = [p for p in (users[(index + step) % clients] for step in (1, 2, 3)) if p != user]
                device.siblings = [other for other in own if other is not device]
            devices += own
        return devices

    @property
    def users(self):
        return sorted({device.user for device in self.devices})

    async def __call__(self):
        lives = []
        try:
            nodes = len(self.world.nodes)
            planned = plans(self.dice("faults"), self.faults, self.seconds, nodes, self.pace, self.overlap)
            self.recorder.write("run", seed=self.seed, nodes=nodes, seconds=self.seconds, faults=self.faults)
            lives = [asyncio.create_task(device.live()) for device in self.devices]
            await self.load(planned, lives)
            await self.catch_up(lives)
            await self.look(lives)
            self.recorder.write("mark", name="end")
        finally:
            for life in lives:
                life.cancel()
            await asyncio.gather(*lives, return_exceptions=True)
            self.recorder.close()

    async def load(self, planned, lives):
        faults = asyncio.gather(*(inject(one, self.world.faults, self.recorder) for one in planned))
        try:
            done, _ = await asyncio.wait([faults, *lives], timeout=self.seconds, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
            self.is_loaded = False
            self.recorder.write("mark", name="load-ended")
            await faults
        finally:
            faults.cancel()
            await asyncio.gather(faults, return_exceptions=True)
        self.recorder.write("mark", name="healed")

    async def until(self, condition, seconds, lives):
        """Waits for what the devices are told to fulfil a condition; gives whether it did in time."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not condition():
            rest = deadline - asyncio.get_running_loop().time()
            for life in lives:
                if life.done():
                    life.result()
            if rest <= 0:
                return False
            self.progress.clear()
            try:
                await asyncio.wait_for(self.progress.wait(), min(rest, 0.5))
            except TimeoutError:
                pass
        return True

    async def catch_up(self, lives):
        """Every send is answered; then pushes alone have `settle` seconds to tell everyone all. The checker judges."""
        await self.until(lambda: all(d.is_settled for d in self.devices), DRAIN_SECONDS, lives)
        truth = {user: view.messages for user, view in (await self.read_all(PROBE)).items()}
        await self.until(lambda: self.knows_all(truth), self.settle, lives)
        self.recorder.write("mark", name="settled")

    def knows_all(self, truth):
        return all(device.is_settled and not self.lacking(device, truth[device.user]) for device in self.devices)

    def lacking(self, device, truth):
        return any(lacks(device.view.messages.get(i), stored, device.user) for i, stored in truth.items())

    async def look(self, lives):
        """The devices sync from their last cursors, and fresh readers from the beginning."""
        self.is_over.set()
        await self.until(lambda: all(d.finished for d in self.devices), DRAIN_SECONDS, lives)
        await self.read_all(FRESH)
        for device in {d.user: d for d in self.devices}.values():
            for peer in device.peers:
                await self.page_through(device.user, peer)
        self.is_read.set()

    async def read_all(self, kind):
        views = {}
        for user in self.users:
            for attempt in range(ATTEMPTS_MAX):
                # What a reader has of an attempt that was cut off does not count: the next is another reader.
                reader = Device(self, user, f"{user}.{attempt}.{kind}", self.dice(f"{user} {kind} {attempt}"))
                try:
                    await reader.connect()
                    await reader.sync(kind, None)
                    break
                except (*Gone, Refused):
                    await reader.pause(1)
                finally:
                    if reader.connection:
                        await reader.connection.close(abruptly=False)
            views[user] = reader.view
        return views

    async def page_through(self, user, peer):
        """Both sides' history of a conversation, page by page."""
        for who, other in ((user, peer), (peer, user)):
            node = self.world.nodes[self.dice(f"pages {who} {other}").randrange(len(self.world.nodes))]
            messages, before = [], ""
            for _ in range(PAGES_MAX):
                path = f"/conversations/{other}/messages?limit=100{before}"
                page = await asyncio.to_thread(fetch, node.port, path, who)
                messages += page["messages"]
                if not page["hasMore"]:
                    break
                before = f"&before={messages[-1]['messageId']}"
            self.recorder.write("page", user=who, peer=other, messages=messages)


def fetch(port, path, user):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {tokens.token(user)}"})
        response = connection.getresponse()
        assert response.status == 200, f"{path}: {response.status}"
        return json.loads(response.read())
    finally:
        connection.close()
