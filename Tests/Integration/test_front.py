"""Two nodes behind HAProxy and behind nginx, as docs/front sets them up: what both have to do."""

import asyncio
import contextlib
import http.client
import json
import socket
import threading
import time
import types
from collections import Counter

import pytest
import websockets
from harness import front as fronts
from harness import tokens
from harness.client import RawSocket
from harness.nodes import CONFIG, Talk, all_arrived, comes_on
from harness.wait import until

IDLE = {
    "haproxy": [("timeout tunnel 80s", "timeout tunnel 4s")],
    "nginx": [("_read_timeout 80s", "_read_timeout 4s"), ("_send_timeout 80s", "_send_timeout 4s")],
}
PER_ADDRESS = {
    "haproxy": [("sc0_conn_cur gt 256", "sc0_conn_cur gt 2")],
    "nginx": [("sluice_addresses 256", "sluice_addresses 2")],
}


@pytest.fixture(params=fronts.ALL)
def put_front(request):
    """Puts a balancer in front of nodes, with its file changed as its kind has to be."""
    made = []

    def put(nodes, changes={}):
        made.append(fronts.KINDS[request.param](nodes, *changes.get(request.param, [])))
        return made[-1]

    yield put
    for front in made:
        front.close()


@pytest.fixture
def start_nodes(start_cluster, postgres, redis):
    def start(*changes):
        config = CONFIG
        for old, new in changes:
            assert old in config, old
            config = config.replace(old, new)
        return start_cluster(2, config=config, store=postgres.url, state=redis.url)

    return start


def test_its_file_is_taken_without_a_word(put_front):
    put_front([types.SimpleNamespace(port=port, admin=port) for port in (1, 2)]).check()


def test_people_are_spread_over_the_nodes_and_reach_each_other(start_nodes, put_front):
    front = put_front(start_nodes())

    async def run():
        async with contextlib.AsyncExitStack() as stack:
            people = [await stack.enter_async_context(front.client(f"user{n}")) for n in range(4)]
            homes = [person.greeting["nodeId"] for person in people]
            assert sorted(map(homes.count, set(homes))) == [2, 2]
            for n in range(1, 4):
                assert (await people[0].say(f"user{n}", f"hi {n}", f"{n}"))["type"] == "MESSAGE_SENT"
                assert (await people[n].expect("NEW_MESSAGE"))["content"] == f"hi {n}"
            data = {"tempId": "call", "receiverId": "user0", "content": "y" * 16_000}
            answer = await asyncio.to_thread(front.post, "user1", "NEW_MESSAGE", data)
            assert answer.status == 200 and json.loads(answer.text)["type"] == "MESSAGE_SENT"
            assert (await people[0].expect("NEW_MESSAGE"))["content"] == "y" * 16_000

    asyncio.run(run())


def test_who_comes_without_tls_is_sent_to_it(put_front):
    front = put_front([types.SimpleNamespace(port=port, admin=port) for port in (1, 2)])
    connection = http.client.HTTPConnection("127.0.0.1", front.plain_port, timeout=10)
    connection.request("GET", "/users/me", headers={"Host": "chat.example"})
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Location")) == (308, "https://chat.example/users/me")
    connection.close()


def test_a_clients_address_arrives_and_can_not_be_forged(start_nodes, put_front):
    front = put_front(start_nodes(("rate: 100000/s", "rate: 1/m"), ("burst: 100000", "burst: 2")))

    def answers(source):
        forged = [{"X-Forwarded-For": text} for text in ("203.0.113.1", "203.0.113.2, 127.0.0.1", "::1, 10.0.0.9")]
        return [front.post("ada", "PING", source=source, headers=fields).status for fields in forged]

    assert answers("127.0.0.5") == [200, 200, 429]
    assert answers("127.0.0.6") == [200, 200, 429]


