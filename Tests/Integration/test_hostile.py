"""Clients that mean harm: each costs little, and nobody else notices."""

import asyncio
import json
import select
import socket
import time

import pytest
from harness import tokens
from harness.client import RawSocket, close_code, connect
from harness.daemon import Daemon
from harness.namespace import Namespace

ROOMY = "max_frame: 1MiB"
BRACKETS = {
    "a frame of them": "[" * 100_000 + "]" * 100_000,
    "a frame that only opens them": "[" * 100_000,
    "data": '{"type":"PING","data":{"x":' + "[" * 100_000 + "]" * 100_000 + "}}",
    "objects": '{"type":"PING","data":' + '{"x":' * 100_000 + "1" + "}" * 100_000 + "}",
    "a member that nobody reads": '{"type":"PING","data":{},"x":' + "[" * 100_000 + "]" * 100_000 + "}",
    "metadata": json.dumps(
        {"type": "NEW_MESSAGE", "data": {"tempId": "t", "receiverId": "bob", "content": "x", "metadata": {"x": "?"}}}
    ).replace('"?"', "[" * 100_000 + "]" * 100_000),
}


def still_works(daemon):
    async def check():
        async with connect(daemon, "sane") as client:
            assert (await client.ask("PING"))["type"] == "PONG"

    asyncio.run(check())


def test_100_000_nested_brackets_are_an_invalid_event_where_the_frame_may_be_so_long(start):
    daemon = start(limits=ROOMY)

    async def run():
        async with connect(daemon, "alice") as client:
            for name, text in BRACKETS.items():
                await client.socket.send(text)
                assert (await client.receive())["data"]["code"] == "INVALID_EVENT", name
            assert (await client.ask("PING"))["type"] == "PONG"

    asyncio.run(run())
    for name, text in BRACKETS.items():
        response = daemon.request("POST", "/events", text, tokens.token("alice"))
        assert response.status == 400 and json.loads(response.text)["code"] == "INVALID_EVENT", name


def test_100_000_nested_brackets_are_too_big_where_it_may_not(daemon):
    async def run():
        async with connect(daemon, "alice") as client:
            await client.socket.send(BRACKETS["data"])
            return await close_code(client.socket)

    assert asyncio.run(run()) == 1009
    assert daemon.request("POST", "/events", BRACKETS["data"], tokens.token("alice")).status == 413
    still_works(daemon)


@pytest.mark.parametrize("fragment", [b"", b" "])
def test_10_000_tiny_fragments_end_their_connection_and_cost_no_memory(start, fragment):
    daemon = start(limits=ROOMY)
    before = daemon.memory()
    for _ in range(5):
        raw = RawSocket(daemon)
        try:
            raw.send(raw.frame(b"[", first=0x01) + raw.frame(fragment, first=0x00) * 10_000)
        except ConnectionError:
            pass  # It was closed while the last of them were under way.
        assert raw.close_code() == 1002
    assert daemon.memory() - before < 20_000_000
    still_works(daemon)


def test_pings_without_end_are_answered_in_bounded_memory(start):
    daemon = start(limits="outbound_buffer: 64KiB")
    raw = RawSocket(daemon, buffer=4096)
    before = daemon.memory()
    flood = raw.frame(b"x" * 125, first=0x89) * 1000
    with pytest.raises(OSError):
        while True:
            raw.send(flood)
    assert daemon.metric('sluice_closes_total{code="4408"}') == 1
    assert daemon.memory() - before < 20_000_000
    still_works(daemon)


def test_a_request_that_comes_byte_by_byte_is_dropped(start):
    daemon = start(handshake_timeout="1s")
    began = time.monotonic()
    with daemon.connect(daemon.port) as slow:
        slow.settimeout(0.1)
        slow.sendall(b"GET / HTTP/1.1\r\nX: ")
        while time.monotonic() < began + 10:
            try:
                slow.sendall(b"x")
                if slow.recv(1) == b"":
                    break
            except TimeoutError:
                pass
            except ConnectionError:
                break
    assert 0.9 < time.monotonic() - began < 5


CONFIG = """version: 1
server:
  listen: 127.0.0.1:{port}
  admin: unix:{folder}/admin
  ping_interval: 1s
store: sqlite:{folder}/store.db
pipeline:
  - stage: auth
    secret_file: {folder}/secret
  - stage: persist
  - stage: fan_out
  - stage: presence
    offline_after: 1s
"""


class Island(Daemon):
    """A daemon on a network of its own; the operator's listener is on a path, which any network reaches."""

    def __init__(self, folder):
        self.network = Namespace("net", "ip link set lo up")
        super().__init__(folder, config=CONFIG, enter=self.network.enter, connect=self.reach)

    def reach(self, port):
        if port != self.admin:
            return self.network.connect(port)
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(self.folder / "admin"))
        return client

    def kill(self):
        super().kill()
        self.network.close()


@pytest.fixture
def island(tmp_path):
    daemon = Island(tmp_path / "island")
    daemon.start()
    yield daemon
    daemon.kill()


def test_a_peer_that_vanishes_without_a_word_is_dropped(island):
    peers = [RawSocket(island, "bob") for _ in range(3)]
    assert island.metric("sluice_connections") == 3
    began = time.monotonic()
    # No FIN and no reset: what either side sends from now on is lost.
    island.network.run("ip", "link", "set", "lo", "down")
    while island.metric("sluice_connections") > 0:
        assert time.monotonic() < began + 10
        select.select([], [], [], 0.05)
    # Two pings go unanswered before.
    assert time.monotonic() - began > 2
    for peer in peers:
        peer.socket.close()


def test_who_asks_ahead_and_reads_nothing_has_one_answer_waiting(daemon):
    token = tokens.token("ada")

    async def fill():
        async with connect(daemon, "ada") as ada:
            for number in range(100):
                await ada.send("NEW_MESSAGE", {"tempId": f"{number}", "receiverId": "ada", "content": "x" * 16_000})
            await ada.settle()

    asyncio.run(fill())
    path = "/conversations/ada/messages?limit=100"
    page = len(daemon.get(path, token=token).text)
    assert page > 1_600_000
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    asked = daemon.metric("sluice_http_requests_total")
    with daemon.connect(daemon.port) as silent:
        silent.settimeout(10)
        silent.sendall(request * 20 + b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        # Meanwhile another is answered as often.
        for _ in range(15):
            assert daemon.get(path, token=token).status == 200
        # What the kernel holds for the silent one counts as sent.
        assert daemon.metric("sluice_http_requests_total") - asked < 15 + 9
        received = b""
        while part := silent.recv(1_000_000):
            received += part
    assert received.count(b"HTTP/1.1 200") == 20 and received.count(b"HTTP/1.1 404") == 1
    assert len(received) > 20 * page
