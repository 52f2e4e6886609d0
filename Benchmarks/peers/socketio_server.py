"""A chat on python-socketio and aiohttp, as its documentation builds one: no store, so what it acknowledges is in memory.

The peer of `sluice bench --wire socket.io`. Usage: socketio_server.py PORT SECRET_FILE
"""

import sys
import time
from pathlib import Path

import jwt
import socketio
from aiohttp import web

server = socketio.AsyncServer(async_mode="aiohttp", cors_allowed_origins=[])
secret = Path(sys.argv[2]).read_bytes().strip()
count = 0


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
    global count
    count += 1
    message = {"messageId": f"msg_{count}", "senderId": await server.get_session(sid), "content": data["content"]}
    await server.emit("NEW_MESSAGE", message, room=data["receiverId"])
    sent = {"tempId": data["tempId"], "messageId": message["messageId"], "timestamp": time.time()}
    await server.emit("MESSAGE_SENT", sent, room=sid)


application = web.Application()
server.attach(application)
web.run_app(application, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
