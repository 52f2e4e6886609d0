"""Two nodes, rolled from one release of the daemon to another under load. One binary stands in for both releases here;
`make upgrade` takes an earlier one."""

import asyncio
import itertools

from harness.daemon import BINARY
from history.checker import check_file, figures, report
from history.model import History
from history.record import read
from history.rules.nodes import faults
from history.run import Run
from history.world import World

# Two changes of one message that commit within a millisecond are told in either order.
WITHOUT = ["push-versions"]


def drive(world, path, **more):
    async def go(world):
        await Run(world, path, seed=11, faults=["node-upgrade"], rate=10, pace=0.5, **more)()

    with world as running:
        asyncio.run(go(running))
    return check_file(path, WITHOUT)


def test_two_nodes_are_rolled_one_after_the_other_and_nothing_is_lost(tmp_path):
    before = tmp_path / "before"
    before.symlink_to(BINARY)
    path = tmp_path / "history.jsonl"
    world = World(tmp_path, 2, "postgres", "redis", before=str(before))
    violations = drive(world, path, clients=12, seconds=8)
    assert violations == [], report(violations)

    lines = read(path)
    history = History(lines)
    steps = list(faults(history))
    there_and_back = itertools.cycle([(0, BINARY), (1, BINARY), (0, str(before)), (1, str(before))])
    assert [(line["node"], line["runs"]) for _, _, line in steps] == list(itertools.islice(there_and_back, len(steps)))
    assert len(steps) >= 4, "the nodes were not rolled there and back"
    acked = [attempt.answer_line for *_, attempt in history.acked_sends()]
    for begun, ended, _ in steps[:2]:
        assert any(begun < line < ended for line in acked), "nobody could send while a node was upgraded"
    assert sum(connection.code == 1012 for connection in history.connections.values()) > 4
    counted = figures(lines)
    assert counted["messages"] > 100 and counted["changes"] > 50 and counted["duplicates"] > 5


def stand_in(path, *lines):
    """A program that is taken for a release."""
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)
    return str(path)


def test_a_release_that_hangs_up_on_its_clients_is_caught(tmp_path):
    before = stand_in(
        tmp_path / "before",
        f'setpriv --pdeathsig KILL "{BINARY}" "$@" &',
        'trap "kill -KILL $!; exit 0" TERM',
        "wait",
    )
    violations = drive(World(tmp_path, before=before), tmp_path / "history.jsonl", clients=6, seconds=3)
    assert {violation.rule for violation in violations} == {"drained"}, report(violations)


def test_a_node_stays_where_the_release_before_can_not_use_the_store_any_more(tmp_path):
    refusal = "pipeline.yaml:9:8: the database has schema 5, which needs a daemon that knows it: run a newer daemon"
    before = stand_in(tmp_path / "before", f'[ "$1" = serve ] && exec "{BINARY}" "$@"', f'echo "{refusal}"', "exit 1")
    with World(tmp_path, before=before) as world:
        upgrade = world.faults["node-upgrade"]
        assert (upgrade.begin(0), upgrade.end(0)) == ({"exit": 0}, {"runs": BINARY})
        assert (upgrade.begin(0), upgrade.end(0)) == ({"exit": 0}, {"runs": BINARY, "refused": refusal})
        assert world.nodes[0].is_ready()
