"""A machine of a test's own: Debian with systemd as its first process, in a container (systemd-nspawn(1)) whose network is only
its own.

The tree that it boots is made once (debootstrap(8)) and kept under `.build/machine`; what a machine changes lies in memory, and
is gone with it. Needs root; `obstacle()` says why there can be none where there can't.
"""

import concurrent.futures
import contextlib
import ctypes
import fcntl
import hashlib
import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from .daemon import BINARY, ROOT

KEPT = ROOT / ".build/machine"
# systemd, and what the daemon's binary is linked with.
PACKAGES = (
    "systemd", "systemd-sysv", "dbus", "libhiredis0.14", "libpq5", "libsqlite3-0", "libssl3", "libstdc++6",
    "libyaml-0-2", "zlib1g",
)
SUITE = "bookworm"
# A console and the housekeeping of a machine that lasts.
UNUSED = (
    "apt-daily-upgrade.timer", "apt-daily.timer", "console-getty.service", "dpkg-db-backup.timer", "e2scrub_all.timer",
    "systemd-logind.service",
)
CLEAN = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}


def obstacle():
    """Why no machine can be booted here; None where one can."""
    if os.geteuid() != 0:
        return "a machine is booted by root alone"
    if subprocess.run(["unshare", "--mount", "--net", "--pid", "--fork", "true"], capture_output=True).returncode:
        return "namespaces can't be made here"
    # Tools that are missing are no obstacle: they can be installed, and a test that wants for one fails.
    return None


