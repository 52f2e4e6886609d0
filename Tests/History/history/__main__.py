"""`python -m history`: a run and its check, or the check of an earlier record."""

import argparse
import asyncio
import json
import signal
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Integration"))

from .checker import check, figures, report  # noqa: E402
from .record import read  # noqa: E402
from .run import Run  # noqa: E402
from .world import World  # noqa: E402


def arguments():
    parser = argparse.ArgumentParser(prog="history", description=__doc__)
    parser.add_argument("--check", metavar="FILE", help="only check this record")
    parser.add_argument("--nodes", type=int, default=1)
    parser.add_argument("--clients", type=int, default=20, help="users; every other one has two devices")
    parser.add_argument("--seconds", type=float, default=30, help="how long load and faults go on")
    parser.add_argument("--settle", type=float, default=10, help="seconds that pushes have to tell all after the faults")
    parser.add_argument("--rate", type=float, default=5, help="acts a second and device")
    parser.add_argument("--seed", default="1", help="of all random choices; timing is not among them")
    parser.add_argument("--faults", default="node-kill", help="names with commas between; 'all', or '' for none")
    parser.add_argument("--overlap", action="store_true", help="faults of nodes, Redis and PostgreSQL at once")
    parser.add_argument("--from", dest="before", metavar="DAEMON", help="what nodes run before a node-upgrade")
    parser.add_argument("--store", default="sqlite", help="sqlite, postgres (a private server) or a URL")
    parser.add_argument("--state", default="memory", help="memory, redis (a private server) or a URL")
    parser.add_argument("--without", default="", help="rules that are not checked, with commas between")
    parser.add_argument("--record", default="history.jsonl", help="where the record goes")
    return parser.parse_args()


def drive(options):
    with tempfile.TemporaryDirectory(prefix="sluice-history-") as folder:
        with World(folder, options.nodes, options.store, options.state, options.before) as world:
            faults = sorted(world.faults) if options.faults == "all" else [f for f in options.faults.split(",") if f]
            if unknown := sorted(set(faults) - set(world.faults)):
                sys.exit(f"no such fault here: {', '.join(unknown)}; there are {', '.join(sorted(world.faults))}")

            async def go():
                chosen = {name: getattr(options, name) for name in ("seed", "clients", "seconds", "rate", "settle", "overlap")}
                await Run(world, options.record, faults=faults, **chosen)()

            asyncio.run(go())


def main():
    options = arguments()
    # Servers are ended at exit, which a bare SIGTERM would forget.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if not options.check:
        drive(options)
    lines = read(options.check or options.record)
    print(json.dumps(figures(lines), indent=2))
    violations = check(lines, options.without.split(","))
    print(report(violations))
    sys.exit(1 if violations else 0)


if __name__ == "__main__":
    main()
