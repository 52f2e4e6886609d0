"""A daemon's control socket without its tools."""

import http.client
import json
import os
import socket


class ControlConnection(http.client.HTTPConnection):
    def __init__(self, daemon, seconds=30):
        super().__init__("control", timeout=seconds)
        self.path = daemon.folder / "var/control.sock"

    def connect(self):
        # By way of a descriptor, since the path of a socket must be short.
        here = os.open(self.path, os.O_PATH)
        try:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(self.timeout)
            self.sock.connect(f"/proc/self/fd/{here}")
        finally:
            os.close(here)


def ask(daemon, method, path):
    """The status and the body of an answer."""
    connection = ControlConnection(daemon)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        text = response.read()
        return response.status, json.loads(text) if text else None
    finally:
        connection.close()
