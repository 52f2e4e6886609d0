"""Backends that can't be used: `check` says so at the line, and `serve` does in one line, or comes up and waits."""

import contextlib
import json
import socket
import threading

import pytest
from harness.daemon import Daemon
from harness.ports import free_port

CRLF = b"\r\n"


def hello(version):
    """What a Redis of some version says of itself."""
    facts = {"server": "redis", "version": version, "proto": 2, "id": 5, "mode": "standalone", "role": "master"}
    parts = [part for fact in facts.items() for part in fact]
    words = [f":{p}\r\n" if isinstance(p, int) else f"${len(p)}\r\n{p}\r\n" for p in parts]
    return f"*{len(words)}\r\n{''.join(words)}".encode()


@pytest.fixture
def answering():
    """Starts servers that answer whatever they are asked with the same bytes; gives their ports."""
    with contextlib.ExitStack() as listeners:

        def start(reply):
            listener = listeners.enter_context(socket.create_server(("127.0.0.1", 0)))
            listeners.callback(listener.shutdown, socket.SHUT_RDWR)
            threading.Thread(target=accept, args=[listener, reply], daemon=True).start()
            return listener.getsockname()[1]

        yield start


def accept(listener, reply):
    with contextlib.suppress(OSError):
        while True:
            threading.Thread(target=answer, args=[listener.accept()[0], reply], daemon=True).start()


def answer(connection, reply):
    with connection, contextlib.suppress(OSError):
        while connection.recv(65536):
            connection.sendall(reply)


@pytest.fixture
def place(tmp_path, postgres, redis):
    return Place(tmp_path, postgres, redis)


class Place:
    """A database and a Redis that are well, and daemons that go by other addresses than theirs."""

    def __init__(self, folder, postgres, redis):
        self.folder, self.postgres, self.redis = folder, postgres, redis

    def daemon(self, store=None, state=None):
        return Daemon(self.folder / "daemon", store=store or self.postgres.url, state=state or self.redis.url)

    def order(self, statement):
        self.postgres.server.query(statement, self.postgres.name)

    def instead(self, old, new, kind="store"):
        """An address in which a part is another."""
        url = self.postgres.url if kind == "store" else self.redis.url
        assert old in url
        return url.replace(old, new)


def faults(daemon):
    """What `check` finds, as KEY:LINE:COLUMN and message; all of it names the file, and has a line each."""
    done = daemon.command("check", "pipeline.yaml")
    report = json.loads(daemon.command("check", "pipeline.yaml", "--format", "json").stdout)
    lines = daemon.config.read_text().splitlines()
    found = []
    for fault in report:
        key = lines[fault["line"] - 1].split(":")[0]
        at = f"{fault['line']}:{fault['column']}: {fault['severity']}: {fault['message']}"
        assert f"pipeline.yaml:{at}\n" in done.stderr and fault["column"] == len(key) + 3
        found.append((key, fault["message"]))
    assert done.returncode == (1 if found else 0), done.stderr
    return found


def only_fault(daemon):
    ((key, message),) = faults(daemon)
    return key, message


def refused(daemon):
    """What `serve` says before it ends with an error: one line."""
    done = daemon.command("serve", "--config", "pipeline.yaml")
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith("sluice: ") and done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_backends_that_are_well_are_no_fault_and_check_changes_nothing(place):
    assert faults(place.daemon()) == []
    assert place.postgres.server.query("SELECT to_regnamespace('sluice') IS NULL", place.postgres.name) == "t"
    assert place.redis.ask("DBSIZE") == b":0\r\n"


STORES = {
    "another port": (lambda p: p.instead(f":{p.postgres.server.port}/", f":{free_port()}/"), "Connection refused"),
    "another host": (lambda p: p.instead("127.0.0.1", "nowhere.invalid"), "could not translate host name"),
    "another password": (lambda p: p.instead(p.postgres.server.password, "wrong"), "password authentication failed"),
    "another user": (lambda p: p.instead("sluice:", "nobody:"), "password authentication failed"),
    "another database": (lambda p: p.instead(p.postgres.name, "missing"), 'database "missing" does not exist'),
}


@pytest.mark.parametrize("name", STORES)
def test_a_database_that_can_not_be_reached_is_one_line(place, name):
    url, message = STORES[name]
    daemon = place.daemon(store=url(place))
    key, found = only_fault(daemon)
    assert key == "store" and found.startswith("'store' can't be used: PostgreSQL: ") and message in found
    assert message in refused(daemon)


def test_a_user_who_may_make_no_tables_is_told_what_to_grant(place):
    place.order("DROP ROLE IF EXISTS poor")
    place.order("CREATE ROLE poor LOGIN PASSWORD 'poor'")
    daemon = place.daemon(store=place.instead(f"sluice:{place.postgres.server.password}", "poor:poor"))
    key, found = only_fault(daemon)
    assert key == "store" and "may not make tables: GRANT CREATE ON DATABASE" in found
    assert "may not make tables: GRANT CREATE ON DATABASE" in refused(daemon)


def test_a_schema_of_a_newer_daemon_is_refused(place, tmp_path):
    older = Daemon(tmp_path / "older", store=place.postgres.url, state=place.redis.url)
    older.start()
    older.stop()
    place.order("UPDATE sluice.meta SET schema_needs = 99")
    daemon = place.daemon()
    key, found = only_fault(daemon)
    assert key == "store" and "needs a daemon that knows schema 99" in found and "run a newer daemon" in found
    assert "needs a daemon that knows schema 99" in refused(daemon)
    migrated = daemon.command("migrate", "--config", "pipeline.yaml")
    assert migrated.returncode == 1 and "schema 99" in migrated.stderr and migrated.stderr.count("\n") == 1


