"""When which fault begins and ends: a plan made from the seed before the run."""

import asyncio
import dataclasses
import inspect
import itertools

IN_TURN = ("node-upgrade",)
"""Faults that go from node to node, each once the one before is over: as many of them as there are nodes are a roll."""


@dataclasses.dataclass
class Fault:
    """Two functions (or coroutine functions) of a node's index; blocking ones run in a thread. A dict that either gives
    is written to the record with the end of the fault."""

    begin: object
    end: object


@dataclasses.dataclass
class Planned:
    at: float
    seconds: float
    name: str
    node: int


def plan(dice, names, seconds, nodes, pace=1.0):
    """Each fault in its turn, in shuffled rounds, for a while, with a while between them; `pace` stretches both."""
    planned, queue, at = [], [], pace * dice.uniform(1, 2)
    turns = itertools.cycle(range(nodes))
    while names:
        if not queue:
            queue = dice.sample(names, len(names))
        one = Planned(at, pace * dice.uniform(0.2, 2.5), queue.pop(), dice.randrange(nodes))
        if one.at + one.seconds > seconds:
            break
        if one.name in IN_TURN:
            one.node = next(turns)
        planned.append(one)
        at = one.at + one.seconds + pace * dice.uniform(0.5, 3)
    return planned


def plans(dice, names, seconds, nodes, pace=1.0, overlap=False):
    """One plan, or, where faults may overlap, one for each of nodes, Redis and PostgreSQL: what strikes one of them never
    meets another that strikes the same."""
    groups = {}
    for name in names:
        groups.setdefault(name.split("-")[0] if overlap else "", []).append(name)
    return [plan(dice, group, seconds, nodes, pace) for group in groups.values()]


async def call(function, *arguments):
    """Gives what is to be recorded of it."""
    if inspect.iscoroutinefunction(function):
        told = await function(*arguments)
    else:
        told = await asyncio.to_thread(function, *arguments)
    return told if isinstance(told, dict) else {}


async def inject(planned, faults, recorder):
    """Carries the plan out; what has begun is ended also where the run is cut off.

    A fault that takes longer to begin or to end than planned puts off others: without the while between them, what it
    still does to clients would be taken for the doing of the next.
    """
    clock = asyncio.get_running_loop().time
    begun, late, last = clock(), 0, None
    for one in planned:
        if one.name != last:
            begun += late
        await asyncio.sleep(max(0, begun + one.at - clock()))
        fault = faults[one.name]
        facts = {"name": one.name, "node": one.node, "seconds": round(one.seconds, 3)}
        recorder.write("fault", phase="begin", **facts)
        try:
            facts |= await call(fault.begin, one.node)
            await asyncio.sleep(one.seconds)
        finally:
            facts |= await call(fault.end, one.node)
            recorder.write("fault", phase="end", **facts)
        late, last = max(0, clock() - (begun + one.at + one.seconds)), one.name
