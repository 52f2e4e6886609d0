"""Sockets that are passed to a daemon when it starts, as systemd does it (sd_listen_fds(3)), and the socket that it tells how
it is (sd_notify(3)): this process in place of systemd."""

import os
import socket
import sys
import time

from .daemon import TEMPLATE, Daemon

# Starts a command with descriptors in the places where it looks for them.
LAUNCHER = """
import fcntl, os, sys
passed, names, command = [int(each) for each in sys.argv[1].split(",")], sys.argv[2], sys.argv[3:]
# Out of the way first: one may be where another is to be.
aside = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, 100) for each in passed]
for each in passed:
    os.close(each)
for number, each in enumerate(aside):
    os.dup2(each, 3 + number)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(passed)))
if names:
    os.environ["LISTEN_FDNAMES"] = names
os.execv(command[0], command)
"""


def activated(folder, sockets, names="", listen="systemd", admin="127.0.0.1:{admin}", **settings):
    """A daemon that is passed sockets; not started yet. The first is the one that its clients go to."""
    config = TEMPLATE.replace("127.0.0.1:{port}", listen).replace("127.0.0.1:{admin}", admin)
    daemon = Daemon(folder, config=config, **settings)
    daemon.passed = tuple(one.fileno() for one in sockets)
    daemon.enter = (sys.executable, "-c", LAUNCHER, ",".join(map(str, daemon.passed)), names)
    if sockets and sockets[0].family == socket.AF_INET:
        daemon.port = sockets[0].getsockname()[1]
    return daemon


class Systemd:
    """Hears what a daemon tells."""

    def __init__(self, folder, watchdog=None):
        self.path = folder / "notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.environment = {"NOTIFY_SOCKET": str(self.path)}
        if watchdog:
            self.environment["WATCHDOG_USEC"] = str(int(watchdog * 1e6))

    def next(self, seconds=10):
        """The next datagram, as a dictionary; None where none comes in time."""
        self.socket.settimeout(seconds)
        try:
            text = self.socket.recv(8192).decode()
        except TimeoutError:
            return None
        return dict(line.split("=", 1) for line in text.split("\n"))

    def expect(self, name, seconds=15):
        """The next datagram with a name."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            told = self.next(max(0.01, deadline - time.monotonic()))
            if told and name in told:
                return told
        raise AssertionError(f"{name} was not told within {seconds} s")

    def hears_nothing_of(self, name, seconds):
        """Whether no datagram with a name comes for so long."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            told = self.next(left)
            if told and name in told:
                return False
        return True

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()