def test_an_address_has_only_so_many_connections(start_nodes, put_front):
    front = put_front(start_nodes(), PER_ADDRESS)

    async def run():
        def client(user, address):
            return front.client(user, local_addr=(address, 0))

        async with client("ada", "127.0.0.7"), client("bob", "127.0.0.7"):
            with pytest.raises((OSError, EOFError, websockets.InvalidHandshake)):
                async with client("eve", "127.0.0.7"):
                    pass
            async with client("eve", "127.0.0.8") as eve:
                assert (await eve.ask("PING"))["type"] == "PONG"

    asyncio.run(run())


def test_an_idle_socket_outlives_the_timeouts_by_the_nodes_pings(start_nodes, put_front):
    nodes = start_nodes(("ping_interval: 25s", "ping_interval: 1s"))
    front = put_front(nodes, IDLE)
    raw = RawSocket(front, "ada")
    began = time.monotonic()
    for _ in range(5):
        opcode, payload = raw.receive()
        while opcode != 9:
            opcode, payload = raw.receive()
        raw.send(raw.frame(payload, first=0x8A))
    assert time.monotonic() - began > 4
    raw.send(raw.frame(b'{"type": "PING", "data": {}}'))
    assert raw.answer()["type"] == "PONG"
    # Without the pings it would have been cut off.
    for node in nodes:
        node.reload(("ping_interval: 1s", "ping_interval: 60s"))
    began = time.monotonic()
    with pytest.raises(EOFError):
        while True:
            raw.receive()
    assert time.monotonic() - began > 2


def test_when_a_node_is_killed_its_clients_are_taken_by_the_other_at_once(start_nodes, put_front):
    nodes = start_nodes()
    front = put_front(nodes)

    async def run():
        talks = [Talk(front, f"user{n}", "bob") for n in range(4)]
        tasks = [asyncio.create_task(talk.run()) for talk in talks]
        await comes_on(talks)
        connected = nodes[0].metric("sluice_connections")
        nodes[0].kill()
        calls = [await asyncio.to_thread(front.post, "ada", "PING") for _ in range(10)]
        assert [call.status for call in calls] == [200] * 10
        await comes_on(talks)
        for talk in talks:
            talk.is_over = True
        await asyncio.gather(*tasks)
        assert sum((talk.closed for talk in talks), Counter()) == {1006: connected} and connected > 0
        assert [talk.refused for talk in talks] == [[]] * 4
        await all_arrived(front, "bob", *talks)

    asyncio.run(run())


def test_a_post_that_may_have_reached_a_node_is_sent_to_no_other(put_front):
    """Nodes that read a request whole and end, as one does that is killed while it answers."""
    posts = []

    def serve(connection):
        with connection:
            data = b""
            while b'"id"' not in data and b"/openz" not in data and (part := connection.recv(65536)):
                data += part
            if b"/openz" in data:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            elif b"POST /events" in data:
                posts.append(data)

    def accept(listener):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=[listener.accept()[0]], daemon=True).start()

    with contextlib.ExitStack() as stack:
        nodes = []
        for _ in range(2):
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            stack.callback(listener.shutdown, socket.SHUT_RDWR)
            threading.Thread(target=accept, args=[listener], daemon=True).start()
            port = listener.getsockname()[1]
            nodes.append(types.SimpleNamespace(port=port, admin=port))
        front = put_front(nodes)
        answer = front.request("POST", "/events", '{"type": "PING", "data": {}, "id": "1"}')
        assert answer.status == 502 and len(posts) == 1


def test_no_token_gets_into_its_logs(start_nodes, put_front):
    nodes = start_nodes()
    front = put_front(nodes)
    token = tokens.token("ada")

    async def run():
        url = f"{front.url}?token={token}"
        for _ in range(2):
            async with websockets.connect(url, ssl=front.trust) as client:
                assert json.loads(await client.recv())["type"] == "CONNECTED"
        # Nor where it has something to complain of.
        for node in nodes:
            node.kill()
        with pytest.raises((OSError, EOFError, websockets.InvalidHandshake)):
            async with websockets.connect(url, ssl=front.trust):
                pass

    asyncio.run(run())
    until(lambda: front.logged.count("GET /ws") >= 3, "three lines in the log")
    assert token not in front.logged and "token=" not in front.logged
