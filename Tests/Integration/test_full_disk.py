"""A disk that is full: refused while it is, nothing that was acknowledged lost, and all well again by itself."""

import asyncio

import pytest
from harness.client import connect
from harness.daemon import Daemon
from harness.namespace import Namespace

CONFIG = """version: 1
server:
  listen: 127.0.0.1:{port}
  admin: 127.0.0.1:{admin}
  ping_interval: 25s
search: true
store: sqlite:{folder}/disk/store.db
pipeline:
  - stage: auth
    secret_file: {folder}/secret
  - stage: rate_limit
    rate: 100000/s
    burst: 100000
  - stage: dedup
  - stage: persist
  - stage: fan_out
  - stage: presence
"""


class SmallDisk(Daemon):
    """A daemon whose database is on a file system of 4 MiB that nobody else sees."""

    def __init__(self, folder):
        super().__init__(folder, config=CONFIG)
        self.disk = folder / "disk"
        self.disk.mkdir()
        self.namespace = Namespace("mount", f"mount -t tmpfs -o size=4m tmpfs {self.disk}")
        self.enter = self.namespace.enter

    def fill(self):
        """Takes all room that is left, to the last page."""
        self.namespace.run("sh", "-c", f"cat /dev/zero > {self.disk}/filler 2>/dev/null || true")

    def make_room(self):
        self.namespace.run("rm", str(self.disk / "filler"))


@pytest.fixture
def daemon(tmp_path):
    daemon = SmallDisk(tmp_path / "daemon")
    daemon.start()
    yield daemon
    daemon.kill()
    daemon.namespace.close()


CONTENT = "x" * 2000


async def send(client, temp_id, acked):
    """Sends a message; gives the code of its refusal, or notes what it was acknowledged as."""
    answer = await client.say("bob", f"{temp_id} {CONTENT}", temp_id)
    if answer["type"] == "ERROR":
        assert answer["data"]["stage"] == "persist" and answer["data"]["tempId"] == temp_id
        return answer["data"]["code"]
    acked[temp_id] = answer["data"]["messageId"]


async def stored(daemon):
    async with connect(daemon, "bob") as bob:
        return {m["content"].split()[0]: m["messageId"] for m in (await bob.sync())[0]}


def test_sends_are_refused_while_it_is_full_and_taken_again_on_the_same_connection(daemon):
    acked = {}

    async def run():
        async with connect(daemon, "alice") as alice, connect(daemon, "bob") as bob:
            for number in range(20):
                assert await send(alice, f"before{number}", acked) is None
            daemon.fill()
            # What had room in the file already may still be taken.
            refused = [f"full{n}" for n in range(500) if await send(alice, f"full{n}", acked)]
            assert len(refused) > 400
            last = refused[-1]
            for type in ["EDIT_MESSAGE", "MESSAGE_READ"]:
                data = {"messageId": acked["before0"], "content": CONTENT}
                answer = await (alice if type == "EDIT_MESSAGE" else bob).ask(type, data)
                assert answer["data"].get("code") == "UNAVAILABLE", answer
            # Who only reads is served, and finds all that was acknowledged.
            assert {m["messageId"] for m in (await bob.sync())[0]} == set(acked.values())
            assert daemon.get("/healthz", port=daemon.admin).status == 200
            daemon.make_room()
            assert await send(alice, last, acked) is None
            assert await send(alice, "after", acked) is None
            delivered = [e["data"]["messageId"] for e in await bob.settle() if e["type"] == "NEW_MESSAGE"]
            assert delivered == list(acked.values())
            assert await stored(daemon) == acked
            return last

    last = asyncio.run(run())
    daemon.kill()
    daemon.start()
    assert asyncio.run(stored(daemon)) == acked
    again = {}

    async def repeat():
        async with connect(daemon, "alice") as alice:
            await send(alice, last, again)

    asyncio.run(repeat())
    assert again[last] == acked[last]


def test_a_kill_while_it_is_full_loses_nothing(daemon):
    acked = {}

    async def run():
        async with connect(daemon, "alice", close_timeout=0.1) as alice:
            daemon.fill()
            for number in range(300):
                code = await send(alice, f"{number}", acked)
                assert code in (None, "UNAVAILABLE")
            daemon.kill()

    asyncio.run(run())
    daemon.make_room()
    daemon.start()
    assert asyncio.run(stored(daemon)) == acked