def test_a_database_is_migrated_without_a_daemon(place):
    daemon = place.daemon()
    made = daemon.command("migrate", "--config", "pipeline.yaml")
    assert made.returncode == 0 and "made " in made.stdout, made.stderr
    again = daemon.command("migrate", "--config", "pipeline.yaml")
    assert again.returncode == 0 and "already" in again.stdout
    daemon.start()
    try:
        # Nodes that share it go on meanwhile.
        assert daemon.command("migrate", "--config", "pipeline.yaml").returncode == 0
    finally:
        daemon.kill()


def test_a_standby_is_no_primary(own_postgres, redis, tmp_path):
    server = own_postgres()
    server.stop()
    # It waits for a primary that never comes, and answers questions meanwhile.
    (server.data / "standby.signal").touch()
    server.start()
    daemon = Daemon(tmp_path / "daemon", store=server.url(), state=redis.url)
    key, found = only_fault(daemon)
    assert key == "store" and "is a standby: name the primary" in found
    assert "is a standby: name the primary" in refused(daemon)


# What trying again can't mend.
STATES = {
    "another password": (lambda p, a: p.instead(p.redis.password, "wrong", "state"), "Redis refused the user or password"),
    "no password": (lambda p, a: f"redis://127.0.0.1:{p.redis.port}", "Redis asks for a password, and the URL has none"),
    "no such database": (lambda p, a: p.redis.url_of(99), "Redis has no such database"),
    "Redis 6": (lambda p, a: f"redis://127.0.0.1:{a(hello('6.2.14'))}", "Redis 6.2.14 is too old: 7.0 or later is needed"),
    "Redis 5": (
        lambda p, a: f"redis://127.0.0.1:{a(b'-ERR unknown command `HELLO`' + CRLF)}",
        "this Redis is too old: 7.0 or later is needed",
    ),
    "a web server": (
        lambda p, a: f"redis://127.0.0.1:{a(b'HTTP/1.1 400 Bad Request' + CRLF + CRLF)}", "what answers is not a Redis"
    ),
}


@pytest.mark.parametrize("name", STATES)
def test_a_redis_that_can_not_be_used_is_one_line(place, answering, name):
    url, message = STATES[name]
    daemon = place.daemon(state=url(place, answering))
    key, found = only_fault(daemon)
    assert key == "state" and found.startswith("'state' can't be used: ") and message in found
    assert message in refused(daemon)


# What may come back: the daemon serves without it, and says that it is not ready.
ABSENT = {
    "another port": (lambda p, a: f"redis://127.0.0.1:{free_port()}", "no connection to 127.0.0.1"),
    "a PostgreSQL": (lambda p, a: f"redis://127.0.0.1:{p.postgres.server.port}", "closed the connection"),
    "one that says nothing": (lambda p, a: f"redis://127.0.0.1:{a(b'')}", "did not answer in time"),
}


@pytest.mark.parametrize("name", ABSENT)
def test_a_redis_that_is_not_there_is_a_fault_to_check_and_keeps_no_daemon_from_serving(place, answering, name):
    url, message = ABSENT[name]
    daemon = place.daemon(state=url(place, answering))
    key, found = only_fault(daemon)
    assert key == "state" and message in found
    daemon.start(until=daemon.is_alive)
    try:
        answer = daemon.get("/readyz", port=daemon.admin)
        assert answer.status == 503 and answer.text.startswith("state: ") and "ready\n" not in answer.text
        assert "Redis can't be used now" in daemon.log and message in daemon.log
    finally:
        daemon.kill()


def test_all_faults_are_reported_at_once_and_none_where_check_is_to_stay_offline(place):
    daemon = place.daemon(store=place.instead(place.postgres.name, "missing"), state=f"redis://127.0.0.1:{free_port()}")
    assert [key for key, _ in faults(daemon)] == ["store", "state"]
    assert daemon.command("check", "--offline", "pipeline.yaml").returncode == 0


@pytest.mark.parametrize(
    ("store", "state", "message"),
    [
        ("mysql://x", "memory:", "wants the address of a store: sqlite:PATH or postgres://USER@HOST/DATABASE"),
        ("sqlite:x", "memcached://x", "wants the address of a state: memory: or redis://HOST:PORT"),
        ("sqlite:x", "redis://", "a Redis URL names a host"),
        ("sqlite:x", "redis://a,b", "several hosts need redis+sentinel:// or redis+cluster://"),
        ("sqlite:x", "redis://a:x/0", "'x' is no port of a Redis URL"),
    ],
)
def test_an_address_that_is_none_is_a_fault_of_the_file(tmp_path, store, state, message):
    daemon = Daemon(tmp_path / "daemon", store=store, state=state)
    key, found = next((key, text) for key, text in faults(daemon) if message in text)
    assert key in ("store", "state")
    done = daemon.command("serve", "--config", "pipeline.yaml")
    assert done.returncode == 78 and f"{message}\n" in done.stderr


def test_no_report_shows_a_password(place):
    secret = place.postgres.server.password
    daemon = place.daemon(store=place.instead(place.postgres.name, "missing"), state=place.instead("/0", "/99", "state"))
    for command in (["check", "pipeline.yaml"], ["serve", "--config", "pipeline.yaml"]):
        done = daemon.command(*command)
        assert secret not in done.stdout + done.stderr and place.redis.password not in done.stdout + done.stderr
