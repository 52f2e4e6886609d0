"""Measures the daemon on PostgreSQL and Redis, and beside it what those give without a daemon, all by turns.

Servers, daemons, limits and load share this machine's cores, so what counts are the ratios within one run. Servers are
private, durable as by default, and gone at the end. Prints a table in Markdown: the lowest and the highest of all rounds.
"""

import argparse
import contextlib
import dataclasses
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import limits
import load
import psycopg
from load import ROOT, cpu

from harness.cluster import Cluster
from harness.postgres import Postgres
from harness.redis import Redis

RATE = 1000
TRIPS = {
    "commits": "sluice_store_commits_total",
    "read trips": "sluice_store_read_trips_total",
    "Redis trips": "sluice_state_trips_total",
}


@dataclasses.dataclass
class Figure:
    """One row of the table: of each round, one value or several that belong together. `at_least` and `at_most` are the
    figures to reach, `None` where there is none."""

    name: str
    form: str
    at_least: tuple = ()
    at_most: tuple = ()
    rounds: list = dataclasses.field(default_factory=list)

    def text(self, values):
        return " / ".join("–" if value is None else self.form.format(value) for value in values)

    def row(self):
        columns = list(zip(*self.rounds))
        spans = [(self.form.format(min(column)), self.form.format(max(column))) for column in columns]
        measured = " / ".join(low if low == high else f"{low} to {high}" for low, high in spans)
        missed = sum(map(self.misses, self.rounds))
        if missed:
            measured += ": **missed**" + (f" in {missed} of {len(self.rounds)}" if missed < len(self.rounds) else "")
        return f"| {self.name} | {self.text(self.at_least or self.at_most)} | {measured} |"

    def misses(self, values):
        too_low = any(goal is not None and value < goal for value, goal in zip(values, self.at_least))
        return too_low or any(goal is not None and value > goal for value, goal in zip(values, self.at_most))


class Figures:
    """All that is measured, in the order of its first round."""

    def __init__(self):
        self.by_name = {}

    def note(self, name, *values, form="{:,.0f}", at_least=(), at_most=()):
        figure = self.by_name.setdefault(name, Figure(name, form, at_least, at_most))
        figure.rounds.append(values)
        print(f"  {name}: {figure.text(values)}", file=sys.stderr, flush=True)

    def table(self):
        rows = "\n".join(figure.row() for figure in self.by_name.values())
        return f"| figure | to reach | measured |\n| --- | --- | --- |\n{rows}"


