"""NATS with JetStream: a stream of all messages in files, a durable consumer for each user."""

import json
import socket
from pathlib import Path

from harness.ports import free_port

from .peer import Peer, answers, program, said

PROGRAM = Path("/usr/sbin/nats-server")
CONFIGURATION = """
listen: "127.0.0.1:{clients}"
websocket {{ listen: "127.0.0.1:{port}", no_tls: true }}
jetstream {{ store_dir: "{folder}/jetstream" }}
"""
STREAM = {"name": "chat", "subjects": ["chat.*"], "storage": "file", "num_replicas": 1}


class NATS(Peer):
    name = "nats-jetstream"
    wire = "nats"
    guarantee = (
        "acknowledged when written to a file, by default synced every two minutes only; idempotent for two minutes, "
        "in order, the rest by each user's consumer; clients are not authenticated"
    )

    def prepare(self):
        self.clients = free_port()
        self.configuration = self.folder / "nats.conf"
        text = CONFIGURATION.format(clients=self.clients, port=self.port, folder=self.folder)
        self.configuration.write_text(text)

    def command(self):
        return [program(PROGRAM), "--config", self.configuration]

    def is_ready(self):
        return answers(self.port) and answers(self.clients)

    def launch(self):
        super().launch()
        self.make_stream()

    def make_stream(self):
        """Asks for the stream, as the server's operator would."""
        body = json.dumps(STREAM)
        request = f"SUB made 1\r\nPUB $JS.API.STREAM.CREATE.{STREAM['name']} made {len(body)}\r\n{body}\r\n"
        with socket.create_connection(("127.0.0.1", self.clients), 30) as connection:
            connection.settimeout(30)
            connection.sendall(f'CONNECT {{"verbose":false}}\r\n{request}'.encode())
            with connection.makefile("rb") as lines:
                for line in lines:
                    if line.startswith(b"MSG made "):
                        answer = json.loads(lines.readline())
                        assert "error" not in answer, answer
                        return
        raise ConnectionError("the server has closed the connection")

    @staticmethod
    def version():
        return said(program(PROGRAM), "--version").replace(": v", " ")
