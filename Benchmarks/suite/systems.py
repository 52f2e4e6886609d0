"""The systems that are measured: Sluice in three forms, in the shape that the peers have (see Benchmarks/peers)."""

import re
import sqlite3

from load import ROOT

from harness.daemon import BINARY, Daemon

from .machine import said

TRIPS = {
    "commits": "sluice_store_commits_total",
    "read trips": "sluice_store_read_trips_total",
    "Redis trips": "sluice_state_trips_total",
}
# Messages of the load's clients that are there under their send key; no other way of looking is quick in big tables.
STORED = """
SELECT count(*) FROM {schema}send_keys k WHERE k.sender >= 'bench-' AND k.sender < 'bench.'
  AND EXISTS (SELECT 1 FROM {schema}messages m WHERE m.id = k.message AND m.sender = k.sender)
"""
BY_INDEX = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; "


UNLIMITED = {"rate": "100000/s", "burst": "100000", "max_connections": "100000"}


def configuration(settings=()):
    """pipeline.yaml as it stands, but for a rate limit and a number of connections that no load comes to, and what a
    load wants otherwise."""
    text = (ROOT / "pipeline.yaml").read_text()
    for key, value in {**UNLIMITED, **dict(settings)}.items():
        text, count = re.subn(rf"\b{key}: [^\s,]+", f"{key}: {value}", text)
        assert count == 1, f"pipeline.yaml has {count} times '{key}'"
    return text


class Sluice:
    """One node on PostgreSQL and Redis."""

    name = "sluice"
    wire = "websocket"
    guarantee = "acknowledged when committed (fsync), idempotent, in order, the rest by sync"
    nodes = 1
    counted = TRIPS
    # What clients connect to: more addresses have more ports for them.
    hosts = ("127.0.0.1",)

    def __init__(self, folder, postgres, redis, secret_file, database=None, settings=()):
        """`database` is one that has been there; else it makes its own. `settings` are other than pipeline.yaml's."""
        self.folder, self.postgres, self.redis, self.secret_file = folder, postgres, redis, secret_file
        self.database, self.settings = database, settings
        self.daemons = []

    def backends(self, node):
        self.database = self.database or self.postgres.database()
        return self.postgres.url(self.database), self.redis.url

    def start(self):
        for node in range(self.nodes):
            text = configuration(self.settings).replace("{", "{{").replace("}", "}}")
            daemon = Daemon(self.folder / f"node{node}", config=text)
            store, state = self.backends(node)
            host = self.hosts[0] if len(self.hosts) == 1 else "0.0.0.0"
            daemon.environment = {
                "SLUICE_LISTEN": f"{host}:{daemon.port}",
                "SLUICE_ADMIN": f"127.0.0.1:{daemon.admin}",
                "SLUICE_STORE": store,
                "SLUICE_STATE": state,
                "SLUICE_JWT_SECRET_FILE": str(self.secret_file),
            }
            self.daemons.append(daemon)
            daemon.start()

    @property
    def ports(self):
        return tuple(daemon.port for daemon in self.daemons)

    def processes(self):
        return {"server": [daemon.process.pid for daemon in self.daemons]}

    def stored(self):
        """How many messages of the load are stored."""
        return int(self.postgres.query(BY_INDEX + STORED.format(schema="sluice."), self.database))

    def trips(self):
        """How often its nodes went to the servers behind them."""
        return {name: sum(daemon.metric(key) for daemon in self.daemons) for name, key in self.counted.items()}

    def stop(self):
        try:
            for daemon in self.daemons:
                daemon.stop()
        finally:
            for daemon in self.daemons:
                daemon.kill()

    @staticmethod
    def version():
        return said(BINARY, "version")

    @classmethod
    def install(cls):
        """Built before the suite begins."""


class SluiceTwoNodes(Sluice):
    name = "sluice, two nodes"
    guarantee = "as sluice; the sides of each pair are on different nodes"
    nodes = 2


class SluiceEmbedded(Sluice):
    name = "sluice embedded"
    guarantee = "as sluice, on SQLite (WAL, synchronous=FULL) within the daemon"
    counted = {"commits": TRIPS["commits"]}

    def backends(self, node):
        return f"sqlite:{self.folder}/store.db", "memory:"

    def stored(self):
        store = sqlite3.connect(self.folder / "store.db")
        try:
            return store.execute(STORED.format(schema="")).fetchone()[0]
        finally:
            store.close()


OWN = {system.name: system for system in (SluiceEmbedded, Sluice, SluiceTwoNodes)}
