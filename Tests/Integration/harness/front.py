"""HAProxy and nginx in front of nodes, with the files of docs/front: only addresses and paths are a test's own."""

import http.client
import json
import os
import signal
import socket
import subprocess
from pathlib import Path

from . import certificates, tokens
from .client import connect
from .ports import free_port
from .server import Server, children, wait_until

FILES = Path(__file__).parents[3] / "docs" / "front"
NODES = ("10.0.0.1:8080", "10.0.0.2:8080")
ALL = ("haproxy", "nginx")


class Front(Server):
    """A balancer of two nodes, which clients use as they would a node."""

    file = None

    def __init__(self, nodes, *changes):
        """`nodes` have a `port` and an `admin` port; each of `changes` is what stands in the file and what is to."""
        super().__init__()
        self.nodes, self.changes = nodes, changes
        self.plain_port = free_port()
        self.certificates = self.folder / "certs"
        self.certificates.mkdir()
        certificates.write(self.certificates)
        self.trust = certificates.trusting(self.certificates)
        self.write()
        self.start()

    def write(self, *changes):
        """Writes its file."""
        text = (FILES / self.file).read_text()
        for old, new in [*self.changes, *changes, *self.places()]:
            assert old in text, old
            text = text.replace(old, new)
        (self.folder / self.file).write_text(text)

    def check(self):
        """Has it check its file, which has to give it nothing to say."""
        done = subprocess.run(self.checking(), capture_output=True, text=True, cwd="/", timeout=30)
        assert done.returncode == 0 and not done.stderr, done.stderr

    def is_ready(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 5).close()
            return True
        except OSError:
            return False

    @property
    def logged(self):
        """All that it has logged, wherever."""
        return "".join(path.read_text() for path in self.folder.iterdir() if "log" in path.name)

    # What a client of a node asks of it.

    @property
    def url(self):
        return f"wss://127.0.0.1:{self.port}/ws"

    def of(self, user):
        return self

    def connect(self, port):
        return self.trust.wrap_socket(socket.create_connection(("127.0.0.1", port), 10), server_hostname="127.0.0.1")

    def client(self, user, **more):
        """A WebSocket by way of it; `local_addr` says from which address."""
        return connect(self, user, ssl=self.trust, **more)

    def request(self, method, path, body=None, token=None, headers=(), source="127.0.0.1"):
        """A request on a connection of its own, from an address of this machine."""
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.port, context=self.trust, timeout=30, source_address=(source, 0)
        )
        fields = dict(headers)
        if token is not None:
            fields["Authorization"] = f"Bearer {token}"
        try:
            connection.request(method, path, body, fields)
            response = connection.getresponse()
            response.text = response.read().decode()
            return response
        finally:
            connection.close()

    def post(self, user, type, data=None, **more):
        return self.request("POST", "/events", json.dumps({"type": type, "data": data or {}}), tokens.token(user), **more)


class HAProxy(Front):
    kind, file = "haproxy", "haproxy.cfg"

    def places(self):
        (self.certificates / "both.pem").write_bytes(
            b"".join((self.certificates / name).read_bytes() for name in ("sluice.pem", "sluice.key"))
        )
        nodes = [f"127.0.0.1:{node.port} port {node.admin}" for node in self.nodes]
        # Only root can become somebody else.
        account = [] if os.geteuid() == 0 else [(f"    {line}\n", "") for line in (
            "chroot /var/lib/haproxy", "user haproxy", "group haproxy")]
        return [
            *zip(NODES, nodes),
            *account,
            ("/dev/log local0", "stdout format raw local0"),
            ("/run/haproxy/admin.sock", str(self.folder / "admin.sock")),
            ("bind :80\n", f"bind 127.0.0.1:{self.plain_port}\n"),
            ("bind :443 ", f"bind 127.0.0.1:{self.port} "),
            ("/etc/haproxy/certs/", str(self.certificates / "both.pem")),
            # As many as two cores and the limits of a test machine take.
            ("maxconn 40000", "maxconn 2000"),
            ("maxconn 20000", "maxconn 1000"),
        ]

    def command(self):
        return ["haproxy", "-db", "-f", str(self.folder / self.file)]

    def checking(self):
        # A warning is an error.
        return ["haproxy", "-dW", "-c", "-f", str(self.folder / self.file)]

    def ask(self, command):
        """What it answers on its own socket."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.folder / "admin.sock"))
            connection.sendall(f"{command}\n".encode())
            return b"".join(iter(lambda: connection.recv(65536), b"")).decode()


class Nginx(Front):
    kind, file = "nginx", "nginx.conf"
    main = """daemon off;
pid {folder}/pid;
error_log stderr;
{user}
worker_processes 2;
worker_shutdown_timeout 60s;
events {{ worker_connections 1000; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/nginx.conf;
}}
"""

    def places(self):
        user = "user root;" if os.geteuid() == 0 else ""
        (self.folder / "main.conf").write_text(self.main.format(folder=self.folder, user=user))
        return [
            *zip(NODES, [f"127.0.0.1:{node.port}" for node in self.nodes]),
            ("listen 80;", f"listen 127.0.0.1:{self.plain_port};"),
            ("listen 443 ", f"listen 127.0.0.1:{self.port} "),
            ("/etc/nginx/certs", str(self.certificates)),
            ("/var/log/nginx", str(self.folder)),
        ]

    def command(self):
        return ["nginx", "-e", "stderr", "-c", str(self.folder / "main.conf")]

    def checking(self):
        return [*self.command(), "-t", "-q"]

    def reload(self, *changes):
        """Changes its file and has it read that; returns when no connection is taken by the old one."""
        self.write(*changes)
        old = children(self.process.pid)
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: all(map(is_leaving, old)), "nginx has read its file")


def is_leaving(pid):
    """Whether a worker of nginx takes no new connections."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return True
    return command == b"" or b"shutting down" in command


KINDS = {"haproxy": HAProxy, "nginx": Nginx}
