"""Measures what a tap costs a daemon under full load: the same load by turns, watched by nobody and by `sluice tap`.

A tap gets as many lines a second as it asked for and is told how many it missed, so the daemon's clients must not feel
one. Each run has a fresh daemon on SQLite and memory; what counts are the ratios between runs that follow each other.
"""

import argparse
import contextlib
import json
import statistics
import subprocess
import tempfile
from pathlib import Path

import load
from load import cpu

from harness.daemon import Daemon

TAPS = {
    "no tap": None,
    "sluice tap": [],
    "sluice tap --content --rate 10000": ["--content", "--rate", "10000"],
}


@contextlib.contextmanager
def tapped(daemon, options, output):
    """A tap whose lines go to a file."""
    with output.open("wb") as file:
        command = [daemon.binary, "tap", "--json", "--config", daemon.config, *options]
        tap = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, cwd=daemon.folder)
        try:
            yield tap
        finally:
            assert tap.poll() is None, output.read_text()
            tap.terminate()
            tap.wait()


def measure(folder, options, seconds):
    """Messages a second, CPU seconds of the daemon for 10,000, and what the tap has shown and dropped."""
    daemon = Daemon(folder)
    daemon.start()
    try:
        with contextlib.ExitStack() as stack:
            if options is not None:
                stack.enter_context(tapped(daemon, options, folder / "tap.json"))
            outcome = load.run(
                load.Plan((daemon.port,), pairs=50, depth=16, seconds=seconds),
                watch=lambda: {"daemon": cpu(daemon.process.pid)},
            )
    finally:
        daemon.kill()
    shown = dropped = 0
    if options is not None:
        # The last line may have been cut by the end.
        lines = [json.loads(line) for line in (folder / "tap.json").read_bytes().split(b"\n")[:-1]]
        dropped = sum(line.get("dropped", 0) for line in lines)
        shown = sum("verdict" in line for line in lines)
    return outcome.rate(), outcome.cost("daemon"), shown, dropped


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=8)
    options = parser.parse_args()
    load.allow_many_files()
    figures = {name: [] for name in TAPS}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(options.rounds):
            for number, (name, tap) in enumerate(TAPS.items()):
                figures[name].append(measure(Path(folder) / f"{turn}-{number}", tap, options.seconds))
    base = figures["no tap"]
    for name, runs in figures.items():
        rates, costs, shown, dropped = zip(*runs)
        pace = statistics.median(rate / other for rate, (other, *_) in zip(rates, base))
        cost = statistics.median(mine / other for mine, (_, other, *_) in zip(costs, base))
        print(
            f"{name}: {min(rates):,.0f} to {max(rates):,.0f} messages/s ({pace:.2f} of those without),"
            f" CPU {min(costs):.2f} to {max(costs):.2f} s for 10,000 ({cost:.2f});"
            f" {sum(shown):,} lines shown, {sum(dropped):,} dropped"
        )


if __name__ == "__main__":
    main()
