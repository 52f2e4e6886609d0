"""Connections that come by a proxy or a Unix socket, and the limits on what nobody knows yet."""

import asyncio
import http.client
import json
import os
import socket
import stat
import struct
import threading
import time

import pytest
import websockets
from harness import tokens
from harness.client import Client
from harness.daemon import Daemon
from websockets.asyncio.client import connect as open_socket

CONFIG = """version: 1
server:
  listen: {listen}
  admin: 127.0.0.1:{admin}
  handshake_timeout: 1s
  {server}
  limits: {{ {limits} }}
store: "{store}"
state: "{state}"
pipeline:
  - stage: auth
    secret_file: {folder}/secret
  - stage: rate_limit
    by: ip
    rate: 1/m
    burst: 2
  - stage: persist
  - stage: fan_out
"""


def settings(server="trusted_proxies: []", limits="max_frame: 64KiB", listen="127.0.0.1:{port}", burst=2):
    config = CONFIG.replace("{listen}", listen).replace("{server}", server).replace("{limits}", limits)
    config = config.replace("burst: 2", f"burst: {burst}")
    return {"config": config}


def header(client="203.0.113.9", command=0x21):
    addresses = socket.inet_aton(client) + socket.inet_aton("10.0.0.1") + struct.pack("!HH", 4711, 80)
    return b"\r\n\r\n\0\r\nQUIT\n" + struct.pack("!BBH", command, 0x11, len(addresses)) + addresses


def exchange(daemon, data, until=b"\r\n\r\n"):
    """Sends bytes and gives what comes back until the end of a head, or of the connection."""
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=10) as raw:
        raw.sendall(data)
        received = b""
        try:
            while until not in received and (part := raw.recv(65536)):
                received += part
        except ConnectionResetError:
            pass
        return received


