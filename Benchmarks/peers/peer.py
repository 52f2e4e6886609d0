"""What the peers have in common: a folder, a process, and where their programs are."""

import atexit
import contextlib
import os
import signal
import socket
import subprocess
from pathlib import Path

from harness.ports import free_port
from harness.postgres import hand_over, unprivileged
from harness.server import PATIENCE, children, is_running, wait_until

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# What install.sh unpacks, as it would lie under /.
UNPACKED = ROOT / ".build/peers/root"


def program(path):
    """A file where Debian installs it, else where install.sh has unpacked it."""
    return path if path.exists() else UNPACKED / path.relative_to("/")


def libraries(own):
    """The environment in which a program finds its libraries: of one that was unpacked, those beside it."""
    if not own.is_relative_to(UNPACKED):
        return {}
    return {"LD_LIBRARY_PATH": f"{UNPACKED}/usr/lib/x86_64-linux-gnu:{UNPACKED}/lib/x86_64-linux-gnu"}


def answers(port):
    """Whether somebody listens on a port of this machine."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


class Peer:
    """A server of others. `wire` is what `sluice bench --wire` calls its protocol; `guarantee` says what an
    acknowledgement means here."""

    name = "peer"
    wire = "websocket"
    guarantee = ""
    # Whether it must not run as root, or would give up what root may by itself.
    refuses_root = False

    def __init__(self, folder, postgres, redis, secret_file):
        self.folder, self.postgres, self.redis = Path(folder), postgres, redis
        self.secret_file = Path(secret_file)
        self.port = free_port()
        self.process = None

    @property
    def ports(self):
        return (self.port,)

    def prepare(self):
        """Writes what the server reads when it starts."""

    def command(self):
        raise NotImplementedError

    def environment(self):
        """What its environment has besides this process's."""
        return {}

    def is_ready(self):
        return answers(self.port)

    def start(self):
        """Returns when it answers; where it does not, nothing of it stays."""
        atexit.register(self.stop)
        try:
            self.launch()
        except BaseException:
            self.stop()
            raise

    def launch(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.prepare()
        if self.refuses_root:
            for path in (self.folder, *self.folder.rglob("*")):
                hand_over(path)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                unprivileged(*self.command()) if self.refuses_root else self.command(),
                env={**os.environ, "HOME": str(self.folder), **self.environment()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
            )
        wait_until(lambda: self.process.poll() is not None or self.is_ready(), f"{self.name} answers", 60)
        assert self.process.poll() is None, f"{self.name} has ended:\n{self.log.read_text(errors='replace')}"

    @property
    def log(self):
        return self.folder / "log"

    def processes(self):
        """Its own process and all that have come of it."""
        if self.process is None or self.process.poll() is not None:
            return {"server": []}
        found = [self.process.pid]
        for pid in found:
            found += children(pid)
        return {"server": found}

    def stop(self):
        """Ends it as its operator would, or at once where that takes too long; none of its processes stays."""
        pids = self.processes()["server"]
        if pids:
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(PATIENCE)
        for pid in filter(is_running, pids):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.process:
            self.process.wait()
        atexit.unregister(self.stop)
        wait_until(lambda: not any(map(is_running, pids)), f"{self.name} is gone")

    @staticmethod
    def version():
        raise NotImplementedError

    @classmethod
    def install(cls):
        """Gets what it needs; what is there already stays."""
        subprocess.run([HERE / "install.sh", cls.name], check=True)


class Chat(Peer):
    """A chat written for this suite, on PostgreSQL and Redis: `program` is called with its port, the secret and where
    both are."""

    program = ()
    guarantee = (
        "acknowledged when committed (fsync), idempotent, in order; what could not be delivered then is not delivered "
        "later"
    )

    def prepare(self):
        self.database = self.postgres.database()

    def command(self):
        urls = (self.postgres.url(self.database), self.redis.url)
        return [*self.program, str(self.port), self.secret_file, *urls]


def said(*command, **environment):
    """The first line that a command says."""
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, check=True)
    return (done.stdout or done.stderr).strip().splitlines()[0]
