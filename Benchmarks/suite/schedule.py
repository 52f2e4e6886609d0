"""In which order what is measured, and how long that will take."""

import dataclasses
import re
import time

from .workloads import WORKLOADS, Workload


@dataclasses.dataclass(frozen=True)
class Cell:
    """One run: a workload on a system, in a round."""

    round: int
    workload: Workload
    system: str

    @property
    def name(self):
        return f"{self.workload.name}/{self.system}"

    @property
    def about(self):
        """The seconds that it takes, or so."""
        return self.workload.warm_up + self.workload.seconds + self.workload.about


def chosen(quick=False, rounds=None, pattern=""):
    """The workloads of a suite, as long as this one is. The pattern is that of `cells`."""
    workloads = [workload.in_short() if quick else workload for workload in WORKLOADS]
    # Whom a pattern names takes part though a quick run would leave it out.
    if quick and pattern:
        workloads = [
            short if short.systems != () else dataclasses.replace(short, systems=whole.systems)
            for short, whole in zip(workloads, WORKLOADS)
        ]
    if rounds:
        workloads = [dataclasses.replace(workload, rounds=rounds) for workload in workloads]
    return workloads


def cells(workloads, systems, pattern=""):
    """All runs, round by round; in each, another system is the first."""
    found = []
    for number in range(max((workload.rounds for workload in workloads), default=0)):
        for workload in workloads:
            if number >= workload.rounds:
                continue
            # What is no system, as the bounds are, stands for itself.
            wanted = systems if workload.systems is None else workload.systems
            names = [name for name in wanted if name in systems or name == workload.kind]
            turn = number % len(names) if names else 0
            found += [Cell(number + 1, workload, name) for name in [*names[turn:], *names[:turn]]]
    return [cell for cell in found if re.search(pattern, cell.name)]


class Progress:
    """How far a suite is. Its estimate learns from how much longer runs took than they should have."""

    def __init__(self, todo, budget, clock=time.monotonic):
        self.left, self.count, self.clock = list(todo), len(todo), clock
        self.budget, self.begin = budget, clock()
        self.expected = self.took = 0.0

    @property
    def elapsed(self):
        return self.clock() - self.begin

    def seconds_left(self):
        # One short run more or less doesn't say much.
        pace = (self.took + 60) / (self.expected + 60)
        return pace * sum(cell.about for cell in self.left)

    def fits(self, cell):
        """Whether there is time for one more run."""
        return self.elapsed + cell.about <= self.budget

    def line(self, cell):
        number, minutes = self.count - len(self.left) + 1, self.seconds_left() / 60
        return f"[{number}/{self.count}, about {minutes:.0f} min left] round {cell.round}: {cell.name}"

    def done(self, cell, seconds):
        self.left.remove(cell)
        self.expected, self.took = self.expected + cell.about, self.took + seconds
