"""The faults of a run, on servers without daemons: each can be had, and is over when it is ended."""

import asyncio
import random
import subprocess
import time

import pytest
from history.faults import Fault, Planned, inject, plan, plans
from history.world import World


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("world"), 2, "postgres", "redis")
    try:
        world.start_servers()
        yield world
    finally:
        world.close()


def says(command, expected):
    """Whether a program prints that, in good time."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=3).stdout == expected
    except subprocess.TimeoutExpired:
        return False


def answers(world, node):
    """Whether both servers answer by way of a node's proxies."""
    redis = ["redis-cli", "-p", str(world.networks["redis"][node].port), "-a", world.redis.password, "PING"]
    postgres = ["psql", "--no-psqlrc", "-qAt", "-c", "SELECT 1", world.store_url(node)]
    return says(postgres, "1\n"), says(redis, "PONG\n")


FAULTS = {
    **{f"postgres-{name}": (False, True) for name in ("kill", "stop", "pause", "cut", "blackhole", "full")},
    **{f"postgres-{name}": (True, True) for name in ("restart", "reset", "slow")},
    **{f"redis-{name}": (True, False) for name in ("kill", "pause", "cut", "blackhole")},
    **{f"redis-{name}": (True, True) for name in ("flush", "reset", "slow")},
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_strikes_what_it_names_until_it_is_ended(world, name):
    assert answers(world, 0) == (True, True)
    world.faults[name].begin(0)
    try:
        assert answers(world, 0) == FAULTS[name]
    finally:
        world.faults[name].end(0)
    assert answers(world, 0) == answers(world, 1) == (True, True)


def test_a_seed_decides_which_faults_come_when():
    first, again, other = (plan(random.Random(seed), ["a", "b", "c"], 60, 2) for seed in ("7", "7", "8"))
    assert first == again != other
    assert len(first) > 10 and {one.node for one in first} == {0, 1}
    assert {one.name for one in first[:3]} == {"a", "b", "c"}
    for one, following in zip(first, first[1:]):
        assert one.at + one.seconds < following.at and following.at + following.seconds <= 60


def test_upgrades_go_from_node_to_node():
    planned = plan(random.Random("7"), ["node-kill", "node-upgrade"], 60, 2)
    nodes = [one.node for one in planned if one.name == "node-upgrade"]
    assert len(nodes) > 4 and nodes == [index % 2 for index in range(len(nodes))]


def test_faults_that_overlap_never_strike_the_same():
    names = ["node-kill", "redis-kill", "redis-pause", "postgres-restart"]
    (alone,) = plans(random.Random("7"), names, 60, 2)
    node, redis, postgres = plans(random.Random("7"), names, 60, 2, overlap=True)
    assert {one.name for one in alone} == set(names) and {one.name for one in redis} == {"redis-kill", "redis-pause"}
    assert any(a.at < b.at < a.at + a.seconds for a in node for b in redis + postgres)


def test_a_fault_that_takes_long_puts_off_the_next():
    moments = []

    class Recorder:
        def write(self, kind, phase, **facts):
            moments.append(asyncio.get_running_loop().time())

    slow, quick = Fault(lambda node: time.sleep(0.3), lambda node: None), Fault(lambda node: None, lambda node: None)
    planned = [Planned(0, 0.05, "slow", 0), Planned(0.15, 0.05, "quick", 0), Planned(0.3, 0.05, "quick", 0)]
    asyncio.run(inject(planned, {"slow": slow, "quick": quick}, Recorder()))
    pauses = [begin - end for end, begin in zip(moments[1::2], moments[2::2])]
    assert len(pauses) == 2 and min(pauses) > 0.09
