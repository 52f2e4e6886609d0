"""Backups of a store that is written to meanwhile, and a fresh daemon on one: the commands are those of docs/production.md."""

import asyncio
import shutil
import subprocess
import types

import pytest
from harness.client import connect
from harness.daemon import ROOT, Daemon
from harness.nodes import Talk, comes_on
from harness.postgres import PROGRAMS, Postgres
from harness.wait import until

PAGE = (ROOT / "docs" / "production.md").read_text()
NEW_EPOCH = "UPDATE meta SET epoch = random() & 0x7fffffffffffffff"
DUMP = ("--format=custom", "--schema=sluice")
RESTORE = ("--no-owner", "--exit-on-error", "--single-transaction")


def run(*command, **more):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60, **more)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def make_daemon(tmp_path):
    """Makes daemons that are not started yet, and kills them at the end."""
    daemons = []

    def make(**settings):
        daemons.append(Daemon(tmp_path / f"daemon{len(daemons)}", **settings))
        return daemons[-1]

    yield make
    for daemon in daemons:
        daemon.kill()


async def talked_over(daemon, back_up):
    """Has alice write to bob while `back_up` runs, before and after; gives how much of it was there before, how much in
    the end, and bob's last cursor."""
    talk = Talk(types.SimpleNamespace(client=lambda user: connect(daemon, user)), "alice", "bob")
    task = asyncio.create_task(talk.run())
    await comes_on([talk], 20)
    before = talk.sent
    await asyncio.to_thread(back_up)
    await comes_on([talk], 20)
    talk.is_over = True
    await task
    async with connect(daemon, "bob") as bob:
        messages, cursor = await bob.sync()
    assert len(messages) == talk.sent
    return before, messages, cursor


async def goes_on(daemon, before, messages):
    """Asserts that a daemon has all that was acknowledged before the backup, and goes on from there; gives how much."""
    async with connect(daemon, "alice") as alice, connect(daemon, "bob") as bob:
        kept, _ = await bob.sync()
        assert [m["messageId"] for m in kept] == [m["messageId"] for m in messages[: len(kept)]]
        assert before <= len(kept) < len(messages)
        # What is in it is known when it is sent again, and what is not is new.
        first = (await alice.say("bob", "0", "alice-0"))["data"]
        assert first["duplicate"] and first["messageId"] == messages[0]["messageId"]
        lost = len(kept)
        answer = (await alice.say("bob", f"{lost}", f"alice-{lost}"))["data"]
        assert "duplicate" not in answer
        assert (await bob.expect("NEW_MESSAGE"))["messageId"] == answer["messageId"]
        return len(kept)


async def cursor_expires(daemon, cursor):
    """Asserts that what was read from the old store tells its reader to begin anew."""
    async with connect(daemon, "bob") as bob:
        answer = await bob.ask("SYNC", {"cursor": cursor})
    assert answer["data"]["code"] == "CURSOR_EXPIRED", answer


def test_the_page_says_what_is_done_here():
    for words in (NEW_EPOCH, " ".join(DUMP), " ".join(RESTORE), "VACUUM INTO", "FLUSHALL", "`recovery.signal`"):
        assert words in PAGE, words


def test_a_copy_of_sqlite_serves_a_fresh_daemon(make_daemon, tmp_path):
    old, new = make_daemon(), make_daemon()
    copy = tmp_path / "copy.db"

    def back_up():
        run("sqlite3", old.folder / "store.db", f"VACUUM INTO '{copy}'")

    async def talk():
        old.start()
        before, messages, cursor = await talked_over(old, back_up)
        old.kill()
        run("sqlite3", copy, NEW_EPOCH)
        shutil.copy(copy, new.folder / "store.db")
        new.start()
        await cursor_expires(new, cursor)
        await goes_on(new, before, messages)

    asyncio.run(talk())


def test_a_dump_of_postgres_serves_a_fresh_daemon_on_another_server(make_daemon, redis, postgres, tmp_path):
    dump = tmp_path / "sluice.dump"
    with Postgres(fresh=True) as other:
        url = other.url(other.database())
        old = make_daemon(store=postgres.url, state=redis.url_of(0))
        new = make_daemon(store=url, state=redis.url_of(1))

        def back_up():
            run("pg_dump", *DUMP, "--file", dump, postgres.url)

        async def talk():
            old.start()
            before, messages, cursor = await talked_over(old, back_up)
            old.kill()
            run("pg_restore", *RESTORE, "--dbname", url, dump)
            new.start()
            await cursor_expires(new, cursor)
            await goes_on(new, before, messages)

        asyncio.run(talk())
        new.kill()


def test_a_base_backup_of_postgres_goes_on_in_a_timeline_of_its_own(make_daemon, redis, own_postgres, tmp_path):
    server = own_postgres()
    database = server.database()
    settings = {"store": server.url(database), "state": redis.url}
    old, new = make_daemon(**settings), make_daemon(**settings)
    copy = server.folder / "copy"

    def back_up():
        run(PROGRAMS / "pg_basebackup", "--pgdata", copy, "--wal-method=stream", "--checkpoint=fast", "-d", server.url())

    async def talk():
        old.start()
        before, messages, cursor = await talked_over(old, back_up)
        old.kill()
        server.stop()
        shutil.rmtree(server.data)
        copy.rename(server.data)
        (server.data / "recovery.signal").touch()
        with open(server.data / "postgresql.auto.conf", "a") as conf:
            conf.write("restore_command = 'false'\n")
        run("chown", "-R", f"--reference={server.folder}", server.data)
        server.start()
        until(lambda: server.query("SELECT pg_is_in_recovery()") == "f", "the end of the recovery")
        # What was sent after the backup is known there, and would be acknowledged again without being stored.
        redis.flush()
        new.start()
        kept = await goes_on(new, before, messages)
        # Cursors stay good, also those that are further than the backup: what comes now lies behind them.
        async with connect(new, "bob") as bob:
            assert [m["content"] for m in (await bob.sync(cursor))[0]] == [f"{kept}"]

    asyncio.run(talk())
