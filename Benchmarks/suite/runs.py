"""Carries runs out, each with a fresh system on a fresh database; what was acknowledged is looked for afterwards."""

import contextlib
import dataclasses
import sys

import load

from harness import tokens

from . import bounds, driver, sync, tables_of_size
from .systems import OWN
from .workloads import ONE

# A port pair of loopback takes fewer clients than the kernel has ports for them (net.ipv4.ip_local_port_range).
CLIENTS_AN_ADDRESS = 25_000
MOST = 50_000


class Runner:
    def __init__(self, folder, postgres, redis, results, peers):
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert postgres.query(f"SHOW {setting}") == "on", f"{setting} is off"
        self.folder, self.postgres, self.redis, self.results = folder, postgres, redis, results
        self.systems = {**OWN, **peers}
        self.secret_file = folder / "secret"
        self.secret_file.write_bytes(tokens.SECRET)
        self.secret_file.chmod(0o600)
        self.sized, self.count = {}, 0
        self.files = load.allow_many_files()

    def place(self):
        """A folder of a run's own, that other users may pass through."""
        self.count += 1
        place = self.folder / f"run{self.count}"
        place.mkdir(mode=0o755)
        return place

    def run(self, cell):
        """Carries one run out and keeps what it gave, be it that it failed."""
        result = {"workload": cell.workload.name, "system": cell.system, "round": cell.round}
        try:
            left_out = self.left_out(cell)
            if left_out:
                result["leftOut"] = left_out
            else:
                by_kind = {"limits": self.bounds, "most": self.most, "receipts": self.receipts}
                by_kind |= {"table": self.table, "sync": self.sync}
                result |= by_kind.get(cell.workload.kind, self.load)(cell)
        except Exception as error:
            # One peer that can't be measured must not end the others' hour.
            result["failed"] = f"{type(error).__name__}: {error}"[-500:]
        finally:
            self.clear()
        self.results.add(result)
        return result

    def left_out(self, cell):
        """Why a system is not given a load: it can't take so much."""
        if not cell.workload.least:
            return None
        runs = self.results.of("pairs-100-depth-8", cell.system).values()
        rates = [run["report"]["ackedPerSecond"] for run in runs]
        if rates and max(rates) < cell.workload.least:
            return f"takes {max(rates):,.0f} messages/s at most"
        return None

    def clear(self):
        """Drops the databases that no later run needs."""
        kept = {"postgres", *self.sized.values()}
        for name in self.postgres.query("SELECT datname FROM pg_database WHERE NOT datistemplate").split("\n"):
            if name not in kept:
                self.postgres.query(f'DROP DATABASE "{name}" WITH (FORCE)')

    def load(self, cell, hosts=None, **more):
        self.redis.flush()
        if cell.workload.settings:
            more["settings"] = cell.workload.settings
        system = self.systems[cell.system](self.place(), self.postgres, self.redis, self.secret_file, **more)
        if hosts:
            system.hosts = hosts
        with started(system):
            # What was written before is on the disk, and is not written while this is measured.
            self.postgres.query("CHECKPOINT")
            stored = system.stored() if hasattr(system, "stored") else None
            trips = system.trips() if hasattr(system, "trips") else {}
            result = driver.drive(system, cell.workload)
            if trips:
                result["trips"] = {name: count - trips[name] for name, count in system.trips().items()}
            if stored is not None:
                result["stored"] = system.stored() - stored
            return result

    def receipts(self, cell):
        """A load with receipts between two halves of it without: a machine that slows down slows both down alike."""
        options = tuple(option for option in cell.workload.options if option != "--receipts")
        half = dataclasses.replace(cell.workload, options=options, seconds=cell.workload.seconds / 2)

        def without():
            result = self.load(dataclasses.replace(cell, workload=half))
            if result["exit"]:
                raise RuntimeError(result.get("said", "`sluice bench` has failed without receipts"))
            return result["report"]["ackedPerSecond"]

        before, result, after = without(), self.load(cell), without()
        return {**result, "without": [before, after]}

    def most(self, cell):
        """As many connections as this process's limit of files allows, over as many addresses as they need."""
        count = min(MOST, self.files - 500)
        stopped = None if count == MOST else f"{self.files:,} open files a process (hard limit)"
        hosts = tuple(f"127.0.0.{n + 1}" for n in range(-(-count // CLIENTS_AN_ADDRESS)))
        workload = dataclasses.replace(cell.workload, options=("--pairs", "0", "--idle", str(count)))
        result = self.load(dataclasses.replace(cell, workload=workload), hosts=hosts)
        return {**result, "stoppedBy": stopped}

    def bounds(self, cell):
        self.redis.flush()
        connections = min(10_000, self.files - 500)
        seconds = max(1, int(cell.workload.seconds))
        figures = bounds.measure(self.place(), self.postgres, self.redis, self.secret_file, seconds, connections)
        return {"figures": figures}

    def sized_database(self, rows):
        """The database with so many messages, filled when it is wanted first."""
        if rows and rows not in self.sized:
            print(f"filling a database with {rows:,} messages", file=sys.stderr, flush=True)
            made = tables_of_size.make(self.place(), self.postgres, self.redis, self.secret_file, rows)
            self.sized[rows], took = made
            self.results.facts.setdefault("fillSeconds", {})[str(rows)] = round(took)
        return self.sized.get(rows)

    def table(self, cell):
        return self.load(cell, database=self.sized_database(rows_of(cell)))

    def sync(self, cell):
        database = self.sized_database(rows_of(cell))
        self.redis.flush()
        system = self.systems[ONE](self.place(), self.postgres, self.redis, self.secret_file, database=database)
        with started(system):
            return {"figures": sync.measure(system.ports[0], rows_of(cell))}


@contextlib.contextmanager
def started(system):
    """A system that is there for the while. What went wrong first is what is told."""
    try:
        system.start()
        yield
    except BaseException:
        with contextlib.suppress(Exception):
            system.stop()
        raise
    system.stop()


def rows_of(cell):
    return int(cell.workload.name.rsplit("-", 1)[1])
