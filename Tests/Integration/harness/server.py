"""What private servers have in common: a folder, a port, a life, and the ways to disturb it."""

import atexit
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from .ports import free_port

PATIENCE = 30


def wait_until(condition, what, seconds=PATIENCE):
    """Looks every few milliseconds until the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        select.select([], [], [], 0.01)


def children(pid):
    """The processes that a process has started itself; none where it has ended."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[1]) == pid and fields[0] != "Z":
                found.append(int(entry.name))
    return found


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in ("Z", "X")
    except OSError:
        return False


class Server:
    """A server of this process: started by `start`, gone with its folder after `close`, at the latest at exit."""

    kind = "server"

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix=f"sluice-{self.kind}-"))
        self.port = free_port()
        self.process = None
        atexit.register(self.close)

    def command(self):
        raise NotImplementedError

    def is_ready(self):
        raise NotImplementedError

    @property
    def log(self):
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True
            )
        wait_until(self.has_settled, f"the {self.kind} is ready")
        assert self.is_running, f"the {self.kind} has ended:\n{self.log}"
        return self

    def has_settled(self):
        return not self.is_running or self.is_ready()

    def processes(self):
        """The server's own process first, then those that it has started."""
        return [self.process.pid, *children(self.process.pid)] if self.is_running else []

    def send(self, number, pids):
        for pid in pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def pause(self):
        """Stops every process of it, the first before the others, so that no new one escapes."""
        if self.is_running:
            self.send(signal.SIGSTOP, [self.process.pid])
            self.send(signal.SIGSTOP, self.processes()[1:])

    def resume(self):
        self.send(signal.SIGCONT, reversed(self.processes()))

    def kill(self):
        """Ends it at once (kill -9), as a crash of its machine would."""
        if not self.is_running:
            return
        self.pause()
        pids = self.processes()
        self.send(signal.SIGKILL, reversed(pids))
        self.process.wait()
        wait_until(lambda: not any(map(is_running, pids)), f"the {self.kind} is gone")

    def stop(self, how=signal.SIGTERM):
        """Ends it as its operator would."""
        if self.is_running:
            self.resume()
            self.process.send_signal(how)
            self.process.wait(PATIENCE)

    def restart(self, how=signal.SIGTERM):
        self.stop(how)
        self.start()

    def close(self):
        self.kill()
        atexit.unregister(self.close)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()
