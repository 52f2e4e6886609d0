"""Tokens signed with private keys: in files, and on a server that may fail."""

import asyncio
import http.server
import json
import threading
import time

import pytest
from harness import tokens
from harness.client import close_code, connect
from harness.keys import KINDS, KeyPair, key_set
from websockets.asyncio.client import connect as open_socket


def auth(lines):
    """A configuration whose auth stage has these keys."""
    return TEMPLATE.replace("AUTH", lines)


TEMPLATE = """version: 1
server:
  listen: 127.0.0.1:{port}
  admin: 127.0.0.1:{admin}
store: "{store}"
state: "{state}"
pipeline:
  - stage: auth
AUTH
  - stage: persist
  - stage: fan_out
"""


def answer_to(daemon, token):
    response = daemon.get("/users/me", token=token)
    return response.status, json.loads(response.text)


def is_known(daemon, token):
    return answer_to(daemon, token)[0] == 200


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", ["public_key_file", "jwks_file"])
def test_tokens_of_every_kind_of_key_are_accepted(start, tmp_path, kind, place):
    pair, other = KeyPair(kind), KeyPair(kind)
    path = tmp_path / "keys"
    path.write_bytes(pair.pem if place == "public_key_file" else key_set(pair).encode())
    daemon = start(config=auth(f"    {place}: {path}"))
    assert answer_to(daemon, pair.token("ada")) == (200, {"userId": "ada", "name": None})
    status, problem = answer_to(daemon, other.token("ada"))
    assert status == 401 and problem["detail"] == "the token's signature is not valid"


def test_a_file_of_several_keys_cuts_nobody_off_in_a_rotation(start, tmp_path):
    new, old = KeyPair("EdDSA"), KeyPair("RS256")
    path = tmp_path / "keys.pem"
    path.write_bytes(new.pem + old.pem)
    daemon = start(config=auth(f"    public_key_file: {path}"))
    assert is_known(daemon, new.token("ada")) and is_known(daemon, old.token("ada"))


def test_a_public_key_is_no_secret(start, tmp_path):
    pair = KeyPair("RS256")
    path = tmp_path / "keys.pem"
    path.write_bytes(pair.pem)
    daemon = start(config=auth(f"    public_key_file: {path}"))
    claims = {"sub": "eve", "exp": time.time() + 60}
    # By hand, since PyJWT refuses to sign with such a secret.
    assert answer_to(daemon, tokens.sign({"alg": "HS256"}, claims, pair.pem))[0] == 401


def test_only_algorithms_of_the_list_are_accepted(start, tmp_path):
    pair = KeyPair("RS256")
    path = tmp_path / "keys.pem"
    path.write_bytes(pair.pem)
    daemon = start(config=auth(f"    public_key_file: {path}\n    algorithms: [PS256]"))
    assert answer_to(daemon, pair.token("ada"))[0] == 401
    pair.algorithm = "PS256"
    assert is_known(daemon, pair.token("ada"))


def test_a_socket_lives_on_a_token_of_a_private_key(start, tmp_path):
    pair = KeyPair("ES256")
    path = tmp_path / "keys.pem"
    path.write_bytes(pair.pem)
    daemon = start(config=auth(f"    public_key_file: {path}"))

    async def both():
        async with connect(daemon, "bob", token=pair.token("bob")) as bob:
            async with open_socket(daemon.url) as socket:
                batch = [
                    {"type": "AUTH", "data": {"token": pair.token("ada")}, "id": 1},
                    {"type": "NEW_MESSAGE", "id": 2, "data": {"tempId": "1", "receiverId": "bob", "content": "hi"}},
                    {"type": "PING", "id": 3},
                ]
                await socket.send(json.dumps(batch))
                answers = [json.loads(await socket.recv()) for _ in range(3)]
            return answers, await bob.expect("NEW_MESSAGE")

    # What is sent right behind AUTH waits for it.
    answers, message = asyncio.run(both())
    assert [(a["type"], a["ref"]) for a in answers] == [("CONNECTED", 1), ("MESSAGE_SENT", 2), ("PONG", 3)]
    assert message["senderId"] == "ada"


class KeyServer:
    """A server of keys that answers as the test says, and counts."""

    def __init__(self, body):
        self.body, self.status, self.requests = body, 200, 0
        self.hangs = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.requests += 1
                if outer.hangs.is_set():
                    outer.released.wait(60)
                self.send_response(outer.status)
                body = outer.body.encode()
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        self.released = threading.Event()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/keys"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def serve_keys():
    servers = []

    def make(*pairs):
        servers.append(KeyServer(key_set(*pairs)))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


