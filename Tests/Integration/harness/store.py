"""What a test sees and does in a daemon's store behind its back, whichever store it is."""

import contextlib
import os
import sqlite3
import subprocess


class SQLiteRows:
    user = "user"

    def __init__(self, path):
        self.path = path

    def __call__(self, query):
        """The rows of a query, as text."""
        with contextlib.closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as store:
            return [tuple(map(str, row)) for row in store.execute(query)]

    @contextlib.contextmanager
    def locked(self):
        """Nothing is written to the store meanwhile, as while somebody repairs it; reading goes on."""
        with contextlib.closing(sqlite3.connect(self.path, isolation_level=None)) as store:
            store.execute("BEGIN IMMEDIATE")
            yield
            store.execute("ROLLBACK")


class PostgresRows:
    user = "user_id"

    def __init__(self, url):
        self.command = ["psql", "--no-psqlrc", "-qAt", "-F", "\t", "-v", "ON_ERROR_STOP=1", url]
        self.environment = {**os.environ, "PGOPTIONS": "-c search_path=sluice"}

    def __call__(self, query):
        done = subprocess.run(
            [*self.command, "-c", query], env=self.environment, capture_output=True, text=True, timeout=30
        )
        assert done.returncode == 0, done.stderr
        return [tuple(line.split("\t")) for line in done.stdout.splitlines()]

    @contextlib.contextmanager
    def locked(self):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        with subprocess.Popen(self.command, env=self.environment, **pipes) as session:
            session.stdin.write("BEGIN; LOCK TABLE messages, send_keys IN EXCLUSIVE MODE; SELECT 'locked';\n")
            session.stdin.flush()
            assert session.stdout.readline() == "locked\n"
            yield
            # The end of its input ends the session, and so the transaction.
            session.stdin.close()
