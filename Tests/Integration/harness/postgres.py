"""A private PostgreSQL 15, durable as by default, run by a user without rights."""

import atexit
import contextlib
import functools
import itertools
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from .namespace import Namespace
from .server import Server, wait_until

PROGRAMS = Path(os.environ.get("SLUICE_POSTGRES_PROGRAMS", "/usr/lib/postgresql/15/bin"))
USER = "sluice"
FAST, IMMEDIATE = signal.SIGINT, signal.SIGQUIT


def account():
    """The user that servers run as: PostgreSQL refuses root."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def unprivileged(*command):
    user = account()
    if user is None:
        return list(command)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", *command]


def hand_over(path):
    user = account()
    if user:
        os.chown(path, user.pw_uid, user.pw_gid)


@functools.cache
def template():
    """An empty cluster, made once; gives its folder and password. A fresh server begins as a copy of it."""
    folder = Path(tempfile.mkdtemp(prefix="sluice-postgres-template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    password = secrets.token_hex(16)
    (folder / "password").write_text(password)
    for path in (folder, folder / "password"):
        hand_over(path)
    subprocess.run(
        unprivileged(
            *(PROGRAMS / "initdb", "--pgdata", folder / "data", "--username", USER, "--pwfile", folder / "password"),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"),
        ),
        check=True,
        stdout=subprocess.DEVNULL,
        cwd="/",
    )
    return folder / "data", password


class Postgres(Server):
    kind = "postgres"

    def __init__(self, max_connections=100, disk=None, fresh=False, **settings):
        """`fresh` makes it another cluster than all others, which are copies of one. `disk` (in MiB, root only) puts the data on a file system of that size, which nobody else sees."""
        if disk and os.geteuid() != 0:
            raise PermissionError("only root can give PostgreSQL a disk of its own")
        data, self.password = template.__wrapped__() if fresh else template()
        super().__init__()
        self.data = self.folder / "data"
        self.max_connections = max_connections
        self.namespace = None
        self.sessions = []
        self.settings = {"max_connections": max_connections, **settings}
        self.names = itertools.count(1)
        hand_over(self.folder)
        try:
            self.data.mkdir()
            if disk:
                self.namespace = Namespace("mount", f"mount -t tmpfs -o size={disk}m tmpfs {self.data}")
            subprocess.run(self.inside("cp", "-a", "--reflink=auto", f"{data}/.", self.data), check=True)
            subprocess.run(self.inside("chmod", "700", self.data), check=True)
            self.start()
        except BaseException:
            self.close()
            raise

    def inside(self, *command):
        """A command as it is run where the data is to be seen."""
        return [*(self.namespace.enter if self.namespace else ()), *command]

    def command(self):
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "log_line_prefix": "%m [%p] ",
            **self.settings,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return self.inside(*unprivileged(PROGRAMS / "postgres", "-D", self.data, *options))

    def is_ready(self):
        ask = [PROGRAMS / "pg_isready", "--quiet", "--host", "127.0.0.1", "--port", str(self.port), "--timeout", "1"]
        return subprocess.run(ask).returncode == 0

    def url(self, database="postgres", port=None):
        """A database's URL, also by way of another port, as a proxy has."""
        return f"postgres://{USER}:{self.password}@127.0.0.1:{port or self.port}/{database}"

    def query(self, statement, database="postgres"):
        """What psql prints for one statement: lines of columns parted by `|`."""
        result = self.psql(statement, database)
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()

    def psql(self, statement, database="postgres"):
        command = ["psql", "--no-psqlrc", "-qAt", "-v", "ON_ERROR_STOP=1", "-c", statement, self.url(database)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    @contextlib.contextmanager
    def session(self, database, statement):
        """A session that has run a statement, and lives for the while: it holds what that has taken."""
        command = ["psql", "--no-psqlrc", "-qAt", "-v", "ON_ERROR_STOP=1", self.url(database)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as session:
            session.stdin.write(f"{statement};\n\\echo done\n")
            session.stdin.flush()
            while (line := session.stdout.readline()) != "done\n":
                assert line, "the session has ended"
            yield
            session.stdin.close()

    def database(self):
        """Makes an empty database and gives its name."""
        name = f"test{next(self.names)}"
        self.query(f"CREATE DATABASE {name}")
        return name

    def restart(self, how=FAST):
        """`FAST` lets no session finish, `IMMEDIATE` is a crash that its log repairs."""
        super().restart(how)

    def stop(self, how=FAST):
        super().stop(how)

    def fill_disk(self):
        """Leaves no byte on its file system; only where it has one of its own."""
        assert self.namespace, "the server has no disk of its own"
        self.namespace.run("sh", "-c", f"cat /dev/zero > {self.data}/filling 2>/dev/null || true")

    def free_disk(self):
        """Gives the bytes back; a server that has ended meanwhile is started."""
        self.namespace.run("rm", "-f", str(self.data / "filling"))
        wait_until(lambda: not self.is_running or self.is_ready(), "the server is back or gone")
        if not self.is_running:
            self.start()

    def take_connections(self, database):
        """Ends a database's sessions and takes all places, so that nobody comes in until they are left."""
        operator = self.take_place()
        assert operator, "there is no place for the operator"
        # Whose sessions end would come back before the places are taken.
        operator.order(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
        operator.order(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")
        wait_until(self.are_taken, "all places are taken")
        # The operator's place stays taken too: given back, it would go to whoever is first.
        operator.order(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")

    def take_place(self):
        """Opens a session that stays; gives it, or `None` where there is no place."""
        session = Session(self.url())
        if not session.order("SELECT"):
            session.end()
            return None
        self.sessions.append(session)
        return session

    def are_taken(self):
        """Takes a place more, if there is one, and gives whether that were all."""
        self.take_place()
        return len(self.sessions) == self.max_connections

    def leave_connections(self):
        for session in self.sessions:
            session.end()
        if self.sessions and self.is_running:
            wait_until(lambda: self.psql("SELECT").returncode == 0, "a place is free")
        self.sessions.clear()

    def close(self):
        self.leave_connections()
        self.kill()
        if self.namespace:
            self.namespace.close()
            self.namespace = None
        super().close()


class Session:
    """A psql that is told one statement after the other."""

    def __init__(self, url):
        command = ["psql", "--no-psqlrc", "-qAt", url]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, text=True, **pipes)

    def order(self, statement):
        """Waits until a statement is done; gives whether the server is there to do it."""
        try:
            self.process.stdin.write(f"{statement};\n\\echo done\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return False
        return any(line == "done\n" for line in iter(self.process.stdout.readline, ""))

    def end(self):
        self.process.kill()
        # What is still to be written has nobody to read it.
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()