def until(condition, seconds=15):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.05)


def test_keys_are_fetched_once_and_a_rotation_is_followed(start, serve_keys):
    old, new = KeyPair("ES256", "old"), KeyPair("EdDSA", "new")
    server = serve_keys(old)
    daemon = start(config=auth(f"    jwks_url: {server.url}\n    jwks_refresh: 1s"))
    for index in range(20):
        assert is_known(daemon, old.token(f"user{index}"))
    assert server.requests < 10
    server.body = key_set(new, old)
    until(lambda: is_known(daemon, new.token("ada")))
    assert is_known(daemon, old.token("ada"))


def test_forged_key_names_cost_the_key_server_nothing(start, serve_keys):
    server = serve_keys(KeyPair("EdDSA", "1"))
    daemon = start(config=auth(f"    jwks_url: {server.url}"))
    for index in range(30):
        assert answer_to(daemon, KeyPair("EdDSA", f"forged{index}").token("eve"))[0] == 401
    assert server.requests <= 2


def test_who_came_by_a_key_that_is_gone_is_warned_and_may_show_another_token(start, serve_keys):
    old, new = KeyPair("ES256", "old"), KeyPair("ES256", "new")
    server = serve_keys(old)
    daemon = start(config=auth(f"    jwks_url: {server.url}\n    jwks_refresh: 1s"))

    async def run():
        async with connect(daemon, "ada", token=old.token("ada")) as ada, connect(
            daemon, "bob", token=old.token("bob")
        ) as bob:
            server.body = key_set(new)
            for client in [ada, bob]:
                warning = await client.expect("TOKEN_EXPIRING", seconds=15)
                assert warning["expiresAt"] > (await client.ask("PING"))["data"]["serverTime"]
            assert (await ada.ask("AUTH", {"token": new.token("ada")}))["type"] == "CONNECTED"
            assert answer_to(daemon, old.token("carol"))[0] == 401
            # Bob shows no other token.
            assert await close_code(bob.socket, seconds=40) == 4401
            assert (await ada.ask("PING"))["type"] == "PONG"

    asyncio.run(run())


def test_a_key_server_that_lies_changes_nothing(start, serve_keys):
    pair = KeyPair("ES256", "1")
    server = serve_keys(pair)
    daemon = start(config=auth(f"    jwks_url: {server.url}\n    jwks_refresh: 1s"))
    for status, body in [(500, ""), (200, "[" * 100_000), (200, "x" * 1_000_000)]:
        server.status, server.body = status, body
        requests = server.requests
        until(lambda: server.requests > requests)
        assert is_known(daemon, pair.token(f"user{status}"))
    assert "can't fetch keys" in daemon.log


def test_a_key_server_that_hangs_keeps_nobody_waiting_long(start, serve_keys):
    pair = KeyPair("ES256", "1")
    server = serve_keys(pair)
    server.hangs.set()
    before = time.monotonic()
    daemon = start(config=auth(f"    jwks_url: {server.url}"))
    assert time.monotonic() - before < 10
    status, problem = answer_to(daemon, pair.token("ada"))
    assert status == 503 and problem["code"] == "UNAVAILABLE" and problem["retryAfterMs"] > 0
    server.hangs.clear()
    server.released.set()
    until(lambda: is_known(daemon, pair.token("ada")))


def test_a_daemon_starts_without_its_key_server(start, serve_keys):
    pair = KeyPair("ES256", "1")
    server = serve_keys(pair)
    server.status = 503
    daemon = start(config=auth(f"    jwks_url: {server.url}"))
    assert answer_to(daemon, pair.token("ada"))[0] == 503
    server.status = 200
    until(lambda: is_known(daemon, pair.token("ada")))


@pytest.mark.parametrize(
    "lines, message",
    [
        ("    issuer: us", "no key is configured"),
        ("    jwks_url: http://login.example/keys", "is not encrypted"),
        ("    jwks_url: https://login.example/keys\n    secret_file: {folder}/secret", "is set already"),
        ("    public_key_file: {folder}/secret", "holds no public key in PEM"),
        ("    secret_file: {folder}/secret\n    algorithms: [RS256]", "good for none of 'algorithms'"),
    ],
)
def test_keys_that_can_not_work_are_faults(world, tmp_path, lines, message):
    daemon = world.daemon(tmp_path / "daemon", config=auth(lines))
    done = daemon.command("check", str(daemon.config))
    assert done.returncode == 1 and message in done.stderr
