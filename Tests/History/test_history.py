"""The daemon under faults: a short run of what `python -m history` does for as long as one likes."""

import asyncio

import pytest
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
