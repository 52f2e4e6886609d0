"""Counts what an event costs on the hot path, and holds it against the thresholds in `guards.json`.

Seconds differ from run to run and from machine to machine; instructions and allocations hardly do. `hot-path` does the
daemon's work on one thread with a clock that stands still, Valgrind counts it, and what a run of many rounds has more
than a run of none is those rounds' alone. docs/performance.md explains.
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BINARY = ROOT / ".build/release/hot-path"
THRESHOLDS = Path(__file__).with_name("guards.json")
ROUNDS = 64
TOOLS = {
    "callgrind": (["--callgrind-out-file=/dev/null"], r"Collected : (\d+)"),
    "dhat": (["--dhat-out-file=/dev/null"], r"Total: +([\d,]+) bytes in ([\d,]+) blocks"),
}
# By how much a count may be above its threshold, as a share of it and besides: allocations are counted exactly, but
# tables and buffers that grow have their share in them.
TOLERANCE = {"instructions": (0.01, 0), "allocations": (0, 0.1), "bytes": (0.01, 0)}


def fail(reason):
    """Ends with one clear line."""
    sys.exit(f"guards: {reason}")


def tools_are_there():
    """Ends where something is missing that can be installed or built."""
    for tool in ["valgrind", "strip"]:
        if not shutil.which(tool):
            fail(f"'{tool}' is missing: scripts/install-dependencies.sh valgrind binutils")
    if not BINARY.exists():
        fail(f"{BINARY.relative_to(ROOT)} is missing: scripts/build-release.sh --product hot-path")


def stripped(folder):
    """The binary without its debug information, which Valgrind 3.19 can't read; the names of functions stay."""
    binary = folder / "hot-path"
    subprocess.run(["strip", "--strip-debug", "-o", binary, BINARY], check=True)
    return binary


def environment(folder):
    """Nothing of the caller's, so that the counts don't depend on it; hashes are the same in each run."""
    return {
        "PATH": os.environ["PATH"],
        "SWIFT_DETERMINISTIC_HASHING": "1",
        "SLUICE_JWT_SECRET_FILE": str(folder / "jwt.secret"),
    }


def run(binary, tool, scenario, rounds):
    """What Valgrind counts in one run."""
    options, pattern = TOOLS[tool]
    command = ["valgrind", f"--tool={tool}", *options, binary, scenario, str(rounds)]
    done = subprocess.run(command, cwd=ROOT, env=environment(binary.parent), capture_output=True, text=True)
    found = re.search(pattern, done.stderr)
    if done.returncode != 0 or not found:
        fail(f"{scenario} under {tool} ended with {done.returncode}:\n{done.stderr}")
    return [int(number.replace(",", "")) for number in found.groups()]


def measure(binary, scenario, events):
    """Instructions, allocations and allocated bytes for each event of a scenario."""

    def an_event(tool):
        none, many = run(binary, tool, scenario, 0), run(binary, tool, scenario, ROUNDS)
        return [(more - less) / (ROUNDS * events) for less, more in zip(none, many, strict=True)]

    (instructions,) = an_event("callgrind")
    size, blocks = an_event("dhat")
    return {"instructions": round(instructions), "allocations": round(blocks, 2), "bytes": round(size)}


def measure_all(only):
    """The counts of all scenarios, or of some."""
    with tempfile.TemporaryDirectory() as folder:
        binary = stripped(Path(folder))
        secret = binary.with_name("jwt.secret")
        secret.touch(mode=0o600)
        secret.write_text("of no use: nobody shows a token here")
        listed = subprocess.run([binary], capture_output=True, text=True, check=True).stdout.split()
        scenarios = {name: int(events) for name, events in zip(listed[::2], listed[1::2], strict=True)}
        if unknown := set(only) - set(scenarios):
            fail(f"no such scenario: {', '.join(sorted(unknown))}; there are {', '.join(scenarios)}")
        chosen = {name: events for name, events in scenarios.items() if not only or name in only}
        # How busy the machine is changes no count.
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            counts = pool.map(lambda scenario: measure(binary, *scenario), chosen.items())
            return dict(zip(chosen, counts, strict=True))


def verdict(kind, count, threshold):
    """Whether a count is `over` its threshold, `below` it by so much that it is to be lowered, or `ok`."""
    share, besides = TOLERANCE[kind]
    margin = threshold * share + besides
    if count > threshold + margin:
        return "over"
    return "below" if count < threshold - margin else "ok"


def compare(counts, thresholds, kinds):
    """The lines of a table, and the verdicts in it."""
    lines, verdicts = [], []
    for scenario, found in counts.items():
        for kind in kinds:
            threshold = thresholds.get(scenario, {}).get(kind)
            said = "over" if threshold is None else verdict(kind, found[kind], threshold)
            verdicts.append(said)
            shown = "none" if threshold is None else f"{threshold:,}"
            lines.append(f"{scenario:20} {kind:13} {found[kind]:>12,} {shown:>12}  {said}")
    return lines, verdicts


def made_with():
    """What thresholds are good for."""
    version = subprocess.run(["swift", "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"Swift version ([\d.]+)", version)
    return {"swift": found[1] if found else "unknown", "machine": platform.machine()}


def main():
    """Measures, then compares or writes."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("scenarios", nargs="*", help="those to look at; without any, all")
    parser.add_argument("--write", action="store_true", help="make what is counted now the thresholds")
    options = parser.parse_args()
    tools_are_there()
    counts = measure_all(options.scenarios)
    kept = json.loads(THRESHOLDS.read_text()) if THRESHOLDS.exists() else {"made with": {}, "an event": {}}
    here = made_with()
    if options.write:
        kept = {"made with": here, "an event": {**kept["an event"], **counts}}
        THRESHOLDS.write_text(json.dumps(kept, indent=2) + "\n")
    kinds = list(TOLERANCE)
    if here["machine"] != kept["made with"]["machine"]:
        print(f"instructions are not compared: they are of {kept['made with']['machine']}, this is {here['machine']}")
        kinds.remove("instructions")
    lines, verdicts = compare(counts, kept["an event"], kinds)
    print(f"{'an event of':20} {'':13} {'counted':>12} {'threshold':>12}", *lines, sep="\n")
    if "below" in verdicts:
        print("well below a threshold: lower it, by `make bench-guards OPTIONS=--write`")
    if "over" in verdicts:
        if here != kept["made with"]:
            print(f"the thresholds were made with {kept['made with']}, this is {here}")
        fail("an event costs more than it may: see docs/performance.md")


if __name__ == "__main__":
    main()
