"""Mosquitto, an MQTT broker: messages of quality of service 1, both ways.

A message of more than 4 KiB leaves it by a WebSocket in two pieces, each in a turn of its own loop: a backlog of such
messages goes out at some ten a second.
"""

import subprocess
from pathlib import Path

from harness.ports import free_port

from .peer import Peer, libraries, program

PROGRAM = Path("/usr/sbin/mosquitto")
# No limit of messages under way or waiting: beyond one, a broker drops what it has acknowledged. This version does not
# start without a listener that is no WebSocket.
CONFIGURATION = """
listener {plain} 127.0.0.1
listener {port} 127.0.0.1
protocol websockets
socket_domain ipv4
allow_anonymous true
set_tcp_nodelay true
max_inflight_messages 0
max_queued_messages 0
persistence true
persistence_location {folder}/
log_type error
log_type warning
"""


class Mosquitto(Peer):
    name = "mosquitto"
    wire = "mqtt"
    refuses_root = True
    guarantee = (
        "acknowledged from memory, which is written to a file every half an hour; a message may come twice; who is not "
        "connected gets nothing of a clean session; the token is not looked at"
    )

    def prepare(self):
        self.configuration = self.folder / "mosquitto.conf"
        self.configuration.write_text(CONFIGURATION.format(plain=free_port(), port=self.port, folder=self.folder))

    def command(self):
        return [program(PROGRAM), "-c", self.configuration]

    def environment(self):
        return libraries(program(PROGRAM))

    @staticmethod
    def version():
        # It tells its version with its usage, and ends as one that was used wrongly.
        own = program(PROGRAM)
        done = subprocess.run([own, "-h"], capture_output=True, text=True, env=libraries(own))
        return done.stdout.splitlines()[0]
