"""The private servers that tests break: they must break, and come back, as asked."""

import os
import subprocess
import time
from pathlib import Path

import pytest
from harness.postgres import IMMEDIATE, Postgres, account
from harness.server import children, is_running
from harness.wait import until


def states(pids):
    return {Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] for pid in pids}


def test_a_shared_postgres_gives_each_test_a_database_and_is_durable(postgres):
    assert postgres.server.query("SELECT current_database()", postgres.name) == postgres.name
    postgres.server.query("CREATE TABLE t (n int)", postgres.name)
    assert [postgres.server.query(f"SHOW {name}") for name in ("fsync", "synchronous_commit")] == ["on", "on"]
    other = postgres.server.database()
    assert postgres.server.query("SELECT count(*) FROM pg_tables WHERE tablename = 't'", other) == "0"


def test_a_fresh_postgres_takes_little_time_and_leaves_nothing(own_postgres):
    own_postgres().close()
    begun = time.monotonic()
    server = own_postgres(max_connections=17)
    took = time.monotonic() - begun
    assert server.query("SHOW max_connections") == "17"
    pids = server.processes()
    # Its workers come and go.
    owners = {folder.stat().st_uid for folder in map(Path, (f"/proc/{pid}" for pid in pids)) if folder.exists()}
    assert len(pids) > 3 and owners == {account().pw_uid if account() else os.geteuid()}
    server.close()
    assert not any(map(is_running, pids)) and not server.folder.exists()
    assert took < 5, f"{took:.1f} s"


def test_a_wrong_password_is_refused(own_postgres):
    server = own_postgres()
    server.password = "wrong"
    with pytest.raises(AssertionError, match="password authentication failed"):
        server.query("SELECT 1")


@pytest.mark.parametrize("how", ["kill", "immediate", "fast"])
def test_postgres_keeps_what_was_committed(own_postgres, how):
    server = own_postgres()
    server.query("CREATE TABLE t (n int)")
    server.query("INSERT INTO t VALUES (7)")
    before = server.process.pid
    if how == "kill":
        server.kill()
        server.start()
    else:
        server.restart(*([IMMEDIATE] if how == "immediate" else []))
    assert server.query("SELECT n FROM t") == "7" and server.process.pid != before
    assert ("automatic recovery in progress" in server.log) == (how != "fast")


def test_a_paused_postgres_answers_nothing_until_it_is_resumed(own_postgres):
    server = own_postgres()
    session = subprocess.Popen(
        ["psql", "-qAt", server.url()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        session.stdin.write("SELECT 1;\n")
        session.stdin.flush()
        assert session.stdout.readline() == "1\n"
        server.pause()
        until(lambda: states(server.processes()) == {"T"})
        assert len(children(server.process.pid)) > 5
        assert not server.is_ready()
        server.resume()
        session.stdin.write("SELECT 2;\n")
        session.stdin.flush()
        assert session.stdout.readline() == "2\n"
    finally:
        session.kill()
        session.communicate()


def test_a_full_disk_stops_writes_until_it_is_freed(own_postgres):
    if os.geteuid() != 0:
        with pytest.raises(PermissionError):
            Postgres(disk=128)
        return
    server = own_postgres(disk=128)
    server.query("CREATE TABLE t (n int)")
    server.fill_disk()
    with pytest.raises(AssertionError, match="No space left on device|terminat|refused|closed"):
        server.query("INSERT INTO t SELECT generate_series(1, 1000000)")
    server.free_disk()
    server.query("INSERT INTO t VALUES (1)")
    assert server.query("SELECT count(*) FROM t") == "1"


def test_a_shared_redis_is_empty_for_each_test(redis):
    assert redis.ask("DBSIZE") == b":0\r\n"
    redis.ask("SET", "a", "b")
    redis.flush()
    assert redis.ask("DBSIZE") == b":0\r\n"


def test_a_killed_redis_comes_back_empty_on_its_port(own_redis):
    server = own_redis()
    assert server.ask("SET", "a", "b") == b"+OK\r\n" and server.ask("GET", "a") == b"$1\r\nb\r\n"
    server.kill()
    with pytest.raises(ConnectionRefusedError):
        server.ask("PING")
    server.start()
    assert server.ask("GET", "a") == b"$-1\r\n"


def test_a_paused_redis_keeps_what_it_holds(own_redis):
    server = own_redis()
    server.ask("SET", "a", "b")
    server.pause()
    # A signal takes a moment.
    until(lambda: states([server.process.pid]) == {"T"})
    server.resume()
    assert server.ask("GET", "a") == b"$1\r\nb\r\n"
    pid = server.process.pid
    server.close()
    assert not is_running(pid) and not server.folder.exists()
