"""A tiny server of the same events, in this process, that can be told to break one promise.

It exists to show that the checker sees each breach: the daemon itself must have no such switches. Two nodes share a
store; a bus carries what one node stored to the connections of the other, and can be down for a while.
"""

import asyncio
import base64
import contextlib
import datetime
import itertools
import json
import random

from harness.ports import free_port
from history.faults import Fault
from websockets.asyncio.server import serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Response

CORRECT = "correct"
ACK_BEFORE_COMMIT = "ack-before-commit"
BROADCAST_WITHOUT_DEDUP = "broadcast-without-dedup"
CURSOR_BY_TIMESTAMP = "cursor-by-timestamp"
WITHOUT_CATCH_UP = "without-catch-up"
MUTANTS = (ACK_BEFORE_COMMIT, BROADCAST_WITHOUT_DEDUP, CURSOR_BY_TIMESTAMP, WITHOUT_CATCH_UP)

TYPES = {
    "EDIT_MESSAGE": "MESSAGE_EDITED",
    "DELETE_MESSAGE": "MESSAGE_DELETED",
    "MESSAGE_READ": "MESSAGE_READ_UPDATE",
    "MESSAGE_DELIVERED": "MESSAGE_DELIVERED_UPDATE",
}


class Store:
    """Committed rows, and where each stands in the feed of changes: by commit, or, broken, by the time it came in."""

    def __init__(self, mode):
        self.mode = mode
        self.rows, self.keys, self.places = {}, {}, {}
        self.clock = itertools.count(1)

    def put(self, row, came):
        row["version"] = row.get("version", 0) + 1
        self.rows[row["messageId"]] = row
        self.places[row["messageId"]] = came if self.mode == CURSOR_BY_TIMESTAMP else next(self.clock)

    @property
    def head(self):
        return max(self.places.values(), default=0)

    def of(self, user):
        return [row for row in self.rows.values() if user in (row["senderId"], row["receiverId"])]

    def since(self, user, cursor, limit):
        own = ((self.places[row["messageId"]], row) for row in self.of(user))
        found = sorted((pair for pair in own if pair[0] > cursor), key=lambda pair: pair[0])
        page = found[:limit]
        end = page[-1][0] if len(found) > limit else max(cursor, self.head)
        return {"messages": [row for _, row in page], "cursor": str(end), "hasMore": len(found) > limit}


class Peer:
    """A connection as the server sees it: what it is to be told waits in one queue, so that all keeps its order."""

    def __init__(self, user):
        self.user = user
        self.queue = asyncio.Queue()

    def tell(self, type, data, ref=None):
        self.queue.put_nowait(json.dumps({"type": type, "data": data} | ({"ref": ref} if ref else {})))


