"""A stand-in for FCM's HTTP v1 and Google's token server: as strict as they are, and as bad as a test wants it.

It speaks cleartext HTTP/1.1 or, with a certificate, HTTP/2 and HTTP/1.1 by ALPN. Assertions are verified by PyJWT.
"""

import asyncio
import collections
import functools
import json
import re
import secrets
import ssl
import threading
import time
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from . import certificates

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
PROJECT = "sluice-test"
EMAIL = "push@sluice-test.iam.gserviceaccount.com"
FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
STATUS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
          429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE"}
MEMBERS = {"name", "data", "notification", "android", "webpush", "apns", "fcm_options", "token"}


@dataclass
class Answer:
    """What a request gets: a status with a body, or `how`: "reset", "goaway" or "hang"."""

    status: int = 200
    body: dict | None = None
    headers: dict = field(default_factory=dict)
    delay: float = 0
    how: str = ""


def fault(status, code=None, field=None, **headers):
    """An error as FCM gives it: with an FcmError of a code, with a field that is wrong, or with neither."""
    details = []
    if code:
        details.append({"@type": FCM_ERROR, "errorCode": code})
    if field:
        details.append({"@type": BAD_REQUEST, "fieldViolations": [{"field": field, "description": f"Invalid {field}"}]})
    error = {"code": status, "message": "text", "status": STATUS.get(status, "UNKNOWN"), "details": details}
    named = {name.replace("_", "-"): str(value) for name, value in headers.items()}
    return Answer(status, {"error": error}, named)


@dataclass
class Push:
    """A request to send, as it came."""

    token: str
    message: dict
    is_dry: bool
    at: float
    connection: int
    version: str
    answer: Answer = None

    @property
    def is_sent(self):
        return not self.is_dry and self.answer is not None and self.answer.status == 200 and not self.answer.how

    @property
    def id(self):
        return self.message["data"]["messageId"]


@functools.cache
def key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def write_account(path, **changes):
    """Writes the file of a service account; gives its path."""
    pem = key().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    account = {
        "type": "service_account", "project_id": PROJECT, "private_key_id": "key1", "private_key": pem.decode(),
        "client_email": EMAIL, "token_uri": "https://oauth2.googleapis.com/token", **changes,
    }
    path.write_text(json.dumps(account))
    path.chmod(0o600)
    return path


