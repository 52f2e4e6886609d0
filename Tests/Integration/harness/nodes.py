"""Two nodes as they stand behind a balancer on the same machine, and people who talk through it and come back."""

import asyncio
from collections import Counter

import websockets

from .wait import comes

CONFIG = """version: 1
server:
  listen: 127.0.0.1:{port}
  admin: 127.0.0.1:{admin}
  trusted_proxies: [127.0.0.1]
  ping_interval: 25s
  drain_lead: 0s
  drain: 4s
store: "{store}"
state: "{state}"
pipeline:
  - stage: auth
    secret_file: {folder}/secret
  - stage: rate_limit
    by: ip
    rate: 100000/s
    burst: 100000
  - stage: persist
  - stage: fan_out
"""
PAUSE = 0.01


class Talk:
    """Somebody who sends one message after the other until told to stop, and connects again when cut off."""

    def __init__(self, front, user, receiver):
        self.front, self.user, self.receiver = front, user, receiver
        self.sent = 0
        self.closed, self.refused = Counter(), []
        self.is_over = False

    async def run(self):
        while not self.is_over:
            try:
                async with self.front.client(self.user) as client:
                    await self.say(client)
            except websockets.ConnectionClosed as closed:
                self.closed[closed.rcvd.code if closed.rcvd else 1006] += 1
            except (OSError, websockets.InvalidHandshake) as refusal:
                self.refused.append(refusal)
                await asyncio.sleep(PAUSE)

    async def say(self, client):
        while not self.is_over:
            # What was under way when the connection ended is sent again, with the same `tempId`.
            answer = await client.say(self.receiver, f"{self.sent}", f"{self.user}-{self.sent}")
            assert answer["type"] == "MESSAGE_SENT", answer
            self.sent += 1
            await asyncio.sleep(PAUSE)


class Calls:
    """Somebody who does the same by one HTTP request each, from a connection of its own."""

    def __init__(self, front, user, receiver):
        self.front, self.user, self.receiver = front, user, receiver
        self.sent = 0
        self.failed = []
        self.is_over = False

    async def run(self):
        while not self.is_over:
            data = {"tempId": f"{self.user}-{self.sent}", "receiverId": self.receiver, "content": f"{self.sent}"}
            try:
                answer = await asyncio.to_thread(self.front.post, self.user, "NEW_MESSAGE", data)
                if answer.status == 200:
                    self.sent += 1
                else:
                    self.failed.append(answer.status)
            except OSError as error:
                self.failed.append(error)
            await asyncio.sleep(PAUSE)


async def comes_on(senders, count=5):
    """Waits until each sender has sent so many more."""
    before = [sender.sent for sender in senders]
    await comes(lambda: all(sender.sent >= sent + count for sender, sent in zip(senders, before)), "more was sent")


async def all_arrived(front, receiver, *senders):
    """Asserts that a receiver finds each sender's messages once and in order."""
    async with front.client(receiver) as client:
        messages, _ = await client.sync()
    for sender in senders:
        found = [message["content"] for message in messages if message["senderId"] == sender.user]
        assert found == [f"{number}" for number in range(sender.sent)]