class Bench:
    def __init__(self, folder, postgres, redis, options):
        self.folder, self.postgres, self.redis = folder, postgres, redis
        self.options, self.figures, self.count = options, Figures(), 0
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert postgres.query(f"SHOW {setting}") == "on", f"{setting} is off"
        self.empty = postgres.database()
        # A node makes the schema, and the partitions that messages of today are kept in.
        with Cluster(folder / "empty", store=postgres.url(self.empty), state=redis.url) as cluster:
            cluster.start()

    @contextlib.contextmanager
    def database(self):
        """A fresh database with the daemon's schema; what was written before is on its disk."""
        self.count += 1
        name = f"bench{self.count}"
        self.postgres.query(f"CREATE DATABASE {name} TEMPLATE {self.empty}")
        self.postgres.query("CHECKPOINT")
        self.redis.flush()
        try:
            yield name
        finally:
            self.postgres.query(f"DROP DATABASE {name} WITH (FORCE)")

    def run(self, nodes=1, **plan):
        """Lets clients work with fresh nodes, and looks for all that was acknowledged in the database."""
        with self.database() as database:
            url = self.postgres.url(database)
            folder = self.folder / f"run{self.count}"
            with Cluster(folder, nodes, store=url, state=self.redis.url) as cluster:
                cluster.start()

                def watch():
                    return {
                        "daemon": cpu(*(daemon.process.pid for daemon in cluster.daemons)),
                        "postgres": cpu(*self.postgres.processes()),
                        "redis": cpu(*self.redis.processes()),
                    }

                def count():
                    return {name: sum(daemon.metric(key) for daemon in cluster.daemons) for name, key in TRIPS.items()}

                ports = tuple(daemon.port for daemon in cluster.daemons)
                timed = {"warm_up": self.options.warm_up, "seconds": self.options.seconds}
                outcome = load.run(load.Plan(ports, **{**timed, **plan}), watch, count)
                self.check(outcome, url)
                return outcome

    def check(self, outcome, url):
        """All that was acknowledged is in the database, was delivered once and, where that was said, is marked so."""
        with psycopg.connect(url) as connection:
            rows = connection.execute(
                "SELECT k.sender, k.temp_id, m.id, m.delivered_at IS NOT NULL AND m.read_at IS NOT NULL"
                " FROM sluice.send_keys k JOIN sluice.messages m ON m.id = k.message AND m.sender = k.sender"
            ).fetchall()
        outcome.check({(sender, serial): message for sender, serial, message, _ in rows})
        if outcome.plan.receipts and not all(is_marked for *_, is_marked in rows):
            raise SystemExit("some messages are not marked as delivered and read, which was acknowledged")

    def limits(self):
        note, seconds = self.figures.note, self.options.seconds
        with self.database() as database:
            rate = limits.single_rows(self.postgres, database, seconds)
            note("`pgbench`: rows/s, each a commit, 8 connections", rate)
        with self.database() as database:
            times = limits.paced_rows(self.postgres, database, seconds, RATE)
            note(f"`pgbench` p50 / p99 in ms at {RATE:,} rows/s", *times, form="{:.1f}")
        with self.database() as database:
            raw = limits.driver_rows(self.postgres, database, seconds / 2)
        lean, marked = map(statistics.mean, load.by_turns(self.lean))
        note("raw batches of 200 rows by `unnest`, 2 connections: rows/s", raw)
        note("the same as fast as PostgreSQL can / with marks: rows/s", lean, marked)
        rates = limits.redis_sets(self.redis, 1, 20_000), limits.redis_sets(self.redis, 64, 500_000)
        note("`redis-benchmark`, 2 connections: SETs/s, 1 / 64 in flight", *rates)
        return rate, raw, lean, marked

    def lean(self, marks):
        with self.database() as database:
            return limits.lean_rows(self.postgres, database, self.options.seconds / 2, marks)

    def full_load(self, receipts):
        return self.run(receipts=receipts, seconds=self.options.seconds / 2)

    def one_node(self, outcome, single, raw, lean):
        note = self.figures.note
        rate = outcome.rate()
        note("messages/s, acknowledged / delivered", rate, outcome.rate("delivered"), at_least=(15_000, 15_000))
        name = "of raw batches in the same round / of those as fast as PostgreSQL can"
        note(name, rate / raw, rate / lean, form="{:.0%}", at_least=(0.5, None))
        note("times `pgbench`'s rows in the same round", rate / single, form="{:.1f}")
        note("messages that overtook another of their pair", outcome.reordered(), at_most=(0,))
        self.costs(outcome, "", at_most=(1.0, 0.3))
        self.trips(outcome, "under that load", at_most=(0.1, 0.1, 0.1))

    def costs(self, outcome, suffix, **goals):
        note, servers = self.figures.note, [outcome.cost(name) for name in ("daemon", "postgres", "redis")]
        name = f"CPU seconds for 10,000 messages{suffix}: servers / daemon / PostgreSQL / Redis / load"
        note(name, sum(servers), *servers, outcome.cost("load"), form="{:.2f}", **goals)
        others = outcome.used["machine"] - sum(outcome.used[name] for name in ("daemon", "postgres", "redis", "load"))
        note(f"cores that others used meanwhile{suffix}", others / outcome.seconds, form="{:.2f}")

    def trips(self, outcome, when, **goals):
        trips = [outcome.per_message(name) for name in TRIPS]
        self.figures.note(f"{' / '.join(TRIPS)} a message, {when}", *trips, form="{:.3f}", **goals)

    def receipts(self, outcome, without, alone):
        """`alone`: what marks leave of raw batches, as fast as PostgreSQL can."""
        note, share = self.figures.note, outcome.rate() / without.rate()
        note("with two receipts each: messages/s / receipts/s", outcome.rate(), outcome.rate("receipts"))
        name = "of messages/s without them / raw batches with marks, of those without"
        note(name, share, alone, form="{:.0%}", at_least=(0.6, None))
        self.costs(outcome, " with receipts")

    def latency(self, nodes):
        outcome = self.run(nodes, rate=RATE)
        place = f"{RATE:,} messages/s on {'one node' if nodes == 1 else 'two nodes'}"
        goals = {("ack", 1): (1.5, 10), ("delivery", 2): (2.5, 15)}
        for kind in ("ack", "delivery"):
            values = [outcome.quantile(f"{kind}_latencies", share) for share in (0.5, 0.99)]
            name = f"{kind} p50 / p99 in ms at {place}"
            self.figures.note(name, *values, form="{:.1f}", at_most=goals.get((kind, nodes), ()))
        self.trips(outcome, f"at {place}")

    def round(self):
        single, raw, lean, marked = self.limits()
        without, receipts = map(load.together, load.by_turns(self.full_load))
        self.one_node(without, single, raw, lean)
        self.receipts(receipts, without, marked / lean)
        self.latency(1)
        self.latency(2)


def described():
    def git(*words):
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True).stdout.strip()

    changed = " with changes" if git("status", "--porcelain", "--untracked-files=no") else ""
    commit = git("rev-parse", "--short", "HEAD") or "unknown"
    return f"Commit {commit}{changed}, {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} before"


def write(text, page):
    """Puts the figures into a page, in place of those between its two marks."""
    begin, end = (f"<!-- {word} of the figures of production.py -->" for word in ("begin", "end"))
    before, rest = page.read_text().split(begin)
    page.write_text(f"{before}{begin}\n{text}\n{end}{rest.split(end)[1]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=8, help="measured in each part")
    parser.add_argument("--warm-up", type=float, default=2, help="seconds before that")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="also put the table into a page, between its marks")
    options = parser.parse_args()
    load.allow_many_files()
    heading = described()
    with tempfile.TemporaryDirectory() as folder, Postgres() as postgres, Redis() as redis:
        bench = Bench(Path(folder), postgres, redis, options)
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
            bench.round()
    text = f"{heading}; lowest and highest of {options.rounds} rounds of {options.seconds} s.\n\n{bench.figures.table()}"
    print(text)
    if options.write:
        write(text, options.write)


if __name__ == "__main__":
    main()
