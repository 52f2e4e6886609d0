"""The suite's command: Benchmarks/run calls it when all is built."""

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path

import load  # noqa: F401 (it finds the harness)
from harness.postgres import Postgres
from harness.redis import Redis

from . import machine, pages
from .results import Results
from .runs import Runner
from .schedule import Progress, cells, chosen
from .systems import OWN

BUDGET = {"full": 60 * 60, "quick": 5 * 60}


def arguments():
    parser = argparse.ArgumentParser(prog="Benchmarks/run", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a look at everything in 5 minutes at most; a whole run takes up to 60"
    )
    parser.add_argument(
        "--only", metavar="PATTERN", default="", help="what to run: a pattern looked for in workload/system"
    )
    parser.add_argument("--rounds", type=int, help="rounds of every workload, in place of its own number")
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", default=load.ROOT / "Benchmarks/results", help="where results go"
    )
    parser.add_argument("--list", action="store_true", help="tell what would run, and end")
    parser.add_argument(
        "--render", action="store_true", help="make the pages again from the results of FOLDER, and end"
    )
    return parser.parse_args()


def peers(names):
    """The peers that are wanted and can be had here; of the others, why not."""
    from peers import ALL

    found, missing = {}, {}
    for name, peer in ALL.items():
        if name not in names:
            continue
        try:
            peer.install()
            peer.version()
            found[name] = peer
        except Exception as error:
            missing[name] = f"{type(error).__name__}: {error}"[-300:]
            print(f"{name} can't be measured here: {missing[name]}", file=sys.stderr)
    return found, missing


def told(result):
    """What a run gave, in a few words."""
    if "failed" in result or "leftOut" in result:
        return result.get("failed") or f"left out: it {result['leftOut']}"
    report = result.get("report")
    if report is None:
        return result.get("said") or "done"
    shown = (
        ("ackedPerSecond", "messages/s"),
        ("updatesPerSecond", "updates/s"),
        ("connectionsPerSecond", "connections/s"),
    )
    words = [f"{report[name]:,.0f} {unit}" for name, unit in shown if report.get(name)][:1]
    return ", ".join(words + ([result["said"]] if "said" in result else [])) or "done"


def measure(options):
    from peers import ALL

    workloads = chosen(options.quick, options.rounds, options.only)
    names = [*OWN, *ALL]
    todo = cells(workloads, names, options.only)
    if options.list or not todo:
        for cell in todo:
            print(f"round {cell.round}: {cell.name}")
        sys.exit(0 if todo else "nothing has that in its name")
    installed, missing = peers({cell.system for cell in todo})
    todo = [cell for cell in todo if cell.system not in missing]
    progress = Progress(todo, BUDGET["quick" if options.quick else "full"])
    with tempfile.TemporaryDirectory() as folder, Postgres(max_connections=200) as postgres, Redis() as redis:
        # Servers run as users without rights, who must come to their own folders in it.
        Path(folder).chmod(0o755)
        facts = {"machine": machine.described(folder), "quick": options.quick, "missing": missing}
        facts["started"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        facts["systems"] = {
            name: {"guarantee": system.guarantee, "version": system.version(), "wire": system.wire}
            for name, system in {**OWN, **installed}.items()
        }
        facts["workloads"] = {
            workload.name: {
                "title": workload.title,
                "options": " ".join(("sluice bench", *workload.arguments)) if workload.options else "",
                "kind": workload.kind,
                "seconds": workload.seconds,
                "rounds": workload.rounds,
            }
            for workload in workloads
            if any(cell.workload is workload for cell in todo)
        }
        results = Results(options.out, facts)
        runner = Runner(Path(folder), postgres, redis, results, installed)
        try:
            for cell in todo:
                if not progress.fits(cell):
                    facts["cutOff"] = [other.name for other in progress.left]
                    print(f"no time is left for {len(progress.left)} runs", file=sys.stderr)
                    break
                print(progress.line(cell), file=sys.stderr, end=": ", flush=True)
                begin = time.monotonic()
                result = runner.run(cell)
                progress.done(cell, time.monotonic() - begin)
                print(told(result), file=sys.stderr, flush=True)
        except KeyboardInterrupt:
            facts["cutOff"] = [other.name for other in progress.left]
            print("ended early", file=sys.stderr)
        finally:
            facts["tookSeconds"] = round(progress.elapsed)
            results.write()
    return results


def main():
    # Whoever is told to end leaves nothing behind either.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options = arguments()
    load.allow_many_files()
    try:
        results = Results.read(options.out) if options.render else measure(options)
    except KeyboardInterrupt:
        sys.exit("ended before anything was measured")
    for page in pages.write(results, options.out):
        print(page)


if __name__ == "__main__":
    main()
