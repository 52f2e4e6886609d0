"""A private Redis: nothing kept, so that a kill loses all that it held."""

import secrets
import socket

from .server import Server


class Redis(Server):
    kind = "redis"

    def __init__(self, password=True, databases=16):
        super().__init__()
        self.databases = databases
        self.password = secrets.token_hex(8) if password else None
        self.start()

    @property
    def url(self):
        return self.url_of(0)

    def url_of(self, database, port=None):
        """A database's URL, also by way of another port, as a proxy has."""
        return f"redis://{f':{self.password}@' if self.password else ''}127.0.0.1:{port or self.port}/{database}"

    def command(self):
        require = ["--requirepass", self.password] if self.password else []
        return [
            *("redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)),
            *("--save", "", "--appendonly", "no", "--databases", str(self.databases), *require),
        ]

    def is_ready(self):
        try:
            return self.ask("PING") == b"+PONG\r\n"
        except OSError:
            return False

    def ask(self, *words):
        """Sends one command and gives the raw reply, which must be a short one."""
        commands = ([("AUTH", self.password)] if self.password else []) + [words]
        with socket.create_connection(("127.0.0.1", self.port), 5) as connection, connection.makefile("rb") as replies:
            for command in commands:
                parts = [f"${len(word)}\r\n{word}\r\n" for word in command]
                connection.sendall(f"*{len(parts)}\r\n{''.join(parts)}".encode())
                reply = replies.readline()
                if reply.startswith(b"$") and not reply.startswith(b"$-1"):
                    reply += replies.read(int(reply[1:]) + 2)
        return reply

    def flush(self):
        reply = self.ask("FLUSHALL")
        assert reply == b"+OK\r\n", reply