def tree(packages=PACKAGES, suite=SUITE):
    """The folder of a Debian, made where it is not there yet."""
    name = hashlib.sha256(" ".join((suite, *sorted(packages), *UNUSED)).encode()).hexdigest()[:12]
    KEPT.mkdir(parents=True, exist_ok=True)
    with open(KEPT / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = KEPT / f"{suite}-{name}"
        if not made.exists():
            begun = KEPT / "unfinished"
            shutil.rmtree(begun, ignore_errors=True)
            options = ["--variant=minbase", f"--include={','.join(packages)}"]
            with open(KEPT / "log", "w") as log:
                subprocess.run(["debootstrap", *options, suite, begun], check=True, stdout=log, stderr=log)
            for unit in UNUSED:
                (begun / "etc/systemd/system" / unit).symlink_to("/dev/null")
            shutil.rmtree(begun / "var/cache/apt/archives", ignore_errors=True)
            begun.rename(made)
        return made


def libraries_of_swift(binary):
    """The folder that a binary has Swift's libraries from; None where they are linked into it."""
    found = re.search(r"=> (/\S+)/libswiftCore\.so", subprocess.run(["ldd", binary], capture_output=True, text=True).stdout)
    return found and found.group(1)


class Machine:
    """Boots when it is made. `binary`, where it is given, is at /usr/bin/sluice; `packages` are those of its tree."""

    names = itertools.count(1)

    def __init__(self, binary=BINARY, packages=PACKAGES):
        binds = []
        self.listeners = []
        if binary:
            binds.append(f"--bind-ro={Path(binary).resolve()}:/usr/bin/sluice")
            libraries = libraries_of_swift(binary)
            binds += [f"--bind-ro={libraries}"] if libraries else []
        # Its console goes to a file, which says what happened where it does not come up.
        self.console = tempfile.TemporaryFile()
        command = [
            # Told to end where this process does without having told it.
            *("setpriv", "--pdeathsig", "TERM"),
            *("systemd-nspawn", "--quiet", f"--directory={tree(packages)}", "--volatile=overlay", "--boot"),
            *("--private-network", "--register=no", "--keep-unit", "--link-journal=no"),
            f"--machine=sluice-{os.getpid()}-{next(self.names)}",
        ]
        self.process = subprocess.Popen(
            [*command, *binds], stdin=subprocess.DEVNULL, stdout=self.console, stderr=self.console
        )
        try:
            self.first = self.wait_for(self.leader, "a first process")
            self.enter = ["nsenter", f"--target={self.first}", "--all"]
            self.wait_for(self.is_up, "a machine that is up")
            self.network = concurrent.futures.ThreadPoolExecutor(1, initializer=self.move_thread)
        except BaseException:
            self.close()
            raise

    def log(self):
        self.console.seek(0)
        return self.console.read().decode(errors="replace")

    def wait_for(self, condition, what, seconds=60):
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            assert self.process.poll() is None and time.monotonic() < deadline, f"there is not {what}:\n{self.log()}"
            time.sleep(0.05)
        return found

    def leader(self):
        """The machine's first process, as this one sees it."""
        for child in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split():
            with contextlib.suppress(OSError):
                if Path(f"/proc/{child}/comm").read_text() == "systemd\n":
                    return int(child)
        return None

    def is_up(self):
        done = self.run("systemctl", "is-system-running", check=False)
        return done.stdout.strip() in ("running", "degraded")

    def move_thread(self):
        """Moves a thread into the machine's network (setns(2)): sockets that it makes are there."""
        with open(f"/proc/{self.first}/ns/net") as network:
            library = ctypes.CDLL(None, use_errno=True)
            assert library.setns(network.fileno(), 0x40000000) == 0, os.strerror(ctypes.get_errno())

    def connect(self, port, host="127.0.0.1"):
        """A connection within the machine."""
        return self.network.submit(socket.create_connection, (host, port)).result()

    def lead_out(self, port):
        """Has a port within lead to the same port outside, as long as there is the machine: for servers of a test."""
        listener = self.network.submit(socket.create_server, ("127.0.0.1", port)).result()
        self.listeners.append(listener)

        def carry(source, target):
            with contextlib.suppress(OSError):
                while data := source.recv(65536):
                    target.sendall(data)
            with contextlib.suppress(OSError):
                target.shutdown(socket.SHUT_WR)

        def take():
            # Ends with the listener.
            with contextlib.suppress(OSError):
                while True:
                    inside, _ = listener.accept()
                    outside = socket.create_connection(("127.0.0.1", port))
                    for pair in ((inside, outside), (outside, inside)):
                        threading.Thread(target=carry, args=pair, daemon=True).start()

        threading.Thread(target=take, daemon=True).start()

    def run(self, *command, check=True, input=None, seconds=60):
        """Runs a command within."""
        done = subprocess.run(
            [*self.enter, *map(str, command)], env=CLEAN, input=input, capture_output=True, text=True, timeout=seconds
        )
        assert not check or done.returncode == 0, f"{' '.join(map(str, command))}: {done.stdout}{done.stderr}"
        return done

    def path(self, path):
        """A path within, for use outside; a link on its way would lead outside too."""
        return Path(f"/proc/{self.first}/root") / path.lstrip("/")

    def write(self, path, text, mode=0o644):
        """Puts a file in its place as a whole."""
        there = self.path(path)
        there.parent.mkdir(parents=True, exist_ok=True)
        new = there.with_name(there.name + ".new")
        new.write_bytes(text if isinstance(text, bytes) else text.encode())
        new.chmod(mode)
        new.replace(there)

    def show(self, unit, name):
        """A property of a unit."""
        return self.run("systemctl", "show", "--value", f"--property={name}", unit).stdout.strip()

    def journal(self, *more):
        return self.run("journalctl", "--no-pager", "--output=cat", *more).stdout

    def close(self):
        for listener in self.listeners:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        if hasattr(self, "network"):
            self.network.shutdown()
        # Nothing in it is needed any more: without its first process all others are gone, and so is who looks after them. Killing
        # that one would leave the machine running.
        first = self.process.poll() is None and (getattr(self, "first", None) or self.leader())
        if first:
            os.kill(first, signal.SIGKILL)
        else:
            self.process.terminate()
        self.process.wait(30)
        self.console.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()
