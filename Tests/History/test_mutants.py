"""The whole harness against servers that break one promise each: it passes who keeps all, and catches the rest."""

import asyncio

import pytest
from fake import ACK_BEFORE_COMMIT, BROADCAST_WITHOUT_DEDUP, CORRECT, CURSOR_BY_TIMESTAMP, WITHOUT_CATCH_UP, Fake
from history.checker import check_file, figures, report
from history.record import read
from history.run import Run

CAUGHT_BY = {
    ACK_BEFORE_COMMIT: "lost",
    BROADCAST_WITHOUT_DEDUP: "doubled",
    CURSOR_BY_TIMESTAMP: "cursor",
    WITHOUT_CATCH_UP: "pushed",
}


def drive(mode, path):
    async def go():
        async with Fake(mode) as fake:
            faults = ["node-kill", "bus-cut"]
            await Run(fake, path, seed=7, clients=8, seconds=4, faults=faults, rate=15, settle=2, pace=0.4)()

    asyncio.run(go())
    return check_file(path)


def test_a_server_that_keeps_its_promises_passes(tmp_path):
    violations = drive(CORRECT, tmp_path / "history.jsonl")
    assert violations == [], report(violations)
    counted = figures(read(tmp_path / "history.jsonl"))
    assert set(counted["faults"]) == {"node-kill", "bus-cut"}
    assert counted["messages"] > 100 and counted["changes"] > 50 and counted["duplicates"] > 10


@pytest.mark.parametrize("mode", CAUGHT_BY)
def test_a_server_that_breaks_a_promise_is_caught(tmp_path, mode):
    assert CAUGHT_BY[mode] in {violation.rule for violation in drive(mode, tmp_path / "history.jsonl")}
