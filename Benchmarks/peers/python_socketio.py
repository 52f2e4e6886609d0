"""A chat on python-socketio with PostgreSQL and Redis, as its documentation builds one: socketio_server.py."""

from .peer import HERE, ROOT, Peer, said

PYTHON = ROOT / ".build/peers/python/bin/python"


class SocketIO(Peer):
    name = "python-socketio"
    wire = "socket.io"
    guarantee = (
        "acknowledged when committed (fsync), idempotent, in order; what could not be delivered then is not delivered "
        "later"
    )

    def prepare(self):
        self.database = self.postgres.database()

    def command(self):
        urls = (self.postgres.url(self.database), self.redis.url)
        return [PYTHON, HERE / "socketio_server.py", str(self.port), self.secret_file, *urls]

    @staticmethod
    def version():
        names = ("python-socketio", "aiohttp", "asyncpg")
        text = "import importlib.metadata as m; print(', '.join(f'{n} {m.version(n)}' for n in " + repr(names) + "))"
        return said(PYTHON, "-c", text)
