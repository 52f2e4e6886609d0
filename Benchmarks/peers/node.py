"""A chat on Node.js with ws, PostgreSQL and Redis, as good engineers write one: ws/server.js."""

from .peer import HERE, UNPACKED, Peer, said

MODULES = UNPACKED / "usr/share/nodejs"


class Node(Peer):
    name = "ws"
    wire = "websocket"
    guarantee = (
        "acknowledged when committed (fsync), idempotent, in order; what could not be delivered then is not delivered "
        "later"
    )

    def prepare(self):
        self.database = self.postgres.database()

    def command(self):
        urls = (self.postgres.url(self.database), self.redis.url)
        return ["node", HERE / "ws/server.js", str(self.port), self.secret_file, *urls]

    def environment(self):
        return {"NODE_PATH": str(MODULES), "NODE_ENV": "production"}

    @staticmethod
    def version():
        names = "['ws', 'pg', 'redis'].map((name) => `${name} ${require(name + '/package.json').version}`)"
        modules = said("node", "-e", f"console.log({names}.join(', '))", NODE_PATH=str(MODULES))
        return f"Node.js {said('node', '--version')}, {modules}"
