"""The daemon under faults: a short run of what `python -m history` does for as long as one likes."""

import asyncio
from collections import defaultdict

import pytest
from harness.tap import Tap
from history.checker import check_file, figures, report
from history.record import read
from history.run import Run
from history.world import World

EMBEDDED = {"nodes": 1, "store": "sqlite", "state": "memory", "faults": ["node-kill"], "seconds": 8}
PRODUCTION = {
    "nodes": 2,
    "store": "postgres",
    "state": "redis",
    "faults": ["redis-kill", "redis-pause", "node-kill", "postgres-restart"],
    "seconds": 16,
}
# Two changes of one message that commit within a millisecond are told in either order.
WITHOUT = ["push-versions"]


@pytest.mark.parametrize("setting", [pytest.param(EMBEDDED, id="embedded"), pytest.param(PRODUCTION, id="production")])
def test_nothing_is_lost_doubled_or_missed_whatever_fails(tmp_path, setting):
    world = {name: setting[name] for name in ("nodes", "store", "state")}
    path = tmp_path / "history.jsonl"

    async def go(world):
        await Run(world, path, seed=7, clients=16, seconds=setting["seconds"], faults=setting["faults"], rate=10, pace=0.7)()

    with World(tmp_path, **world) as running:
        asyncio.run(go(running))
    violations = check_file(path, WITHOUT)
    assert violations == [], report(violations)
    counted = figures(read(path))
    assert set(counted["faults"]) == set(setting["faults"])
    assert counted["messages"] > 100 and counted["changes"] > 50 and counted["duplicates"] > 5


SECONDS = 15


def test_nobody_feels_reloads_and_each_event_keeps_to_one_chain(tmp_path):
    """Right files and wrong ones by turns, as fast as they go, while everyone talks."""
    path = tmp_path / "history.jsonl"

    async def go(world):
        await Run(world, path, seed=7, clients=16, seconds=SECONDS, faults=["node-reload"], rate=10, pace=0.4)()

    with World(tmp_path) as running:
        with Tap(running.nodes[0], "--content", "--type", "NEW_MESSAGE", "--rate", "100000") as tap:
            asyncio.run(go(running))
        lines, dropped = tap.lines, tap.dropped
    violations = check_file(path, WITHOUT)
    assert violations == [], report(violations)
    counted = figures(read(path))
    assert counted["messages"] > 100 and set(counted["errors"]) <= {"NOT_FOUND", "FORBIDDEN", "INVALID_EVENT"}
    assert counted["reloads"]["reloads"] > 50 and 20 < counted["reloads"]["failed"] < counted["reloads"]["reloads"]
    assert dropped == 0
    events = once_sent(lines)
    assert len(events) > 100 and len({event[0]["revision"] for event in events}) > 10
    for event in events:
        assert len({line["revision"] for line in event}) == 1 and event[-1]["verdict"] == "end", event


def once_sent(lines):
    """The lines of each event that its connection has sent only once: what is sent twice can't be told apart."""
    events = defaultdict(list)
    for line in lines:
        events[line["connection"], line["data"]["tempId"]].append(line)
    return [event for event in events.values() if sum(line["verdict"] == "end" for line in event) == 1]
