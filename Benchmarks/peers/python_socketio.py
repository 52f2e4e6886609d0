"""A chat on python-socketio with PostgreSQL and Redis, as its documentation builds one: socketio_server.py."""

from .peer import HERE, ROOT, Chat, said

PYTHON = ROOT / ".build/peers/python/bin/python"


class SocketIO(Chat):
    name = "python-socketio"
    wire = "socket.io"
    program = (PYTHON, HERE / "socketio_server.py")

    @staticmethod
    def version():
        names = ("python-socketio", "aiohttp", "asyncpg")
        text = "import importlib.metadata as m; print(', '.join(f'{n} {m.version(n)}' for n in " + repr(names) + "))"
        return said(PYTHON, "-c", text)