class Node:
    def __init__(self, fake, index):
        self.fake, self.index = fake, index
        self.port = free_port()
        self.url = f"ws://127.0.0.1:{self.port}/ws"
        self.server = None
        self.peers, self.tasks, self.backlog = set(), set(), []

    async def start(self):
        self.server = await serve(self.serve, "127.0.0.1", self.port, process_request=self.http, compression=None)

    async def kill(self):
        """What was not committed is gone, and nobody is told."""
        for task in list(self.tasks):
            task.cancel()
        for connection in list(self.server.connections):
            connection.transport.abort()
        self.server.close()
        await self.server.wait_closed()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.tasks.clear()
        self.peers.clear()
        self.backlog.clear()

    def spawn(self, coroutine):
        task = asyncio.create_task(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def http(self, connection, request):
        """The one call that is not a WebSocket: pages of a conversation, here a single one."""
        if not request.path.startswith("/conversations/"):
            return None
        user, peer = subject(request.headers), request.path.split("/")[2]
        rows = [row for row in self.fake.store.of(user) if peer in (row["senderId"], row["receiverId"])]
        rows.sort(key=lambda row: row["messageId"], reverse=True)
        body = json.dumps({"messages": rows, "hasMore": False}).encode()
        return Response(200, "OK", Headers({"Content-Length": str(len(body)), "Connection": "close"}), body)

    async def serve(self, socket):
        peer = Peer(subject(socket.request.headers))
        peer.tell("CONNECTED", {"cursor": self.cursor()})
        self.peers.add(peer)
        writer = asyncio.create_task(write(socket, peer))
        self.tasks.add(asyncio.current_task())
        try:
            async for text in socket:
                event = json.loads(text)
                await self.take(peer, event["type"], event["data"], event["id"])
        except ConnectionClosed:
            pass
        finally:
            self.peers.discard(peer)
            self.tasks.discard(asyncio.current_task())
            writer.cancel()

    def cursor(self):
        """Behind what this node's connections still have to be told."""
        return str(self.backlog[0][0] - 1 if self.backlog else self.fake.store.head)

    async def take(self, peer, type, data, ref):
        if type == "PING":
            peer.tell("PONG", {"cursor": self.cursor()}, ref)
        elif type == "SYNC":
            peer.tell("SYNC_RESULT", self.fake.store.since(peer.user, int(data.get("cursor", 0)), data["limit"]), ref)
        elif type == "NEW_MESSAGE":
            await self.send(peer, data, ref)
        else:
            await self.change(peer, type, data, ref)

    async def send(self, peer, data, ref):
        fake, store = self.fake, self.fake.store
        came, key = next(store.clock), (peer.user, data["tempId"])
        message_id = f"msg_{came:09}"
        if fake.mode == ACK_BEFORE_COMMIT and key not in store.keys:
            peer.tell("MESSAGE_SENT", {"tempId": data["tempId"], "messageId": message_id}, ref)
            store.keys[key] = message_id
            self.spawn(self.commit_late(peer, data, message_id))
            return
        await asyncio.sleep(fake.dice.uniform(0, 0.1 if fake.mode == CURSOR_BY_TIMESTAMP else 0.03))
        duplicate = key in store.keys
        if duplicate:
            message_id = store.keys[key]
        else:
            store.keys[key] = message_id
            self.commit(peer, data, message_id, came)
        answer = {"tempId": data["tempId"], "messageId": message_id} | ({"duplicate": True} if duplicate else {})
        peer.tell("MESSAGE_SENT", answer, ref)
        if not duplicate or fake.mode == BROADCAST_WITHOUT_DEDUP:
            fake.spread(self, peer, "NEW_MESSAGE", message_id)

    async def commit_late(self, peer, data, message_id):
        await asyncio.sleep(self.fake.dice.uniform(0.05, 0.3))
        self.commit(peer, data, message_id, next(self.fake.store.clock))
        self.fake.spread(self, peer, "NEW_MESSAGE", message_id)

    def commit(self, peer, data, message_id, came):
        row = {"messageId": message_id, "senderId": peer.user, "receiverId": data["receiverId"]}
        more = {"metadata": data["metadata"]} if "metadata" in data else {}
        self.fake.store.put({**row, "content": data["content"], "timestamp": now(), **more}, came)

    async def change(self, peer, type, data, ref):
        store = self.fake.store
        await asyncio.sleep(self.fake.dice.uniform(0, 0.005))
        ids = data.get("messageIds") or [data.get("messageId") or data["upTo"]]
        if "upTo" in data and data["upTo"] in store.rows:
            last = store.rows[data["upTo"]]
            ids = [
                row["messageId"]
                for row in store.of(peer.user)
                if row["senderId"] == last["senderId"] and row["messageId"] <= data["upTo"]
            ]
        rows = [store.rows.get(message_id) for message_id in ids]
        if not all(rows) or (type == "EDIT_MESSAGE" and "deletedAt" in rows[0]):
            return peer.tell("ERROR", {"code": "NOT_FOUND", "message": "there is no such message"}, ref)
        for row in rows:
            if self.apply(peer, type, row, data.get("content")) and row is not rows[-1]:
                peer.tell(TYPES[type], row)
        peer.tell(TYPES[type], rows[-1], ref)

    def apply(self, peer, type, row, content):
        fields = {"MESSAGE_READ": ["deliveredAt", "readAt"], "MESSAGE_DELIVERED": ["deliveredAt"]}
        fresh = [name for name in fields.get(type, ()) if name not in row]
        if type == "EDIT_MESSAGE":
            row["content"], fresh = content, ["editedAt"]
        elif type == "DELETE_MESSAGE" and "deletedAt" not in row:
            row["content"], fresh = "", ["deletedAt"]
            row.pop("metadata", None)
        if fresh:
            row |= dict.fromkeys(fresh, now())
            self.fake.store.put(row, next(self.fake.store.clock))
            self.fake.spread(self, peer, TYPES[type], row["messageId"])
        return bool(fresh)

    def deliver(self, source, type, message_id):
        """Tells this node's connections of a row, as it stands now."""
        row = self.fake.store.rows[message_id]
        for peer in self.peers:
            if peer is not source and peer.user in (row["senderId"], row["receiverId"]):
                peer.tell(type, row)


class Fake:
    """The world of a run, as the real one: nodes, and faults by name."""

    def __init__(self, mode, nodes=2, seed=1):
        self.mode, self.dice = mode, random.Random(seed)
        self.store = Store(mode)
        self.nodes = [Node(self, index) for index in range(nodes)]
        self.bus_is_up = True
        self.faults = {
            "node-kill": Fault(of_node(self, "kill"), of_node(self, "start")),
            "bus-cut": Fault(self.cut, self.heal),
        }

    async def __aenter__(self):
        for node in self.nodes:
            await node.start()
        return self

    async def __aexit__(self, *error):
        for node in self.nodes:
            await node.kill()

    def spread(self, origin, source, type, message_id):
        for node in self.nodes:
            if node is origin or self.bus_is_up:
                node.deliver(source, type, message_id)
            elif self.mode != WITHOUT_CATCH_UP:
                node.backlog.append((self.store.places[message_id], type, message_id))

    async def cut(self, index):
        self.bus_is_up = False

    async def heal(self, index):
        self.bus_is_up = True
        for node in self.nodes:
            for _, type, message_id in node.backlog:
                node.deliver(None, type, message_id)
            node.backlog.clear()


def of_node(fake, name):
    async def act(index):
        await getattr(fake.nodes[index], name)()

    return act


async def write(socket, peer):
    with contextlib.suppress(ConnectionClosed):
        while True:
            await socket.send(await peer.queue.get())


def subject(headers):
    payload = headers["Authorization"].split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=="))["sub"]


def now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat()
