"""A real daemon: the built binary, with a configuration, a store and ports of its own."""

import http.client
import json
import os
import re
import select
import signal
import socket
import subprocess
import time
from pathlib import Path

from . import tokens
from .ports import free_port

ROOT = Path(__file__).resolve().parents[3]
BINARY = os.environ.get("SLUICE_BINARY", str(ROOT / ".build/debug/sluice"))

TEMPLATE = """version: 1
server:
  listen: 127.0.0.1:{port}
  admin: 127.0.0.1:{admin}
  cors: {{ origins: ["https://app.example"] }}
  limits: {{ {limits} }}
  handshake_timeout: {handshake_timeout}
  ping_interval: {ping_interval}
  drain: 4s
store: "{store}"
state: "{state}"
{top}
pipeline:
  - stage: auth
    secret_file: {folder}/secret
  - stage: rate_limit
    rate: {rate}
    burst: {burst}
  - stage: dedup
    enabled: {dedup}
  - stage: persist
    {persist}
  - stage: fan_out
  - stage: presence
    offline_after: {offline_after}
"""

DEFAULTS = {
    "store": "sqlite:{folder}/store.db",
    "state": "memory:",
    "limits": "max_frame: 64KiB",
    "handshake_timeout": "10s",
    "ping_interval": "25s",
    "rate": "100000/s",
    "burst": "100000",
    "dedup": "true",
    "persist": "who_may_message: anyone",
    "top": "",
    "offline_after": "1s",
}


class Daemon:
    def __init__(self, folder, binary=BINARY, config=None, enter=(), connect=None, **settings):
        """`enter` is what the command that starts it begins with, `connect` makes connections to its ports."""
        folder.mkdir()
        self.folder, self.binary, self.enter = folder, binary, enter
        # Descriptors that it inherits, and what its environment has besides this process's.
        self.passed, self.environment = (), {}
        self.connect = connect or (lambda port: socket.create_connection(("127.0.0.1", port)))
        self.port, self.admin = free_port(), free_port()
        (folder / "secret").write_bytes(tokens.SECRET)
        (folder / "secret").chmod(0o600)
        values = {**DEFAULTS, **settings, "folder": folder, "port": self.port, "admin": self.admin}
        values["store"] = values["store"].format(folder=folder)
        self.config = folder / "pipeline.yaml"
        self.config.write_text((config or TEMPLATE).format(**values))
        self.process = None

    def of(self, user):
        """The daemon that a user goes to: this one."""
        return self

    @property
    def url(self):
        return f"ws://127.0.0.1:{self.port}/ws"

    @property
    def log(self):
        return (self.folder / "log").read_text()

    def start(self, until=None):
        """Starts it, and waits until it is ready, or until another condition holds."""
        until = until or self.is_ready
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [*self.enter, self.binary, "serve", "--config", str(self.config)],
                stderr=log, stdout=log, cwd=self.folder, pass_fds=self.passed, env={**os.environ, **self.environment},
            )
        deadline = time.monotonic() + 20
        while not until():
            assert self.process.poll() is None, f"the daemon has ended:\n{self.log}"
            assert time.monotonic() < deadline, f"the daemon is not ready:\n{self.log}"
            select.select([], [], [], 0.02)

    def is_ready(self):
        try:
            return self.get("/readyz", port=self.admin).status == 200
        except OSError:
            return False

    def is_alive(self):
        try:
            return self.get("/healthz", port=self.admin).status == 200
        except OSError:
            return False

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def stop(self, how=signal.SIGTERM):
        """Ends the daemon as an operator would; gives its exit code."""
        self.process.send_signal(how)
        return self.process.wait(timeout=20)

    def request(self, method, path, body=None, token=None, port=None, headers=()):
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port)
        connection.sock = self.connect(port or self.port)
        connection.sock.settimeout(10)
        fields = dict(headers)
        if token is not None:
            fields["Authorization"] = f"Bearer {token}"
        connection.request(method, path, body, fields)
        response = connection.getresponse()
        response.text = response.read().decode()
        connection.close()
        return response

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, event, token):
        return self.request("POST", "/events", json.dumps(event), token)

    def metric(self, name):
        text = self.get("/metrics", port=self.admin).text
        found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.M)
        assert found, f"there is no {name}"
        return float(found.group(1))

    def pipeline(self):
        """What `/pipeline` says."""
        return json.loads(self.get("/pipeline", port=self.admin).text)

    def stage(self, name):
        """What `/pipeline` says of a stage."""
        return next(stage for stage in self.pipeline()["stages"] if stage["name"] == name)

    @property
    def revision(self):
        return self.pipeline()["revision"]

    def write(self, text):
        """Puts another file in the place of its own, as a whole."""
        new = self.config.with_suffix(".new")
        new.write_text(text)
        new.replace(self.config)

    def rewrite(self, *changes):
        """Changes its file: each pair is what stands there and what is to."""
        text = self.config.read_text()
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        self.write(text)

    def reload(self, *changes):
        """Changes its file and puts it in force; gives the revision."""
        self.rewrite(*changes)
        done = self.command("reload")
        assert done.returncode == 0, done.stderr
        return int(re.match(r"revision (\d+) is in force\n", done.stdout).group(1))

    def memory(self):
        """Resident memory in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) * 1024

    def command(self, *arguments, **more):
        return subprocess.run(
            [self.binary, *arguments], cwd=self.folder, capture_output=True, text=True, timeout=30, **more
        )
