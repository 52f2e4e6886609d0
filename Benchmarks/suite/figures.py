"""What is read from a run, and how the rounds of one figure are put together. Pure: no run is made here.

A figure is a function of a run; where a run does not have it, it is `None`.
"""

import dataclasses

SERVERS = ("server", "postgres", "redis")
PAIRS, RATE, IDLE = "pairs-100-depth-8", "rate-1000", "connections-10000"


def member(*path):
    """A figure that stands in the load generator's report."""

    def read(run):
        value = run.get("report")
        for name in path:
            value = value.get(name) if value is not None else None
        return value

    return read


def of_those_without(run):
    """Messages/s with receipts, as a ratio to those that the same run took without, half before and half after."""
    without = run.get("without")
    return acked(run) * len(without) / sum(without) if without and sum(without) else None


def bound(name):
    """A figure of what was measured without a daemon."""
    return lambda run: run.get("figures", {}).get(name)


def latency(kind, share):
    """A quantile in ms; where nothing came, there is none."""
    return lambda run: member(kind, share)(run) or None


acked, delivered = member("ackedPerSecond"), member("deliveredPerSecond")


def cost(*groups):
    """CPU seconds of some groups of processes for 10,000 messages."""

    def read(run):
        count = (acked(run) or 0) * (member("seconds")(run) or 0)
        return 10_000 * sum(run["measured"].get(name, 0) for name in groups) / count if count else None

    return read


def cores(*groups):
    """How many cores some groups had, of the measured time."""

    def read(run):
        seconds = member("seconds")(run)
        return sum(run["measured"].get(name, 0) for name in groups) / seconds if seconds else None

    return read


def connection_rate(run):
    count, seconds = member("connections")(run), member("connectingSeconds")(run)
    return count / seconds if seconds else None


def growth(run):
    """By how many bytes a system's processes have grown."""
    memory = run.get("memory", {}).get("server")
    return memory["most"] - memory["before"] if memory else None


def kib_a_connection(run):
    count, grown = member("connections")(run), growth(run)
    return grown / count / 1024 if count and grown is not None else None


def connection_cost(run):
    """CPU seconds of all servers for 10,000 connections, those of keeping them for a moment included."""
    count = member("connections")(run)
    return 10_000 * sum(run["whole"].get(name, 0) for name in SERVERS) / count if count else None


def missing(run):
    """Messages that were acknowledged and are not stored, where a system can be asked for that."""
    acknowledged = sum(part.get("acked", 0) for part in parts(run))
    return max(0, acknowledged - run["stored"]) if run.get("stored") is not None else 0


def parts(run):
    """What a report says of all clients, and what of those that are slow."""
    report = run.get("report") or {}
    return [report, report.get("slow", {})]


# What came to somebody else came once too often. Of presence, a last state that somebody was not told is lost, and one
# that was not so is doubled; of a storm, who has not come through.
LOST = ("unanswered", "undelivered", "missedOnline", "missedOffline", "notReady", "notSynced")
DOUBLED = ("doubled", "strayed", "unfounded")


def faults(run):
    """Messages lost (not answered, not delivered or not stored), doubled and out of order, and connections closed."""
    if not run.get("report"):
        return None

    def total(*names):
        return sum(part.get(name, 0) for part in parts(run) for name in names)

    # That a slow client is closed is as it should be.
    return (total(*LOST) + missing(run), total(*DOUBLED), total("reordered"), run["report"].get("closed", 0))


def trips(name):
    """How often a daemon went to a server for each message."""

    def read(run):
        count = (run.get("report") or {}).get("acked")
        return run["trips"][name] / count if count and name in run.get("trips", {}) else None

    return read


def values(results, workload, system, figure):
    """A figure of each round that has it."""
    found = {number: figure(run) for number, run in results.of(workload, system).items()}
    return {number: value for number, value in found.items() if value is not None}


def ratios(ones, others):
    """How many times another figure one is, in each round that has both."""
    return {number: value / others[number] for number, value in ones.items() if others.get(number)}


def span(found, form):
    """The lowest and the highest, or what both are."""
    if not found:
        return ""
    low, high = (form.format(pick(found)) for pick in (min, max))
    return low if low == high else f"{low} to {high}"


@dataclasses.dataclass(frozen=True)
class Goal:
    """A figure of the architecture and what it is to be, or one to be read beside it, with nothing to reach."""

    name: str
    form: str
    of: object
    at_least: float | None = None
    at_most: float | None = None

    def misses(self, value):
        too_low = self.at_least is not None and value < self.at_least
        return too_low or (self.at_most is not None and value > self.at_most)

    def verdict(self, found):
        """What is put behind the spread where not every round reached it."""
        missed = sum(map(self.misses, found))
        if not missed:
            return ""
        return ": **missed**" + (f" in {missed} of {len(found)}" if missed < len(found) else "")

    def row(self, results):
        found = list(self.of(results).values())
        signs = (("at least", self.at_least), ("at most", self.at_most))
        goal = " ".join(f"{sign} {self.form.format(value)}" for sign, value in signs if value is not None)
        return (self.name, goal, span(found, self.form) + self.verdict(found) if found else "not measured")


