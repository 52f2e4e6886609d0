"""TLS on the listener: certificates, their renewal, and clients that do not speak it."""

import asyncio
import http.client
import json
import signal
import socket
import ssl
import threading
import time

import pytest
from harness import certificates, tokens
from harness.client import Client, close_code
from harness.daemon import Daemon
from websockets.asyncio.client import connect as open_socket

CONFIG = """version: 1
server:
  listen: 127.0.0.1:{port}
  admin: 127.0.0.1:{admin}
  tls: {{ certificate: {tls}/sluice.pem, key: {tls}/sluice.key }}
  handshake_timeout: 1s
store: "{store}"
state: "{state}"
pipeline:
  - stage: auth
    secret_file: {folder}/secret
  - stage: persist
  - stage: fan_out
"""


@pytest.fixture
def tls(tmp_path):
    folder = tmp_path / "tls"
    folder.mkdir()
    certificates.write(folder)
    return folder


@pytest.fixture
def daemon(start, tls):
    return start(config=CONFIG, tls=tls)


def connect(daemon, tls, user):
    return open_socket(
        f"wss://127.0.0.1:{daemon.port}/ws?token={tokens.token(user)}", ssl=certificates.trusting(tls)
    )


def test_a_message_goes_from_client_to_client(daemon, tls):
    async def run():
        async with connect(daemon, tls, "alice") as a, connect(daemon, tls, "bob") as b:
            alice, bob = Client(a), Client(b)
            assert (await alice.say("bob", "x" * 16_000, "1"))["type"] == "MESSAGE_SENT"
            return await bob.expect("NEW_MESSAGE")

    assert asyncio.run(run())["content"] == "x" * 16_000


def test_who_breaks_the_protocol_hears_why_and_is_let_go_at_once(daemon, tls):
    async def run():
        async with connect(daemon, tls, "alice") as socket:
            await Client(socket).expect("CONNECTED")
            await socket.send("x" * 70_000)
            began = time.monotonic()
            code = await close_code(socket)
            await socket.wait_closed()
            return code, time.monotonic() - began

    code, seconds = asyncio.run(run())
    assert code == 1009 and seconds < 2


def test_calls_are_answered(daemon, tls):
    connection = http.client.HTTPSConnection(
        "127.0.0.1", daemon.port, context=certificates.trusting(tls), timeout=10
    )
    for _ in range(2):
        connection.request("GET", "/users/me", headers={"Authorization": f"Bearer {tokens.token('ada')}"})
        assert json.loads(connection.getresponse().read())["userId"] == "ada"
    connection.close()


def test_what_is_not_encrypted_gets_nothing(daemon):
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=10) as plain:
        plain.sendall(b"GET /users/me HTTP/1.1\r\nHost: x\r\n\r\n")
        received = b""
        try:
            while part := plain.recv(4096):
                received += part
        except ConnectionResetError:
            pass
    assert b"HTTP" not in received


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_old_versions_of_tls_are_refused(daemon, tls):
    old = certificates.trusting(tls)
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=10) as plain:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            old.wrap_socket(plain, server_hostname="127.0.0.1")


def test_a_handshake_that_is_drawn_out_is_cut_off(daemon):
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=10) as silent:
        silent.sendall(b"\x16\x03\x01")
        before = time.monotonic()
        assert silent.recv(1) == b""
        assert time.monotonic() - before < 5


def wait_for(daemon, text):
    deadline = time.monotonic() + 10
    while text not in daemon.log:
        assert time.monotonic() < deadline
        threading.Event().wait(0.02)


def test_a_new_certificate_is_shown_after_a_signal_and_connections_stay(daemon, tls):
    old = certificates.serial(daemon.port)

    async def run():
        async with connect(daemon, tls, "alice") as socket:
            alice = Client(socket)
            new = certificates.write(tls)
            daemon.process.send_signal(signal.SIGHUP)
            await asyncio.to_thread(wait_for, daemon, '"message":"reloaded"')
            assert (await alice.ask("PING"))["type"] == "PONG"
            return new

    new = asyncio.run(run())
    assert certificates.serial(daemon.port) == new != old


def test_a_certificate_that_can_not_be_read_changes_nothing(daemon, tls):
    old = certificates.serial(daemon.port)
    (tls / "sluice.pem").write_text("half a")
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(daemon, "reload failed; the old chain stays")
    assert "pipeline.yaml:5:23: error: " in daemon.log
    assert certificates.serial(daemon.port) == old


def test_files_that_can_not_work_are_faults(tmp_path, tls):
    daemon = Daemon(tmp_path / "daemon", config=CONFIG, tls=tls)

    def check():
        done = daemon.command("check", str(daemon.config))
        return done.returncode, done.stderr

    assert check()[0] == 0
    certificates.write(tls, "other")
    (tls / "sluice.key").write_bytes((tls / "other.key").read_bytes())
    code, report = check()
    assert code == 1 and ":5:" in report and "is not the key of the certificate" in report
    (tls / "sluice.key").write_text("")
    assert "holds no private key in PEM" in check()[1]
    (tls / "sluice.key").unlink()
    assert "can't be read" in check()[1]
    (tls / "sluice.pem").write_text("")
    assert "holds no certificate in PEM" in check()[1]


def test_a_certificate_that_ends_soon_is_dubious(tmp_path, tls):
    daemon = Daemon(tmp_path / "daemon", config=CONFIG, tls=tls)
    for days, words in [(3, "the certificate ends at"), (-1, "the certificate has ended at")]:
        certificates.write(tls, days=days)
        done = daemon.command("check", str(daemon.config))
        assert done.returncode == 0 and "warning" in done.stderr and words in done.stderr
    (tls / "sluice.key").chmod(0o644)
    assert "is open to every user" in daemon.command("check", str(daemon.config)).stderr


def test_the_command_line_speaks_it_too(daemon):
    sent = daemon.command("send", "--as", "alice", "--to", "bob", "hi", "--config", str(daemon.config))
    assert sent.returncode == 0 and sent.stdout.startswith("msg_")