def event(user, forwarded=None):
    body = json.dumps({"type": "PING", "data": {}})
    more = f"X-Forwarded-For: {forwarded}\r\n" if forwarded else ""
    return (
        f"POST /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {tokens.token(user)}\r\n{more}"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def status(response):
    return int(response.split()[1]) if response else None


def test_a_trusted_proxy_speaks_for_its_clients(start):
    daemon = start(**settings("trusted_proxies: [127.0.0.0/8]"))
    for client in ["203.0.113.9", "203.0.113.10"]:
        answers = [status(exchange(daemon, header(client) + event("ada"))) for _ in range(3)]
        assert answers == [200, 200, 429]
    # Its checks of its own, and what comes without a header, count as its own.
    assert status(exchange(daemon, header(command=0x20) + event("ada"))) == 200
    assert status(exchange(daemon, event("ada"))) == 200


def test_a_trusted_proxy_speaks_for_the_sender_of_each_request(start):
    daemon = start(**settings("trusted_proxies: [127.0.0.1, 10.0.0.0/8]"))
    for client in ["203.0.113.9", "2001:db8::1"]:
        # What the client has written itself stands before what the proxies have added.
        forwarded = [f"198.51.100.{n}, {client}, 10.0.0.2" for n in range(3)]
        assert [status(exchange(daemon, event("ada", text))) for text in forwarded] == [200, 200, 429]


def test_a_client_whom_a_proxy_speaks_for_speaks_for_nobody(start):
    """A proxy that hands on bytes as they are says whose they are, and the client may write what it likes in them."""
    daemon = start(**settings("trusted_proxies: [127.0.0.1, 10.0.0.0/8]"))
    answers = [status(exchange(daemon, header() + event("ada", f"198.51.100.{n}"))) for n in range(3)]
    assert answers == [200, 200, 429]
    # Unless that client is a proxy too.
    answers = [status(exchange(daemon, header("10.0.0.2") + event("ada", f"198.51.100.{n}"))) for n in range(3)]
    assert answers == [200, 200, 200]


def test_nobody_else_speaks_for_others(start):
    daemon = start(**settings())
    answers = [status(exchange(daemon, event("ada", f"203.0.113.{n}"))) for n in range(3)]
    assert answers == [200, 200, 429]
    assert status(exchange(daemon, header() + event("ada"))) == 400


def test_a_proxy_header_that_is_none_ends_the_connection(start):
    daemon = start(**settings("trusted_proxies: [127.0.0.1]"))
    assert exchange(daemon, b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff" + event("ada")) == b""
    # Half of one is waited for no longer than any handshake.
    before = time.monotonic()
    assert exchange(daemon, header()[:20]) == b""
    assert time.monotonic() - before < 5


def test_a_unix_socket_serves_like_any_other(start):
    daemon = start(**settings("trusted_proxies: [unix]", listen="unix:{folder}/clients.sock", burst=100))
    path = str(daemon.folder / "clients.sock")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o660

    async def run():
        async with websockets.unix_connect(path, f"ws://localhost/ws?token={tokens.token('ada')}") as socket:
            client = Client(socket)
            assert (await client.say("bob", "hi", "1"))["type"] == "MESSAGE_SENT"

    asyncio.run(run())
    sent = daemon.command("send", "--as", "bob", "--to", "ada", "hi", "--config", str(daemon.config))
    assert sent.returncode == 0, sent.stderr
    assert daemon.stop() == 0


def test_a_unix_socket_left_by_a_dead_daemon_is_taken_over_but_nothing_else_is(start, tmp_path):
    daemon = start(**settings(listen="unix:{folder}/clients.sock"))
    daemon.kill()
    daemon.start()
    other = Daemon(tmp_path / "other", **settings(listen=f"unix:{daemon.folder}/clients.sock"))
    done = other.command("serve", "--config", str(other.config))
    assert done.returncode == 1 and "somebody listens" in done.stderr
    (tmp_path / "file").write_text("precious")
    third = Daemon(tmp_path / "third", **settings(listen=f"unix:{tmp_path}/file"))
    done = third.command("serve", "--config", str(third.config))
    assert done.returncode == 1 and "is no socket" in done.stderr
    assert (tmp_path / "file").read_text() == "precious"


def is_open(raw):
    """Whether a connection is still open a moment after it was made."""
    raw.settimeout(0.3)
    try:
        return raw.recv(1) != b""
    except TimeoutError:
        return True
    except ConnectionResetError:
        return False


def test_only_so_many_may_be_unauthenticated_and_they_make_room_in_time(start):
    daemon = start(**settings(limits="max_unauthenticated: 3", burst=10_000))

    async def run():
        async with open_socket(f"{daemon.url}?token={tokens.token('ada')}") as known:
            silent = [socket.create_connection(("127.0.0.1", daemon.port)) for _ in range(4)]
            assert sum(is_open(raw) for raw in silent) == 3
            assert (await Client(known).ask("PING"))["type"] == "PONG"
            # After the time for a handshake there is room again.
            deadline = time.monotonic() + 10
            while status(exchange(daemon, event("bob"))) != 200:
                assert time.monotonic() < deadline
                threading.Event().wait(0.05)
            for raw in silent:
                raw.close()

    asyncio.run(run())


def test_an_address_may_have_so_many_connections(start):
    daemon = start(**settings(limits="max_connections_per_ip: 2", burst=10_000))
    some = [socket.create_connection(("127.0.0.1", daemon.port)) for _ in range(3)]
    assert sum(is_open(raw) for raw in some) == 2
    for raw in some:
        raw.close()
    deadline = time.monotonic() + 10
    while status(exchange(daemon, event("bob"))) != 200:
        assert time.monotonic() < deadline
        threading.Event().wait(0.05)


def test_clients_of_a_proxy_are_counted_each_for_itself(start):
    daemon = start(**settings("trusted_proxies: [127.0.0.1]", limits="max_connections_per_ip: 1"))
    connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=10)
    fields = {"Authorization": f"Bearer {tokens.token('ada')}", "X-Forwarded-For": "203.0.113.9"}
    connection.request("GET", "/users/me", headers=fields)
    assert connection.getresponse().read() and connection.sock
    assert status(exchange(daemon, event("ada", "203.0.113.9"))) == 429
    assert status(exchange(daemon, event("ada", "203.0.113.10"))) == 200
    connection.close()


@pytest.mark.parametrize("text", ["example.com", "10.0.0.0/33", "1.2.3"])
def test_a_proxy_that_has_no_address_is_a_fault(tmp_path, text):
    daemon = Daemon(tmp_path / "daemon", **settings(f'trusted_proxies: ["{text}"]'))
    done = daemon.command("check", str(daemon.config))
    assert done.returncode == 1 and f"'{text}' is no address" in done.stderr
