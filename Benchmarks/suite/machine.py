"""Where the figures come from: the commit, the machine, and what is installed."""

import os
import platform
import re
import subprocess
from pathlib import Path

from load import ROOT


def said(*command):
    """What a command prints, or nothing where it is not there."""
    try:
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT).stdout.strip()
    except OSError:
        return ""


def described(folder):
    """The facts that belong to every figure. `folder` is where the stores lie."""
    model = re.search(r"^model name\s*:\s*(.*)$", Path("/proc/cpuinfo").read_text(), re.M)
    memory = re.search(r"^MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text(), re.M)
    changed = said("git", "status", "--porcelain", "--untracked-files=no")
    return {
        "commit": (said("git", "rev-parse", "--short", "HEAD") or "unknown") + (" with changes" if changed else ""),
        "processor": model.group(1) if model else platform.machine(),
        "cores": os.cpu_count(),
        "memoryGiB": round(int(memory.group(1)) / 2**20, 1) if memory else None,
        "kernel": platform.release(),
        "filesystem": said("findmnt", "--noheadings", "--output", "FSTYPE", "--target", str(folder)),
        "loadBefore": round(os.getloadavg()[0], 2),
        "postgres": said("psql", "--version"),
        "redis": said("redis-server", "--version").split(" sha=")[0],
        "swift": said("swift", "--version").split("\n")[0],
    }
