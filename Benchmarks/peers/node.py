"""A chat on Node.js with ws, PostgreSQL and Redis, as good engineers write one: ws/server.js."""

from .peer import HERE, UNPACKED, Chat, said

MODULES = UNPACKED / "usr/share/nodejs"


class Node(Chat):
    name = "ws"
    wire = "websocket"
    program = ("node", HERE / "ws/server.js")

    def environment(self):
        return {"NODE_PATH": str(MODULES), "NODE_ENV": "production"}

    @staticmethod
    def version():
        names = "['ws', 'pg', 'redis'].map((name) => `${name} ${require(name + '/package.json').version}`)"
        modules = said("node", "-e", f"console.log({names}.join(', '))", NODE_PATH=str(MODULES))
        return f"Node.js {said('node', '--version')}, {modules}"
