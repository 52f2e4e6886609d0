"""What processes use of the machine, looked at all along a run, so that any part of it can be told afterwards."""

import os
import threading
import time
from pathlib import Path

from load import busy, cpu

PAUSE = 0.2
PAGE = os.sysconf("SC_PAGE_SIZE")


def family(*pids):
    """Processes and all that they have started, and these again, each once."""
    found = list(pids)
    for process in found:
        try:
            tasks = list(Path(f"/proc/{process}/task").iterdir())
            children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
        except OSError:
            # It has ended meanwhile.
            continue
        found += [child for child in children if child not in found]
    return found


def resident(pids):
    """Bytes in memory of some processes, those that they share counted in each."""
    pages = 0
    for pid in pids:
        try:
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except OSError:
            continue
    return pages * PAGE


def stolen():
    """Seconds that the machine's host has taken from it."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    return int(fields[8]) / os.sysconf("SC_CLK_TCK")


class Usage:
    """Samples of CPU seconds and memory by group. `groups` gives the processes of each by a function, since servers
    start some and end others."""

    def __init__(self, groups):
        self.groups = groups
        self.samples = []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def take(self):
        used, memory = {}, {}
        last = self.samples[-1][1] if self.samples else {}
        for name, pids in self.groups.items():
            found = pids()
            # Who has ended still has used what it had.
            used[name] = max(cpu(*found), last.get(name, 0))
            memory[name] = resident(found)
        used["machine"], used["stolen"], used["runner"] = busy(), stolen(), time.process_time()
        self.samples.append((time.monotonic(), used, memory))

    def watch(self):
        while not self.ended.wait(PAUSE):
            self.take()

    def __enter__(self):
        self.take()
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.ended.set()
        self.thread.join()
        self.take()

    def at(self, moment):
        """What had been used by then, straight between the samples before and after."""
        before = after = self.samples[0]
        for sample in self.samples:
            before, after = after, sample
            if after[0] >= moment:
                break
        share = 1 if after[0] == before[0] else min(1, max(0, (moment - before[0]) / (after[0] - before[0])))
        # Who came later had used nothing.
        first = before[1]
        return {name: first.get(name, 0) + share * (value - first.get(name, 0)) for name, value in after[1].items()}

    def between(self, begin, end):
        """CPU seconds by group from one moment to another; `others` are those of none of them, `stolen` apart."""
        first, last = self.at(begin), self.at(end)
        used = {name: last[name] - first.get(name, 0) for name in last}
        machine = used.pop("machine")
        used["others"] = machine - sum(used.values())
        return {name: round(value, 3) for name, value in used.items()}

    def memory(self, name):
        """The bytes that a group had in the first sample, and the most it had in any."""
        values = [memory[name] for _, _, memory in self.samples]
        return {"before": values[0], "most": max(values)}
