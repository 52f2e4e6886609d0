"""A TCP proxy in front of a server: the network between the two, which can be cut, blocked, slowed and healed."""

import asyncio
import atexit
import socket
import struct
import threading

from .ports import free_port

CHUNK = 65536
CHUNKS_IN_FLIGHT_MAX = 256


class Proxy:
    """Its loop runs in a thread of its own and owns all state; the methods below are safe to call from any other."""

    def __init__(self, target):
        self.target = target
        self.port = free_port()
        self.latency = 0.0
        self.links = set()
        self.tasks = set()
        self.listener = None
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name=f"proxy of {target}", daemon=True)
        self.thread.start()
        self.open = asyncio.Event()
        self.open.set()
        self.call(self.listen())
        atexit.register(self.close)

    def call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)

    def cut(self, reset=True):
        """Ends every connection, by RST or by FIN; new ones are let through."""
        self.call(self.end(reset))

    def refuse(self):
        """Ends every connection and refuses new ones."""
        self.call(self.end(True, deaf=True))

    def blackhole(self):
        """Takes connections and bytes, and forwards nothing."""
        self.call(self.block())

    def delay(self, seconds):
        """Lets every byte come that much later, in both directions."""
        self.latency = seconds

    def heal(self):
        """Lets all through; what a black hole held back comes now."""
        self.latency = 0.0
        self.call(self.unblock())

    @property
    def connections(self):
        return len(self.links)

    def close(self):
        if self.thread.is_alive():
            self.call(self.end(True, deaf=True))
            self.call(self.finish())
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join(10)
            self.loop.close()
            atexit.unregister(self.close)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    async def listen(self):
        self.listener = await asyncio.start_server(self.accept, "127.0.0.1", self.port, limit=CHUNK)

    async def block(self):
        self.open.clear()

    async def unblock(self):
        if self.listener is None:
            await self.listen()
        self.open.set()

    async def end(self, reset, deaf=False):
        if deaf and self.listener:
            self.listener.close()
            self.listener = None
        for link in list(self.links):
            link.end(reset)

    async def finish(self):
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def accept(self, reader, writer):
        task = asyncio.current_task()
        self.tasks.add(task)
        link = Link(writer)
        self.links.add(link)
        try:
            await self.open.wait()
            backward, forward = await asyncio.open_connection("127.0.0.1", self.target, limit=CHUNK)
            link.writers.append(forward)
            if link.ended is not None:
                link.end(link.ended)
            async with asyncio.TaskGroup() as both:
                both.create_task(self.pump(reader, forward))
                both.create_task(self.pump(backward, writer))
            link.end(False)
        except* (OSError, asyncio.CancelledError):
            pass
        finally:
            if link.ended is None:
                link.end(True)
            self.links.discard(link)
            self.tasks.discard(task)

    async def pump(self, reader, writer):
        """Carries one direction; bytes wait in a bounded queue until they are due."""
        waiting = asyncio.Queue(CHUNKS_IN_FLIGHT_MAX)

        async def take():
            while True:
                data = await reader.read(CHUNK)
                await waiting.put((self.loop.time() + self.latency, data))
                if not data:
                    return

        async def give():
            while True:
                due, data = await waiting.get()
                if due > self.loop.time():
                    await asyncio.sleep(due - self.loop.time())
                await self.open.wait()
                if not data:
                    writer.write_eof()
                    return
                writer.write(data)
                await writer.drain()

        async with asyncio.TaskGroup() as both:
            both.create_task(take())
            both.create_task(give())


class Link:
    """The two ends of one connection."""

    def __init__(self, writer):
        self.writers = [writer]
        self.ended = None

    def end(self, reset):
        self.ended = reset
        for writer in self.writers:
            connection = writer.get_extra_info("socket")
            if reset and connection is not None and connection.fileno() >= 0:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort() if reset else writer.close()