class Fcm:
    """Runs from its making until `close`. `answer` may be set to a function of a Push that gives an Answer, or None for
    what is usual; `token_answer` likewise for the token server."""

    def __init__(self, folder, tls=False, port=0, lifetime=3600, names=()):
        folder.mkdir(exist_ok=True)
        self.folder, self.is_tls, self.lifetime = folder, tls, lifetime
        self.answer = self.token_answer = lambda request: None
        self.pushes, self.grants, self.faults = [], [], []
        self.tokens = {}
        self.connections = 0
        self.streams = collections.Counter()
        self.streams_max = 0
        self.writers = set()
        self.changed = threading.Condition()
        self.loop = asyncio.new_event_loop()
        context = None
        if tls:
            certificates.write(folder, "fcm", names=names)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(folder / "fcm.pem", folder / "fcm.key")
            context.set_alpn_protocols(["h2", "http/1.1"] if tls is True else [tls])
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        start = asyncio.start_server(self.serve, "127.0.0.1", port, ssl=context, backlog=512)
        self.server = self.call(start)
        self.port = self.server.sockets[0].getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.audience = f"{self.url}/token"

    def call(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)

    def close(self):
        async def end():
            self.server.close()
            for writer in list(self.writers):
                writer.transport.abort()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            await asyncio.sleep(0)

        self.call(end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    @property
    def environment(self):
        """What a daemon needs to believe its certificate."""
        return {"SSL_CERT_FILE": str(self.folder / "fcm.pem")} if self.is_tls else {}

    def credentials(self, **changes):
        """Writes a service account's file; gives its path."""
        return write_account(self.folder / "fcm.json", **{"token_uri": f"{self.url}/token", **changes})

    # What a test looks at.

    def sent(self, token=None):
        """The pushes that were taken, in their order."""
        return [push for push in list(self.pushes) if push.is_sent and token in (None, push.token)]

    def asked(self, token=None):
        """All that was asked for, whatever the answer."""
        return [push for push in list(self.pushes) if token in (None, push.token)]

    def wait(self, condition, what="what was waited for", seconds=20):
        """Waits until a condition holds, looking whenever something has come."""
        deadline = time.monotonic() + seconds
        with self.changed:
            while not (found := condition()):
                assert time.monotonic() < deadline, f"{what} did not come about within {seconds} s; {self.faults}"
                self.changed.wait(0.1)
        return found

    def note(self):
        with self.changed:
            self.changed.notify_all()

    def revoke(self):
        """Makes all tokens given so far worthless."""
        self.tokens.clear()

    # What it answers.

    def respond(self, method, path, headers, body, connection, version):
        """The answer to a request, and the push that it was, if it was one."""
        if method != "POST":
            return fault(404), None
        if path == "/token":
            answer = self.grant(body, headers)
            self.note()
            return answer, None
        if path != f"/v1/projects/{PROJECT}/messages:send":
            return Answer(404, {"error": "no such path"}), None
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        if self.tokens.get(bearer, 0) < time.monotonic():
            return fault(401), None
        try:
            request = json.loads(body)
            wrong = self.violation(request)
        except (ValueError, AttributeError, TypeError) as error:
            self.faults.append(repr(error))
            return fault(400, field="message"), None
        if wrong:
            self.faults.append(wrong)
            return fault(400, field=wrong), None
        message = request["message"]
        dry = request.get("validate_only", False)
        push = Push(message["token"], message, dry, time.monotonic(), connection, version)
        push.answer = self.answer(push) or Answer(200, {"name": f"projects/{PROJECT}/messages/{secrets.token_hex(8)}"})
        self.pushes.append(push)
        return push.answer, push

    def grant(self, body, headers):
        fields = dict(part.split("=", 1) for part in body.decode().split("&"))
        self.grants.append(fields.get("assertion", ""))
        given = self.token_answer(fields)
        if given:
            return given
        if fields.get("grant_type", "").replace("%3A", ":") != GRANT:
            return Answer(400, {"error": "unsupported_grant_type"})
        try:
            assert headers.get("content-type") == "application/x-www-form-urlencoded", "content-type"
            claims = jwt.decode(
                fields["assertion"], key().public_key(), algorithms=["RS256"], audience=self.audience,
                issuer=EMAIL, leeway=10, options={"require": ["exp", "iat", "aud", "iss"]},
            )
            assert claims["scope"] == SCOPE, "scope"
            assert 0 < claims["exp"] - claims["iat"] <= 3600, "exp"
            assert jwt.get_unverified_header(fields["assertion"])["kid"] == "key1", "kid"
        except (jwt.PyJWTError, AssertionError, KeyError) as error:
            self.faults.append(f"assertion: {error!r}")
            return Answer(400, {"error": "invalid_grant", "error_description": "Invalid JWT"})
        token = "ya29." + secrets.token_urlsafe(24)
        self.tokens[token] = time.monotonic() + self.lifetime
        return Answer(200, {"access_token": token, "expires_in": self.lifetime, "token_type": "Bearer"})

    def violation(self, request):
        """The field of a request that FCM would find fault with; None where it finds none."""
        if set(request) - {"message", "validate_only"}:
            return "request"
        message = request["message"]
        if set(message) - MEMBERS or not isinstance(message.get("token"), str):
            return "message"
        for name, value in message.get("data", {}).items():
            if not isinstance(value, str) or re.match(r"from$|message_type$|google|gcm", name):
                return f"message.data[{name}].value"
        if any(not isinstance(message["notification"][name], str) for name in ("title", "body")):
            return "message.notification"
        android = message.get("android", {})
        if not re.fullmatch(r"\d+(\.\d+)?s", android.get("ttl", "0s")):
            return "message.android.ttl"
        if not re.fullmatch(r"HIGH|NORMAL", android.get("priority", "HIGH")):
            return "message.android.priority"
        for block in ("apns", "webpush"):
            if any(not isinstance(value, str) for value in message.get(block, {}).get("headers", {}).values()):
                return f"message.{block}.headers"
        counted = {name: message[name] for name in ("data", "notification") if name in message}
        if len(json.dumps(counted, ensure_ascii=False, separators=(",", ":")).encode()) > 4096:
            return "message"
        return None

    # How it speaks.

    async def serve(self, reader, writer):
        self.connections += 1
        number = self.connections
        self.writers.add(writer)
        protocol = writer.get_extra_info("ssl_object") and writer.get_extra_info("ssl_object").selected_alpn_protocol()
        try:
            await (self.serve_h2 if protocol == "h2" else self.serve_h1)(reader, writer, number)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, h2.exceptions.ProtocolError):
            pass
        finally:
            self.writers.discard(writer)
            writer.close()

    async def serve_h1(self, reader, writer, number):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, path, _ = head[0].split(" ")
            headers = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in head[1:] if line)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            answer, _ = self.respond(method, path, headers, body, number, "1.1")
            self.note()
            await asyncio.sleep(answer.delay)
            if answer.how == "hang":
                await asyncio.sleep(3600)
            if answer.how:
                return writer.transport.abort()
            text = json.dumps(answer.body or {}).encode()
            fields = {"content-type": "application/json", "content-length": len(text), **answer.headers}
            lines = [f"HTTP/1.1 {answer.status} Status", *(f"{name}: {value}" for name, value in fields.items())]
            writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + text)
            await writer.drain()

    async def serve_h2(self, reader, writer, number):
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        connection.initiate_connection()
        writer.write(connection.data_to_send())
        heads, bodies = {}, collections.defaultdict(bytearray)
        while data := await reader.read(65536):
            for event in connection.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    heads[event.stream_id] = dict(event.headers)
                    self.streams[number] += 1
                    self.streams_max = max(self.streams_max, self.streams[number])
                elif isinstance(event, h2.events.DataReceived):
                    bodies[event.stream_id] += event.data
                    connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded):
                    head, body = heads.pop(event.stream_id), bytes(bodies.pop(event.stream_id, b""))
                    answer, _ = self.respond(head[":method"], head[":path"], head, body, number, "2")
                    self.note()
                    work = self.answer_h2(connection, writer, event.stream_id, answer, number)
                    if answer.delay or answer.how:
                        asyncio.ensure_future(work)
                    else:
                        await work
                elif isinstance(event, h2.events.StreamReset):
                    self.streams[number] -= 1
            writer.write(connection.data_to_send())
            await writer.drain()

    async def answer_h2(self, connection, writer, stream, answer, number):
        await asyncio.sleep(answer.delay)
        if answer.how == "hang":
            await asyncio.sleep(3600)
        if answer.how == "goaway":
            # What came on this stream was not looked at, says a last stream before it.
            connection.close_connection(h2.errors.ErrorCodes.NO_ERROR, last_stream_id=stream - 2)
            writer.write(connection.data_to_send())
            await writer.drain()
            return writer.close()
        if answer.how:
            return writer.transport.abort()
        text = json.dumps(answer.body or {}).encode()
        fields = [(":status", str(answer.status)), ("content-type", "application/json"), *answer.headers.items()]
        self.streams[number] -= 1
        try:
            connection.send_headers(stream, fields)
            connection.send_data(stream, text, end_stream=True)
        except h2.exceptions.ProtocolError:
            return
        writer.write(connection.data_to_send())
