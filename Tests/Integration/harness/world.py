"""What stands behind the daemons of a run: the same tests go through each of these worlds.

| `SLUICE_TEST_WORLD` | what each daemon of a test is |
| --- | --- |
| `embedded` | one process with SQLite and memory within |
| `production` | one process on a PostgreSQL database and a Redis database of its own |
| `two-nodes` | two processes on one such pair; users go to either by turns |
"""

import os

from .daemon import Daemon
from .pair import Pair
from .postgres import Postgres
from .redis import Redis
from .store import PostgresRows, SQLiteRows

WORLDS = ("embedded", "production", "two-nodes")
DATABASES_MAX = 4096
NAME = os.environ.get("SLUICE_TEST_WORLD", "embedded")


class World:
    """Makes daemons that know nothing of each other, and takes back what they had. Its servers start when asked for."""

    def __init__(self, name=NAME):
        assert name in WORLDS, f"SLUICE_TEST_WORLD is {name}; there are {', '.join(WORLDS)}"
        self.name = name
        self.postgres = self.redis = None
        self.numbers = iter(range(DATABASES_MAX))
        self.databases = {}

    @property
    def is_embedded(self):
        return self.name == "embedded"

    def daemon(self, folder, **settings):
        """A daemon that is not started yet."""
        if self.is_embedded:
            daemon = Daemon(folder, **settings)
            daemon.rows = SQLiteRows(folder / "store.db")
            return daemon
        if self.postgres is None:
            self.postgres, self.redis = Postgres(), Redis(databases=DATABASES_MAX)
        database, number = self.postgres.database(), next(self.numbers)
        urls = {"store": self.postgres.url(database), "state": self.redis.url_of(number)}
        daemon = (Pair if self.name == "two-nodes" else Daemon)(folder, **{**urls, **settings})
        daemon.rows = PostgresRows(urls["store"])
        self.databases[daemon] = database
        return daemon

    def end(self, daemon):
        """Kills a daemon and gives back what it had."""
        daemon.kill()
        if daemon in self.databases:
            self.postgres.query(f"DROP DATABASE {self.databases.pop(daemon)} WITH (FORCE)")

    def close(self):
        for server in (self.postgres, self.redis):
            if server:
                server.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()
