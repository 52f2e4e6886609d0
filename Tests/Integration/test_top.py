"""`sluice top`: one table for programs, a screen for people."""

import asyncio
import os
import re
import subprocess

import pytest
from harness.client import connect
from harness.wait import comes, until

pytestmark = pytest.mark.one_node("looks at one daemon")

STAGES = ["auth", "rate_limit", "dedup", "persist", "fan_out", "presence"]


def test_one_look_is_one_table(daemon):
    done = daemon.command("top", "--once", "--interval", "0.1")
    assert done.returncode == 0 and done.stderr == "" and "\u001b" not in done.stdout
    lines = done.stdout.splitlines()
    assert re.fullmatch(r"sluice \S+   revision 1   0 connections   0 events in flight", lines[0])
    assert lines[2] == "store ok   state ok"
    table = lines[lines.index("") + 1:]
    assert table[0].split() == ["stage", "events/s", "stop/s", "reject/s", "fault/s", "would/s", "p50", "p99"]
    assert [line.split()[0] for line in table[1:]] == STAGES
    # Where nobody looks, it ends after one table too.
    assert daemon.command("top", "--interval", "0.1").stdout.startswith("sluice ")


def test_the_table_counts_what_happens_between_its_two_looks(daemon):
    async def run():
        async with connect(daemon, "alice") as alice:
            top = asyncio.create_task(asyncio.to_thread(daemon.command, "top", "--once", "--interval", "0.5"))
            while not top.done():
                await alice.ask("PING")
            return (await top).stdout

    text = asyncio.run(run())
    assert "   1 connections   " in text
    rates = {line.split()[0]: line.split()[1:] for line in text.split("\n\n")[1].splitlines()[1:]}
    assert float(rates["auth"][0]) > 1 and rates["auth"][1:5] == ["0"] * 4 and rates["auth"][5].startswith("≤")
    assert rates["persist"][0] == "0" and rates["persist"][5:] == ["-", "-"]


@pytest.mark.parametrize("interval", ["0", "soon", "4000"])
def test_an_interval_out_of_range_is_refused(daemon, interval):
    done = daemon.command("top", "--interval", interval)
    assert done.returncode == 2 and "interval" in done.stderr


class Terminal:
    """A program on a terminal of 100 columns and 30 lines."""

    def __init__(self, daemon, *command):
        # A server of its own, whose socket has a short path.
        self.name = f"sluice-test-{os.getpid()}"
        self.tmux("new-session", "-d", "-x", "100", "-y", "30", "-s", "top", "-c", daemon.folder, *command)

    def tmux(self, *words):
        return subprocess.run(
            ["tmux", "-L", self.name, "-f", "/dev/null", *map(str, words)], capture_output=True, text=True, timeout=20
        )

    @property
    def screen(self):
        return self.tmux("capture-pane", "-p", "-t", "top").stdout

    def shows(self, pattern):
        return until(lambda: re.search(pattern, self.screen, re.M), f"{pattern!r} on the screen")

    def press(self, key):
        self.tmux("send-keys", "-t", "top", key)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.tmux("kill-server")


def test_a_screen_goes_on_over_a_reload_and_a_restart(daemon):
    with Terminal(daemon, daemon.binary, "top", "--interval", "0.2") as terminal:
        terminal.shows(r"^sluice \S+   revision 1   ")
        for stage in STAGES:
            terminal.shows(rf"^{stage} +\d")

        async def run():
            async with connect(daemon, "alice") as alice:
                await comes(lambda: "   1 connections   " in terminal.screen)
                await asyncio.to_thread(daemon.reload, ("- stage: dedup", "- stage: dedup\n    name: twice"))
                await asyncio.to_thread(terminal.shows, r"revision 2   1 connections")
                await asyncio.to_thread(terminal.shows, r"Z: revision 2 is in force$")
                await asyncio.to_thread(terminal.shows, r"^twice +\d")
                assert "dedup" not in terminal.screen and (await alice.ask("PING"))["type"] == "PONG"

        asyncio.run(run())
        daemon.stop()
        terminal.shows(r"no daemon answers at 'var/control.sock'")
        assert "revision" not in terminal.screen
        daemon.start()
        terminal.shows(r"^sluice \S+   revision 1   0 connections")
        terminal.shows(r"^twice +0 ")
        assert "no daemon" not in terminal.screen and terminal.screen.count("events in flight") == 1
        terminal.press("C-c")
        until(lambda: "top" not in terminal.tmux("list-sessions").stdout, "the end of the session")
