"""What a run is driven against: daemons, with the servers behind them, and the faults that can strike either."""

import signal
from pathlib import Path

from harness.cluster import Cluster
from harness.postgres import FAST, IMMEDIATE, Postgres
from harness.proxy import Proxy
from harness.redis import Redis

from .faults import Fault
from .releases import Releases
from .reloads import Reloads

CONNECTIONS_MAX = 30


class World:
    """`store` is `sqlite`, `postgres` (a private server) or a URL; `state` is `memory`, `redis` (likewise) or a URL.

    Between each node and each private server lies a proxy of its own. `before` is the daemon of an earlier release,
    which every node begins with; then there is `node-upgrade`, to the present one or back.
    """

    def __init__(self, folder, nodes=1, store="sqlite", state="memory", before=None, **settings):
        self.folder, self.count, self.settings = Path(folder), nodes, settings
        self.releases = Releases(before) if before else None
        if before:
            self.settings["binary"] = before
        self.store, self.state = store, state
        self.postgres = self.redis = self.cluster = None
        self.networks = {"postgres": [], "redis": []}
        self.reloads = {}

    def start(self):
        self.start_servers()
        urls = self.store_url, self.state_url
        self.cluster = Cluster(self.folder / "cluster", self.count, *urls, **self.settings).start()
        return self

    def start_servers(self):
        if self.store == "postgres":
            self.postgres = Postgres(max_connections=CONNECTIONS_MAX)
            self.database = self.postgres.database()
            self.put_proxies("postgres", self.postgres.port)
        if self.state == "redis":
            self.redis = Redis()
            self.put_proxies("redis", self.redis.port)

    def store_url(self, index):
        if self.store == "sqlite":
            assert self.count == 1, "several nodes need a store that they share"
            return "sqlite:{folder}/store.db"
        return self.postgres.url(self.database, self.networks["postgres"][index].port) if self.postgres else self.store

    def state_url(self, index):
        if self.state == "memory":
            return "memory:"
        return self.redis.url_of(0, self.networks["redis"][index].port) if self.redis else self.state

    def put_proxies(self, kind, port):
        for _ in range(self.count):
            self.networks[kind].append(Proxy(port))

    def close(self):
        for one in (self.cluster, self.postgres, self.redis):
            if one:
                one.kill() if one is self.cluster else one.close()
        for proxy in (*self.networks["postgres"], *self.networks["redis"]):
            proxy.close()

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *error):
        self.close()

    @property
    def nodes(self):
        return self.cluster.daemons

    @property
    def faults(self):
        node = self.cluster
        faults = {
            "node-kill": Fault(lambda i: node[i].kill(), lambda i: node[i].start()),
            "node-stop": Fault(lambda i: {"exit": node[i].stop()}, lambda i: node[i].start()),
            "node-pause": Fault(
                lambda i: node[i].process.send_signal(signal.SIGSTOP),
                lambda i: node[i].process.send_signal(signal.SIGCONT),
            ),
        }
        if self.releases:
            faults["node-upgrade"] = Fault(
                lambda i: self.releases.leave(node[i]), lambda i: self.releases.enter(node[i])
            )
        else:
            faults["node-reload"] = Fault(self.begin_reloads, lambda i: self.reloads.pop(i).end())
        for kind, server in (("redis", self.redis), ("postgres", self.postgres)):
            if server:
                faults |= self.faults_of(kind, server)
        if self.redis:
            faults["redis-flush"] = Fault(lambda i: self.redis.flush(), nothing)
        if self.postgres:
            faults["postgres-restart"] = Fault(lambda i: self.postgres.restart(IMMEDIATE), nothing)
            faults["postgres-stop"] = Fault(lambda i: self.postgres.stop(FAST), lambda i: self.postgres.start())
            faults["postgres-full"] = Fault(
                lambda i: self.postgres.take_connections(self.database), lambda i: self.postgres.leave_connections()
            )
        return faults

    def begin_reloads(self, index):
        self.reloads[index] = Reloads(self.nodes[index])

    def faults_of(self, kind, server):
        network = self.networks[kind]
        heal = lambda i: network[i].heal()  # noqa: E731
        return {
            f"{kind}-kill": Fault(lambda i: server.kill(), lambda i: server.start()),
            f"{kind}-pause": Fault(lambda i: server.pause(), lambda i: server.resume()),
            f"{kind}-reset": Fault(lambda i: network[i].cut(), nothing),
            f"{kind}-cut": Fault(lambda i: network[i].refuse(), heal),
            f"{kind}-blackhole": Fault(lambda i: network[i].blackhole(), heal),
            f"{kind}-slow": Fault(lambda i: network[i].delay(0.1), heal),
        }


def nothing(node):
    """A fault that is over at once."""
