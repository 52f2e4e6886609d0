"""Pushes to an address of the operator's: signed, and with the outbox, the retries and the figures that FCM has."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections import namedtuple
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from harness.push import counted, figure, idle, register, say
from harness.wait import until

SECRETS = [b"whsec_" + base64.b64encode(b"the newest secret of all, 32 bytes"), b"an older secret, with 32 bytes or more"]
CONFIG = """version: 1
server:
  listen: 127.0.0.1:{port}
  admin: 127.0.0.1:{admin}
  lease: 6s
  log_level: debug
store: "{store}"
state: "{state}"
pipeline:
  - stage: auth
    secret_file: {folder}/secret
  - stage: persist
  - stage: fan_out
  - stage: webhook
    name: pager
    url: {url}
    secret_file: {secrets}
    after: 1s
    lease: 5s
    first_backoff: 1s
    {more}
"""

Post = namedtuple("Post", "headers body at")


class Receiver:
    """What stands at the address: it keeps what comes, and answers as a test wants."""

    def __init__(self):
        self.posts, self.answer = [], lambda post: (204, {})
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                post = Post({name.lower(): value for name, value in self.headers.items()}, body, time.monotonic())
                receiver.posts.append(post)
                status, headers = receiver.answer(post)
                self.send_response(status)
                for name, value in {**headers, "content-length": "0"}.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def daemon(start, receiver, tmp_path):
    secrets = tmp_path / "hook.secret"
    secrets.write_bytes(b"\n".join(SECRETS) + b"\n")
    secrets.chmod(0o600)
    return start(config=CONFIG, url=receiver.url, secrets=secrets, more="")


def signatures(post):
    """What the signatures of a post must be, newest secret first (standardwebhooks.com)."""
    keys = [base64.b64decode(SECRETS[0].removeprefix(b"whsec_")), SECRETS[1]]
    text = f"{post.headers['webhook-id']}.{post.headers['webhook-timestamp']}.".encode() + post.body
    return " ".join("v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode() for key in keys)


def test_who_is_offline_is_told_of_by_one_signed_post_whatever_devices_they_have(daemon, receiver):
    id = say(daemon, "a", "b", "Hello!", name="User A")
    until(lambda: receiver.posts, "a post")
    idle(daemon)
    (post,) = receiver.posts
    body = json.loads(post.body)
    assert body.pop("timestamp").endswith("Z")
    assert body == {
        "type": "PUSH", "messageId": id, "receiverId": "b", "senderId": "a", "senderName": "User A",
        "conversation": "a", "content": "Hello!",
    }
    assert post.headers["webhook-signature"] == signatures(post)
    assert post.headers["webhook-id"] == f"pager_{id}"
    assert abs(int(post.headers["webhook-timestamp"]) - time.time()) < 30


def test_what_fails_is_posted_again_under_the_same_id(daemon, receiver):
    answers = [(429, {"retry-after": "2"}), (503, {})]
    receiver.answer = lambda post: answers.pop(0) if answers else (200, {})
    say(daemon, "a", "b")
    until(lambda: len(receiver.posts) == 3, "three posts", 30)
    idle(daemon)
    assert len({post.headers["webhook-id"] for post in receiver.posts}) == 1
    assert all(post.headers["webhook-signature"] == signatures(post) for post in receiver.posts)
    assert receiver.posts[1].at - receiver.posts[0].at >= 2
    counted(daemon, "sent", 1, service="pager")
    assert figure(daemon, "retries_total", service="pager") == 2


def test_what_is_refused_for_good_is_a_dead_letter(daemon, receiver):
    receiver.answer = lambda post: (422, {})
    say(daemon, "a", "b")
    until(lambda: daemon.rows("SELECT stage, error FROM dead_letters") == [("pager", "push invalid_request: 422")])
    idle(daemon)
    assert len(receiver.posts) == 1


def test_hidden_content_is_not_posted(start, receiver, tmp_path):
    secrets = tmp_path / "hook.secret"
    secrets.write_bytes(SECRETS[1])
    secrets.chmod(0o600)
    daemon = start(config=CONFIG, url=receiver.url, secrets=secrets, more="content: hidden")
    say(daemon, "a", "b", "a very secret thing")
    until(lambda: receiver.posts, "a post")
    assert b"secret" not in receiver.posts[0].body and "secret thing" not in daemon.log


def test_it_stands_beside_fcm_with_an_outbox_of_its_own(start, receiver, tmp_path):
    secrets = tmp_path / "hook.secret"
    secrets.write_bytes(SECRETS[1])
    secrets.chmod(0o600)
    daemon = start(config=CONFIG, url=receiver.url, secrets=secrets, more="\n  - stage: fcm\n    after: 1s")
    register(daemon, "b", "phone")
    say(daemon, "a", "b")
    until(lambda: receiver.posts, "a post")
    # Without credentials FCM's waits.
    until(lambda: daemon.rows("SELECT count(*) FROM push_jobs") == [("1",)], "one waits")
