"""A chat on python-socketio and aiohttp, as its documentation builds one: the peer of `sluice bench --wire socket.io`.

With PostgreSQL and Redis a message is committed before it is acknowledged and delivered, and several processes are one
chat; without them it has no store, and what it acknowledges is in memory.

Usage: socketio_server.py PORT SECRET_FILE [POSTGRES_URL REDIS_URL]
"""

import datetime
import itertools
import sys
import time
import uuid
from pathlib import Path

import jwt
import socketio
from aiohttp import web

SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
  id text PRIMARY KEY, sender text NOT NULL, temp_id text NOT NULL, receiver text NOT NULL, content text NOT NULL,
  created_at timestamptz NOT NULL, UNIQUE (sender, temp_id));
CREATE INDEX IF NOT EXISTS messages_of_receiver ON messages (receiver, created_at)
"""
INSERT = """
INSERT INTO messages (id, sender, temp_id, receiver, content, created_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (sender, temp_id) DO NOTHING
"""
FIND = "SELECT id, created_at FROM messages WHERE sender = $1 AND temp_id = $2"

port, secret_file, *urls = sys.argv[1:]
secret = Path(secret_file).read_bytes().strip()
numbers = itertools.count()
process = uuid.uuid4().hex[:8]
pool = None

manager = socketio.AsyncRedisManager(urls[1]) if urls else None
# One event of a client after the other, so that its messages keep their order.
server = socketio.AsyncServer(
    async_mode="aiohttp", cors_allowed_origins=[], client_manager=manager, async_handlers=False
)


def new_id():
    """Times first, so that ids sort by them."""
    return f"msg_{time.time_ns() // 1_000_000:012x}{next(numbers):08x}{process}"


async def store(sender, data):
    """Commits a message; gives its id, its time and whether it is new."""
    message, now = new_id(), datetime.datetime.now(datetime.UTC)
    if pool is None:
        return message, now, True
    done = await pool.execute(INSERT, message, sender, data["tempId"], data["receiverId"], data["content"], now)
    if done == "INSERT 0 1":
        return message, now, True
    found = await pool.fetchrow(FIND, sender, data["tempId"])
    return found["id"], found["created_at"], False


@server.event
async def connect(sid, _environ, auth):
    try:
        user = jwt.decode(auth["token"], secret, algorithms=["HS256"])["sub"]
    except (jwt.InvalidTokenError, KeyError, TypeError) as error:
        raise socketio.exceptions.ConnectionRefusedError("unauthenticated") from error
    await server.save_session(sid, user)
    await server.enter_room(sid, user)


@server.on("NEW_MESSAGE")
async def new_message(sid, data):
    sender = await server.get_session(sid)
    message, moment, is_new = await store(sender, data)
    timestamp = moment.isoformat(timespec="milliseconds")
    sent = {"tempId": data["tempId"], "messageId": message, "timestamp": timestamp}
    await server.emit("MESSAGE_SENT", sent if is_new else {**sent, "duplicate": True}, to=sid)
    if is_new:
        event = {"messageId": message, "senderId": sender, "content": data["content"], "timestamp": timestamp}
        await server.emit("NEW_MESSAGE", {**event, "receiverId": data["receiverId"]}, room=data["receiverId"])


async def open_pool(_application):
    global pool
    import asyncpg

    pool = await asyncpg.create_pool(urls[0], min_size=10, max_size=20)
    await pool.execute(SCHEMA)


application = web.Application()
server.attach(application)
loop = None
if urls:
    import uvloop

    loop = uvloop.new_event_loop()
    application.on_startup.append(open_pool)
web.run_app(application, host="127.0.0.1", port=int(port), print=None, access_log=None, loop=loop)
