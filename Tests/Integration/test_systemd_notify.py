"""What systemd is told while the daemon lives, by a socket that stands in for it (sd_notify(3)); test_service.py has the start,
reloads and the end."""

import asyncio
import contextlib
import os

import pytest
from harness.activation import Systemd
from harness.client import connect
from harness.daemon import Daemon
from harness.threads import event_loops, stopped
from harness.wait import until


@pytest.fixture
def watched(tmp_path):
    """Starts daemons that tell how they are."""
    with contextlib.ExitStack() as ends:

        def start(watchdog=None, until_ready=True, **settings):
            systemd = ends.enter_context(Systemd(tmp_path, watchdog))
            daemon = Daemon(tmp_path / "daemon", **settings)
            ends.callback(daemon.kill)
            daemon.environment = systemd.environment
            daemon.start(until=None if until_ready else lambda: True)
            return daemon, systemd

        yield start


def test_the_status_says_how_many_are_connected(watched):
    daemon, systemd = watched(watchdog=1)
    assert systemd.expect("READY")["STATUS"] == f"revision 1 is in force, clients come to 127.0.0.1:{daemon.port}; 0 connections"

    async def run():
        async with connect(daemon, "alice"), connect(daemon, "bob"):
            await asyncio.to_thread(until, lambda: systemd.expect("STATUS")["STATUS"].endswith("; 2 connections"))

    asyncio.run(run())
    until(lambda: systemd.expect("STATUS")["STATUS"].endswith("; 0 connections"))


def test_each_event_loop_that_is_stuck_misses_the_watchdog(watched):
    daemon, systemd = watched(watchdog=1)
    systemd.expect("READY")
    loops = event_loops(daemon.process.pid)
    assert len(loops) == os.cpu_count()
    for loop in loops:
        systemd.expect("WATCHDOG")
        with stopped(loop):
            # One that was on its way may still come.
            systemd.hears_nothing_of("WATCHDOG", 1)
            assert systemd.hears_nothing_of("WATCHDOG", 2), f"thread {loop} of {loops} is stuck"
        systemd.expect("WATCHDOG")
    assert daemon.stop() == 0


def test_a_watchdog_of_another_process_gets_nothing(watched, monkeypatch):
    monkeypatch.setenv("WATCHDOG_PID", "1")
    daemon, systemd = watched(watchdog=0.2)
    systemd.expect("READY")
    assert systemd.hears_nothing_of("WATCHDOG", 1)


def test_the_watchdog_lives_while_the_store_hangs(watched, own_postgres):
    server = own_postgres()
    daemon, systemd = watched(watchdog=1, store=server.url(server.database()))
    systemd.expect("READY")
    server.pause()
    for _ in range(5):
        systemd.expect("WATCHDOG")
    server.resume()
    assert daemon.stop() == 0


def test_a_long_start_and_the_end_ask_for_time(watched, own_postgres):
    server = own_postgres()
    database = server.database()
    # As another node does while it brings the tables up to date.
    with server.session(database, "SELECT pg_advisory_lock(hashtextextended('sluice schema', 0))"):
        daemon, systemd = watched(until_ready=False, store=server.url(database))
        assert systemd.next(20) == {"EXTEND_TIMEOUT_USEC": "30000000"}
    systemd.expect("READY")
    daemon.reload(("drain: 4s", "drain: 4s\n  drain_lead: 1s"))
    assert daemon.stop() == 0
    # The end is said 1 s ahead, the drain window is 4 s, and what is under way has time after it.
    assert systemd.expect("STOPPING") == {"STOPPING": "1", "EXTEND_TIMEOUT_USEC": "35000000", "STATUS": "draining"}
