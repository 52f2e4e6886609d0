"""Clients that talk while their daemon is started anew, and what they saw of it."""

import asyncio

import websockets
from websockets.asyncio.client import connect as open_socket

from . import tokens
from .client import Client


class Traffic:
    """Pairs of users, one of whom sends to the other; both come back whenever they are cut off. Beside them somebody connects
    again and again, and asks nothing."""

    def __init__(self, connect, pairs=5, secret=tokens.SECRET):
        """`connect` makes a connection to where clients go; it may block."""
        self.connect, self.pairs, self.secret = connect, pairs, secret
        self.refused = []
        self.connections = 0
        self.acknowledged = {pair: set() for pair in range(pairs)}
        self.received = {pair: [] for pair in range(pairs)}
        self.stored = {}
        self.ending = asyncio.Event()

    async def over(self, restart, times):
        """Runs while `restart` is called so many times, each when all have been acknowledged and told something since the last."""
        tasks = [asyncio.create_task(self.knock())]
        for pair in range(self.pairs):
            tasks += [asyncio.create_task(self.send(pair)), asyncio.create_task(self.receive(pair))]
        try:
            for _ in range(times):
                await self.all_move()
                await asyncio.to_thread(restart)
            await self.all_move()
        finally:
            self.ending.set()
            await asyncio.wait_for(asyncio.gather(*tasks), 60)
        # Only now: nothing is acknowledged any more.
        for pair in range(self.pairs):
            reader = await self.client(f"receiver-{pair}")
            self.stored[pair] = [message["messageId"] for message in (await reader.sync())[0]]
            await reader.socket.close()

    async def all_move(self, seconds=60):
        """Waits until each pair has had more acknowledged and delivered than now."""
        before = {pair: (len(self.acknowledged[pair]), len(self.received[pair])) for pair in self.acknowledged}

        def moved():
            return all(
                len(self.acknowledged[pair]) > sent and len(self.received[pair]) > told
                for pair, (sent, told) in before.items()
            )

        async with asyncio.timeout(seconds):
            while not moved():
                assert not self.refused, self.refused
                await asyncio.sleep(0.02)

    async def opened(self):
        try:
            made = await asyncio.to_thread(self.connect)
        except OSError as error:
            self.refused.append(repr(error))
            raise
        self.connections += 1
        return made

    async def client(self, user):
        token = tokens.token(user) if self.secret is tokens.SECRET else tokens.sign(
            {"alg": "HS256", "typ": "JWT"}, {"sub": user, "exp": 4_000_000_000}, self.secret
        )
        made = await self.opened()
        # How long a restart may keep it waiting in the socket.
        opened = await open_socket(
            "ws://127.0.0.1/ws", sock=made, additional_headers={"Authorization": f"Bearer {token}"}, open_timeout=60
        )
        client = Client(opened)
        await client.expect("CONNECTED", 30)
        return client

    async def knock(self):
        while not self.ending.is_set():
            made = await self.opened()
            made.close()
            await asyncio.sleep(0.005)

    async def send(self, pair):
        number = 0
        while not self.ending.is_set():
            try:
                client = await self.client(f"sender-{pair}")
                while not self.ending.is_set():
                    answer = await client.say(f"receiver-{pair}", f"message {number}", f"{pair}-{number}")
                    if answer["type"] == "MESSAGE_SENT":
                        self.acknowledged[pair].add(answer["data"]["messageId"])
                        number += 1
                await client.socket.close()
            except (websockets.WebSocketException, TimeoutError, ConnectionError, EOFError):
                assert not self.refused, self.refused

    async def receive(self, pair):
        cursor = None
        while not self.ending.is_set():
            try:
                client = await self.client(f"receiver-{pair}")
                messages, cursor = await client.sync(cursor)
                self.received[pair] += [message["messageId"] for message in messages]
                while not self.ending.is_set():
                    try:
                        event = await client.receive(0.2)
                    except TimeoutError:
                        continue
                    if event["type"] == "NEW_MESSAGE":
                        self.received[pair].append(event["data"]["messageId"])
                await client.socket.close()
            except (websockets.WebSocketException, TimeoutError, ConnectionError, EOFError):
                assert not self.refused, self.refused

    def check(self):
        """Nobody was refused; what was acknowledged is there, once, and what was told is nothing else."""
        assert not self.refused, self.refused
        for pair, acknowledged in self.acknowledged.items():
            stored = self.stored[pair]
            assert len(stored) == len(set(stored))
            assert acknowledged <= set(stored), f"pair {pair} lost {acknowledged - set(stored)}"
            assert set(self.received[pair]) <= set(stored)