def of(workload, system, figure):
    return lambda results: values(results, workload, system, figure)


def against(workload, system, figure, *others):
    """A figure as a ratio to another of the same round; others are (workload, system, figure) likewise."""
    return lambda results: ratios(values(results, workload, system, figure), values(results, *others))


def left_by_postgres(results):
    """What it leaves of raw batches, as fast as it can, that each message is marked."""
    return against(*LIMITS, bound("leanRowsMarked"), *LIMITS, bound("leanRows"))(results)


def reordered(results):
    """Messages out of order in all that Sluice was given, by run."""
    runs = [run for run in results.runs if run["system"].startswith("sluice") and faults(run)]
    return {number: faults(run)[2] for number, run in enumerate(runs)}


ONE, TWO, EMBEDDED = "sluice", "sluice, two nodes", "sluice embedded"
LIMITS = ("limits", "limits")
BARE = (*LIMITS, lambda run: bound("echoBytesPerConnection")(run) / 1024)
USED = (*LIMITS, lambda run: bound("echoBytesPerUsedConnection")(run) / 1024)

GOALS = (
    Goal("acknowledged (durable) messages/s, PostgreSQL and Redis", "{:,.0f}", of(PAIRS, ONE, acked), at_least=15_000),
    Goal("delivered messages/s likewise", "{:,.0f}", of(PAIRS, ONE, delivered), at_least=15_000),
    Goal(
        "of raw batches (unnest) in the same round",
        "{:.0%}",
        against(PAIRS, ONE, acked, *LIMITS, bound("unnestRows")),
        0.5,
    ),
    Goal(
        "beside it: of raw batches as fast as PostgreSQL can",
        "{:.0%}",
        against(PAIRS, ONE, acked, *LIMITS, bound("leanRows")),
    ),
    Goal(
        "times python-socketio in the same round",
        "{:.1f}",
        against(PAIRS, ONE, acked, PAIRS, "python-socketio", acked),
        10,
    ),
    Goal(
        "times NATS JetStream in the same round",
        "{:.2f}",
        against(PAIRS, ONE, acked, PAIRS, "nats-jetstream", acked),
        1,
    ),
    Goal("CPU seconds for 10,000 messages, all servers", "{:.2f}", of(PAIRS, ONE, cost(*SERVERS)), at_most=1.0),
    Goal("the daemon's of them", "{:.2f}", of(PAIRS, ONE, cost("server")), at_most=0.3),
    Goal("ack p50 at 1,000 messages/s, ms", "{:.2f}", of(RATE, ONE, latency("ackMilliseconds", "p50")), at_most=1.5),
    Goal("ack p99 at 1,000 messages/s, ms", "{:.1f}", of(RATE, ONE, latency("ackMilliseconds", "p99")), at_most=10),
    Goal(
        "two nodes, delivery p50 at 1,000 messages/s, ms",
        "{:.2f}",
        of(RATE, TWO, latency("deliveryMilliseconds", "p50")),
        at_most=2.5,
    ),
    Goal(
        "two nodes, delivery p99 at 1,000 messages/s, ms",
        "{:.1f}",
        of(RATE, TWO, latency("deliveryMilliseconds", "p99")),
        at_most=15,
    ),
    Goal("KiB an idle connection, 10,000 of them", "{:.1f}", of(IDLE, ONE, kib_a_connection), at_most=5),
    Goal(
        "times a bare NIO TCP connection that nothing was ever sent on",
        "{:.2f}",
        against(IDLE, ONE, kib_a_connection, *BARE),
        at_most=1.2,
    ),
    Goal(
        "times a bare NIO TCP connection that has carried a byte each way",
        "{:.2f}",
        against(IDLE, ONE, kib_a_connection, *USED),
        at_most=1.2,
    ),
    Goal(
        "messages/s with two receipts each, of those without",
        "{:.0%}",
        of("receipts", ONE, of_those_without),
        0.6,
    ),
    Goal("beside it: raw batches with marks, of those without", "{:.0%}", left_by_postgres),
    Goal(
        "the first of the two, times the second",
        "{:.2f}",
        lambda results: ratios(values(results, "receipts", ONE, of_those_without), left_by_postgres(results)),
        1,
    ),
    Goal("authenticated connections/s", "{:,.0f}", of(IDLE, ONE, connection_rate), at_least=5000),
    Goal("messages out of order, in any run", "{:,.0f}", reordered, at_most=0),
    Goal(
        "what seven trivial stages cost an event, batches of 64, ns",
        "{:,.0f}",
        of(*LIMITS, lambda run: bound("chainNanoseconds")(run) - bound("eventNanoseconds")(run)),
        at_most=100,
    ),
    Goal("embedded (SQLite): durable messages/s", "{:,.0f}", of(PAIRS, EMBEDDED, acked), at_least=15_000),
    Goal("commits a message under full load", "{:.3f}", of(PAIRS, ONE, trips("commits")), at_most=0.1),
    Goal("read trips a message likewise", "{:.3f}", of(PAIRS, ONE, trips("read trips")), at_most=0.1),
    Goal("Redis trips a message likewise", "{:.3f}", of(PAIRS, ONE, trips("Redis trips")), at_most=0.1),
)
