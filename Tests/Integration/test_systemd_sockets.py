"""Sockets that systemd has opened, passed to the daemon by a process that stands in for it."""

import asyncio
import contextlib
import itertools
import os
import re
import signal
import socket
import struct
import subprocess
import threading
from pathlib import Path

import pytest
from harness.activation import activated
from harness.client import connect
from harness.daemon import TEMPLATE, Daemon
from harness.ports import free_port
from harness.traffic import Traffic
from harness.wait import until


@pytest.fixture
def listening():
    """Opens sockets as a socket unit would, and keeps them."""
    with contextlib.ExitStack() as opened:
        yield lambda host="127.0.0.1", **more: opened.enter_context(
            socket.create_server((host, free_port()), **more)
        )


@pytest.fixture
def passing(tmp_path):
    """Makes daemons that are passed sockets."""
    made = []

    def make(*arguments, **settings):
        made.append(activated(tmp_path / f"daemon{len(made)}", *arguments, **settings))
        return made[-1]

    yield make
    for daemon in made:
        daemon.kill()


def waiting_room(listener):
    """How many connections may wait on a listening socket, by the kernel (tcp(7))."""
    return struct.unpack_from("I", listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104), 28)[0]


def talks(daemon):
    async def run():
        async with connect(daemon, "alice") as alice:
            assert (await alice.say("bob", "hello", f"m{os.urandom(4).hex()}"))["type"] == "MESSAGE_SENT"

    asyncio.run(run())


def test_clients_come_by_the_socket_that_was_passed(listening, passing):
    listener = listening(backlog=7)
    assert waiting_room(listener) == 7
    daemon = passing([listener])
    # What it was told by stands in its environment no more: the file would take it for a level that there is not.
    daemon.rewrite(("server:\n", "server:\n  log_level: ${LISTEN_FDS:-info}\n"))
    daemon.start()
    talks(daemon)
    most = int(Path("/proc/sys/net/core/somaxconn").read_text())
    assert waiting_room(listener) == min(4096, most)
    assert daemon.stop() == 0
    # It is still there, and somebody else's to serve.
    socket.create_connection(("127.0.0.1", daemon.port)).close()


def test_several_sockets_are_told_apart_by_their_names(listening, passing, tmp_path):
    first, second, operators = listening(), listening(), listening()
    with socket.socket(socket.AF_UNIX) as local:
        local.bind(str(tmp_path / "clients.sock"))
        local.listen()
        daemon = passing([first, operators, second, local], names="clients:admin:web:local", admin="systemd")
        daemon.admin = operators.getsockname()[1]
        daemon.start()
        talks(daemon)
        daemon.port = second.getsockname()[1]
        talks(daemon)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(tmp_path / "clients.sock"))
            client.sendall(b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 4")
        assert f"unix:{tmp_path}/clients.sock" in daemon.log
        # No process that it would start gets them.
        for place in range(3, 7):
            flags = Path(f"/proc/{daemon.process.pid}/fdinfo/{place}").read_text()
            assert int(re.search(r"flags:\s+(\d+)", flags).group(1), 8) & os.O_CLOEXEC
        assert daemon.stop() == 0
    assert (tmp_path / "clients.sock").exists()


@pytest.mark.parametrize(
    "change", [{"LISTEN_PID": "1"}, {"LISTEN_FDS": "0"}, {"LISTEN_FDS": ""}], ids=["of another process", "none", "no number"]
)
def test_without_a_socket_the_start_fails_at_the_line_of_the_file(listening, passing, change):
    daemon = passing([listening()])
    line = next(number for number, line in enumerate(daemon.config.read_text().splitlines(), 1) if "listen:" in line)
    put = "".join(f"os.environ[{key!r}] = {value!r}\n" for key, value in change.items())
    launcher = daemon.enter[2].replace("os.execv", put + "os.execv")
    command = [*daemon.enter[:2], launcher, *daemon.enter[3:], daemon.binary, "serve", "--config", str(daemon.config)]
    done = subprocess.run(command, pass_fds=daemon.passed, cwd=daemon.folder, capture_output=True, text=True, timeout=20)
    assert done.returncode == 78
    assert done.stderr.startswith(f"{daemon.config}:{line}:11: error: systemd has passed no socket for it: 'systemd' is for")


def test_a_socket_that_does_not_listen_is_a_fault(passing):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(("127.0.0.1", 0))
        daemon = passing([datagrams], names="clients")
        command = [*daemon.enter, daemon.binary, "serve", "--config", str(daemon.config)]
        done = subprocess.run(command, pass_fds=daemon.passed, cwd=daemon.folder, capture_output=True, text=True, timeout=20)
    assert done.returncode == 78
    assert "socket 3 'clients' takes no connections: its unit needs 'ListenStream=' and 'Accept=no'" in done.stderr


def test_a_socket_that_the_file_does_not_ask_for_is_named_and_closed(listening, passing):
    listener = listening()
    daemon = passing([listener], names="clients", listen="127.0.0.1:{port}")
    daemon.port = int(re.search(r"  listen: 127.0.0.1:(\d+)", daemon.config.read_text()).group(1))
    daemon.start()
    assert "warning: systemd has passed socket 3 'clients', which only 'server.listen: systemd' would use" in daemon.log
    inode = f"socket:[{os.fstat(listener.fileno()).st_ino}]"
    assert inode not in [os.readlink(each) for each in Path(f"/proc/{daemon.process.pid}/fd").iterdir()]
    talks(daemon)


def test_a_socket_that_other_machines_reach_is_warned_of(listening, passing):
    daemon = passing([listening("0.0.0.0")])
    daemon.start()
    assert "warning: 'listen' is reached from other machines, and there is no TLS" in daemon.log


def test_the_check_of_a_file_needs_no_socket(passing):
    daemon = passing([])
    assert daemon.command("check", str(daemon.config)).returncode == 0
    done = daemon.command("send", "--config", str(daemon.config), "--as", "alice", "--to", "bob", "hi")
    assert done.returncode == 1 and "give --at HOST:PORT" in done.stderr


def test_no_connection_is_refused_over_restarts_under_load(listening, passing):
    listener = listening(backlog=4096)
    daemon = passing([listener])
    daemon.start()

    def restart():
        assert daemon.stop(signal.SIGTERM) == 0
        daemon.start()

    traffic = Traffic(lambda: socket.create_connection(("127.0.0.1", daemon.port)))
    asyncio.run(traffic.over(restart, times=3))
    traffic.check()


def test_systemds_own_tool_starts_it_with_the_first_connection(tmp_path):
    daemon = Daemon(tmp_path / "daemon", config=TEMPLATE.replace("127.0.0.1:{port}", "systemd"))
    daemon.enter = ["systemd-socket-activate", f"--listen=127.0.0.1:{daemon.port}", "--fdname=clients"]
    listens = threading.Event()

    def knocked():
        """The tool has listened and been knocked at; it starts the daemon then."""
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", daemon.port)).close()
            listens.set()
        return listens.is_set()

    try:
        daemon.start(until=knocked)
        until(daemon.is_ready, "a daemon that is ready")
        talks(daemon)
        assert daemon.stop() == 0
    finally:
        daemon.kill()
